/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as people read them, and lines of a terminal with colours, cut at its width. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style { STYLE_PLAIN, STYLE_TITLE, STYLE_BAD, STYLE_GOOD, STYLE_DIM, STYLE_HEAD };

/* Where lines go. */
struct screen {
	FILE *f;
	bool coloured;		    /* escape sequences for styles */
	bool clears;		    /* lines overwrite what stood there */
	unsigned int columns, rows; /* 0 = no bound */
	unsigned int at, row;	    /* where the next character goes */
};

/* Text of the line at hand, cut where the line ends. */
void screen_put(struct screen *s, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The line is done. Lines beyond the last row are not shown. */
void screen_end_line(struct screen *s);

/* Bytes for a number as text. */
#define SHOW_BYTES 32
/* 1234567 as 1.23 M; powers of 1000. Returns text. */
char *show_short(double value, char text[SHOW_BYTES]);
/* 1234567 as 1,234,567. */
char *show_grouped(unsigned long long value, char text[SHOW_BYTES]);
/* Nanoseconds as 12.3 s, or 1 d 02:03:04. */
char *show_duration(unsigned long long ns, char text[SHOW_BYTES]);
