/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the offline source makes of good files: formats, byte orders, times, lengths, link types,
 * filters, several files, and bytes that stay until they are given back.
 */
#include "app/source_pcap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "capture_files.h"
#include "core/limits.h"
#include "source_reader.h"

#define S 1000000000ULL

static struct reader *reader;

static int new_reader(void **state)
{
	(void)state;
	reader = calloc(1, sizeof *reader);
	return reader ? 0 : -1;
}

static int free_reader(void **state)
{
	(void)state;
	free(reader);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	files_remove();
	return 0;
}

static void assert_bytes(const struct seen *s, uint32_t seed)
{
	for (uint32_t i = 0; i < 16 && i < s->caplen; i++)
		assert_int_equal(s->bytes[i], made_byte(seed, i));
}

/* us and ns, both byte orders: the same times, lengths and bytes. */
static void reads_pcap_in_both_orders(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < 4; way++) {
		struct made m = {.swapped = way & 1};
		uint32_t unit = way & 2 ? 1 : 1000;

		made_pcap(&m, way & 2 ? MAGIC_NS : MAGIC_US, 65535, 1);
		made_record(&m, 100, 7000 / unit, 60, 60);
		made_record(&m, 101, 999999000 / unit, 40, 1514);
		reader_read(reader, files_write("order.pcap", &m), NULL);
		assert_string_equal(reader->problem, "");
		assert_int_equal(reader->n, 2);
		assert_int_equal(reader->seen[0].time_ns, 100 * S + 7000);
		assert_int_equal(reader->seen[1].time_ns, 101 * S + 999999000);
		assert_int_equal(reader->seen[1].caplen, 40);
		assert_int_equal(reader->seen[1].len, 1514);
		assert_int_equal(reader->seen[1].flags, PFRING_FT_PACKET_WIRE_LEN);
		assert_int_equal(reader->counts.bytes, 1574);
		assert_bytes(&reader->seen[0], 100);
		assert_bytes(&reader->seen[1], 101);
	}
}

static void reads_what_libpcap_writes(void **state)
{
	const char *path = files_path("libpcap.pcap");
	pcap_t *dead = pcap_open_dead_with_tstamp_precision(DLT_LINUX_SLL2, 262144,
							    PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dumper = pcap_dump_open(dead, path);
	static u_char bytes[3000];

	(void)state;
	assert_non_null(dumper);
	for (uint32_t i = 0; i < 1000; i++) {
		struct pcap_pkthdr h = {.ts = {i, i}, .caplen = i * 3, .len = i * 3 + 1};

		memset(bytes, (int)i, sizeof bytes);
		pcap_dump((u_char *)dumper, &h, bytes);
	}
	pcap_dump_close(dumper);
	pcap_close(dead);
	reader->hold = 192;
	reader_read(reader, path, NULL);
	assert_int_equal(reader->n, 1000);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(reader->seen[i].time_ns, i * S + i);
		assert_int_equal(reader->seen[i].caplen, i * 3);
		assert_int_equal(reader->seen[i].len, i * 3 + 1);
		assert_int_equal(reader->seen[i].link, PFRING_FT_LINK_LINUX_SLL2);
		assert_true(i == 0 || reader->seen[i].bytes[2] == (uint8_t)i);
	}
}

