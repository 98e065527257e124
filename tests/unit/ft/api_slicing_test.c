/* SPDX-License-Identifier: BSD-3-Clause */
/* Slices: records of flows that go on, exact in time, and with the end they add up to the flow. */
#include "api.h"

#define SLICED PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT

static struct api *open_sliced(u_int32_t idle, u_int32_t lifetime, u_int32_t slice)
{
	struct api *a = api_open(0, idle, lifetime, API_USER_COPIED);

	pfring_ft_flow_set_flow_slicing(a->table, slice);
	return a;
}

/* A packet a second either way: slices begin with a packet and last five seconds. */
static void test_pfring_ft_flow_set_flow_slicing(void **state)
{
	struct api *a = open_sliced(30, 120, 5);

	(void)state;
	for (uint32_t s = 0; s <= 22; s++) {
		api_udp(a, 1, false, s * 1000);
		assert_int_equal(a->n, s / 5);
		api_udp(a, 1, true, s * 1000 + 500);
		assert_int_equal(a->n, s / 5);
	}
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 5);
	for (unsigned int i = 0; i < 5; i++) {
		const struct api_flow *f = &a->flows[i];
		const uint32_t first = i * 5000, last = i < 4 ? first + 4000 : 22000;
		const uint64_t n = i < 4 ? 5 : 3;

		assert_int_equal(f->value.status,
				 i < 4 ? SLICED : PFRING_FT_FLOW_STATUS_FORCED_END);
		assert_int_equal(f->id, a->flows[0].id);
		assert_memory_equal(&f->key, &a->flows[0].key, sizeof f->key);
		api_assert_direction(&f->value.direction[0], n, API_UDP_BYTES, first, last);
		api_assert_direction(&f->value.direction[1], n, API_UDP_BYTES, first + 500,
				     last + 500);
	}
	assert_int_equal(a->flows[4].key.sport, 1);
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 1);
	api_close(a);
}

/* A slice is cut where its time is over, to the microsecond. */
static void test_pfring_ft_flow_set_flow_slicing_exact(void **state)
{
	struct api *a = open_sliced(30, 120, 5);

	(void)state;
	api_udp(a, 1, false, 123);
	api_udp(a, 1, false, 5122);
	assert_int_equal(a->n, 0);
	api_udp(a, 1, false, 5123);
	assert_int_equal(a->n, 1);
	api_assert_direction(&a->flows[0].value.direction[0], 2, API_UDP_BYTES, 123, 5122);
	api_assert_no_packets(&a->flows[0].value.direction[1]);
	api_close(a);
}

/* Flags and the origin are those of a slice's own packets. */
static void test_pfring_ft_flow_set_flow_slicing_own_facts(void **state)
{
	pfring_ft_ext_pkthdr ext = {.device_id = 1, .port_id = 11};
	struct api *a = open_sliced(30, 120, 5);

	(void)state;
	a->ext = &ext;
	api_tcp(a, 1, false, API_SYN, 0);
	api_tcp(a, 1, true, API_SYN | API_ACK, 1);
	ext.device_id = 2;
	ext.port_id = 22;
	api_tcp(a, 1, false, API_ACK, 6000);
	api_tcp(a, 1, false, API_PSH, 6001);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 2);
	const pfring_ft_flow_dir_value *one = a->flows[0].value.direction;
	const pfring_ft_flow_dir_value *two = a->flows[1].value.direction;

	assert_int_equal(one[0].tcp_flags, API_SYN);
	assert_int_equal(one[1].tcp_flags, API_SYN | API_ACK);
	assert_int_equal(one[0].device_id, 1);
	assert_int_equal(one[0].port_id, 11);
	assert_int_equal(two[0].tcp_flags, API_PSH | API_ACK);
	assert_int_equal(two[0].device_id, 2);
	assert_int_equal(two[0].port_id, 22);
	api_assert_no_packets(&two[1]);
	api_close(a);
}

/* Nothing leaves while nothing comes; the next slice begins with its first packet. */
static void test_pfring_ft_flow_set_flow_slicing_quiet(void **state)
{
	struct api *a = open_sliced(30, 120, 5);

	(void)state;
	api_udp(a, 1, false, 0);
	for (uint32_t s = 1; s <= 25; s++)
		api_housekeep(a, s);
	assert_int_equal(a->n, 1); /* one slice, no empty ones */
	assert_int_equal(a->flows[0].value.status, SLICED);
	api_assert_direction(&a->flows[0].value.direction[0], 1, API_UDP_BYTES, 0, 0);
	api_udp(a, 1, true, 26000);
	api_udp(a, 1, true, 30999);
	assert_int_equal(a->n, 1);
	api_udp(a, 1, false, 31000);
	assert_int_equal(a->n, 2);
	api_assert_no_packets(&a->flows[1].value.direction[0]);
	api_assert_direction(&a->flows[1].value.direction[1], 2, API_UDP_BYTES, 26000, 30999);
	assert_int_equal(a->flows[1].id, a->flows[0].id);
	api_close(a);
}

