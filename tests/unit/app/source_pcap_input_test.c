/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the offline source says of bad files, what it keeps of damaged ones, and compressed files
 * and pipes.
 */
#include "app/source_pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture_files.h"
#include "core/limits.h"
#include "source_reader.h"

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

static const char *good_file(const char *name, uint32_t n)
{
	struct made m = {0};

	made_pcap(&m, MAGIC_US, 65535, 1);
	for (uint32_t i = 0; i < n; i++)
		made_record(&m, i, 0, 60 + i % 1000, 2000);
	return files_write(name, &m);
}

/* One line that names the file and holds the words. */
static void assert_refused(const char *path, int error, const char *words)
{
	assert_int_equal(reader_open(reader, path, NULL), error);
	assert_null(reader->source);
	assert_null(strchr(reader->error, '\n'));
	if (strncmp(reader->error, path, strlen(path)) != 0 || !strstr(reader->error, words))
		fail_msg("%s", reader->error);
	/* The same when it is not the first one, before anything was read. */
	assert_int_equal(reader_open(reader, good_file("first.pcap", 1), path), error);
	if (strncmp(reader->error, path, strlen(path)) != 0 || !strstr(reader->error, words))
		fail_msg("%s", reader->error);
}

static void refuses_what_cannot_be_opened(void **state)
{
	const char *path = good_file("secret.pcap", 1);
	static const char *const twice[] = {"-", "-"};

	(void)state;
	assert_refused(files_path("missing.pcap"), -ENOENT, "No such file or directory; check");
	assert_refused("/tmp", -EISDIR, "is a directory; name a capture file");
	chmod(path, 0);
	if (geteuid() == 0 && seteuid(65534) == 0) {
		assert_int_equal(reader_open(reader, path, NULL), -EACCES);
		assert_int_equal(seteuid(0), 0);
	} else {
		assert_int_equal(reader_open(reader, path, NULL), -EACCES);
	}
	assert_non_null(strstr(reader->error, "run as a user who may read it"));
	assert_int_equal(reader_open(reader, twice[0], twice[1]), -EINVAL);
	assert_non_null(strstr(reader->error, "only once"));
	reader->options.n_paths = 0;
	assert_int_equal(source_pcap_open(&reader->source, &reader->options, reader->error,
					  sizeof reader->error),
			 -EINVAL);
}

static void refuses_what_is_no_capture(void **state)
{
	struct made empty = {0}, text = {0}, xz = {0}, two = {0}, packed = {0};

	(void)state;
	made_put(&text, "Hello, this is a letter.\n", 25);
	made_put(&xz,
		 "\xfd"
		 "7zXZ\0\0\4",
		 8);
	made_put(&two, "\xd4\xc3", 2);
	made_put(&packed, "", 0);
	made_gzip(&packed);
	assert_refused(files_write("empty.pcap", &empty), -EINVAL, "empty file");
	assert_refused(files_write("empty.gz", &packed), -EINVAL, "empty file");
	assert_refused(files_write("text.pcap", &text), -EINVAL, "neither pcap nor pcapng");
	assert_refused(files_write("two.pcap", &two), -EINVAL, "neither pcap nor pcapng");
	assert_refused(files_write("a.xz", &xz), -EINVAL, "packed with xz");
}

static void refuses_bad_headers(void **state)
{
	struct made cut = {0}, version = {0}, section = {0}, alone = {0};

	(void)state;
	made_pcap(&cut, MAGIC_US, 65535, 1);
	cut.len = 20;
	made_pcap(&version, MAGIC_US, 65535, 1);
	version.bytes[4] = 9;
	made_section(&section);
	section.len = 20;
	made_section(&alone);
	assert_refused(files_write("cut.pcap", &cut), -EINVAL, "header cannot be read: truncated");
	assert_refused(files_write("version.pcap", &version), -EINVAL, "version 9.4");
	assert_refused(files_write("cut.pcapng", &section), -EINVAL, "header cannot be read");
	assert_refused(files_write("alone.pcapng", &alone), -EINVAL, "Interface Description");
}

