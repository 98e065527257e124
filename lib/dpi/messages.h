/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and responses of protocols that look like HTTP: a start line and headers, each message
 * beginning with a packet. What is told of which message is a table of the protocol.
 */
#pragma once

#include "dpi/piece.h"
#include "dpi/processor.h"

/* A text of the record: where its struct each_text lies there, and how much of it is kept. */
struct messages_text {
	const char *name; /* of a header, as it is written; NULL behind the last */
	uint16_t at;
	uint16_t chars_max;
};

struct messages_kind {
	const char *protocol; /* how versions begin, 4 letters */
	struct messages_text method, target;
	const struct messages_text *of_request, *of_response;
	struct messages_text cookies; /* names of the cookies set; chars_max 0 = not told */
	uint16_t status_at;	      /* a struct each_u16 */
	const uint16_t *texts;	      /* all struct each_text of the record */
	uint16_t texts_n;
};

/* State of such a processor. */
struct messages {
	struct processor_block *block;
	uint8_t others; /* payloads before the first message */
};

enum processor_answer messages_packet(const struct messages_kind *kind, struct messages *s,
				      const struct processor_packet *p);
/* With records = transaction: a second request or response is one of the next record. */
bool messages_cut_before(const struct messages_kind *kind, const struct messages *s,
			 const struct processor_packet *p);
/* Where the record lies, for the type of the kind; NULL: there was no message. */
const void *messages_record(const struct messages *s);
