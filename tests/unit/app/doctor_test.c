/* SPDX-License-Identifier: BSD-3-Clause */
/* --doctor on machines that are made of a few files, and where everything will run. */
#include "doctor.h"

#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "machine.h"
#include "placement.h"

#define PCI	"0000:3b:00.0"
#define DEVICE	"/sys/bus/pci/devices/" PCI
#define FREE_2M "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
#define CLOCK	"/sys/devices/system/clocksource/clocksource0/current_clocksource"

struct bench {
	char root[64], text[16384];
	struct options o;
};

static void make_folders(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
}

static void put(struct bench *b, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s%s", b->root, name);
	make_folders(path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void link_to(struct bench *b, const char *name, const char *target)
{
	char path[512];

	snprintf(path, sizeof path, "%s%s", b->root, name);
	make_folders(path);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

/* The CPU that the lane gets when it has no choice of its own. */
static unsigned int some_cpu(void)
{
	cpu_set_t allowed;
	unsigned int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
	while (!CPU_ISSET(cpu, &allowed))
		cpu++;
	return cpu;
}

/* A machine where a port behind vfio-pci finds all it needs. */
static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	char cpus[32];

	snprintf(b->root, sizeof b->root, "doctor-XXXXXX");
	if (!mkdtemp(b->root))
		return -1;
	b->o = (struct options){.lane.count = 1, .n_ports = 1};
	b->o.lane.cores = (struct options_cpus){.n = 1, .cpu = {(uint16_t)some_cpu()}};
	b->o.table = (struct options_table){.max_flows = 4096,
					    .idle_timeout_ns = 1000000000,
					    .active_timeout_ns = 2000000000,
					    .tcp_linger_ns = 1000000000};
	b->o.ports[0].queues = 1;
	snprintf(b->o.ports[0].name, sizeof b->o.ports[0].name, "tap");
	snprintf(b->o.ports[0].device, sizeof b->o.ports[0].device, PCI);
	snprintf(cpus, sizeof cpus, "%u\n", some_cpu());
	put(b, FREE_2M, "4096\n");
	put(b, CLOCK, "tsc\n");
	put(b, DEVICE "/numa_node", "1\n");
	put(b, "/sys/devices/system/node/node1/cpulist", cpus);
	put(b, "/sys/devices/system/cpu/isolated", cpus);
	put(b, "/sys/kernel/iommu_groups/7/type", "DMA\n");
	put(b, "/dev/vfio/7", "");
	put(b, "/proc/self/limits",
	    "Limit Soft Hard Units\nMax locked memory         unlimited            unlimited "
	    "bytes\n");
	put(b, "/proc/self/status", "Name:\tx\nCapEff:\t0000000000000000\n");
	link_to(b, DEVICE "/driver", "../../../../bus/pci/drivers/vfio-pci");
	link_to(b, DEVICE "/iommu_group", "../../../kernel/iommu_groups/7");
	*state = b;
	return 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	int rc = nftw(b->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(b);
	return rc;
}

static int ask(struct bench *b)
{
	FILE *f = fmemopen(b->text, sizeof b->text, "w");
	int code;

	assert_non_null(f);
	code = doctor_run(&b->o, b->root, f);
	fclose(f);
	return code;
}

/* One line has the verdict, the topic and the word. */
static void assert_says(const struct bench *b, const char *verdict, const char *topic,
			const char *word)
{
	char begin[64];
	const char *line = b->text;

	snprintf(begin, sizeof begin, "%-5s %-12s ", verdict, topic);
	for (; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *end = strchr(line, '\n'), *at = strstr(line, word);

		if (strncmp(line, begin, strlen(begin)) == 0 && at && end && at < end)
			return;
	}
	fail_msg("no line '%s...%s' in:\n%s", begin, word, b->text);
}

static void a_machine_that_is_ready(void **state)
{
	struct bench *b = *state;

	assert_int_equal(ask(b), EXIT_SUCCESS);
	assert_null(strstr(b->text, "bad"));
	assert_null(strstr(b->text, "warn"));
	assert_says(b, "OK", "hugepages", "4096 pages");
	assert_says(b, "OK", "iommu", "on");
	assert_says(b, "OK", "port", "bound to vfio-pci");
	assert_says(b, "OK", "permissions", "/dev/vfio/7");
	assert_says(b, "OK", "memlock", "not limited");
	assert_says(b, "OK", "cpu", "isolated");
	assert_says(b, "OK", "numa", "same nodes");
	assert_says(b, "OK", "clock", "tsc");
}

static void no_huge_pages(void **state)
{
	struct bench *b = *state;

	put(b, FREE_2M, "3\n");
	assert_int_equal(ask(b), EXIT_SUCCESS);
	assert_says(b, "warn", "hugepages", "3 pages of 2 MiB are free");
	assert_says(b, "warn", "hugepages", "systemctl enable --now ftprobe-hugepages");
	b->o.eal.huge = EAL_HUGE_YES;
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "hugepages", "HUGEPAGES=");
	b->o.eal.huge = EAL_HUGE_NO;
	assert_int_equal(ask(b), EXIT_SUCCESS);
	assert_says(b, "OK", "hugepages", "none are used");
}

static void a_device_that_the_kernel_drives(void **state)
{
	struct bench *b = *state;

	link_to(b, DEVICE "/driver", "../../../../bus/pci/drivers/ixgbe");
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "port", "is with ixgbe: ftprobe-devbind --bind " PCI);
}

static void a_device_that_is_not_there(void **state)
{
	struct bench *b = *state;

	snprintf(b->o.ports[0].device, sizeof b->o.ports[0].device, "0000:ff:00.0");
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "port", "there is no PCI device 0000:ff:00.0");
}

