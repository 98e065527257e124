/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses that tell less, and the key for that. Internal to privacy.c. */
#pragma once

#include "export/privacy.h"

/* Crypto-PAn: half of it is AES's key, the other half makes the padding. */
#define PRIVACY_KEY_BYTES 32

/*
 * The key of o->key_path, or a random one without a path. 0, or -errno with one line in error.
 */
int privacy_key_read(uint8_t key[PRIVACY_KEY_BYTES], const struct privacy_options *o, char *error,
		     size_t error_len);

struct privacy_address;

/* 0 or -ENOMEM. NULL may be destroyed. */
int privacy_address_create(struct privacy_address **out, const struct privacy_options *o,
			   const uint8_t key[PRIVACY_KEY_BYTES]);
void privacy_address_destroy(struct privacy_address *a);

/* Changes one address, of 4 bytes or with ip_version 6 of 16. */
void privacy_address_hide(struct privacy_address *a, uint8_t *addr, uint8_t ip_version);
/* Changes the addresses of a record, those of tunnels and links, too. */
void privacy_address_apply(struct privacy_address *a, struct flow_record *r);
