/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the daemon needs of a table beyond the pfring_ft API: every setting, the record of a flow,
 * and the counters as they are. Not installed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/counters.h"
#include "export/ipfix_profile.h"
#include "dpi/processors.h"
#include "ft/pfring_ft_ext.h"
#include "record/record.h"

struct ft_options {
	bool api;	       /* views, callbacks, rules: pfring_ft_create_table() */
	uint32_t user_bytes;   /* of the caller in every flow; api only */
	bool use_hash;	       /* pfring_ft_packet.hash tells where to look for a flow */
	const char *simd;      /* scalar, sse4, avx2, avx512, neon; NULL = what is fastest here */
	uint32_t flows_max;    /* 0 = default */
	uint32_t detached_max; /* ended flows not yet freed; 0 = a share of flows_max */
	uint64_t idle_timeout_ns, active_timeout_ns;
	uint64_t slice_timeout_ns; /* 0 = off */
	uint64_t tcp_linger_ns;
	bool tunnels, ignore_vlan, icmp_by_id;
	bool secret_seed;  /* live traffic; else a fixed one, the same every time */
	uint16_t table_id; /* the high bits of flow ids */
	int numa_node;	   /* -1 = any */
	bool prefault;
	bool dpi;
	bool dpi_guess, dpi_extra;
	uint32_t dpi_packets_tcp, dpi_packets_udp, dpi_flows_max; /* 0 = default */
	uint32_t dpi_flows_per_s_max;				  /* 0 = no limit */
	uint64_t dpi_bytes_max;
	const char *dpi_protocols, *dpi_categories; /* paths, NULL or "" = none */
	uint32_t processors; /* bits 1 << enum processor; none in tables of the API */
	uint32_t processors_room; /* likewise: flows have room for these, which may run later */
	struct processor_options processor_options;
	uint32_t processor_blocks; /* 0 = by flows_max */
};

/* Bytes that a table of these options reserves, nDPI's module apart. */
uint64_t ft_table_bytes(const struct ft_options *o);
/* Ended flows that may be out at once; slices count twice, since each may hold its flow. */
uint32_t ft_detached_max(const struct ft_options *o);

/* The name of the instructions that a table with this wish uses, NULL when that cannot be. */
const char *ft_simd_name(const char *wish);

/* 0 or -errno with one line in error. The result goes to the pfring_ft functions. */
int ft_table_create(pfring_ft_table **out, const struct ft_options *o, char *error,
		    size_t error_len);

/*
 * Counts what nDPI allocates in the whole process, which dpi_bytes_max needs. Once, before the
 * first table, and only by the owner of the process: nDPI has one allocator for all.
 */
void ft_count_dpi_memory(void);
/* What nDPI holds now, its modules included. Any thread. */
uint64_t ft_dpi_memory_bytes(void);

/*
 * The applications that flows of this table may be given, in one block of memory that the caller
 * frees: *n of them; none, and *out is NULL, without DPI. What was loaded later is not in it. The
 * table's thread, or before it runs. 0 or -ENOMEM.
 */
int ft_applications(pfring_ft_table *table, struct ipfix_application **out, uint32_t *n);

/* An exported flow as a record; its strings live until pfring_ft_flow_free(). Any thread. */
void ft_flow_record(pfring_ft_flow *flow, struct flow_record *r);

/*
 * The table's counters, living: one writer, the table's thread. The lane adds what it drops itself
 * with ft_count_drop(), so that one set of words tells all.
 */
const struct lane_counters *ft_counters(pfring_ft_table *table);
/*
 * When packets were dropped first and last, those of sampling apart, on the table's time line; 0 =
 * none was. Any thread.
 */
void ft_ignored_times(pfring_ft_table *table, uint64_t *first_ns, uint64_t *last_ns);
/* A packet that the lane received and did not hand in, and why. The table's thread. */
void ft_count_drop(pfring_ft_table *table, enum drop_reason reason, uint32_t wire_len);
/* A record that the lane could not hand on, and why. The table's thread. */
void ft_count_table(pfring_ft_table *table, enum table_counter counter);
/* Flows in the table now. Any thread. */
uint64_t ft_flows_active(pfring_ft_table *table);
/* All flows end and time may begin anew. The table's thread. */
void ft_restart_time(pfring_ft_table *table);

/* What of a table changes while it runs. */
struct ft_change {
	uint64_t idle_timeout_ns, active_timeout_ns;
	uint64_t slice_timeout_ns; /* 0 = off */
	uint64_t tcp_linger_ns;
	uint32_t processors; /* bits 1 << enum processor; others than those laid out stay off */
};

/*
 * Begins a change; true when ft_refit() has to be called until it returns false, a few groups of 16
 * flows a call, so that packets do not wait: only then are all flows of the table cut and sliced by
 * the new times, and do the processors that came in begin. False when nothing is left to do. The
 * timeouts are such as ft_table_create() takes, or nothing changes. The table's thread.
 */
bool ft_change(pfring_ft_table *table, const struct ft_change *to);
bool ft_refit(pfring_ft_table *table, uint32_t groups_max);