static void an_interface_that_is_not_there(void **state)
{
	struct bench *b = *state;

	snprintf(b->o.ports[0].device, sizeof b->o.ports[0].device, "af_packet:no-such-if");
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "port", "no-such-if");
}

static void no_iommu(void **state)
{
	struct bench *b = *state;
	char path[128];

	snprintf(path, sizeof path, "%s/sys/kernel/iommu_groups", b->root);
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "iommu", "intel_iommu=on");
	put(b, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	assert_int_equal(ask(b), EXIT_SUCCESS);
	assert_says(b, "warn", "iommu", "root");
}

static void a_device_file_that_is_closed(void **state)
{
	struct bench *b = *state;

	link_to(b, DEVICE "/iommu_group", "../../../kernel/iommu_groups/8");
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "permissions", "chgrp ftprobe /dev/vfio/8");
}

static void little_locked_memory(void **state)
{
	struct bench *b = *state;

	put(b, "/proc/self/limits", "Max locked memory         65536      65536     bytes\n");
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "memlock", "64 KiB may be locked");
	put(b, "/proc/self/status", "Name:\tx\nCapEff:\t0000000001000000\n");
	assert_int_equal(ask(b), EXIT_SUCCESS);
	assert_says(b, "OK", "memlock", "more by us");
	/* a ring of AF_PACKET is locked, too */
	snprintf(b->o.ports[0].device, sizeof b->o.ports[0].device, "af_packet:lo");
	put(b, "/proc/self/status", "Name:\tx\nCapEff:\t0000000000003000\n");
	ask(b);
	assert_says(b, "bad", "memlock", "64 KiB may be locked");
}

static void cpus_that_others_use(void **state)
{
	struct bench *b = *state;
	char governor[96];

	put(b, "/sys/devices/system/cpu/isolated", "\n");
	snprintf(governor, sizeof governor,
		 "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", some_cpu());
	put(b, governor, "powersave\n");
	put(b, "/sys/devices/system/node/node1/cpulist", "4000\n");
	snprintf(governor, sizeof governor, "%u\n", some_cpu());
	put(b, "/sys/devices/system/node/node0/cpulist", governor);
	assert_int_equal(ask(b), EXIT_SUCCESS);
	assert_says(b, "warn", "cpu", "isolcpus=");
	assert_says(b, "warn", "cpu", "governor powersave");
	assert_says(b, "warn", "numa", "port tap is on node 1, its lane 0 on node 0");
}

