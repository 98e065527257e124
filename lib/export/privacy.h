/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What records do not tell: addresses cut or replaced, and what was read from payload replaced or
 * left out, before any output sees them (RFC 6235).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/elements.h"
#include "record/record.h"

enum privacy_addresses {
	PRIVACY_ADDRESSES_KEEP,
	PRIVACY_TRUNCATE,  /* to the prefix; of MAC addresses the manufacturer stays */
	PRIVACY_CRYPTOPAN, /* prefix-preserving, by a key; MAC addresses as above */
};

enum privacy_strings {
	PRIVACY_STRINGS_KEEP,
	PRIVACY_HASH, /* 16 hexadecimal digits of a keyed hash: equal texts stay equal */
	PRIVACY_DROP,
};

struct privacy_options {
	enum privacy_addresses addresses;
	enum privacy_strings strings;
	uint8_t ipv4_bits, ipv6_bits; /* that stay, with PRIVACY_TRUNCATE */
	char key_path[256];	      /* with PRIVACY_CRYPTOPAN; hashes are by it, too, then */
};

struct privacy;

/*
 * Reads "keep", "truncate:24,48" or "cryptopan:KEYFILE" into the members about addresses. 0, or
 * -EINVAL with *o untouched and one line in error. Any thread.
 */
int privacy_parse_addresses(struct privacy_options *o, const char *text, char *error,
			    size_t error_len);

/*
 * Reads the key: 32 bytes, or 64 hexadecimal digits. Without one, hashes are by a key that nobody
 * knows and that ends with the process. 0, or -errno with one line in error. NULL may be
 * destroyed. One thread at a time.
 */
int privacy_create(struct privacy **out, const struct privacy_options *o, char *error,
		   size_t error_len);
void privacy_destroy(struct privacy *p);

/* What is done to values, as IPFIX tells it (anonymizationTechnique, RFC 6235 6.2.3). */
enum privacy_technique {
	PRIVACY_NONE = 1,
	PRIVACY_PRECISION_DEGRADED = 2, /* truncated, to nothing even */
	PRIVACY_PERMUTED = 5,
	PRIVACY_STRUCTURE_PERMUTED = 6, /* prefixes stay common */
};

/* What these options do to an element. Any thread. */
enum privacy_technique privacy_technique(const struct privacy_options *o, enum element element);

/* Changes a record; its new texts live until the next call. */
void privacy_apply(struct privacy *p, struct flow_record *r);
