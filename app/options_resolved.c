/* SPDX-License-Identifier: BSD-3-Clause */
/* What the options come to: the settings of a flow table, and the report of --check. */
#include "options.h"

#include "options_value.h"
#include "placement.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Files are not in a hurry: unless told otherwise, every flow of a table may be under inspection.
 */
static uint32_t dpi_flows_max(const struct options *o)
{
	if (o->n_files && o->dpi.flows_max == DPI_FLOWS_DEFAULT)
		return o->table.max_flows;
	return o->dpi.flows_max;
}

/* Nor does the speed of a file's packets say anything. */
static uint32_t dpi_flows_per_s_max(const struct options *o)
{
	if (o->n_files && o->dpi.flows_per_s_max == DPI_FLOWS_PER_S_DEFAULT)
		return 0;
	return o->dpi.flows_per_s_max;
}

const char *options_simd(const struct options *o)
{
	static const char *const names[] = {LANE_SIMD_CHOICES(CHOICE_WORD)};

	return o->lane.simd == LANE_SIMD_AUTO ? NULL : names[o->lane.simd];
}

static const struct options_processor *settings_of(const struct options *o,
						   enum processor processor)
{
	static const struct options_processor defaults;

	for (unsigned int i = 0; i < o->n_processors; i++)
		if (strcmp(o->processors[i].name, processor_name(processor)) == 0)
			return &o->processors[i];
	return &defaults;
}

static void set_processors(const struct options *o, struct ft_options *ft)
{
	const struct options_processor *pstats = settings_of(o, PROCESSOR_pstats);
	char error[512];

	/* Wrong names were refused before. */
	processors_parse(&ft->processors, o->dpi.processors, error, sizeof error);
	ft->processor_blocks = o->dpi.processor_blocks;
	processors_parse(&ft->processors_room, o->dpi.processors_room, error, sizeof error);
	ft->processor_options = (struct processor_options){
		.records_transaction = o->dpi.records == RECORDS_TRANSACTION,
		.transactions = (uint8_t)o->dpi.transactions,
		.pstats_include_zeros = pstats->include_zeros,
		.pstats_skip_dup = pstats->skip_dup,
		.phists_include_zeros = settings_of(o, PROCESSOR_phists)->include_zeros,
		.dnssd_txt = settings_of(o, PROCESSOR_dnssd)->txt,
		.mqtt_topics = (uint8_t)settings_of(o, PROCESSOR_mqtt)->topic_count,
	};
}

void options_to_ft(const struct options *o, struct ft_options *ft)
{
	*ft = (struct ft_options){
		.simd = options_simd(o),
		.flows_max = o->table.max_flows,
		.idle_timeout_ns = o->table.idle_timeout_ns,
		.active_timeout_ns = o->table.active_timeout_ns,
		.slice_timeout_ns = o->table.slice_timeout_ns,
		.tcp_linger_ns = o->table.tcp_linger_ns,
		.tunnels = o->table.tunnels,
		.ignore_vlan = o->table.ignore_vlan,
		.icmp_by_id = o->table.icmp_key == ICMP_KEY_ID,
		.secret_seed = o->n_files == 0,
		.numa_node = -1,
		.dpi = o->dpi.enabled,
		.dpi_guess = o->dpi.guess,
		.dpi_extra = o->dpi.extra,
		.dpi_packets_tcp = o->dpi.packets_tcp_max,
		.dpi_packets_udp = o->dpi.packets_udp_max,
		.dpi_flows_max = dpi_flows_max(o),
		.dpi_flows_per_s_max = dpi_flows_per_s_max(o),
		.dpi_bytes_max = o->dpi.bytes_max,
		.dpi_protocols = o->dpi.protocols_path,
		.dpi_categories = o->dpi.categories_path,
	};
	set_processors(o, ft);
}

uint32_t options_ring_flows(const struct options *o)
{
	/* A slice takes two places, and one step ends flows before the lane looks at the ring. */
	const uint32_t places = 2, step = 8 * FLOW_END_STEP;
	uint32_t n = EXPORT_RING_FLOWS;
	struct ft_options ft;

	options_to_ft(o, &ft);
	while (n > 2 && places * n + step > ft_detached_max(&ft))
		n /= 2;
	return n;
}

void options_table_size(const struct options *o, char *text, size_t len)
{
	struct ft_options ft;
	uint64_t bytes;

	options_to_ft(o, &ft);
	bytes = ft_table_bytes(&ft);
	snprintf(text, len,
		 "%" PRIu32 " flows a lane: %.1f MiB each, %.1f MiB in all, %" PRIu64
		 " bytes a flow",
		 ft.flows_max, (double)bytes / (1 << 20), (double)bytes / (1 << 20) * o->lane.count,
		 (bytes + ft.flows_max - 1) / ft.flows_max);
}

/* A setting as text, from the struct of its section. */
static const char *shown(enum option_setting id, const void *base, char *text, size_t len)
{
	return setting_format(option_setting(id), base, text, len);
}

