/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings that are fine alone and wrong together. Each check is one function and one line for the
 * operator that says what to change.
 */
#include "options_check.h"

#include "admit.h"
#include "ft/ft.h"
#include "metrics.h"
#include "options_value.h"

#include <string.h>

static void check_input(const struct options *o, struct options_errors *e)
{
	if (o->collect) {
		if (o->n_files || o->n_ports)
			options_complain(e, "--collect reads from other probes: leave -r and -i");
		else if (o->n_outputs != 1 || !output_spec_is_stdout(&o->outputs[0]) ||
			 o->outputs[0].type == OUTPUT_CSV)
			options_complain(e,
					 "--collect prints a table, or -o json: no other output");
		return;
	}
	if (o->collect_keys)
		options_complain(e, "--collect-keys is for --collect");
	if (o->n_files && o->n_ports)
		options_complain(e, "-r reads files, -i reads a device: give one or the other");
	else if (o->doctor && o->n_files)
		options_complain(e, "--doctor looks at ports: leave -r");
	else if (o->doctor)
		return;
	else if (!o->n_files && !o->n_ports && o->config_path)
		options_complain(
			e,
			"nothing to read: give -r FILE or -i NAME, or put a [port NAME] section "
			"into %s",
			o->config_path);
	else if (!o->n_files && !o->n_ports)
		options_complain(
			e, "nothing to read: give -r FILE, -i NAME or -c FILE (ftprobe --help)");
	if (o->count && !o->n_files)
		options_complain(e, "--count works with -r only");
}

static void check_stdin(const struct options *o, struct options_errors *e)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < o->n_files; i++)
		n += strcmp(o->files[i], "-") == 0;
	if (n > 1)
		options_complain(e, "-r - reads standard input: give it once");
}

static void check_timeouts(const struct options *o, struct options_errors *e)
{
	const struct options_table *t = &o->table;
	char slice[32], active[32];

	if (t->slice_timeout_ns && t->slice_timeout_ns >= t->active_timeout_ns)
		options_complain(
			e,
			"slice_timeout %s is not below active_timeout %s: no slice would ever be "
			"reported; lower the one or raise the other",
			duration_format(t->slice_timeout_ns, slice, sizeof slice),
			duration_format(t->active_timeout_ns, active, sizeof active));
}

static void check_lanes(const struct options *o, struct options_errors *e)
{
	uint32_t queues = 0;

	if (o->lane.cores.n && o->lane.cores.n != o->lane.count)
		options_complain(
			e, "[lane] cores names %u CPUs for %u lanes: make count and cores agree",
			o->lane.cores.n, o->lane.count);
	for (unsigned int i = 0; i < o->n_ports; i++) {
		if (o->ports[i].mode != PORT_MODE_RSS)
			return;
		queues += o->ports[i].queues;
	}
	if (o->n_ports && queues < o->lane.count)
		options_complain(e,
				 "%u lanes share %u queues in mode rss, "
				 "some would get no packet: raise queues, lower the number of "
				 "lanes, or say mode = auto",
				 o->lane.count, queues);
}

static void check_simd(const struct options *o, struct options_errors *e)
{
	const char *wish = options_simd(o);

	if (wish && !ft_simd_name(wish))
		options_complain(e,
				 "[lane] simd = %s: this processor or build has no such "
				 "instructions; auto would take %s",
				 wish, ft_simd_name(NULL));
}

static void check_devices(const struct options *o, struct options_errors *e)
{
	for (unsigned int i = 1; i < o->n_ports; i++)
		for (unsigned int j = 0; j < i; j++)
			if (strcmp(o->ports[i].device, o->ports[j].device) == 0)
				options_complain(
					e, "ports %s and %s are the same device %s: name it once",
					o->ports[j].name, o->ports[i].name, o->ports[i].device);
}

static void check_output_pair(const struct output_spec *a, const struct output_spec *b,
			      struct options_errors *e)
{
	bool same = strcmp(a->target, b->target) == 0;

	if (!(output_spec_is_file(a) || output_spec_is_ipfix_file(a)) ||
	    !(output_spec_is_file(b) || output_spec_is_ipfix_file(b)))
		return;
	if (output_spec_is_stdout(a) && output_spec_is_stdout(b))
		options_complain(
			e,
			"outputs %s and %s both write to standard output: give one a path, such as "
			"json:PATH",
			a->name, b->name);
	else if (same)
		options_complain(e,
				 "outputs %s and %s both write to %s: give each a path of its own",
				 a->name, b->name, a->target);
}

