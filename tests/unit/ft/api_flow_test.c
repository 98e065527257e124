/* SPDX-License-Identifier: BSD-3-Clause */
/* A flow as its getters show it: identity, counters, times, status, verdict. */
#include "api.h"

#include <arpa/inet.h>

/* Ids of flows are all different, also over tables; the same in callbacks and at the end. */
static void note_id(pfring_ft_flow *flow, void *user)
{
	*(u_int64_t *)user = pfring_ft_flow_get_id(flow);
}

static void test_pfring_ft_flow_get_id(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	u_int64_t id = 0, ids[600];

	(void)state;
	pfring_ft_set_new_flow_callback(a->table, note_id, &id);
	for (uint16_t i = 0; i < 600; i++) {
		api_udp(a, i % 200, false, i / 200 * 15000);
		ids[i] = id;
		assert_true(id != 0);
	}
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 600);
	for (unsigned int i = 0; i < 600; i++) {
		unsigned int seen = 0;

		for (unsigned int k = 0; k < 600; k++)
			seen += a->flows[k].id == ids[i];
		assert_int_equal(seen, 1);
	}
	api_close(a);
}

static void test_pfring_ft_flow_get_key(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct wire w = {0};
	const pfring_ft_flow_key *k = &a->flows[0].key;

	(void)state;
	/* from the higher address to the lower one, and back */
	for (int reverse = 1; reverse >= 0; reverse--) {
		w.n = 0;
		wire_ethernet(&w, 0x8100);
		if (!reverse)
			memcpy(w.b, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
		wire_vlan(&w, 0x2000 | 291, 0x0800);
		wire_ipv4(&w, API_TCP, reverse, 20);
		wire_tcp(&w, reverse ? 0x1234 : 0x50, reverse ? 0x50 : 0x1234, API_ACK);
		api_send(a, &w, 0);
	}
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 1);
	assert_memory_equal(k->smac, "\2\0\0\0\0\1", 6);
	assert_memory_equal(k->dmac, "\2\0\0\0\0\2", 6);
	assert_int_equal(k->saddr.v4, 0x0a000002); /* host order */
	assert_int_equal(k->daddr.v4, 0x0a000001);
	assert_int_equal(k->ip_version, 4);
	assert_int_equal(k->protocol, API_TCP);
	assert_int_equal(k->sport, 0x1234);
	assert_int_equal(k->dport, 0x50);
	assert_int_equal(k->vlan_id, 291);
	api_close(a);
}

static void test_pfring_ft_flow_get_key_ipv6(void **state)
{
	static const uint8_t client[16] = {0xfd, [15] = 1}, server[16] = {0xfd, [15] = 2};
	struct api *a = api_open(0, 0, 0, 0);
	const pfring_ft_flow_key *k = &a->flows[0].key;
	struct wire w = {0};

	(void)state;
	wire_ethernet(&w, 0x86dd);
	wire_ipv6(&w, API_TCP, true, 20);
	wire_tcp(&w, 80, 40000, API_ACK);
	api_send(a, &w, 0);
	pfring_ft_flush(a->table);
	assert_memory_equal(&k->saddr.v6, server, 16); /* network order */
	assert_memory_equal(&k->daddr.v6, client, 16);
	assert_int_equal(k->ip_version, 6);
	assert_int_equal(k->sport, 80);
	assert_int_equal(k->vlan_id, 0);
	api_close(a);
}

/* What a packet callback finds in the value, told packet by packet. */
struct live {
	pfring_ft_flow_value want;
	pfring_ft_flow_value *at; /* the same address from call to call */
	unsigned int calls;
};

static void compare_live(const u_char *data, pfring_ft_packet_metadata *metadata,
			 pfring_ft_flow *flow, void *user)
{
	struct live *l = user;
	pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	(void)data;
	assert_true(!l->at || l->at == v);
	l->at = v;
	l->calls++;
	l->want.direction[metadata->direction].pkts++;
	l->want.direction[metadata->direction].bytes += metadata->hdr->len;
	for (int d = 0; d < 2; d++) {
		assert_int_equal(v->direction[d].pkts, l->want.direction[d].pkts);
		assert_int_equal(v->direction[d].bytes, l->want.direction[d].bytes);
	}
	assert_int_equal(v->status, PFRING_FT_FLOW_STATUS_ACTIVE);
	assert_memory_equal(&v->direction[metadata->direction].last, &metadata->hdr->ts,
			    sizeof metadata->hdr->ts);
}

