/* SPDX-License-Identifier: BSD-3-Clause */
/* netbios, ntp and idpcontent: what one datagram says. */
#include "proc_fixture.h"

#define NETBIOS	   (1U << PROCESSOR_netbios)
#define NTP	   (1U << PROCESSOR_ntp)
#define IDPCONTENT (1U << PROCESSOR_idpcontent)

/* WORKGROUP and blanks, of kind 0x1d. */
#define ENCODED "FHEPFCELEHFCEPFFFACACACACACACABN"

static void netbios_name(void **state)
{
	static const char query[] = "\0\1\1\x10\0\1\0\0\0\0\0\0\x20" ENCODED "\0\0\x20\0\1";
	struct proc_message m = {137, 137, query, sizeof query - 1};
	struct proc_fixture x;

	(void)state;
	for (uint32_t n = 0; n < sizeof query - 1 - 5; n++) {
		proc_open(&x, NETBIOS, NULL);
		m.n = n;
		proc_message(&x, m, DIR_FWD);
		assert_null(proc_record(&x)->netbios);
		proc_close(&x);
	}
	proc_open(&x, NETBIOS, NULL);
	m.n = sizeof query - 1;
	for (unsigned int i = 0; i < TRANSACTIONS_DEFAULT; i++)
		assert_int_equal(proc_message(&x, m, DIR_FWD).next, i + 1 < TRANSACTIONS_DEFAULT);
	assert_int_equal(proc_record(&x)->netbios->name.n, TRANSACTIONS_DEFAULT);
	assert_string_equal(x.r.netbios->name.values[0], "WORKGROUP      ");
	assert_int_equal(x.r.netbios->suffix.values[0], 0x1d);
	assert_int_equal(x.r.l7_seen, CLASS_NETBIOS);
	proc_close(&x);
}

static void netbios_that_is_none(void **state)
{
	static const char digits[] = "\0\1\1\x10\0\1\0\0\0\0\0\0\x20"
				     "0123456789abcdefABCDEFGHABCDEFGH\0\0\x20\0\1";
	static const char no_question[] = "\0\1\1\x10\0\0\0\1\0\0\0\0\x20" ENCODED "\0\0\x20\0\1";
	struct proc_fixture x;

	(void)state;
	proc_open(&x, NETBIOS, NULL);
	proc_message(&x, (struct proc_message){137, 137, digits, sizeof digits - 1}, DIR_FWD);
	proc_message(&x, (struct proc_message){137, 137, no_question, sizeof no_question - 1},
		     DIR_FWD);
	assert_null(proc_record(&x)->netbios);
	proc_close(&x);
	proc_open(&x, NETBIOS, NULL);
	assert_false(proc_message(&x, (struct proc_message){138, 138, digits, 20}, DIR_FWD).next);
	proc_close(&x);
}

/* A client of stratum 2: delay 0x450, dispersion 0x3ab, half a second in the transmit time. */
#define NTP_MESSAGE                                                                                \
	"\x23\2\7\xeb\0\0\4\x50\0\0\3\xab\x83\xbc\3\xdf"                                           \
	"\xd9\x4e\xf0\x03\0\0\x10\xc7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xd9\x4e\xf0\x03\x80\0\0\0"

static void ntp_header(void **state)
{
	struct proc_message m = {123, 123, NTP_MESSAGE, sizeof NTP_MESSAGE - 1};
	struct proc_fixture x;
	const struct record_ntp *r;

	(void)state;
	proc_open(&x, NTP, NULL);
	assert_true(proc_message(&x, m, DIR_FWD).next);
	r = proc_record(&x)->ntp;
	assert_int_equal(x.r.l7_seen, CLASS_NTP);
	assert_int_equal(r->leap.values[0], 0);
	assert_int_equal(r->version.values[0], 4);
	assert_int_equal(r->mode.values[0], 3);
	assert_int_equal(r->stratum.values[0], 2);
	assert_int_equal(r->poll.values[0], 7);
	assert_int_equal(r->precision.values[0], 0xeb);
	assert_int_equal(r->delay.values[0], 0x450);
	assert_int_equal(r->dispersion.values[0], 0x3ab);
	assert_string_equal(r->reference_id.values[0], "131.188.3.223");
	assert_string_equal(r->reference.values[0], "3645829123.000001");
	assert_string_equal(r->origin.values[0], "0.000000");
	assert_string_equal(r->sent.values[0], "3645829123.500000");
	assert_int_equal(r->sent.n, 1);
	proc_close(&x);
}

static void ntp_that_is_none(void **state)
{
	/* version 3; mode 6; stratum 17; poll 18 */
	static const struct {
		uint8_t at, value;
	} wrong[] = {{0, 0x1b}, {0, 0x26}, {1, 17}, {2, 18}};
	uint8_t bytes[] = NTP_MESSAGE;
	struct proc_message m = {123, 123, bytes, sizeof bytes - 1};
	struct proc_fixture x;

	(void)state;
	proc_open(&x, NTP, NULL);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const uint8_t right = bytes[wrong[i].at];

		bytes[wrong[i].at] = wrong[i].value;
		assert_true(proc_message(&x, m, DIR_FWD).next);
		bytes[wrong[i].at] = right;
	}
	m.n--;
	proc_message(&x, m, DIR_FWD);
	assert_null(proc_record(&x)->ntp);
	proc_close(&x);
}

/* A kiss of death; and a record a message. */
static void ntp_kiss(void **state)
{
	const struct processor_options o = {.records_transaction = true, .transactions = 4};
	uint8_t bytes[] = NTP_MESSAGE;
	struct proc_message m = {123, 123, bytes, sizeof bytes - 1};
	struct proc_fixture x;

	(void)state;
	bytes[0] = 0xe4;
	bytes[1] = 0;
	memcpy(bytes + 12, "RATE", 4);
	proc_open(&x, NTP, &o);
	assert_true(proc_message(&x, m, DIR_REV).cut);
	assert_string_equal(proc_record(&x)->ntp->reference_id.values[0], "RATE");
	assert_int_equal(x.r.ntp->leap.values[0], 3);
	proc_close(&x);
}

static void content(void **state)
{
	uint8_t bytes[200];
	struct proc_message m = {40000, 7777, bytes, 0};
	struct proc_fixture x;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	proc_open(&x, IDPCONTENT, NULL);
	assert_true(proc_message(&x, m, DIR_FWD).next);
	assert_int_equal(proc_record(&x)->idp_content[DIR_FWD].len, 0);
	m.n = sizeof bytes;
	assert_true(proc_message(&x, m, DIR_FWD).next);
	m.n = 3;
	assert_false(proc_message(&x, m, DIR_REV).next);
	proc_record(&x);
	assert_int_equal(x.r.idp_content[DIR_FWD].len, 100);
	assert_memory_equal(x.r.idp_content[DIR_FWD].bytes, bytes, 100);
	assert_int_equal(x.r.idp_content[DIR_REV].len, 3);
	proc_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(netbios_name), cmocka_unit_test(netbios_that_is_none),
		cmocka_unit_test(ntp_header),	cmocka_unit_test(ntp_that_is_none),
		cmocka_unit_test(ntp_kiss),	cmocka_unit_test(content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
