/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends made-up records through one output, for tests that read outputs from outside:
 *
 *   records_dump SPEC            the sample records
 *   records_dump SPEC COUNT      so many records of one kind or another, without loss
 *
 * Counters go to stderr as JSON. Exit status 0 when every record was sent.
 */
#include "export/output.h"
#include "sample_records.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void submit(struct output *o, const struct flow_record *r)
{
	const struct timespec pause = {.tv_nsec = 100000};

	while (!output_has_room(o)) {
		output_poll(o, clock_ns(CLOCK_REALTIME));
		nanosleep(&pause, NULL);
	}
	output_submit(o, r);
}

static int report(const struct output *o)
{
	const struct output_counters *c = output_counters(o);
	uint64_t dropped = 0;

	for (unsigned int i = 0; i < OUTPUT_DROP_N; i++)
		dropped += c->dropped[i];
	fprintf(stderr,
		"{\"offered\": %lu, \"sent\": %lu, \"dropped\": %lu, \"queued\": %lu, "
		"\"messages\": %lu, \"bytes\": %lu, \"error\": \"%s\"}\n",
		c->count[OUTPUT_offered], c->count[OUTPUT_sent], dropped, c->count[OUTPUT_queued],
		c->count[OUTPUT_sent_messages], c->count[OUTPUT_sent_bytes], output_last_error(o));
	return c->count[OUTPUT_sent] == c->count[OUTPUT_offered] ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct output_spec spec = {.lossless = true};
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : SAMPLES;
	struct output *o;
	char error[256];
	int result;

	if (argc < 2 || output_spec_parse(&spec, argv[1], error, sizeof error) ||
	    output_open(&o, &spec, error, sizeof error)) {
		fprintf(stderr, "%s\n", argc < 2 ? "records_dump SPEC [COUNT]" : error);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	for (unsigned long i = 0; i < count && !output_reader_gone(o); i++) {
		struct flow_record r = argc > 2 ? sample_of_many((uint32_t)i) :
						  sample_number((unsigned int)i);

		submit(o, &r);
		if (i % 64 == 0)
			output_poll(o, clock_ns(CLOCK_REALTIME));
	}
	output_close(o, clock_ns(CLOCK_MONOTONIC) + 20000000000ULL);
	result = report(o);
	output_free(o);
	return result;
}
