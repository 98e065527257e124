/* SPDX-License-Identifier: BSD-3-Clause */
/* A table that exports itself, its traffic, and what its collector gets: for tests of ft/zmq.c. */
#pragma once
#include "core/clock.h"
#include "frames.h"
#include "ft/table.h"
#include "unit/export/zmq_subscriber.h"

#include <ndpi_api.h>

#define EPOCH_S	   1700000000
#define FIRST_PORT 20000

static struct zmq_received m;

static inline pfring_ft_table *make_table(void)
{
	pfring_ft_table *t = pfring_ft_create_table(PFRING_FT_TABLE_FLAGS_DPI, 1000, 30, 60, 0);

	assert_non_null(t);
	return t;
}

static inline void send_packet(pfring_ft_table *t, const struct frame_spec *s, uint32_t seconds)
{
	pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = EPOCH_S + seconds}};
	const pfring_ft_ext_pkthdr ext = {0};
	struct frame f;

	frame_make(&f, s);
	h.caplen = h.len = f.len;
	pfring_ft_process(t, f.bytes, &h, &ext);
}

/* So many flows: a request each at second 0, an answer at second 2; then all end. */
static inline void run_flows(pfring_ft_table *t, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct frame_spec s = {.src = 0x0a000001,
				       .dst = 0x0a000002,
				       .sport = (uint16_t)(FIRST_PORT + i),
				       .dport = 80,
				       .protocol = 6,
				       .tcp_flags = 0x18,
				       .payload = "GET /a HTTP/1.1\r\nHost: h.test\r\n\r\n"};

		send_packet(t, &s, 0);
	}
	for (unsigned int i = 0; i < n; i++) {
		struct frame_spec s = {.src = 0x0a000002,
				       .dst = 0x0a000001,
				       .sport = 80,
				       .dport = (uint16_t)(FIRST_PORT + i),
				       .protocol = 6,
				       .tcp_flags = 0x10};

		send_packet(t, &s, 2);
	}
	pfring_ft_flush(t);
}

static inline struct subscriber make_collector(const char *topic, int wait_ms)
{
	struct subscriber s = subscriber_make(wait_ms);

	subscriber_ask(&s, topic);
	return s;
}

static inline pfring_ft_export_stats numbers(pfring_ft_table *t)
{
	pfring_ft_export_stats s;

	memset(&s, 0xff, sizeof s);
	pfring_ft_zmq_get_stats(t, &s);
	return s;
}

/* A flow counts as exported once the collector's machine acknowledged it: until n do. */
static inline void settle(pfring_ft_table *t, uint32_t n)
{
	for (int i = 0; i < 2000 && numbers(t).exported_flows < n; i++) {
		pfring_ft_housekeeping(t, EPOCH_S);
		sleep_ns(1000000);
	}
	assert_int_equal(numbers(t).exported_flows, n);
}

/*
 * The next message, while the table sends what it still has; a new collector needs a moment. False
 * when none comes in time.
 */
static inline bool receive(pfring_ft_table *t, struct subscriber *s)
{
	for (int i = 0; i < 200; i++) {
		if (subscriber_receive(s, &m))
			return true;
		pfring_ft_housekeeping(t, EPOCH_S);
	}
	return false;
}

/* The items that are known beforehand; the source port counts up from that of flow 0. */
static const struct {
	uint32_t key, number;
	const char *text;
} expected[] = {
	{.key = 8, .text = "10.0.0.1"},	  {.key = 12, .text = "10.0.0.2"},
	{.key = 7, .number = FIRST_PORT}, {.key = 11, .number = 80},
	{.key = 4, .number = 6},	  {.key = 60, .number = 4},
	{.key = 1, .number = 40 + 33},	  {.key = 2, .number = 1},
	{.key = 23, .number = 40},	  {.key = 24, .number = 1},
	{.key = 22, .number = EPOCH_S},	  {.key = 21, .number = EPOCH_S + 2},
	{.key = 57550, .number = 0x18},	  {.key = 57551, .number = 0x10},
	{.key = 57590, .text = "0.7"},	  {.key = 58011, .text = "h.test"},
	{.key = 136, .text = "forced"},	  {.key = 57, .text = "02:00:00:00:00:02"},
};
#define EXPECTED (sizeof expected / sizeof *expected)

/* 1 when the item is one of them, and as it should be. */
static inline unsigned int check_tlv_item(ndpi_deserializer *d, unsigned int flow)
{
	uint32_t key, number;
	ndpi_string text;

	assert_int_equal(ndpi_deserialize_key_uint32(d, &key), 0);
	for (size_t i = 0; i < EXPECTED; i++) {
		if (expected[i].key != key)
			continue;
		if (expected[i].text) {
			assert_int_equal(ndpi_deserialize_value_string(d, &text), 0);
			assert_int_equal(text.str_len, strlen(expected[i].text));
			assert_memory_equal(text.str, expected[i].text, text.str_len);
		} else {
			assert_int_equal(ndpi_deserialize_value_uint32(d, &number), 0);
			assert_int_equal(number, expected[i].number + (key == 7 ? flow : 0));
		}
		return 1;
	}
	return 0;
}

static inline void check_tlv_flow(unsigned int i)
{
	ndpi_serialization_type type, key_type;
	unsigned int found = 0, records = 0;
	ndpi_deserializer d;

	assert_int_equal(
		ndpi_init_deserializer_buf(&d, (u_int8_t *)m.body, (u_int32_t)m.body_bytes), 0);
	for (;; ndpi_deserialize_next(&d)) {
		type = ndpi_deserialize_get_item_type(&d, &key_type);
		if (type == ndpi_serialization_unknown)
			break;
		if (type == ndpi_serialization_end_of_record)
			records++;
		else
			found += check_tlv_item(&d, i);
	}
	assert_int_equal(records, 1);
	assert_int_equal(found, EXPECTED);
}
