/* SPDX-License-Identifier: BSD-3-Clause */
/* Words to a tree, by recursive descent: every step takes bytes or ends, and depth is bounded. */
#include "record/filter.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct token {
	const char *at;
	size_t len;   /* 0: the end of the text */
	bool is_word; /* else an operator or a parenthesis */
	bool quoted;  /* at and len are what is inside */
};

struct reader {
	struct filter *f;
	const struct filter_scope *scope;
	struct filter_error *error;
	const char *text;
	const char *next; /* behind the token */
	struct token token;
	unsigned int depth;
	bool failed;
};

static __attribute__((format(printf, 3, 4))) int fail(struct reader *r, const char *at,
						      const char *format, ...)
{
	va_list args;

	if (r->failed)
		return -EINVAL;
	r->failed = true;
	r->error->at = (size_t)(at - r->text);
	va_start(args, format);
	vsnprintf(r->error->text, sizeof r->error->text, format, args);
	va_end(args);
	return -EINVAL;
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.:/-*@", c)) || (c & 0x80);
}

static int next_quoted(struct reader *r, const char *p)
{
	const char *end = strchr(p + 1, '"');

	if (!end)
		return fail(r, p, "the quote that begins here has no end");
	r->token = (struct token){
		.at = p + 1, .len = (size_t)(end - p - 1), .is_word = true, .quoted = true};
	r->next = end + 1;
	return 0;
}

/* The next token; the end of the text is one without bytes. */
static int next(struct reader *r)
{
	static const char *const two[] = {"==", "!=", "<=", ">=", "&&", "||"};
	const char *p = r->next;

	while (isspace((unsigned char)*p))
		p++;
	r->token = (struct token){.at = p};
	if (*p == '"')
		return next_quoted(r, p);
	while (is_word_byte(p[r->token.len]))
		r->token.len++;
	r->token.is_word = r->token.len > 0;
	for (unsigned int i = 0; !r->token.len && i < sizeof two / sizeof two[0]; i++)
		if (strncmp(p, two[i], 2) == 0)
			r->token.len = 2;
	if (!r->token.len && *p) {
		if (!strchr("()=<>!~", *p))
			return fail(r, p, "this character means nothing here");
		r->token.len = 1;
	}
	r->next = p + r->token.len;
	return 0;
}

static bool token_is(const struct reader *r, const char *text)
{
	return !r->token.quoted && strlen(text) == r->token.len &&
	       strncasecmp(r->token.at, text, r->token.len) == 0;
}

static struct filter_node *add_node(struct reader *r, enum filter_node_kind kind)
{
	struct filter_node *n;

	if (r->f->n == FILTER_NODES_MAX) {
		fail(r, r->token.at, "too long: at most %d terms and connectives",
		     FILTER_NODES_MAX);
		return NULL;
	}
	n = &r->f->nodes[r->f->n++];
	*n = (struct filter_node){.kind = kind};
	return n;
}

static uint8_t node_number(const struct reader *r, const struct filter_node *n)
{
	return (uint8_t)(n - r->f->nodes);
}

/* ---- values ---- */

/* The token as a string of C, empty when it is longer. */
static const char *token_text(const struct reader *r, char *text, size_t len)
{
	snprintf(text, len, "%.*s", r->token.len < len ? (int)r->token.len : 0, r->token.at);
	return text;
}

struct suffix {
	const char *text;
	uint64_t factor;
};

static const struct suffix sizes[] = {
	{"", 1},	   {"k", 1ULL << 10}, {"M", 1ULL << 20},
	{"G", 1ULL << 30}, {"T", 1ULL << 40}, {NULL, 0},
};
static const struct suffix durations[] = {
	{"", 1000000000ULL},
	{"ns", 1},
	{"us", 1000},
	{"ms", 1000000},
	{"s", 1000000000ULL},
	{"m", 60000000000ULL},
	{"h", 3600000000000ULL},
	{NULL, 0},
};

/* Digits and a suffix; false when it is none, or does not fit 64 bits. */
static bool read_number(const char *text, bool hex, const struct suffix *suffixes, uint64_t *out)
{
	const char *digits = strncasecmp(text, "0x", 2) == 0 ? text + 2 : text, *p = digits;
	const unsigned int base = digits != text || hex ? 16 : 10;
	uint64_t n = 0;

	for (; base == 16 ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p); p++) {
		const unsigned int digit = isdigit((unsigned char)*p) ?
						   (unsigned int)(*p - '0') :
						   (unsigned int)((*p | 0x20) - 'a' + 10);

		if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, digit, &n))
			return false;
	}
	if (p == digits)
		return false;
	for (; suffixes->text; suffixes++)
		if (strcasecmp(p, suffixes->text) == 0)
			return !__builtin_mul_overflow(n, suffixes->factor, out);
	return false;
}

