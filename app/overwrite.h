/* SPDX-License-Identifier: BSD-3-Clause */
/* A run must not write over what it reads, nor two things into one file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

/*
 * Whether every file that the options would write is another one than those they read and write
 * besides, by whatever names. False with one line in error. Before anything is opened.
 */
bool overwrite_check(const struct options *o, char *error, size_t error_len);
