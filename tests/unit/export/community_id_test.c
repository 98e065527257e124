/* SPDX-License-Identifier: BSD-3-Clause */
/* Community ID against the published test vectors of version 1, seed 0. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "export/community_id.h"

struct vector {
	uint8_t protocol;
	const char *src, *dst;
	uint16_t from, to; /* ports, or ICMP type and code */
	const char *id;
};

static const struct vector vectors[] = {
	{6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
	{6, "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
	{6, "10.0.0.1", "10.0.0.2", 10, 11569, "1:SXBGMX1lBOwhhoDrZynfROxnhnM="},
	{17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
	{17, "8.8.8.8", "192.168.1.52", 53, 54585, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
	{132, "192.168.170.8", "192.168.170.56", 7, 80, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
	{132, "192.168.170.56", "192.168.170.8", 80, 7, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
	{46, "10.1.24.4", "10.1.12.1", 0, 0, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4="},
	{46, "10.1.12.1", "10.1.24.4", 0, 0, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4="},
	/* Echo and its answer are one; type 20 has no counterpart and keeps its direction. */
	{1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
	{1, "192.168.0.1", "192.168.0.89", 0, 8, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
	{1, "192.168.0.1", "192.168.0.89", 0, 20, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
	{1, "192.168.0.89", "192.168.0.1", 20, 0, "1:3o2RFccXzUgjl7zDpqmY7yJi8rI="},
	{1, "192.168.0.89", "192.168.0.1", 20, 1, "1:tz/fHIDUHs19NkixVVoOZywde+I="},
	{58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
	 "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
	{58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0,
	 "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
	{58, "3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
	 "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w="},
	{58, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:507:0:1:260:97ff:fe07:69ea", 3, 0,
	 "1:/OGBt9BN1ofenrmSPWYicpij2Vc="},
};

static struct flow_record record_of(const struct vector *v)
{
	struct flow_record r = {.protocol = v->protocol, .ip_version = strchr(v->src, ':') ? 6 : 4};
	int family = r.ip_version == 6 ? AF_INET6 : AF_INET;

	inet_pton(family, v->src, r.src_addr);
	inet_pton(family, v->dst, r.dst_addr);
	if (flow_record_is_icmp(&r)) {
		r.icmp_type = (uint8_t)v->from;
		r.icmp_code = (uint8_t)v->to;
	} else {
		r.src_port = v->from;
		r.dst_port = v->to;
	}
	return r;
}

static void test_published_vectors(void **state)
{
	struct community_id *c;

	(void)state;
	assert_int_equal(community_id_create(&c), 0);
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		struct flow_record r = record_of(&vectors[i]);
		char text[COMMUNITY_ID_LEN + 1] = "";

		assert_true(community_id_write(c, &r, text));
		assert_string_equal(text, vectors[i].id);
	}
	community_id_destroy(c);
}

/* Equal addresses are ordered by port; ports of a protocol without ports do not count. */
static void test_one_host_and_no_ports(void **state)
{
	struct flow_record there = {.protocol = 6, .ip_version = 4, .src_port = 1, .dst_port = 2};
	struct flow_record back = {.protocol = 6, .ip_version = 4, .src_port = 2, .dst_port = 1};
	char a[COMMUNITY_ID_LEN], b[COMMUNITY_ID_LEN];
	struct community_id *c;

	(void)state;
	assert_int_equal(community_id_create(&c), 0);
	assert_true(community_id_write(c, &there, a) && community_id_write(c, &back, b));
	assert_memory_equal(a, b, COMMUNITY_ID_LEN);
	there.protocol = 47;
	assert_true(community_id_write(c, &there, a));
	there.src_port = 9;
	assert_true(community_id_write(c, &there, b));
	assert_memory_equal(a, b, COMMUNITY_ID_LEN);
	community_id_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_one_host_and_no_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
