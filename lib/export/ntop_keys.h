/* SPDX-License-Identifier: BSD-3-Clause */
/* The names under which ntop's collectors know the keys of TLV, and the template message. */
#pragma once
#include <stdint.h>

struct ntop_key {
	uint16_t id; /* as in TLV: numbers of ntop are 57472 higher there */
	const char *name, *format;
	uint8_t bytes;
};

/* The name of a key, NULL when there is none; static, any thread. */
const struct ntop_key *ntop_key_by_id(uint32_t id);

/*
 * The template message: every key that records may have, but of processors that are missing (bits
 * of enum element_source), as JSON for the caller to free(). NULL: no memory.
 */
char *ntop_template_json(uint64_t missing_sources);