/* The rest may be nothing: a record says that the flow is over. */
static void test_pfring_ft_flow_set_flow_slicing_nothing_left(void **state)
{
	struct api *a = open_sliced(30, 120, 5);

	(void)state;
	api_udp(a, 1, false, 0);
	api_udp(a, 1, true, 1000);
	api_housekeep(a, 12);
	assert_int_equal(a->n, 1);
	api_housekeep(a, 45);
	assert_int_equal(a->n, 2);
	assert_int_equal(a->flows[1].value.status, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	assert_int_equal(a->flows[1].id, a->flows[0].id);
	api_assert_no_packets(&a->flows[1].value.direction[0]);
	api_assert_no_packets(&a->flows[1].value.direction[1]);
	assert_int_equal(pfring_ft_get_stats(a->table)->active_flows, 0);
	api_close(a);
}

/* Random times: what the slices and the end of a flow say is what was sent, for every flow. */
static void test_pfring_ft_flow_set_flow_slicing_sums(void **state)
{
	struct api *a = open_sliced(20, 60, 5);
	uint64_t sent[20][2] = {0}, told[20][2] = {0}, bytes[2] = {0};
	uint64_t random = 88172645463325252ULL;
	unsigned int slices = 0;
	uint32_t ms = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		ms += random % 200;
		const uint16_t port = (uint16_t)(1 + (random >> 20) % 20);
		/* the client begins, so that directions keep their names */
		const bool reverse = (random >> 30) & 1 && sent[port - 1][0];

		api_udp(a, port, reverse, ms);
		sent[port - 1][reverse]++;
		if (random >> 40 & 1)
			pfring_ft_housekeeping(a->table, API_EPOCH + ms / 1000);
	}
	pfring_ft_flush(a->table);
	for (unsigned int i = 0; i < a->n; i++) {
		const struct api_flow *f = &a->flows[i];
		const bool swapped = f->key.sport == API_UDP_PORT; /* begun by the server */
		const uint16_t port = swapped ? f->key.dport : f->key.sport;

		slices += f->value.status == SLICED;
		for (int d = 0; d < 2; d++) {
			told[port - 1][d != swapped] += f->value.direction[d].pkts;
			bytes[d != swapped] += f->value.direction[d].bytes;
		}
	}
	assert_true(slices > 100);
	assert_memory_equal(told, sent, sizeof told);
	assert_int_equal(bytes[0] + bytes[1], 2000 * API_UDP_BYTES);
	api_close(a);
}

/* A flow ends its life with the lifetime's status, and begins anew with another id. */
static void test_pfring_ft_flow_set_flow_slicing_lifetime(void **state)
{
	static const struct {
		uint32_t first, last;
		pfring_ft_flow_status status;
	} want[] = {
		{0, 4, SLICED},
		{5, 9, SLICED},
		{10, 11, PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT},
		{12, 16, SLICED},
		{17, 20, PFRING_FT_FLOW_STATUS_FORCED_END},
	};
	struct api *a = open_sliced(30, 12, 5);

	(void)state;
	for (uint32_t s = 0; s <= 20; s++)
		api_udp(a, 1, false, s * 1000);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(a->flows[i].value.status, want[i].status);
		assert_int_equal(a->flows[i].id, a->flows[i < 3 ? 0 : 3].id);
		api_assert_direction(&a->flows[i].value.direction[0],
				     want[i].last - want[i].first + 1, API_UDP_BYTES,
				     want[i].first * 1000, want[i].last * 1000);
	}
	assert_true(a->flows[0].id != a->flows[3].id);
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 2);
	api_close(a);
	/* a slice as long as the life, or longer, never leaves */
	a = open_sliced(30, 12, 12);
	for (uint32_t s = 0; s <= 20; s++)
		api_udp(a, 1, false, s * 1000);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT);
	assert_int_equal(a->flows[0].value.direction[0].pkts, 12);
	api_close(a);
}

