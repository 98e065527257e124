/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record as bytes: one function a format, all expanded from elements.def. A write buffer of
 * RECORD_BYTES_MAX holds any record; `failed` of the buffer says when one did not fit. IPFIX is in
 * ipfix_profile.h.
 */
#pragma once
#include "core/bytes.h"
#include "export/community_id.h"
#include "record/elements.h"
#include "record/record.h"

/* What encoding needs beside the record. One thread at a time. */
struct encoder {
	struct community_id *community_id; /* JSON and CSV */
	struct tlv_encoder *tlv;	   /* TLV */
	bool local_time;		   /* text */
	bool transactions;		   /* each record is one: element_list_type() */
	uint64_t missing_sources; /* all but text: bits of enum element_source that have no keys */
	uint64_t offset_quarter;  /* text: the quarter of an hour that utc_offset_s is of, plus 1 */
	int64_t utc_offset_s;
};

/* One JSON object and a newline: the contract is docs/flow.schema.json. */
void json_encode(struct encoder *e, struct wbuf *w, const struct flow_record *r);

/*
 * A JSON string with its quotes: escaped, bytes that are no UTF-8 as U+FFFD, cut at DPI_STRING_MAX
 * bytes.
 */
void json_put_string(struct wbuf *w, const char *s);
void json_put_text(struct wbuf *w, const char *s, size_t len); /* the same, len bytes of s */

/* CSV after RFC 4180, but for LF as the end of a line: the header, and a record. Null is empty. */
void csv_header(const struct encoder *e, struct wbuf *w);
void csv_encode(struct encoder *e, struct wbuf *w, const struct flow_record *r);

/* A table for people, 120 characters wide; a long cell takes from the blanks behind it. */
void text_header(struct wbuf *w);
void text_encode(struct encoder *e, struct wbuf *w, const struct flow_record *r);

/*
 * nDPI's serializer with memory for one record. 0 or -ENOMEM. NULL may be destroyed.
 */
int tlv_encoder_create(struct tlv_encoder **out);
void tlv_encoder_destroy(struct tlv_encoder *e);

/* What a TLV message begins with, before its records: version and format. */
void tlv_put_start(struct wbuf *w);

/*
 * One record in nDPI's TLV with its end mark: keys of elements.def, unsigned numbers and text
 * (bytes that are no UTF-8 as U+FFFD, cut at DPI_STRING_MAX bytes), and what processors say that
 * are not missing, under keys that are texts (tlv.h). Without a malloc.
 */
void tlv_encode(struct encoder *e, struct wbuf *w, const struct flow_record *r);
