/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables: what they are made with, what their flags do, their numbers, and their end. */
#include "api.h"

#include <errno.h>

static void exchange(struct api *a)
{
	api_udp(a, 1, false, 0);
	api_udp(a, 1, true, 1000);
}

static void test_pfring_ft_create_table_defaults(void **state)
{
	pfring_ft_table *table = pfring_ft_create_table(0, 0, 0, 0, 0);
	struct api *a = api_open(0, 0, 0, 0);

	(void)state;
	assert_non_null(table);
	pfring_ft_destroy_table(a->table);
	a->table = table;
	pfring_ft_set_flow_export_callback(table, api_collect, a);
	/* every 24 seconds a packet: never idle for 30, cut at 120 */
	for (uint32_t i = 0; i < 5; i++)
		api_udp(a, 1, false, i * 24000);
	api_udp(a, 1, false, 119999);
	assert_int_equal(a->n, 0);
	api_udp(a, 1, false, 120000);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT);
	api_assert_direction(&a->flows[0].value.direction[0], 6, API_UDP_BYTES, 0, 119999);
	assert_null(a->flows[0].value.user);
	api_udp(a, 1, false, 149999);
	assert_int_equal(a->n, 1);
	api_udp(a, 1, false, 179999);
	assert_int_equal(a->n, 2);
	assert_int_equal(a->flows[1].value.status, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	assert_null(pfring_ft_get_ndpi_handle(table));
	api_close(a);
}

/* None gives way below half a million; above it the table stays full. */
static void test_pfring_ft_create_table_500k_flows(void **state)
{
	pfring_ft_table *table = pfring_ft_create_table(0, 0, 0, 0, 0);
	struct wire w = wire_of_udp(1, false);
	pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = API_EPOCH}, .caplen = w.n, .len = w.n};
	pfring_ft_stats s;

	(void)state;
	assert_non_null(table);
	for (uint32_t i = 0; i < 550000; i++) {
		store_be32(w.b + 26, i);
		pfring_ft_process(table, w.b, &h, NULL);
		if (i + 1 == 500000)
			assert_int_equal(pfring_ft_get_stats(table)->err_no_room, 0);
	}
	s = *pfring_ft_get_stats(table);
	assert_int_equal(s.flows, 550000);
	assert_int_equal(s.active_flows, 500000);
	assert_int_equal(s.err_no_room, 50000);
	pfring_ft_destroy_table(table);
}

static void test_pfring_ft_create_table_max_flows_1(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);

	(void)state;
	pfring_ft_destroy_table(a->table);
	a->table = pfring_ft_create_table(0, 1, 0, 0, 0);
	assert_non_null(a->table);
	pfring_ft_set_flow_export_callback(a->table, api_collect, a);
	for (uint16_t port = 1; port <= 100; port++) {
		api_udp(a, port, false, port);
		assert_int_equal(pfring_ft_get_stats(a->table)->active_flows, 1);
	}
	assert_int_equal(a->n, 99);
	for (unsigned int i = 0; i < 99; i++) {
		assert_int_equal(a->flows[i].value.status, PFRING_FT_FLOW_STATUS_OVERFLOW);
		assert_int_equal(a->flows[i].key.sport, i + 1);
	}
	assert_int_equal(pfring_ft_get_stats(a->table)->err_no_room, 99);
	api_close(a);
}

static void test_pfring_ft_create_table_longest_timeouts(void **state)
{
	struct api *a = api_open(0, UINT32_MAX, UINT32_MAX, 0);

	(void)state;
	api_udp(a, 1, false, 0);
	api_udp(a, 1, false, 86399000);
	assert_int_equal(a->n, 0);
	api_udp(a, 1, false, 86400000);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT);
	api_udp(a, 1, false, 172799000);
	assert_int_equal(a->n, 1);
	api_close(a);
}

