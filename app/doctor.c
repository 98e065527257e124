/* SPDX-License-Identifier: BSD-3-Clause */
/* A check is one function: it looks, and says one line a thing. */
#include "doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_checks.h"

void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *topic,
		const char *format, ...)
{
	static const char *const words[] = {"OK", "warn", "bad"};
	va_list arguments;

	d->n[verdict]++;
	fprintf(d->out, "%-5s %-12s ", words[verdict], topic);
	va_start(arguments, format);
	vfprintf(d->out, format, arguments);
	va_end(arguments);
	fputc('\n', d->out);
}

static uint64_t huge_pages_free(const struct doctor *d)
{
	return (uint64_t)machine_number(
		d->root, "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", 0);
}

static void check_huge(struct doctor *d)
{
	uint64_t have = huge_pages_free(d), need = d->place.pages;
	bool must = d->o->eal.huge == EAL_HUGE_YES;

	if (d->o->eal.huge == EAL_HUGE_NO)
		doctor_say(d, DOCTOR_OK, "hugepages", "[eal] huge = no: none are used");
	else if (d->o->n_ports == 0)
		doctor_say(d, have ? DOCTOR_OK : DOCTOR_WARN, "hugepages",
			   "%" PRIu64 " pages of 2 MiB are free; name ports (-c, -i) to know how "
			   "many are needed",
			   have);
	else if (have >= need)
		doctor_say(d, DOCTOR_OK, "hugepages",
			   "%" PRIu64 " pages of 2 MiB are free, %" PRIu64 " are needed", have,
			   need);
	else
		doctor_say(d, must ? DOCTOR_BAD : DOCTOR_WARN, "hugepages",
			   "%" PRIu64 " pages of 2 MiB are free, %" PRIu64
			   " are needed: put HUGEPAGES=%" PRIu64
			   " into /etc/default/ftprobe and systemctl enable --now "
			   "ftprobe-hugepages",
			   have, need, need + 16);
}

static void check_clock(struct doctor *d)
{
	static const char *const slow[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies"};
	char text[MACHINE_TEXT_BYTES];

	if (!machine_read(d->root,
			  "/sys/devices/system/clocksource/clocksource0/current_clocksource",
			  text)) {
		doctor_say(d, DOCTOR_WARN, "clock", "the kernel does not say its clock source");
		return;
	}
	for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
		if (strcmp(text, slow[i]) != 0)
			continue;
		doctor_say(d, DOCTOR_WARN, "clock",
			   "%s is read by a system call for every burst: clocksource=tsc on the "
			   "kernel's command line, if it says that the TSC is stable",
			   text);
		return;
	}
	doctor_say(d, DOCTOR_OK, "clock", "clock source %s", text);
}

static void check_governor(struct doctor *d, unsigned int cpu)
{
	char path[96], text[MACHINE_TEXT_BYTES];

	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", cpu);
	if (machine_read(d->root, path, text) && strcmp(text, "performance") != 0)
		doctor_say(d, DOCTOR_WARN, "cpu",
			   "CPU %u runs with governor %s: cpupower frequency-set -g performance",
			   cpu, text);
}

/* A lane that polls and a process that computes on the same CPU take packets from each other. */
static void check_cpus(struct doctor *d)
{
	char isolated[MACHINE_TEXT_BYTES] = "";
	unsigned int alone = 0, n = d->o->lane.count;

	if (!d->place.placed) {
		doctor_say(d, DOCTOR_BAD, "cpu", "%s", d->place.no_place);
		return;
	}
	machine_read(d->root, "/sys/devices/system/cpu/isolated", isolated);
	for (unsigned int i = 0; i < n; i++) {
		alone += machine_list_has(isolated, d->place.lane_cpus[i]);
		check_governor(d, d->place.lane_cpus[i]);
		for (unsigned int j = 0; j < i; j++)
			if (d->place.lane_cpus[i] == d->place.lane_cpus[j])
				doctor_say(d, DOCTOR_WARN, "cpu",
					   "lanes %u and %u share CPU %u: lower [lane] count, or "
					   "give more CPUs",
					   j, i, d->place.lane_cpus[i]);
	}
	if (alone == n)
		doctor_say(d, DOCTOR_OK, "cpu", "the CPUs of all %u lanes are isolated", n);
	else
		doctor_say(d, DOCTOR_WARN, "cpu",
			   "%u of %u lanes run on CPUs that other programs use, too: isolcpus= and "
			   "nohz_full= on the kernel's command line, and the same CPUs in [lane] "
			   "cores",
			   n - alone, n);
}

