/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proves on captures that pfring_ft_process_burst() shows what pfring_ft_process() shows packet by
 * packet: verdicts, callbacks with all that they can see, and records in their order, for several
 * tables and many ways to cut the packets into bursts. Links other than Ethernet, which
 * pfring_ft_process() does not know, are compared with bursts of one packet.
 *
 *	burst_diff PATH...               the captures below these folders
 *	burst_diff --foreign PATH        the same; a folder that does not exist is a skip
 *	burst_diff --self-check PATH...  one packet is changed, and the difference must be found
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "burst_run.h"

/* Lines told of one comparison: after the first few all are the fault of those. */
#define DIFFERENCES_TOLD 5

#define DPI		 (PFRING_FT_TABLE_FLAGS_DPI | PFRING_FT_TABLE_FLAGS_DPI_EXTRA)

static const struct run_config configs[] = {
	{.name = "everything",
	 .flags = DPI | PFRING_FT_DECODE_TUNNELS,
	 .flows_max = 1000,
	 .idle_s = 2,
	 .lifetime_s = 3,
	 .slice_s = 1,
	 .callbacks = true,
	 .rules = true,
	 .acts = true},
	{.name = "lists",
	 .flags = DPI | PFRING_FT_DECODE_TUNNELS | PFRING_FT_TABLE_FLAGS_NO_GUESS,
	 .flows_max = 1000,
	 .idle_s = 2,
	 .lifetime_s = 5,
	 .slice_s = 1,
	 .callbacks = true,
	 .rules = true,
	 .acts = true,
	 .list = true},
	{.name = "rules-only",
	 .flags = DPI,
	 .flows_max = 1000,
	 .idle_s = 3,
	 .lifetime_s = 9,
	 .rules = true,
	 .hash = true},
	{.name = "plain", .flows_max = 1000, .idle_s = 2, .lifetime_s = 3, .callbacks = true},
	{.name = "full",
	 .flags = PFRING_FT_IGNORE_VLAN | PFRING_FT_DECODE_TUNNELS,
	 .flows_max = 16,
	 .idle_s = 30,
	 .lifetime_s = 120,
	 .slice_s = 2,
	 .hash = true},
};
#define N_CONFIGS (sizeof configs / sizeof *configs)

static const struct run_mode by_packet = {.name = "packet by packet", .single = true};

static const struct run_mode modes[] = {
	{.name = "bursts of 1", .burst = 1},
	{.name = "bursts of 2", .burst = 2},
	{.name = "bursts of 7", .burst = 7},
	{.name = "bursts of 32", .burst = 32},
	{.name = "bursts of 64", .burst = 64},
	{.name = "bursts of 7 and empty ones", .burst = 7, .empty_every = 2},
	{.name = "bursts of 64 and empty ones", .burst = 64, .empty_every = 3},
	{.name = "random bursts 1", .seed = 1, .empty_every = 5},
	{.name = "random bursts 2", .seed = 2, .empty_every = 2},
	{.name = "random bursts 3", .seed = 3},
	{.name = "random bursts 4", .seed = 4, .empty_every = 3},
	{.name = "bursts and single packets 1", .seed = 5, .mixed = true},
	{.name = "bursts and single packets 2", .seed = 6, .mixed = true, .empty_every = 2},
};
#define N_MODES (sizeof modes / sizeof *modes)

/* What a comparison is between, for those who read of a difference. */
struct comparison {
	const char *config, *mode;
	bool quiet;
	unsigned int n_differences;
};

/*
 * Length of the field or line at s, up to its end mark. A log is long, and strcspn() and strstr()
 * look at all of it each time where AddressSanitizer checks strings strictly.
 */
static size_t span(const char *s, const char *marks)
{
	size_t n = 0;

	while (s[n] && s[n] != marks[0] && s[n] != marks[1])
		n++;
	return n;
}

static bool begins_with(const char *s, const char *word)
{
	while (*word && *s == *word) {
		s++;
		word++;
	}
	return !*word;
}

/* File, packet and kind of a line: its first three words. */
static size_t head_of(const char *line)
{
	size_t head = 0;

	for (int word = 0; word < 3 && line[head] && line[head] != '\n'; word++) {
		head += span(line + head, " \n");
		head += line[head] == ' ';
	}
	return head;
}

static bool same_field(const char *a, const char *b)
{
	size_t n = span(a, " \n");

	return n == span(b, " \n") && memcmp(a, b, n + 1) == 0;
}

/* The first field in which two lines differ, or what they are about. */
static void tell(struct comparison *c, const char *want, const char *got)
{
	size_t w = head_of(want), g = head_of(got);

	if (c->n_differences++ >= DIFFERENCES_TOLD || c->quiet)
		return;
	printf("%s, %s: ", c->config, c->mode);
	if (w != g || memcmp(want, got, w) != 0) {
		printf("packet by packet %.*s, now %.*s\n", (int)w, want, (int)g, got);
		return;
	}
	printf("%.*s: ", (int)w, want);
	while (same_field(want + w, got + g)) { /* not to the end: the lines differ */
		w += span(want + w, " \n") + 1;
		g += span(got + g, " \n") + 1;
	}
	printf("packet by packet %.*s, now %.*s\n", (int)span(want + w, " \n"), want + w,
	       (int)span(got + g, " \n"), got + g);
}