static void maps_link_types(void **state)
{
	static const struct {
		uint16_t linktype;
		uint8_t link;
	} rows[] = {
		{0, PFRING_FT_LINK_NULL},	 {1, PFRING_FT_LINK_ETHERNET},
		{9, PFRING_FT_LINK_PPP},	 {12, PFRING_FT_LINK_RAW_IP},
		{14, PFRING_FT_LINK_RAW_IP},	 {50, PFRING_FT_LINK_PPP},
		{51, PFRING_FT_LINK_PPP_ETHER},	 {101, PFRING_FT_LINK_RAW_IP},
		{104, PFRING_FT_LINK_PPP},	 {108, PFRING_FT_LINK_LOOP},
		{113, PFRING_FT_LINK_LINUX_SLL}, {228, PFRING_FT_LINK_RAW_IP},
		{229, PFRING_FT_LINK_RAW_IP},	 {276, PFRING_FT_LINK_LINUX_SLL2},
	};
	const char *path;

	(void)state;
	for (unsigned int i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct made m = {0}, ng = {0};

		made_pcap(&m, MAGIC_US, 65535, rows[i].linktype);
		made_record(&m, 1, 0, 60, 60);
		made_section(&ng);
		made_interface(&ng, rows[i].linktype, 65535, 0);
		made_interface(&ng, rows[i].linktype, 65535, 0);
		made_enhanced(&ng, 1, 2000000, 60, 60);
		path = files_write("link.pcap", &m);
		reader_read(reader, path, files_write("link.pcapng", &ng));
		assert_string_equal(reader->problem, "");
		assert_int_equal(reader->n, 2);
		assert_int_equal(reader->seen[0].link, rows[i].link);
		assert_int_equal(reader->seen[1].link, rows[i].link);
	}
}

/* Interfaces of different link type, snap length and resolution, which libpcap alone refuses. */
static void reads_mixed_pcapng(void **state)
{
	static const uint8_t links[] = {PFRING_FT_LINK_ETHERNET, PFRING_FT_LINK_RAW_IP,
					PFRING_FT_LINK_LINUX_SLL, PFRING_FT_LINK_ETHERNET};

	(void)state;
	for (unsigned int swapped = 0; swapped < 2; swapped++) {
		struct made m = {.swapped = swapped};

		made_section(&m);
		made_custom(&m, 4000);
		made_interface(&m, 1, 96, 0);
		made_interface(&m, 101, 0, 9);
		made_enhanced(&m, 0, 5000001, 60, 60);
		made_enhanced(&m, 1, 5000002003, 61, 61);
		made_interface(&m, 113, 262144, 0x80 | 10); /* 1/1024 s */
		made_interface(&m, 105, 262144, 0);	    /* IEEE 802.11 */
		made_enhanced(&m, 2, 6 * 1024 + 512, 62, 1500);
		made_enhanced(&m, 3, 7000000, 63, 80);
		made_simple(&m, 96, 1000); /* cut to the snap length of the first one */
		made_old_packet(&m, 1, 8000000000, 65);
		made_section(&m);
		made_interface(&m, 276, 0, 6);
		made_enhanced(&m, 0, 9000000, 0, 66);
		reader_read(reader, files_write("mixed.pcapng", &m), NULL);
		assert_string_equal(reader->problem, "");
		assert_int_equal(reader->n, 6);
		for (unsigned int i = 0; i < 4; i++)
			assert_int_equal(reader->seen[i].link, links[i]);
		assert_int_equal(reader->seen[0].time_ns, 5 * S + 1000);
		assert_int_equal(reader->seen[1].time_ns, 5 * S + 2003);
		assert_int_equal(reader->seen[2].time_ns, 6 * S + S / 2);
		assert_int_equal(reader->seen[2].len, 1500);
		assert_int_equal(reader->seen[3].time_ns, 6 * S + S / 2); /* has none of its own */
		assert_int_equal(reader->seen[3].caplen, 96);
		assert_int_equal(reader->seen[3].len, 1000);
		assert_bytes(&reader->seen[3], 1000);
		assert_int_equal(reader->seen[4].link, PFRING_FT_LINK_RAW_IP);
		assert_int_equal(reader->seen[4].time_ns, 8 * S);
		assert_int_equal(reader->seen[5].link, PFRING_FT_LINK_LINUX_SLL2);
		assert_int_equal(reader->counts.packets, 7);
		assert_int_equal(reader->counts.unsupported_link, 1);
		assert_int_equal(reader->counts.unsupported_link_bytes, 80);
		assert_int_equal(reader->counts.bytes, 60 + 61 + 1500 + 80 + 1000 + 65 + 66);
	}
}

