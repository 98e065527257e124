/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets of QUIC with long headers. */
#include "dpi/quic_packet.h"

#include <string.h>

enum { LONG_HEADER = 0x80, FIXED_BIT = 0x40, SAMPLE_BEHIND_NUMBER = 4, NUMBER_LEN_MAX = 4 };
enum { FRAME_PADDING = 0, FRAME_PING = 1, FRAME_ACK = 2, FRAME_ACK_ECN = 3, FRAME_CRYPTO = 6 };
enum { SALT_LEN = 20 };

/* What keys are made of; versions from first to last. */
struct version {
	uint32_t first, last;
	const char *salt;
	bool is_v2; /* labels, and numbers of types */
};

#define SALT_V1	 "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"
#define SALT_V2	 "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"
#define SALT_D29 "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"
#define SALT_D23 "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"
#define SALT_D21 "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"

static const struct version versions[] = {
	{0x00000001, 0x00000001, SALT_V1, false}, /* RFC 9001 5.2 */
	{0x6b3343cf, 0x6b3343cf, SALT_V2, true},  /* RFC 9369 3.3.1 */
	{0x709a50c4, 0x709a50c4, SALT_V2, true},  /* its drafts */
	{0xff000021, 0xff000022, SALT_V1, false}, /* draft-ietf-quic-tls-33, 34 */
	{0xff00001d, 0xff000020, SALT_D29, false},
	{0xff000017, 0xff00001c, SALT_D23, false},
	{0xff000016, 0xff000016, SALT_D21, false},
	{0xfaceb001, 0xfaceb001, SALT_D21, false}, /* mvfst, after draft 22 */
	{0xfaceb002, 0xfaceb002, SALT_D23, false}, /* and after draft 27 */
	{0xfaceb00e, 0xfaceb00e, SALT_D23, false},
	{0xfaceb003, 0xfaceb003, SALT_V1, false},
};

static const struct version *find_version(uint32_t version)
{
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (version >= versions[i].first && version <= versions[i].last)
			return &versions[i];
	return NULL;
}

uint64_t quic_get_integer(struct rbuf *r)
{
	const uint8_t first = get_u8(r);
	uint64_t v = first & 0x3f;

	for (unsigned int i = 1; i < 1U << (first >> 6); i++)
		v = v << 8 | get_u8(r);
	return v;
}

static struct octets get_id(struct rbuf *r)
{
	const uint8_t len = get_u8(r);
	const uint8_t *bytes = get_bytes(r, len);

	r->failed |= len > QUIC_ID_BYTES_MAX;
	return (struct octets){bytes, bytes ? len : 0};
}

/* RFC 9369 3.2 numbers them otherwise. */
static enum quic_type type_of(uint8_t first, bool is_v2)
{
	return (enum quic_type)(((first >> 4 & 3) - is_v2) & 3);
}

/* RFC 9000 17.2.1: behind the ids one version or more. */
static bool is_negotiation(const struct rbuf *r)
{
	return !r->failed && rbuf_left(r) >= 4 && rbuf_left(r) % 4 == 0;
}

bool quic_packet_next(struct quic_packet *q, struct rbuf *r)
{
	const uint8_t *begin = r->at;
	const uint8_t first = get_u8(r);

	*q = (struct quic_packet){.version = get_be32(r)};
	q->destination = get_id(r);
	q->source = get_id(r);
	if (r->failed || !(first & LONG_HEADER))
		return false;
	const struct version *v = find_version(q->version);
	uint64_t len = rbuf_left(r);

	if (!v && (q->version || !is_negotiation(r)))
		return false;
	q->type = v ? type_of(first, v->is_v2) : QUIC_NEGOTIATION;
	if (v && !(first & FIXED_BIT))
		return false;
	if (q->type == QUIC_INITIAL) {
		q->token_len = quic_get_integer(r);
		get_bytes(r, q->token_len < SIZE_MAX ? (size_t)q->token_len : SIZE_MAX);
	}
	if (q->type <= QUIC_HANDSHAKE)
		len = quic_get_integer(r);
	if (r->failed)
		return false;
	q->number_at = (size_t)(r->at - begin);
	q->whole = len <= rbuf_left(r);
	get_bytes(r, q->whole ? (size_t)len : rbuf_left(r));
	q->bytes = (struct processor_bytes){begin, (size_t)(r->at - begin)};
	return true;
}

/* ---- keys ---- */

/* HKDF-Expand-Label of RFC 8446 7.1 with an empty context, for a hash at most. */
static bool expand(struct processor_crypto *c, const uint8_t secret[SHA256_LEN], const char *label,
		   struct wbuf out)
{
	static const char prefix[] = "tls13 ";
	const size_t label_len = strlen(label), len = wbuf_room(&out);
	uint8_t info[64], hash[SHA256_LEN];
	struct wbuf w = wbuf_make(info, sizeof info);

