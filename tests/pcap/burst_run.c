/* SPDX-License-Identifier: BSD-3-Clause */
/* Hands packets in, one by one or in bursts, and keeps their bytes just as long as it must. */
#include "burst_run.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "burst_log.h"

#define SECOND_NS 1000000000ULL
/* Time between two captures on the table's line: every timeout passes. */
#define GAP_NS ((int64_t)(200 * SECOND_NS))
/* No packet is placed farther from the begin of its capture. */
#define SPAN_NS ((int64_t)(1000000 * SECOND_NS))

/*
 * Takes the place of the C library's: every table of this program has the same seed, so that what
 * depends on the place of a flow in the table (the order of the sweep, who gives way) is the same.
 */
ssize_t getrandom(void *buffer, size_t length, unsigned int flags)
{
	(void)flags;
	for (size_t i = 0; i < length; i++)
		((u_char *)buffer)[i] = (u_char)(i * 37 + 11);
	return (ssize_t)length;
}

struct feeder {
	struct run r;
	const struct run_mode *mode;
	const struct run_faulty *faulty;
	u_int64_t start_ns, end_ns; /* of the capture at hand, on the table's line */
	u_int64_t random;
	unsigned int n_bursts, trace_number;
};

static unsigned int draw(struct feeder *f, unsigned int below)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return (unsigned int)((f->random >> 20) % below);
}

static bool is_faulty(const struct feeder *f, unsigned int number, enum run_fault fault)
{
	return f->faulty && f->faulty->fault == fault && f->faulty->trace == f->trace_number &&
	       f->faulty->packet == number;
}

/* The captures follow each other on the table's line. */
static u_int64_t placed_time(struct feeder *f, u_int64_t time_ns)
{
	int64_t since = (int64_t)(time_ns - f->r.trace->packets[0].time_ns);
	u_int64_t placed;

	if (since > SPAN_NS)
		since = SPAN_NS;
	if (since < -GAP_NS)
		since = -GAP_NS;
	placed = f->start_ns + (u_int64_t)since;
	if (placed > f->end_ns)
		f->end_ns = placed;
	return placed;
}

/* A copy of a packet that ends where it ends. */
static pfring_ft_packet take(struct feeder *f)
{
	unsigned int number = f->r.fed++;
	pfring_ft_packet p = f->r.trace->packets[number];
	u_char *copy = malloc(p.caplen);

	if (p.caplen)
		memcpy(copy, p.data, p.caplen);
	p.data = copy;
	p.cookie = (void *)(uintptr_t)number;
	p.time_ns = placed_time(f, p.time_ns);
	p.port_id = number % 5;
	p.device_id = number % 3;
	p.action = PFRING_FT_ACTION_USER_2; /* must be written over */
	if (is_faulty(f, number, FAULT_TIME))
		p.time_ns += 1000;
	if (is_faulty(f, number, FAULT_WIRE))
		p.len++;
	if (is_faulty(f, number, FAULT_PORT))
		copy[34] ^= 0x20;
	if (is_faulty(f, number, FAULT_IGNORED))
		p.flags |= PFRING_FT_PACKET_IGNORE;
	if (f->r.config->hash)
		p.hash = pfring_ft_packet_hash(&p, f->r.config->flags & PFRING_FT_DECODE_TUNNELS);
	f->r.live[number % RUN_LIVE] = copy;
	return p;
}

static void verdict(struct feeder *f, unsigned int number, pfring_ft_action action)
{
	if (is_faulty(f, number, FAULT_VERDICT))
		action ^= 1;
	fprintf(f->r.verdicts, "%s %u verdict action=%u\n", f->r.trace->name, number, action);
	free(f->r.live[f->r.back % RUN_LIVE]);
	f->r.live[f->r.back++ % RUN_LIVE] = NULL;
}

static void feed_single(struct feeder *f)
{
	pfring_ft_packet p = take(f);
	pfring_ft_pcap_pkthdr header = {
		.ts = {.tv_sec = (time_t)(p.time_ns / SECOND_NS),
		       .tv_usec = (suseconds_t)(p.time_ns % SECOND_NS / 1000)},
		.caplen = p.caplen,
		.len = p.len,
	};
	pfring_ft_ext_pkthdr ext = {.hash = p.hash,
				    .device_id = p.device_id,
				    .port_id = (u_int8_t)p.port_id,
				    .reserved = 0xa5};

	verdict(f, (unsigned int)(uintptr_t)p.cookie,
		pfring_ft_process(f->r.table, p.data, &header, &ext));
}