static void check_numa(struct doctor *d)
{
	unsigned int crossings = 0, known = 0;

	for (unsigned int i = 0; i < d->place.n_ports; i++)
		for (unsigned int q = 0; q < d->place.plans[i].queues; q++) {
			unsigned int lane = placement_lane(&d->place, d->o, i, q);
			int node = d->place.lane_nodes[lane];

			if (d->place.port_nodes[i] < 0 || node < 0)
				continue;
			known++;
			if (d->place.port_nodes[i] == node)
				continue;
			crossings++;
			doctor_say(d, DOCTOR_WARN, "numa",
				   "port %s is on node %d, its lane %u on node %d: name CPUs of "
				   "node %d in [lane] cores",
				   d->o->ports[i].name, d->place.port_nodes[i], lane, node,
				   d->place.port_nodes[i]);
		}
	if (!crossings)
		doctor_say(d, DOCTOR_OK, "numa",
			   known ? "ports and their lanes are on the same nodes" :
				   "the machine says no nodes of ports");
}

/* What is locked: a ring for each queue of AF_PACKET, else all buffers. */
static uint64_t locked_bytes(const struct doctor *d)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < d->place.n_ports; i++) {
		const struct port_plan *p = &d->place.plans[i];

		if (d->place.problems[i][0])
			continue;
		if (p->device.kind == DEVICE_PCI || p->device.kind == DEVICE_AF_XDP)
			return d->place.buffer_bytes;
		if (p->device.kind == DEVICE_AF_PACKET)
			bytes += (uint64_t)p->queues * p->descriptors * p->data_room_bytes;
	}
	return bytes;
}

static void check_memlock(struct doctor *d)
{
	const uint64_t caps = machine_capabilities(d->root), need = locked_bytes(d);
	const bool exempt = (caps >> DOCTOR_CAP_SYS_RESOURCE & 1) ||
			    (caps >> DOCTOR_CAP_IPC_LOCK & 1);
	char text[MACHINE_TEXT_BYTES], *line;
	uint64_t limit;

	if (!machine_read(d->root, "/proc/self/limits", text) ||
	    !(line = strstr(text, "Max locked memory"))) {
		doctor_say(d, DOCTOR_WARN, "memlock", "the limit cannot be read");
		return;
	}
	line += strlen("Max locked memory");
	limit = strtoull(line, NULL, 10);
	if (strncmp(line + strspn(line, " "), "unlimited", 9) == 0)
		doctor_say(d, DOCTOR_OK, "memlock", "locked memory is not limited");
	else if (exempt || limit >= need)
		doctor_say(d, DOCTOR_OK, "memlock",
			   "%" PRIu64 " KiB may be locked%s, %" PRIu64 " KiB are needed",
			   limit >> 10, exempt ? " by others, and more by us" : "", need >> 10);
	else
		doctor_say(d, DOCTOR_BAD, "memlock",
			   "%" PRIu64 " KiB may be locked, %" PRIu64
			   " KiB are needed: LimitMEMLOCK=infinity in the unit, or ulimit -l "
			   "unlimited",
			   limit >> 10, need >> 10);
}

int doctor_run(const struct options *o, const char *root, FILE *out)
{
	struct doctor *d = calloc(1, sizeof *d);
	int code;

	if (!d) {
		fputs("bad   memory       there is none\n", out);
		return EXIT_FAILURE;
	}
	d->o = o;
	d->root = root;
	d->out = out;
	placement_make(&d->place, o, root);
	check_huge(d);
	doctor_check_ports(d);
	check_memlock(d);
	check_cpus(d);
	check_numa(d);
	check_clock(d);
	doctor_check_permissions(d);
	code = d->n[DOCTOR_BAD] ? EXIT_FAILURE : EXIT_SUCCESS;
	free(d);
	return code;
}
