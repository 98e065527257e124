/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pieces of the text in a packet, as protocols of lines and headers have it. A piece never reaches
 * beyond what was captured; nothing is changed or copied.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct piece {
	const char *at;
	uint32_t len;
};

struct piece_header {
	struct piece name, value; /* value without blanks around it */
};

/* The same bytes, or the same but for the case of ASCII letters. */
bool piece_is(struct piece p, const char *word);
bool piece_is_any_case(struct piece p, const char *word);
bool piece_begins(struct piece p, const char *word);

/* What is before the first c, or all of it. */
struct piece piece_before(struct piece p, char c);
/* What is behind the first c; empty when there is none. */
struct piece piece_behind(struct piece p, char c);
/* Without blanks, CR and LF around it. */
struct piece piece_trim(struct piece p);
/* Where the word is, in any case of its letters: from there to the end; empty when it is not. */
struct piece piece_find_any_case(struct piece p, const char *word);

/* Takes the word before the next blank, and the blank. false: there is no blank. */
bool piece_take_word(struct piece *rest, struct piece *word);
/* Takes the next line that is there with its end, which is LF or CRLF. false: there is none. */
bool piece_take_line(struct piece *rest, struct piece *line);
/*
 * Takes the next header (RFC 9112 5, RFC 3261 7.3); lines without a colon are left out. false: an
 * empty line was there, or the rest has no whole line; or lines, of which each one takes one, are
 * used up.
 */
bool piece_take_header(struct piece *rest, struct piece_header *header, uint32_t *lines);

/* Digits up to the first other byte, at most digits_max of them; 0 when there are more or none. */
uint32_t piece_number(struct piece p, uint32_t digits_max);
