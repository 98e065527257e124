/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capture files as bursts: source_file reads the records, this file says what they mean (time, wire
 * length, link type), filters them and keeps them in windows until they are given back.
 */
#include "source_pcap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "packet_windows.h"
#include "progress_bar.h"
#include "source_file.h"

/* How long receive() waits for a pipe before it lets the lane look after other things. */
#define PIPE_WAIT_MS 100
/* The last second whose nanoseconds fit 63 bits (year 2262). */
#define SECONDS_MAX   9223372035
#define NS_PER_S      1000000000
#define PROBLEM_BYTES 4096

/* A record that was read, before it is handed out. Its bytes are libpcap's, or in a window. */
struct source_record {
	const u_char *data;
	uint64_t time_ns;
	uint32_t caplen, len;
	uint8_t link, flags;
};

struct source_pcap {
	struct source_pcap_options options;
	struct source_pcap_counts counts;
	struct packet_windows windows;
	struct progress_bar bar;

	unsigned int next_path;
	struct source_file file; /* .pcap is NULL between two files */
	uint64_t file_packets;	 /* records read from it */
	uint64_t bytes_before;	 /* of the files before it, packed as they are */
	bool bad_filter;	 /* said already of this file */

	struct source_record record;
	bool held;	 /* record waits for room, or for the lane */
	bool file_began; /* a record of this file was held */
	bool time_began; /* of any file */
	bool restarts;	 /* the lane is to be told */
	bool ended;
	uint64_t last_ns; /* of the record held last */
	_Atomic uint64_t now_ns;
	uint64_t handed_out, given_back;
	unsigned int n_problems, n_cut_short; /* of the problems, files that just end */
	char problem[PROBLEM_BYTES];
};

enum step { STEP_HELD, STEP_AGAIN, STEP_WAIT, STEP_NO_ROOM, STEP_END };

/* ---- files ---- */

static int open_path(struct source_pcap *s, struct source_file *out, const char *path, char *error,
		     size_t error_len)
{
	struct source_file_options options = {
		.bpf = s->options.bpf,
		.stop = s->options.stop,
		.windows = &s->windows,
	};

	return source_file_open(out, path, &options, error, error_len);
}

/* Adds a sentence to the problems. What does not fit is cut, never the first one. */
static void __attribute__((format(printf, 2, 3)))
add_problem(struct source_pcap *s, const char *format, ...)
{
	size_t used = strlen(s->problem);
	va_list args;

	s->n_problems++;
	if (used)
		used += (size_t)snprintf(s->problem + used, PROBLEM_BYTES - used, "; ");
	if (used >= PROBLEM_BYTES)
		return;
	va_start(args, format);
	vsnprintf(s->problem + used, PROBLEM_BYTES - used, format, args);
	va_end(args);
}

static void close_current(struct source_pcap *s)
{
	if (!s->file.stream)
		return;
	if (capture_stream_stopped(s->file.stream))
		s->ended = true;
	s->bytes_before += source_file_bytes(&s->file);
	source_file_close(&s->file);
}

static void open_next(struct source_pcap *s)
{
	const char *path = s->options.paths[s->next_path++];
	char error[1024];

	if (open_path(s, &s->file, path, error, sizeof error) != 0)
		add_problem(s, "%s", error);
	s->file_packets = 0;
	s->file_began = false;
	s->bad_filter = false;
}

/* ---- records ---- */

static uint64_t time_of(const struct source_pcap *s, const struct pcap_pkthdr *header)
{
	int64_t s_part = header->ts.tv_sec, ns_part = header->ts.tv_usec;

	/* pcap has 32 bits, which libpcap takes for signed: a negative time is one after 2038. */
	if (!s->file.interfaces)
		s_part = (uint32_t)s_part;
	if (s_part < 0)
		return 0;
	s_part = s_part > SECONDS_MAX ? SECONDS_MAX : s_part;
	/* a fraction has 32 bits, too: what libpcap before 1.10.5 says is negative is too large */
	ns_part = ns_part < 0 || ns_part >= NS_PER_S ? NS_PER_S - 1 : ns_part;
	return (uint64_t)s_part * NS_PER_S + (uint64_t)ns_part;
}

