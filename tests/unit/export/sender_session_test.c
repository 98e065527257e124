/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPFIX in sessions: what is sent first, what is acknowledged, in doubt, or sent again, against a
 * transport that does as it is told, and over real TCP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export/output_internal.h"
#include "ipfix_reader.h"
#include "sample_records.h"
#include "stream_peer.h"

#define DOMAIN 77

/* Takes what it has room for, and acknowledges what it is told to. */
struct told {
	struct transport base;
	struct session_view view;
	uint8_t *bytes;
	size_t room;
	struct ipfix_reader reader;
};

static ssize_t told_send(struct transport *base, const struct iovec *pieces, int n)
{
	struct told *t = (struct told *)base;
	size_t len = pieces->iov_len < t->room ? pieces->iov_len : t->room;

	assert_int_equal(n, 1);
	if (!t->view.up || !len)
		return -EAGAIN;
	memcpy(t->bytes + t->view.taken_bytes, pieces->iov_base, len);
	t->view.taken_bytes += len;
	t->room -= len;
	return (ssize_t)len;
}

static void told_session(struct transport *base, struct session_view *out)
{
	*out = ((struct told *)base)->view;
}

static const char *told_trouble(const struct transport *base)
{
	(void)base;
	return "as told";
}

static void told_close(struct transport *base, uint64_t deadline_ns)
{
	(void)base;
	(void)deadline_ns;
}

static const struct transport_ops told_ops = {
	.send = told_send, .session = told_session, .trouble = told_trouble, .close = told_close};

static void told_begin(struct told *t, size_t room)
{
	t->view.number++;
	t->view.up = true;
	t->view.acknowledges = true;
	t->view.taken_bytes = t->view.acked_bytes = 0;
	t->room = room;
	reader_end(&t->reader);
	reader_begin(&t->reader, DOMAIN);
}

static void told_lose(struct told *t)
{
	t->view.up = false;
	t->view.failures++;
}

static struct output *open_told(struct told *t, enum output_replay replay)
{
	const struct output_spec spec = {.type = OUTPUT_IPFIX,
					 .target = "tcp://told:1",
					 .observation_domain = DOMAIN,
					 .queue_records_max = 100,
					 .replay = replay};
	struct output *o;

	*t = (struct told){.base.ops = &told_ops};
	t->bytes = malloc(1 << 20);
	assert_non_null(t->bytes);
	assert_int_equal(output_open_over(&o, &spec, &t->base), 0);
	return o;
}

static void free_told(struct told *t, struct output *o)
{
	output_free(o);
	reader_end(&t->reader);
	free(t->bytes);
}

static void check_identity(const struct output *o)
{
	const struct output_counters *c = output_counters(o);

	assert_int_equal(c->count[OUTPUT_offered],
			 c->count[OUTPUT_sent] + c->count[OUTPUT_in_doubt] +
				 c->count[OUTPUT_queued] + output_records_lost(o));
}

/* Each as a message of its own. */
static void submit(struct output *o, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
		output_poll(o, SAMPLE_NS);
		output_poll(o, SAMPLE_NS + OUTPUT_FLUSH_NS);
		check_identity(o);
	}
}

static uint64_t count(const struct output *o, enum output_counter c)
{
	return output_counters(o)->count[c];
}

/* T7: templates first on each session, and numbers from 0 on (M8). */
static void test_t7_each_session_begins_anew(void **state)
{
	struct told t;
	struct output *o = open_told(&t, OUTPUT_REPLAY_AT_MOST_ONCE);
	uint32_t templates = ipfix_template_count(o->ipfix.profile);

	(void)state;
	submit(o, 2);
	assert_int_equal(count(o, OUTPUT_queued), 2); /* no session yet */
	for (int session = 1; session <= 3; session++) {
		told_begin(&t, 1 << 20);
		submit(o, 5);
		assert_int_equal(reader_stream(&t.reader, t.bytes, t.view.taken_bytes),
				 t.view.taken_bytes);
		assert_int_equal(t.reader.templates, templates);
		assert_int_equal(t.reader.records, session == 1 ? 7 : 5);
		assert_int_equal(count(o, OUTPUT_sessions), session);
		t.view.acked_bytes = t.view.taken_bytes;
		told_lose(&t);
		output_poll(o, SAMPLE_NS);
		check_identity(o);
		assert_int_equal(count(o, OUTPUT_sessions_failed), session);
	}
	assert_int_equal(count(o, OUTPUT_sent), 17);
	assert_string_equal(output_last_error(o), "ipfix:tcp://told:1: as told");
	output_close(o, 0);
	check_identity(o);
	free_told(&t, o);
}

