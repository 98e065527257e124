/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plain pcap files, which are read in place: the same as when libpcap reads them (out of gzip),
 * whatever is wrong with them, and while they grow, shrink and vanish.
 */
#include "app/source_pcap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/packet_windows.h"
#include "app/pcap_reader.h"
#include "app/poison.h"
#include "capture_files.h"
#include "core/limits.h"
#include "source_reader.h"

#define MAGIC_KUZNETZOV 0xa1b2cd34U

static struct reader *reader, *other;
static const char *plain_path, *packed_path;

static int new_readers(void **state)
{
	(void)state;
	reader = calloc(1, sizeof *reader);
	other = calloc(1, sizeof *other);
	return reader && other ? 0 : -1;
}

static int free_readers(void **state)
{
	(void)state;
	free(reader);
	free(other);
	return 0;
}

static int name_files(void **state)
{
	(void)state;
	plain_path = files_path("plain.pcap");
	packed_path = files_path("plain.pcap.gz");
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	files_remove();
	return 0;
}

static void write_file(const char *path, const struct made *m)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(m->bytes, 1, m->len, f), m->len);
	assert_int_equal(fclose(f), 0);
}

/* The same bytes, to pcap_reader and to libpcap. */
static void write_both(const struct made *m)
{
	struct made packed = {0};

	write_file(plain_path, m);
	made_put(&packed, m->bytes, m->len);
	made_gzip(&packed);
	write_file(packed_path, &packed);
	made_free(&packed);
}

static void assert_same(const struct made *m, unsigned int hold)
{
	write_both(m);
	reader->hold = hold;
	reader_read(reader, plain_path, NULL);
	reader_read(other, packed_path, NULL);
	assert_int_equal(reader->n, other->n);
	assert_int_equal(reader->n_restarts, other->n_restarts);
	assert_memory_equal(reader->seen, other->seen, reader->n * sizeof *reader->seen);
	assert_memory_equal(&reader->counts, &other->counts, sizeof reader->counts);
	assert_int_equal(reader->only_cut_short, other->only_cut_short);
	assert_int_equal(!reader->problem[0], !other->problem[0]);
	if (reader->problem[0])
		assert_string_equal(strstr(reader->problem, ": packet"),
				    strstr(other->problem, ": packet"));
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)rand() % n;
}

/* Mostly small ones; now and then many windows' worth. */
static uint32_t some_caplen(void)
{
	uint32_t kind = below(100);

	return kind < 3 ? below(PACKET_BYTES_MAX + 1) : kind < 10 ? below(9000) : below(400);
}

static struct made some_file(unsigned int way, unsigned int n)
{
	struct made m = {.swapped = way & 1};

	made_pcap(&m, way & 2 ? MAGIC_NS : MAGIC_US, way & 4 ? 96 : 262144, way & 8 ? 113 : 1);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t caplen = some_caplen();

		made_record(&m, i * 100, below(1000000), caplen, caplen + below(3));
	}
	return m;
}

static void reads_as_libpcap_does(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < 32; way++) {
		struct made m = some_file(way, 200 + below(300));

		other->options.bpf = reader->options.bpf = way & 16 ? "greater 100" : NULL;
		assert_same(&m, below(PFRING_FT_BURSTS_HELD * PFRING_FT_BURST_MAX + 1));
		assert_string_equal(reader->problem, "");
		made_free(&m);
	}
}

/* Damage that leaves a record header to be misread, anywhere. */
static void damages_as_libpcap_does(void **state)
{
	unsigned int n_problems = 0;

	(void)state;
	for (unsigned int round = 0; round < 150; round++) {
		struct made m = some_file(round, 40);
		unsigned int n_changes = 1 + below(40);

		for (unsigned int i = 0; i < n_changes; i++)
			m.bytes[24 + below((uint32_t)m.len - 24)] = (uint8_t)rand();
		/* The lengths of the first record, of which there is always one. */
		m.bytes[24 + 8 + below(8)] = below(3) ? 0 : (uint8_t)rand();
		assert_same(&m, below(100));
		n_problems += reader->problem[0] != '\0';
		made_free(&m);
	}
	assert_in_range(n_problems, 30, 150);
}

static void cuts_as_libpcap_does(void **state)
{
	(void)state;
	for (size_t len = 24; len <= 24 + 16 + 5 + 16 + 16 + 40; len++) {
		struct made m = {0};

		made_pcap(&m, MAGIC_US, 65535, 1);
		made_record(&m, 1, 0, 5, 60);
		made_record(&m, 2, 0, 0, 60);
		made_record(&m, 3, 0, 40, 60);
		m.len = len;
		assert_same(&m, 0);
		assert_int_equal(reader->n, (len >= 45) + (len >= 61) + (len >= 117));
		assert_int_equal(reader->only_cut_short,
				 len != 24 && len != 45 && len != 61 && len != 117);
		made_free(&m);
	}
}

