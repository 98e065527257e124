/* SPDX-License-Identifier: BSD-3-Clause */
/* pfring_ft_process(): which packets make which flow, and what the headers beside them say. */
#include "api.h"

#include <arpa/inet.h>

static void test_pfring_ft_process_verdict(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct wire w = {0};

	(void)state;
	assert_int_equal(api_udp(a, 1, false, 0), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(api_udp(a, 1, true, 1), PFRING_FT_ACTION_DEFAULT);
	wire_ethernet(&w, 0x88cc);
	wire_take(&w, 46);
	assert_int_equal(api_send(a, &w, 2), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 1);
	assert_int_equal(pfring_ft_get_stats(a->table)->disc_no_ip, 1);
	api_close(a);
}

/* Every prefix of a packet, and damage in every byte of it: no crash, every packet counted. */
static void test_pfring_ft_process_damage(void **state)
{
	struct api *a = api_open(PFRING_FT_DECODE_TUNNELS, 0, 0, 0);
	const struct wire whole = wire_of_udp(1, false);
	u_int64_t packets = 0;

	(void)state;
	pfring_ft_set_flow_export_callback(a->table, NULL, NULL);
	for (uint32_t n = 0; n <= whole.n; n++) {
		struct wire w = whole;

		w.n = n;
		w.more = whole.n - n;
		api_send(a, &w, packets++);
	}
	for (uint32_t i = 0; i < whole.n * 256; i++) {
		struct wire w = whole;

		w.b[i / 256] = (uint8_t)i;
		api_send(a, &w, packets++);
	}
	assert_int_equal(pfring_ft_get_stats(a->table)->packets, packets);
	assert_int_equal(pfring_ft_get_stats(a->table)->bytes, packets * whole.n);
	api_close(a);
}

static void test_pfring_ft_process_hash(void **state)
{
	pfring_ft_ext_pkthdr ext = {.hash = 5};
	struct api *a = api_open(0, 0, 0, 0);

	(void)state;
	a->ext = &ext;
	/* one hash for all flows does not make them one */
	for (uint16_t port = 1; port <= 100; port++) {
		api_udp(a, port, false, 0);
		api_udp(a, port, true, 1);
	}
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 100);
	/* another hash is another flow, and so is none */
	ext.hash = 6;
	api_udp(a, 1, false, 2);
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 101);
	a->ext = NULL;
	api_udp(a, 1, false, 3);
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 102);
	ext = (pfring_ft_ext_pkthdr){0};
	a->ext = &ext;
	api_udp(a, 1, true, 4); /* 0 is none */
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 102);
	api_close(a);
}

static void test_pfring_ft_process_device_and_port(void **state)
{
	pfring_ft_ext_pkthdr ext = {.device_id = 500, .port_id = 7, .reserved = 0xaa};
	struct api *a = api_open(0, 0, 0, 0);

	(void)state;
	a->ext = &ext;
	api_udp(a, 1, false, 0);
	ext = (pfring_ft_ext_pkthdr){.device_id = 65535, .port_id = 255, .reserved = 0x55};
	api_udp(a, 1, true, 1);
	/* what changes later, garbage or not, makes no other flow */
	ext = (pfring_ft_ext_pkthdr){.device_id = 0xdead, .port_id = 0xbe, .reserved = 0xef};
	api_udp(a, 1, false, 2);
	api_udp(a, 1, true, 3);
	a->ext = NULL;
	api_udp(a, 1, false, 4);
	api_udp(a, 2, false, 5);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 2);
	const pfring_ft_flow_dir_value *d = a->flows[0].value.direction;

	api_assert_direction(&d[0], 3, API_UDP_BYTES, 0, 4);
	api_assert_direction(&d[1], 2, API_UDP_BYTES, 1, 3);
	assert_int_equal(d[0].device_id, 500);
	assert_int_equal(d[0].port_id, 7);
	assert_int_equal(d[1].device_id, 65535);
	assert_int_equal(d[1].port_id, 255);
	assert_int_equal(a->flows[1].value.direction[0].device_id, 0);
	assert_int_equal(a->flows[1].value.direction[0].port_id, 0);
	api_close(a);
}

static void send_ipv6(struct api *a, bool reverse, uint32_t ms)
{
	struct wire w = {0};

	wire_ethernet(&w, 0x86dd);
	wire_ipv6(&w, API_UDP, reverse, 8);
	wire_udp(&w, reverse ? 53 : 1000, reverse ? 1000 : 53, 0);
	api_send(a, &w, ms);
}

