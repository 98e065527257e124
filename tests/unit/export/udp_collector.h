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
#include "ipfix_reader.h"
#include "sample_records.h"

struct collector {
	int fd;
	char spec[64];
	uint32_t records; /* data records seen */
	uint32_t messages;
	uint32_t templates; /* template records seen */
	uint32_t longest;
	struct ipfix_reader reader;
};

static inline void bind_collector(struct collector *c, int family)
{
	struct sockaddr_storage a = {.ss_family = (sa_family_t)family};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;
	socklen_t len = family == AF_INET6 ? sizeof *v6 : sizeof *v4;

	memset(c, 0, sizeof *c);
	reader_begin(&c->reader, 77);
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

static inline void close_collector(struct collector *c)
{
	reader_end(&c->reader);
	close(c->fd);
}

/*
 * One message, checked by RFC 7011 section 3; false when none waits. `sequence` is what its header
 * must say, and about the second of now_ns, unless that is 0.
 */
static inline bool receive(struct collector *c, uint32_t sequence, uint64_t now_ns)
{
	uint8_t m[65536];
	ssize_t len = recv(c->fd, m, sizeof m, 0);

	if (len < 0)
		return false;
	/* M3, F4: when it leaves, and not before the end of any record (they end within 3 s). */
	assert_true(now_ns == 0 || (load_be32(m + 4) >= now_ns / SECOND_NS &&
				    load_be32(m + 4) <= now_ns / SECOND_NS + 4));
	assert_int_equal(load_be32(m + 8), sequence);
	c->reader.gaps_allowed = true;
	reader_message(&c->reader, m, (size_t)len);
	c->records = c->reader.records;
	c->messages = c->reader.messages;
	c->templates = c->reader.templates;
	c->longest = c->reader.longest;
	return true;
}

static inline uint32_t receive_all(struct collector *c, uint64_t now_ns)
{
	uint32_t before = c->messages;

	while (receive(c, c->records + c->reader.reports, now_ns))
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