/* Records end at, just before and just after where windows do. */
static void crosses_windows_anywhere(void **state)
{
	(void)state;
	for (uint32_t off = 0; off <= 40; off++) {
		struct made m = {0};

		made_pcap(&m, MAGIC_US, 65535, 1);
		for (unsigned int i = 0; i < 3; i++) {
			made_record(&m, 10 * i, 0, 130000, 130000);
			made_record(&m, 10 * i + 1, 0, PACKET_WINDOW_FILL_BYTES - 130000 - 52 + off,
				    PACKET_BYTES_MAX);
			made_record(&m, 10 * i + 2, 0, 1, 1);
			made_record(&m, 10 * i + 3, 0, 0, 1);
		}
		assert_same(&m, 1);
		assert_int_equal(reader->n, 12);
		assert_string_equal(reader->problem, "");
		made_free(&m);
	}
}

/* What libpcap knows of odd files stays libpcap's. */
static void leaves_odd_files_to_libpcap(void **state)
{
	static const struct {
		uint32_t magic;
		uint16_t minor;
		uint16_t linktype;
		bool swapped, in_place;
	} rows[] = {
		{MAGIC_US, 4, 1, false, true},	       {MAGIC_US, 4, 1, true, true},
		{MAGIC_NS, 4, 113, false, true},       {MAGIC_NS, 4, 113, true, false},
		{MAGIC_US, 3, 1, false, false},	       {MAGIC_US, 2, 1, true, false},
		{MAGIC_KUZNETZOV, 4, 1, false, false},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct made m = {.swapped = rows[i].swapped};
		struct pcap_reader r;
		int fd;

		/* The upper bits say how long the FCS is. */
		made_pcap(&m, rows[i].magic, 65535, 0x14000000 | rows[i].linktype);
		m.bytes[rows[i].swapped ? 7 : 6] = (uint8_t)rows[i].minor;
		write_file(plain_path, &m);
		fd = open(plain_path, O_RDONLY);
		assert_int_equal(pcap_reader_start(&r, fd, NULL), rows[i].in_place);
		close(fd);
		/* Captured and wire length the other way around, or in doubt; 24 bytes a header. */
		made_record(&m, 7, 8, 16, 14);
		made_record(&m, 8, 8, 0, 0);
		assert_same(&m, 0);
		made_free(&m);
	}
	assert_false(pcap_reader_start(&(struct pcap_reader){0}, -1, NULL));
}

static struct made numbered(uint32_t n, uint32_t caplen)
{
	struct made m = {0};

	made_pcap(&m, MAGIC_US, 65535, 1);
	for (uint32_t i = 0; i < n; i++)
		made_record(&m, i, 0, caplen, caplen);
	return m;
}

/* A debug build sees a read beyond a packet, or after its release. */
static void assert_guarded(const uint8_t *byte, bool guarded)
{
#ifdef POISON_ACTIVE
	assert_int_equal(__asan_address_is_poisoned(byte), guarded);
#else
	(void)byte;
	(void)guarded;
#endif
}

/* Reads n packets and gives them back at once. */
static void read_some(struct reader *r, unsigned int n)
{
	pfring_ft_packet packets[64];

	while (n) {
		int got = source_pcap_receive(r->source, packets, n < 64 ? n : 64);

		assert_in_range(got, 1, 64);
		assert_guarded(packets[0].data + packets[0].caplen - 1, false);
		assert_guarded(packets[0].data + packets[0].caplen, true);
		source_pcap_release(r->source, packets, (unsigned int)got);
		assert_guarded(packets[0].data + packets[0].caplen - 1, true);
		r->n += (unsigned int)got;
		n -= (unsigned int)got;
	}
}

/* A capture program still writes it: what is there when the end is reached is read. */
static void reads_on_while_a_file_grows(void **state)
{
	struct made m = numbered(2000, 500);
	FILE *f;

	(void)state;
	f = fopen(plain_path, "w");
	assert_int_equal(fwrite(m.bytes, 1, 400007, f), 400007);
	fflush(f);
	assert_int_equal(reader_open(reader, plain_path, NULL), 0);
	read_some(reader, 700); /* in the second window, which ends inside a record */
	assert_int_equal(fwrite(m.bytes + 400007, 1, m.len - 400007, f), m.len - 400007);
	fclose(f);
	reader_run(reader);
	assert_int_equal(reader->n, 2000);
	assert_int_equal(reader->seen[700].time_ns, 700 * 1000000000ULL);
	assert_string_equal(reader->problem, "");
	made_free(&m);
}

