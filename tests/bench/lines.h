/* SPDX-License-Identifier: BSD-3-Clause */
/* Random lines of 64 bytes, as many as the hot lines of a table. */
#pragma once

#include <stdint.h>

#include "core/memory.h"

struct lines {
	struct memory memory;
	uint64_t *words;
	uint64_t random;
	uint32_t n;
};

/* As many lines as the table for so many flows has slots. 0 or -errno. */
int lines_map(struct lines *l, uint32_t flows);
/* Touches n lines; where the next one is stands in the one before. What it returns must be used. */
uint64_t lines_chain(struct lines *l, uint32_t n);
