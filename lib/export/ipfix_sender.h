/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sender of IPFIX and NetFlow version 9: what is due on a session, and what of it the peer has
 * acknowledged. Part of struct output; see output_internal.h.
 */
#pragma once
#include "export/ipfix_profile.h"
#include "export/pace.h"
#include "export/transport.h"

/* A message that the peer has not acknowledged. */
struct ipfix_in_flight {
	uint64_t end_bytes; /* on the wire of its session; UINT64_MAX while a part has not left */
	uint32_t records;
};

struct ipfix_sender {
	struct ipfix_profile *profile;
	uint8_t *message;
	uint32_t message_bytes; /* of that memory */
	uint32_t limit_bytes;	/* of a message: what the path takes */
	uint64_t limit_ns;	/* when that was asked last, 0 = never */
	uint64_t opened_ns;	/* NetFlow v9: the system's start */

	/* The session. */
	struct session_view session;
	uint32_t sequence; /* of the next message, but for what was lost since the last one */
	uint64_t lost_seen;
	uint32_t rest_at, rest_bytes; /* of a message that left in part */

	/* What is due beside records. */
	bool templates_due, reports_due;
	bool closing; /* of reports only numbers are told: names have been */
	uint32_t next_template;
	enum ipfix_report next_report;
	uint32_t next_report_record;
	uint64_t templates_sent_ns, reports_sent_ns;
	uint32_t messages_since_templates;

	/* A ring. */
	struct ipfix_in_flight *in_flight; /* IPFIX_IN_FLIGHT_MAX */
	uint32_t in_flight_first, in_flight_n;

	uint64_t latest_end_ns; /* of all records since the clock was set back, or so far */
	/* That of the records before, and how many records are gone when the last of them is. */
	uint64_t before_step_end_ns;
	uint32_t before_step_until;
	struct ipfix_numbers numbers;
	bool is_udp;
	struct pace pace; /* over UDP */
};