static void compare(struct comparison *c, const char *want, const char *got)
{
	while (*want || *got) {
		size_t w = span(want, "\n"), g = span(got, "\n");

		if (w != g || memcmp(want, got, w) != 0)
			tell(c, *want ? want : "(no line)\n", *got ? got : "(no line)\n");
		want += w + (want[w] == '\n');
		got += g + (got[g] == '\n');
	}
}

static void compare_logs(struct comparison *c, const struct run_log *want,
			 const struct run_log *got)
{
	compare(c, want->verdicts, got->verdicts);
	compare(c, want->events, got->events);
}

/* How often a word is found: a comparison of runs in which nothing happens proves nothing. */
static unsigned int count(const char *text, const char *word)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += begins_with(text, word);
	return n;
}

static void print_scope(const struct run_config *config, const struct run_log *base)
{
	printf("%s: %u verdicts (%u of them not 0), %u new flows, %u detected, %u packets, ",
	       config->name, count(base->verdicts, "\n"),
	       count(base->verdicts, "\n") - count(base->verdicts, "action=0\n"),
	       count(base->events, " new_flow "), count(base->events, " l7_detected "),
	       count(base->events, " flow_packet "));
	printf("%u records (%u slices, %u cut, %u overflows)\n",
	       count(base->events, " export ") + count(base->events, " listed "),
	       count(base->events, " status=5 "), count(base->events, " status=2 "),
	       count(base->events, " status=6 "));
}

static int diff_config(const struct run_config *config, const struct traces *traces)
{
	struct run_log base, other;
	int failed = 0;

	if (run_traces(&base, config, &by_packet, traces, NULL) != 0)
		return 1;
	print_scope(config, &base);
	for (size_t m = 0; m < N_MODES; m++) {
		struct comparison c = {.config = config->name, .mode = modes[m].name};

		if (run_traces(&other, config, &modes[m], traces, NULL) != 0) {
			failed++;
			continue;
		}
		compare_logs(&c, &base, &other);
		if (c.n_differences) {
			printf("%s, %s: %u lines differ\n", c.config, c.mode, c.n_differences);
			failed++;
		}
		run_log_free(&other);
	}
	run_log_free(&base);
	return failed;
}

/* A packet of the longest Ethernet capture, from its middle on, that is plain IPv4 with TCP or UDP.
 */
static int pick_packet(const struct traces *traces, struct run_faulty *faulty)
{
	for (unsigned int i = 1; i < traces->n; i++)
		if (traces->at[i].n > traces->at[faulty->trace].n)
			faulty->trace = i;
	const struct trace *t = traces->n ? &traces->at[faulty->trace] : &(struct trace){0};
	for (unsigned int k = t->n / 2; k < t->n; k++) {
		const pfring_ft_packet *p = &t->packets[k];

		faulty->packet = k;
		if (p->link == PFRING_FT_LINK_ETHERNET && p->caplen >= 42 &&
		    memcmp(p->data + 12, "\x08\0\x45", 3) == 0 &&
		    (p->data[23] == 6 || p->data[23] == 17))
			return 0;
	}
	fprintf(stderr, "burst_diff: no packet that could be changed\n");
	return -1;
}

/* A run in bursts with one changed packet must differ, and one without must not. */
static int self_check(const struct traces *traces)
{
	static const struct run_mode mode = {.name = "changed", .burst = 32};
	struct run_faulty faulty = {0};
	struct run_log base, other;
	int failed = 0;

	if (pick_packet(traces, &faulty) != 0 ||
	    run_traces(&base, &configs[0], &by_packet, traces, NULL) != 0)
		return 1;
	for (int f = FAULT_NONE; f < FAULT_N; f++) {
		struct comparison c = {.quiet = true};

		faulty.fault = (enum run_fault)f;
		if (run_traces(&other, &configs[0], &mode, traces, &faulty) != 0)
			return 1;
		compare_logs(&c, &base, &other);
		printf("change %d of packet %u of %s: %u lines differ\n", f, faulty.packet,
		       traces->at[faulty.trace].name, c.n_differences);
		failed += (c.n_differences > 0) != (f != FAULT_NONE);
		run_log_free(&other);
	}
	run_log_free(&base);
	return failed;
}

static int diff(const struct traces *traces)
{
	unsigned long packets = 0;
	int failed = 0;

	for (unsigned int i = 0; i < traces->n; i++)
		packets += traces->at[i].n;
	printf("%u captures with %lu packets, %u refused as they should be\n", traces->n, packets,
	       traces->n_refused);
	if (packets == 0)
		return 1;
	for (size_t c = 0; c < N_CONFIGS; c++)
		failed += diff_config(&configs[c], traces);
	printf("%zu tables, %zu ways to cut bursts: %d differ\n", N_CONFIGS, N_MODES, failed);
	return failed;
}

int main(int argc, char **argv)
{
	bool foreign = argc > 1 && strcmp(argv[1], "--foreign") == 0;
	bool checks_itself = argc > 1 && strcmp(argv[1], "--self-check") == 0;
	int first = foreign || checks_itself ? 2 : 1, failed = 0;
	struct traces traces = {0};

	if (argc <= first) {
		fprintf(stderr, "usage: %s [--foreign|--self-check] PATH...\n", argv[0]);
		return 2;
	}
	if (foreign && access(argv[first], F_OK) != 0) {
		printf("skipped: foreign traces: %s does not exist\n", argv[first]);
		return 0;
	}
	for (int i = first; i < argc; i++)
		failed |= traces_load(&traces, argv[i]) != 0;
	if (!failed)
		failed = checks_itself ? self_check(&traces) : diff(&traces);
	traces_free(&traces);
	return failed != 0;
}