/* Switched on, changed and switched off while flows are in the table. */
static void test_pfring_ft_flow_set_flow_slicing_later(void **state)
{
	struct api *a = api_open(0, 30, 120, 0);

	(void)state;
	for (uint32_t s = 0; s <= 10; s++)
		api_udp(a, 1, false, s * 1000);
	pfring_ft_flow_set_flow_slicing(a->table, 5); /* overdue */
	assert_int_equal(a->n, 0);
	api_udp(a, 1, false, 11000);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.status, SLICED);
	api_assert_direction(&a->flows[0].value.direction[0], 11, API_UDP_BYTES, 0, 10000);
	pfring_ft_flow_set_flow_slicing(a->table, 20);
	api_udp(a, 1, false, 30999);
	assert_int_equal(a->n, 1);
	api_udp(a, 1, false, 31000);
	assert_int_equal(a->n, 2);
	pfring_ft_flow_set_flow_slicing(a->table, 0);
	for (uint32_t s = 32; s < 100; s += 10)
		api_udp(a, 1, false, s * 1000);
	assert_int_equal(a->n, 2);
	pfring_ft_flow_set_flow_slicing(a->table, UINT32_MAX);
	api_udp(a, 1, false, 105000);
	assert_int_equal(a->n, 2);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 3);
	api_assert_direction(&a->flows[2].value.direction[0], 9, API_UDP_BYTES, 31000, 105000);
	api_close(a);
}

/* What leaves is kept, until told otherwise. */
struct shelf {
	unsigned int n;
	pfring_ft_flow *flows[64];
	pfring_ft_flow *master;
};

static void put(pfring_ft_flow *flow, void *user)
{
	struct shelf *s = user;

	assert_true(s->n < 64);
	s->flows[s->n++] = flow;
}

static void mark_user(pfring_ft_flow *flow, void *user)
{
	struct shelf *s = user;

	s->master = flow;
	memcpy(pfring_ft_flow_get_value(flow)->user, "master!", 8);
}

/* Three slices and the flow itself. */
static struct api *open_shelf(struct shelf *s)
{
	struct api *a = open_sliced(30, 120, 5);

	*s = (struct shelf){0};
	pfring_ft_set_new_flow_callback(a->table, mark_user, s);
	pfring_ft_set_flow_export_callback(a->table, put, s);
	for (uint32_t t = 0; t <= 15; t++)
		api_udp(a, 1, false, t * 1000);
	assert_int_equal(s->n, 3);
	return a;
}

static void test_pfring_ft_flow_get_users(void **state)
{
	struct shelf s;
	struct api *a = open_shelf(&s);

	(void)state;
	assert_int_equal(pfring_ft_flow_get_users(s.master), 4);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pfring_ft_flow_get_users(s.flows[i]), 4);
		/* the user's area is the master's, and may be written through the slice */
		assert_ptr_equal(pfring_ft_flow_get_value(s.flows[i])->user,
				 pfring_ft_flow_get_value(s.master)->user);
		assert_memory_equal(pfring_ft_flow_get_value(s.flows[i])->user, "master!", 8);
	}
	pfring_ft_flow_free(s.flows[1]);
	assert_int_equal(pfring_ft_flow_get_users(s.master), 3);
	pfring_ft_flow_free(s.flows[0]);
	assert_int_equal(pfring_ft_flow_get_users(s.flows[2]), 2);
	pfring_ft_flow_free(s.flows[2]);
	assert_int_equal(pfring_ft_flow_get_users(s.master), 1);
	s.n = 0;
	pfring_ft_flush(a->table);
	assert_int_equal(s.n, 1);
	assert_ptr_equal(s.flows[0], s.master);
	assert_int_equal(pfring_ft_flow_get_users(s.master), 1);
	pfring_ft_flow_free(s.master);
	api_close(a);
}

/* What was not freed yet is as it was: three slices of five packets, and the rest. */
static void check_rest(const struct shelf *s, const bool *gone, int users)
{
	for (int i = 0; i < 4; i++) {
		if (gone[i])
			continue;
		pfring_ft_flow_value *v = pfring_ft_flow_get_value(s->flows[i]);

		assert_memory_equal(v->user, "master!", 8);
		assert_int_equal(v->direction[0].pkts, i < 3 ? 5 : 1);
		assert_int_equal(pfring_ft_flow_get_users(s->flows[i]), users);
	}
}

