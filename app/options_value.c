/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers with units, choices, CPU lists and strings, read strictly: what is not understood to its
 * last character is refused with the reason.
 */
#include "options_value.h"

#include "core/bytes.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first; the nameless one is what a bare number means. */
static const struct unit duration_units[] = {
	{"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000}, {"ms", 1000000},
	{"us", 1000},	      {"ns", 1},	  {"", 1000000000},  {NULL, 0},
};
static const struct unit size_units[] = {
	{"T", 1ULL << 40}, {"G", 1ULL << 30}, {"M", 1ULL << 20},
	{"k", 1ULL << 10}, {"", 1},	      {NULL, 0},
};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

enum number_fault {
	NUMBER_OK,
	NUMBER_NONE,
	NUMBER_NEGATIVE,
	NUMBER_FRACTION,
	NUMBER_UNIT,
	NUMBER_TOO_LARGE,
	NUMBER_RANGE,
};

static const char *const fault_texts[] = {
	[NUMBER_NEGATIVE] = "is negative",     [NUMBER_FRACTION] = "has a fraction",
	[NUMBER_UNIT] = "has an unknown unit", [NUMBER_TOO_LARGE] = "is too large for any number",
	[NUMBER_RANGE] = "is out of range",
};

static enum number_fault number_parse(uint64_t *value, const char *text, const struct unit *units)
{
	uint64_t v = 0;
	const char *p = text;

	if (*p == '-' && isdigit((unsigned char)p[1]))
		return NUMBER_NEGATIVE;
	if (!isdigit((unsigned char)*p))
		return NUMBER_NONE;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return NUMBER_TOO_LARGE;
	if (*p == '.' || *p == ',')
		return NUMBER_FRACTION;
	while (units->name && strcasecmp(units->name, p) != 0)
		units++;
	if (!units->name)
		return NUMBER_UNIT;
	if (__builtin_mul_overflow(v, units->factor, &v))
		return NUMBER_TOO_LARGE;
	*value = v;
	return NUMBER_OK;
}

static int number_errno(enum number_fault fault)
{
	if (fault == NUMBER_OK)
		return 0;
	return fault == NUMBER_TOO_LARGE ? -ERANGE : -EINVAL;
}

int duration_parse(uint64_t *ns, const char *text)
{
	return number_errno(number_parse(ns, text, duration_units));
}

int size_parse(uint64_t *bytes, const char *text)
{
	return number_errno(number_parse(bytes, text, size_units));
}

static char *number_format(uint64_t value, const struct unit *units, char *text, size_t len)
{
	while (units->factor > 1 && (value == 0 || value % units->factor != 0))
		units++;
	snprintf(text, len, "%" PRIu64 "%s", value / units->factor, units->name);
	return text;
}

char *duration_format(uint64_t ns, char *text, size_t len)
{
	if (ns == 0)
		snprintf(text, len, "0s");
	else
		number_format(ns, duration_units, text, len);
	return text;
}

char *size_format(uint64_t bytes, char *text, size_t len)
{
	return number_format(bytes, size_units, text, len);
}

static const struct unit *setting_units(const struct setting *s)
{
	switch (s->kind) {
	case SETTING_DURATION:
		return duration_units;
	case SETTING_COUNT:
	case SETTING_SIZE:
		return size_units;
	default:
		return no_units;
	}
}

static const char *setting_noun(const struct setting *s)
{
	switch (s->kind) {
	case SETTING_DURATION:
		return "duration";
	case SETTING_SIZE:
		return "size";
	default:
		return "number";
	}
}

static char *value_format(const struct setting *s, uint64_t value, char *text, size_t len)
{
	if (s->kind == SETTING_DURATION)
		return duration_format(value, text, len);
	return number_format(value, setting_units(s), text, len);
}

static char *choices_allowed(const struct setting *s, char *text, size_t len)
{
	size_t used = 0;

	text[0] = '\0';
	for (const char *const *w = s->words; *w && used < len; w++) {
		const char *joint = w == s->words ? "" : w[1] ? ", " : " or ";

		used += (size_t)snprintf(text + used, len - used, "%s%s", joint, *w);
	}
	return text;
}

static const char *number_example(const struct setting *s)
{
	switch (s->kind) {
	case SETTING_DURATION:
		return ", such as 250ms, 30s, 2m, 1h";
	case SETTING_COUNT:
	case SETTING_SIZE:
		return ", such as 64k, 1M (k is 1024)";
	default:
		return "";
	}
}

char *setting_allowed(const struct setting *s, char *text, size_t len)
{
	char min[32], max[32];

	switch (s->kind) {
	case SETTING_BOOL:
		snprintf(text, len, "yes or no");
		return text;
	case SETTING_CHOICE:
		return choices_allowed(s, text, len);
	case SETTING_STRING:
		snprintf(text, len, "at most %zu printable bytes", s->len_bytes - 1);
		return text;
	case SETTING_CPUS:
		snprintf(text, len, "auto, or at most %u CPU numbers from 0 to %u, such as 2-5,8",
			 LANES_MAX, CPU_NUMBER_MAX);
		return text;
	default:
		snprintf(text, len, "%s%s%s to %s%s", s->zero ? s->zero : "",
			 s->zero ? ", or " : "", value_format(s, s->min, min, sizeof min),
			 value_format(s, s->max, max, sizeof max), number_example(s));
		return text;
	}
}

/* Writes "'text' <what>; allowed: <what>". Always -EINVAL. */
static int refuse(const struct setting *s, const char *text, const char *what, struct wbuf *error)
{
	char allowed[VALUE_ALLOWED_MAX];
	size_t room = wbuf_room(error);

	/* A long value would push out what is allowed. */
	if (room)
		snprintf((char *)error->at, room, "'%.80s%s' %s; allowed: %s", text,
			 strlen(text) > 80 ? "..." : "", what,
			 setting_allowed(s, allowed, sizeof allowed));
	return -EINVAL;
}

static int parse_bool(const struct setting *s, bool *value, const char *text, struct wbuf *error)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (unsigned int i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcasecmp(words[i], text) == 0) {
			*value = i & 1;
			return 0;
		}
	}
	return refuse(s, text, "is neither yes nor no", error);
}

