/* SPDX-License-Identifier: BSD-3-Clause */
/* The bounds of what people ask a running program: a part of limits.h, which includes it. */
#pragma once

/* ---- watching ---- */

/* A lane measures the parts of one turn in so many that bring packets: five readings of a clock. */
#define LANE_TURNS_A_SAMPLE 1024U
/* Threads have so long to tell their numbers: they wait a tenth of it for packets at most. */
#define REPORT_WAIT_NS 100000000ULL

/*
 * Clients of the metrics endpoint: a few servers that ask twice a minute. One address gets a
 * quarter of the places, so that one that hangs does not keep out the others; and gives them back.
 */
#define METRICS_CONNECTIONS_MAX	       32U
#define METRICS_CONNECTIONS_OF_ONE_MAX 8U
#define METRICS_TIMEOUT_S	       5U
/* A request, with what a proxy adds to its headers. */
#define METRICS_REQUEST_BYTES_MAX 16384U
/* Numbers that a driver counts by itself: some 20, and as many for each of its queues. */
#define PORT_XSTATS_MAX 8192

/*
 * Log lines of one kind in so long a time: of an output that fails in a second way each minute all
 * are seen, of a loop that fails a thousand times a second ten.
 */
#define LOG_LINES_MAX 10U
#define LOG_LINES_NS  60000000000ULL
/* Kinds of lines that are told apart; the program has fewer for a run that goes on. */
#define LOG_KINDS_MAX 64

/* ---- idle lanes ---- */

/*
 * A packet waits so long for a lane that sleeps: of the millisecond that is promised, the rest is
 * the scheduler's. To wake up takes some 20 us on a virtual machine, so this is 3 % of a CPU.
 */
#define IDLE_SLEEP_MAX_NS 700000ULL
/* No ring is so small that a lane on a quiet port sleeps shorter, or it costs a tenth of a CPU. */
#define IDLE_SLEEP_LEAST_NS 100000ULL
/* A lane that waits for its port looks around so often, for timeouts and the end of the program. */
#define IDLE_WAIT_NS 10000000ULL
/* ---- live queries ---- */

/* An expression of a filter, its terms and connectives, and how deep it nests: a screenful. */
#define FILTER_BYTES_MAX 1024
#define FILTER_NODES_MAX 128
#define FILTER_DEPTH_MAX 32
/* Blocks of FLOW_COPIES_MAX flows between a lane and who asks: some milliseconds of a scan. */
#define LANE_QUERY_BLOCKS 64U
/*
 * Blocks that a lane fills in one poll, some 5 us: a step costs it lines of the caches whatever it
 * copies, so a few large ones are better than many small ones, as long as a device's ring holds
 * what comes meanwhile.
 */
#define LANE_QUERY_BLOCKS_A_POLL 4U
/* Flows that a lane ends at once when it is told to end all: some 10 us of its time. */
#define LANE_QUERY_EXPIRE_FLOWS 64U

/* Rows of an answer: what people read, or a script sorts; each takes some 1.2 KB meanwhile. */
#define FLOW_QUERY_ROWS_DEFAULT 20
#define FLOW_QUERY_ROWS_MAX	10000

/*
 * Hosts that are added up at once (112 bytes each, 7 MB while it lasts), and applications: nDPI
 * knows some 300 protocols, and a few hundred pairs of them.
 */
#define FLOW_TOP_HOSTS	      65536U
#define FLOW_TOP_APPLICATIONS 4096U

/* ---- control socket ---- */

/* People and scripts at once. */
#define CONTROL_CLIENTS_MAX 16
/* Commands, of which there are few. */
#define CONTROL_COMMANDS_MAX 32
/* Bytes of a request with its end: a filter of FILTER_BYTES_MAX, all escaped, and a few keys. */
#define CONTROL_REQUEST_BYTES_MAX 8192
/* Objects and lists inside each other in one. */
#define CONTROL_REQUEST_DEPTH_MAX 8
/* Bytes of an answer that a client may leave unread: a status with all lanes and outputs is 200 KB.
 */
#define CONTROL_ANSWER_BYTES_MAX (2U << 20)
/* A client that sends half a request, or does not read, is left after so long. */
#define CONTROL_PATIENCE_NS 10000000000ULL