	put_be16(&w, (uint16_t)len);
	put_u8(&w, (uint8_t)(sizeof prefix - 1 + label_len));
	put_bytes(&w, prefix, sizeof prefix - 1);
	put_bytes(&w, label, label_len);
	put_u8(&w, 0); /* context */
	put_u8(&w, 1); /* the first block, and the last */
	if (!processor_hmac(c, (struct processor_bytes){secret, SHA256_LEN},
			    (struct processor_bytes){info, sizeof info - wbuf_room(&w)}, hash))
		return false;
	put_bytes(&out, hash, len);
	return true;
}

struct keys {
	uint8_t key[AES128_LEN], iv[GCM_IV_LEN], header[AES128_LEN];
};

/* RFC 9001 5.1, 5.2: those of the client. */
static bool make_keys(struct keys *k, struct processor_crypto *c, const struct version *v,
		      struct octets id)
{
	uint8_t initial[SHA256_LEN], client[SHA256_LEN];
	const struct processor_bytes salt = {(const uint8_t *)v->salt, SALT_LEN};

	return processor_hmac(c, salt, (struct processor_bytes){id.bytes, id.len}, initial) &&
	       expand(c, initial, "client in", wbuf_make(client, sizeof client)) &&
	       expand(c, client, v->is_v2 ? "quicv2 key" : "quic key",
		      wbuf_make(k->key, sizeof k->key)) &&
	       expand(c, client, v->is_v2 ? "quicv2 iv" : "quic iv",
		      wbuf_make(k->iv, sizeof k->iv)) &&
	       expand(c, client, v->is_v2 ? "quicv2 hp" : "quic hp",
		      wbuf_make(k->header, sizeof k->header));
}

size_t quic_initial_open(const struct quic_packet *q, struct processor_crypto *c, struct octets id,
			 uint8_t out[QUIC_INITIAL_BYTES_MAX])
{
	const struct version *v = find_version(q->version);
	uint8_t header[QUIC_INITIAL_BYTES_MAX], mask[AES128_LEN];
	const size_t sample_at = q->number_at + SAMPLE_BEHIND_NUMBER;
	struct keys keys;

	if (!v || !q->whole || q->type != QUIC_INITIAL || q->bytes.len > sizeof header ||
	    q->bytes.len < sample_at + AES128_LEN || !make_keys(&keys, c, v, id) ||
	    !processor_aes_block(c, keys.header, q->bytes.bytes + sample_at, mask))
		return 0;
	memcpy(header, q->bytes.bytes, q->number_at + NUMBER_LEN_MAX);
	header[0] ^= mask[0] & 0x0f;
	const size_t number_len = (header[0] & 3U) + 1, header_len = q->number_at + number_len;

	for (size_t i = 0; i < number_len; i++) {
		header[q->number_at + i] ^= mask[1 + i];
		keys.iv[GCM_IV_LEN - number_len + i] ^= header[q->number_at + i];
	}
	const struct processor_sealed sealed = {
		.key = keys.key,
		.iv = keys.iv,
		.header = {header, header_len},
		.sealed = {q->bytes.bytes + header_len, q->bytes.len - header_len},
	};

	return processor_gcm_open(c, &sealed, out) ? sealed.sealed.len - GCM_TAG_LEN : 0;
}

/* ---- frames ---- */

/* RFC 9000 19.3 */
static void skip_ack(struct rbuf *r, bool ecn)
{
	quic_get_integer(r);
	quic_get_integer(r);
	uint64_t more = 2 * quic_get_integer(r) + 1 + (ecn ? 3 : 0);

	for (; more && !r->failed; more--)
		quic_get_integer(r);
}

void quic_initial_frames(const uint8_t *frames, size_t len, quic_crypto_frame *call, void *context)
{
	struct rbuf r = rbuf_make(frames, len);

	while (rbuf_left(&r)) {
		const uint64_t type = quic_get_integer(&r);

		if (type == FRAME_PADDING || type == FRAME_PING)
			continue;
		if (type == FRAME_ACK || type == FRAME_ACK_ECN) {
			skip_ack(&r, type == FRAME_ACK_ECN);
			continue;
		}
		if (type != FRAME_CRYPTO)
			return;
		const uint64_t offset = quic_get_integer(&r), n = quic_get_integer(&r);
		const uint8_t *bytes = get_bytes(&r, n < SIZE_MAX ? (size_t)n : SIZE_MAX);

		if (r.failed)
			return;
		call(context, offset, (struct octets){bytes, (uint16_t)n});
	}
}
