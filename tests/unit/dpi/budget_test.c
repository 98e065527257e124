/* SPDX-License-Identifier: BSD-3-Clause */
/* The bounds of inspection: states, bytes, what is given back, and modules in several threads. */
#include "traffic.h"

#include "core/limits.h"

#include <errno.h>
#include <pthread.h>

static struct dpi *make(struct dpi_options o)
{
	struct dpi *d = NULL;

	assert_int_equal(dpi_create(&d, &o, NULL, 0), 0);
	return d;
}

static void a_flow_without_a_state_is_counted_and_guessed(void **state)
{
	uint64_t counters[DPI_N] = {0};
	struct dpi *d = make((struct dpi_options){
		.flows_max = 2, .guess = true, .extra = true, .counters = counters});
	struct talk t[4];

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		t[i] = talk_make(d, TALK_TCP, (uint16_t)(40000 + i), 443);
		talk_text(&t[i], DIR_FWD, "?");
		talk_text(&t[i], DIR_FWD, "?");
	}
	assert_int_equal(counters[DPI_dpi_inspected], 2);
	assert_int_equal(counters[DPI_dpi_uninspected], 1);
	assert_int_equal(counters[DPI_dpi_packets], 4);
	assert_int_equal(t[2].annex.flags, L7_INSPECTED | L7_GAVE_UP);
	talk_finish(&t[2]);
	assert_int_equal(t[2].annex.flags, L7_INSPECTED | L7_GAVE_UP | L7_GUESSED);
	assert_string_equal(t[2].annex.l7_proto, "TLS");
	talk_release(&t[0]); /* its state is free again */
	t[3] = talk_make(d, TALK_TCP, 40003, 80);
	talk_text(&t[3], DIR_FWD, HTTP_REQUEST);
	assert_int_equal(counters[DPI_dpi_inspected], 3);
	for (int i = 1; i < 4; i++)
		talk_release(&t[i]);
	dpi_destroy(d);
}

/* TCP's handshake comes on top, whether nDPI saw it itself or it was replayed. */
static void packets_are_counted_from_the_first_payload(void **state)
{
	(void)state;
	for (int keep = 0; keep < 2; keep++) {
		struct dpi *d = make((struct dpi_options){.keep_states = keep});
		struct talk t = talk_make(d, TALK_TCP, 40000, 40001);

		talk_handshake(&t);
		assert_int_equal(t.annex.packets, 0);
		for (int i = 1; i < DPI_PACKETS_TCP_DEFAULT; i++)
			assert_false(talk_text(&t, i % 2, "????"));
		assert_int_equal(t.annex.packets, DPI_PACKETS_TCP_DEFAULT - 1);
		assert_true(talk_text(&t, DIR_FWD, "????"));
		talk_release(&t);
		dpi_destroy(d);
	}
}

static void other_packets_without_payload_count(void **state)
{
	struct dpi *d = make((struct dpi_options){.keep_states = true});
	struct talk t = talk_make(d, TALK_TCP, 40000, 40001);
	int n = 1;

	(void)state;
	while (!talk_say(&t, DIR_FWD, TALK_ACK, NULL, 0) && n < 100)
		n++;
	assert_int_equal(n, DPI_HANDSHAKE_PACKETS + DPI_PACKETS_TCP_DEFAULT);
	talk_release(&t);
	t = talk_make(d, TALK_UDP, 40000, 40001);
	for (n = 1; !talk_say(&t, DIR_FWD, 0, NULL, 0) && n < 100; n++)
		continue;
	assert_int_equal(n, DPI_PACKETS_UDP_DEFAULT);
	talk_release(&t);
	dpi_destroy(d);
}

/* The state given back last is the next one taken: it is still in the cache. */
static void states_come_back_last_first(void **state)
{
	struct dpi *d = make((struct dpi_options){.flows_max = 100});
	struct talk t[3];

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		t[i] = talk_make(d, TALK_UDP, (uint16_t)(40000 + i), 40001);
		talk_text(&t[i], DIR_FWD, "?");
	}
	const struct dpi_state *was[] = {t[0].annex.state, t[2].annex.state};

	talk_release(&t[2]);
	talk_release(&t[0]);
	talk_text(&t[0], DIR_FWD, "?");
	talk_text(&t[2], DIR_FWD, "?");
	assert_ptr_equal(t[0].annex.state, was[0]);
	assert_ptr_equal(t[2].annex.state, was[1]);
	for (int i = 0; i < 3; i++)
		talk_release(&t[i]);
	dpi_destroy(d);
}

/* A request that nDPI keeps memory for, not finished: its state stays. */
static void begin(struct talk *t, struct dpi *d, uint16_t port)
{
	*t = talk_make(d, TALK_TCP, port, 80);
	talk_handshake(t);
	talk_text(t, DIR_FWD, HTTP_REQUEST);
	assert_non_null(t->annex.state);
}

