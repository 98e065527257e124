/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring between a reader and a lane: nothing is lost, changed or reordered, whatever is held and
 * however full it is, and nobody waits for ever.
 */
#include "app/packet_ring.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/limits.h"

#define MARK_EVERY 10007
#define HELD_MAX   1024

/* What packet number i is, the same on both sides. */
static uint32_t caplen_of(uint32_t i, uint32_t largest)
{
	return i % 1000 == 999 ? largest : (i * 2654435761U >> 16) % 600;
}

struct run {
	struct packet_ring *ring;
	uint32_t n_packets, largest;
	unsigned int hold; /* the consumer holds so many */
	long producer_ns;  /* it sleeps so long now and then */
	long consumer_ns;
};

static void doze(uint32_t i, long ns)
{
	struct timespec ts = {.tv_nsec = ns};

	if (ns && i % 5000 == 0)
		nanosleep(&ts, NULL);
}

static void *produce(void *self)
{
	const struct run *run = self;
	uint8_t *bytes = malloc(PACKET_BYTES_MAX);

	for (uint32_t i = 0; i < run->n_packets; i++) {
		pfring_ft_packet p = {.data = bytes, .time_ns = i, .len = i + 7};

		if (i && i % MARK_EVERY == 0)
			packet_ring_mark(run->ring, i);
		p.caplen = caplen_of(i, run->largest);
		p.cookie = &p; /* the producer's, of no use to the other side */
		memset(bytes, (int)(i % 251), p.caplen);
		packet_ring_push(run->ring, &p);
		doze(i, run->producer_ns);
	}
	packet_ring_end(run->ring, run->n_packets + 5);
	free(bytes);
	return NULL;
}

/* Its bytes, when they are given back: they stayed. */
static void check(const pfring_ft_packet *p, uint32_t i, const struct run *run)
{
	if (p->time_ns != i || p->len != i + 7 || p->caplen != caplen_of(i, run->largest))
		fail_msg("packet %u is not packet %u", (unsigned int)p->time_ns, i);
	for (uint32_t at = 0; at < p->caplen; at++)
		if (p->data[at] != i % 251)
			fail_msg("packet %u is damaged", i);
}

struct lane {
	pfring_ft_packet held[HELD_MAX];
	unsigned int n_held;
	uint32_t n_seen, n_released, n_marks;
};

static void release(struct lane *l, const struct run *run, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		check(&l->held[i], l->n_released + i, run);
	packet_ring_release(run->ring, l->held, n);
	l->n_released += n;
	l->n_held -= n;
	memmove(l->held, l->held + n, l->n_held * sizeof *l->held);
}

static void consume(struct lane *l, const struct run *run)
{
	int n;

	while ((n = packet_ring_receive(run->ring, l->held + l->n_held, 64)) != INPUT_END) {
		l->n_held += (unsigned int)n;
		l->n_seen += (unsigned int)n;
		if (n == 0)
			release(l, run, l->n_held);
		if (n == 0 && packet_ring_marked(run->ring)) {
			l->n_marks++;
			assert_int_equal(l->n_seen, l->n_marks * MARK_EVERY);
		}
		while (l->n_held > run->hold)
			release(l, run, 1 + (unsigned int)rand() % l->n_held);
		doze(l->n_seen, run->consumer_ns);
	}
	release(l, run, l->n_held);
}

static void run_both(struct run *run)
{
	struct lane *l = calloc(1, sizeof *l);
	pthread_t thread;

	assert_non_null(l);
	assert_int_equal(packet_ring_create(&run->ring, PACKET_RING_BYTES_MIN), 0);
	assert_int_equal(pthread_create(&thread, NULL, produce, run), 0);
	consume(l, run);
	pthread_join(thread, NULL);
	assert_int_equal(l->n_seen, run->n_packets);
	assert_int_equal(l->n_released, run->n_packets);
	assert_int_equal(l->n_marks, (run->n_packets - 1) / MARK_EVERY);
	assert_int_equal(packet_ring_now_ns(run->ring), run->n_packets + 5);
	packet_ring_destroy(run->ring);
	free(l);
}

static void carries_a_million_packets(void **state)
{
	struct run run = {.n_packets = 1000000, .largest = 1500, .hold = 192};

	(void)state;
	run_both(&run);
}

static void carries_the_largest_packets(void **state)
{
	struct run run = {.n_packets = 100000, .largest = PACKET_BYTES_MAX, .hold = 192};

	(void)state;
	run_both(&run);
}

static void waits_for_either_side(void **state)
{
	struct run slow_reader = {.n_packets = 100000, .largest = 1500, .producer_ns = 3000000};
	struct run slow_lane = {.n_packets = 100000, .largest = 60000, .consumer_ns = 20000000};

	(void)state;
	run_both(&slow_reader);
	run_both(&slow_lane);
}

/* A lane that got everything there was gives it back and sleeps; it does not spin, nor hang. */
static void rests_when_nothing_comes(void **state)
{
	struct packet_ring *ring;
	pfring_ft_packet p = {.data = (const u_char *)"x", .caplen = 1}, got[4];
	struct timespec before, after;

	(void)state;
	assert_int_equal(packet_ring_create(&ring, 0), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (unsigned int i = 0; i < 50; i++)
		assert_int_equal(packet_ring_receive(ring, got, 4), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec <
		    25000000); /* of some 50 ms */
	packet_ring_push(ring, &p);
	packet_ring_mark(ring, 9);
	packet_ring_push(ring, &p);
	packet_ring_end(ring, 12);
	assert_int_equal(packet_ring_receive(ring, got, 4), 1);
	assert_int_equal(packet_ring_receive(ring, got + 1, 3), 0);
	assert_int_equal(packet_ring_now_ns(ring), 9);
	packet_ring_release(ring, got, 1);
	assert_true(packet_ring_marked(ring));
	assert_false(packet_ring_marked(ring));
	assert_int_equal(packet_ring_now_ns(ring), 0);
	assert_int_equal(packet_ring_receive(ring, got, 4), 1);
	assert_int_equal(packet_ring_receive(ring, got + 1, 3), INPUT_END);
	assert_int_equal(packet_ring_now_ns(ring), 12);
	packet_ring_release(ring, got, 1);
	assert_int_equal(packet_ring_receive(ring, got, 4), INPUT_END);
	packet_ring_destroy(ring);
}

static void refuses_what_is_too_large(void **state)
{
	struct packet_ring *ring = NULL;

	(void)state;
	assert_int_equal(packet_ring_create(&ring, SIZE_MAX), -EINVAL);
	assert_null(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_a_million_packets),
		cmocka_unit_test(carries_the_largest_packets),
		cmocka_unit_test(waits_for_either_side),
		cmocka_unit_test(rests_when_nothing_comes),
		cmocka_unit_test(refuses_what_is_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