static void print_inputs(const struct options *o, FILE *f)
{
	char mtu[32], descriptors[32], mode[32];

	for (unsigned int i = 0; i < o->n_files; i++)
		fprintf(f, "file      %s\n",
			strcmp(o->files[i], "-") == 0 ? "standard input" : o->files[i]);
	if (o->count)
		fprintf(f, "          at most %" PRIu64 " packets\n", o->count);
	for (unsigned int i = 0; i < o->n_ports; i++) {
		const struct options_port *p = &o->ports[i];

		fprintf(f,
			"port      %s: device %s, queues %" PRIu32
			", mode %s, %s, mtu %s, descriptors %s\n",
			p->name, p->device, p->queues,
			shown(SETTING_port_mode, p, mode, sizeof mode),
			p->promiscuous ? "promiscuous" : "not promiscuous",
			shown(SETTING_port_mtu, p, mtu, sizeof mtu),
			shown(SETTING_port_descriptors, p, descriptors, sizeof descriptors));
	}
	if (o->lane.bpf[0])
		fprintf(f, "filter    %s\n", o->lane.bpf);
}

static void print_lanes(const struct options *o, FILE *f)
{
	char cores[LANES_MAX * 6], mode[32];

	fprintf(f, "lanes     %" PRIu32 " on CPUs %s, bursts of %" PRIu32 ", %s\n", o->lane.count,
		shown(SETTING_lane_cores, &o->lane, cores, sizeof cores), o->lane.burst,
		ft_simd_name(options_simd(o)));
	if (o->lane.sampling > 1)
		fprintf(f, "sampling  1 in %" PRIu32 ", %s\n", o->lane.sampling,
			shown(SETTING_lane_sampling_mode, &o->lane, mode, sizeof mode));
}

static void print_table(const struct options *o, FILE *f)
{
	char idle[32], active[32], slice[32], size[OPTIONS_TABLE_SIZE_LEN];

	options_table_size(o, size, sizeof size);
	fprintf(f, "table     %s\n", size);
	fprintf(f, "timeouts  idle %s, active %s, slice %s\n",
		shown(SETTING_table_idle_timeout, &o->table, idle, sizeof idle),
		shown(SETTING_table_active_timeout, &o->table, active, sizeof active),
		shown(SETTING_table_slice_timeout, &o->table, slice, sizeof slice));
	fprintf(f, "tunnels   %s\n", o->table.tunnels ? "inner flows" : "outer flows");
}

static void print_dpi(const struct options *o, FILE *f)
{
	struct options_dpi dpi = o->dpi;
	char flows[32], bytes[32];

	dpi.flows_max = dpi_flows_max(o);
	if (!o->dpi.enabled)
		fprintf(f, "dpi       off\n");
	else
		fprintf(f, "dpi       on, %s flows and %s bytes a lane%s%s%s%s\n",
			shown(SETTING_dpi_flows_max, &dpi, flows, sizeof flows),
			shown(SETTING_dpi_bytes_max, &o->dpi, bytes, sizeof bytes),
			o->dpi.protocols_path[0] ? ", protocols of " : "", o->dpi.protocols_path,
			o->dpi.categories_path[0] ? ", categories of " : "",
			o->dpi.categories_path);
}

static void print_outputs(const struct options *o, FILE *f)
{
	char type[32], records[32], bytes[32];

	for (unsigned int i = 0; i < o->n_outputs; i++) {
		const struct output_spec *s = &o->outputs[i];
		bool is_stdout = !s->target[0] || strcmp(s->target, "-") == 0;
		const char *to = s->type == OUTPUT_NULL ? "nowhere" :
				 is_stdout		? "standard output" :
							  s->target;

		fprintf(f, "output    %s: %s to %s, queue of %s records and %s bytes\n", s->name,
			shown(SETTING_output_type, s, type, sizeof type), to,
			shown(SETTING_output_queue_records, s, records, sizeof records),
			shown(SETTING_output_queue_bytes, s, bytes, sizeof bytes));
	}
}

static void print_processors(const struct options *o, FILE *f)
{
	const char *joint = "";
	struct ft_options ft;

	options_to_ft(o, &ft);
	if (!ft.processors)
		return;
	fputs("also      ", f);
	for (unsigned int i = 0; i < PROCESSOR_N; i++) {
		if (!(ft.processors >> i & 1))
			continue;
		fprintf(f, "%s%s", joint, processor_name((enum processor)i));
		joint = ", ";
	}
	fputc('\n', f);
}

static void print_placement(const struct options *o, FILE *f)
{
	struct placement *p = o->n_ports ? malloc(sizeof *p) : NULL;

	if (!p)
		return;
	placement_make(p, o, "");
	placement_print(p, o, f);
	free(p);
}

void options_print_resolved(const struct options *o, FILE *f)
{
	print_inputs(o, f);
	print_lanes(o, f);
	print_table(o, f);
	print_dpi(o, f);
	print_processors(o, f);
	print_outputs(o, f);
	print_placement(o, f);
}
