/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads IPFIX messages as a strict collector does (RFC 7011 section 3): what has no template, a
 * length that does not add up, or a number out of sequence fails the test.
 */
#pragma once
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

#define READER_IDS	  512
#define READER_FIELDS_MAX 256

struct reader_template {
	uint16_t fields; /* 0 = not known */
	bool options;
	uint16_t bytes[READER_FIELDS_MAX];
};

/* One session with one collector. */
struct ipfix_reader {
	struct reader_template *template; /* READER_IDS */
	uint32_t domain;
	uint32_t records, reports; /* data records of flows, and of options */
	uint32_t templates;	   /* template records of both kinds */
	uint32_t messages;
	uint32_t longest;
	uint32_t lost; /* numbers that were left out, where that is allowed */
	bool gaps_allowed;
	uint32_t export_s;
};

static inline void reader_begin(struct ipfix_reader *r, uint32_t domain)
{
	*r = (struct ipfix_reader){.domain = domain};
	r->template = calloc(READER_IDS, sizeof *r->template);
	assert_non_null(r->template);
}

static inline void reader_end(struct ipfix_reader *r)
{
	free(r->template);
	r->template = NULL;
}

static inline const uint8_t *reader_template(struct ipfix_reader *r, const uint8_t *p, bool options)
{
	uint16_t id = load_be16(p), fields = load_be16(p + 2);
	struct reader_template *t = &r->template[id % READER_IDS];

	assert_in_range(id, 256, READER_IDS - 1);
	assert_in_range(fields, 1, READER_FIELDS_MAX); /* 0 would be a withdrawal */
	p += 4;
	if (options) {
		assert_in_range(load_be16(p), 1, fields - 1);
		p += 2;
	}
	/* T6: the layout of an id does not change within a session. */
	assert_true(!t->fields || (t->fields == fields && t->options == options));
	t->fields = fields;
	t->options = options;
	for (uint16_t i = 0; i < fields; i++) {
		t->bytes[i] = load_be16(p + 2);
		p += *p & 0x80 ? 8 : 4;
	}
	r->templates++;
	return p;
}

static inline const uint8_t *reader_record(struct ipfix_reader *r, const struct reader_template *t,
					   const uint8_t *p)
{
	for (uint16_t i = 0; i < t->fields; i++) {
		uint16_t len = t->bytes[i];

		if (len == 65535) {
			len = *p++;
			if (len == 255) {
				len = load_be16(p);
				p += 2;
			}
		}
		p += len;
	}
	if (t->options)
		r->reports++;
	else
		r->records++;
	return p;
}

static inline void reader_set(struct ipfix_reader *r, uint16_t id, const uint8_t *p,
			      const uint8_t *end)
{
	const struct reader_template *t = &r->template[id % READER_IDS];

	assert_true(p < end); /* no empty set */
	if (id > 3) {
		assert_in_range(id, 256, READER_IDS - 1);
		assert_true(t->fields > 0); /* T3: the template came before */
	} else {
		assert_in_range(id, 2, 3);
	}
	while (p < end)
		p = id > 3 ? reader_record(r, t, p) : reader_template(r, p, id == 3);
	assert_ptr_equal(p, end); /* no padding, nothing cut */
}

/* One message of so many bytes. */
static inline void reader_message(struct ipfix_reader *r, const uint8_t *m, size_t len)
{
	const uint8_t *set = m + 16;
	uint32_t sequence;

	assert_true(len > 20);
	assert_int_equal(load_be16(m), 10);
	assert_int_equal(load_be16(m + 2), len);
	sequence = load_be32(m + 8);
	if (r->gaps_allowed)
		r->lost = sequence - (r->records + r->reports);
	assert_int_equal(sequence, r->records + r->reports + r->lost);
	assert_int_equal(load_be32(m + 12), r->domain);
	r->export_s = load_be32(m + 4);
	while (set < m + len) {
		uint16_t set_len = load_be16(set + 2);

		assert_true(set_len > 4 && set + set_len <= m + len);
		reader_set(r, load_be16(set), set + 4, set + set_len);
		set += set_len;
	}
	r->messages++;
	r->longest = (uint32_t)len > r->longest ? (uint32_t)len : r->longest;
}

/* All whole messages of a stream; how many bytes they are. */
static inline size_t reader_stream(struct ipfix_reader *r, const uint8_t *bytes, size_t len)
{
	size_t at = 0;

	while (len - at >= 16 && len - at >= load_be16(bytes + at + 2)) {
		uint16_t message = load_be16(bytes + at + 2);

		reader_message(r, bytes + at, message);
		at += message;
	}
	return at;
}
