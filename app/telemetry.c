/* SPDX-License-Identifier: BSD-3-Clause */
/* A command is a function that fills one dictionary or list from a snapshot. */
#include "telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_telemetry.h>
#include <rte_version.h>

/* DPDK takes no command back, so what they tell of may be gone. */
static struct {
	pthread_mutex_t lock;
	struct snapshot_source *source; /* NULL = gone */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What a command tells: of everything, or of number i of something. 0 or -1. */
typedef int (*teller)(const struct snapshot *s, unsigned int i, struct rte_tel_data *d);

static int answer(struct rte_tel_data *d, unsigned int i, teller tell)
{
	struct snapshot *s = malloc(sizeof *s);
	int rc = -1;

	pthread_mutex_lock(&state.lock);
	if (s && state.source) {
		snapshot_take(state.source, s);
		rc = tell(s, i, d);
	}
	pthread_mutex_unlock(&state.lock);
	free(s);
	return rc;
}

/* Of one thing by its number. */
static int answer_one(const char *number, struct rte_tel_data *d, teller tell)
{
	char *end = NULL;
	unsigned long i = number ? strtoul(number, &end, 10) : 0;

	if (!number || end == number || *end || i > UINT16_MAX)
		return -1;
	return answer(d, (unsigned int)i, tell);
}

static void add(struct rte_tel_data *d, const char *name, uint64_t value)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	rte_tel_data_add_dict_uint(d, name, value);
#else
	rte_tel_data_add_dict_u64(d, name, value);
#endif
}

static void add_counters(struct rte_tel_data *d, const struct lane_counters *c)
{
	add(d, "rx_packets", c->rx_packets);
	add(d, "rx_bytes", c->rx_bytes);
	add(d, "metered_packets", c->metered_packets);
	add(d, "metered_bytes", c->metered_bytes);
	add(d, "ignored_bytes", c->ignored_bytes);
/* clang-format off */
#define DROP(name, sentence) add(d, "drop_" #name, c->dropped[DROP_##name]);
#define NOTE(name, sentence) add(d, "note_" #name, c->notes[NOTE_##name]);
#define DPI(name, sentence) add(d, #name, c->dpi[DPI_##name]);
#include "core/counters.def"
	/* clang-format on */
}

static int tell_stats(const struct snapshot *s, unsigned int i, struct rte_tel_data *d)
{
	struct lane_counters sum;

	(void)i;
	rte_tel_data_start_dict(d);
	snapshot_sum_lanes(s, &sum);
	add(d, "uptime_ns", s->uptime_ns);
	add(d, "cpu_ns", s->cpu_ns);
	add(d, "port_losses", snapshot_port_losses(s));
	add_counters(d, &sum);
	return 0;
}

static int tell_lanes(const struct snapshot *s, unsigned int i, struct rte_tel_data *d)
{
	(void)i;
	rte_tel_data_start_array(d, RTE_TEL_INT_VAL);
	for (unsigned int lane = 0; lane < s->n_lanes; lane++)
		rte_tel_data_add_array_int(d, (int)lane);
	return 0;
}

static int tell_lane(const struct snapshot *s, unsigned int i, struct rte_tel_data *d)
{
	const struct snapshot_lane *l = &s->lanes[i];

	if (i >= s->n_lanes)
		return -1;
	rte_tel_data_start_dict(d);
	add(d, "busy_ns", l->numbers.busy_ns);
	add(d, "cpu_ns", l->numbers.cpu_ns);
	add(d, "rests", l->numbers.rests);
	add(d, "waiting_packets", l->waiting_packets);
	add(d, "export_ring_records", l->ring_flows);
	add_counters(d, &l->numbers.counters);
	return 0;
}

/* All lanes' tables, as one. */
static int tell_table(const struct snapshot *s, unsigned int i, struct rte_tel_data *d)
{
	struct lane_counters sum;
	uint64_t flows = 0;

	(void)i;
	rte_tel_data_start_dict(d);
	for (unsigned int lane = 0; lane < s->n_lanes; lane++)
		flows += s->lanes[lane].numbers.flows_active;
	add(d, "flows", flows);
	add(d, "capacity_flows", (uint64_t)s->flows_max * s->n_lanes);
	snapshot_sum_lanes(s, &sum);
/* clang-format off */
#define TABLE(name, sentence) add(d, #name, sum.table[TABLE_##name]);
#include "core/counters.def"
	/* clang-format on */
	return 0;
}

static int tell_outputs(const struct snapshot *s, unsigned int i, struct rte_tel_data *d)
{
	(void)i;
	rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
	for (unsigned int o = 0; o < s->exporter.n_outputs; o++)
		rte_tel_data_add_array_string(d, s->exporter.outputs[o].name);
	return 0;
}

static int tell_output(const struct snapshot *s, unsigned int i, struct rte_tel_data *d)
{
	const struct output_numbers *o = &s->exporter.outputs[i];

	if (i >= s->exporter.n_outputs)
		return -1;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_string(d, "name", o->name);
/* clang-format off */
#define OUTPUT(name, sentence) add(d, #name, o->counters.count[OUTPUT_##name]);
#define OUTPUT_DROP(name, sentence) add(d, "drop_" #name, o->counters.dropped[OUTPUT_DROP_##name]);
#include "core/counters.def"
	/* clang-format on */
	return 0;
}

/* ---- commands ---- */

static int stats(const char *command, const char *number, struct rte_tel_data *d)
{
	(void)command;
	(void)number;
	return answer(d, 0, tell_stats);
}

static int lanes(const char *command, const char *number, struct rte_tel_data *d)
{
	(void)command;
	(void)number;
	return answer(d, 0, tell_lanes);
}

static int lane(const char *command, const char *number, struct rte_tel_data *d)
{
	(void)command;
	return answer_one(number, d, tell_lane);
}

static int table(const char *command, const char *number, struct rte_tel_data *d)
{
	(void)command;
	(void)number;
	return answer(d, 0, tell_table);
}

static int outputs(const char *command, const char *number, struct rte_tel_data *d)
{
	(void)command;
	(void)number;
	return answer(d, 0, tell_outputs);
}

static int output(const char *command, const char *number, struct rte_tel_data *d)
{
	(void)command;
	return answer_one(number, d, tell_output);
}

static int register_all(void)
{
	static const struct {
		const char *name, *help;
		telemetry_cb call;
	} commands[] = {
		{"/ftprobe/stats", "Counters of all lanes. Takes no parameters", stats},
		{"/ftprobe/lanes", "Numbers of the lanes. Takes no parameters", lanes},
		{"/ftprobe/lane", "Counters of a lane. Parameters: int lane", lane},
		{"/ftprobe/table", "Flow tables of all lanes. Takes no parameters", table},
		{"/ftprobe/outputs", "Names of the outputs. Takes no parameters", outputs},
		{"/ftprobe/output", "Counters of an output. Parameters: int output", output},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof commands / sizeof commands[0]; i++)
		rc = rte_telemetry_register_cmd(commands[i].name, commands[i].call,
						commands[i].help);
	return rc;
}

int telemetry_begin(struct snapshot_source *source)
{
	pthread_mutex_lock(&state.lock);
	state.source = source;
	pthread_mutex_unlock(&state.lock);
	return register_all();
}

void telemetry_end(void)
{
	pthread_mutex_lock(&state.lock);
	state.source = NULL;
	pthread_mutex_unlock(&state.lock);
}
