/* SPDX-License-Identifier: BSD-3-Clause */
/* Which files a run writes, held against each other and against those it reads. */
#include "overwrite.h"

#include <stdio.h>
#include <string.h>

#include "files.h"

/* Outputs, the counters, the pid file. */
#define WRITTEN_MAX (OUTPUTS_MAX + 2)

static unsigned int written_files(const struct options *o, const char **paths)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < o->n_outputs; i++)
		if (output_spec_is_ipfix_file(&o->outputs[i]) ||
		    (output_spec_is_file(&o->outputs[i]) && !output_spec_is_stdout(&o->outputs[i])))
			paths[n++] = o->outputs[i].target;
	if (o->probe.stats_json[0])
		paths[n++] = o->probe.stats_json;
	if (o->probe.pid_file[0])
		paths[n++] = o->probe.pid_file;
	return n;
}

static bool is_read(const struct options *o, const char *path)
{
	for (unsigned int i = 0; i < o->n_files; i++)
		if (file_is_same(path, o->files[i]))
			return true;
	return o->config_path && file_is_same(path, o->config_path);
}

bool overwrite_check(const struct options *o, char *error, size_t error_len)
{
	const char *paths[WRITTEN_MAX];
	unsigned int n = written_files(o, paths);

	for (unsigned int i = 0; i < n; i++) {
		if (is_read(o, paths[i])) {
			snprintf(error, error_len,
				 "%s would be written over while it is read; write to another file",
				 paths[i]);
			return false;
		}
		for (unsigned int j = 0; j < i; j++) {
			if (strcmp(paths[i], paths[j]) != 0 && !file_is_same(paths[i], paths[j]))
				continue;
			snprintf(error, error_len,
				 "%s would be written twice; give each output a file of its own",
				 paths[i]);
			return false;
		}
	}
	return true;
}