static void a_cpu_that_is_not_ours(void **state)
{
	struct bench *b = *state;

	b->o.lane.cores.cpu[0] = 1023;
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "cpu", "CPU 1023");
}

static void a_slow_clock(void **state)
{
	struct bench *b = *state;

	put(b, CLOCK, "hpet\n");
	assert_int_equal(ask(b), EXIT_SUCCESS);
	assert_says(b, "warn", "clock", "hpet");
}

static void an_interface_needs_capabilities(void **state)
{
	struct bench *b = *state;

	snprintf(b->o.ports[0].device, sizeof b->o.ports[0].device, "af_packet:lo");
	assert_int_equal(ask(b), EXIT_FAILURE);
	assert_says(b, "bad", "permissions", "CAP_NET_RAW");
	put(b, "/proc/self/status", "Name:\tx\nCapEff:\t0000000000002000\n");
	ask(b);
	assert_says(b, "warn", "permissions", "promiscuous");
	put(b, "/proc/self/status", "Name:\tx\nCapEff:\t0000000000003000\n");
	ask(b);
	assert_says(b, "OK", "permissions", "can be read");
	snprintf(b->o.ports[0].device, sizeof b->o.ports[0].device, "af_xdp:lo");
	b->o.ports[0].mtu_bytes = 1500;
	ask(b);
	assert_null(strstr(b->text, "OK    permissions"));
}

static void no_ports_yet(void **state)
{
	struct bench *b = *state;

	b->o.n_ports = 0;
	assert_int_equal(ask(b), EXIT_SUCCESS);
	assert_says(b, "warn", "port", "none is named");
}

static void lists_of_cpus(void **state)
{
	(void)state;
	assert_true(machine_list_has("0-3,8", 0));
	assert_true(machine_list_has("0-3,8", 3));
	assert_true(machine_list_has("0-3,8", 8));
	assert_false(machine_list_has("0-3,8", 4));
	assert_false(machine_list_has("", 0));
	assert_false(machine_list_has("x", 0));
	assert_false(machine_list_has("1;2", 2));
}

/* Queues go round the lanes; a second port that software spreads begins with the next lane. */
static void queues_and_lanes(void **state)
{
	struct bench *b = *state;
	struct placement *p = calloc(1, sizeof *p);

	b->o.lane.count = 2;
	b->o.lane.cores.n = 0;
	b->o.n_ports = 2;
	b->o.ports[0].queues = 3;
	b->o.ports[1] = b->o.ports[0];
	snprintf(b->o.ports[1].device, sizeof b->o.ports[1].device, "0000:3b:00.1");
	placement_make(p, &b->o, b->root);
	assert_int_equal(p->port_nodes[0], 1);
	assert_int_equal(p->port_nodes[1], -1);
	for (unsigned int q = 0; q < 3; q++) {
		assert_int_equal(placement_lane(p, &b->o, 0, q), q % 2);
		assert_int_equal(placement_lane(p, &b->o, 1, q), q % 2);
	}
	b->o.ports[1].mode = PORT_MODE_SOFTWARE;
	assert_int_equal(placement_lane(p, &b->o, 1, 0), 1);
	assert_true(p->pages * PLACEMENT_PAGE_BYTES >= p->buffer_bytes + p->table_bytes);
	free(p);
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(a_machine_that_is_ready),
		ON_BENCH(no_huge_pages),
		ON_BENCH(a_device_that_the_kernel_drives),
		ON_BENCH(a_device_that_is_not_there),
		ON_BENCH(an_interface_that_is_not_there),
		ON_BENCH(no_iommu),
		ON_BENCH(a_device_file_that_is_closed),
		ON_BENCH(little_locked_memory),
		ON_BENCH(cpus_that_others_use),
		ON_BENCH(a_cpu_that_is_not_ours),
		ON_BENCH(a_slow_clock),
		ON_BENCH(an_interface_needs_capabilities),
		ON_BENCH(no_ports_yet),
		cmocka_unit_test(lists_of_cpus),
		ON_BENCH(queues_and_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
