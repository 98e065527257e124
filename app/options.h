/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the operator asked for: defaults, then the configuration file, then the command line, in
 * one struct that is constant after options_parse(). Every setting is a row of options.def.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/limits.h"
#include "export/output.h"
#include "ft/ft.h"

/* Exit code for bad usage and for a bad configuration. */
#define OPTIONS_EXIT_BAD 2

/* clang-format off */
/* The words of a setting that chooses: X(constant, word). */
#define EAL_HUGE_CHOICES(X) X(EAL_HUGE_AUTO, "auto") X(EAL_HUGE_YES, "yes") X(EAL_HUGE_NO, "no")
#define SAMPLING_CHOICES(X) X(SAMPLING_SYSTEMATIC, "systematic") X(SAMPLING_RANDOM, "random")
#define PRIVACY_STRINGS_CHOICES(X)                                                                 \
	X(STRINGS_KEEP, "keep") X(STRINGS_HASH, "hash") X(STRINGS_DROP, "drop")
#define RECORDS_CHOICES(X) X(RECORDS_FLOW, "flow") X(RECORDS_TRANSACTION, "transaction")
#define LANE_IDLE_CHOICES(X)                                                        \
	X(LANE_IDLE_ADAPTIVE, "adaptive") X(LANE_IDLE_POLL, "poll")                 \
	X(LANE_IDLE_INTERRUPT, "interrupt")
#define ICMP_KEY_CHOICES(X) X(ICMP_KEY_PAIR, "pair") X(ICMP_KEY_ID, "id")
#define LANE_SIMD_CHOICES(X)                                                        \
	X(LANE_SIMD_AUTO, "auto") X(LANE_SIMD_SCALAR, "scalar") X(LANE_SIMD_SSE4, "sse4") \
	X(LANE_SIMD_AVX2, "avx2") X(LANE_SIMD_AVX512, "avx512") X(LANE_SIMD_NEON, "neon")
#define PORT_MODE_CHOICES(X) \
	X(PORT_MODE_AUTO, "auto") X(PORT_MODE_RSS, "rss") X(PORT_MODE_SOFTWARE, "software")
#define LOG_LEVEL_CHOICES(X)                                                        \
	X(LOG_LEVEL_ERROR, "error") X(LOG_LEVEL_WARNING, "warning")                 \
	X(LOG_LEVEL_NOTICE, "notice") X(LOG_LEVEL_INFO, "info") X(LOG_LEVEL_DEBUG, "debug")

#define OUTPUT_TYPE_CHOICES(X)                                                 \
	X(OUTPUT_TEXT, "text") X(OUTPUT_CSV, "csv") X(OUTPUT_JSON, "json")     \
	X(OUTPUT_ZMQ, "zmq") X(OUTPUT_IPFIX, "ipfix") X(OUTPUT_NULL, "null")

#define OUTPUT_POLICY_CHOICES(X) \
	X(OUTPUT_DROP_NEWEST, "drop-newest") X(OUTPUT_DROP_OLDEST, "drop-oldest")
#define OUTPUT_MODE_CHOICES(X) X(OUTPUT_MODE_BIND, "bind") X(OUTPUT_MODE_CONNECT, "connect")
#define ZMQ_HEADER_CHOICES(X) \
	X(ZMQ_HEADER_V2, "v2") X(ZMQ_HEADER_V1, "v1") X(ZMQ_HEADER_V3, "v3")
#define ZMQ_FORMAT_CHOICES(X)                                                  \
	X(ZMQ_TLV, "tlv") X(ZMQ_JSON, "json") X(ZMQ_JSON_NAMES, "json-names")  \
	X(ZMQ_JSON_FLOW, "json-flow")
#define ZMQ_COUNT_CHOICES(X) X(ZMQ_COUNT_DELTA, "delta") X(ZMQ_COUNT_ABSOLUTE, "absolute")
#define OUTPUT_BIFLOW_CHOICES(X) X(OUTPUT_BIFLOW_YES, "yes") X(OUTPUT_BIFLOW_NO, "no")
#define OUTPUT_VERSION_CHOICES(X) X(OUTPUT_IPFIX10, "ipfix") X(OUTPUT_NETFLOW9, "netflow9")
#define OUTPUT_GROUP_CHOICES(X) \
	X(OUTPUT_GROUP_FAILOVER, "failover") X(OUTPUT_GROUP_BALANCE, "balance")
