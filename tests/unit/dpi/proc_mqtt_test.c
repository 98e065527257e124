/* SPDX-License-Identifier: BSD-3-Clause */
/* mqtt: sessions, and control packets across segments. */
#include "proc_talk.h"

#include "record/elements.h"

#define CONNECT_5  "\x10\x0d\0\4MQTT\5\xc2\0\x3c\0\0\0"
#define CONNACK	   "\x20\x03\1\x86\0"
#define PUBLISH_A  "\x33\x07\0\3a/b\0\1"
#define DISCONNECT "\xe0\0"
/* Bytes of a text that has zeros in it. */
#define SEND(t, direction, text) talk_bytes(t, direction, text, sizeof(text) - 1)

static const struct processor_options two_topics = {.transactions = 4, .mqtt_topics = 2};

static void open_mqtt(struct proc_talk *t, const struct processor_options *options)
{
	talk_open(t, PROCESSOR_mqtt, options);
	t->seq[DIR_FWD] = UINT32_MAX - 20; /* they wrap */
	CLIENT(t, "");
}

static void a_session(void **state)
{
	struct proc_talk t;
	const struct record_mqtt *m;

	(void)state;
	open_mqtt(&t, &two_topics);
	SEND(&t, DIR_FWD, CONNECT_5);
	SEND(&t, DIR_REV, CONNACK);
	SEND(&t, DIR_FWD,
	     PUBLISH_A "\x30\x05\0\1#xx"
		       "\x3a\x03\0\1c"
		       "\x30\x03\0\1d");
	SEND(&t, DIR_REV, "\x40\2\0\1");
	m = talk_record(&t)->mqtt;
	assert_non_null(m);
	assert_int_equal(talk_record(&t)->l7_seen, CLASS_MQTT);
	assert_int_equal(m->types, 1 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
	assert_int_equal(m->version, 5);
	assert_int_equal(m->connect_flags, 0xc2);
	assert_int_equal(m->keep_alive, 60);
	assert_int_equal(m->return_code, 0x86);
	assert_int_equal(m->publish_flags, 0x3 | 0x0 | 0xa);
	assert_string_equal(m->topics, "a/b#c");
	assert_true(t.x.watched);
	SEND(&t, DIR_FWD, DISCONNECT);
	assert_false(t.x.watched);
	assert_true(talk_record(&t)->mqtt->types & 1 << 14);
	talk_close(&t);

	open_mqtt(&t, NULL);
	SEND(&t, DIR_FWD, CONNECT_5);
	SEND(&t, DIR_FWD, PUBLISH_A);
	assert_string_equal(talk_record(&t)->mqtt->topics, "");
	talk_close(&t);
}

/* A message of 300 bytes in three segments, of which one comes twice: what looks like more is not.
 */
static void across_segments(void **state)
{
	uint8_t message[3 + 300] = {0x30, 0xac, 0x02, 0, 1, 't'};
	struct proc_talk t;

	(void)state;
	memset(message + 6, 0x50, sizeof message - 6);
	open_mqtt(&t, &two_topics);
	SEND(&t, DIR_FWD, CONNECT_5);
	talk_bytes(&t, DIR_FWD, message, 100);
	talk_bytes(&t, DIR_FWD, message + 100, 100);
	t.seq[DIR_FWD] -= 100;
	talk_bytes(&t, DIR_FWD, message + 100, 100);
	talk_bytes(&t, DIR_FWD, message + 200, 103);
	SEND(&t, DIR_FWD, "\xc0\0");
	assert_int_equal(talk_record(&t)->mqtt->types, 1 << 1 | 1 << 3 | 1 << 12);
	assert_string_equal(talk_record(&t)->mqtt->topics, "t");
	/* one is lost */
	t.seq[DIR_FWD] += 7;
	SEND(&t, DIR_FWD, PUBLISH_A);
	assert_string_equal(talk_record(&t)->mqtt->topics, "t");
	assert_true(t.x.watched);
	SEND(&t, DIR_REV, CONNACK);
	assert_int_equal(talk_record(&t)->mqtt->return_code, 0x86);
	SEND(&t, DIR_REV, "\x30");
	assert_false(t.x.watched);
	talk_close(&t);
}

static void one_record_each(void **state)
{
	const struct processor_options cut = {.records_transaction = true};
	struct proc_talk t;

	(void)state;
	open_mqtt(&t, &cut);
	SEND(&t, DIR_FWD, CONNECT_5 DISCONNECT);
	assert_int_equal(t.cuts, 1);
	assert_int_equal(t.closed.packets[DIR_FWD], 2);
	assert_int_equal(t.closed.mqtt->types, 1 << 1 | 1 << 14);
	SEND(&t, DIR_REV, CONNACK);
	assert_null(talk_record(&t)->mqtt);
	assert_false(t.x.watched);
	talk_close(&t);
}

static void left_alone(void **state)
{
	static const char *const texts[] = {
		"\x10\x0a\0\6MQIsdp\3",
		"GET / HTTP/1.1\r\n",
		"\x10",
		"\x10\xff\xff\xff\xff\1",
		"\x10\x0d\0\4MQTT\3\xc2\0\x3c\0\0\0",
		"\x10\x0d\0\4MQTT\5\xc2",
	};
	static const uint32_t lens[] = {11, 16, 1, 6, 15, 10};
	struct proc_talk t;

	(void)state;
	for (unsigned int i = 0; i < sizeof lens / sizeof *lens; i++) {
		open_mqtt(&t, NULL);
		talk_bytes(&t, DIR_FWD, texts[i], lens[i]);
		assert_false(t.x.watched);
		assert_null(talk_record(&t)->mqtt);
		talk_close(&t);
	}
	talk_open(&t, PROCESSOR_mqtt, NULL);
	t.udp = true;
	SEND(&t, DIR_FWD, CONNECT_5);
	assert_false(t.x.watched);
	talk_close(&t);
}

/* What was not captured hides where the next packet begins. */
static void cut_packets(void **state)
{
	struct proc_talk t;

	(void)state;
	open_mqtt(&t, &two_topics);
	SEND(&t, DIR_FWD, CONNECT_5);
	t.lost_bytes = 4;
	SEND(&t, DIR_FWD, PUBLISH_A);
	assert_string_equal(talk_record(&t)->mqtt->topics, "");
	SEND(&t, DIR_FWD, "\xc0\0" PUBLISH_A PUBLISH_A);
	assert_string_equal(talk_record(&t)->mqtt->topics, "a/b");
	t.lost_bytes = 0;
	SEND(&t, DIR_FWD, PUBLISH_A);
	assert_string_equal(talk_record(&t)->mqtt->topics, "a/b#a/b");
	talk_close(&t);
}

static void room_for_topics(void **state)
{
	const struct processor_options most = {.transactions = 4, .mqtt_topics = MQTT_TOPICS_MAX};
	uint8_t message[2 + 102] = {0x30, 102, 0, 100};
	struct proc_talk t;

	(void)state;
	memset(message + 4, 'x', 100);
	open_mqtt(&t, &most);
	SEND(&t, DIR_FWD, CONNECT_5);
	for (int i = 0; i < 30; i++)
		talk_bytes(&t, DIR_FWD, message, sizeof message);
	SEND(&t, DIR_FWD, PUBLISH_A);
	assert_int_equal(strlen(talk_record(&t)->mqtt->topics), 5 * 101 - 1 + 4);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session),	   cmocka_unit_test(across_segments),
		cmocka_unit_test(one_record_each), cmocka_unit_test(left_alone),
		cmocka_unit_test(cut_packets),	   cmocka_unit_test(room_for_topics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
