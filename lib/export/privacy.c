/* SPDX-License-Identifier: BSD-3-Clause */
/* Records that tell less: which members, and how texts are replaced. */
#include "export/privacy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "core/limits.h"
#include "export/privacy_address.h"
#include "record/elements.h"

enum { HASH_BYTES = 8, HASH_TEXT_BYTES = 2 * HASH_BYTES + 1 };

/* Texts of one record: those of all protocols at once, in lists at their longest. */
#define TEXTS_MAX 1024

struct privacy {
	struct privacy_options options;
	struct privacy_address *address;
	EVP_MAC_CTX *mac; /* has the key */
	uint32_t n_texts;
	char texts[TEXTS_MAX][HASH_TEXT_BYTES];
	const char *list_texts[LIST_VALUES_MAX];
	struct octets list_octets[LIST_VALUES_MAX];
	uint8_t addresses[LIST_VALUES_MAX][16]; /* of answers */
						/* What the pointers of the record go to. */
#define PART(name) struct record_##name name;
	FLOW_RECORD_PARTS(PART)
#undef PART
};

/* ---- texts ---- */

/* The hash as text; the record is told without it when OpenSSL fails. */
static const char *hash_text(struct privacy *p, const void *bytes, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t digest_len;
	char *text;

	if (!len || p->options.strings == PRIVACY_DROP || p->n_texts == TEXTS_MAX ||
	    !EVP_MAC_init(p->mac, NULL, 0, NULL) || !EVP_MAC_update(p->mac, bytes, len) ||
	    !EVP_MAC_final(p->mac, digest, &digest_len, sizeof digest))
		return "";
	text = p->texts[p->n_texts++];
	for (unsigned int i = 0; i < HASH_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}

static void hide_string(struct privacy *p, const char **text)
{
	*text = hash_text(p, *text, strnlen(*text, DPI_STRING_MAX));
}

static void hide_octets(struct privacy *p, struct octets *o)
{
	const char *text = hash_text(p, o->bytes, o->len);

	*o = (struct octets){(const uint8_t *)text, (uint16_t)strlen(text)};
}

static void hide_each_text(struct privacy *p, struct each_text *each)
{
	for (unsigned int i = 0; i < each->n; i++)
		hide_string(p, &each->values[i]);
}

/* Only passivedns has such lists, one of each. */
static void hide_list_text(struct privacy *p, struct list_text *list)
{
	for (unsigned int i = 0; i < list->n; i++) {
		p->list_texts[i] = list->values[i];
		hide_string(p, &p->list_texts[i]);
	}
	list->values = p->list_texts;
}

static void hide_list_octets(struct privacy *p, struct list_octets *list)
{
	for (unsigned int i = 0; i < list->n; i++) {
		p->list_octets[i] = list->values[i];
		hide_octets(p, &p->list_octets[i]);
	}
	list->values = p->list_octets;
}

/* Names that nDPI gives, and fingerprints of programs, are nobody's content. */
static bool is_content(enum element element)
{
	switch (element) {
	case ELEMENT_L7_PROTO:
	case ELEMENT_L7_CATEGORY:
	case ELEMENT_SSH_HASSH_C:
	case ELEMENT_SSH_HASSH_S:
	case ELEMENT_TLS_JA3C:
	case ELEMENT_TLS_JA3S:
	case ELEMENT_TLS_HELLO_JA3:
	case ELEMENT_TLS_JA4:
		return false;
	default:
		return true;
	}
}

static bool has_kind(enum element element, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (strcmp(element_info(element)->kind_name, *kinds) == 0)
			return true;
	return false;
}

enum privacy_technique privacy_technique(const struct privacy_options *o, enum element element)
{
	static const char *const addresses[] = {"ip", "ipv4", "ipv6", "outer_ip", NULL};
	static const char *const macs[] = {"mac", NULL};
	static const char *const texts[] = {"string",	 "octets",	"each_text",
					    "list_text", "list_octets", NULL};

	const bool is_address = element == ELEMENT_PDNS_IP || has_kind(element, addresses);

	if (o->strings != PRIVACY_STRINGS_KEEP && is_content(element) && has_kind(element, texts))
		return o->strings == PRIVACY_HASH ? PRIVACY_PERMUTED : PRIVACY_PRECISION_DEGRADED;
	if (o->addresses == PRIVACY_CRYPTOPAN && is_address)
		return PRIVACY_STRUCTURE_PERMUTED;
	if (o->addresses != PRIVACY_ADDRESSES_KEEP && (is_address || has_kind(element, macs)))
		return PRIVACY_PRECISION_DEGRADED;
	return PRIVACY_NONE;
}

/* Numbers stay. */
static void hide_nothing(struct privacy *p, void *member)
{
	(void)p;
	(void)member;
}

#define HIDE(p, member)                                                                            \
	_Generic((member), const char *                                                            \
		 : hide_string, struct octets                                                      \
		 : hide_octets, struct each_text                                                   \
		 : hide_each_text, struct list_text                                                \
		 : hide_list_text, struct list_octets                                              \
		 : hide_list_octets, default                                                       \
		 : hide_nothing)(p, (void *)(uintptr_t)&(member))

/* The structs that the record points to belong to the flow: ours are changed instead. */
static void take_parts(struct privacy *p, struct flow_record *r)
{
#define TAKE(name)                                                                                 \
	if (r->name) {                                                                             \
		p->name = *r->name;                                                                \
		r->name = &p->name;                                                                \
	}
	FLOW_RECORD_PARTS(TAKE)
#undef TAKE
}

static void hide_content(struct privacy *p, struct flow_record *r)
{
	p->n_texts = 0;
	take_parts(p, r);
#define FIELD(symbol, pen, id, tlv, key, kind, rule, member, text, in, group, sent, source, ...)   \
	if (is_content(ELEMENT_##symbol) && flow_record_has_##source(r))                           \
		HIDE(p, r->member);
#include "record/elements.def"
}

/* Addresses that DNS told are those of flows to come. */
static void hide_answers(struct privacy *p, struct flow_record *r)
{
	struct list_octets *list = &p->passivedns.address;

	if (!r->passivedns)
		return;
	p->passivedns = *r->passivedns;
	r->passivedns = &p->passivedns;
	for (unsigned int i = 0; i < list->n; i++) {
		const uint16_t len = list->values[i].len;

		memcpy(p->addresses[i], list->values[i].bytes, len);
		privacy_address_hide(p->address, p->addresses[i], len == 16 ? 6 : 4);
		p->list_octets[i] = (struct octets){p->addresses[i], len};
	}
	list->values = p->list_octets;
}

void privacy_apply(struct privacy *p, struct flow_record *r)
{
	if (p->options.addresses != PRIVACY_ADDRESSES_KEEP) {
		privacy_address_apply(p->address, r);
		hide_answers(p, r);
	}
	if (p->options.strings != PRIVACY_STRINGS_KEEP)
		hide_content(p, r);
}

/* ---- life ---- */

static int make_mac(struct privacy *p, const uint8_t key[PRIVACY_KEY_BYTES])
{
	char sha256[] = "SHA256";
	const OSSL_PARAM digest[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	p->mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	EVP_MAC_free(hmac);
	return p->mac && EVP_MAC_init(p->mac, key, PRIVACY_KEY_BYTES, digest) ? 0 : -ENOMEM;
}

int privacy_create(struct privacy **out, const struct privacy_options *o, char *error,
		   size_t error_len)
{
	uint8_t key[PRIVACY_KEY_BYTES];
	struct privacy *p;
	int rc = privacy_key_read(key, o, error, error_len);

	if (rc)
		return rc;
	p = calloc(1, sizeof *p);
	rc = p ? privacy_address_create(&p->address, o, key) : -ENOMEM;
	if (!rc)
		rc = make_mac(p, key);
	OPENSSL_cleanse(key, sizeof key);
	if (rc) {
		snprintf(error, error_len, "[privacy] %s", strerror(-rc));
		privacy_destroy(p);
		return rc;
	}
	p->options = *o;
	*out = p;
	return 0;
}

void privacy_destroy(struct privacy *p)
{
	if (!p)
		return;
	privacy_address_destroy(p->address);
	EVP_MAC_CTX_free(p->mac);
	free(p);
}
