/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines, words and headers. */
#include "dpi/piece.h"

#include <string.h>
#include <strings.h>

bool piece_is(struct piece p, const char *word)
{
	return strlen(word) == p.len && memcmp(p.at, word, p.len) == 0;
}

bool piece_is_any_case(struct piece p, const char *word)
{
	return strlen(word) == p.len && strncasecmp(p.at, word, p.len) == 0;
}

bool piece_begins(struct piece p, const char *word)
{
	const size_t len = strlen(word);

	return len <= p.len && memcmp(p.at, word, len) == 0;
}

static const char *find(struct piece p, char c)
{
	return p.len ? memchr(p.at, c, p.len) : NULL;
}

/* From `at` on, which is inside of it or at its end. */
static struct piece from(struct piece p, const char *at)
{
	return (struct piece){at, p.len - (uint32_t)(at - p.at)};
}

struct piece piece_before(struct piece p, char c)
{
	const char *at = find(p, c);

	return at ? (struct piece){p.at, (uint32_t)(at - p.at)} : p;
}

struct piece piece_behind(struct piece p, char c)
{
	const char *at = find(p, c);

	return at ? from(p, at + 1) : from(p, p.at + p.len);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct piece piece_trim(struct piece p)
{
	while (p.len && is_blank(*p.at))
		p = from(p, p.at + 1);
	while (p.len && is_blank(p.at[p.len - 1]))
		p.len--;
	return p;
}

struct piece piece_find_any_case(struct piece p, const char *word)
{
	const size_t len = strlen(word);

	for (; p.len >= len; p = from(p, p.at + 1))
		if (strncasecmp(p.at, word, len) == 0)
			return p;
	return from(p, p.at + p.len);
}

/* What is before the next c, and c. */
static bool take_before(struct piece *rest, char c, struct piece *taken)
{
	const char *at = find(*rest, c);

	if (!at)
		return false;
	*taken = (struct piece){rest->at, (uint32_t)(at - rest->at)};
	*rest = from(*rest, at + 1);
	return true;
}

bool piece_take_word(struct piece *rest, struct piece *word)
{
	return take_before(rest, ' ', word);
}

bool piece_take_line(struct piece *rest, struct piece *line)
{
	if (!take_before(rest, '\n', line))
		return false;
	if (line->len && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool piece_take_header(struct piece *rest, struct piece_header *header, uint32_t *lines)
{
	struct piece line;

	while (*lines && piece_take_line(rest, &line) && line.len) {
		(*lines)--;
		if (!find(line, ':'))
			continue;
		header->name = piece_before(line, ':');
		header->value = piece_trim(piece_behind(line, ':'));
		return true;
	}
	return false;
}

uint32_t piece_number(struct piece p, uint32_t digits_max)
{
	uint32_t number = 0, n = 0;

	while (n < p.len && p.at[n] >= '0' && p.at[n] <= '9') {
		if (n == digits_max)
			return 0;
		number = number * 10 + (uint32_t)(p.at[n++] - '0');
	}
	return number;
}
