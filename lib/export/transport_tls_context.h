/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates and rules for TLS towards a collector: what is wrong with the files is said here. */
#pragma once
#include "export/transport.h"

#include <time.h>

struct ssl_ctx_st;

/*
 * TLS 1.2 or newer, the peer verified, our certificate and key loaded. 0, or -errno with one line
 * in error that says which file and what to do: -EINVAL (a file is missing, does not fit, or our
 * certificate is not valid now), -ENOENT and the like, -ENOMEM. Freed by SSL_CTX_free().
 */
int tls_context_create(struct ssl_ctx_st **out, const struct stream_options *options, char *error,
		       size_t error_len);

/* The files of a context, and which ones of that name were read. */
struct tls_file {
	char path[256]; /* "" = none */
	struct timespec changed;
	uint64_t inode, bytes;
};

struct tls_files {
	struct tls_file cert, key, ca;
};

/* Notes the files of these options as they are now, before a context is made of them. */
void tls_files_note(struct tls_files *f, const struct stream_options *options);

/*
 * Certificates are renewed while a probe runs: when a file is another one than before, *context is
 * made anew. What does not fit, as while only one of two files has been written, leaves the old
 * context, and is tried again when a file changes once more. 0: nothing to do, 1: made anew, or
 * -errno as tls_context_create().
 */
int tls_context_renew(struct ssl_ctx_st **context, struct tls_files *f);
