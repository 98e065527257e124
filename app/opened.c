/* SPDX-License-Identifier: BSD-3-Clause */
/* Outputs and the files behind them. */
#include "opened.h"

#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "log.h"
#include "options_value.h"

#define SECOND_IN_NS 1000000000ULL

static struct file_stamp stamp_of(const char *path)
{
	struct stat st;

	if (!*path || stat(path, &st))
		return (struct file_stamp){0};
	return (struct file_stamp){.device = st.st_dev,
				   .inode = st.st_ino,
				   .changed_ns = (uint64_t)st.st_mtim.tv_sec * SECOND_IN_NS +
						 (uint64_t)st.st_mtim.tv_nsec};
}

/* A pipe or a terminal is nothing that somebody renames to have a new one. */
static struct file_stamp stamp_written(const struct output_spec *s)
{
	struct file_stamp stamp = {0};
	struct stat st;

	if (!output_spec_is_file(s) || output_spec_is_stdout(s) || stat(s->target, &st) ||
	    !S_ISREG(st.st_mode))
		return stamp;
	stamp = stamp_of(s->target);
	stamp.changed_ns = 0;
	return stamp;
}

static void stamp_read(const struct output_spec *s, struct file_stamp read[OPENED_READS_MAX])
{
	const char *const paths[OPENED_READS_MAX] = {s->cert_path, s->key_path, s->ca_path,
						     s->ndpi_ids};

	for (unsigned int i = 0; i < OPENED_READS_MAX; i++)
		read[i] = stamp_of(paths[i]);
}

static bool stamps_differ(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->device != b->device || a->inode != b->inode || a->changed_ns != b->changed_ns;
}

void opened_output_note(struct opened_output *o, struct output *output,
			const struct output_spec *spec)
{
	o->output = output;
	o->spec = *spec;
	o->written = stamp_written(spec);
	stamp_read(spec, o->read);
}

int opened_output_open(struct opened_output *out, const struct output_spec *spec, char *error,
		       size_t error_len)
{
	struct opened_output o = {0};
	struct output *opened;
	int rc;

	rc = output_open(&opened, spec, error, error_len);
	if (rc)
		return rc;
	opened_output_note(&o, opened, spec);
	o.own_traffic_too_long = output_own_traffic(o.output, o.own_traffic, sizeof o.own_traffic) <
				 0;
	if (output_spec_in_clear(spec))
		log_warning("output %s: records leave this machine in clear; give server_key%s",
			    spec->name,
			    spec->mode == OUTPUT_MODE_BIND ? ", or bind 127.0.0.1" : "");
	*out = o;
	return 0;
}

static bool settings_are_same(const struct output_spec *a, const struct output_spec *b)
{
	for (enum option_setting i = 0; i < SETTING_N; i++) {
		const struct setting *s = option_setting(i);

		if (s->section == SECTION_output && !setting_is_same(s, a, b))
			return false;
	}
	/* The templates of IPFIX stand for a session; others follow record by record. */
	return strcmp(a->name, b->name) == 0 && a->local_time == b->local_time &&
	       a->ignore_vlan == b->ignore_vlan &&
	       (a->type != OUTPUT_IPFIX || a->missing_sources == b->missing_sources);
}

bool opened_output_is_same(const struct opened_output *o, const struct output_spec *spec)
{
	struct file_stamp read[OPENED_READS_MAX], written = stamp_written(spec);

	if (!settings_are_same(&o->spec, spec) ||
	    (o->written.inode && stamps_differ(&o->written, &written)))
		return false;
	stamp_read(spec, read);
	for (unsigned int i = 0; i < OPENED_READS_MAX; i++)
		if (stamps_differ(&o->read[i], &read[i]))
			return false;
	return true;
}

/* Of two that bind: whether by the same port, whatever the address, or at the same path. */
static bool same_endpoint(const char *a, const char *b)
{
	static const char tcp[] = "tcp://";
	const char *port = strrchr(a, ':'), *other = strrchr(b, ':');

	if (strcmp(a, b) == 0)
		return true;
	return strncmp(a, tcp, strlen(tcp)) == 0 && strncmp(b, tcp, strlen(tcp)) == 0 &&
	       strcmp(port, other) == 0;
}

static bool same_file(const char *a, const char *b)
{
	return strcmp(a, b) == 0 || file_is_same(a, b);
}

bool opened_output_heads(const struct opened_output *o, const struct output_spec *spec)
{
	const struct file_stamp now = stamp_written(spec);

	return o->spec.type == spec->type && o->written.inode && !stamps_differ(&o->written, &now);
}

/* A spool that is kept is a file named after the output. */
static bool same_spool(const struct output_spec *a, const struct output_spec *b)
{
	return a->spool[0] && a->spool_keep && b->spool_keep && strcmp(a->spool, b->spool) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

bool opened_output_excludes(const struct output_spec *a, const struct output_spec *b)
{
	if (same_spool(a, b))
		return true;
	if (a->type == OUTPUT_ZMQ && b->type == OUTPUT_ZMQ)
		return a->mode == OUTPUT_MODE_BIND && b->mode == OUTPUT_MODE_BIND &&
		       same_endpoint(a->target, b->target);
	return output_spec_is_ipfix_file(a) && output_spec_is_ipfix_file(b) &&
	       same_file(a->target, b->target);
}