static void run_loss(enum output_replay replay)
{
	bool again = replay == OUTPUT_REPLAY_AT_LEAST_ONCE;
	uint64_t two_messages;
	struct told t;
	struct output *o = open_told(&t, replay);

	told_begin(&t, 1 << 20);
	submit(o, 2);
	two_messages = t.view.taken_bytes;
	assert_int_equal(count(o, OUTPUT_sent), 0); /* nothing is acknowledged */
	submit(o, 3);
	t.view.acked_bytes = two_messages + 1; /* a part of the third is no message */
	output_poll(o, SAMPLE_NS);
	assert_int_equal(count(o, OUTPUT_sent), 2);
	assert_int_equal(count(o, OUTPUT_queued), 3);
	/* The sixth leaves in part: it cannot have been read, so it is never in doubt. */
	t.room = 10;
	submit(o, 1);
	told_lose(&t);
	output_poll(o, SAMPLE_NS);
	check_identity(o);
	assert_int_equal(count(o, OUTPUT_in_doubt), again ? 0 : 3);
	assert_int_equal(count(o, OUTPUT_resent), again ? 3 : 0);
	assert_int_equal(count(o, OUTPUT_queued), again ? 4 : 1);
	told_begin(&t, 1 << 20);
	output_poll(o, SAMPLE_NS);
	output_poll(o, SAMPLE_NS + OUTPUT_FLUSH_NS);
	reader_stream(&t.reader, t.bytes, t.view.taken_bytes);
	assert_int_equal(t.reader.records, again ? 4 : 1);
	/* The end: what was never acknowledged is in doubt, whatever replay says. */
	t.room = 0;
	submit(o, 1);
	output_close(o, 0);
	check_identity(o);
	assert_int_equal(count(o, OUTPUT_in_doubt), again ? 4 : 4);
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_shutdown], 1);
	free_told(&t, o);
}

static void test_lost_sessions(void **state)
{
	(void)state;
	run_loss(OUTPUT_REPLAY_AT_MOST_ONCE);
	run_loss(OUTPUT_REPLAY_AT_LEAST_ONCE);
}

/* What nobody can have read goes again, at-most-once or not: nothing is lost, nothing doubled. */
static void test_what_was_not_read_is_sent_again(void **state)
{
	struct told t;
	struct output *o = open_told(&t, OUTPUT_REPLAY_AT_MOST_ONCE);

	(void)state;
	told_begin(&t, 1 << 20);
	submit(o, 2);
	t.view.acked_bytes = t.view.taken_bytes;
	submit(o, 3);
	t.view.unread = true;
	told_lose(&t);
	output_poll(o, SAMPLE_NS);
	check_identity(o);
	assert_int_equal(count(o, OUTPUT_sent), 2);
	assert_int_equal(count(o, OUTPUT_in_doubt), 0);
	assert_int_equal(count(o, OUTPUT_resent), 3);
	t.view.unread = false;
	told_begin(&t, 1 << 20);
	output_drain(o);
	output_poll(o, SAMPLE_NS);
	reader_stream(&t.reader, t.bytes, t.view.taken_bytes);
	assert_int_equal(t.reader.records, 3);
	free_told(&t, o);
}

/* T8: sessions get their templates once, or again and again for those who ask for it. */
static void test_t8_templates_again_on_a_session(void **state)
{
	(void)state;
	for (unsigned int wanted = 0; wanted < 2; wanted++) {
		struct told t;
		struct output *o = open_told(&t, OUTPUT_REPLAY_AT_MOST_ONCE);
		uint32_t templates = ipfix_template_count(o->ipfix.profile);

		o->spec.template_resend_sessions = wanted;
		told_begin(&t, 1 << 20);
		for (uint64_t i = 0; i < 4; i++)
			output_poll(o, SAMPLE_NS + i * IPFIX_TEMPLATE_RESEND_S * SECOND_NS / 2);
		reader_stream(&t.reader, t.bytes, t.view.taken_bytes);
		assert_int_equal(t.reader.templates, (1 + wanted) * templates);
		free_told(&t, o);
	}
}

