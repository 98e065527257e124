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

struct ids {
	struct ndpi_detection_module_struct *ndpi; /* for names; not used for anything else */
	uint16_t *to;
	uint32_t n, found;
};

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

int zmq_l7_ids_read(struct output *o, char *error, size_t error_len)
{
	struct ids ids = {0};
	int rc;

	if (!o->spec.ndpi_ids[0] || strcmp(o->spec.ndpi_ids, "linked") == 0 || !o->encoder.tlv)
		return 0;
	ids.ndpi = ndpi_init_detection_module(ndpi_no_prefs);
	if (!ids.ndpi)
		return -ENOMEM;
	ids.n = ndpi_get_num_supported_protocols(ids.ndpi);
	ids.to = calloc(ids.n, sizeof *ids.to);
	rc = ids.to ? read_file(&ids, o->spec.ndpi_ids, error, error_len) : -ENOMEM;
	ndpi_exit_detection_module(ids.ndpi);
	if (rc) {
		free(ids.to);
		return rc;
	}
	o->zmq.l7_ids = ids.to;
	o->encoder.tlv->l7_ids = ids.to;
	o->encoder.tlv->l7_ids_n = ids.n;
	return 0;
}