static void test_pfring_ft_process_ipv4_and_ipv6(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	char text[INET6_ADDRSTRLEN];

	(void)state;
	api_udp(a, 1, false, 0);
	send_ipv6(a, false, 1);
	send_ipv6(a, true, 2);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 2);
	const pfring_ft_flow_key *k = &a->flows[1].key;

	assert_int_equal(a->flows[0].key.ip_version, 4);
	assert_int_equal(k->ip_version, 6);
	assert_string_equal(inet_ntop(AF_INET6, &k->saddr.v6, text, sizeof text), "fd00::1");
	assert_string_equal(inet_ntop(AF_INET6, &k->daddr.v6, text, sizeof text), "fd00::2");
	assert_int_equal(k->sport, 1000);
	assert_int_equal(k->dport, 53);
	api_assert_direction(&a->flows[1].value.direction[1], 1, 62, 2, 2);
	api_close(a);
}

static void send_icmp(struct api *a, bool ipv6, bool reverse, uint8_t type, uint8_t code)
{
	struct wire w = {0};

	wire_ethernet(&w, ipv6 ? 0x86dd : 0x0800);
	if (ipv6)
		wire_ipv6(&w, API_ICMP6, reverse, 16);
	else
		wire_ipv4(&w, API_ICMP, reverse, 16);
	uint8_t *h = wire_take(&w, 16);

	h[0] = type;
	h[1] = code;
	h[5] = 9; /* identifier */
	api_send(a, &w, 0);
}

static void test_pfring_ft_process_icmp(void **state)
{
	static const uint8_t cases[][4] = {
		/* ipv6, type, code, type of the answer */
		{0, 8, 0, 0},
		{0, 3, 13, 3},
		{1, 128, 0, 129},
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct api *a = api_open(0, 0, 0, 0);
		const uint8_t *c = cases[i];

		send_icmp(a, c[0], false, c[1], c[2]);
		send_icmp(a, c[0], true, c[3], c[2]);
		pfring_ft_flush(a->table);
		assert_int_equal(a->n, 1);
		assert_int_equal(a->flows[0].key.protocol, c[0] ? API_ICMP6 : API_ICMP);
		assert_int_equal(a->flows[0].key.dport, c[1] * 256 + c[2]);
		assert_int_equal(a->flows[0].key.sport, 0);
		assert_int_equal(a->flows[0].value.l7_metadata.icmp.type, c[1]);
		assert_int_equal(a->flows[0].value.l7_metadata.icmp.code, c[2]);
		assert_int_equal(a->flows[0].value.direction[0].pkts, 1);
		assert_int_equal(a->flows[0].value.direction[1].pkts, 1);
		api_close(a);
	}
}

/* Of a datagram of 8 + 32 bytes: the first 24, or the rest. */
static void send_fragment(struct api *a, uint16_t id, bool first, uint32_t ms)
{
	struct wire w = {0};

	wire_ethernet(&w, 0x0800);
	uint8_t *ip = wire_ipv4(&w, API_UDP, false, first ? 24 : 16);

	store_be16(ip + 4, id);
	store_be16(ip + 6, first ? 0x2000 : 3);
	if (first)
		wire_udp(&w, 1, API_UDP_PORT, 32);
	wire_take(&w, 16);
	api_send(a, &w, ms);
}

static void test_pfring_ft_process_fragments(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);

	(void)state;
	for (uint16_t id = 1; id <= 3; id++) {
		send_fragment(a, id, true, id * 10);
		send_fragment(a, id, false, id * 10 + 1);
	}
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].key.sport, 1);
	assert_int_equal(a->flows[0].key.dport, API_UDP_PORT);
	assert_int_equal(a->flows[0].value.direction[0].pkts, 6);
	assert_int_equal(a->flows[0].value.direction[0].bytes, 3 * (14 + 20 + 24 + 14 + 20 + 16));
	api_close(a);
}

/* A tunnel header between the outer IP header and the inner one. */
struct shim {
	const char *name;
	uint8_t protocol;
	uint16_t port; /* UDP */
	const char *bytes;
	uint32_t len;
	bool ethernet, inner6;
	uint32_t type, id;
};

static const struct shim shims[] = {
	{"IP in IP", 4, 0, "", 0, false, false, PFRING_FT_TUNNEL_IPIP, 0},
	{"6in4", 41, 0, "", 0, false, true, PFRING_FT_TUNNEL_IPIP, 0},
	{"GRE", API_GRE, 0, "\0\0\x08\0", 4, false, false, PFRING_FT_TUNNEL_GRE, 0},
	{"GRE with a key", API_GRE, 0, "\x20\0\x08\0\xde\xad\xbe\xef", 8, false, false,
	 PFRING_FT_TUNNEL_GRE, 0xdeadbeef},
	{"VXLAN", API_UDP, 4789, "\x08\0\0\0\x12\x34\x56\0", 8, true, false, PFRING_FT_TUNNEL_VXLAN,
	 0x123456},
	{"GTP", API_UDP, 2152, "\x30\xff\0\x1c\0\0\x10\x01", 8, false, false, PFRING_FT_TUNNEL_GTP,
	 0x1001},
};

