/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fingerprints of a ClientHello: JA3, and JA4 as its authors' page describes it (JA4.md of
 * FoxIO-LLC/ja4). Both leave out GREASE (RFC 8701).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "dpi/tls_hello.h"

/* Two digits tell how many. */
enum { JA4_COUNT_MAX = 99, JA4_HASH_DIGITS = 12 };
enum { SERVER_NAME = 0, ALPN = 16 };

static bool is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* Numbers with a sign between, as the library hashes them. */
struct text {
	struct processor_crypto *crypto;
	bool hexadecimal;
	char between;
	bool begun;
};

static void put_char(struct text *t, char c)
{
	processor_hash_put(t->crypto, &c, 1);
}

static void put_number(struct text *t, uint16_t v)
{
	char digits[8];
	const int n = snprintf(digits, sizeof digits, t->hexadecimal ? "%04x" : "%u", v);

	if (t->begun)
		put_char(t, t->between);
	t->begun = true;
	processor_hash_put(t->crypto, digits, (size_t)n);
}

static void put_values(struct text *t, const uint16_t *values, unsigned int n)
{
	t->begun = false;
	for (unsigned int i = 0; i < n; i++)
		if (!is_grease(values[i]))
			put_number(t, values[i]);
}

static void put_list(struct text *t, struct tls_list list)
{
	t->begun = false;
	for (unsigned int i = 0; i < list.n; i++) {
		const uint16_t v = load_be16(list.bytes + 2 * i);

		if (!is_grease(v))
			put_number(t, v);
	}
}

bool tls_ja3(const struct tls_hello *h, struct processor_crypto *c, uint8_t out[MD5_LEN])
{
	struct text t = {.crypto = c, .between = '-'};

	if (!h->whole || h->type != TLS_CLIENT_HELLO || !processor_hash_begin(c, HASH_MD5))
		return false;
	put_number(&t, h->version);
	put_char(&t, ',');
	put_list(&t, h->ciphers);
	put_char(&t, ',');
	put_values(&t, h->types, h->n_extensions);
	put_char(&t, ',');
	put_list(&t, h->groups);
	put_char(&t, ',');
	t.begun = false;
	for (unsigned int i = 0; i < h->formats.len; i++)
		put_number(&t, h->formats.bytes[i]);
	return processor_hash_end(c, out);
}

/* ---- JA4 ---- */

/* Numbers without GREASE, in their order of size. */
struct sorted {
	uint16_t values[TLS_CIPHERS_MAX];
	unsigned int n;
};

static void insert(struct sorted *s, uint16_t v)
{
	unsigned int i = s->n++;

	for (; i && s->values[i - 1] > v; i--)
		s->values[i] = s->values[i - 1];
	s->values[i] = v;
}

static const char *version_digits(uint16_t version)
{
	switch (version) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	default:
		return "00";
	}
}

static uint16_t highest_version(const struct tls_hello *h)
{
	uint16_t highest = 0;

	for (unsigned int i = 0; i < h->versions.n; i++) {
		const uint16_t v = load_be16(h->versions.bytes + 2 * i);

		if (!is_grease(v) && v > highest)
			highest = v;
	}
	return h->versions.n ? highest : h->version;
}

/* First and last character of the protocol, or of its hexadecimal digits. */
static void put_alpn(struct octets alpn, char out[2])
{
	static const char digits[] = "0123456789abcdef";

	memcpy(out, "00", 2);
	if (!alpn.len)
		return;
	const uint8_t first = alpn.bytes[0], last = alpn.bytes[alpn.len - 1];
	const bool plain = first < 0x80 && last < 0x80 && isalnum(first) && isalnum(last);

	out[0] = plain ? (char)first : digits[first >> 4];
	out[1] = plain ? (char)last : digits[last & 15];
}

/* The first digits of a hash that was begun. */
static bool put_hash(struct processor_crypto *c, char *out)
{
	uint8_t hash[SHA256_LEN];

	if (!processor_hash_end(c, hash))
		return false;
	for (unsigned int i = 0; i < JA4_HASH_DIGITS / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return true;
}

static bool put_ciphers(const struct sorted *ciphers, struct processor_crypto *c, char *out)
{
	struct text t = {.crypto = c, .hexadecimal = true, .between = ','};

	memset(out, '0', JA4_HASH_DIGITS);
	if (!ciphers->n)
		return true;
	processor_hash_begin(c, HASH_SHA256);
	put_values(&t, ciphers->values, ciphers->n);
	return put_hash(c, out);
}

static bool put_extensions(const struct tls_hello *h, const struct sorted *extensions,
			   struct processor_crypto *c, char *out)
{
	struct text t = {.crypto = c, .hexadecimal = true, .between = ','};

	memset(out, '0', JA4_HASH_DIGITS);
	if (!extensions->n)
		return true;
	processor_hash_begin(c, HASH_SHA256);
	put_values(&t, extensions->values, extensions->n);
	if (h->signatures.n) {
		put_char(&t, '_');
		put_list(&t, h->signatures);
	}
	return put_hash(c, out);
}

static unsigned int at_most(unsigned int n, unsigned int most)
{
	return n < most ? n : most;
}

bool tls_ja4(const struct tls_hello *h, struct processor_crypto *c, char out[JA4_LEN + 1])
{
	struct sorted ciphers = {.n = 0}, extensions = {.n = 0};
	unsigned int n_extensions = 0;
	bool has_name = false;
	char alpn[2];

	if (!h->whole || h->type != TLS_CLIENT_HELLO || h->ciphers.n > TLS_CIPHERS_MAX)
		return false;
	for (unsigned int i = 0; i < h->ciphers.n; i++)
		if (!is_grease(load_be16(h->ciphers.bytes + 2 * i)))
			insert(&ciphers, load_be16(h->ciphers.bytes + 2 * i));
	for (unsigned int i = 0; i < h->n_extensions; i++) {
		n_extensions += !is_grease(h->types[i]);
		has_name |= h->types[i] == SERVER_NAME;
		if (!is_grease(h->types[i]) && h->types[i] != SERVER_NAME && h->types[i] != ALPN)
			insert(&extensions, h->types[i]);
	}
	put_alpn(h->alpn, alpn);
	snprintf(out, JA4_LEN + 1, "t%s%c%02u%02u%.2s_%*s_%*s", version_digits(highest_version(h)),
		 has_name ? 'd' : 'i', at_most(ciphers.n, JA4_COUNT_MAX),
		 at_most(n_extensions, JA4_COUNT_MAX), alpn, JA4_HASH_DIGITS, "", JA4_HASH_DIGITS,
		 "");
	char *hashes = out + JA4_LEN - 2 * JA4_HASH_DIGITS - 1;
	char digits[JA4_HASH_DIGITS + 1];

	if (!put_ciphers(&ciphers, c, digits))
		return false;
	memcpy(hashes, digits, JA4_HASH_DIGITS);
	if (!put_extensions(h, &extensions, c, digits))
		return false;
	memcpy(hashes + JA4_HASH_DIGITS + 1, digits, JA4_HASH_DIGITS);
	return true;
}