static void test_pfring_ft_create_table_null_on_failure(void **state)
{
	static const u_int32_t bad[][2] = {
		{UINT32_MAX, 0}, {0, UINT32_MAX}, {0, 1U << 31}, {1000000001U, 0}};
	struct api_lines lines = {0};

	(void)state;
	pfring_ft_set_log_callback(api_line, &lines);
	for (unsigned int i = 0; i < 4; i++) {
		assert_null(pfring_ft_create_table(0, bad[i][0], 0, 0, bad[i][1]));
		assert_int_equal(lines.n, i + 1); /* one line each */
	}
	assert_null(pfring_ft_create_table(PFRING_FT_TABLE_FLAGS_DPI, UINT32_MAX, 0, 0, 0));
	assert_int_equal(lines.n, 5);
	pfring_ft_set_log_callback(NULL, NULL);
}

static void fill_user(pfring_ft_flow *flow, void *user)
{
	static const u_char zero[4000];
	pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);
	const size_t bytes = *(u_int32_t *)user;

	assert_non_null(v->user);
	assert_int_equal((uintptr_t)v->user % _Alignof(max_align_t), 0); /* for any type */
	assert_memory_equal(v->user, zero, bytes);
	memset(v->user, (u_char)pfring_ft_flow_get_key(flow)->sport, bytes);
}

/* Zero in a flow that begins, also where another flow has been before; then the flow's alone. */
static void test_pfring_ft_create_table_user_metadata(void **state)
{
	static const u_int32_t sizes[] = {1, 8, 13, 4000};

	(void)state;
	for (unsigned int s = 0; s < 4; s++) {
		u_int32_t size = sizes[s];
		struct api *a = api_open(0, 10, 60, size);

		pfring_ft_set_new_flow_callback(a->table, fill_user, &size);
		for (uint32_t round = 0; round < 3; round++)
			for (uint16_t port = 1; port <= 200; port++)
				api_udp(a, port, false, round * 20000 + port);
		pfring_ft_flush(a->table);
		assert_int_equal(a->n, 600);
		for (unsigned int i = 0; i < a->n && size >= API_USER_COPIED; i++) {
			u_char want[API_USER_COPIED];

			memset(want, (u_char)a->flows[i].key.sport, sizeof want);
			assert_memory_equal(a->flows[i].user, want, sizeof want);
		}
		api_close(a);
	}
}

static unsigned int flows_of_two_vlans(u_int32_t flags)
{
	struct api *a = api_open(flags, 0, 0, 0);
	struct wire w[2] = {0};

	for (int i = 0; i < 2; i++) {
		wire_ethernet(&w[i], 0x8100);
		wire_vlan(&w[i], i ? 0x6000 | 4094 : 7, 0x0800);
		wire_ipv4(&w[i], API_UDP, i, 8);
		wire_udp(&w[i], i ? 53 : 1, i ? 1 : 53, 0);
		api_send(a, &w[i], 0);
	}
	pfring_ft_flush(a->table);
	unsigned int n = a->n;

	assert_int_equal(a->flows[0].key.vlan_id, 7);
	assert_int_equal(a->flows[n - 1].key.vlan_id, n == 1 ? 7 : 4094);
	assert_int_equal(a->flows[0].value.direction[1].pkts, n == 1);
	api_close(a);
	return n;
}

static void test_pfring_ft_create_table_ignore_vlan(void **state)
{
	(void)state;
	assert_int_equal(flows_of_two_vlans(0), 2);
	assert_int_equal(flows_of_two_vlans(PFRING_FT_IGNORE_VLAN), 1);
}

/* One flow in both directions, each with its device's hash. */
static unsigned int flows_of_hashes(u_int32_t flags, u_int32_t one, u_int32_t other)
{
	pfring_ft_ext_pkthdr ext = {.hash = one};
	struct api *a = api_open(flags, 0, 0, 0);

	a->ext = &ext;
	api_udp(a, 1, false, 0);
	ext.hash = other;
	api_udp(a, 1, true, 1);
	pfring_ft_flush(a->table);
	unsigned int n = a->n;

	api_close(a);
	return n;
}

