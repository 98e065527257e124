/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lane of the tests: a queue of held packets, given back oldest first in uneven portions.
 */
#include "source_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HELD_MAX 1024

struct held {
	pfring_ft_packet packets[HELD_MAX];
	uint32_t sums[HELD_MAX];
	unsigned int n;
};

static uint32_t sum_of(const pfring_ft_packet *p)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < p->caplen; i++)
		sum = sum * 31 + p->data[i];
	return sum;
}

/* The n oldest, after a look whether their bytes are still what they were. */
static void give_back(struct reader *r, struct held *h, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(sum_of(&h->packets[i]), h->sums[i]);
	source_pcap_release(r->source, h->packets, n);
	h->n -= n;
	memmove(h->packets, h->packets + n, h->n * sizeof *h->packets);
	memmove(h->sums, h->sums + n, h->n * sizeof *h->sums);
}

static void see(struct reader *r, const pfring_ft_packet *p, bool after_restart)
{
	struct seen *s = &r->seen[r->n];

	assert_true(r->n < SEEN_MAX);
	*s = (struct seen){
		.time_ns = p->time_ns,
		.caplen = p->caplen,
		.len = p->len,
		.link = p->link,
		.flags = p->flags,
		.after_restart = after_restart,
	};
	memcpy(s->bytes, p->data, p->caplen < 16 ? p->caplen : 16);
	r->n++;
}

int reader_open(struct reader *r, const char *path, const char *path2)
{
	r->paths[0] = path;
	r->paths[1] = path2;
	r->options.paths = r->paths;
	r->options.n_paths = path2 ? 2 : 1;
	r->n = r->n_restarts = 0;
	r->source = NULL;
	r->error[0] = '\0';
	return source_pcap_open(&r->source, &r->options, r->error, sizeof r->error);
}

void reader_run(struct reader *r)
{
	struct held *h = calloc(1, sizeof *h);
	unsigned int max = r->hold && r->hold < PFRING_FT_BURST_MAX ? r->hold : PFRING_FT_BURST_MAX;
	bool restarted = false;
	int n;

	assert_non_null(h);
	while ((n = source_pcap_receive(r->source, h->packets + h->n, max)) != INPUT_END) {
		assert_in_range(n, 0, max);
		for (int i = 0; i < n; i++, h->n++) {
			h->sums[h->n] = sum_of(&h->packets[h->n]);
			see(r, &h->packets[h->n], restarted);
			restarted = false;
		}
		if (n == 0)
			give_back(r, h, h->n);
		if (n == 0 && source_pcap_time_restarts(r->source)) {
			r->n_restarts++;
			restarted = true;
		}
		while (h->n > r->hold)
			give_back(r, h, r->hold ? 1 + (unsigned int)rand() % (h->n / 2 + 1) : h->n);
	}
	give_back(r, h, h->n);
	free(h);
	assert_int_equal(source_pcap_receive(r->source, NULL, 64), INPUT_END);
	r->counts = *source_pcap_counts(r->source);
	snprintf(r->problem, sizeof r->problem, "%s", source_pcap_problem(r->source));
	r->only_cut_short = source_pcap_only_cut_short(r->source);
	assert_int_equal(r->counts.packets, r->n + r->counts.filtered + r->counts.unsupported_link);
	source_pcap_close(r->source);
	r->source = NULL;
}

void reader_read(struct reader *r, const char *path, const char *path2)
{
	if (reader_open(r, path, path2) != 0)
		fail_msg("%s", r->error);
	reader_run(r);
}
