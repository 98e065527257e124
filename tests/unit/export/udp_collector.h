/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A collector for tests: a UDP socket on this machine that checks IPFIX messages as they come, and
 * an output that sends to it.
 */
#pragma once
#include <sys/socket.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/clock.h"
#include "export/output_internal.h"
#include "sample_records.h"

struct collector {
	int fd;
	char spec[64];
	uint32_t records; /* data records seen */
	uint32_t messages;
	uint32_t templates; /* template records seen */
	uint32_t longest;
	bool knows[TEMPLATE_N];
	uint16_t record_bytes[TEMPLATE_N];
};

static inline void bind_collector(struct collector *c, int family)
{
	struct sockaddr_storage a = {.ss_family = (sa_family_t)family};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;
	socklen_t len = family == AF_INET6 ? sizeof *v6 : sizeof *v4;

	memset(c, 0, sizeof *c);
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (family == AF_INET6)
		v6->sin6_addr = in6addr_loopback;
	c->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(bind(c->fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(getsockname(c->fd, (struct sockaddr *)&a, &len), 0);
	snprintf(c->spec, sizeof c->spec, "ipfix:udp://%s:%u",
		 family == AF_INET6 ? "[::1]" : "localhost", ntohs(v4->sin_port));
	if (family == AF_INET)
		snprintf(c->spec, sizeof c->spec, "ipfix:udp://127.0.0.1:%u", ntohs(v4->sin_port));
}

static inline struct output *open_to(const struct collector *c, struct output_spec spec)
{
	char error[256] = "";
	struct output *o;

	assert_int_equal(output_spec_parse(&spec, c->spec, error, sizeof error), 0);
	if (output_open(&o, &spec, error, sizeof error))
		fail_msg("%s", error);
	return o;
}

/* The templates of a set: which, and how long their records are. */
static inline void read_templates(struct collector *c, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		unsigned int t = load_be16(p) - 256U;
		uint16_t fields = load_be16(p + 2);

		assert_true(t < TEMPLATE_N && fields > 0); /* 0 would be a withdrawal */
		c->knows[t] = true;
		c->record_bytes[t] = 0;
		for (p += 4; fields; fields--) {
			c->record_bytes[t] += load_be16(p + 2);
			p += *p & 0x80 ? 8 : 4;
		}
		c->templates++;
	}
	assert_ptr_equal(p, end); /* no padding */
}

/* The records of a set: a template that is known, and nothing left over. */
static inline void read_records(struct collector *c, unsigned int t, size_t bytes)
{
	assert_true(t < TEMPLATE_N && c->knows[t]);
	assert_true(bytes > 0);
	assert_int_equal(bytes % c->record_bytes[t], 0);
	c->records += (uint32_t)(bytes / c->record_bytes[t]);
}

/*
 * One message, checked by RFC 7011 section 3; false when none waits. `sequence` is what its header
 * must say, and the second of now_ns, unless that is 0.
 */
static inline bool receive(struct collector *c, uint32_t sequence, uint64_t now_ns)
{
	uint8_t m[65536];
	ssize_t len = recv(c->fd, m, sizeof m, 0);
	const uint8_t *set = m + 16;

	if (len < 0)
		return false;
	assert_int_equal(load_be16(m), 10);
	assert_int_equal(load_be16(m + 2), len);
	assert_true(now_ns == 0 || load_be32(m + 4) == now_ns / SECOND_NS);
	assert_int_equal(load_be32(m + 8), sequence);
	assert_int_equal(load_be32(m + 12), 77);
	assert_true(len > 20);
	while (set < m + len) {
		uint16_t id = load_be16(set), set_len = load_be16(set + 2);

		assert_true(set_len > 4 && set + set_len <= m + len);
		if (id == 2)
			read_templates(c, set + 4, set + set_len);
		else
			read_records(c, id - 256U, set_len - 4U);
		set += set_len;
	}
	c->messages++;
	c->longest = (uint32_t)len > c->longest ? (uint32_t)len : c->longest;
	return true;
}

static inline uint32_t receive_all(struct collector *c, uint64_t now_ns)
{
	uint32_t before = c->messages;

	while (receive(c, c->records, now_ns))
		continue;
	return c->messages - before;
}

static inline void submit_many(struct output *o, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
	}
}
