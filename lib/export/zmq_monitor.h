/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of the connections of a ZMQ socket: who came, who went, whose keys were wrong; and
 * of the one connection of mode connect, what the collector's machine acknowledged.
 */
#pragma once
#include "export/transport.h"

struct zmq_monitor {
	void *pair;	      /* where libzmq tells */
	bool connect, curve;  /* as the socket is used */
	int fd;		      /* of the connection, ours; -1 = none */
	uint64_t taken_bytes; /* of this session, on the wire, since base_bytes */
	uint64_t base_bytes;  /* of the connection, before the first message; 0 = not known yet */
	uint32_t window_max_bytes; /* of the peer's, so far */
	bool local;		   /* no TCP: ipc */
	uint64_t quiet_bytes;	   /* ipc: taken_bytes when the kernel held nothing last */
	uint64_t quiet_ns;	   /* ipc: of that look, 0 = it held something (CLOCK_MONOTONIC) */
	struct session_view view;
	const char *trouble;
};

/* Begins before the socket binds or connects. 0 or -errno. */
int zmq_monitor_start(struct zmq_monitor *m, void *context, void *socket);
void zmq_monitor_stop(struct zmq_monitor *m, void *socket);

/* Takes what libzmq told, up to the end of one session; how it stands. */
void zmq_monitor_look(struct zmq_monitor *m, struct session_view *out);

/* A message of two frames is about to be taken, or was. */
void zmq_monitor_before(struct zmq_monitor *m);
void zmq_monitor_note(struct zmq_monitor *m, size_t frame_1_bytes, size_t frame_2_bytes);

/* The peer wants no more flows, and reads what is on its way; or it wants them again. */
void zmq_monitor_leaves(struct zmq_monitor *m, bool leaves);