#define OUTPUT_REPLAY_CHOICES(X) \
	X(OUTPUT_REPLAY_AT_MOST_ONCE, "at-most-once")                          \
	X(OUTPUT_REPLAY_AT_LEAST_ONCE, "at-least-once")
#define ELEMENT_PROFILE_CHOICES(X) \
	X(PROFILE_COMPAT, "compat") X(PROFILE_FULL, "full") X(PROFILE_NTOP, "ntop")

#define CHOICE_CONSTANT(constant, word) constant,
#define CHOICE_WORD(constant, word)	word,
enum eal_huge { EAL_HUGE_CHOICES(CHOICE_CONSTANT) };
enum sampling_mode { SAMPLING_CHOICES(CHOICE_CONSTANT) };
enum privacy_strings_choice { PRIVACY_STRINGS_CHOICES(CHOICE_CONSTANT) };
enum records { RECORDS_CHOICES(CHOICE_CONSTANT) };
enum icmp_key { ICMP_KEY_CHOICES(CHOICE_CONSTANT) };
enum lane_idle { LANE_IDLE_CHOICES(CHOICE_CONSTANT) };
enum lane_simd { LANE_SIMD_CHOICES(CHOICE_CONSTANT) };
enum port_mode { PORT_MODE_CHOICES(CHOICE_CONSTANT) };
enum log_level { LOG_LEVEL_CHOICES(CHOICE_CONSTANT) };

/* clang-format on */

/* [eal]: how DPDK is started; not started at all for -r. */
struct options_eal {
	char extra[OPTION_BYTES_MAX]; /* words to append to the EAL's arguments, "" = none */
	char file_prefix[NAME_BYTES_MAX];
	enum eal_huge huge;
	uint64_t memory_bytes; /* 0 = what the ports need */
};

/* CPUs in the order in which they were written; n is 0 or the number of lanes. */
struct options_cpus {
	uint16_t cpu[LANES_MAX];
	uint16_t n;
};

/* [lane] */
struct options_lane {
	uint32_t count;
	struct options_cpus cores; /* n = 0: chosen by the program */
	uint32_t burst;		   /* 1..BURST_MAX */
	enum lane_simd simd;
	enum lane_idle idle;
	uint32_t sampling; /* 1 in so many; 1 = every packet */
	enum sampling_mode sampling_mode;
	char bpf[BPF_BYTES_MAX]; /* "" = none; not compiled here */
	bool exclude_own_export;
};

/* [table] */
struct options_table {
	uint32_t max_flows; /* a lane */
	uint64_t idle_timeout_ns;
	uint64_t active_timeout_ns;
	uint64_t slice_timeout_ns; /* 0 = no slices */
	uint64_t tcp_linger_ns;
	bool tunnels;
	bool ignore_vlan;
	enum icmp_key icmp_key;
};

/* [dpi] */
struct options_dpi {
	bool enabled;
	uint32_t packets_tcp_max, packets_udp_max;
	uint32_t flows_max;	  /* a lane */
	uint32_t flows_per_s_max; /* a lane; 0 = no limit */
	uint64_t bytes_max;	  /* a lane */
	bool guess, extra;
	char protocols_path[OPTION_BYTES_MAX];	/* "" = none */
	char categories_path[OPTION_BYTES_MAX]; /* "" = none */
	/* Names; processors_parse() reads them. */
	char processors[OPTION_BYTES_MAX];
	char processors_room[OPTION_BYTES_MAX];
	enum records records;
	uint32_t transactions;
	uint32_t processor_blocks; /* a lane; 0 = by the size of the table */
};

/* [privacy] */
struct options_privacy {
	char addresses[OPTION_BYTES_MAX]; /* privacy_parse_addresses() reads it */
	enum privacy_strings_choice strings;
};

/* [processor NAME]; each knows some of these. */
struct options_processor {
	char name[NAME_BYTES_MAX];
	bool include_zeros, skip_dup, txt;
	unsigned int topic_count;
};

/* [probe] */
struct options_probe {
	bool localtime;
	char pid_file[OPTION_BYTES_MAX];   /* "" = none */
	char stats_json[OPTION_BYTES_MAX]; /* "" = none */
	enum log_level log_level;
	uint64_t stop_timeout_ns;
	uint64_t summary_interval_ns; /* 0 = no line */
};

/* [metrics] */
struct options_metrics {
	char listen[OPTION_BYTES_MAX]; /* "" = not */
};