static int value_address(struct reader *r, struct filter_node *n)
{
	char text[64], *slash;
	unsigned int bits;

	token_text(r, text, sizeof text);
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	n->ip_version = strchr(text, ':') ? 6 : 4;
	bits = n->ip_version == 6 ? 128 : 32;
	if (inet_pton(n->ip_version == 6 ? AF_INET6 : AF_INET, text, n->address) != 1)
		return fail(r, r->token.at, "\"%.*s\" is no IP address", (int)r->token.len,
			    r->token.at);
	n->prefix_bits = (uint8_t)bits;
	if (slash) {
		uint64_t wanted;
		static const struct suffix none[] = {{"", 1}, {NULL, 0}};

		if (!read_number(slash, false, none, &wanted) || wanted > bits)
			return fail(r, r->token.at, "a prefix of this address has 0 to %u bits",
				    bits);
		n->prefix_bits = (uint8_t)wanted;
	}
	return 0;
}

static int value_mac(struct reader *r, struct filter_node *n)
{
	char text[32];
	int used = 0;

	token_text(r, text, sizeof text);
	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &n->address[0], &n->address[1],
		   &n->address[2], &n->address[3], &n->address[4], &n->address[5], &used) != 6 ||
	    text[used])
		return fail(r, r->token.at, "\"%.*s\" is no MAC address such as 02:00:00:00:00:01",
			    (int)r->token.len, r->token.at);
	return 0;
}

static int value_text(struct reader *r, struct filter_node *n)
{
	/* Each term has one, so that they fit; the bytes are those of the expression. */
	n->text = (uint16_t)r->f->texts_len;
	memcpy(r->f->texts + r->f->texts_len, r->token.at, r->token.len);
	r->f->texts_len += r->token.len;
	r->f->texts[r->f->texts_len++] = '\0';
	return 0;
}

/* One of the names of a set; -1 = none. */
static int named(const struct reader *r, const struct field *field)
{
	if (field->form == FIELD_PROTOCOL)
		return protocol_number(r->token.at, r->token.len);
	for (int i = 0; field->form == FIELD_END_REASON && i < END_N; i++)
		if (token_is(r, end_reason_name((enum end_reason)i)))
			return i;
	for (int i = 1; field->form == FIELD_TUNNEL && i < TUNNEL_N; i++)
		if (token_is(r, tunnel_type_name((enum tunnel_type)i)))
			return i;
	return -1;
}

static int value_number(struct reader *r, struct filter_node *n)
{
	const enum field_form form = n->field->form;
	const int by_name = named(r, n->field);
	char text[64];

	token_text(r, text, sizeof text);
	if (by_name >= 0)
		n->number = (uint64_t)by_name;
	else if (form == FIELD_END_REASON || form == FIELD_TUNNEL)
		return fail(r, r->token.at, "\"%.*s\" is no value of %s", (int)r->token.len,
			    r->token.at, n->field->key);
	else if (form == FIELD_DURATION && !read_number(text, false, durations, &n->number))
		return fail(r, r->token.at, "a duration is 250ms, 30s, 2m or 1h");
	else if (form != FIELD_DURATION && !read_number(text, form == FIELD_HEX, sizes, &n->number))
		return fail(r, r->token.at,
			    form == FIELD_PROTOCOL ? "no protocol has this name or number" :
						     "%s needs a number such as 443 or 10M",
			    n->field->key);
	return 0;
}

/* 2026-11-21T15:04:05Z, as records have it; the seconds may have a fraction, of up to 9 digits. */
static int value_time(struct reader *r, struct filter_node *n)
{
	uint64_t unit = 1000000000;
	struct tm tm = {0};
	const char *end;
	char text[40];

	token_text(r, text, sizeof text);
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (end && *end == '.')
		for (end++; isdigit((unsigned char)*end) && unit > 1; end++) {
			unit /= 10;
			n->number += unit * (uint64_t)(*end - '0');
		}
	if (!end || strcmp(end, "Z") != 0)
		return fail(r, r->token.at, "a time is 2026-11-21T15:04:05Z");
	n->number += (uint64_t)timegm(&tm) * 1000000000;
	return 0;
}

static int value(struct reader *r, struct filter_node *n)
{
	if (!r->token.is_word)
		return fail(r, r->token.at, "a value of %s is missing here", n->field->key);
	switch (n->field->form) {
	case FIELD_TEXT:
	case FIELD_APPLICATION:
		return value_text(r, n);
	case FIELD_ADDRESS:
		return value_address(r, n);
	case FIELD_MAC:
		return value_mac(r, n);
	case FIELD_TIME:
		return value_time(r, n);
	default:
		return value_number(r, n);
	}
}

/* ---- terms and connectives ---- */

static int key(struct reader *r, const struct field **out)
{
	const struct field *field = field_find(r->token.at, r->token.len);
	const char *nearest;

	if (!r->token.is_word || r->token.quoted)
		return fail(r, r->token.at,
			    r->token.len ? "a key such as src_ip belongs here" :
					   "something is missing at the end");
	if (!field) {
		nearest = field_nearest(r->token.at, r->token.len);
		return fail(r, r->token.at, "no key \"%.*s\"%s%s%s",
			    r->token.len < NAME_BYTES_MAX ? (int)r->token.len : NAME_BYTES_MAX,
			    r->token.at, nearest ? "; is it " : "", nearest ? nearest : "",
			    nearest ? "?" : "");
	}
	if (field->form == FIELD_OTHER)
		return fail(r, r->token.at, "%s cannot be compared", field->key);
	if (r->scope->missing_sources >> field->source & 1 ||
	    r->scope->missing_groups >> field->group & 1)
		return fail(r, r->token.at, "%s is not known before the flow ends", field->key);
	*out = field;
	return 0;
}

