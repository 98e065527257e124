/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which records somebody wants to see, in words:
 *
 *   src_ip == 10.0.0.0/8 and dst_port == 443 and bytes > 1M
 *   l7_proto == tls or (server_name ~ "example" and not proto == udp)
 *
 * A term is KEY OPERATOR VALUE with a key of elements.def (or ip, port, total_bytes, total_packets,
 * duration) and one of == = != < <= > >= and ~ (contains). Numbers may be hexadecimal (0x1f) or end
 * in k, M, G, T (powers of 1024), durations in ms, s, m, h; times are 2026-11-21T15:04:05Z;
 * addresses may be prefixes; texts are
 * compared without regard to case, an application also by either part of its name. A term whose
 * value is not known is false. not binds before and, and before or; && || ! are the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "record/fields.h"

enum filter_operator {
	FILTER_EQUAL,
	FILTER_NOT_EQUAL,
	FILTER_LESS,
	FILTER_LESS_EQUAL,
	FILTER_MORE,
	FILTER_MORE_EQUAL,
	FILTER_CONTAINS,
};

enum filter_node_kind { FILTER_TERM, FILTER_AND, FILTER_OR, FILTER_NOT };

struct filter_node {
	enum filter_node_kind kind;
	uint8_t left, right; /* nodes; NOT has a left one */
	enum filter_operator how;
	const struct field *field;
	uint64_t number;
	uint8_t address[16];
	uint8_t ip_version, prefix_bits;
	uint16_t text; /* where in .texts it begins */
};

struct filter {
	unsigned int n; /* nodes; 0: everything matches */
	uint8_t root;
	struct filter_node nodes[FILTER_NODES_MAX];
	char texts[FILTER_BYTES_MAX + FILTER_NODES_MAX];
	size_t texts_len;
};

/* What the records at hand cannot say, and why a filter was refused. */
struct filter_scope {
	uint64_t missing_sources; /* bits of enum element_source */
	uint32_t missing_groups;  /* bits of enum element_group */
};

struct filter_error {
	char text[160]; /* one line */
	size_t at;	/* bytes before the place */
};

/*
 * Reads an expression; an empty one lets everything through. 0, or -EINVAL with the place and the
 * reason. Allocates nothing; any thread.
 */
int filter_compile(struct filter *f, const char *text, const struct filter_scope *scope,
		   struct filter_error *error);

/* Whether a record is wanted. Any thread. */
bool filter_matches(const struct filter *f, const struct flow_record *r);

/* Whether any term asks for this key. */
bool filter_uses(const struct filter *f, const char *key);
