/* SPDX-License-Identifier: BSD-3-Clause */
/* A record as the bytes of an output. */
#include "export/output_internal.h"
#include "export/tlv.h"

/* Encodes into scratch; the length, 0 when it failed. */
static uint32_t encode(struct output *o, const struct flow_record *r, uint32_t *tag)
{
	struct wbuf w = wbuf_make(o->scratch, RECORD_BYTES_MAX);

	switch (o->spec.type) {
	case OUTPUT_TEXT:
		text_encode(&o->encoder, &w, r);
		break;
	case OUTPUT_CSV:
		csv_encode(&o->encoder, &w, r);
		break;
	case OUTPUT_ZMQ:
		if (o->encoder.tlv) {
			tlv_encode(&o->encoder, &w, r);
			*tag = o->encoder.tlv->parts;
			o->counters.count[OUTPUT_l7_unmapped] = o->encoder.tlv->l7_unmapped;
			break;
		}
		/* fall through */
	case OUTPUT_JSON:
		json_encode(&o->encoder, &w, r);
		break;
	case OUTPUT_IPFIX:
		*tag = ipfix_record_put(o->ipfix.profile, &w, r);
		ipfix_note_end(o, r->end_ns > r->start_ns ? r->end_ns : r->start_ns);
		return *tag ? (uint32_t)(w.at - o->scratch) : 0;
	case OUTPUT_NULL:
		put_u8(&w, 0); /* a record has to weigh something */
		break;
	}
	return w.failed ? 0 : (uint32_t)(w.at - o->scratch);
}

/* Texts that fill it up must not hide what was counted. */
uint32_t output_encode(struct output *o, const struct flow_record *r, uint32_t *tag)
{
	uint32_t len = encode(o, r, tag);
	struct flow_record without;

	if (len)
		return len;
	without = *r;
	flow_record_forget_parts(&without);
	len = encode(o, &without, tag);
	o->counters.count[OUTPUT_shortened] += len != 0;
	return len;
}
