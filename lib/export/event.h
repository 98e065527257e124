/* SPDX-License-Identifier: BSD-3-Clause */
/* What a probe says of itself every few seconds: the "event" message of ntop's collectors. */
#pragma once
#include <stdint.h>

/* Texts that are NULL or empty, and a speed of 0, are not known and not told. */
struct export_event {
	const char *if_name, *if_ip;
	uint32_t if_speed_mbps;
	const char *probe_ip, *version;
	const char *os_name, *uuid, *mode;
	uint32_t source_id;	 /* 0 = not told */
	uint64_t uptime_s;	 /* of the probe, 0 = not told */
	uint64_t packet_drops;	 /* packets that were lost before they were looked at */
	uint64_t time_s;	 /* now, since 1970 */
	uint64_t bytes, packets; /* received so far */
	/* of them, received in the latest so many nanoseconds; 0 ns = no average is told */
	uint64_t interval_ns, interval_bytes, interval_packets;
	uint32_t lifetime_s, idle_s; /* timeouts of flows */
	uint64_t export_queue_full;  /* records dropped for want of room in the queue */
	uint64_t too_many_flows;     /* records lost in the flow table */
	uint64_t records_sent;
	uint32_t outputs; /* ZMQ outputs */
};

/* The message as JSON, for the caller to free(); NULL when there is no memory. Any thread. */
char *export_event_json(const struct export_event *e);