/* [control] */
struct options_control {
	char socket[OPTION_BYTES_MAX]; /* a path, "auto" or "off" */
};

/* [port NAME], or one -i. */
struct options_port {
	char name[NAME_BYTES_MAX];
	/* PCI address, kernel interface, af_packet:NAME, af_xdp:NAME, or an EAL vdev string; never
	 * "" */
	char device[OPTION_BYTES_MAX];
	uint32_t queues;
	bool promiscuous;
	uint32_t mtu_bytes;   /* 0 = leave as it is */
	uint32_t descriptors; /* a queue; 0 = what the driver prefers */
	enum port_mode mode;
};

struct options {
	struct options_eal eal;
	struct options_lane lane;
	struct options_table table;
	struct options_dpi dpi;
	struct options_privacy privacy;
	struct options_probe probe;
	struct options_metrics metrics;
	struct options_control control;

	struct options_processor processors[PROCESSOR_N];
	unsigned int n_processors;
	struct options_port ports[PORTS_MAX]; /* none when n_files > 0 */
	unsigned int n_ports;
	/*
	 * At least one after OPTIONS_RUN (text to standard output when nothing was asked for),
	 * names unique, every number set; local_time is probe.localtime, flush_lines is on for
	 * ports, lossless for files, missing_sources are the processors that do not run. What one
	 * is told by the rest of the options: options_tell_outputs().
	 */
	struct output_spec outputs[OUTPUTS_MAX];
	unsigned int n_outputs;

	/* command line only; the strings belong to argv */
	int argc;
	char **argv;		      /* all of it, as a reload reads it again */
	const char *files[FILES_MAX]; /* -r, "-" is standard input */
	unsigned int n_files;
	const char *collect;	  /* endpoint to read from instead of packets, NULL = none */
	const char *collect_keys; /* its CURVE keys: PATH.pub and PATH.priv, NULL = in clear */
	uint64_t count;		  /* packets to read from the files, 0 = all */
	const char *config_path;  /* -c, NULL = none */
	bool doctor;		  /* look at the machine, run nothing */
	bool quiet;		  /* no summary at the end */
};

enum options_result {
	OPTIONS_RUN,	 /* go on with what is in struct options */
	OPTIONS_DONE_OK, /* --help, --version, --dump-config or --check did its work: exit 0 */
	OPTIONS_BAD,	 /* said on err, one line an error: exit OPTIONS_EXIT_BAD */
};

/*
 * Reads the command line and the file that it names, checks all of it, and fills o. argv is
 * permuted and must outlive o. Help and the like go to out, errors to err, each line beginning with
 * "ftprobe: ". Opens nothing but the configuration file. The main thread (getopt has global state).
 */
enum options_result options_parse(struct options *o, int argc, char **argv, FILE *out, FILE *err);
/* The members of each output that follow from other settings, the processors of a table apart. */
void options_tell_outputs(struct options *o, uint32_t processors);
/* Gives back what options_parse() took; safe on a zeroed struct and after any result. */
void options_free(struct options *o);

/* Every setting at its default, no port, no output, no file. */
void options_set_defaults(struct options *o);

/*
 * The settings of a lane's flow table. The lane sets table_id, numa_node and prefault itself; the
 * strings belong to o.
 */
void options_to_ft(const struct options *o, struct ft_options *ft);
/* What [lane] simd asks for, NULL = auto. */
const char *options_simd(const struct options *o);
/*
 * Places of the ring between a lane and the exporter, a power of two: full of slices, it still
 * leaves the table free to hand out more, so that a run that waits for the ring loses no record.
 */
uint32_t options_ring_flows(const struct options *o);
/* The flow tables' size in words. */
#define OPTIONS_TABLE_SIZE_LEN 128
void options_table_size(const struct options *o, char *text, size_t len);

/* What will run, as a table for people: inputs, lanes, memory of the flow tables, outputs
 * (--check). */
void options_print_resolved(const struct options *o, FILE *f);
/* The settings in force, as a configuration file. */
void options_print_running(const struct options *o, FILE *f);
/* The text of --help. */
void options_print_help(FILE *f);
/* The default configuration with a comment for each key; config/ftprobe.conf is this text. */
void options_print_config(FILE *f);
/* groff man: the option list of ftprobe(8), and the settings of ftprobe.conf(5). */
void options_print_man8(FILE *f);
void options_print_man5(FILE *f);
