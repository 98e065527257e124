/* SPDX-License-Identifier: BSD-3-Clause */
/* Which fields an operator chose (fields = ...), and the numbers that they go by. */
#include "export/ipfix_internal.h"

#include "core/limits.h"
#include "core/words.h"

#include <errno.h>
#include <stdio.h>

static const char between_words[] = " \t,";

bool ipfix_number_of(const struct ipfix_options *o, enum element element, uint32_t *pen,
		     uint16_t *id)
{
	const struct element_info *e = element_info(element);
	uint32_t by_pen = e->pen, alias_pen;
	uint16_t by_id = e->ipfix_id, alias_id;
	bool v9 = o->version == IPFIX_NETFLOW9;

	if (!e->templates || (!o->biflow && element_is_reverse(element)))
		return false;
	if (element_alias(element, &alias_pen, &alias_id) &&
	    (v9 ? alias_pen == 0 : o->profile == PROFILE_NTOP)) {
		by_pen = alias_pen;
		by_id = alias_id;
	}
	/* No enterprises, no lengths; its samplers have other numbers. */
	if (v9 && (by_pen || element_wire_bytes(element, o->transactions) == VARIABLE ||
		   element == ELEMENT_SELECTOR_ID))
		return false;
	/* The list says itself which element it is of. */
	if (element_list_type(element, o->transactions)) {
		by_pen = 0;
		by_id = IPFIX_BASIC_LIST;
	}
	if ((by_pen == PEN_OWN || element == ELEMENT_L7_RISK_LIST) && !o->pen)
		return false;
	*pen = by_pen == PEN_OWN ? o->pen : by_pen;
	*id = by_id;
	return true;
}

static bool is_sendable(const struct ipfix_options *o, enum element element)
{
	uint32_t pen;
	uint16_t id;

	return ipfix_number_of(o, element, &pen, &id);
}

/* What a word means: an element is meant by it or not. */
struct meaning {
	bool all, profile_default;
	unsigned int group; /* GROUP_N: none */
	const char *key;
};

/* The list says the same, and both would be too many fields for tshark in some templates. */
static bool is_said_better(const struct ipfix_options *o, enum element element)
{
	return element == ELEMENT_L7_RISK && o->profile == PROFILE_FULL &&
	       is_sendable(o, ELEMENT_L7_RISK_LIST);
}

static bool is_meant(const struct ipfix_options *o, const struct meaning *m, enum element element)
{
	const struct element_info *e = element_info(element);

	if (m->all)
		return true;
	if (m->profile_default)
		return e->sent & 1U << o->profile && !is_said_better(o, element) &&
		       !SOURCE_IS_MISSING(e->source_id, o->missing_sources);
	if (m->group < GROUP_N)
		return e->group == m->group;
	return strcmp(e->key, m->key) == 0;
}

/* Adds what the word means, or takes it away; how many elements it meant that can be sent. */
static unsigned int apply(const struct ipfix_options *o, const struct meaning *m, bool add,
			  bool chosen[ELEMENT_N])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		enum element e = (enum element)i;

		if (!is_meant(o, m, e) || !is_sendable(o, e))
			continue;
		chosen[i] = add;
		n++;
	}
	return n;
}

static bool find_meaning(struct meaning *m, const char *word)
{
	*m = (struct meaning){.all = strcmp(word, "all") == 0,
			      .profile_default = strcmp(word, "default") == 0,
			      .group = GROUP_N};
	if (m->all || m->profile_default)
		return true;
	for (unsigned int g = 0; g < GROUP_N; g++)
		if (strcmp(element_group_name((enum element_group)g), word) == 0)
			m->group = g;
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		if (strcmp(element_info((enum element)i)->key, word) == 0)
			m->key = element_info((enum element)i)->key;
	return m->group < GROUP_N || m->key;
}

