/* SPDX-License-Identifier: BSD-3-Clause */
/* Values as text. */
#include "export/format.h"

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
				  "25262728293031323334353637383940414243444546474849"
				  "50515253545556575859606162636465666768697071727374"
				  "75767778798081828384858687888990919293949596979899";
static const char hex_digits[] = "0123456789abcdef";

/* Writes v backwards from `end`; returns where it begins. */
static char *decimal_backwards(char *end, uint64_t v)
{
	while (v >= 100) {
		end -= 2;
		memcpy(end, &digit_pairs[v % 100 * 2], 2);
		v /= 100;
	}
	if (v >= 10) {
		end -= 2;
		memcpy(end, &digit_pairs[v * 2], 2);
		return end;
	}
	*--end = (char)('0' + v);
	return end;
}

void put_decimal(struct wbuf *w, uint64_t v)
{
	char digits[20];
	char *from;

	if (v < 10) {
		put_u8(w, (uint8_t)('0' + v));
		return;
	}
	from = decimal_backwards(digits + sizeof digits, v);
	put_bytes(w, from, (size_t)(digits + sizeof digits - from));
}

void put_decimal_padded(struct wbuf *w, uint64_t v, unsigned int digits)
{
	char text[20];

	memset(text, '0', sizeof text);
	decimal_backwards(text + sizeof text, v);
	put_bytes(w, text + sizeof text - digits, digits);
}

void put_hex64(struct wbuf *w, uint64_t v)
{
	uint8_t *p = wbuf_take(w, 16);

	if (!p)
		return;
	for (int i = 15; i >= 0; i--, v >>= 4)
		p[i] = (uint8_t)hex_digits[v & 15];
}

void put_hex8(struct wbuf *w, uint8_t v)
{
	uint8_t *p = wbuf_take(w, 2);

	if (!p)
		return;
	p[0] = (uint8_t)hex_digits[v >> 4];
	p[1] = (uint8_t)hex_digits[v & 15];
}

void put_mac(struct wbuf *w, const uint8_t mac[6])
{
	uint8_t *p = wbuf_take(w, 17);

	if (!p)
		return;
	for (unsigned int i = 0; i < 6; i++) {
		p[3 * i] = (uint8_t)hex_digits[mac[i] >> 4];
		p[3 * i + 1] = (uint8_t)hex_digits[mac[i] & 15];
		if (i < 5)
			p[3 * i + 2] = ':';
	}
}

void put_ipv4(struct wbuf *w, const uint8_t addr[4])
{
	for (unsigned int i = 0; i < 4; i++) {
		if (i)
			put_u8(w, '.');
		put_decimal(w, addr[i]);
	}
}

static void put_hex16(struct wbuf *w, uint16_t v)
{
	uint8_t text[4];
	unsigned int n = 0;

	for (int shift = 12; shift >= 0; shift -= 4)
		if (n || v >> shift || shift == 0)
			text[n++] = (uint8_t)hex_digits[v >> shift & 15];
	put_bytes(w, text, n);
}

/* The first longest run of at least two zero groups; length 0 when there is none. */
static void longest_zero_run(const uint16_t group[8], unsigned int *start, unsigned int *len)
{
	unsigned int run = 0;

	*start = 8;
	*len = 1;
	for (unsigned int i = 0; i < 8; i++) {
		run = group[i] ? 0 : run + 1;
		if (run > *len) {
			*len = run;
			*start = i + 1 - run;
		}
	}
	if (*start == 8)
		*len = 0;
}

void put_ipv6(struct wbuf *w, const uint8_t addr[16])
{
	uint16_t group[8];
	unsigned int start, len;

	for (unsigned int i = 0; i < 8; i++)
		group[i] = load_be16(addr + 2 * i);
	if (load_be64(addr) == 0 && load_be32(addr + 8) == 0xffff) {
		put_literal(w, "::ffff:"); /* RFC 5952 5: a known prefix keeps the dotted form */
		put_ipv4(w, addr + 12);
		return;
	}
	longest_zero_run(group, &start, &len);
	for (unsigned int i = 0; i < 8; i++) {
		if (len && i == start) {
			put_literal(w, "::");
			i += len - 1;
			continue;
		}
		if (i && !(len && i == start + len))
			put_u8(w, ':');
		put_hex16(w, group[i]);
	}
}

void put_ip(struct wbuf *w, const uint8_t *addr, uint8_t ip_version)
{
	if (ip_version == 6)
		put_ipv6(w, addr);
	else
		put_ipv4(w, addr);
}

/*
 * Days since 1970-01-01 as a date. The year is counted from 1 March, so that the leap day is the
 * last one; an era is 400 such years, of 146097 days.
 */
static void date_of_days(uint64_t days, unsigned int *year, unsigned int *month, unsigned int *day)
{
	uint64_t shifted = days + 719468; /* days from 0000-03-01 to 1970-01-01 */
	uint64_t era = shifted / 146097;
	unsigned int of_era = (unsigned int)(shifted % 146097);
	unsigned int year_of_era =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned int from_march = (5 * of_year + 2) / 153;

	*day = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = (unsigned int)(era * 400) + year_of_era + (*month <= 2);
}

static void two_digits(uint8_t *to, unsigned int v)
{
	memcpy(to, &digit_pairs[v * 2], 2);
}

void put_rfc3339(struct wbuf *w, uint64_t unix_ns)
{
	static const char form[] = "0000-00-00T00:00:00.000000000Z";
	uint64_t seconds = unix_ns / 1000000000;
	uint32_t ns = (uint32_t)(unix_ns % 1000000000);
	unsigned int of_day = (unsigned int)(seconds % 86400);
	unsigned int year, month, day;
	uint8_t *p = wbuf_take(w, sizeof form - 1);

	if (!p)
		return;
	memcpy(p, form, sizeof form - 1);
	date_of_days(seconds / 86400, &year, &month, &day);
	two_digits(p, year / 100);
	two_digits(p + 2, year % 100);
	two_digits(p + 5, month);
	two_digits(p + 8, day);
	two_digits(p + 11, of_day / 3600);
	two_digits(p + 14, of_day / 60 % 60);
	two_digits(p + 17, of_day % 60);
	for (uint8_t *at = p + 27; at >= p + 21; at -= 2, ns /= 100)
		two_digits(at, ns % 100);
	p[20] = (uint8_t)('0' + ns);
}

void put_scaled(struct wbuf *w, uint64_t v)
{
	static const char units[] = " KMGTPE";
	unsigned int unit = 1;
	uint64_t tenths = v / 100;

	if (v < 1000) {
		put_decimal(w, v);
		return;
	}
	for (; tenths >= 10000; unit++)
		tenths /= 1000;
	put_decimal(w, tenths / 10);
	if (tenths < 100) {
		put_u8(w, '.');
		put_decimal(w, tenths % 10);
	}
	put_u8(w, (uint8_t)units[unit]);
}

/* How many bytes of ASCII it begins with: nearly all of most texts. */
static size_t ascii_bytes(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] < 0x80)
		n++;
	return n;
}

void put_utf8(struct wbuf *w, const char *s, size_t len_max)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t len = strnlen(s, len_max);

	for (size_t i = 0; i < len;) {
		size_t n = ascii_bytes(p + i, len - i);

		if (!n)
			n = utf8_sequence(p + i, len - i);
		if (n)
			put_bytes(w, p + i, n);
		else
			put_literal(w, UTF8_REPLACEMENT);
		i += n ? n : 1;
	}
}
