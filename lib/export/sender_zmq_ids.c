/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nDPI numbers its protocols anew with each version, and a collector has its own: the numbers of
 * the linked nDPI are told as those that the collector's has for the same names.
 */
#include "export/output_internal.h"
#include "export/tlv.h"

#include <ctype.h>
#include <errno.h>
#include <ndpi_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define LINE_BYTES 512
/* Lines looked at, and numbers that may stand in them. */
#define LINES_MAX 65536U
/* What ndpi_ids.def is about: these versions, and so many numbers. */
#define TABLE_MAJOR	4
#define TABLE_MINOR_MIN 2
#define TABLE_MINOR_MAX 12
#define TABLE_NUMBERS	355

struct ids {
	struct ndpi_detection_module_struct *ndpi; /* for names; not used for anything else */
	uint16_t *to;
	uint32_t n, found;
};

static struct ndpi_detection_module_struct *make_module(void **context)
{
#ifdef NDPI_HAS_GLOBAL_CONTEXT
	*context = ndpi_global_init();
	return *context ? ndpi_init_detection_module(*context) : NULL;
#else
	*context = NULL;
	return ndpi_init_detection_module(ndpi_no_prefs);
#endif
}

static void end_module(struct ndpi_detection_module_struct *m, void *context)
{
	if (m)
		ndpi_exit_detection_module(m);
#ifdef NDPI_HAS_GLOBAL_CONTEXT
	if (context)
		ndpi_global_deinit(context);
#else
	(void)context;
#endif
}

static unsigned int count_protocols(struct ndpi_detection_module_struct *m)
{
#ifdef NDPI_HAS_NUM_PROTOCOLS
	return ndpi_get_num_protocols(m);
#else
	return ndpi_get_num_supported_protocols(m);
#endif
}

static void note_name(struct ids *ids, const char *name, uint16_t number)
{
	for (uint32_t i = 0; i < ids->n; i++)
		if (strcasecmp(ndpi_get_proto_name(ids->ndpi, (u_int16_t)i), name) == 0) {
			ids->to[i] = number;
			ids->found++;
		}
}

/* NUMBER NAME and whatever follows; or nothing, or a comment, or a heading. False: none of these.
 */
static bool read_line(struct ids *ids, char *line)
{
	char *at = line + strspn(line, " \t"), *end, *name;
	unsigned long number;

	if (!isdigit((unsigned char)*at))
		return *at == '#' || *at == '\0' || *at == '\n' || strncmp(at, "Id", 2) == 0;
	number = strtoul(at, &end, 10);
	name = end + strspn(end, " \t");
	name[strcspn(name, " \t\r\n")] = '\0';
	if (name == end || !*name || number > UINT16_MAX)
		return false;
	note_name(ids, name, (uint16_t)number);
	return true;
}

static int read_file(struct ids *ids, const char *path, char *error, size_t error_len)
{
	FILE *f = fopen(path, "re");
	char line[LINE_BYTES];
	unsigned int n = 0;
	int rc = 0;

	if (!f) {
		rc = -errno;
		snprintf(error, error_len, "ndpi_ids %s: %s", path, strerror(-rc));
		return rc;
	}
	while (rc == 0 && n++ < LINES_MAX && fgets(line, sizeof line, f))
		if (!read_line(ids, line)) {
			snprintf(error, error_len,
				 "ndpi_ids %s:%u: write NUMBER NAME, as ndpiReader -H prints them",
				 path, n);
			rc = -EINVAL;
		}
	fclose(f);
	if (rc == 0 && !ids->found) {
		snprintf(error, error_len, "ndpi_ids %s: no line names a protocol", path);
		rc = -EINVAL;
	}
	return rc;
}

struct version {
	unsigned int major, minor;
};

/* "4.8", and nothing else. */
static bool read_version(struct version *v, const char *text)
{
	int len = 0;

	return sscanf(text, "%3u.%3u%n", &v->major, &v->minor, &len) == 2 && !text[len];
}

static bool has_table(const struct version *v)
{
	return v->major == TABLE_MAJOR && v->minor >= TABLE_MINOR_MIN &&
	       v->minor <= TABLE_MINOR_MAX && v->minor % 2 == 0;
}

/* The numbers that mean the same in both versions. */
static void keep_common(struct ids *ids)
{
	for (uint32_t i = 0; i < ids->n && i < TABLE_NUMBERS; i++)
		ids->to[i] = (uint16_t)i;
#define NDPI_REUSED(number, before, after)                                                         \
	if ((number) < ids->n)                                                                     \
		ids->to[number] = 0;
#include "export/ndpi_ids.def"
}

static int use_version(struct ids *ids, const struct version *v, char *error, size_t error_len)
{
	const struct version linked = {NDPI_MAJOR, NDPI_MINOR};

	if (v->major == linked.major && v->minor == linked.minor) {
		for (uint32_t i = 0; i < ids->n; i++)
			ids->to[i] = (uint16_t)i;
		return 0;
	}
	if (has_table(v) && has_table(&linked)) {
		keep_common(ids);
		return 0;
	}
	snprintf(error, error_len,
		 "ndpi_ids %u.%u: this nDPI (%u.%u) and versions %u.%u to %u.%u are known "
		 "here; name a file, as ndpiReader -H prints it where the collector runs",
		 v->major, v->minor, linked.major, linked.minor, TABLE_MAJOR, TABLE_MINOR_MIN,
		 TABLE_MAJOR, TABLE_MINOR_MAX);
	return -EINVAL;
}

int zmq_l7_ids_read(struct output *o, char *error, size_t error_len)
{
	struct ids ids = {0};
	struct version v;
	void *context;
	int rc = -ENOMEM;

	if (!o->spec.ndpi_ids[0] || strcmp(o->spec.ndpi_ids, "linked") == 0 || !o->encoder.tlv)
		return 0;
	ids.ndpi = make_module(&context);
	if (ids.ndpi) {
		ids.n = count_protocols(ids.ndpi);
		ids.to = calloc(ids.n, sizeof *ids.to);
	}
	if (ids.to && read_version(&v, o->spec.ndpi_ids))
		rc = use_version(&ids, &v, error, error_len);
	else if (ids.to)
		rc = read_file(&ids, o->spec.ndpi_ids, error, error_len);
	end_module(ids.ndpi, context);
	if (rc) {
		free(ids.to);
		return rc;
	}
	o->zmq.l7_ids = ids.to;
	o->encoder.tlv->l7_ids = ids.to;
	o->encoder.tlv->l7_ids_n = ids.n;
	return 0;
}
