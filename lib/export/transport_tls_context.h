/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates and rules for TLS towards a collector: what is wrong with the files is said here. */
#pragma once
#include "export/transport.h"

struct ssl_ctx_st;

/*
 * TLS 1.2 or newer, the peer verified, our certificate and key loaded. 0, or -errno with one line
 * in error that says which file and what to do: -EINVAL (a file is missing, does not fit, or our
 * certificate is not valid now), -ENOENT and the like, -ENOMEM. Freed by SSL_CTX_free().
 */
int tls_context_create(struct ssl_ctx_st **out, const struct stream_options *options, char *error,
		       size_t error_len);