static void test_pfring_ft_flow_get_value_live(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct live l = {0};

	(void)state;
	pfring_ft_set_flow_packet_callback(a->table, compare_live, &l);
	for (uint32_t ms = 0; ms < 1000; ms++)
		api_udp(a, 1, ms % 3 == 1, ms);
	assert_int_equal(l.calls, 1000);
	pfring_ft_flush(a->table);
	api_assert_direction(&a->flows[0].value.direction[0], 667, API_UDP_BYTES, 0, 999);
	api_assert_direction(&a->flows[0].value.direction[1], 333, API_UDP_BYTES, 1, 997);
	api_close(a);
}

/* The wire length counts, whatever the IP header or the capture says. */
static void test_pfring_ft_flow_get_value_bytes(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct wire w = {0};

	(void)state;
	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, API_TCP, false, 20);
	wire_tcp(&w, 1, 2, API_ACK);
	wire_take(&w, 6); /* padded to 60 */
	api_send(a, &w, 0);
	w.n = 0;
	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, API_TCP, false, 1480);
	wire_tcp(&w, 1, 2, API_ACK);
	w.more = 1514 - w.n; /* cut to its headers */
	api_send(a, &w, 1);
	w.n = 34 + 4; /* to the ports */
	w.more = 9000 - w.n;
	api_send(a, &w, 2);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.direction[0].pkts, 3);
	assert_int_equal(a->flows[0].value.direction[0].bytes, 60 + 1514 + 9000);
	api_assert_no_packets(&a->flows[0].value.direction[1]);
	assert_int_equal(pfring_ft_get_stats(a->table)->bytes, 60 + 1514 + 9000);
	api_close(a);
}

static void test_pfring_ft_flow_get_value_times(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct wire w = wire_of_udp(1, false);
	pfring_ft_pcap_pkthdr h = {.caplen = w.n, .len = w.n};

	(void)state;
	h.ts = (struct timeval){.tv_sec = 1700000000, .tv_usec = 999999};
	pfring_ft_process(a->table, w.b, &h, NULL);
	h.ts = (struct timeval){.tv_sec = 1700000001, .tv_usec = 1};
	pfring_ft_process(a->table, w.b, &h, NULL);
	w = wire_of_udp(1, true);
	h.ts = (struct timeval){.tv_sec = 1700000007, .tv_usec = 123456};
	pfring_ft_process(a->table, w.b, &h, NULL);
	pfring_ft_flush(a->table);
	const pfring_ft_flow_dir_value *d = a->flows[0].value.direction;

	assert_int_equal(d[0].first.tv_sec, 1700000000);
	assert_int_equal(d[0].first.tv_usec, 999999);
	assert_int_equal(d[0].last.tv_sec, 1700000001);
	assert_int_equal(d[0].last.tv_usec, 1);
	assert_int_equal(d[1].first.tv_sec, 1700000007);
	assert_int_equal(d[1].first.tv_usec, 123456);
	assert_memory_equal(&d[1].first, &d[1].last, sizeof d[1].last);
	api_close(a);
}

static void test_pfring_ft_flow_get_value_tcp_flags(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);

	(void)state;
	api_tcp(a, 1, false, API_SYN, 0);
	api_tcp(a, 1, true, API_SYN | API_ACK, 1);
	api_tcp(a, 1, false, API_ACK, 2);
	api_tcp(a, 1, false, API_PSH | API_ACK | 0xc0, 3);
	api_udp(a, 1, false, 4);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 2);
	assert_int_equal(a->flows[0].value.direction[0].tcp_flags, 0xc0 | 0x1a);
	assert_int_equal(a->flows[0].value.direction[1].tcp_flags, API_SYN | API_ACK);
	assert_int_equal(a->flows[1].value.direction[0].tcp_flags, 0);
	api_close(a);
}

static void assert_status(const struct api *a, unsigned int i, pfring_ft_flow_status want)
{
	assert_true(i < a->n);
	assert_int_equal(a->flows[i].value.status, want);
}

