/* SPDX-License-Identifier: BSD-3-Clause */
/* Ratios of rows, which tell the same on every machine, and the floors that they must keep. */
#include "bench.h"

static const struct bench_ratio ratios[] = {
	{"memory_1m", "table pipelined / memory limit, 1 M flows", "table_pipe_1m", "mem_limit_1m",
	 true, 2.0},
	{"memory_64k", "table pipelined / memory limit, 64 K flows", "table_pipe_64k",
	 "mem_limit_64k", true, 0},
	{"memory_8m", "table pipelined / memory limit, 8 M flows", "table_pipe_8m", "mem_limit_8m",
	 true, 0},
	{"rte_hash_1m", "rte_hash bulk and update / table pipelined, 1 M", "rte_hash_1m",
	 "table_pipe_1m_again", false, 3.0},
	{"burst1_1m", "burst of 1 / pipelined, 1 M", "table_b1_1m", "table_pipe_1m", false, 2.0},
	{"burst32_1m", "burst of 32 / pipelined, 1 M", "table_b32_1m", "table_pipe_1m", false, 0},
	{"size_8m", "8 M flows / 1 M flows", "table_pipe_8m", "table_pipe_1m", true, 1.7},
	{"ipv6_1m", "IPv6 / IPv4, 1 M", "table_v6_pipe_1m", "table_pipe_1m", true, 0},
	{"mixed_1m", "both directions and TCP / one direction of UDP", "table_mixed_1m",
	 "table_pipe_1m", true, 0},
	{"syn_flood", "hit / SYN flood, table full", "table_pipe_1m_again", "syn_flood", false,
	 0.2},
	{"new_flows", "M new flows a second, ended, to a null output", "new_flows_null", NULL,
	 false, 1.0},
	{"e2e_20k", "receive and free / the same with the table, 20 K", "e2e_rx_free", "e2e_table",
	 false, 0.33},
	{"e2e_20k_mpps", "M packets a second end to end, 20 K flows", "e2e_table", NULL, false, 0},
	{"e2e_1m_mpps", "M packets a second end to end, 1 M flows, rewriting off", "e2e_table_1m",
	 NULL, false, 25.0},
	{"dpi", "plain loop with nDPI / table with DPI, in memory", "dpi_plain", "dpi_table", false,
	 0.9},
	{"lanes", "speed of two lanes / one lane", "lanes_1", "lanes_2", false, 1.8},
};

size_t bench_ratios(const struct bench_ratio **out)
{
	*out = ratios;
	return sizeof ratios / sizeof *ratios;
}

enum bench_verdict bench_ratio_of(struct bench *b, const struct bench_ratio *r, double *value)
{
	const struct bench_row *over = bench_row(b, r->over);
	const struct bench_row *under = r->under ? bench_row(b, r->under) : NULL;

	*value = 0;
	if (!over->tries || over->is_void || (under && (!under->tries || under->is_void)))
		return BENCH_VOID;
	*value = under ? over->median / under->median : 1000 / over->median;
	if (r->floor == 0)
		return BENCH_NO_FLOOR;
	return (r->at_most ? *value <= r->floor : *value >= r->floor) ? BENCH_OK : BENCH_BELOW;
}
