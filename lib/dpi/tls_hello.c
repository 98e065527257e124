/* SPDX-License-Identifier: BSD-3-Clause */
/* Hellos of TLS: what is whole of them. */
#include "dpi/tls_hello.h"

#include "core/bytes.h"

enum { RANDOM_LEN = 32, EXTENSION_HEAD_LEN = 4, HOST_NAME = 0 };
enum {
	SERVER_NAME = 0,
	SUPPORTED_GROUPS = 10,
	POINT_FORMATS = 11,
	SIGNATURE_ALGORITHMS = 13,
	ALPN = 16,
	SUPPORTED_VERSIONS = 43,
	TRANSPORT_PARAMETERS = 57,
	TRANSPORT_PARAMETERS_DRAFT = 0xffa5
};

static struct octets octets_of(const struct rbuf *r)
{
	return (struct octets){r->at, r->failed ? 0 : (uint16_t)rbuf_left(r)};
}

static struct tls_list list_of(struct rbuf r)
{
	return (struct tls_list){r.at, r.failed ? 0 : (uint16_t)(rbuf_left(&r) / 2)};
}

/* RFC 6066 3: a list of names, of which only host names were ever defined. */
static struct octets first_name(struct rbuf r)
{
	struct rbuf names = get_rbuf(&r, get_be16(&r));
	const uint8_t kind = get_u8(&names);
	struct rbuf name = get_rbuf(&names, get_be16(&names));

	return (struct octets){name.at, kind == HOST_NAME ? octets_of(&name).len : 0};
}

/* RFC 7301 3.1 */
static struct octets first_protocol(struct rbuf r)
{
	struct rbuf protocols = get_rbuf(&r, get_be16(&r));
	struct rbuf first = get_rbuf(&protocols, get_u8(&protocols));

	return octets_of(&first);
}

static void read_extension(struct tls_hello *h, uint16_t type, struct rbuf body)
{
	const struct octets whole = {body.at - EXTENSION_HEAD_LEN,
				     (uint16_t)(rbuf_left(&body) + EXTENSION_HEAD_LEN)};

	switch (type) {
	case SERVER_NAME:
		h->name = first_name(body);
		break;
	case SUPPORTED_GROUPS:
		h->groups = list_of(get_rbuf(&body, get_be16(&body)));
		break;
	case POINT_FORMATS:
		body = get_rbuf(&body, get_u8(&body));
		h->formats = octets_of(&body);
		break;
	case SIGNATURE_ALGORITHMS:
		h->signatures = list_of(get_rbuf(&body, get_be16(&body)));
		break;
	case ALPN:
		h->alpn = first_protocol(body);
		h->alpn_extension = whole;
		break;
	case SUPPORTED_VERSIONS:
		if (h->type == TLS_SERVER_HELLO)
			h->chosen_version = get_be16(&body);
		else
			h->versions = list_of(get_rbuf(&body, get_u8(&body)));
		break;
	case TRANSPORT_PARAMETERS:
	case TRANSPORT_PARAMETERS_DRAFT:
		h->transport_parameters = whole;
		break;
	default:
		break;
	}
}

static void read_extensions(struct tls_hello *h, struct rbuf *r)
{
	while (rbuf_left(r)) {
		const uint16_t type = get_be16(r), len = get_be16(r);
		const struct rbuf body = get_rbuf(r, len);

		if (r->failed || h->n_extensions == TLS_EXTENSIONS_MAX) {
			h->whole = false;
			return;
		}
		h->types[h->n_extensions] = type;
		h->lengths[h->n_extensions++] = len;
		read_extension(h, type, body);
	}
}

/* What lies between the version and the extensions. */
static void read_middle(struct tls_hello *h, struct rbuf *r)
{
	get_bytes(r, RANDOM_LEN);
	get_bytes(r, get_u8(r)); /* session */
	if (h->type == TLS_CLIENT_HELLO) {
		h->ciphers = list_of(get_rbuf(r, get_be16(r)));
		get_bytes(r, get_u8(r)); /* compression */
	} else {
		get_bytes(r, 3); /* cipher, compression */
	}
}

uint32_t tls_message_len(const uint8_t *message, size_t len)
{
	struct rbuf r = rbuf_make(message, len);

	get_u8(&r);
	const uint32_t body_len = get_be24(&r);

	return r.failed ? 0 : body_len + TLS_MESSAGE_HEAD_LEN;
}

bool tls_hello_read(struct tls_hello *h, const uint8_t *message, size_t len)
{
	const uint32_t message_len = tls_message_len(message, len);
	struct rbuf r = rbuf_make(message, len < message_len ? len : message_len);

	*h = (struct tls_hello){.name = {r.at, 0}, .alpn = {r.at, 0}};
	h->type = get_u8(&r);
	get_be24(&r);
	h->version = get_be16(&r);
	h->whole = len >= message_len;
	if (r.failed || h->version >> 8 != 3 ||
	    (h->type != TLS_CLIENT_HELLO && h->type != TLS_SERVER_HELLO))
		return false;
	read_middle(h, &r);
	h->whole &= !r.failed;
	if (!rbuf_left(&r))
		return true; /* before RFC 3546 there were no extensions */
	const uint16_t extensions_len = get_be16(&r);
	const size_t there = rbuf_left(&r);
	struct rbuf extensions = get_rbuf(&r, there < extensions_len ? there : extensions_len);

	h->whole &= !r.failed && there >= extensions_len;
	read_extensions(h, &extensions);
	return true;
}