static void refuses_link_types_and_filters(void **state)
{
	struct made wifi = {0}, ng = {0}, cooked = {0};
	const char *path;

	(void)state;
	made_pcap(&wifi, MAGIC_US, 65535, 105);
	made_section(&ng);
	made_interface(&ng, 127, 0, 0);
	made_interface(&ng, 105, 0, 0);
	made_enhanced(&ng, 0, 0, 60, 60);
	made_pcap(&cooked, MAGIC_US, 65535, 113);
	assert_refused(files_write("wifi.pcap", &wifi), -EINVAL,
		       "link type IEEE802_11 (105) is not supported; Ethernet");
	assert_refused(files_write("wifi.pcapng", &ng), -EINVAL, "link type IEEE802_11");
	reader->options.bpf = "host and";
	path = good_file("good.pcap", 1);
	assert_int_equal(reader_open(reader, path, NULL), -EINVAL);
	assert_non_null(strstr(reader->error, "filter \"host and\": "));
	assert_non_null(strstr(reader->error, "syntax error"));
	reader->options.bpf = "ether src 2:0:0:0:0:1 and ether broadcast";
	assert_int_equal(reader_open(reader, path, files_write("sll.pcap", &cooked)), -EINVAL);
	assert_non_null(strstr(reader->error, "sll.pcap: filter"));
}

/* Reads it and a good file after it: so many packets, this problem, and the good file's 3 packets.
 */
static void assert_damage(const char *path, unsigned int n, const char *problem)
{
	reader_read(reader, path, good_file("after.pcap", 3));
	if (strncmp(reader->problem, path, strlen(path)) != 0 || !strstr(reader->problem, problem))
		fail_msg("%s: %s", path, reader->problem);
	assert_int_equal(reader->n, n + 3);
	assert_null(strchr(reader->problem, '\n'));
}

static void keeps_what_comes_before_damage(void **state)
{
	struct made bytes = {0}, head = {0}, huge = {0};

	(void)state;
	made_pcap(&bytes, MAGIC_US, 65535, 1);
	for (uint32_t i = 0; i < 17; i++)
		made_record(&bytes, i, 0, 60, 60);
	bytes.len -= 3;
	assert_damage(files_write("bytes.pcap", &bytes), 16,
		      ": packet 17, before byte 1313: truncated dump file; tried to read 60 "
		      "captured bytes, only got 57; the packets before it were read");
	assert_true(reader->only_cut_short);
	made_pcap(&head, MAGIC_US, 65535, 1);
	made_record(&head, 1, 0, 60, 60);
	made_put(&head, "abc", 3);
	assert_damage(files_write("head.pcap", &head), 1, ": packet 2, before byte 103: truncated");
	assert_true(reader->only_cut_short);
	made_pcap(&huge, MAGIC_US, 65535, 1);
	made_record(&huge, 1, 0, 60, 60);
	made_put(&huge, "\0\0\0\0\0\0\0\0\0\0\0\x7f\0\0\0\x7f", 16);
	assert_damage(files_write("huge.pcap", &huge), 1, ": packet 2, before byte 116: invalid");
	assert_false(reader->only_cut_short);
}

static struct made started_pcapng(void)
{
	struct made m = {0};

	made_section(&m);
	made_interface(&m, 1, 0, 0);
	made_enhanced(&m, 0, 1, 60, 60);
	return m;
}

