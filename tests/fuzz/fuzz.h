/* SPDX-License-Identifier: BSD-3-Clause */
/* The one function of a fuzz harness; libFuzzer calls it, or fuzz_main.c with files. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0; what must hold and does not ends the program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Holds in every build, also where assert() is compiled out. */
#define FUZZ_HOLDS(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
