/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values as text, into a write buffer: the few forms that records need, without printf, because
 * a record has sixty values. All are thread-safe; none writes a NUL.
 */
#pragma once
#include "core/bytes.h"
#include "core/words.h"

#include <stdint.h>

/* A string constant. */
#define put_literal(w, s) put_bytes(w, s, sizeof(s) - 1)

void put_decimal(struct wbuf *w, uint64_t v);

/* Zero-padded to so many digits, at most 20; higher digits are cut. */
void put_decimal_padded(struct wbuf *w, uint64_t v, unsigned int digits);

/* 16 or 2 lower-case hexadecimal digits. */
void put_hex64(struct wbuf *w, uint64_t v);
void put_hex8(struct wbuf *w, uint8_t v);

/* Lower case, colons between. */
void put_mac(struct wbuf *w, const uint8_t mac[6]);

/* Dotted quad. */
void put_ipv4(struct wbuf *w, const uint8_t addr[4]);

/* The canonical form of RFC 5952: lower case, the longest run of zeros as "::". */
void put_ipv6(struct wbuf *w, const uint8_t addr[16]);

/* Either, by the IP version 4 or 6. */
void put_ip(struct wbuf *w, const uint8_t *addr, uint8_t ip_version);

/* RFC 3339 in UTC with nanoseconds: 2026-01-02T03:04:05.123456789Z. */
void put_rfc3339(struct wbuf *w, uint64_t unix_ns);

/* At most four characters of value and unit: 999 1.2K 34K 567M; powers of 1000. */
void put_scaled(struct wbuf *w, uint64_t v);

/* U+FFFD, what stands where bytes are no UTF-8. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Text as it is but for bytes that are no UTF-8, cut after len_max bytes of s. */
void put_utf8(struct wbuf *w, const char *s, size_t len_max);
