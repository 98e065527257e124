/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS messages: header, names with their pointers, questions, records. */
#include "dpi/dns_message.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>

#include "core/limits.h"

bool dns_open(struct dns_message *m, const uint8_t *bytes, size_t len, bool tcp)
{
	m->rest = rbuf_make(bytes, len);
	if (tcp) {
		const uint16_t told_len = get_be16(&m->rest);

		if (told_len != rbuf_left(&m->rest))
			return false;
	}
	m->start = m->rest.at;
	m->id = get_be16(&m->rest);
	m->flags = get_be16(&m->rest);
	m->questions = get_be16(&m->rest);
	m->answers = get_be16(&m->rest);
	m->authorities = get_be16(&m->rest);
	m->additionals = get_be16(&m->rest);
	return !m->rest.failed;
}

static void add(struct dns_name *name, const void *bytes, uint32_t n)
{
	if (n > DNS_NAME_BYTES - 1 - name->len)
		n = DNS_NAME_BYTES - 1 - name->len;
	memcpy(name->text + name->len, bytes, n);
	name->len += n;
}

static void add_label(struct dns_name *name, const uint8_t *bytes, uint32_t n)
{
	if (name->len)
		add(name, ".", 1);
	for (uint32_t i = 0; i < n; i++)
		if (bytes[i])
			add(name, bytes + i, 1);
		else
			add(name, "\\000", 4);
}

/* Where a pointer (RFC 1035 4.1.4) leads: only back, so that no chain of them is endless. */
static bool follow(const struct dns_message *m, struct rbuf *at, const uint8_t *pointer)
{
	const uint32_t offset = load_be16(pointer) & 0x3fff;

	if (offset >= (size_t)(pointer - m->start))
		return false;
	*at = (struct rbuf){.at = m->start + offset, .end = m->rest.end};
	return true;
}

/* `after` is left behind the name where it stands, not where pointers lead. */
static bool read_name(const struct dns_message *m, struct rbuf *after, struct dns_name *name)
{
	struct rbuf at = *after;
	bool jumped = false;

	name->len = 0;
	for (unsigned int labels = 0; labels < DNS_LABELS_MAX; labels++) {
		const uint8_t *from = at.at;
		const uint8_t len = get_u8(&at);
		const uint8_t *label;

		if (at.failed || (len > 63 && len < 0xc0))
			return false;
		if (len >= 0xc0) {
			get_u8(&at);
			if (!jumped)
				*after = at;
			if (at.failed || !follow(m, &at, from))
				return false;
			jumped = true;
			continue;
		}
		label = get_bytes(&at, len);
		if (!label)
			return false;
		if (!len) {
			name->text[name->len] = '\0';
			if (!jumped)
				*after = at;
			return true;
		}
		add_label(name, label, len);
	}
	return false;
}

bool dns_skip_questions(struct dns_message *m)
{
	struct dns_question q;

	for (uint32_t i = 0; i < m->questions; i++)
		if (i == DNS_RECORDS_MAX || !dns_question(m, &q))
			return false;
	return true;
}

bool dns_question(struct dns_message *m, struct dns_question *q)
{
	if (!read_name(m, &m->rest, &q->name))
		return false;
	q->type = get_be16(&m->rest);
	q->class = get_be16(&m->rest);
	return !m->rest.failed;
}

bool dns_record(struct dns_message *m, struct dns_record *r)
{
	if (!read_name(m, &m->rest, &r->name))
		return false;
	r->type = get_be16(&m->rest);
	r->class = get_be16(&m->rest);
	r->ttl = get_be32(&m->rest);
	r->data = get_rbuf(&m->rest, get_be16(&m->rest));
	return !m->rest.failed;
}

bool dns_data_name(const struct dns_message *m, struct rbuf *data, struct dns_name *name)
{
	return read_name(m, data, name);
}

static uint32_t read_reversed_ipv4(const struct dns_name *name, uint32_t len, uint8_t address[16])
{
	char text[INET_ADDRSTRLEN];
	uint8_t reversed[4];

	if (len >= sizeof text)
		return 0;
	memcpy(text, name->text, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, reversed) != 1)
		return 0;
	for (unsigned int i = 0; i < sizeof reversed; i++)
		address[i] = reversed[sizeof reversed - 1 - i];
	return sizeof reversed;
}

/* 32 digits with dots between, the last one of the address first (RFC 3596 2.5). */
static uint32_t read_reversed_ipv6(const struct dns_name *name, uint32_t len, uint8_t address[16])
{
	static const char digits[] = "0123456789abcdef";

	if (len != 63)
		return 0;
	memset(address, 0, 16);
	for (unsigned int i = 0; i < 32; i++) {
		const char c = name->text[2 * i];
		const char *digit = isxdigit((unsigned char)c) ? strchr(digits, c | 0x20) : NULL;

		if (!digit || (i < 31 && name->text[2 * i + 1] != '.'))
			return 0;
		address[15 - i / 2] |= (uint8_t)((digit - digits) << (i % 2 ? 4 : 0));
	}
	return 16;
}

static bool ends_with(const struct dns_name *name, const char *end, uint32_t len)
{
	return name->len > len && strcasecmp(name->text + name->len - len, end) == 0;
}

uint32_t dns_reverse_address(const struct dns_name *name, uint8_t address[16])
{
	static const char v4[] = ".in-addr.arpa", v6[] = ".ip6.arpa";

	if (ends_with(name, v4, sizeof v4 - 1))
		return read_reversed_ipv4(name, name->len - (sizeof v4 - 1), address);
	if (ends_with(name, v6, sizeof v6 - 1))
		return read_reversed_ipv6(name, name->len - (sizeof v6 - 1), address);
	return 0;
}