static int refuse_unknown(const char *word, char *error, size_t error_len)
{
	struct nearest_word nearest = {.any_case = true};

	for (unsigned int g = 0; g < GROUP_N; g++)
		nearest_word_offer(&nearest, word, element_group_name((enum element_group)g));
	for (unsigned int i = 0; i < ELEMENT_N; i++)
		nearest_word_offer(&nearest, word, element_info((enum element)i)->key);
	if (nearest.word)
		snprintf(error, error_len, "fields: there is no %s; did you mean %s?", word,
			 nearest.word);
	else
		snprintf(error, error_len,
			 "fields: there is no %s; write default, all, a group (basic, tcp, ...) or "
			 "a key of JSON",
			 word);
	return -EINVAL;
}

/* Why a field that was named cannot be sent. */
static int refuse_unsendable(const struct ipfix_options *o, const struct meaning *m, char *error,
			     size_t error_len)
{
	struct ipfix_options with_pen = *o, as_ipfix = *o, as_biflow = *o;
	bool none[ELEMENT_N] = {false};

	with_pen.pen = 1;
	as_ipfix.version = IPFIX_IPFIX;
	as_biflow.biflow = true;
	if (apply(&with_pen, m, true, none))
		snprintf(error, error_len,
			 "fields: %s has no number of anybody's; give one with pen = NUMBER",
			 m->key);
	else if (apply(&as_ipfix, m, true, none))
		snprintf(error, error_len, "fields: NetFlow version 9 cannot carry %s", m->key);
	else if (apply(&as_biflow, m, true, none))
		snprintf(error, error_len, "fields: %s needs biflow = yes", m->key);
	else
		snprintf(error, error_len, "fields: %s cannot be sent in this form", m->key);
	return -EINVAL;
}

static int choose_word(const struct ipfix_options *o, const char *word, bool chosen[ELEMENT_N],
		       char *error, size_t error_len)
{
	bool add = word[0] != '-';
	const char *name = word + (word[0] == '-' || word[0] == '+');
	struct meaning m;

	if (!find_meaning(&m, name))
		return refuse_unknown(name, error, error_len);
	if (!apply(o, &m, add, chosen) && add && m.key)
		return refuse_unsendable(o, &m, error, error_len);
	return 0;
}

/*
 * Two rows with one number: a processor that runs says it better than what is there without it, and
 * the other way round.
 */
static void choose_among_equals(const struct ipfix_options *o, bool chosen[ELEMENT_N])
{
	for (unsigned int i = 0; i < ELEMENT_N; i++) {
		const struct element_info *e = element_info((enum element)i);
		enum element other = element_by_ipfix(e->pen, e->ipfix_id);
		uint32_t pen, other_pen;
		uint16_t id, other_id;

		if (!e->again || !chosen[i] || !chosen[other] ||
		    !ipfix_number_of(o, (enum element)i, &pen, &id) ||
		    !ipfix_number_of(o, other, &other_pen, &other_id) || pen != other_pen ||
		    id != other_id || id == IPFIX_BASIC_LIST)
			continue;
		if (SOURCE_IS_MISSING(e->source_id, o->missing_sources))
			chosen[i] = false;
		else
			chosen[other] = false;
	}
}

int ipfix_fields_choose(const struct ipfix_options *o, bool chosen[ELEMENT_N], char *error,
			size_t error_len)
{
	const struct meaning whole = {.profile_default = true, .group = GROUP_N};
	const char *at = o->fields ? o->fields : "";

	memset(chosen, 0, ELEMENT_N * sizeof *chosen);
	at += strspn(at, between_words);
	if (*at == '\0' || *at == '-' || *at == '+')
		apply(o, &whole, true, chosen);
	while (*at) {
		char word[NAME_BYTES_MAX];
		size_t len = strcspn(at, between_words);
		int result;

		/* What is cut here is longer than any name: it stays unknown. */
		snprintf(word, sizeof word, "%.*s", (int)len, at);
		result = choose_word(o, word, chosen, error, error_len);
		if (result)
			return result;
		at += len;
		at += strspn(at, between_words);
	}
	choose_among_equals(o, chosen);
	return 0;
}
