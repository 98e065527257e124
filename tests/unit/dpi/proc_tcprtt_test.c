/* SPDX-License-Identifier: BSD-3-Clause */
/* tcprtt: handshakes as they should be, sent again, turned around, and none at all. */
#include "proc_fixture.h"

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };

#define SET (1U << PROCESSOR_tcprtt)

static void a_handshake(void **state)
{
	struct proc_fixture x;

	(void)state;
	for (unsigned int client = 0; client < DIR_N; client++) {
		proc_open(&x, SET, NULL);
		proc_tcp(&x, (struct proc_tcp){.seq = UINT32_MAX, .flags = SYN}, client, 5);
		assert_true(x.watched);
		proc_tcp(&x, (struct proc_tcp){.seq = 9, .ack = 0, .flags = SYN | ACK}, !client, 7);
		assert_int_equal(proc_record(&x)->tcp_rtt_us, 0);
		proc_tcp(&x, (struct proc_tcp){.seq = 0, .ack = 10, .flags = ACK}, client, 13);
		assert_false(x.watched);
		assert_int_equal(proc_record(&x)->tcp_rtt_us, 20000);
		proc_close(&x);
	}
}

/* The last SYN counts, and only what answers it. */
static void sent_again(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET, NULL);
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN}, DIR_FWD, 0);
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN}, DIR_FWD, 1000);
	proc_tcp(&x, (struct proc_tcp){.seq = 5, .ack = 77, .flags = SYN | ACK}, DIR_REV, 1);
	proc_tcp(&x, (struct proc_tcp){.seq = 2, .ack = 6, .flags = ACK}, DIR_FWD, 1);
	assert_int_equal(proc_record(&x)->tcp_rtt_us, 0);
	proc_tcp(&x, (struct proc_tcp){.seq = 5, .ack = 2, .flags = SYN | ACK}, DIR_REV, 1);
	proc_tcp(&x, (struct proc_tcp){.seq = 5, .ack = 2, .flags = SYN | ACK}, DIR_REV, 1);
	proc_tcp(&x, (struct proc_tcp){.seq = 2, .ack = 6, .flags = ACK}, DIR_FWD, 1);
	assert_int_equal(proc_record(&x)->tcp_rtt_us, 5000);
	proc_close(&x);
}

static void none(void **state)
{
	struct proc_fixture x;

	(void)state;
	proc_open(&x, SET, NULL);
	proc_udp(&x, 4, DIR_FWD, 0);
	assert_false(x.watched);
	proc_close(&x);

	proc_open(&x, SET, NULL); /* it was before */
	proc_tcp(&x, (struct proc_tcp){.seq = 2, .ack = 6, .n = 3, .flags = ACK}, DIR_FWD, 1);
	assert_false(x.watched);
	assert_int_equal(proc_record(&x)->tcp_rtt_us, 0);
	proc_close(&x);

	proc_open(&x, SET, NULL); /* refused */
	proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN}, DIR_FWD, 0);
	proc_tcp(&x, (struct proc_tcp){.ack = 2, .flags = RST | ACK}, DIR_REV, 0);
	assert_false(x.watched);
	assert_int_equal(proc_record(&x)->tcp_rtt_us, 0);
	proc_close(&x);

	proc_open(&x, SET, NULL); /* for ever */
	for (int i = 0; i < 40; i++)
		proc_tcp(&x, (struct proc_tcp){.seq = 1, .flags = SYN}, DIR_FWD, 1);
	assert_false(x.watched);
	proc_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake),
		cmocka_unit_test(sent_again),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
