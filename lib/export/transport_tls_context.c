/* SPDX-License-Identifier: BSD-3-Clause */
/* The files of TLS, checked before anything is sent. */
#include "export/transport_tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is wrong goes to one line. */
struct complaint {
	char *text;
	size_t len;
};

static int refuse(const struct complaint *c, const char *key, const char *path, const char *why)
{
	snprintf(c->text, c->len, "%s %s: %s", key, path, why);
	return -EINVAL;
}

/* The last thing that OpenSSL said. */
static int refuse_ssl(const struct complaint *c, const char *key, const char *path)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return refuse(c, key, path, why ? why : "is not what it should be");
}

static int check_path(const struct complaint *c, const char *key, const char *path)
{
	if (!path[0]) {
		snprintf(
			c->text, c->len,
			"TLS needs cert and key, PEM files by which the collector knows us: set %s",
			key);
		return -EINVAL;
	}
	if (access(path, R_OK) == 0)
		return 0;
	refuse(c, key, path, strerror(errno));
	return -errno;
}

static int check_dates(SSL_CTX *context, const struct complaint *c, const char *path)
{
	const X509 *own = SSL_CTX_get0_certificate(context);

	if (!own)
		return refuse(c, "cert", path, "has no certificate");
	if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
		return refuse(c, "cert", path, "the certificate has expired; get a new one");
	if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0)
		return refuse(c, "cert", path,
			      "the certificate is not valid yet; is the clock right?");
	return 0;
}

static int load_own(SSL_CTX *context, const struct stream_options *o, const struct complaint *c)
{
	int error = check_path(c, "cert", o->cert_path);

	if (!error)
		error = check_path(c, "key", o->key_path);
	if (error)
		return error;
	if (SSL_CTX_use_certificate_chain_file(context, o->cert_path) != 1)
		return refuse_ssl(c, "cert", o->cert_path);
	if (SSL_CTX_use_PrivateKey_file(context, o->key_path, SSL_FILETYPE_PEM) != 1)
		return refuse_ssl(c, "key", o->key_path);
	if (SSL_CTX_check_private_key(context) != 1)
		return refuse(c, "key", o->key_path, "is not the key of the certificate");
	return check_dates(context, c, o->cert_path);
}

static int load_authorities(SSL_CTX *context, const struct stream_options *o,
			    const struct complaint *c)
{
	int error;

	if (!o->ca_path[0])
		return SSL_CTX_set_default_verify_paths(context) == 1 ? 0 : -ENOMEM;
	error = check_path(c, "ca", o->ca_path);
	if (error)
		return error;
	return SSL_CTX_load_verify_file(context, o->ca_path) == 1 ? 0 :
								    refuse_ssl(c, "ca", o->ca_path);
}

static int set_rules(SSL_CTX *context)
{
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(context, "DEFAULT:!aNULL:!eNULL") != 1)
		return -ENOMEM;
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(context,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	return 0;
}

/* A key with a passphrase would make OpenSSL ask for it on a terminal. */
static int no_passphrase(char *to, int len, int writing, void *user)
{
	(void)to;
	(void)len;
	(void)writing;
	(void)user;
	return -1;
}

int tls_context_create(struct ssl_ctx_st **out, const struct stream_options *options, char *error,
		       size_t error_len)
{
	const struct complaint c = {.text = error, .len = error_len};
	SSL_CTX *context;
	int result;

	ERR_clear_error();
	context = SSL_CTX_new(TLS_client_method());
	if (!context) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	snprintf(error, error_len, "OpenSSL refuses our rules");
	result = set_rules(context);
	if (!result)
		result = load_own(context, options, &c);
	if (!result)
		result = load_authorities(context, options, &c);
	if (result)
		SSL_CTX_free(context);
	else
		*out = context;
	return result;
}

int transport_tls_check(const struct stream_options *options, char *error, size_t error_len)
{
	SSL_CTX *context;
	int result = tls_context_create(&context, options, error, error_len);

	if (!result)
		SSL_CTX_free(context);
	return result;
}

/* Whether the file is another one than noted; notes it. */
static bool look_at_file(struct tls_file *f)
{
	struct stat st;
	bool same;

	if (!f->path[0] || stat(f->path, &st))
		return false;
	same = f->inode == st.st_ino && f->bytes == (uint64_t)st.st_size &&
	       f->changed.tv_sec == st.st_ctim.tv_sec && f->changed.tv_nsec == st.st_ctim.tv_nsec;
	f->inode = st.st_ino;
	f->bytes = (uint64_t)st.st_size;
	f->changed = st.st_ctim;
	return !same;
}

static bool look_at_files(struct tls_files *f)
{
	bool cert = look_at_file(&f->cert), key = look_at_file(&f->key);

	return look_at_file(&f->ca) || cert || key;
}

void tls_files_note(struct tls_files *f, const struct stream_options *options)
{
	*f = (struct tls_files){0};
	snprintf(f->cert.path, sizeof f->cert.path, "%s", options->cert_path);
	snprintf(f->key.path, sizeof f->key.path, "%s", options->key_path);
	snprintf(f->ca.path, sizeof f->ca.path, "%s", options->ca_path);
	look_at_files(f);
}

int tls_context_renew(struct ssl_ctx_st **context, struct tls_files *f)
{
	const struct stream_options options = {
		.cert_path = f->cert.path, .key_path = f->key.path, .ca_path = f->ca.path};
	SSL_CTX *anew;
	char error[512];
	int result;

	if (!look_at_files(f))
		return 0;
	result = tls_context_create(&anew, &options, error, sizeof error);
	if (result)
		return result;
	SSL_CTX_free(*context);
	*context = anew;
	return 1;
}