static void keeps_what_comes_before_damage_in_pcapng(void **state)
{
	struct made unknown = started_pcapng(), cut = started_pcapng(), odd = started_pcapng();
	struct made trailer = started_pcapng(), order = started_pcapng(), many = started_pcapng();

	(void)state;
	made_enhanced(&unknown, 7, 1, 60, 60);
	assert_damage(files_write("unknown.pcapng", &unknown), 1, "interface 7");
	made_enhanced(&cut, 0, 1, 60, 60);
	cut.len -= 5;
	assert_damage(files_write("cut.pcapng", &cut), 1, ": packet 2, before byte");
	assert_true(reader->only_cut_short);
	made_put(&odd, "\6\0\0\0\x0d\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_damage(files_write("odd.pcapng", &odd), 1, "length of 13");
	made_enhanced(&trailer, 0, 1, 60, 60);
	trailer.bytes[trailer.len - 4] ^= 4;
	assert_damage(files_write("trailer.pcapng", &trailer), 1, "don't match");
	order.swapped = true;
	made_section(&order);
	assert_damage(files_write("order.pcapng", &order), 1, ": packet 2");
	for (unsigned int i = 0; i < PCAPNG_INTERFACES_MAX; i++)
		made_interface(&many, 1, 0, 0);
	/* They are read ahead, so that the packet before them may not come out. */
	reader_read(reader, files_write("many.pcapng", &many), NULL);
	assert_non_null(strstr(reader->problem, "more than 4096 interfaces in a section"));
}

static void says_when_a_later_file_vanished(void **state)
{
	const char *path = good_file("vanishing.pcap", 2);

	(void)state;
	assert_int_equal(reader_open(reader, good_file("stays.pcap", 2), path), 0);
	unlink(path);
	reader_run(reader);
	assert_int_equal(reader->n, 2);
	assert_non_null(strstr(reader->problem, "vanishing.pcap: No such file"));
}

static struct made capture(uint32_t n)
{
	struct made m = {0};

	made_pcap(&m, MAGIC_US, 65535, 1);
	for (uint32_t i = 0; i < n; i++)
		made_record(&m, i * 7919, i, 60 + i % 1400, 1500);
	return m;
}

static void assert_unpacks(const char *path, unsigned int n)
{
	reader_read(reader, path, NULL);
	assert_string_equal(reader->problem, "");
	assert_int_equal(reader->n, n);
}

static void unpacks(void **state)
{
	struct made gz = capture(3000), zst = capture(3000), more = {0}, skippable = {0};
	struct made half = capture(100);

	(void)state;
	made_gzip(&gz);
	made_put(&more, gz.bytes, gz.len);
	assert_unpacks(files_write("a.gz", &gz), 3000);
	/* A second member, and zeros after it. */
	half.len -= 24;
	memmove(half.bytes, half.bytes + 24, half.len);
	made_gzip(&half);
	made_put(&more, half.bytes, half.len);
	made_put(&more, "\0\0\0\0\0\0\0", 7);
	made_free(&half);
	assert_unpacks(files_write("members.gz", &more), 3100);
	made_zstd(&zst);
	made_put(&skippable, "\x53\x2a\x4d\x18\4\0\0\0abcd", 12);
	made_put(&skippable, zst.bytes, zst.len);
	assert_unpacks(files_write("a.zst", &zst), 3000);
	half = capture(100);
	half.len -= 24;
	memmove(half.bytes, half.bytes + 24, half.len);
	made_zstd(&half);
	made_put(&skippable, half.bytes, half.len);
	made_free(&half);
	assert_unpacks(files_write("frames.zst", &skippable), 3100);
}

/* Packs m, less what cut says, with a byte changed so far from the end (0 = none), and reads it. */
static void read_packed(struct made m, bool zstd, size_t cut, size_t changed)
{
	const char *name = zstd ? "damaged.zst" : "damaged.gz";

	(zstd ? made_zstd : made_gzip)(&m);
	assert_true(m.len > cut && m.len > changed);
	m.len -= cut;
	if (changed)
		m.bytes[m.len - changed] ^= 0x55;
	reader_read(reader, files_write(name, &m), NULL);
	assert_non_null(strstr(reader->problem, name));
}

/*
 * Whatever is missing or wrong is said; most packets before it are kept. One rule, packed or not:
 * an end that comes too early is mild, damage is not.
 */
static void notices_damaged_packing(void **state)
{
	static const size_t cuts[] = {1, 6, 20000};
	struct made m;

	(void)state;
	for (unsigned int zstd = 0; zstd < 2; zstd++) {
		for (unsigned int i = 0; i < sizeof cuts / sizeof *cuts; i++) {
			read_packed(capture(3000), zstd, cuts[i], 0);
			assert_non_null(
				strstr(reader->problem, "data end early (incomplete file)"));
			assert_true(reader->n <= 3000 && reader->only_cut_short);
		}
		m = capture(3000); /* cut short before it was packed */
		m.len -= 3;
		read_packed(m, zstd, 0, 0);
		assert_true(reader->n == 2999 && reader->only_cut_short);

		read_packed(capture(3000), zstd, 0, 20000);
		assert_false(reader->only_cut_short);		   /* says gzip, zstd or libpcap */
		read_packed(capture(3000), zstd, 0, zstd ? 1 : 5); /* the checksum */
		assert_non_null(strstr(reader->problem, "damaged"));
		assert_false(reader->only_cut_short);

		m = capture(10); /* a record that cannot be, before an end that comes too early */
		made_record(&m, 1, 0, PACKET_BYTES_MAX + 1, PACKET_BYTES_MAX + 1);
		read_packed(m, zstd, 1, 0);
		assert_non_null(strstr(reader->problem, "packet 11"));
		assert_null(strstr(reader->problem, "end early"));
		assert_true(reader->n == 10 && !reader->only_cut_short);

		m = capture(3000);
		(zstd ? made_zstd : made_gzip)(&m);
		made_put(&m, "garbage", 7);
		reader_read(reader, files_write("garbage", &m), NULL);
		assert_int_equal(reader->n, 3000);
		assert_non_null(strstr(reader->problem, zstd ? "damaged zstd" : "is not gzip"));
		assert_false(reader->only_cut_short);
	}
	m = capture(3000);
	made_gzip(&m);
	m.len = 15;
	assert_int_equal(reader_open(reader, files_write("short.gz", &m), NULL), -EIO);
	assert_non_null(strstr(reader->error, "short.gz: the gzip data end early"));
}

/* ---- pipes ---- */

struct feed {
	const char *fifo; /* opened by the thread, or NULL */
	int fd;
	struct made m;
	size_t piece;
};

static void *feed(void *self)
{
	struct feed *f = self;

	if (f->fifo)
		f->fd = open(f->fifo, O_WRONLY);
	for (size_t at = 0; at < f->m.len; at += f->piece) {
		size_t n = f->m.len - at < f->piece ? f->m.len - at : f->piece;

		if (write(f->fd, f->m.bytes + at, n) != (ssize_t)n)
			break;
	}
	close(f->fd);
	return NULL;
}

/* A pipe as standard input; its writing end. */
static int pipe_stdin(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	return ends[1];
}

static void reads_standard_input(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < 6; way++) {
		struct feed f = {.m = capture(500), .piece = way & 1 ? 113 : 40000};
		pthread_t thread;

		if (way / 2 == 1)
			made_gzip(&f.m);
		if (way / 2 == 2)
			made_zstd(&f.m);
		f.fd = pipe_stdin();
		pthread_create(&thread, NULL, feed, &f);
		reader_read(reader, "-", NULL);
		pthread_join(thread, NULL);
		made_free(&f.m);
		assert_string_equal(reader->problem, "");
		assert_int_equal(reader->n, 500);
	}
}

