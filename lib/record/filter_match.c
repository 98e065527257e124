/* SPDX-License-Identifier: BSD-3-Clause */
/* A compiled filter on a record. */
#include <string.h>
#include <strings.h>

#include "record/filter.h"

static bool compare(uint64_t value, enum filter_operator how, uint64_t wanted)
{
	switch (how) {
	case FILTER_EQUAL:
		return value == wanted;
	case FILTER_NOT_EQUAL:
		return value != wanted;
	case FILTER_LESS:
		return value < wanted;
	case FILTER_LESS_EQUAL:
		return value <= wanted;
	case FILTER_MORE:
		return value > wanted;
	case FILTER_MORE_EQUAL:
		return value >= wanted;
	case FILTER_CONTAINS:
		break;
	}
	return false;
}

static bool is_within(const uint8_t *address, const struct filter_node *n)
{
	const unsigned int bytes = n->prefix_bits / 8, bits = n->prefix_bits % 8;

	if (memcmp(address, n->address, bytes) != 0)
		return false;
	return !bits || (address[bytes] ^ n->address[bytes]) >> (8 - bits) == 0;
}

static bool contains(const char *text, const char *wanted)
{
	const size_t len = strlen(wanted);

	for (; *text; text++)
		if (strncasecmp(text, wanted, len) == 0)
			return true;
	return !len;
}

/* The application "TLS.Google" is itself, TLS, and Google. */
static bool is_text(enum field_form form, const char *text, const char *wanted)
{
	const char *dot = strchr(text, '.');
	const size_t len = strlen(wanted);

	if (strcasecmp(text, wanted) == 0)
		return true;
	if (!dot || form != FIELD_APPLICATION)
		return false;
	if ((size_t)(dot - text) == len && strncasecmp(text, wanted, len) == 0)
		return true;
	return strcasecmp(dot + 1, wanted) == 0;
}

static bool matches_text(const struct filter *f, const struct filter_node *n,
			 const struct flow_record *r)
{
	const char *text = n->field->text(r), *wanted = f->texts + n->text;

	switch (n->how) {
	case FILTER_CONTAINS:
		return contains(text, wanted);
	case FILTER_NOT_EQUAL:
		return !is_text(n->field->form, text, wanted);
	default:
		return is_text(n->field->form, text, wanted);
	}
}

static bool matches_field(const struct filter *f, const struct filter_node *n,
			  const struct field *field, const struct flow_record *r)
{
	const bool negated = n->how == FILTER_NOT_EQUAL;

	if (!field->is_known(r))
		return false;
	switch (field->form) {
	case FIELD_TEXT:
	case FIELD_APPLICATION:
		return matches_text(f, n, r);
	case FIELD_ADDRESS:
		/* The other family is another address. */
		if (r->ip_version != n->ip_version)
			return negated;
		return is_within(field->address(r), n) != negated;
	case FIELD_MAC:
		return (memcmp(field->address(r), n->address, 6) == 0) != negated;
	default:
		return compare(field->number(r), n->how, n->number);
	}
}

/* Of either end: one that matches will do, and both must differ. */
static bool matches_term(const struct filter *f, const struct filter_node *n,
			 const struct flow_record *r)
{
	const bool first = matches_field(f, n, n->field, r);

	if (!n->field->other || first == (n->how != FILTER_NOT_EQUAL))
		return first;
	return matches_field(f, n, n->field->other, r);
}

/* As deep as the tree, which has FILTER_NODES_MAX nodes. */
static bool matches_node(const struct filter *f, uint8_t at, const struct flow_record *r)
{
	const struct filter_node *n = &f->nodes[at];

	switch (n->kind) {
	case FILTER_AND:
		return matches_node(f, n->left, r) && matches_node(f, n->right, r);
	case FILTER_OR:
		return matches_node(f, n->left, r) || matches_node(f, n->right, r);
	case FILTER_NOT:
		return !matches_node(f, n->left, r);
	case FILTER_TERM:
		break;
	}
	return matches_term(f, n, r);
}

bool filter_matches(const struct filter *f, const struct flow_record *r)
{
	return !f->n || matches_node(f, f->root, r);
}

bool filter_uses(const struct filter *f, const char *key)
{
	for (unsigned int i = 0; i < f->n; i++)
		if (f->nodes[i].kind == FILTER_TERM && strcmp(f->nodes[i].field->key, key) == 0)
			return true;
	return false;
}