/* M9: what a full queue lost is a gap; what is lost between sessions is none of the next one. */
static void test_m9_losses_show_as_gaps(void **state)
{
	struct told t;
	struct output *o = open_told(&t, OUTPUT_REPLAY_AT_MOST_ONCE);
	uint64_t before;

	(void)state;
	submit(o, 110); /* nobody is there: 10 too many */
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_queue_full], 10);
	told_begin(&t, 1 << 20);
	output_drain(o);
	output_poll(o, SAMPLE_NS);
	reader_stream(&t.reader, t.bytes, t.view.taken_bytes);
	assert_int_equal(t.reader.records, 100);
	before = t.view.taken_bytes;
	submit(o, 7); /* in flight are 100 still */
	assert_int_equal(output_counters(o)->dropped[OUTPUT_DROP_queue_full], 17);
	t.view.acked_bytes = before;
	output_poll(o, SAMPLE_NS);
	submit(o, 1);
	t.reader.gaps_allowed = true;
	reader_stream(&t.reader, t.bytes + before, t.view.taken_bytes - before);
	assert_int_equal(t.reader.lost, 7);
	assert_int_equal(t.reader.records, 101);
	free_told(&t, o);
}

/* At random: partial sends, acknowledgements, losses; the identity holds after each step. */
static void test_identity_whatever_happens(void **state)
{
	(void)state;
	srand(5);
	for (int replay = 0; replay < 2; replay++) {
		struct told t;
		struct output *o = open_told(&t, (enum output_replay)replay);
		uint64_t now_ns = SAMPLE_NS;

		for (unsigned int i = 0; i < 20000; i++) {
			struct flow_record r = sample_of_many(i);
			uint64_t open = t.view.taken_bytes - t.view.acked_bytes;

			output_submit(o, &r);
			if (!t.view.up && rand() % 20 == 0)
				told_begin(&t, 0);
			if (t.view.up && t.view.taken_bytes < 1 << 19)
				t.room += (size_t)(rand() % 600);
			if (t.view.up && open && rand() % 8 == 0)
				t.view.acked_bytes += (uint64_t)rand() % (open + 1);
			if (t.view.up && rand() % 100 == 0)
				told_lose(&t);
			now_ns += (uint64_t)(rand() % 300000000);
			output_poll(o, now_ns);
			check_identity(o);
		}
		assert_true(count(o, OUTPUT_sent) > 1000);
		assert_true(count(o, replay ? OUTPUT_resent : OUTPUT_in_doubt) > 50);
		output_close(o, 0);
		check_identity(o);
		assert_int_equal(count(o, OUTPUT_queued), 0);
		free_told(&t, o);
	}
}

/* O6: options records at the start and every so often, and they count in the numbers (M7). */
static void test_o6_options_records_come_again(void **state)
{
	struct told t;
	struct output *o = open_told(&t, OUTPUT_REPLAY_AT_MOST_ONCE);
	uint32_t at_start;

	(void)state;
	o->spec.options_interval_ns = 60 * SECOND_NS;
	told_begin(&t, 1 << 20);
	submit(o, 3);
	reader_stream(&t.reader, t.bytes, t.view.taken_bytes);
	at_start = t.reader.reports;
	assert_true(at_start >= 3);
	reader_end(&t.reader);
	reader_begin(&t.reader, DOMAIN);
	output_poll(o, SAMPLE_NS + 61 * SECOND_NS);
	assert_int_equal(reader_stream(&t.reader, t.bytes, t.view.taken_bytes), t.view.taken_bytes);
	assert_int_equal(t.reader.reports, 2 * at_start);
	assert_int_equal(t.reader.records, 3);
	free_told(&t, o);
}

/* A path of so many bytes; messages one after the other, as UDP keeps them. */
struct narrow {
	struct transport base;
	uint32_t path_bytes;
	struct ipfix_reader reader;
};

static ssize_t narrow_send(struct transport *base, const struct iovec *pieces, int n)
{
	assert_int_equal(n, 1);
	reader_message(&((struct narrow *)base)->reader, pieces->iov_base, pieces->iov_len);
	return (ssize_t)pieces->iov_len;
}

static uint32_t narrow_path(struct transport *base)
{
	return ((struct narrow *)base)->path_bytes;
}