/* Wire lengths that cannot be are not believed. */
static void set_lengths(struct source_pcap *s, struct pcap_pkthdr *header)
{
	struct source_record *r = &s->record;

	if (header->caplen > PACKET_BYTES_MAX)
		header->caplen = PACKET_BYTES_MAX;
	r->caplen = header->caplen;
	r->flags = PFRING_FT_PACKET_WIRE_LEN;
	if (header->len < header->caplen || header->len > WIRE_BYTES_MAX) {
		header->len = header->caplen;
		r->flags = 0;
		s->counts.bad_wire_len++;
	}
	r->len = header->len;
}

static void say_bad_filter(struct source_pcap *s, const struct source_link *link)
{
	char why[512];

	if (s->bad_filter)
		return;
	s->bad_filter = true;
	source_filter_compile(&s->file.filter, link, why, sizeof why);
	add_problem(s, "%s: packet %" PRIu64 ": its interface has another link type; %s",
		    source_file_name(s->options.paths[s->next_path - 1]), s->file_packets, why);
}

static bool matches(struct source_pcap *s, const struct source_link *link,
		    const struct pcap_pkthdr *header, const u_char *data)
{
	enum source_match match;
	char why[512];

	if (!s->file.filter.text[0])
		return true;
	match = source_filter_match(&s->file.filter, link, header, data);
	if (match == SOURCE_BAD_FILTER) {
		if (source_filter_compile(&s->file.filter, link, why, sizeof why) == 0)
			match = source_filter_match(&s->file.filter, link, header, data);
		else
			say_bad_filter(s, link);
	}
	return match == SOURCE_MATCH;
}

/* Makes a record of what was read. True when it is to be handed out. */
static bool take_record(struct source_pcap *s, struct pcap_pkthdr *header, const u_char *data)
{
	const struct source_link *link = s->file.link;
	struct pcapng_packet more = {0};

	s->file_packets++;
	if (s->file.interfaces) {
		more = pcapng_links_take(s->file.interfaces);
		link = source_link_find(more.linktype);
	}
	if (more.wire_len)
		header->len = more.wire_len;
	set_lengths(s, header);
	if (!link) {
		s->counts.packets++;
		s->counts.bytes += header->len;
		s->counts.unsupported_link++;
		s->counts.unsupported_link_bytes += header->len;
		return false;
	}
	if (!matches(s, link, header, data)) {
		s->counts.packets++;
		s->counts.bytes += header->len;
		s->counts.filtered++;
		s->counts.filtered_bytes += header->len;
		return false;
	}
	s->record.data = data;
	s->record.link = link->link;
	s->record.time_ns = more.no_time ? s->last_ns : time_of(s, header);
	return true;
}

/* The end of a file, or damage in it: both close it. */
static void end_file(struct source_pcap *s)
{
	struct source_damage damage;

	if (source_file_damage(&s->file, &damage)) {
		s->n_cut_short += damage.cut_short;
		add_problem(s,
			    "%s: packet %" PRIu64 ", before byte %" PRIu64
			    ": %s; the packets before it were read",
			    source_file_name(s->options.paths[s->next_path - 1]),
			    s->file_packets + 1, damage.offset, damage.why);
	}
	close_current(s);
}

static enum step read_record(struct source_pcap *s)
{
	struct pcap_pkthdr header;
	const u_char *data;
	enum source_read result = source_file_next(&s->file, &header, &data);

	if (result == SOURCE_READ_NO_ROOM)
		return STEP_NO_ROOM;
	if (result == SOURCE_READ_END) {
		end_file(s);
		return STEP_AGAIN;
	}
	if (!take_record(s, &header, data))
		return STEP_AGAIN;
	/* All lanes must see a time that begins anew, also in the middle of a file. */
	uint64_t back_ns = s->file_began ? CLOCK_BACK_NS : FILE_OVERLAP_NS;
	if (s->time_began && s->record.time_ns + back_ns < s->last_ns)
		s->restarts = true;
	s->file_began = s->time_began = true;
	s->last_ns = s->record.time_ns;
	s->held = true;
	return STEP_HELD;
}