/* What can be said of one output before it is opened. */
static void check_output(const struct output_spec *s, struct options_errors *e)
{
	bool tls = s->type == OUTPUT_IPFIX && strstr(s->target, "tls://");
	char error[512];

	if (tls && (!s->cert_path[0] || !s->key_path[0]))
		options_complain(e,
				 "output %s: TLS needs cert and key, PEM files by which the "
				 "collector knows us; set them in its section, or by "
				 "--set output.NAME.cert=FILE",
				 s->name);
	else if (output_check(s, error, sizeof error))
		options_complain(e, "output %s: %s", s->name, error);
	if (s->spool[0] && !output_spec_may_spool(s))
		options_complain(
			e,
			"output %s: a spool is for a collector that is connected to: ipfix "
			"over tcp:// or tls://, zmq with mode = connect",
			s->name);
	if (s->type == OUTPUT_IPFIX && s->version == OUTPUT_NETFLOW9 &&
	    strncmp(s->target, "udp://", 6) != 0)
		options_complain(e,
				 "output %s: NetFlow version 9 goes over UDP only: write "
				 "ipfix:udp://HOST:PORT",
				 s->name);
}

static void check_counters(const struct options *o, const struct output_spec *s,
			   struct options_errors *e)
{
	if (s->type == OUTPUT_ZMQ && s->zmq_count == ZMQ_COUNT_ABSOLUTE &&
	    o->table.slice_timeout_ns)
		options_complain(
			e,
			"output %s: counters = absolute counts from the beginning of a "
			"flow, slices do not: set slice_timeout = off, or counters = delta",
			s->name);
}

static void check_outputs(const struct options *o, struct options_errors *e)
{
	for (unsigned int i = 0; i < o->n_outputs; i++) {
		check_output(&o->outputs[i], e);
		check_counters(o, &o->outputs[i], e);
	}
	for (unsigned int i = 1; i < o->n_outputs; i++)
		for (unsigned int j = 0; j < i; j++)
			check_output_pair(&o->outputs[j], &o->outputs[i], e);
}

static void check_filter(const struct options *o, struct options_errors *e)
{
	char error[512];

	if (o->lane.bpf[0] && admit_check(o->lane.bpf, error, sizeof error))
		options_complain(e, "%s (pcap-filter(7) has the syntax)", error);
}

/* Which processor knows which key of [processor NAME]. */
static const struct {
	const char *key;
	uint32_t processors; /* bits 1 << enum processor */
	size_t at, bytes;    /* in struct options_processor; another value than 0 is a setting */
} processor_keys[] = {
#define KEY(key, processors)                                                                       \
	{                                                                                          \
#key, processors, offsetof(struct options_processor, key),                         \
			sizeof((struct options_processor *)0)->key                                 \
	}
	KEY(include_zeros, 1U << PROCESSOR_pstats | 1U << PROCESSOR_phists),
	KEY(skip_dup, 1U << PROCESSOR_pstats),
	KEY(txt, 1U << PROCESSOR_dnssd),
	KEY(topic_count, 1U << PROCESSOR_mqtt),
#undef KEY
};

static bool is_set(const struct options_processor *p, size_t at, size_t bytes)
{
	const char *value = (const char *)p + at;

	for (size_t i = 0; i < bytes; i++)
		if (value[i])
			return true;
	return false;
}

static uint32_t processor_bit(const char *name)
{
	for (unsigned int i = 0; i < PROCESSOR_N; i++)
		if (strcmp(name, processor_name((enum processor)i)) == 0)
			return 1U << i;
	return 0;
}

static void check_processor(const struct options_processor *p, struct options_errors *e)
{
	const size_t keys_n = sizeof processor_keys / sizeof *processor_keys;
	const uint32_t bit = processor_bit(p->name);
	uint32_t known = 0;

	for (size_t i = 0; i < keys_n; i++)
		known |= processor_keys[i].processors;
	if (!(known & bit)) {
		options_complain(e,
				 "[processor %s]: no such processor has settings; "
				 "ftprobe.conf(5) names those that do",
				 p->name);
		return;
	}
	for (size_t i = 0; i < keys_n; i++)
		if (!(processor_keys[i].processors & bit) &&
		    is_set(p, processor_keys[i].at, processor_keys[i].bytes))
			options_complain(e, "[processor %s]: %s is of others", p->name,
					 processor_keys[i].key);
}

static void check_processors(const struct options *o, struct options_errors *e)
{
	for (unsigned int i = 0; i < o->n_processors; i++)
		check_processor(&o->processors[i], e);
}

static void check_metrics(const struct options *o, struct options_errors *e)
{
	struct metrics_address a;
	char error[256];

	if (o->metrics.listen[0] && metrics_address(&a, o->metrics.listen, error, sizeof error))
		options_complain(e, "%s", error);
}

void options_check(const struct options *o, struct options_errors *e)
{
	check_input(o, e);
	check_stdin(o, e);
	check_timeouts(o, e);
	check_lanes(o, e);
	check_simd(o, e);
	check_devices(o, e);
	check_processors(o, e);
	check_outputs(o, e);
	check_filter(o, e);
	check_metrics(o, e);
}
