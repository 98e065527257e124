/* SPDX-License-Identifier: BSD-3-Clause */
/* One reader, and a ring to each lane when there are several. */
#include "offline.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "packet_ring.h"
#include "source_pcap.h"

/* Bytes on their way to one lane. */
#define RING_BYTES (4U << 20)

struct offline {
	struct source_pcap *source;
	const atomic_bool *stop;
	unsigned int n_lanes;
	bool tunnels;			      /* lanes key by inner headers */
	struct packet_ring *rings[LANES_MAX]; /* with several lanes */
	pthread_t reader;
	bool reading; /* the reader was started */
};

static int create_rings(struct offline *f)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && f->n_lanes > 1 && i < f->n_lanes; i++)
		rc = packet_ring_create(&f->rings[i], RING_BYTES);
	return rc;
}

/* On a terminal, unless records are written to the same one. */
static bool wants_progress(const struct options *o)
{
	if (o->quiet || !isatty(STDERR_FILENO))
		return false;
	for (unsigned int i = 0; i < o->n_outputs; i++)
		if (output_spec_is_stdout(&o->outputs[i]) && isatty(STDOUT_FILENO))
			return false;
	return true;
}

int offline_open(struct offline **out, const struct options *o, const atomic_bool *stop,
		 char *error, size_t error_len)
{
	const struct source_pcap_options source = {
		.paths = o->files,
		.n_paths = o->n_files,
		.packets_max = o->count,
		.bpf = o->lane.bpf,
		.progress = wants_progress(o),
		.stop = stop,
	};
	struct offline *f = calloc(1, sizeof *f);
	int rc;

	if (!f) {
		snprintf(error, error_len, "no memory to read files");
		return -ENOMEM;
	}
	f->stop = stop;
	f->n_lanes = o->lane.count;
	f->tunnels = o->table.tunnels;
	rc = source_pcap_open(&f->source, &source, error, error_len);
	if (rc == 0) {
		rc = create_rings(f);
		if (rc)
			snprintf(error, error_len, "no memory for %u lanes; lower --lanes",
				 f->n_lanes);
	}
	if (rc) {
		offline_close(f);
		return rc;
	}
	*out = f;
	return 0;
}

struct input offline_input(struct offline *f, unsigned int lane)
{
	if (f->n_lanes > 1)
		return (struct input){
			.receive = packet_ring_receive,
			.release = packet_ring_release,
			.time_restarts = packet_ring_marked,
			.now_ns = packet_ring_now_ns,
			.shared = true,
			.self = f->rings[lane],
		};
	return (struct input){
		.receive = source_pcap_receive,
		.release = source_pcap_release,
		.time_restarts = source_pcap_time_restarts,
		.now_ns = source_pcap_now_ns,
		.self = f->source,
	};
}

/*
 * Both directions and all fragments of a datagram share their address pair, so they meet in one
 * lane.
 */
static void spread(struct offline *f, const pfring_ft_packet *packets, int n)
{
	for (int i = 0; i < n; i++) {
		uint32_t hash = pfring_ft_packet_hash(&packets[i], f->tunnels);

		packet_ring_push(f->rings[hash % f->n_lanes], &packets[i]);
	}
	if (n)
		source_pcap_release(f->source, packets, (unsigned int)n);
}

static void *read_files(void *self)
{
	struct offline *f = self;
	pfring_ft_packet packets[PFRING_FT_BURST_MAX];
	int n = 0;

	while (n != INPUT_END && !atomic_load_explicit(f->stop, memory_order_relaxed)) {
		n = source_pcap_receive(f->source, packets, PFRING_FT_BURST_MAX);
		if (n != INPUT_END)
			spread(f, packets, n);
		uint64_t reached_ns = source_pcap_now_ns(f->source);
		if (n == 0 && source_pcap_time_restarts(f->source))
			for (unsigned int i = 0; i < f->n_lanes; i++)
				packet_ring_mark(f->rings[i], reached_ns);
	}
	for (unsigned int i = 0; i < f->n_lanes; i++)
		packet_ring_end(f->rings[i], source_pcap_now_ns(f->source));
	return NULL;
}

int offline_start(struct offline *f)
{
	int rc = f->n_lanes > 1 ? -pthread_create(&f->reader, NULL, read_files, f) : 0;

	f->reading = f->n_lanes > 1 && rc == 0;
	return rc;
}

void offline_wait(struct offline *f)
{
	if (f->reading)
		pthread_join(f->reader, NULL);
	f->reading = false;
}

void offline_stats(const struct offline *f, struct stats *s)
{
	const struct source_pcap_counts *c = source_pcap_counts(f->source);

	s->lane.rx_packets += c->filtered + c->unsupported_link;
	s->lane.rx_bytes += c->filtered_bytes + c->unsupported_link_bytes;
	s->lane.ignored_bytes += c->filtered_bytes + c->unsupported_link_bytes;
	s->lane.dropped[DROP_filter] += c->filtered;
	s->lane.dropped[DROP_unsupported_link] += c->unsupported_link;
}

void offline_add_unseen(void *files, struct output_metering *m)
{
	const struct offline *f = files;
	const struct source_pcap_counts *c = source_pcap_counts(f->source);
	uint64_t packets = c->filtered + c->unsupported_link;

	m->packets_observed += packets;
	m->packets_selected += packets;
	m->ignored_packets += packets;
	m->ignored_octets += c->filtered_bytes + c->unsupported_link_bytes;
}

const char *offline_problem(const struct offline *f, bool *failure)
{
	const char *problem = source_pcap_problem(f->source);

	*failure = *problem && !source_pcap_only_cut_short(f->source);
	return problem;
}

void offline_close(struct offline *f)
{
	for (unsigned int i = 0; i < LANES_MAX; i++)
		packet_ring_destroy(f->rings[i]);
	if (f->source)
		source_pcap_close(f->source);
	free(f);
}
