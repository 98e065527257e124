/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of probes for ntop's collectors, read: what sender_zmq.c writes, and others alike. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* A message as it is read; the body is the caller's to json_object_put(). */
struct zmq_read {
	char topic[33];
	uint32_t id, source_id;
	/* Topic flow: an array of records, keys as they stand in the message. Else what was sent.
	 */
	struct json_object *body;
};

/*
 * Reads both frames of a message, whoever sent them. NULL, or why it cannot be read (a static
 * sentence); then there is no body. Any thread.
 */
const char *zmq_message_read(struct zmq_read *out, const void *header, size_t header_bytes,
			     const void *payload, size_t payload_bytes);