static int comparison(struct reader *r, const struct field *field, enum filter_operator *out)
{
	static const char *const texts[] = {"==", "!=", "<", "<=", ">", ">=", "~"};
	const bool is_text = field->form == FIELD_TEXT || field->form == FIELD_APPLICATION;
	const bool ordered = field->form == FIELD_NUMBER || field->form == FIELD_DURATION ||
			     field->form == FIELD_TIME;
	int found = token_is(r, "=") ? FILTER_EQUAL : -1;

	for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++)
		if (token_is(r, texts[i]))
			found = i;
	if (found < 0)
		return fail(r, r->token.at, "%s is followed by ==, !=, <, <=, >, >= or ~",
			    field->key);
	if (found == FILTER_CONTAINS && !is_text)
		return fail(r, r->token.at, "~ is for texts, %s is none", field->key);
	if (found >= FILTER_LESS && found <= FILTER_MORE_EQUAL && !ordered)
		return fail(r, r->token.at, "%s has no order: only == and != compare it%s",
			    field->key, is_text ? ", and ~" : "");
	*out = (enum filter_operator)found;
	return 0;
}

static int term(struct reader *r, uint8_t *out)
{
	struct filter_node *n = add_node(r, FILTER_TERM);
	int rc = n ? key(r, &n->field) : -EINVAL;

	if (rc == 0)
		rc = next(r);
	if (rc == 0)
		rc = comparison(r, n->field, &n->how);
	if (rc == 0)
		rc = next(r);
	if (rc == 0)
		rc = value(r, n);
	if (rc == 0)
		rc = next(r);
	if (rc == 0)
		*out = node_number(r, n);
	return rc;
}

static int any_of(struct reader *r, uint8_t *out);

static int in_parentheses(struct reader *r, uint8_t *out)
{
	const char *began = r->token.at;
	int rc = next(r);

	if (rc == 0)
		rc = any_of(r, out);
	if (rc == 0 && !token_is(r, ")"))
		return fail(r, r->token.len ? r->token.at : began,
			    r->token.len ? "\")\", \"and\" or \"or\" belongs here" :
					   "the parenthesis that begins here has no end");
	return rc ? rc : next(r);
}

static int negation(struct reader *r, uint8_t *out)
{
	struct filter_node *n;
	int rc;

	if (++r->depth > FILTER_DEPTH_MAX)
		return fail(r, r->token.at, "nested deeper than %d", FILTER_DEPTH_MAX);
	if (token_is(r, "not") || token_is(r, "!")) {
		n = add_node(r, FILTER_NOT);
		rc = n ? next(r) : -EINVAL;
		if (rc == 0)
			rc = negation(r, &n->left);
		if (rc == 0)
			*out = node_number(r, n);
	} else {
		rc = token_is(r, "(") ? in_parentheses(r, out) : term(r, out);
	}
	r->depth--;
	return rc;
}

static int all_of(struct reader *r, uint8_t *out)
{
	int rc = negation(r, out);

	while (rc == 0 && (token_is(r, "and") || token_is(r, "&&"))) {
		struct filter_node *n = add_node(r, FILTER_AND);

		rc = n ? next(r) : -EINVAL;
		if (rc)
			break;
		n->left = *out;
		rc = negation(r, &n->right);
		*out = node_number(r, n);
	}
	return rc;
}

static int any_of(struct reader *r, uint8_t *out)
{
	int rc = all_of(r, out);

	while (rc == 0 && (token_is(r, "or") || token_is(r, "||"))) {
		struct filter_node *n = add_node(r, FILTER_OR);

		rc = n ? next(r) : -EINVAL;
		if (rc)
			break;
		n->left = *out;
		rc = all_of(r, &n->right);
		*out = node_number(r, n);
	}
	return rc;
}

int filter_compile(struct filter *f, const char *text, const struct filter_scope *scope,
		   struct filter_error *error)
{
	struct reader r = {.f = f, .scope = scope, .error = error, .text = text, .next = text};
	int rc;

	f->n = 0;
	f->texts_len = 0;
	*error = (struct filter_error){0};
	if (strlen(text) > FILTER_BYTES_MAX)
		return fail(&r, text + FILTER_BYTES_MAX, "longer than %d bytes", FILTER_BYTES_MAX);
	rc = next(&r);
	if (rc == 0 && !r.token.len && !r.token.quoted)
		return 0;
	if (rc == 0)
		rc = any_of(&r, &f->root);
	if (rc == 0 && (r.token.len || r.token.quoted))
		rc = fail(&r, r.token.at, "\"and\" or \"or\" belongs here");
	return rc;
}
