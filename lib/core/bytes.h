/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes with bounds: unaligned big-endian loads and stores, and a write buffer whose
 * error sticks, so that an encoder checks once a record.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* As they lie there: for comparing and hashing. */
static inline uint16_t load_word16(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint32_t load_word32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint64_t load_word64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint16_t load_be16(const void *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap16(v);
}

static inline uint32_t load_be32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap32(v);
}

static inline uint64_t load_be64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return __builtin_bswap64(v);
}

static inline void store_be16(void *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof v);
}

static inline void store_be32(void *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof v);
}

static inline void store_be64(void *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof v);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "big-endian hosts are not supported");

/* A write buffer: once something did not fit, nothing more is written and `failed` stays true. */
struct wbuf {
	uint8_t *at, *end;
	bool failed;
};

static inline struct wbuf wbuf_make(void *memory, size_t len_bytes)
{
	return (struct wbuf){.at = memory, .end = (uint8_t *)memory + len_bytes};
}

static inline size_t wbuf_room(const struct wbuf *w)
{
	return (size_t)(w->end - w->at);
}

/* Room for n bytes, or NULL when there is none. */
static inline uint8_t *wbuf_take(struct wbuf *w, size_t n)
{
	if (w->failed || wbuf_room(w) < n) {
		w->failed = true;
		return NULL;
	}
	uint8_t *p = w->at;
	w->at += n;
	return p;
}

static inline void put_bytes(struct wbuf *w, const void *p, size_t n)
{
	uint8_t *to = wbuf_take(w, n);
	if (to && n)
		memcpy(to, p, n);
}

static inline void put_u8(struct wbuf *w, uint8_t v)
{
	put_bytes(w, &v, 1);
}

static inline void put_be16(struct wbuf *w, uint16_t v)
{
	v = __builtin_bswap16(v);
	put_bytes(w, &v, sizeof v);
}

static inline void put_be32(struct wbuf *w, uint32_t v)
{
	v = __builtin_bswap32(v);
	put_bytes(w, &v, sizeof v);
}

static inline void put_be64(struct wbuf *w, uint64_t v)
{
	v = __builtin_bswap64(v);
	put_bytes(w, &v, sizeof v);
}

/*
 * A read buffer: what is beyond its end reads as 0 and sets failed, so that a parser checks once a
 * message.
 */
struct rbuf {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct rbuf rbuf_make(const void *bytes, size_t len)
{
	return (struct rbuf){.at = bytes, .end = (const uint8_t *)bytes + len};
}

static inline size_t rbuf_left(const struct rbuf *r)
{
	return (size_t)(r->end - r->at);
}

/* The next n bytes, which it then is behind; NULL when there are fewer: it is at the end then. */
static inline const uint8_t *get_bytes(struct rbuf *r, size_t n)
{
	const uint8_t *p = r->at;

	if (rbuf_left(r) < n) {
		r->at = r->end;
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return p;
}

static inline uint8_t get_u8(struct rbuf *r)
{
	const uint8_t *p = get_bytes(r, 1);

	return p ? *p : 0;
}

static inline uint16_t get_be16(struct rbuf *r)
{
	const uint8_t *p = get_bytes(r, 2);

	return p ? load_be16(p) : 0;
}

static inline uint32_t get_be24(struct rbuf *r)
{
	const uint8_t *p = get_bytes(r, 3);

	return p ? (uint32_t)p[0] << 16 | load_be16(p + 1) : 0;
}

static inline uint32_t get_be32(struct rbuf *r)
{
	const uint8_t *p = get_bytes(r, 4);

	return p ? load_be32(p) : 0;
}

static inline uint64_t get_be64(struct rbuf *r)
{
	const uint8_t *p = get_bytes(r, 8);

	return p ? load_be64(p) : 0;
}

/* The next n bytes as a buffer of their own; an empty one that failed when there are fewer. */
static inline struct rbuf get_rbuf(struct rbuf *r, size_t n)
{
	const uint8_t *p = get_bytes(r, n);

	return (struct rbuf){.at = p ? p : r->end, .end = p ? p + n : r->end, .failed = !p};
}
