/* SPDX-License-Identifier: BSD-3-Clause */
/* Several values in one field of a record. They live as long as the flow; n = 0: there are none. */
#pragma once

#include <stdint.h>

#include "core/limits.h"

/* In the order of the packets, or of what they carry. */
struct list_u8 {
	const uint8_t *values;
	uint8_t n;
};
struct list_u16 {
	const uint16_t *values;
	uint8_t n;
};
struct list_u32 {
	const uint32_t *values;
	uint8_t n;
};
/* Milliseconds after the one that flow_record.lists_start_ns is in. */
struct list_time {
	const uint32_t *values;
	uint8_t n;
};
struct list_direction {
	uint32_t reverse; /* bit i: packet i is of the reverse direction */
	uint8_t n;
};

/* Bytes that are no text. len = 0: not seen. */
struct octets {
	const uint8_t *bytes;
	uint16_t len;
};

struct list_text {
	const char *const *values;
	uint8_t n;
};
struct list_octets {
	const struct octets *values;
	uint8_t n;
};

/*
 * One value for each transaction (message, request with its response) of the record: as many in
 * every member of a struct. With records = transaction there is one. A text that a transaction
 * lacks is "", a number 0; none is NULL.
 */
struct each_text {
	const char *values[TRANSACTIONS_MAX];
	uint8_t n;
};
struct each_u8 {
	uint8_t values[TRANSACTIONS_MAX];
	uint8_t n;
};
struct each_u16 {
	uint16_t values[TRANSACTIONS_MAX];
	uint8_t n;
};
struct each_u32 {
	uint32_t values[TRANSACTIONS_MAX];
	uint8_t n;
};