static void send_tunnelled(struct api *a, const struct shim *s, uint16_t port)
{
	const uint32_t inner_ip = s->inner6 ? 48 : 28, inner = inner_ip + (s->ethernet ? 14 : 0);
	struct wire w = {0};

	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, s->protocol, false, s->len + inner + (s->port ? 8 : 0));
	if (s->port)
		wire_udp(&w, 5555, s->port, s->len + inner);
	wire_bytes(&w, s->bytes, s->len);
	if (s->ethernet)
		wire_ethernet(&w, 0x0800);
	if (s->inner6)
		wire_ipv6(&w, API_UDP, true, 8);
	else
		wire_ipv4(&w, API_UDP, true, 8);
	wire_udp(&w, port, 53, 0);
	api_send(a, &w, port);
}

/* Two conversations in one tunnel: two flows where it is looked into, else one. */
static void test_pfring_ft_create_table_decode_tunnels(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof shims / sizeof shims[0]; i++) {
		struct api *in = api_open(PFRING_FT_DECODE_TUNNELS, 0, 0, 0);
		struct api *out = api_open(0, 0, 0, 0);
		const struct shim *s = &shims[i];

		for (uint16_t port = 1001; port <= 1002; port++) {
			send_tunnelled(in, s, port);
			send_tunnelled(out, s, port);
		}
		pfring_ft_flush(in->table);
		pfring_ft_flush(out->table);
		assert_int_equal(in->n, 2);
		assert_int_equal(out->n, 1);
		assert_int_equal(in->flows[0].key.ip_version, s->inner6 ? 6 : 4);
		assert_int_equal(in->flows[0].key.protocol, API_UDP);
		assert_int_equal(in->flows[0].key.sport, 1001);
		assert_int_equal(in->flows[0].key.dport, 53);
		if (!s->inner6)
			assert_int_equal(in->flows[0].key.saddr.v4, API_SERVER);
		assert_int_equal(in->flows[0].value.tunnel_type, s->type);
		assert_int_equal(in->flows[0].value.tunnel_id, s->id);
		assert_int_equal(out->flows[0].key.protocol, s->protocol);
		assert_int_equal(out->flows[0].key.dport, s->port);
		assert_int_equal(out->flows[0].key.saddr.v4, API_CLIENT);
		assert_int_equal(out->flows[0].value.tunnel_type, PFRING_FT_TUNNEL_NONE);
		assert_int_equal(out->flows[0].value.tunnel_id, 0);
		assert_int_equal(out->flows[0].value.direction[0].bytes,
				 in->flows[0].value.direction[0].bytes * 2);
		api_close(in);
		api_close(out);
	}
}

/* A packet may come late, or hours early; it is metered, and time only moves forward. */
static void test_pfring_ft_process_out_of_order(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);

	(void)state;
	api_udp(a, 1, false, 10000);
	api_udp(a, 1, false, 9000);
	api_udp(a, 1, false, 9500);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 1);
	api_assert_direction(&a->flows[0].value.direction[0], 3, API_UDP_BYTES, 9000, 10000);
	api_udp(a, 1, false, 11000);
	api_udp(a, 2, false, 40000000); /* eleven hours later */
	api_udp(a, 3, false, 12000);	/* and back: time begins anew */
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 4);
	assert_int_equal(a->flows[1].value.status, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	assert_int_equal(a->flows[2].value.status, PFRING_FT_FLOW_STATUS_FORCED_END);
	assert_int_equal(a->flows[3].key.sport, 3);
	api_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_process_verdict),
		cmocka_unit_test(test_pfring_ft_process_damage),
		cmocka_unit_test(test_pfring_ft_process_hash),
		cmocka_unit_test(test_pfring_ft_process_device_and_port),
		cmocka_unit_test(test_pfring_ft_process_ipv4_and_ipv6),
		cmocka_unit_test(test_pfring_ft_process_icmp),
		cmocka_unit_test(test_pfring_ft_process_fragments),
		cmocka_unit_test(test_pfring_ft_process_out_of_order),
		cmocka_unit_test(test_pfring_ft_create_table_decode_tunnels),
	};

	return cmocka_run_group_tests_name("pfring_ft_process", tests, NULL, NULL);
}