/* 0: a Simple Packet Block, else interface 0 or 1. */
static uint32_t block_of(uint32_t i)
{
	return (i * 2654435761U >> 13) % 3;
}

/* Thousands of small packets are read ahead: each keeps the link type of its interface. */
static void keeps_links_in_order(void **state)
{
	struct made m = {0};

	(void)state;
	made_section(&m);
	made_interface(&m, 1, 0, 0);
	made_interface(&m, 101, 0, 0);
	for (uint32_t i = 0; i < SEEN_MAX; i++) {
		if (block_of(i) == 0)
			made_simple(&m, 0, 0);
		else
			made_enhanced(&m, block_of(i) - 1, i, i % 1500 ? 2 : 70000, 100000 + i);
	}
	reader->hold = 100;
	reader_read(reader, files_write("ahead.pcapng", &m), NULL);
	assert_string_equal(reader->problem, "");
	assert_int_equal(reader->n, SEEN_MAX);
	for (uint32_t i = 0; i < SEEN_MAX; i++) {
		assert_int_equal(reader->seen[i].link, block_of(i) == 2 ? PFRING_FT_LINK_RAW_IP :
									  PFRING_FT_LINK_ETHERNET);
		if (block_of(i))
			assert_bytes(&reader->seen[i], 100000 + i);
	}
}

static void believes_no_absurd_times(void **state)
{
	struct made m = {0}, ng = {0};
	const char *path;

	(void)state;
	made_pcap(&m, MAGIC_NS, 65535, 1);
	made_record(&m, 1, 3000000000U, 60, 60); /* negative before libpcap 1.10.5 */
	made_record(&m, 2, 1000000000, 60, 60);
	made_record(&m, 0xfffffff0, 5, 60, 60); /* the year 2106, not 1969 */
	made_section(&ng);
	made_interface(&ng, 1, 0, 0);
	made_enhanced(&ng, 0, UINT64_MAX, 60, 60); /* 584 542 years */
	path = files_write("times.pcap", &m);
	reader_read(reader, path, files_write("times.pcapng", &ng));
	assert_int_equal(reader->n, 4);
	assert_int_equal(reader->seen[0].time_ns, 1 * S + 999999999);
	assert_int_equal(reader->seen[1].time_ns, 2 * S + 999999999);
	assert_int_equal(reader->seen[2].time_ns, 0xfffffff0ULL * S + 5);
	assert_in_range(reader->seen[3].time_ns, 9223372035ULL * S, 9223372036ULL * S);
}

static void believes_no_absurd_lengths(void **state)
{
	struct made m = {0};

	(void)state;
	made_pcap(&m, MAGIC_US, 65535, 1);
	made_record(&m, 1, 0, 60, 59);
	made_record(&m, 2, 0, 60, 0);
	made_record(&m, 3, 0, 60, UINT32_MAX);
	made_record(&m, 4, 0, 60, 524340);
	made_record(&m, 5, 0, 0, 60);
	reader_read(reader, files_write("lengths.pcap", &m), NULL);
	assert_int_equal(reader->n, 5);
	assert_int_equal(reader->counts.bad_wire_len, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(reader->seen[i].len, 60);
		assert_int_equal(reader->seen[i].flags, 0);
	}
	assert_int_equal(reader->seen[3].len, 524340);
	assert_int_equal(reader->seen[4].caplen, 0);
	assert_int_equal(reader->counts.bytes, 3 * 60 + 524340 + 60);
}

static void reads_a_snap_length_of_0(void **state)
{
	struct made m = {0};

	(void)state;
	made_pcap(&m, MAGIC_US, 0, 1);
	made_record(&m, 1, 0, PACKET_BYTES_MAX, PACKET_BYTES_MAX);
	reader_read(reader, files_write("snap0.pcap", &m), NULL);
	assert_string_equal(reader->problem, "");
	assert_int_equal(reader->n, 1);
	assert_int_equal(reader->seen[0].caplen, PACKET_BYTES_MAX);
}

