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
#include "record/elements.h"
#include "record/record.h"

#include <ndpi_api.h>
#include <stdbool.h>

/* A byte that is no UTF-8 becomes three. */
#define TLV_TEXT_BYTES_MAX (3 * DPI_STRING_MAX)
/* The same of a list, with a comma and two quotes each. */
#define TLV_LIST_BYTES_MAX (TRANSACTIONS_MAX * (TLV_TEXT_BYTES_MAX + 3))

/*
 * Keys that are no number of ntop's are texts: "PEN.ID", with the enterprise number in the upper
 * half; 1 there stands for the operator's own, and 2 says that the lower half is the element, of
 * which the key of JSON is written.
 */
#define TLV_OWN_KEY	     0x10000U
#define TLV_NAME_KEY	     0x20000U
#define TLV_PEN_KEY(pen, id) ((uint32_t)(pen) << 16 | (id))
#define TLV_KEY_BYTES	     64

/* That of a row of a processor. */
#define TLV_PROCESSOR_KEY(element, source, pen, id)                                                \
	(TLV_HAS_NAME(source, pen) ? TLV_NAME_KEY + (uint32_t)(element) :                          \
				     TLV_PEN_KEY((pen) & ((1U << 29) - 1), id))

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
	bool transactions;	/* each record is one: no lists of them */
	uint32_t own_pen;	/* 0: elements without a number of others are left out */
	uint32_t parts;		/* records that the latest one became, see tlv_encode() */
	struct wbuf *json;	/* of the record under construction, in JSON */
	const uint16_t *l7_ids; /* nDPI's number -> the collector's, NULL = the same */
	uint32_t l7_ids_n;
	uint64_t l7_unmapped; /* records whose protocol the collector does not know */
	uint32_t identity_bytes;
	char identity[512]; /* items that are the same in every record */
	char text[TLV_LIST_BYTES_MAX + 1];
};

/* What every record says in the same way. Once, after the format is set. 0 or -ENOSPC. */
int tlv_identify(struct tlv_encoder *e, const struct tlv_identity *who);

/* Forgets what was there. */
void tlv_begin(struct tlv_encoder *e);

/* An item: a number in the smallest width that holds it; a text as tlv_encode() says. */
void tlv_put_number(struct tlv_encoder *e, uint32_t key, uint64_t v);
void tlv_put_string(struct tlv_encoder *e, uint32_t key, const char *s);
void tlv_put_float(struct tlv_encoder *e, uint32_t key, float v); /* finite */

/* An item of a text that is in the buffer, in UTF-8. One at a time. */
struct wbuf tlv_text_buffer(struct tlv_encoder *e);
void tlv_put_text(struct tlv_encoder *e, uint32_t key, struct wbuf *w);

/* Items of what processors say that are not missing, in the record of e->r. */
void tlv_put_processors(struct tlv_encoder *e, const struct flow_record *r,
			uint64_t missing_sources);

/* Ends the record of TLV and copies it out, without what a message begins with. */
void tlv_end(struct tlv_encoder *e, struct wbuf *w);
