/* SPDX-License-Identifier: BSD-3-Clause */
/* pfring_ft_housekeeping() and pfring_ft_flush(): flows that end without a packet. */
#include "api.h"

static void test_pfring_ft_housekeeping_idle(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);

	(void)state;
	api_udp(a, 1, false, 0);
	api_udp(a, 1, true, 2500);
	api_housekeep(a, 9);
	api_housekeep(a, 12); /* 9.5 seconds after the last packet */
	assert_int_equal(a->n, 0);
	assert_int_equal(pfring_ft_get_stats(a->table)->active_flows, 1);
	api_housekeep(a, 14);
	assert_int_equal(a->n, 1);
	assert_int_equal(pfring_ft_get_stats(a->table)->active_flows, 0);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	api_assert_direction(&a->flows[0].value.direction[0], 1, API_UDP_BYTES, 0, 0);
	api_assert_direction(&a->flows[0].value.direction[1], 1, API_UDP_BYTES, 2500, 2500);
	api_housekeep(a, 100);
	assert_int_equal(a->n, 1);
	api_close(a);
}

static void test_pfring_ft_housekeeping_lifetime(void **state)
{
	struct api *a = api_open(0, 10, 15, 0);

	(void)state;
	for (uint32_t s = 0; s < 14; s += 2)
		api_udp(a, 1, false, s * 1000);
	api_housekeep(a, 14);
	assert_int_equal(a->n, 0);
	api_housekeep(a, 24); /* cut at 15; the last packet was at 12 */
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT);
	api_assert_direction(&a->flows[0].value.direction[0], 7, API_UDP_BYTES, 0, 12000);
	api_housekeep(a, 100);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 1); /* nothing came after it */
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 1);
	api_close(a);
}

/* A cut flow that nothing follows is no flow, though more may still come of it. */
static void test_pfring_ft_get_stats_after_a_cut(void **state)
{
	struct api *a = api_open(0, 60, 10, 0);
	pfring_ft_stats s;

	(void)state;
	for (uint32_t t = 0; t < 10; t += 2)
		api_udp(a, 1, false, t * 1000);
	api_housekeep(a, 30);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT);
	s = *pfring_ft_get_stats(a->table);
	assert_int_equal(s.flows, a->n + s.active_flows);
	api_close(a);
}

static void test_pfring_ft_housekeeping_bounded(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	unsigned int more = 0, before;

	(void)state;
	for (uint16_t port = 1; port <= 900; port++)
		api_udp(a, port, false, 0);
	assert_int_equal(pfring_ft_housekeeping(a->table, API_EPOCH + 1), 0);
	assert_int_equal(a->n, 0);
	for (int rc = 1; rc; more += (unsigned int)rc) {
		before = a->n;
		rc = pfring_ft_housekeeping(a->table, API_EPOCH + 30);
		assert_true(rc == 0 || rc == 1);
		assert_true(a->n - before < 200);
		assert_true(rc == 0 || a->n > before);
	}
	assert_int_equal(a->n, 900); /* nothing is left when it may sleep */
	assert_true(more >= 4);
	assert_int_equal(pfring_ft_housekeeping(a->table, API_EPOCH + 30), 0);
	api_close(a);
}

static void test_pfring_ft_housekeeping_early_epoch(void **state)
{
	static const u_int32_t epochs[] = {0, 1, API_EPOCH - 100000, API_EPOCH - 1};
	struct api *a = api_open(0, 10, 60, 0);

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pfring_ft_housekeeping(a->table, epochs[i]), 0);
	api_udp(a, 1, false, 5000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pfring_ft_housekeeping(a->table, epochs[i]), 0);
	assert_int_equal(a->n, 0);
	api_udp(a, 1, false, 14000);
	assert_int_equal(a->n, 0);
	api_housekeep(a, 30);
	assert_int_equal(a->n, 1);
	api_assert_direction(&a->flows[0].value.direction[0], 2, API_UDP_BYTES, 5000, 14000);
	api_close(a);
}