static void test_pfring_ft_create_table_ignore_hw_hash(void **state)
{
	(void)state;
	assert_int_equal(flows_of_hashes(0, 0x1234, 0x1234), 1);
	assert_int_equal(flows_of_hashes(0, 0x1234, 0x4321), 2);
	assert_int_equal(flows_of_hashes(0, 0, 0), 1);
	assert_int_equal(flows_of_hashes(0, UINT32_MAX, UINT32_MAX), 1);
	assert_int_equal(flows_of_hashes(PFRING_FT_IGNORE_HW_HASH, 0x1234, 0x4321), 1);
	assert_int_equal(flows_of_hashes(PFRING_FT_IGNORE_HW_HASH, 0, 0x4321), 1);
}

static void test_pfring_ft_destroy_table(void **state)
{
	struct api *a = api_open(PFRING_FT_TABLE_FLAGS_DPI, 0, 0, 100);

	(void)state;
	pfring_ft_destroy_table(NULL);
	for (uint16_t port = 1; port <= 300; port++)
		api_udp(a, port, false, port);
	pfring_ft_destroy_table(a->table); /* without a flush nothing is exported */
	assert_int_equal(a->n, 0);
	free(a);
	pfring_ft_destroy_table(pfring_ft_create_table(0, 10, 0, 0, 0));
}