/* ACTIVE is seen in callbacks, SLICE_TIMEOUT with slices, OVERFLOW in a small table. */
static void test_pfring_ft_flow_get_value_status(void **state)
{
	struct api *a = api_open(0, 10, 30, 0);

	(void)state;
	api_udp(a, 1, false, 0);
	api_udp(a, 1, false, 10000); /* ten seconds are idle */
	assert_int_equal(a->n, 1);
	assert_status(a, 0, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	for (uint32_t ms = 15000; ms <= 40000; ms += 5000)
		api_udp(a, 1, false, ms);
	assert_int_equal(a->n, 2);
	assert_status(a, 1, PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT);
	assert_int_equal(a->flows[1].value.direction[0].pkts, 6);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 3);
	assert_status(a, 2, PFRING_FT_FLOW_STATUS_FORCED_END);

	pfring_ft_flow_set_flow_slicing(a->table, 3);
	api_udp(a, 2, false, 50000);
	api_udp(a, 2, false, 53000);
	assert_int_equal(a->n, 4);
	assert_status(a, 3, PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT);
	assert_int_equal(a->flows[3].key.sport, 2);
	api_close(a);
}

static void test_pfring_ft_flow_get_value_status_end_detected(void **state)
{
	struct api *a = api_open(0, 10, 30, 0);

	(void)state;
	api_tcp(a, 1, false, API_SYN, 0);
	api_tcp(a, 1, false, API_FIN | API_ACK, 1);
	api_housekeep(a, 9); /* one FIN is not the end */
	assert_int_equal(a->n, 0);
	api_tcp(a, 1, true, API_FIN | API_ACK, 9001);
	api_tcp(a, 1, false, API_ACK, 9002); /* the last one still belongs to it */
	api_housekeep(a, 14);
	assert_int_equal(a->n, 1);
	assert_status(a, 0, PFRING_FT_FLOW_STATUS_END_DETECTED);
	api_assert_direction(&a->flows[0].value.direction[0], 3, API_TCP_BYTES, 0, 9002);
	/* a new connection on the same ports, at once */
	api_tcp(a, 2, false, API_SYN, 20000);
	api_tcp(a, 2, true, API_RST | API_ACK, 20001);
	api_tcp(a, 2, false, API_SYN, 20002);
	assert_int_equal(a->n, 2);
	assert_status(a, 1, PFRING_FT_FLOW_STATUS_END_DETECTED);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 3);
	assert_status(a, 2, PFRING_FT_FLOW_STATUS_FORCED_END);
	api_assert_direction(&a->flows[2].value.direction[0], 1, API_TCP_BYTES, 20002, 20002);
	api_close(a);
}

static void test_pfring_ft_flow_get_value_status_overflow(void **state)
{
	struct api *a = api_open(0, 10, 30, 0);

	(void)state;
	for (uint16_t port = 1; port <= 1100; port++)
		api_udp(a, port, false, port);
	assert_int_equal(a->n, 100);
	for (unsigned int i = 0; i < 100; i++)
		assert_status(a, i, PFRING_FT_FLOW_STATUS_OVERFLOW);
	assert_int_equal(pfring_ft_get_stats(a->table)->err_no_room, 100);
	assert_int_equal(pfring_ft_get_stats(a->table)->active_flows, 1000);
	api_close(a);
}

/* Sets the action that is asked for, in the callback that is asked for. */
struct setter {
	int which; /* 1 = new flow, 2 = packet */
	pfring_ft_action action, seen;
};

static void set_new(pfring_ft_flow *flow, void *user)
{
	struct setter *s = user;

	assert_int_equal(pfring_ft_flow_get_action(flow), PFRING_FT_ACTION_DEFAULT);
	if (s->which == 1)
		pfring_ft_flow_set_action(flow, s->action);
}

static void set_packet(const u_char *data, pfring_ft_packet_metadata *metadata,
		       pfring_ft_flow *flow, void *user)
{
	struct setter *s = user;

	(void)data;
	(void)metadata;
	if (s->which == 2)
		pfring_ft_flow_set_action(flow, s->action);
	s->seen = pfring_ft_flow_get_action(flow);
}

