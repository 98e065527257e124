/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Community ID version 1 with seed 0: a name for a conversation that every tool computes alike
 * ("1:" and the base64 of a SHA-1 over the ordered endpoints), so that records can be joined.
 */
#pragma once
#include "record/record.h"

#define COMMUNITY_ID_LEN 30

/* Keeps the digest between calls: fetching it costs more than hashing. One thread at a time. */
struct community_id;

/* 0 or -ENOMEM; -ENOTSUP when this libcrypto refuses SHA-1. */
int community_id_create(struct community_id **out);
void community_id_destroy(struct community_id *c);

/* Writes the COMMUNITY_ID_LEN characters, no NUL. False when libcrypto failed. */
bool community_id_write(struct community_id *c, const struct flow_record *r,
			char text[COMMUNITY_ID_LEN]);