/* Returns how many came back. */
static unsigned int feed_burst(struct feeder *f, unsigned int n)
{
	pfring_ft_packet in[PFRING_FT_BURST_MAX], out[PFRING_FT_BURST_MAX];
	unsigned int n_out;

	for (unsigned int i = 0; i < n; i++)
		in[i] = take(f);
	n_out = pfring_ft_process_burst(f->r.table, n ? in : NULL, n, out);
	memset(in, 0xee, sizeof in); /* the array is the caller's again */
	for (unsigned int i = 0; i < n_out; i++)
		verdict(f, (unsigned int)(uintptr_t)out[i].cookie, out[i].action);
	return n_out;
}

static void drain(struct feeder *f)
{
	while (feed_burst(f, 0))
		;
	if (f->r.back != f->r.fed)
		fprintf(f->r.verdicts, "%s %u kept fed=%u\n", f->r.trace->name, f->r.back,
			f->r.fed);
}

static void feed_next(struct feeder *f)
{
	const struct trace *t = f->r.trace;
	const struct run_mode *m = f->mode;
	unsigned int left = t->n - f->r.fed, n;

	if (m->single && t->packets[f->r.fed].link == PFRING_FT_LINK_ETHERNET) {
		feed_single(f);
		return;
	}
	if (m->mixed && draw(f, 3) == 0) {
		drain(f);
		for (unsigned int k = draw(f, 4); k && f->r.fed < t->n; k--)
			if (t->packets[f->r.fed].link == PFRING_FT_LINK_ETHERNET)
				feed_single(f);
		return;
	}
	n = m->single ? 1 : m->burst ? m->burst : draw(f, PFRING_FT_BURST_MAX + 1);
	if (!m->burst && !m->single && draw(f, 2))
		n /= 8;
	feed_burst(f, n < left ? n : left);
	if (m->single)
		drain(f);
	if (m->empty_every && ++f->n_bursts % m->empty_every == 0)
		feed_burst(f, 0);
}

static void feed_trace(struct feeder *f, const struct trace *t)
{
	f->r.trace = t;
	f->r.fed = f->r.back = 0;
	f->r.latest = 0;
	f->start_ns = f->end_ns + (u_int64_t)GAP_NS;
	f->end_ns = f->start_ns;
	while (f->r.fed < t->n)
		feed_next(f);
	drain(f);
	while (pfring_ft_housekeeping_ns(f->r.table, f->end_ns + SECOND_NS))
		;
	pfring_ft_flush(f->r.table);
	log_stats(&f->r);
}

/* A rules file without a place on disk. */
static int load_rules(pfring_ft_table *table)
{
	static const char text[] = "[global]\ndefault = forward\n"
				   "[filter]\nDNS = discard\n"
				   "[shunt]\ntcp = 3\nNTP = 1\n";
	char path[64];
	int fd = memfd_create("rules", 0), rc = -1;

	if (fd < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1)
		rc = pfring_ft_load_configuration(table, path);
	close(fd);
	pfring_ft_set_filter_protocol_by_name(table, "HTTP", PFRING_FT_ACTION_USER_1);
	return rc;
}

static int open_table(struct run *r)
{
	const struct run_config *c = r->config;

	r->table = pfring_ft_create_table(c->flags, c->flows_max, c->idle_s, c->lifetime_s,
					  sizeof(struct run_user));
	if (!r->table) {
		fprintf(stderr, "burst_diff: %s: no table\n", c->name);
		return -1;
	}
	log_attach(r);
	if (c->rules && load_rules(r->table) != 0) {
		fprintf(stderr, "burst_diff: %s: the rules do not load\n", c->name);
		pfring_ft_destroy_table(r->table);
		return -1;
	}
	return 0;
}

int run_traces(struct run_log *out, const struct run_config *config, const struct run_mode *mode,
	       const struct traces *traces, const struct run_faulty *faulty)
{
	struct feeder f = {
		.r = {.config = config},
		.mode = mode,
		.faulty = faulty,
		.end_ns = 1000000 * SECOND_NS,
		.random = 88172645463325252ULL + mode->seed * 1234567891ULL,
	};

	*out = (struct run_log){0};
	if (open_table(&f.r) != 0)
		return -1;
	f.r.verdicts = open_memstream(&out->verdicts, &out->verdicts_len);
	f.r.events = open_memstream(&out->events, &out->events_len);
	if (!f.r.verdicts || !f.r.events)
		abort();
	for (unsigned int i = 0; i < traces->n; i++) {
		f.trace_number = i;
		feed_trace(&f, &traces->at[i]);
	}
	log_detach(&f.r);
	pfring_ft_destroy_table(f.r.table);
	fclose(f.r.verdicts);
	fclose(f.r.events);
	return 0;
}

void run_log_free(struct run_log *log)
{
	free(log->verdicts);
	free(log->events);
	*log = (struct run_log){0};
}
