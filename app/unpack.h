/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of a file or of standard input, unpacked when they are gzip or zstd: known by their
 * first bytes, not by name.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unpack;

/* As capture_stream_open(). */
int unpack_open(struct unpack **out, const char *path, const atomic_bool *stop, char *error,
		size_t error_len);
void unpack_close(struct unpack *u);

/*
 * Up to n bytes, 0 at the end, -1 when unpack_error() says why. self is the struct unpack. Waits
 * for a pipe until stop is set. One thread.
 */
ptrdiff_t unpack_read(void *self, void *out, size_t n);
/* "" or a sentence; stays. */
const char *unpack_error(const struct unpack *u);
/* The error is that the input ends inside the packed data: what is there is sound. */
bool unpack_cut_short(const struct unpack *u);
/* stop ended it. */
bool unpack_stopped(const struct unpack *u);
/* Of a file that is not packed, opened by its name: its descriptor, the unpack's. Else -1. */
int unpack_plain_fd(const struct unpack *u);
/* Bytes read of the file itself, packed as it is. */
uint64_t unpack_bytes(const struct unpack *u);
/*
 * A read would not wait, as far as can be told; a file's never does. Waits up to timeout_ms for
 * that to be so; below 0 the kernel is not asked.
 */
bool unpack_ready(const struct unpack *u, int timeout_ms);
