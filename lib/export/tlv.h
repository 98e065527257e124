/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One record in nDPI's TLV under construction. Internal to the encoder; its test builds records of
 * its own with it.
 */
#pragma once
#include "core/bytes.h"
#include "core/limits.h"
#include "record/record.h"

#include <ndpi_api.h>
#include <stdbool.h>

/* A byte that is no UTF-8 becomes three. */
#define TLV_TEXT_BYTES_MAX (3 * DPI_STRING_MAX)

struct tlv_encoder {
	ndpi_serializer serializer;
	const struct flow_record *r;
	bool failed; /* of the record under construction */
	char text[TLV_TEXT_BYTES_MAX + 1];
};

/* Forgets what was there. */
void tlv_begin(struct tlv_encoder *e);

/* An item: a number in the smallest width that holds it; a text as tlv_encode() says. */
void tlv_put_number(struct tlv_encoder *e, uint32_t key, uint64_t v);
void tlv_put_string(struct tlv_encoder *e, uint32_t key, const char *s);

/* Ends the record and copies it out, without what a message begins with. */
void tlv_end(struct tlv_encoder *e, struct wbuf *w);
