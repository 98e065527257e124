/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One record in nDPI's TLV under construction. Internal to the encoder; its test builds records of
 * its own with it.
 */
#pragma once
#include "core/bytes.h"
#include "core/limits.h"
#include "export/encoder.h"
#include "export/output.h"
#include "record/record.h"

#include <ndpi_api.h>
#include <stdbool.h>

/* A byte that is no UTF-8 becomes three. */
#define TLV_TEXT_BYTES_MAX (3 * DPI_STRING_MAX)

/* Keys of elements that have no number of others: written "PEN.NUMBER". */
#define TLV_OWN_KEY 0x10000U

/* Who sends the records; told in each. Texts that are NULL or "" are not told. */
struct tlv_identity {
	const char *instance, *ip;
	uint32_t source_id;
};

struct tlv_encoder {
	ndpi_serializer serializer;
	const struct flow_record *r;
	struct community_id *community_id;
	enum zmq_format format;
	bool absolute;		/* counters count from the beginning of the flow */
	bool failed;		/* of the record under construction */
	uint32_t own_pen;	/* 0: elements without a number of others are left out */
	uint32_t parts;		/* records that the latest one became, see tlv_encode() */
	struct wbuf *json;	/* of the record under construction, in JSON */
	const uint16_t *l7_ids; /* nDPI's number -> the collector's, NULL = the same */
	uint32_t l7_ids_n;
	uint64_t l7_unmapped; /* records whose protocol the collector does not know */
	uint32_t identity_bytes;
	char identity[512]; /* items that are the same in every record */
	char text[TLV_TEXT_BYTES_MAX + 1];
};

/* What every record says in the same way. Once, after the format is set. 0 or -ENOSPC. */
int tlv_identify(struct tlv_encoder *e, const struct tlv_identity *who);

/* Forgets what was there. */
void tlv_begin(struct tlv_encoder *e);

/* An item: a number in the smallest width that holds it; a text as tlv_encode() says. */
void tlv_put_number(struct tlv_encoder *e, uint32_t key, uint64_t v);
void tlv_put_string(struct tlv_encoder *e, uint32_t key, const char *s);

/* Ends the record of TLV and copies it out, without what a message begins with. */
void tlv_end(struct tlv_encoder *e, struct wbuf *w);