static void reads_a_named_pipe_after_a_file(void **state)
{
	const char *path = files_path("fifo");
	struct feed f = {.m = started_pcapng(), .piece = 10, .fifo = path};
	pthread_t thread;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(reader_open(reader, good_file("before.pcap", 2), path), 0);
	pthread_create(&thread, NULL, feed, &f);
	reader_run(reader);
	pthread_join(thread, NULL);
	made_free(&f.m);
	assert_int_equal(reader->n, 3);
}

/* stop ends the wait for the rest of a record, or for the first one, and that is no problem. */
static void does_not_hang_on_a_silent_pipe(void **state)
{
	struct made m = capture(5);
	atomic_bool stop = false;
	int fd = pipe_stdin();

	(void)state;
	reader->options.stop = &stop;
	assert_int_equal(write(fd, m.bytes, m.len - 10), m.len - 10);
	made_free(&m);
	assert_int_equal(reader_open(reader, "-", NULL), 0);
	atomic_store(&stop, true);
	reader_run(reader);
	assert_int_equal(reader->n, 4);
	assert_string_equal(reader->problem, "");
	close(fd);

	fd = pipe_stdin();
	assert_int_equal(reader_open(reader, "-", NULL), -EINTR);
	assert_string_equal(reader->error, "standard input: interrupted before it began");
	close(fd);
}

/* Without a whole record at hand, receive() comes back with 0. */
static void lets_the_lane_work_meanwhile(void **state)
{
	struct made m = capture(2);
	pfring_ft_packet packets[64];
	int fd = pipe_stdin();

	(void)state;
	assert_int_equal(write(fd, m.bytes, m.len), m.len);
	assert_int_equal(reader_open(reader, "-", NULL), 0);
	assert_int_equal(source_pcap_receive(reader->source, packets, 64), 2);
	assert_int_equal(source_pcap_receive(reader->source, packets + 2, 62), 0);
	source_pcap_release(reader->source, packets, 2);
	assert_int_equal(source_pcap_receive(reader->source, packets, 64), 0);
	assert_int_equal(write(fd, m.bytes + 24, m.len - 24), m.len - 24);
	/* The same packets again go back by hours: time begins anew, all lanes are told. */
	assert_int_equal(source_pcap_receive(reader->source, packets, 64), 0);
	assert_true(source_pcap_time_restarts(reader->source));
	assert_int_equal(source_pcap_receive(reader->source, packets, 64), 2);
	source_pcap_release(reader->source, packets, 2);
	close(fd);
	assert_int_equal(source_pcap_receive(reader->source, packets, 64), INPUT_END);
	made_free(&m);
	source_pcap_close(reader->source);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, new_reader, free_reader)
	const struct CMUnitTest tests[] = {
		TEST(refuses_what_cannot_be_opened),
		TEST(refuses_what_is_no_capture),
		TEST(refuses_bad_headers),
		TEST(refuses_link_types_and_filters),
		TEST(keeps_what_comes_before_damage),
		TEST(keeps_what_comes_before_damage_in_pcapng),
		TEST(says_when_a_later_file_vanished),
		TEST(unpacks),
		TEST(notices_damaged_packing),
		TEST(reads_standard_input),
		TEST(reads_a_named_pipe_after_a_file),
		TEST(does_not_hang_on_a_silent_pipe),
		TEST(lets_the_lane_work_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, remove_files);
}