/* The clock on the wall beside old packets: flows end early, but nothing is lost or stuck. */
static void test_pfring_ft_housekeeping_wall_clock(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		api_udp(a, 1, false, i * 100);
		api_housekeep(a, 300000000 + i); /* nine years later */
	}
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 50);
	for (uint32_t i = 0; i < 50; i++)
		api_assert_direction(&a->flows[i].value.direction[0], 1, API_UDP_BYTES, i * 100,
				     i * 100);
	api_close(a);
}

/* Once a second, as programs do, over a minute without packets. */
static void test_pfring_ft_housekeeping_every_second(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	unsigned int at[61];

	(void)state;
	for (uint32_t i = 0; i < 600; i++)
		api_udp(a, (uint16_t)(i + 1), false, i * 10); /* over six seconds */
	for (uint32_t s = 6; s <= 60; s++) {
		api_housekeep(a, s);
		at[s] = a->n;
	}
	assert_int_equal(at[9], 0);
	for (uint32_t s = 11; s <= 18; s++) {
		/* whatever ended more than two seconds ago is out, nothing is early */
		assert_true(at[s] <= (s - 10) * 100 + 1);
		assert_true(s < 13 || at[s] >= (s - 12 < 6 ? (s - 12) * 100 : 600));
	}
	assert_int_equal(at[60], 600);
	api_close(a);
}

static void test_pfring_ft_housekeeping_ns(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);
	const u_int64_t start = API_EPOCH * 1000000000ULL;

	(void)state;
	api_udp(a, 1, false, 0);
	while (pfring_ft_housekeeping_ns(a->table, start + 9999999999ULL))
		;
	assert_int_equal(a->n, 0);
	while (pfring_ft_housekeeping_ns(a->table, start + 12000000000ULL))
		;
	assert_int_equal(a->n, 1);
	assert_int_equal(a->flows[0].value.status, PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	api_close(a);
}

static void test_pfring_ft_flush(void **state)
{
	struct api *a = api_open(0, 10, 60, 0);

	(void)state;
	pfring_ft_flush(a->table); /* of nothing */
	assert_int_equal(a->n, 0);
	for (uint16_t port = 1; port <= 500; port++)
		api_udp(a, port, false, 0);
	api_tcp(a, 600, false, API_FIN | API_ACK, 9600);
	api_tcp(a, 600, true, API_FIN | API_ACK, 9601);
	for (uint16_t port = 501; port <= 520; port++)
		api_udp(a, port, false, 9999);
	assert_int_equal(a->n, 0);
	api_housekeep(a, 10);
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 521);
	assert_int_equal(pfring_ft_get_stats(a->table)->active_flows, 0);
	for (unsigned int i = 0; i < a->n; i++) {
		const struct api_flow *f = &a->flows[i];

		assert_int_equal(f->value.status,
				 f->key.sport == 600 ? PFRING_FT_FLOW_STATUS_END_DETECTED :
				 f->key.sport > 500  ? PFRING_FT_FLOW_STATUS_FORCED_END :
						       PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT);
	}
	pfring_ft_flush(a->table); /* twice */
	assert_int_equal(a->n, 521);
	api_udp(a, 1, false, 10001); /* and the table goes on */
	pfring_ft_flush(a->table);
	assert_int_equal(a->n, 522);
	assert_int_equal(a->flows[521].value.status, PFRING_FT_FLOW_STATUS_FORCED_END);
	assert_int_equal(pfring_ft_get_stats(a->table)->flows, 522);
	api_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_housekeeping_idle),
		cmocka_unit_test(test_pfring_ft_housekeeping_lifetime),
		cmocka_unit_test(test_pfring_ft_get_stats_after_a_cut),
		cmocka_unit_test(test_pfring_ft_housekeeping_bounded),
		cmocka_unit_test(test_pfring_ft_housekeeping_early_epoch),
		cmocka_unit_test(test_pfring_ft_housekeeping_wall_clock),
		cmocka_unit_test(test_pfring_ft_housekeeping_every_second),
		cmocka_unit_test(test_pfring_ft_housekeeping_ns),
		cmocka_unit_test(test_pfring_ft_flush),
	};

	return cmocka_run_group_tests_name("pfring_ft time", tests, NULL, NULL);
}