static int parse_choice(const struct setting *s, void *value, const char *text, struct wbuf *error)
{
	for (unsigned int i = 0; s->words[i]; i++) {
		if (strcasecmp(s->words[i], text) == 0) {
			memcpy(value, &i, sizeof i);
			return 0;
		}
	}
	return refuse(s, text, "is none of the choices", error);
}

static int parse_string(const struct setting *s, char *value, const char *text, struct wbuf *error)
{
	if (strlen(text) >= s->len_bytes)
		return refuse(s, text, "is too long", error);
	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return refuse(s, text, "has a control character", error);
	/* The rest becomes zero, so that equal settings are equal bytes. */
	memset(value, 0, s->len_bytes);
	memcpy(value, text, strlen(text));
	return 0;
}

/* One "N" or "N-M" at p; moves p behind it. */
static const char *parse_cpu_range(const char *p, unsigned int *first, unsigned int *last)
{
	unsigned int *bounds[] = {first, last};

	for (unsigned int i = 0; i < 2; i++) {
		unsigned int v = 0;

		if (!isdigit((unsigned char)*p))
			return NULL;
		for (; isdigit((unsigned char)*p) && v <= CPU_NUMBER_MAX; p++)
			v = v * 10 + (unsigned int)(*p - '0');
		if (v > CPU_NUMBER_MAX)
			return NULL;
		*bounds[i] = v;
		*last = v;
		if (i == 0 && *p != '-')
			return p;
		p += i == 0;
	}
	return *first <= *last ? p : NULL;
}

static const char *cpus_add(struct options_cpus *c, unsigned int first, unsigned int last)
{
	for (unsigned int cpu = first; cpu <= last; cpu++) {
		for (unsigned int i = 0; i < c->n; i++)
			if (c->cpu[i] == cpu)
				return "names a CPU twice";
		if (c->n == LANES_MAX)
			return "names too many CPUs";
		c->cpu[c->n++] = (uint16_t)cpu;
	}
	return NULL;
}