static const struct transport_ops narrow_ops = {
	.send = narrow_send, .path_bytes = narrow_path, .close = told_close};

/* X3: no message is larger than the path takes; 512 bytes where nobody knows. */
static void test_x3_messages_fit_the_path(void **state)
{
	const uint32_t paths[] = {1472, 1232, 700, 0}, wanted[] = {1400, 1232, 700, 512};

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		const struct output_spec spec = {.type = OUTPUT_IPFIX,
						 .target = "udp://narrow:1",
						 .fields = "basic",
						 .observation_domain = DOMAIN};
		struct narrow t = {.base.ops = &narrow_ops, .path_bytes = paths[i]};
		struct output *o;

		reader_begin(&t.reader, DOMAIN);
		assert_int_equal(output_open_over(&o, &spec, &t.base), 0);
		for (uint32_t k = 0; k < 100; k++) {
			struct flow_record r = sample_of_many(k);

			output_submit(o, &r);
		}
		output_drain(o);
		output_poll(o, SAMPLE_NS);
		assert_int_equal(t.reader.records, 100);
		assert_in_range(t.reader.longest, wanted[i] - 150, wanted[i]);
		/* The path becomes narrower: seen within a second. */
		t.path_bytes = 600;
		t.reader.longest = 0;
		for (uint32_t k = 0; k < 100; k++) {
			struct flow_record r = sample_of_many(k);

			output_submit(o, &r);
		}
		output_poll(o, SAMPLE_NS + SECOND_NS);
		assert_int_equal(t.reader.records, 200);
		assert_in_range(t.reader.longest, 450, 600);
		output_free(o);
		reader_end(&t.reader);
	}
}

/* Over real TCP: a collector that is killed in the middle and comes again. */
static void test_a_collector_that_is_killed(void **state)
{
	struct output_spec spec = {.observation_domain = DOMAIN, .reconnect_ns = 1000000};
	char error[256], text[128];
	struct ipfix_reader reader;
	struct output *o;
	struct peer p;
	uint64_t read = 0;

	(void)state;
	peer_make(&p, NULL);
	snprintf(text, sizeof text, "ipfix:tcp://%s", p.target);
	assert_int_equal(output_spec_parse(&spec, text, error, sizeof error), 0);
	assert_int_equal(output_open(&o, &spec, error, sizeof error), 0);
	for (uint32_t i = 0; i < 60000; i++) {
		struct flow_record r = sample_of_many(i);

		output_submit(o, &r);
		if (i % 10 == 0)
			output_poll(o, SAMPLE_NS + i * 1000000ULL);
		if (i % 200 == 0)
			peer_step(&p);
		if (i % 20000 == 19999) {
			reader_begin(&reader, DOMAIN);
			reader.gaps_allowed = true;
			reader_stream(&reader, p.bytes, p.len);
			read += reader.records;
			reader_end(&reader);
			peer_hang_up(&p, true);
			p.len = 0;
		}
		check_identity(o);
	}
	for (int i = 0; i < 1000 && output_poll(o, clock_wall_ns()); i++) {
		peer_step(&p);
		output_drain(o);
		sleep_ns(1000000);
	}
	reader_begin(&reader, DOMAIN);
	reader.gaps_allowed = true;
	assert_int_equal(reader_stream(&reader, p.bytes, p.len), p.len);
	read += reader.records;
	reader_end(&reader);
	output_close(o, clock_monotonic_ns() + SECOND_NS);
	check_identity(o);
	assert_true(count(o, OUTPUT_sessions) >= 3);
	/* What was acknowledged and not read before the kill is the collector's loss. */
	assert_true(read <= count(o, OUTPUT_sent) + count(o, OUTPUT_in_doubt));
	assert_true(read > 1000);
	output_free(o);
	peer_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t7_each_session_begins_anew),
		cmocka_unit_test(test_lost_sessions),
		cmocka_unit_test(test_what_was_not_read_is_sent_again),
		cmocka_unit_test(test_t8_templates_again_on_a_session),
		cmocka_unit_test(test_m9_losses_show_as_gaps),
		cmocka_unit_test(test_identity_whatever_happens),
		cmocka_unit_test(test_o6_options_records_come_again),
		cmocka_unit_test(test_x3_messages_fit_the_path),
		cmocka_unit_test(test_a_collector_that_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