/* What is in the file counts, not the snap length that its header says. */
static void reads_beyond_a_short_snap_length(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < 8; way++) {
		struct made m = {.swapped = way & 1};

		if (way & 4) {
			made_section(&m);
			made_interface(&m, 1, 8, 0);
			made_enhanced(&m, 0, 1, 1000, 1000);
		} else {
			made_pcap(&m, way & 2 ? MAGIC_NS : MAGIC_US, 8, 1);
			made_record(&m, 1000, 0, 1000, 1000);
		}
		if (way & 2)
			made_gzip(&m);
		reader_read(reader, files_write("short-snap.pcap", &m), NULL);
		assert_string_equal(reader->problem, "");
		assert_int_equal(reader->n, 1);
		assert_int_equal(reader->seen[0].caplen, 1000);
		assert_int_equal(reader->seen[0].len, 1000);
		assert_bytes(&reader->seen[0], 1000);
	}
}

/* 60 times the largest packet through windows that hold 31 of them, given back at odd moments. */
static void wraps_with_the_largest_packets(void **state)
{
	struct made m = {0};

	(void)state;
	made_pcap(&m, MAGIC_US, PACKET_BYTES_MAX, 1);
	for (uint32_t i = 0; i < 60; i++)
		made_record(&m, i, 0, PACKET_BYTES_MAX - (i % 4) * 1000, PACKET_BYTES_MAX);
	reader_read(reader, files_write("large.pcap", &m), NULL);
	assert_int_equal(reader->n, 60);
	for (unsigned int hold = 1; hold <= 192; hold = hold * 3 + 1) {
		reader->hold = hold;
		reader_read(reader, reader->paths[0], NULL);
		assert_string_equal(reader->problem, "");
		assert_int_equal(reader->n, 60);
		for (uint32_t i = 0; i < 60; i++)
			assert_bytes(&reader->seen[i], i);
	}
}

static void filters(void **state)
{
	static uint8_t frame[60];
	struct made m = {0};

	(void)state;
	made_pcap(&m, MAGIC_US, 65535, 1);
	for (uint16_t i = 0; i < 100; i++) {
		made_udp(frame, i % 10 ? 53 : 4739);
		made_record_of(&m, i, frame, sizeof frame);
	}
	reader->options.bpf = "udp port 4739";
	reader_read(reader, files_write("filter.pcap", &m), NULL);
	assert_int_equal(reader->n, 10);
	assert_int_equal(reader->counts.packets, 100);
	assert_int_equal(reader->counts.filtered, 90);
	assert_int_equal(reader->counts.filtered_bytes, 90 * 60);
	reader->options.packets_max = 3;
	reader_read(reader, reader->paths[0], NULL);
	assert_int_equal(reader->n, 3);
	assert_int_equal(reader->seen[2].time_ns, 20 * S);
	assert_int_equal(reader->counts.packets, 21);
}

/* The same filter on BSD loopback, whose header is in the writer's byte order. */
static void filters_swapped_loopback(void **state)
{
	static uint8_t frame[60], null[50];

	(void)state;
	made_udp(frame, 53);
	memcpy(null + 4, frame + 14, 46);
	for (unsigned int way = 0; way < 4; way++) {
		struct made m = {.swapped = way & 1};

		memset(null, 0, 4);
		null[m.swapped ? 3 : 0] = 2; /* AF_INET */
		if (way & 2) {
			made_section(&m);
			made_interface(&m, 0, 0, 0);
			made_enhanced(&m, 0, 1, sizeof null, sizeof null);
			memcpy(m.bytes + m.len - 4 - 52, null, sizeof null);
		} else {
			made_pcap(&m, MAGIC_US, 65535, 0);
			made_record_of(&m, 1, null, sizeof null);
		}
		reader->options.bpf = "ip and udp dst port 53";
		reader_read(reader, files_write("null.pcap", &m), NULL);
		assert_int_equal(reader->n, 1);
	}
}