/* Towards the next record; wait: there is nothing else to do than to wait for a pipe. */
static enum step advance(struct source_pcap *s, bool wait)
{
	if (s->held)
		return STEP_HELD;
	if (s->ended)
		return STEP_END;
	if (!s->file.pcap) {
		if (s->next_path == s->options.n_paths)
			s->ended = true;
		else
			open_next(s);
		return STEP_AGAIN;
	}
	if (!s->file.in_place && !capture_stream_ready(s->file.stream, wait ? PIPE_WAIT_MS : 0)) {
		bool stop = s->options.stop && atomic_load(s->options.stop);

		s->ended = stop;
		return stop ? STEP_AGAIN : STEP_WAIT;
	}
	return read_record(s);
}

/* The record that is held lies in a window, or is copied into one. False: no room. */
static bool hand_out(struct source_pcap *s, pfring_ft_packet *packet)
{
	const struct source_record *r = &s->record;
	const uint8_t *place = r->data;

	if (!s->file.in_place) {
		uint8_t *copy = packet_windows_take(&s->windows, r->caplen);

		if (!copy)
			return false;
		place = memcpy(copy, r->data, r->caplen);
	}
	*packet = (pfring_ft_packet){
		.data = place,
		.cookie = packet_windows_lend(&s->windows),
		.time_ns = r->time_ns,
		.caplen = r->caplen,
		.len = r->len,
		.link = r->link,
		.flags = r->flags,
	};
	s->held = false;
	if (r->time_ns > atomic_load_explicit(&s->now_ns, memory_order_relaxed))
		atomic_store_explicit(&s->now_ns, r->time_ns, memory_order_relaxed);
	s->counts.packets++;
	s->counts.bytes += r->len;
	if (++s->handed_out == s->options.packets_max)
		s->ended = true;
	return true;
}

/*
 * Hands out what is at hand of a plain file at once, up to the first record that is odd, or the
 * last one that is wanted. The first of a file goes the long way: it says how time goes on.
 */
static unsigned int hand_out_plain(struct source_pcap *s, pfring_ft_packet *packets,
				   unsigned int max)
{
	const uint64_t bound = s->options.packets_max ? s->options.packets_max : UINT64_MAX;
	const uint64_t wanted = bound - s->handed_out;
	unsigned int n;

	if (!s->file.in_place || !s->file_began || s->held || s->ended || s->file.filter.text[0])
		return 0;
	if (max >= wanted)
		max = (unsigned int)wanted - 1;
	n = pcap_reader_burst(&s->file.reader, packets, max, s->file.link->link, &s->last_ns);
	for (unsigned int i = 0; i < n; i++)
		s->counts.bytes += packets[i].len;
	s->counts.packets += n;
	s->file_packets += n;
	s->handed_out += n;
	if (n && s->last_ns > atomic_load_explicit(&s->now_ns, memory_order_relaxed))
		atomic_store_explicit(&s->now_ns, s->last_ns, memory_order_relaxed);
	return n;
}

int source_pcap_receive(void *self, pfring_ft_packet *packets, unsigned int max)
{
	struct source_pcap *s = self;
	enum step step = STEP_AGAIN;
	unsigned int n = 0;

	for (unsigned int i = 0; i < SOURCE_RECORDS_PER_CALL && n < max; i++) {
		n += hand_out_plain(s, &packets[n], max - n);
		if (n == max)
			break;
		step = advance(s, s->handed_out == s->given_back);
		if (step == STEP_AGAIN)
			continue;
		if (step != STEP_HELD || s->restarts || !hand_out(s, &packets[n]))
			break;
		n++;
	}
	if (n == 0 && step == STEP_END) {
		progress_bar_erase(&s->bar);
		close_current(s);
		return INPUT_END;
	}
	if (s->options.progress)
		progress_bar_update(&s->bar, s->bytes_before + source_file_bytes(&s->file),
				    s->counts.packets);
	return (int)n;
}

