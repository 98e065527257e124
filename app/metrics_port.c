/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's xstats as one metric. */
#include "metrics_port.h"

#include <inttypes.h>
#include <stdlib.h>

#include <rte_ethdev.h>

#include "metrics_text.h"
#include "ports.h"

#define NAME "ftprobe_port_xstat"

struct xstats {
	struct rte_eth_xstat *values;
	struct rte_eth_xstat_name *names;
	int n;
};

/* A port's numbers may become more between two calls; then there are none this time. */
static bool read_port(struct xstats *x, uint16_t port)
{
	int n = rte_eth_xstats_get(port, NULL, 0);

	*x = (struct xstats){0};
	if (n <= 0 || n > PORT_XSTATS_MAX)
		return false;
	x->values = calloc((size_t)n, sizeof *x->values);
	x->names = calloc((size_t)n, sizeof *x->names);
	x->n = n;
	return x->values && x->names &&
	       rte_eth_xstats_get_names(port, x->names, (unsigned int)n) == n &&
	       rte_eth_xstats_get(port, x->values, (unsigned int)n) == n;
}

static void print_port(FILE *f, uint16_t id, const char *name)
{
	struct xstats x;

	if (read_port(&x, id))
		for (int i = 0; i < x.n; i++) {
			if (x.values[i].id >= (uint64_t)x.n)
				continue;
			fputs(NAME "{port=\"", f);
			metrics_print_label(f, name);
			fputs("\",name=\"", f);
			metrics_print_label(f, x.names[x.values[i].id].name);
			fprintf(f, "\"} %" PRIu64 "\n", x.values[i].value);
		}
	free(x.values);
	free(x.names);
}

void metrics_print_ports(FILE *f, const struct ports *ports, const struct snapshot *s)
{
	if (!ports)
		return;
	fputs("# HELP " NAME " what the driver counts, under its own names\n# TYPE " NAME
	      " untyped\n",
	      f);
	for (unsigned int i = 0; i < s->n_ports; i++)
		print_port(f, ports_id(ports, i), s->ports[i].name);
}