/* A filter that has no meaning on one of the interfaces is said, and the others are read. */
static void filters_each_link_type(void **state)
{
	struct made m = {0};

	(void)state;
	made_section(&m);
	made_interface(&m, 1, 0, 0);
	made_interface(&m, 101, 0, 0);
	made_enhanced(&m, 0, 1, 60, 60);
	made_enhanced(&m, 1, 2, 60, 61);
	made_enhanced(&m, 1, 3, 60, 62);
	made_enhanced(&m, 0, 4, 60, 63);
	reader->options.bpf = "not ether host 2:0:0:0:0:1";
	reader_read(reader, files_write("each.pcapng", &m), NULL);
	assert_int_equal(reader->n, 2);
	assert_int_equal(reader->counts.filtered, 2);
	assert_non_null(strstr(reader->problem, "each.pcapng: packet 2: "));
	assert_null(strstr(reader->problem, "packet 3"));
}

static void says_that_time_restarts(void **state)
{
	struct made early = {0}, late = {0};
	const char *early_path, *late_path;

	(void)state;
	made_pcap(&early, MAGIC_US, 65535, 1);
	made_pcap(&late, MAGIC_US, 65535, 1);
	for (uint32_t i = 0; i < 70; i++) {
		made_record(&early, 100 + i, 0, 60, 60);
		made_record(&late, 169 + i, 0, 60, 60);
	}
	early_path = files_write("early.pcap", &early);
	late_path = files_write("late.pcap", &late);
	reader_read(reader, early_path, late_path);
	assert_int_equal(reader->n, 140);
	assert_int_equal(reader->n_restarts, 0);
	reader->hold = 10;
	reader_read(reader, late_path, early_path);
	assert_int_equal(reader->n, 140);
	assert_int_equal(reader->n_restarts, 1);
	assert_true(reader->seen[70].after_restart);
}

/* The time that was reached is that of the files before until the restart was asked for. */
static void tells_the_time(void **state)
{
	pfring_ft_packet packets[4];
	struct made m = {0};
	const char *path;

	(void)state;
	made_pcap(&m, MAGIC_US, 65535, 1);
	made_record(&m, 5, 0, 60, 60);
	made_record(&m, 9, 0, 60, 60);
	made_record(&m, 8, 0, 60, 60);
	path = files_write("now.pcap", &m);
	assert_int_equal(reader_open(reader, path, path), 0);
	assert_int_equal(source_pcap_receive(reader->source, packets, 4), 3);
	assert_int_equal(source_pcap_now_ns(reader->source), 9 * S);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(source_pcap_receive(reader->source, packets, 4), 0);
	assert_int_equal(source_pcap_now_ns(reader->source), 9 * S);
	assert_true(source_pcap_time_restarts(reader->source));
	assert_false(source_pcap_time_restarts(reader->source));
	assert_int_equal(source_pcap_receive(reader->source, packets, 1), 1);
	assert_int_equal(source_pcap_now_ns(reader->source), 5 * S);
	source_pcap_close(reader->source);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, new_reader, free_reader)
	const struct CMUnitTest tests[] = {
		TEST(reads_pcap_in_both_orders),
		TEST(reads_what_libpcap_writes),
		TEST(maps_link_types),
		TEST(reads_mixed_pcapng),
		TEST(keeps_links_in_order),
		TEST(believes_no_absurd_times),
		TEST(believes_no_absurd_lengths),
		TEST(reads_a_snap_length_of_0),
		TEST(reads_beyond_a_short_snap_length),
		TEST(filters),
		TEST(filters_swapped_loopback),
		TEST(filters_each_link_type),
		TEST(says_that_time_restarts),
		TEST(tells_the_time),
		TEST(wraps_with_the_largest_packets),
	};

	return cmocka_run_group_tests(tests, NULL, remove_files);
}
