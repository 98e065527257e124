/* SPDX-License-Identifier: BSD-3-Clause */
/* UTF-8, and how far one word is from another. */
#include "core/words.h"

#include "core/limits.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

unsigned int utf8_sequence(const uint8_t *p, size_t n)
{
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return n >= 2 && is_continuation(p[1]) ? 2 : 0;
	if ((p[0] & 0xf0) == 0xe0) {
		if (n < 3 || !is_continuation(p[1]) || !is_continuation(p[2]))
			return 0;
		if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
			return 0;
		return 3;
	}
	if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		if (n < 4 || !is_continuation(p[1]) || !is_continuation(p[2]) ||
		    !is_continuation(p[3]))
			return 0;
		if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

void words_make_printable(char *text)
{
	for (size_t n = strlen(text), len; n; text += len, n -= len) {
		len = utf8_sequence((const uint8_t *)text, n);
		/* Below U+00A0 are control characters once more. */
		if (len > 1 && !(text[0] == '\xC2' && (unsigned char)text[1] < 0xA0))
			continue;
		if (len != 1 || iscntrl((unsigned char)*text))
			*text = '?';
		len = 1;
	}
}

static bool same_letter(char a, char b, bool any_case)
{
	if (any_case && tolower((unsigned char)a) == tolower((unsigned char)b))
		return true;
	return a == b || ((a == '-' || a == '_') && (b == '-' || b == '_'));
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * Letters to insert, remove, replace or swap with their neighbour (optimal string alignment) to get
 * from one word to the other; words longer than any name are infinitely far.
 */
static unsigned int word_distance(const char *a, const char *b, bool any_case)
{
	unsigned int rows[3][NAME_BYTES_MAX + 1];
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a > NAME_BYTES_MAX || len_b > NAME_BYTES_MAX)
		return UINT32_MAX;
	for (size_t j = 0; j <= len_b; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= len_a; i++) {
		unsigned int *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= len_b; j++) {
			row[j] = least(up[j - 1] + !same_letter(a[i - 1], b[j - 1], any_case),
				       least(row[j - 1], up[j]) + 1);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2], any_case) &&
			    same_letter(a[i - 2], b[j - 1], any_case))
				row[j] = least(row[j], up2[j - 2] + 1);
		}
	}
	return rows[len_a % 3][len_b];
}

static bool begins(const char *word, const char *wanted, bool any_case)
{
	size_t len = strlen(wanted);

	if (len < 3)
		return false;
	return (any_case ? strncasecmp(wanted, word, len) : strncmp(wanted, word, len)) == 0;
}

bool nearest_word_offer(struct nearest_word *n, const char *wanted, const char *word)
{
	unsigned int distance = word_distance(wanted, word, n->any_case);

	if (distance > (strlen(word) + 2) / 3 && !begins(word, wanted, n->any_case))
		return false;
	if (n->word && distance >= n->distance)
		return false;
	n->word = word;
	n->distance = distance;
	return true;
}
