/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads what an IPFIX profile wrote, by nothing but its own template records: what a collector
 * does. cmocka has to be included before.
 */
#pragma once
#include "core/bytes.h"
#include "core/limits.h"
#include "export/ipfix_profile.h"
#include "sample_records.h"

/* No processor runs. */
#define NO_PROCESSORS (UINT64_MAX << SOURCE_PROCESSORS)
#define READ_FIELDS_MAX	   ELEMENT_N
#define READ_TEMPLATES_MAX 128
#define READ_VARIABLE	   65535

struct read_field {
	uint32_t pen;
	uint16_t id, width;
};

struct read_template {
	uint16_t id, n, n_scope; /* n_scope 0: of data records */
	struct read_field fields[READ_FIELDS_MAX];
};

struct reader {
	struct read_template templates[READ_TEMPLATES_MAX];
	uint32_t n;
	bool v9;
};

static inline const struct read_template *reader_find(const struct reader *r, uint16_t id)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->templates[i].id == id)
			return &r->templates[i];
	return NULL;
}

static inline void read_template_record(struct reader *r, const uint8_t *p, size_t len,
					bool options)
{
	struct read_template *t = &r->templates[r->n++];
	const uint8_t *end = p + len;

	assert_true(r->n < READ_TEMPLATES_MAX);
	t->id = load_be16(p);
	t->n = load_be16(p + 2);
	t->n_scope = options ? load_be16(p + 4) : 0;
	if (options && r->v9) {
		t->n = (uint16_t)((t->n + t->n_scope) / 4);
		t->n_scope = (uint16_t)(load_be16(p + 2) / 4);
	}
	p += options ? 6 : 4;
	assert_true(t->n <= READ_FIELDS_MAX);
	for (unsigned int i = 0; i < t->n; i++) {
		struct read_field *f = &t->fields[i];
		bool enterprise = load_be16(p) & 0x8000;

		f->id = load_be16(p) & 0x7fff;
		f->width = load_be16(p + 2);
		f->pen = enterprise ? load_be32(p + 4) : 0;
		p += enterprise ? 8 : 4;
	}
	assert_ptr_equal(p, end);
}

static inline struct ipfix_profile *profile_of(const struct ipfix_options *o)
{
	struct ipfix_profile *p = NULL;
	char error[256] = "";

	if (ipfix_profile_create(&p, o, error, sizeof error))
		fail_msg("%s", error);
	return p;
}

/* Every template of a profile. */
static inline struct reader *reader_of(const struct ipfix_profile *p, bool v9)
{
	struct reader *r = calloc(1, sizeof *r);
	uint8_t bytes[2048];

	assert_non_null(r);
	r->v9 = v9;
	for (uint32_t i = 0; i < ipfix_template_count(p); i++) {
		struct ipfix_template_info info = ipfix_template_at(p, i);
		struct wbuf w = wbuf_make(bytes, sizeof bytes);

		ipfix_template_put(p, i, &w);
		assert_false(w.failed);
		read_template_record(r, bytes, (size_t)(w.at - bytes), info.options);
		assert_int_equal(r->templates[i].id, info.id);
	}
	return r;
}

/* A data record, taken apart. */
struct read_record {
	const struct read_template *template;
	const uint8_t *at[READ_FIELDS_MAX];
	uint32_t len[READ_FIELDS_MAX];
};

/* The bytes of a record, which has to end where the template says. */
static inline struct read_record read_data_record(const struct reader *r, uint16_t id,
						  const uint8_t *p, size_t len)
{
	struct read_record out = {.template = reader_find(r, id)};
	const uint8_t *end = p + len;

	assert_non_null(out.template);
	for (unsigned int i = 0; i < out.template->n; i++) {
		out.len[i] = out.template->fields[i].width;
		if (out.len[i] == READ_VARIABLE) {
			out.len[i] = *p++;
			if (out.len[i] == 255) {
				out.len[i] = load_be16(p);
				p += 2;
			}
		}
		out.at[i] = p;
		p += out.len[i];
		assert_true(p <= end);
	}
	assert_ptr_equal(p, end);
	return out;
}

/* Where field number `nth` of that number is, -1: nowhere. */
static inline int place_of(const struct read_record *r, uint32_t pen, uint16_t id, unsigned int nth)
{
	for (unsigned int i = 0; i < r->template->n; i++)
		if (r->template->fields[i].pen == pen && r->template->fields[i].id == id &&
		    nth-- == 0)
			return (int)i;
	return -1;
}

static inline bool has_field(const struct read_record *r, uint32_t pen, uint16_t id)
{
	return place_of(r, pen, id, 0) >= 0;
}

static inline uint64_t number_at(const struct read_record *r, int place)
{
	uint64_t v = 0;

	assert_true(place >= 0);
	assert_true(r->len[place] <= 8);
	for (uint32_t i = 0; i < r->len[place]; i++)
		v = v << 8 | r->at[place][i];
	return v;
}

static inline uint64_t number_of(const struct read_record *r, uint32_t pen, uint16_t id)
{
	if (place_of(r, pen, id, 0) < 0)
		fail_msg("no field %u/%u", pen, id);
	return number_at(r, place_of(r, pen, id, 0));
}

static inline void assert_bytes(const struct read_record *r, uint32_t pen, uint16_t id,
				const void *bytes, size_t len)
{
	int place = place_of(r, pen, id, 0);

	assert_true(place >= 0);
	assert_int_equal(r->len[place], len);
	assert_memory_equal(r->at[place], bytes, len);
}

static inline void assert_text(const struct read_record *r, uint32_t pen, uint16_t id,
			       const char *text)
{
	assert_bytes(r, pen, id, text, strlen(text));
}

/* A record through a profile and back; the bytes are kept until the next one. */
static inline struct read_record through(const struct ipfix_profile *p, const struct reader *reader,
					 struct flow_record r)
{
	static uint8_t bytes[RECORD_BYTES_MAX];
	struct wbuf w = wbuf_make(bytes, sizeof bytes);
	uint16_t id = ipfix_record_put(p, &w, &r);

	assert_true(id >= 256);
	return read_data_record(reader, id, bytes, (size_t)(w.at - bytes));
}

/* Record i of a report, as `through`. */
static inline struct read_record report_through(const struct ipfix_profile *p,
						const struct reader *reader,
						enum ipfix_report report, uint32_t i,
						const struct ipfix_numbers *n)
{
	static uint8_t bytes[RECORD_BYTES_MAX];
	struct wbuf w = wbuf_make(bytes, sizeof bytes);
	uint16_t id = ipfix_report_put(p, report, i, n, &w);

	assert_true(id >= 256);
	return read_data_record(reader, id, bytes, (size_t)(w.at - bytes));
}
