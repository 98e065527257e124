/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DNS message (RFC 1035 4) read from its front to its end, within its bytes. What is cut off
 * ends the reading; what was whole before it stays.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"

/* A name as text with its NUL: 255 bytes on the wire (RFC 1035 2.3.4), a NUL byte takes four. */
#define DNS_NAME_BYTES 1024

/* Where DNS is spoken. */
enum { DNS_PORT = 53 };

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_HINFO = 13,
	DNS_MINFO = 14,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_ISDN = 20,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_DS = 43,
	DNS_RRSIG = 46,
	DNS_DNSKEY = 48,
};

struct dns_message {
	const uint8_t *start;
	struct rbuf rest; /* what was not read yet */
	uint16_t id, flags, questions, answers, authorities, additionals;
};

/* Labels with dots between, as their bytes are, but for NUL, which is \000; "" is the root. */
struct dns_name {
	char text[DNS_NAME_BYTES];
	uint32_t len;
};

struct dns_question {
	struct dns_name name;
	uint16_t type, class;
};

struct dns_record {
	struct dns_name name;
	uint16_t type, class;
	uint32_t ttl;
	struct rbuf data;
};

/*
 * Reads the header; false: there is none. Over TCP the message is a segment of its own, behind its
 * length (RFC 1035 4.2.2).
 */
bool dns_open(struct dns_message *m, const uint8_t *bytes, size_t len, bool tcp);

static inline bool dns_is_response(const struct dns_message *m)
{
	return m->flags & 0x8000;
}

/* The next one in the message; false: it is not whole. */
bool dns_question(struct dns_message *m, struct dns_question *q);
/* Goes behind the questions; false: they are not whole. */
bool dns_skip_questions(struct dns_message *m);
bool dns_record(struct dns_message *m, struct dns_record *r);

/* A name inside of a record's data, which is then behind it; false: it is not whole. */
bool dns_data_name(const struct dns_message *m, struct rbuf *data, struct dns_name *name);

/*
 * The data of a record as text with a NUL, cut to len; "(not_impl)" for types that have none. What
 * is binary in it is left out.
 */
void dns_data_text(const struct dns_message *m, const struct dns_record *r, char *text, size_t len);

/* The address that a name under in-addr.arpa or ip6.arpa stands for: 4, 16, or 0 bytes. */
uint32_t dns_reverse_address(const struct dns_name *name, uint8_t address[16]);
