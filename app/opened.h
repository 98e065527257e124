/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An output that was opened, and what it was opened from: so that a reload can tell what stays.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/output.h"

/* Which file a path leads to; all 0 = none. */
struct file_stamp {
	uint64_t device, inode, changed_ns;
};

/* Certificate, key, authorities, numbers of protocols. */
#define OPENED_READS_MAX 4

/* The longest filter of one output's own traffic. */
#define OPENED_TRAFFIC_BYTES 1024

struct opened_output {
	struct output *output;
	struct output_spec spec;   /* as the options say it */
	struct file_stamp written; /* the file that lines are written to, .changed_ns apart */
	struct file_stamp read[OPENED_READS_MAX];
	char own_traffic[OPENED_TRAFFIC_BYTES]; /* see output_own_traffic() */
	bool own_traffic_too_long;
};

/*
 * Opens what the options say, in which the caller has set probe_ip and append. 0 or -errno with one
 * line in error. A thread that may wait.
 */
int opened_output_open(struct opened_output *out, const struct output_spec *spec, char *error,
		       size_t error_len);

/* The exporter opened it anew, by another spec. */
void opened_output_note(struct opened_output *o, struct output *output,
			const struct output_spec *spec);

/*
 * Whether what runs is what the spec asks for: every setting, and the files behind it are the same
 * (certificates are renewed, files of lines renamed by those who keep them).
 */
bool opened_output_is_same(const struct opened_output *o, const struct output_spec *spec);

/* Whether it writes lines of the same kind to that file, so that the header is its business. */
bool opened_output_heads(const struct opened_output *o, const struct output_spec *spec);

/*
 * Whether the two cannot be open at once: one address, or one file of messages. Lines of two may go
 * to one file.
 */
bool opened_output_excludes(const struct output_spec *a, const struct output_spec *b);