static void test_pfring_ft_flow_set_action(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct setter s = {.which = 1 + i % 2, .action = (pfring_ft_action)(1 + i / 2)};
		struct api *a = api_open(0, 0, 0, 0);

		pfring_ft_set_new_flow_callback(a->table, set_new, &s);
		pfring_ft_set_flow_packet_callback(a->table, set_packet, &s);
		assert_int_equal(api_udp(a, 1, false, 0), s.action); /* the packet at hand, too */
		assert_int_equal(s.seen, s.action);
		s.which = 0;
		for (uint32_t ms = 1; ms < 20; ms++)
			assert_int_equal(api_udp(a, 1, ms & 1, ms), s.action);
		assert_int_equal(s.seen, s.action);
		assert_int_equal(api_udp(a, 2, false, 20), PFRING_FT_ACTION_DEFAULT);
		pfring_ft_flush(a->table);
		assert_int_equal(a->n, 2);
		assert_int_equal(a->flows[0].action, s.action);
		assert_int_equal(a->flows[1].action, PFRING_FT_ACTION_DEFAULT);
		api_close(a);
	}
}

/* The last one counts; DEFAULT is an action too; outside of callbacks, nobody listening. */
static void keep_flow(pfring_ft_flow *flow, void *user)
{
	*(pfring_ft_flow **)user = flow;
}

static void test_pfring_ft_flow_get_action(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	pfring_ft_flow *flow = NULL;

	(void)state;
	pfring_ft_set_new_flow_callback(a->table, keep_flow, &flow);
	api_udp(a, 1, false, 0);
	pfring_ft_set_new_flow_callback(a->table, NULL, NULL);
	assert_int_equal(pfring_ft_flow_get_action(flow), PFRING_FT_ACTION_DEFAULT);
	pfring_ft_flow_set_action(flow, PFRING_FT_ACTION_USER_2);
	assert_int_equal(pfring_ft_flow_get_action(flow), PFRING_FT_ACTION_USER_2);
	assert_int_equal(api_udp(a, 1, false, 1), PFRING_FT_ACTION_USER_2);
	pfring_ft_flow_set_action(flow, PFRING_FT_ACTION_FORWARD);
	assert_int_equal(api_udp(a, 1, true, 2), PFRING_FT_ACTION_FORWARD);
	pfring_ft_flow_set_action(flow, PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(api_udp(a, 1, true, 3), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(pfring_ft_flow_get_action(flow), PFRING_FT_ACTION_DEFAULT);
	api_close(a);
}

static void ndpi_at_packet(const u_char *data, pfring_ft_packet_metadata *metadata,
			   pfring_ft_flow *flow, void *user)
{
	(void)data;
	(void)metadata;
	assert_int_equal(pfring_ft_flow_get_ndpi_handle(flow) != NULL, *(int *)user);
}

static void test_pfring_ft_flow_get_ndpi_handle(void **state)
{
	(void)state;
	for (int dpi = 0; dpi < 2; dpi++) {
		struct api *a = api_open(dpi ? PFRING_FT_TABLE_FLAGS_DPI : 0, 10, 60, 0);

		pfring_ft_set_flow_packet_callback(a->table, ndpi_at_packet, &dpi);
		for (uint32_t ms = 0; ms < 50; ms++) {
			api_udp(a, 1, ms & 1, ms);
			api_tcp(a, 1, ms & 1, ms ? API_ACK : API_SYN, ms);
			api_text(a, API_TCP, 80, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", ms);
		}
		pfring_ft_flush(a->table);
		assert_int_equal(a->n, 3);
		for (unsigned int i = 0; i < a->n; i++)
			assert_int_equal(a->flows[i].has_ndpi, dpi);
		api_close(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_flow_get_id),
		cmocka_unit_test(test_pfring_ft_flow_get_key),
		cmocka_unit_test(test_pfring_ft_flow_get_key_ipv6),
		cmocka_unit_test(test_pfring_ft_flow_get_value_live),
		cmocka_unit_test(test_pfring_ft_flow_get_value_bytes),
		cmocka_unit_test(test_pfring_ft_flow_get_value_times),
		cmocka_unit_test(test_pfring_ft_flow_get_value_tcp_flags),
		cmocka_unit_test(test_pfring_ft_flow_get_value_status),
		cmocka_unit_test(test_pfring_ft_flow_get_value_status_end_detected),
		cmocka_unit_test(test_pfring_ft_flow_get_value_status_overflow),
		cmocka_unit_test(test_pfring_ft_flow_set_action),
		cmocka_unit_test(test_pfring_ft_flow_get_action),
		cmocka_unit_test(test_pfring_ft_flow_get_ndpi_handle),
	};

	return cmocka_run_group_tests_name("pfring_ft flows", tests, NULL, NULL);
}