/* Whichever goes first: what is left can be read, and its place is not given away. */
static void test_pfring_ft_flow_free_order(void **state)
{
	static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {3, 0, 1, 2}, {1, 3, 0, 2}};

	(void)state;
	for (int o = 0; o < 4; o++) {
		bool gone[4] = {false};
		struct shelf s;
		struct api *a = open_shelf(&s);

		pfring_ft_set_flow_export_callback(a->table, put, &s);
		pfring_ft_flush(a->table);
		assert_int_equal(s.n, 4);
		assert_ptr_equal(s.flows[3], s.master);
		pfring_ft_set_new_flow_callback(a->table, NULL, NULL);
		pfring_ft_set_flow_export_callback(a->table, api_collect, a);
		for (int k = 0; k < 4; k++) {
			pfring_ft_flow_free(s.flows[orders[o][k]]);
			gone[orders[o][k]] = true;
			for (uint16_t port = 2; port < 300; port++)
				api_udp(a, port, false, 60000 + (uint32_t)k);
			check_rest(&s, gone, 3 - k);
		}
		pfring_ft_flush(a->table);
		assert_int_equal(a->n, 298);
		api_close(a);
	}
}

/* Through a slice, as long as it is held: the verdict on its flow. */
static void test_pfring_ft_flow_set_action_of_a_slice(void **state)
{
	struct shelf s;
	struct api *a = open_shelf(&s);

	(void)state;
	pfring_ft_flow_set_action(s.flows[0], PFRING_FT_ACTION_DISCARD);
	assert_int_equal(pfring_ft_flow_get_action(s.master), PFRING_FT_ACTION_DISCARD);
	for (uint32_t ms = 16000; ms < 19000; ms += 100)
		assert_int_equal(api_udp(a, 1, false, ms), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(api_udp(a, 2, false, 19500), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(api_udp(a, 1, false, 20000), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(s.n, 4); /* its own verdict left with the new slice */
	assert_int_equal(pfring_ft_flow_get_action(s.flows[3]), PFRING_FT_ACTION_DISCARD);
	for (unsigned int i = 0; i < s.n; i++)
		pfring_ft_flow_free(s.flows[i]);
	s.n = 0;
	pfring_ft_flush(a->table);
	assert_int_equal(s.n, 2);
	pfring_ft_flow_free(s.flows[0]);
	pfring_ft_flow_free(s.flows[1]);
	api_close(a);
}

/* The server's, to the client's port of api_text(). */
static void send_answer(struct api *a, uint32_t ms)
{
	static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
	struct wire w = {0};

	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, API_TCP, true, 20 + sizeof answer - 1);
	wire_tcp(&w, 80, 40000, API_PSH | API_ACK);
	wire_bytes(&w, answer, sizeof answer - 1);
	api_send(a, &w, ms);
}

/* A slice has its flow's protocol and its flow's nDPI structure, also when that is gone. */
static void test_pfring_ft_flow_get_ndpi_handle_of_a_slice(void **state)
{
	struct api *a = api_open(PFRING_FT_TABLE_FLAGS_DPI, 30, 120, 0);
	const char *request = "GET /x HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
	const u_int16_t http = pfring_ft_l7_protocol_id(a->table, "HTTP");
	struct shelf s = {0};

	(void)state;
	pfring_ft_flow_set_flow_slicing(a->table, 5);
	pfring_ft_set_flow_export_callback(a->table, put, &s);
	api_text(a, API_TCP, 80, request, 0);
	send_answer(a, 1000);
	api_text(a, API_TCP, 80, request, 5000);
	pfring_ft_flush(a->table);
	assert_int_equal(s.n, 2);
	pfring_ft_flow_free(s.flows[1]); /* the flow goes first */
	for (uint16_t port = 1; port < 300; port++)
		api_udp(a, port, false, 6000);
	pfring_ft_flow_value *v = pfring_ft_flow_get_value(s.flows[0]);

	assert_int_equal(v->status, SLICED);
	assert_int_equal(v->l7_protocol.master_protocol, http);
	assert_int_equal(v->l7_protocol.app_protocol, http);
	assert_string_equal(v->l7_metadata.http.serverName, "www.example.org");
	assert_int_equal(v->l7_metadata.http.responseCode, 404);
	assert_non_null(pfring_ft_flow_get_ndpi_handle(s.flows[0]));
	pfring_ft_flow_free(s.flows[0]);
	api_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing),
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing_exact),
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing_own_facts),
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing_quiet),
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing_nothing_left),
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing_sums),
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing_lifetime),
		cmocka_unit_test(test_pfring_ft_flow_set_flow_slicing_later),
		cmocka_unit_test(test_pfring_ft_flow_get_users),
		cmocka_unit_test(test_pfring_ft_flow_free_order),
		cmocka_unit_test(test_pfring_ft_flow_set_action_of_a_slice),
		cmocka_unit_test(test_pfring_ft_flow_get_ndpi_handle_of_a_slice),
	};

	return cmocka_run_group_tests_name("pfring_ft slices", tests, NULL, NULL);
}