void source_pcap_release(void *self, const pfring_ft_packet *packets, unsigned int n)
{
	struct source_pcap *s = self;

	packet_windows_give_back(packets, n);
	s->given_back += n;
}

bool source_pcap_time_restarts(void *self)
{
	struct source_pcap *s = self;

	if (!s->restarts)
		return false;
	s->restarts = false;
	atomic_store_explicit(&s->now_ns, 0, memory_order_relaxed);
	return true;
}

uint64_t source_pcap_now_ns(void *self)
{
	struct source_pcap *s = self;

	return atomic_load_explicit(&s->now_ns, memory_order_relaxed);
}

const char *source_pcap_problem(const struct source_pcap *s)
{
	return s->problem;
}

bool source_pcap_only_cut_short(const struct source_pcap *s)
{
	return s->n_problems && s->n_cut_short == s->n_problems;
}

const struct source_pcap_counts *source_pcap_counts(const struct source_pcap *s)
{
	return &s->counts;
}

/* ---- opening ---- */

/* One path at the start, but for the opening of the first one; adds its size to total. */
static int check_path(struct source_pcap *s, unsigned int i, uint64_t *total, char *error,
		      size_t len)
{
	const char *path = s->options.paths[i];
	struct source_file file;
	struct stat st;
	int result;

	if ((source_file_is_stdin(path) ? fstat(STDIN_FILENO, &st) : stat(path, &st)) == 0) {
		if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
			*total = UINT64_MAX; /* not known */
			if (source_file_is_stdin(path) || i == 0 || access(path, R_OK) == 0)
				return 0;
			snprintf(error, len, "%s: %s; run as a user who may read it", path,
				 strerror(errno));
			return -errno;
		}
		if (*total != UINT64_MAX)
			*total += (uint64_t)st.st_size;
	}
	if (i == 0 || source_file_is_stdin(path))
		return 0;
	result = open_path(s, &file, path, error, len);
	if (result == 0)
		source_file_close(&file);
	return result;
}

static int check_paths(struct source_pcap *s, uint64_t *total, char *error, size_t len)
{
	unsigned int n_stdin = 0;

	*total = 0;
	if (s->options.n_paths == 0 || s->options.n_paths > FILES_MAX) {
		snprintf(error, len, "%u capture files given; 1 to %u can be read",
			 s->options.n_paths, FILES_MAX);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < s->options.n_paths; i++) {
		int result;

		n_stdin += source_file_is_stdin(s->options.paths[i]);
		if (n_stdin > 1) {
			snprintf(error, len,
				 "standard input (-) can be read only once; name it once");
			return -EINVAL;
		}
		result = check_path(s, i, total, error, len);
		if (result != 0)
			return result;
	}
	return 0;
}

int source_pcap_open(struct source_pcap **out, const struct source_pcap_options *options,
		     char *error, size_t error_len)
{
	struct source_pcap *s = calloc(1, sizeof *s);
	uint64_t total;
	int result;

	if (!s || packet_windows_create(&s->windows) != 0) {
		snprintf(error, error_len,
			 "no memory for reading capture files; %u bytes are needed",
			 SOURCE_WINDOWS_BYTES);
		free(s);
		return -ENOMEM;
	}
	s->options = *options;
	result = check_paths(s, &total, error, error_len);
	if (result == 0)
		result = open_path(s, &s->file, options->paths[0], error, error_len);
	if (result != 0) {
		source_pcap_close(s);
		return result;
	}
	s->next_path = 1;
	progress_bar_start(&s->bar, STDERR_FILENO, total == UINT64_MAX ? 0 : total);
	*out = s;
	return 0;
}

void source_pcap_close(struct source_pcap *s)
{
	if (!s)
		return;
	progress_bar_erase(&s->bar);
	source_file_close(&s->file);
	packet_windows_destroy(&s->windows);
	free(s);
}