static void test_pfring_ft_get_stats(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	struct wire arp = {0}, none = {0}, cut = wire_of_udp(1, false);
	const pfring_ft_stats zero = {0};
	pfring_ft_stats *s;

	(void)state;
	assert_memory_equal(pfring_ft_get_stats(a->table), &zero, sizeof zero);
	exchange(a);
	wire_ethernet(&arp, 0x0806);
	wire_take(&arp, 46);
	assert_int_equal(api_send(a, &arp, 2000), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(api_send(a, &none, 2000), PFRING_FT_ACTION_DEFAULT);
	cut.n = 14 + 19; /* ends inside the IP header */
	api_send(a, &cut, 2000);
	s = pfring_ft_get_stats(a->table);
	assert_int_equal(s->active_flows, 1);
	assert_int_equal(s->flows, 1);
	assert_int_equal(s->err_no_room, 0);
	assert_int_equal(s->err_no_mem, 0);
	assert_int_equal(s->disc_no_ip, 3);
	assert_int_equal(s->max_lookup_depth, 1);
	assert_int_equal(s->packets, 5);
	assert_int_equal(s->bytes, 2 * API_UDP_BYTES + 60 + 33);
	api_udp(a, 2, false, 3000);
	s = pfring_ft_get_stats(a->table);
	assert_int_equal(s->active_flows, 2);
	pfring_ft_flush(a->table);
	s = pfring_ft_get_stats(a->table);
	assert_int_equal(s->active_flows, 0);
	assert_int_equal(s->flows, 2);
	assert_int_equal(s->packets, 6);
	api_close(a);
}

struct kept {
	unsigned int n;
	pfring_ft_flow *flows[20000];
};

static void keep(pfring_ft_flow *flow, void *user)
{
	struct kept *k = user;

	assert_true(k->n < 20000);
	k->flows[k->n++] = flow;
}

/* A program that frees nothing: memory is bounded, what is lost is counted. */
static void test_pfring_ft_get_stats_err_no_mem(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct kept *k = calloc(1, sizeof *k);
	pfring_ft_stats s;

	(void)state;
	assert_non_null(k);
	pfring_ft_set_flow_export_callback(a->table, keep, k);
	for (uint16_t port = 1; port <= 20000; port++)
		api_udp(a, port, false, port);
	s = *pfring_ft_get_stats(a->table);
	assert_int_equal(s.flows, 20000);
	assert_int_equal(s.active_flows, 1000);
	assert_int_equal(s.err_no_room, 19000);
	assert_true(k->n >= 1000 && k->n < 19000);
	assert_int_equal(s.flows, k->n + s.active_flows + s.err_no_mem);
	for (unsigned int i = 0; i < k->n; i++) {
		assert_int_equal(pfring_ft_flow_get_value(k->flows[i])->direction[0].pkts, 1);
		pfring_ft_flow_free(k->flows[i]);
	}
	/* and now there is room for them again */
	k->n = 0;
	pfring_ft_flush(a->table);
	assert_int_equal(k->n, 1000);
	assert_int_equal(pfring_ft_get_stats(a->table)->err_no_mem, s.err_no_mem);
	for (unsigned int i = 0; i < k->n; i++)
		pfring_ft_flow_free(k->flows[i]);
	free(k);
	api_close(a);
}

struct sums {
	u_int64_t rx, metered, dropped, created, ended, slices, records, arp;
	unsigned int n;
};

static void sum_up(const char *name, u_int64_t value, void *user)
{
	struct sums *s = user;

	s->n++;
	if (strcmp(name, "rx_packets") == 0)
		s->rx = value;
	else if (strcmp(name, "metered_packets") == 0)
		s->metered = value;
	else if (strncmp(name, "drop_", 5) == 0)
		s->dropped += value;
	else if (strcmp(name, "flows_created") == 0)
		s->created = value;
	else if (strncmp(name, "flows_ended_", 12) == 0)
		s->ended += value;
	else if (strcmp(name, "slices") == 0)
		s->slices = value;
	else if (strcmp(name, "records") == 0)
		s->records = value;
	if (strcmp(name, "drop_arp") == 0)
		s->arp = value;
}

static void test_pfring_ft_for_each_counter(void **state)
{
	struct api *a = api_open(0, 5, 20, 0);
	struct wire arp = {0};

	(void)state;
	wire_ethernet(&arp, 0x0806);
	wire_take(&arp, 46);
	pfring_ft_flow_set_flow_slicing(a->table, 3);
	for (uint32_t i = 0; i < 400; i++) {
		struct sums s = {0};

		api_udp(a, (uint16_t)(i % 7), i & 1, i * 250);
		if (i % 10 == 0)
			api_send(a, &arp, i * 250);
		pfring_ft_for_each_counter(a->table, sum_up, &s);
		assert_true(s.n > 30);
		assert_int_equal(s.rx, i + 1 + i / 10 + 1);
		assert_int_equal(s.rx, s.metered + s.dropped);
		assert_int_equal(s.arp, i / 10 + 1);
		assert_int_equal(s.created, s.ended + pfring_ft_get_stats(a->table)->active_flows);
		assert_int_equal(s.records, s.ended + s.slices);
		assert_int_equal(s.records, a->n);
	}
	assert_true(a->n > 50);
	api_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_create_table_defaults),
		cmocka_unit_test(test_pfring_ft_create_table_500k_flows),
		cmocka_unit_test(test_pfring_ft_create_table_max_flows_1),
		cmocka_unit_test(test_pfring_ft_create_table_longest_timeouts),
		cmocka_unit_test(test_pfring_ft_create_table_null_on_failure),
		cmocka_unit_test(test_pfring_ft_create_table_user_metadata),
		cmocka_unit_test(test_pfring_ft_create_table_ignore_vlan),
		cmocka_unit_test(test_pfring_ft_create_table_ignore_hw_hash),
		cmocka_unit_test(test_pfring_ft_destroy_table),
		cmocka_unit_test(test_pfring_ft_get_stats),
		cmocka_unit_test(test_pfring_ft_get_stats_err_no_mem),
		cmocka_unit_test(test_pfring_ft_for_each_counter),
	};

	return cmocka_run_group_tests_name("pfring_ft tables", tests, NULL, NULL);
}