/* Someone cuts it, or removes it: no fault; what was handed out stays as it was. */
static void lives_when_a_file_shrinks(void **state)
{
	static const long lengths[] = {0, 1, 24, 30, 100000, 262144, 300000, 400003, 900000};
	unsigned int left, ahead;

	(void)state;
	for (unsigned int i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct made m = numbered(2000, 500);

		write_file(plain_path, &m);
		made_free(&m);
		assert_int_equal(reader_open(reader, plain_path, NULL), 0);
		reader->hold = 64;
		read_some(reader, 100);
		assert_int_equal(truncate(plain_path, lengths[i]), 0);
		reader_run(reader);
		/* The window that was read already, or what is left. */
		left = lengths[i] < 24 ? 0 : (unsigned int)(lengths[i] - 24) / 516;
		ahead = PACKET_WINDOW_FILL_BYTES / 516;
		assert_int_equal(reader->n, left > ahead ? left : ahead);
		assert_non_null(strstr(reader->problem, "truncated dump file"));
		assert_true(reader->only_cut_short);
	}
}

static void reads_on_when_a_file_vanishes(void **state)
{
	struct made m = numbered(2000, 500);

	(void)state;
	write_file(plain_path, &m);
	made_free(&m);
	assert_int_equal(reader_open(reader, plain_path, NULL), 0);
	read_some(reader, 100);
	assert_int_equal(unlink(plain_path), 0);
	reader_run(reader);
	assert_int_equal(reader->n, 2000);
	assert_string_equal(reader->problem, "");
}

/* A packet that is held outlives the file that it was read from, and libpcap's come after it. */
static void keeps_packets_of_files_before(void **state)
{
	struct made m = numbered(300, 300);

	(void)state;
	write_both(&m);
	made_free(&m);
	for (unsigned int way = 0; way < 3; way++) {
		reader->hold = 192;
		reader_read(reader, way & 1 ? plain_path : packed_path,
			    way & 2 ? packed_path : plain_path);
		assert_int_equal(reader->n, 600);
		assert_string_equal(reader->problem, "");
	}
}

/* ---- the windows ---- */

struct taken {
	pfring_ft_packet packet;
	uint8_t value;
};

static void windows_keep_what_is_out(void **state)
{
	static struct taken taken[1024];
	struct packet_windows w;
	uint64_t first = 0, next = 0;

	(void)state;
	assert_int_equal(packet_windows_create(&w), 0);
	for (unsigned int step = 0; step < 20000; step++) {
		struct taken *t = &taken[next % 1024];
		uint32_t len = below(50) ? below(300) : below(PACKET_BYTES_MAX + 1);
		uint8_t *data = packet_windows_take(&w, len);

		assert_true(data || next > first); /* with nothing out there is always room */
		if (data) {
			assert_int_equal((uintptr_t)data % 64, 0);
			*t = (struct taken){.value = (uint8_t)next};
			t->packet.data = data;
			t->packet.caplen = len;
			t->packet.cookie = packet_windows_lend(&w);
			memset(data, t->value, len);
			next++;
		}
		if (next == first || (data && next - first < 1000 && below(8)))
			continue;
		for (uint64_t n = 1 + below((uint32_t)(next - first)); n; n--) {
			t = &taken[first++ % 1024];
			for (uint32_t at = 0; at < t->packet.caplen; at++)
				assert_true(t->packet.data[at] == t->value);
			packet_windows_give_back(&t->packet, 1);
		}
	}
	packet_windows_destroy(&w);
}

/* As few bytes as may be are walked over: two windows in turn stay in the cache. */
static void windows_take_turns(void **state)
{
	pfring_ft_packet packets[192] = {0};
	struct packet_windows w;

	(void)state;
	assert_int_equal(packet_windows_create(&w), 0);
	for (unsigned int i = 0; i < 10000; i++) {
		pfring_ft_packet *p = &packets[i % 192];

		packet_windows_give_back(p, p->cookie != NULL);
		p->data = packet_windows_take(&w, 500);
		assert_non_null(p->data);
		p->cookie = packet_windows_lend(&w);
		assert_in_range(w.current - w.windows, 0, 1);
	}
	packet_windows_destroy(&w);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, new_readers, free_readers)
	const struct CMUnitTest tests[] = {
		TEST(reads_as_libpcap_does),
		TEST(damages_as_libpcap_does),
		TEST(cuts_as_libpcap_does),
		TEST(crosses_windows_anywhere),
		TEST(leaves_odd_files_to_libpcap),
		TEST(reads_on_while_a_file_grows),
		TEST(lives_when_a_file_shrinks),
		TEST(reads_on_when_a_file_vanishes),
		TEST(keeps_packets_of_files_before),
		TEST(windows_keep_what_is_out),
		TEST(windows_take_turns),
	};

	return cmocka_run_group_tests(tests, name_files, remove_files);
}
