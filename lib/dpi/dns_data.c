/* SPDX-License-Identifier: BSD-3-Clause */
/* The data of DNS records as text: addresses, names, numbers with blanks between. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "dpi/dns_message.h"

/* A text that grows, cut to its room. */
struct text {
	char *to;
	size_t len, room;
};

static __attribute__((format(printf, 2, 3))) void say(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->to + t->len, t->room - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n < t->room - t->len ? (size_t)n : t->room - t->len - 1;
}

static void say_name(struct text *t, const struct dns_message *m, struct rbuf *data)
{
	struct dns_name name;

	if (dns_data_name(m, data, &name))
		say(t, "%s%s", t->len ? " " : "", name.text);
}

static void say_address(struct text *t, const struct rbuf *data, int family, size_t len)
{
	if (rbuf_left(data) == len && inet_ntop(family, data->at, t->to, (socklen_t)t->room))
		t->len = strlen(t->to);
}

static void say_soa(struct text *t, const struct dns_message *m, struct rbuf *data)
{
	say_name(t, m, data);
	say_name(t, m, data);
	for (unsigned int i = 0; i < 5 && rbuf_left(data) >= 4; i++)
		say(t, " %u", get_be32(data));
}

/* The first label of a name, which then begins behind it. */
static const char *take_label(char **name)
{
	char *label = *name, *dot = strchr(label, '.');

	*name = dot ? dot + 1 : label + strlen(label);
	if (dot)
		*dot = '\0';
	return label;
}

/* _service._protocol.name (RFC 2782), then target, priority, weight, port. */
static void say_srv(struct text *t, const struct dns_message *m, const struct dns_record *r,
		    struct rbuf *data)
{
	struct dns_name owner = r->name, target;
	const unsigned int priority = get_be16(data), weight = get_be16(data);
	const unsigned int port = get_be16(data);
	char *rest = owner.text;
	const char *service = take_label(&rest), *protocol = take_label(&rest);

	if (!data->failed && dns_data_name(m, data, &target))
		say(t, "%s %s %s %s %u %u %u", service, protocol, rest, target.text, priority,
		    weight, port);
}

/* Strings with a byte of their length before each (RFC 1035 3.3). */
static void say_strings(struct text *t, struct rbuf *data)
{
	while (rbuf_left(data)) {
		struct rbuf string = get_rbuf(data, get_u8(data));

		say(t, "%s%.*s", t->len ? " " : "", (int)rbuf_left(&string),
		    (const char *)string.at);
	}
}

static void say_ds(struct text *t, struct rbuf *data)
{
	const unsigned int tag = get_be16(data), algorithm = get_u8(data), digest = get_u8(data);

	if (!data->failed)
		say(t, "%u %u %u", tag, algorithm, digest);
}

static void say_dnskey(struct text *t, struct rbuf *data)
{
	const unsigned int flags = get_be16(data), protocol = get_u8(data);
	const unsigned int algorithm = get_u8(data);

	if (!data->failed)
		say(t, "%u %u %u", flags, protocol, algorithm);
}

static void say_rrsig(struct text *t, const struct dns_message *m, struct rbuf *data)
{
	const unsigned int type = get_be16(data), algorithm = get_u8(data), labels = get_u8(data);
	const uint32_t ttl = get_be32(data), expires = get_be32(data), begins = get_be32(data);
	const unsigned int tag = get_be16(data);

	if (data->failed)
		return;
	say(t, "%u %u %u %u %u %u %u", type, algorithm, labels, ttl, expires, begins, tag);
	say_name(t, m, data);
}

static void say_mx(struct text *t, const struct dns_message *m, struct rbuf *data)
{
	const unsigned int priority = get_be16(data);

	if (data->failed)
		return;
	say(t, "%u", priority);
	say_name(t, m, data);
}

static void say_other(struct text *t, const struct dns_message *m, const struct dns_record *r,
		      struct rbuf *data)
{
	switch (r->type) {
	case DNS_SOA:
		say_soa(t, m, data);
		break;
	case DNS_SRV:
		say_srv(t, m, r, data);
		break;
	case DNS_MX:
		say_mx(t, m, data);
		break;
	case DNS_DS:
		say_ds(t, data);
		break;
	case DNS_RRSIG:
		say_rrsig(t, m, data);
		break;
	case DNS_DNSKEY:
		say_dnskey(t, data);
		break;
	default:
		say(t, "(not_impl)");
	}
}

void dns_data_text(const struct dns_message *m, const struct dns_record *r, char *text, size_t len)
{
	struct text t = {.to = text, .room = len};
	struct rbuf data = r->data;

	text[0] = '\0';
	switch (r->type) {
	case DNS_A:
		say_address(&t, &data, AF_INET, 4);
		break;
	case DNS_AAAA:
		say_address(&t, &data, AF_INET6, 16);
		break;
	case DNS_MINFO:
		say_name(&t, m, &data);
		say_name(&t, m, &data);
		break;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
	case DNS_DNAME:
		say_name(&t, m, &data);
		break;
	case DNS_TXT:
	case DNS_HINFO:
	case DNS_ISDN:
		say_strings(&t, &data);
		break;
	default:
		say_other(&t, m, r, &data);
	}
}
