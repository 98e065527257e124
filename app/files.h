/* SPDX-License-Identifier: BSD-3-Clause */
/* Small files that a run leaves: what cannot be written is said before it begins. */
#pragma once

#include <stdbool.h>

/* True when the path is "" or can be written; else logs a line. Leaves an empty file. */
bool file_check_writable(const char *path);

/*
 * Whether two paths lead to the same existing regular file, by whatever names. "" and "-" are no
 * file.
 */
bool file_is_same(const char *a, const char *b);

/*
 * Writes the process id; "" is no file. False, with a line logged, when that fails or when the file
 * names another process that lives.
 */
bool pid_file_write(const char *path);
/* Removes what pid_file_write() wrote. */
void pid_file_remove(const char *path);