static int parse_cpus(const struct setting *s, struct options_cpus *value, const char *text,
		      struct wbuf *error)
{
	struct options_cpus c = {0};
	const char *p = strcasecmp(text, "auto") == 0 || !*text ? "" : text;

	while (*p) {
		unsigned int first, last;
		const char *what;

		p = parse_cpu_range(p, &first, &last);
		if (!p || (*p && *p != ',') || (*p == ',' && !p[1]))
			return refuse(s, text, "is not a list of CPU numbers", error);
		what = cpus_add(&c, first, last);
		if (what)
			return refuse(s, text, what, error);
		p += *p == ',';
	}
	*value = c;
	return 0;
}

static int parse_number(const struct setting *s, void *value, const char *text, struct wbuf *error)
{
	enum number_fault fault = NUMBER_OK;
	uint64_t v = 0;
	uint32_t narrow;
	char what[32];

	if (!s->zero || strcasecmp(s->zero, text) != 0)
		fault = number_parse(&v, text, setting_units(s));
	if (fault == NUMBER_OK && !(s->zero && v == 0) && (v < s->min || v > s->max))
		fault = NUMBER_RANGE;
	if (fault == NUMBER_NONE) {
		snprintf(what, sizeof what, "is not a %s", setting_noun(s));
		return refuse(s, text, what, error);
	}
	if (fault != NUMBER_OK)
		return refuse(s, text, fault_texts[fault], error);
	narrow = (uint32_t)v;
	memcpy(value, s->len_bytes == 4 ? (void *)&narrow : (void *)&v, s->len_bytes);
	return 0;
}

int setting_parse(const struct setting *s, void *base, const char *text, char *error,
		  size_t error_len)
{
	void *value = (char *)base + s->offset;
	struct wbuf w = wbuf_make(error, error_len);

	switch (s->kind) {
	case SETTING_BOOL:
		return parse_bool(s, value, text, &w);
	case SETTING_CHOICE:
		return parse_choice(s, value, text, &w);
	case SETTING_STRING:
		return parse_string(s, value, text, &w);
	case SETTING_CPUS:
		return parse_cpus(s, value, text, &w);
	default:
		return parse_number(s, value, text, &w);
	}
}

/* Runs of neighbours become ranges; the order is kept, since it says which lane runs where. */
static char *format_cpus(const struct options_cpus *c, char *text, size_t len)
{
	size_t used = 0;

	snprintf(text, len, "auto");
	for (unsigned int i = 0, end; i < c->n && used < len; i = end) {
		end = i + 1;
		while (end < c->n && c->cpu[end] == c->cpu[end - 1] + 1)
			end++;
		used += (size_t)snprintf(text + used, len - used, "%s%u", i ? "," : "", c->cpu[i]);
		if (end > i + 1 && used < len)
			used += (size_t)snprintf(text + used, len - used, "-%u", c->cpu[end - 1]);
	}
	return text;
}

char *setting_format(const struct setting *s, const void *base, char *text, size_t len)
{
	const void *value = (const char *)base + s->offset;
	uint64_t v = 0;
	uint32_t narrow;

	switch (s->kind) {
	case SETTING_BOOL:
		snprintf(text, len, "%s", *(const bool *)value ? "yes" : "no");
		return text;
	case SETTING_CHOICE:
		memcpy(&narrow, value, sizeof narrow);
		snprintf(text, len, "%s", s->words[narrow]);
		return text;
	case SETTING_STRING:
		snprintf(text, len, "%s", (const char *)value);
		return text;
	case SETTING_CPUS:
		return format_cpus(value, text, len);
	default:
		memcpy(&v, value, s->len_bytes); /* the host is little-endian, core/bytes.h insists
						  */
		if (v == 0 && s->zero)
			snprintf(text, len, "%s", s->zero);
		else
			value_format(s, v, text, len);
		return text;
	}
}

bool setting_is_same(const struct setting *s, const void *a, const void *b)
{
	char one[VALUE_TEXT_MAX], other[VALUE_TEXT_MAX];

	setting_format(s, a, one, sizeof one);
	setting_format(s, b, other, sizeof other);
	return strcmp(one, other) == 0;
}
