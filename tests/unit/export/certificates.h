/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys and certificates for tests, made as they are needed, in a folder of their own. */
#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct certificate {
	EVP_PKEY *key;
	X509 *x509;
	char cert_path[128], key_path[128];
};

/* What a certificate says. */
struct certificate_words {
	const char *folder, *name;
	const char *alternative; /* "DNS:x" or "IP:x", NULL = none */
	long from_s, to_s;	 /* of its validity, against now */
	bool authority;
};

static inline void certificate_extend(X509 *x, int what, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, what, value);

	assert_non_null(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

static inline void certificate_write(const struct certificate *c)
{
	FILE *f = fopen(c->cert_path, "we");

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, c->x509), 1);
	fclose(f);
	f = fopen(c->key_path, "we");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

static inline void certificate_store(struct certificate *c, const struct certificate_words *w)
{
	snprintf(c->cert_path, sizeof c->cert_path, "%s/%s.pem", w->folder, w->name);
	snprintf(c->key_path, sizeof c->key_path, "%s/%s.key", w->folder, w->name);
	certificate_write(c);
}

/* Signed by issuer, by itself when that is NULL. */
static inline void certificate_make(struct certificate *c, const struct certificate_words *w,
				    const struct certificate *issuer)
{
	static long serial;
	X509_NAME *name;

	c->key = EVP_EC_gen("P-256");
	c->x509 = X509_new();
	assert_true(c->key && c->x509);
	X509_set_version(c->x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c->x509), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(c->x509), w->from_s);
	X509_gmtime_adj(X509_getm_notAfter(c->x509), w->to_s);
	X509_set_pubkey(c->x509, c->key);
	name = X509_get_subject_name(c->x509);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)w->name, -1, -1,
				   0);
	X509_set_issuer_name(c->x509, issuer ? X509_get_subject_name(issuer->x509) : name);
	certificate_extend(c->x509, NID_basic_constraints,
			   w->authority ? "critical,CA:TRUE" : "CA:FALSE");
	if (w->alternative)
		certificate_extend(c->x509, NID_subject_alt_name, w->alternative);
	assert_true(X509_sign(c->x509, issuer ? issuer->key : c->key, EVP_sha256()) > 0);
	certificate_store(c, w);
}

static inline void certificate_free(struct certificate *c)
{
	unlink(c->cert_path);
	unlink(c->key_path);
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}