static void bytes_max_ends_new_inspections(void **state)
{
	uint64_t counters[DPI_N] = {0};
	struct dpi *d =
		make((struct dpi_options){.bytes_max = 1000, .extra = true, .counters = counters});
	struct talk t[100];
	uint16_t n = 0;

	(void)state;
	for (; n < 100 && !counters[DPI_dpi_uninspected]; n++) {
		t[n] = talk_make(d, TALK_TCP, (uint16_t)(40000 + n), 80);
		talk_text(&t[n], DIR_FWD, HTTP_REQUEST);
	}
	assert_in_range(n, 3, 50);
	assert_int_equal(t[n - 1].annex.flags, L7_INSPECTED | L7_GAVE_UP);
	for (uint16_t i = 0; i < n; i++)
		talk_release(&t[i]);
	begin(&t[0], d, 40000); /* all was given back */
	talk_release(&t[0]);
	dpi_destroy(d);
}

static void allocations_return_to_their_base(void **state)
{
	struct dpi *d = make((struct dpi_options){.guess = true, .extra = true});
	struct talk t[20];
	uint64_t base, most;

	(void)state;
	begin(&t[0], d, 39999);
	talk_release(&t[0]);
	base = dpi_allocated_bytes();
	assert_true(base > 100000); /* a module is large */
	for (uint16_t i = 0; i < 20; i++)
		begin(&t[i], d, (uint16_t)(40000 + i));
	most = dpi_allocated_bytes();
	assert_true(most > base + 20 * 16);
	for (int i = 0; i < 20; i++) {
		if (i % 2)
			talk_finish(&t[i]);
		talk_release(&t[i]);
	}
	assert_int_equal(dpi_allocated_bytes(), base);
	dpi_destroy(d);
}

static void destroy_takes_flows_that_go_on(void **state)
{
	struct dpi *d = make((struct dpi_options){.extra = true});
	uint64_t before;
	struct talk going, ended;

	(void)state;
	before = dpi_allocated_bytes();
	begin(&going, d, 40000);
	begin(&ended, d, 40001);
	talk_finish(&ended);
	assert_true(dpi_allocated_bytes() > before);
	dpi_destroy(d); /* the sanitizer tells what it left */
	assert_int_equal(dpi_allocated_bytes(), 0);
	dpi_destroy(NULL);
}

static void without_memory_the_error_says_what_to_lower(void **state)
{
	const struct dpi_options o = {.flows_max = UINT32_MAX}; /* some TiB of states */
	struct dpi *d = NULL;
	struct rlimit before, less;
	char error[256] = "";
	int rc, silent;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	less = before;
	less.rlim_cur = address_space() + ((rlim_t)1 << 40);
	if (less.rlim_cur > before.rlim_max)
		less.rlim_cur = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_AS, &less), 0);
	rc = dpi_create(&d, &o, error, sizeof error);
	silent = dpi_create(&d, &o, NULL, 0);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(rc, -ENOMEM);
	assert_int_equal(silent, -ENOMEM);
	assert_null(d);
	assert_string_equal(error, "no memory to inspect 4294967295 flows; lower flows_max, or do "
				   "without nDPI");
	assert_int_equal(dpi_allocated_bytes(), 0);
}

static void *lane(void *arg)
{
	unsigned int *detected = arg;
	uint64_t counters[DPI_N] = {0};
	struct dpi_options o = {.guess = true, .extra = true, .counters = counters};
	struct dpi *d = NULL;

	if (dpi_create(&d, &o, NULL, 0))
		return NULL;
	for (uint16_t i = 0; i < 200; i++) {
		struct talk t = talk_make(d, TALK_TCP, (uint16_t)(40000 + i), 80);
		uint8_t m[TALK_BYTES];

		talk_handshake(&t);
		if (i % 2)
			talk_text(&t, DIR_FWD, HTTP_REQUEST);
		else
			talk_say(&t, DIR_FWD, TALK_ACK, m, tls_client_hello(m, "www.google.com"));
		talk_finish(&t);
		if (strcmp(t.annex.l7_proto, i % 2 ? "HTTP" : "TLS.Google") == 0)
			(*detected)++;
		talk_release(&t);
	}
	dpi_destroy(d);
	return NULL;
}

static void two_modules_in_two_threads(void **state)
{
	unsigned int detected[2] = {0};
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, lane, &detected[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(detected[0], 200);
	assert_int_equal(detected[1], 200);
	assert_int_equal(dpi_allocated_bytes(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_without_a_state_is_counted_and_guessed),
		cmocka_unit_test(packets_are_counted_from_the_first_payload),
		cmocka_unit_test(other_packets_without_payload_count),
		cmocka_unit_test(states_come_back_last_first),
		cmocka_unit_test(bytes_max_ends_new_inspections),
		cmocka_unit_test(allocations_return_to_their_base),
		cmocka_unit_test(destroy_takes_flows_that_go_on),
		cmocka_unit_test(without_memory_the_error_says_what_to_lower),
		cmocka_unit_test(two_modules_in_two_threads),
	};

	dpi_count_allocations();
	return cmocka_run_group_tests_name("dpi budget", tests, NULL, NULL);
}
