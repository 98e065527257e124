/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flowbench: rows of nanoseconds for one thing done (a packet, a record, a slot), each the median
 * of several tries, and ratios of two rows with the floors that they must keep.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BENCH_TRIES_MAX	 5
#define BENCH_ROWS_MAX	 96
#define BENCH_NOTE_BYTES 160

struct bench_row {
	const char *name, *unit, *text;
	bool done;
	bool is_void; /* its totals differ from what was given, or the machine did not allow it */
	bool wrong;   /* void because totals differ: the program fails */
	unsigned int tries;
	double ns[BENCH_TRIES_MAX]; /* as measured */
	double median, least, most;
	char note[BENCH_NOTE_BYTES];
};

/* How much is done: the full form, the short one, and one for sanitizers that only must not crash.
 */
enum bench_size { BENCH_FULL, BENCH_SHORT, BENCH_TINY };

struct bench {
	enum bench_size size;
	bool gate;
	unsigned int core; /* of all that is measured on one */
	unsigned int cores, core_list[2];
	unsigned int tries;
	unsigned int times; /* as many packets a try, for a profiler to see little else */
	double ghz, load_before;
	const char *only;      /* names, or beginnings of names, between commas; NULL = all */
	uint64_t memory_bytes; /* free at start */
	struct bench_row rows[BENCH_ROWS_MAX];
	unsigned int n_rows;
	const char *pages;
};

/* ---- rows (rows.c) ---- */

/* Every row that there is, in the order in which it is printed. */
void bench_rows_init(struct bench *b);
struct bench_row *bench_row(struct bench *b, const char *name);
/* Whether the row, or one that begins so, was asked for. */
bool bench_wants(const struct bench *b, const char *name);
bool bench_wants_any(const struct bench *b, const char *prefix);
/* One try: so many nanoseconds for n things. */
void bench_sample(struct bench_row *r, uint64_t elapsed_ns, uint64_t n);
void bench_note(struct bench_row *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Not measured, and why. */
void bench_void(struct bench_row *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The totals must be equal: else the row is void and the program fails. */
void bench_check(struct bench_row *r, const char *what, uint64_t given, uint64_t got);
/* Medians. */
void bench_rows_close(struct bench *b);

/* ---- ratios (ratios.c) ---- */

enum bench_verdict { BENCH_OK, BENCH_BELOW, BENCH_NO_FLOOR, BENCH_VOID };

struct bench_ratio {
	const char *name, *text;
	const char *over, *under; /* rows; under NULL: 1000 / over, millions a second */
	bool at_most;		  /* the floor is a ceiling */
	double floor;		  /* 0 = only shown */
};

size_t bench_ratios(const struct bench_ratio **out);
enum bench_verdict bench_ratio_of(struct bench *b, const struct bench_ratio *r, double *value);

/* ---- report (report.c) ---- */

void report_table(struct bench *b, FILE *f);
int report_json(struct bench *b, const char *path);

/* ---- the machine (machine.c) ---- */

/* CPU time of this thread. */
uint64_t thread_ns(void);
/* GHz by a chain of multiplications, whose latency is 3 cycles. */
double machine_ghz(void);
void machine_cpu(char *model, size_t len);
double machine_load(void);
unsigned int machine_cores(void);
uint64_t machine_free_bytes(void);
/* Keeps this thread on one core. 0 or -errno. */
int machine_pin(unsigned int core);

/* ---- the measurements: each fills its rows ---- */

void bench_memory(struct bench *b);
void bench_parse(struct bench *b);
void bench_tables(struct bench *b);
void bench_rte_hash(struct bench *b);
void bench_churn(struct bench *b);
void bench_flood(struct bench *b);
void bench_expiry(struct bench *b);
void bench_outputs(struct bench *b);
void bench_vdev(struct bench *b);
void bench_dpi(struct bench *b);
void bench_lanes(struct bench *b);

/* How many flows the table of a size has: "64k", "1m", "8m"; smaller in the tiny form. */
struct bench_scale {
	const char *name;
	uint32_t flows;
};

const struct bench_scale *bench_scales(const struct bench *b, unsigned int *n);
/* The 1 M one. */
uint32_t bench_flows(const struct bench *b);

/* ---- a pseudo-random sequence that is the same everywhere ---- */

static inline uint64_t mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* A number below n of 64 random bits. */
static inline uint32_t below(uint64_t random, uint32_t n)
{
	return (uint32_t)(((random >> 32) * n) >> 32);
}
