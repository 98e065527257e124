/* SPDX-License-Identifier: BSD-3-Clause */
/* What people wrote: whether it is text, how to show it, and which known word it is nearest to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Length in bytes of the well-formed UTF-8 sequence at p, of n > 0 bytes (RFC 3629: no surrogates,
 * no overlong forms); 0 when there is none and one byte is to be replaced.
 */
unsigned int utf8_sequence(const uint8_t *p, size_t n);

/* Whatever a file or an argument held, the terminal gets text: the rest becomes question marks. */
void words_make_printable(char *text);

/*
 * The nearest word so far, begun as all zero: near is a third of its letters wrong at most, or its
 * beginning. '-' and '_' are the same letter, with any_case capitals and small ones, too.
 */
struct nearest_word {
	bool any_case;
	const char *word; /* NULL: none was near */
	unsigned int distance;
};

/*
 * Compares one more word with what was wanted; true when it is the nearest from now on. word must
 * live as long as n does. Words of more than NAME_BYTES_MAX bytes are never near.
 */
bool nearest_word_offer(struct nearest_word *n, const char *wanted, const char *word);
