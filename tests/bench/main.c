/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *	flowbench [--short] [--gate] [--json FILE] [--only NAME,...] [--list] [--core N] [--times N]
 *
 * Measures the packet's way on one core. Exit status: 1 when the totals of a row are wrong (or a
 * ratio of --gate is below its floor), 77 when --gate could not tell because of load, else 0.
 */
#include "bench.h"

#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "dpi/dpi.h"
#include "eal_memory.h"
#include "gate.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static const struct option long_options[] = {
	{"short", no_argument, NULL, 's'},	 {"gate", no_argument, NULL, 'g'},
	{"json", required_argument, NULL, 'j'},	 {"only", required_argument, NULL, 'o'},
	{"list", no_argument, NULL, 'l'},	 {"core", required_argument, NULL, 'c'},
	{"times", required_argument, NULL, 't'}, {NULL, 0, NULL, 0}};

struct arguments {
	bool is_short, list;
	const char *json;
	long core;
};

static void list_rows(const struct bench *b)
{
	for (unsigned int i = 0; i < b->n_rows; i++)
		printf("%-20s ns a %-7s %s\n", b->rows[i].name, b->rows[i].unit, b->rows[i].text);
}

static bool read_arguments(struct bench *b, struct arguments *a, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 's':
			a->is_short = true;
			break;
		case 'g':
			b->gate = true;
			break;
		case 'j':
			a->json = optarg;
			break;
		case 'o':
			b->only = optarg;
			break;
		case 'l':
			a->list = true;
			break;
		case 't':
			b->times = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'c':
			a->core = strtol(optarg, NULL, 10);
			break;
		default:
			return false;
		}
	}
	return optind == argc && b->times >= 1 && b->times <= 100;
}

/* The last core first: the first one has the interrupts. */
static void choose_cores(struct bench *b, long core)
{
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof allowed, &allowed);
	b->cores = 0;
	if (core >= 0)
		b->core_list[b->cores++] = (unsigned int)core;
	for (int i = CPU_SETSIZE - 1; i >= 0 && b->cores < 2; i--)
		if (CPU_ISSET(i, &allowed) && i != core)
			b->core_list[b->cores++] = (unsigned int)i;
	b->core = b->core_list[0];
}

static void run_all(struct bench *b)
{
	bench_lanes(b);
	machine_pin(b->core);
	b->ghz = machine_ghz();
	bench_memory(b);
	bench_tables(b);
	bench_rte_hash(b);
	bench_churn(b);
	bench_flood(b);
	bench_expiry(b);
	bench_parse(b);
	bench_outputs(b);
	bench_vdev(b);
	bench_dpi(b);
}

static bool any_wrong(const struct bench *b)
{
	bool wrong = false;

	for (unsigned int i = 0; i < b->n_rows; i++) {
		if (!b->rows[i].wrong)
			continue;
		fprintf(stderr, "flowbench: %s: %s\n", b->rows[i].name, b->rows[i].note);
		wrong = true;
	}
	return wrong;
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct arguments a = {.core = -1};
	int status;

	b.times = 1;
	bench_rows_init(&b);
	if (!read_arguments(&b, &a, argc, argv)) {
		fprintf(stderr, "usage: flowbench [--short] [--gate] [--json FILE] "
				"[--only NAME,...] [--list] [--core N] [--times N]\n");
		return 2;
	}
	if (a.list) {
		list_rows(&b);
		return 0;
	}
	b.size = SANITIZED ? BENCH_TINY : a.is_short ? BENCH_SHORT : BENCH_FULL;
	b.tries = b.size == BENCH_FULL ? BENCH_TRIES_MAX : 3;
	b.load_before = machine_load();
	b.memory_bytes = machine_free_bytes();
	choose_cores(&b, a.core);
	dpi_count_allocations();
	if (b.gate && b.size != BENCH_TINY) {
		status = gate_run(&b);
	} else {
		run_all(&b);
		bench_rows_close(&b);
		report_table(&b, stdout);
		status = any_wrong(&b) ? 1 : 0;
		if (a.json && report_json(&b, a.json)) {
			fprintf(stderr, "flowbench: %s cannot be written\n", a.json);
			status = 1;
		}
	}
	eal_memory_stop();
	return status;
}
