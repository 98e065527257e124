/* SPDX-License-Identifier: BSD-3-Clause */
/* Device strings, buffer sizes, and threads on CPUs: what is decided before DPDK runs. */
#include "ports_plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "eal_cpus.h"
#include "ft/pfring_ft_ext.h"

/* A machine with eth0 (1500), jumbo0 (9000), lo (65536), net_odd (a name like a driver's), down0
 * (down). */
static struct interface_facts facts_of(const char *name)
{
	static const struct {
		const char *name;
		uint32_t mtu_bytes;
	} interfaces[] = {{"eth0", 1500}, {"jumbo0", 9000}, {"lo", 65536}, {"net_odd", 1500}};

	for (size_t i = 0; i < sizeof interfaces / sizeof interfaces[0]; i++)
		if (strcmp(name, interfaces[i].name) == 0)
			return (struct interface_facts){
				.exists = true, .up = true, .mtu_bytes = interfaces[i].mtu_bytes};
	return (struct interface_facts){0};
}

static struct options *options_of(const char *device)
{
	static struct options o;

	o = (struct options){.lane.count = 1, .n_ports = 1};
	o.ports[0].queues = 1;
	snprintf(o.ports[0].device, sizeof o.ports[0].device, "%s", device);
	return &o;
}

static struct port_plan plan_of(const struct options *o)
{
	struct port_plan p;
	char error[256] = "";

	if (port_plan_make(&p, &(struct port_question){o, 0, facts_of}, error, sizeof error) != 0)
		fail_msg("%s: %s", o->ports[0].device, error);
	return p;
}

static void assert_refused(const char *device, const char *word)
{
	struct port_plan p = {.queues = 77};
	char error[512] = "";

	struct port_question question = {options_of(device), 0, facts_of};

	assert_true(port_plan_make(&p, &question, error, sizeof error) < 0);
	assert_int_equal(p.queues, 77);
	if (!strstr(error, word))
		fail_msg("\"%s\" does not say \"%s\"", error, word);
}

static void test_device_strings(void **state)
{
	static const struct {
		const char *text;
		enum device_kind kind;
		const char *name, *interface;
	} rows[] = {
		{"0000:3b:00.0", DEVICE_PCI, "0000:3b:00.0", ""},
		{"3b:00.1", DEVICE_PCI, "0000:3b:00.1", ""},
		{"0001:3b:00.0,representor=0", DEVICE_PCI, "0001:3b:00.0", ""},
		{"eth0", DEVICE_AF_PACKET, "net_af_packet0", "eth0"},
		{"af_packet:eth0", DEVICE_AF_PACKET, "net_af_packet0", "eth0"},
		{"af_xdp:eth0", DEVICE_AF_XDP, "net_af_xdp0", "eth0"},
		{"net_odd", DEVICE_AF_PACKET, "net_af_packet0", "net_odd"},
		{"net_pcap0,iface=eth0", DEVICE_VDEV, "net_pcap0", "eth0"},
		{"net_pcap1,rx_iface_in=eth0", DEVICE_VDEV, "net_pcap1", "eth0"},
		{"net_tap0,iface=new0", DEVICE_VDEV, "net_tap0", ""},
		{"net_null0", DEVICE_VDEV, "net_null0", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct port_plan p = plan_of(options_of(rows[i].text));

		assert_int_equal(p.device.kind, rows[i].kind);
		assert_string_equal(p.device.name, rows[i].name);
		assert_string_equal(p.device.interface, rows[i].interface);
		assert_int_equal(p.dma, rows[i].kind == DEVICE_PCI);
	}
	assert_string_equal(plan_of(options_of("0001:3b:00.0,representor=0")).device.args,
			    "representor=0");
	assert_string_equal(plan_of(options_of("net_pcap0,iface=eth0")).device.args, "iface=eth0");
}

static void test_refused_devices(void **state)
{
	(void)state;
	assert_refused("eth7", "no interface \"eth7\"");
	assert_refused("af_packet:eth7", "no interface \"eth7\"");
	assert_refused("af_xdp:", "no name of a network interface");
	assert_refused("af_packet:a-name-that-is-too-long", "no name");
	assert_refused("zz:00.0", "neither a PCI address");
	assert_refused("af_xdp:jumbo0", "use af_packet:jumbo0");
}

/* The kernel wants whole blocks, the driver slots that fill them and fit a buffer; frames of the
 * MTU fit. */
static void test_af_packet_slots(void **state)
{
	static const char *const devices[] = {"eth0", "jumbo0", "lo"};
	static const uint32_t descriptors[] = {0, 64, 100, 1000, 32768};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 5; j++) {
			struct options *o = options_of(devices[i]);
			unsigned int slot, block, count, queues;

			o->ports[0].descriptors = descriptors[j];
			struct port_plan p = plan_of(o);
			const char *args = strchr(p.device.args, ',');
			assert_int_equal(sscanf(args,
						",qpairs=%u,framesz=%u,blocksz=%u,framecnt=%u",
						&queues, &slot, &block, &count),
					 4);
			assert_int_equal(block % 4096, 0);
			assert_int_equal(block % slot, 0);
			assert_int_equal(count % (block / slot), 0);
			assert_int_equal(count, p.descriptors);
			assert_true(count >= descriptors[j]);
			assert_true(2ULL * count * slot <= UINT32_MAX);
			/* net_af_packet: slot - 32 bytes fit what follows the headroom */
			assert_true(slot - 32 <= p.data_room_bytes - 128);
			assert_true(p.data_room_bytes <= UINT16_MAX);
			assert_int_equal(p.cut_bytes, slot - 66);
			if (p.mtu_bytes < 60000)
				assert_true(p.cut_bytes > p.mtu_bytes + 22);
		}
	}
}

static void test_wanted_mtu(void **state)
{
	struct options *o = options_of("eth0");

	(void)state;
	o->ports[0].mtu_bytes = 9000;
	assert_true(plan_of(o).cut_bytes > 9022);
	/* it may be refused: what comes then fits, too */
	snprintf(o->ports[0].device, sizeof o->ports[0].device, "jumbo0");
	o->ports[0].mtu_bytes = 1500;
	assert_true(plan_of(o).cut_bytes > 9022);
}

static void test_af_xdp_buffers(void **state)
{
	struct options *o = options_of("af_xdp:eth0");

	(void)state;
	for (uint32_t mtu = 1500; mtu <= 3370; mtu += 110) {
		o->ports[0].mtu_bytes = mtu;
		struct port_plan p = plan_of(o);

		/* the frame fits behind both headrooms, the object with a line of spread fits a
		 * page */
		assert_true(p.data_room_bytes - 128 - 256 >= mtu + 22);
		assert_true(p.data_room_bytes + 128 + 64 + 64 <= 4096);
	}
}

static void test_wire_length(void **state)
{
	(void)state;
	assert_false(plan_of(options_of("net_pcap0,iface=eth0")).wire_len_known);
	assert_true(plan_of(options_of("eth0")).wire_len_known);
	assert_int_equal(plan_of(options_of("net_af_packet3,iface=eth0,framesz=4096")).cut_bytes,
			 4030);
	assert_int_equal(plan_of(options_of("net_af_packet3,iface=eth0")).cut_bytes, 2048 - 66);
	assert_int_equal(plan_of(options_of("net_null0")).cut_bytes, 0);
}

/* Buffers for what descriptors, tables, caches and rings hold at once. */
static void test_buffers(void **state)
{
	struct options *o = options_of("net_null0");
	uint32_t held = PFRING_FT_BURSTS_HELD * PFRING_FT_BURST_MAX;

	(void)state;
	for (uint32_t lanes = 1; lanes <= LANES_MAX; lanes++) {
		unsigned int ring = port_plan_lane_ring(lanes);

		o->lane.count = lanes;
		struct port_plan p = plan_of(o);
		assert_int_equal(ring & (ring - 1), 0);
		assert_true(ring >= 2 * PFRING_FT_BURST_MAX);
		assert_true(port_plan_mbufs(&p, o, 512) >= 512 + lanes * held);
		assert_true(port_plan_mbufs(&p, o, 512) < 512 + lanes * 1024 + 65536 + 1024);
		assert_true(port_plan_memory_bytes(&p) >
			    (uint64_t)p.mbufs * (p.data_room_bytes + 128));
	}
}

static void assert_lcores(const struct options_lane *lane, const char *cpus, const char *expected)
{
	char text[EAL_LCORES_BYTES], error[256] = "";
	cpu_set_t set;

	CPU_ZERO(&set);
	for (; *cpus; cpus++)
		CPU_SET(*cpus - '0', &set);
	assert_int_equal(eal_lcores(text, lane, &set, error, sizeof error), 0);
	assert_string_equal(text, expected);
}

static void test_lcores(void **state)
{
	struct options_lane lane = {.count = 1};
	char text[EAL_LCORES_BYTES], error[256] = "";
	cpu_set_t set;

	(void)state;
	assert_lcores(&lane, "0", "0@0,1@0,2@0");
	assert_lcores(&lane, "01", "0@0,1@1,2@0");
	assert_lcores(&lane, "57", "0@5,1@7,2@5");
	lane.count = 3;
	assert_lcores(&lane, "01", "0@0,1@1,2@0,3@1,4@0");
	assert_lcores(&lane, "0123", "0@0,1@1,2@2,3@3,4@0");
	lane = (struct options_lane){.count = 2, .cores = {.cpu = {0, 2}, .n = 2}};
	assert_lcores(&lane, "0123", "0@1,1@0,2@2,3@1");
	assert_lcores(&lane, "02", "0@0,1@0,2@2,3@0");
	lane.cores.cpu[1] = 9;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	assert_int_equal(eal_lcores(text, &lane, &set, error, sizeof error), -EINVAL);
	assert_non_null(strstr(error, "CPU 9"));
	lane = (struct options_lane){.count = LANES_MAX};
	CPU_ZERO(&set);
	for (int i = 0; i < 1024; i++)
		CPU_SET(i, &set);
	assert_int_equal(eal_lcores(text, &lane, &set, error, sizeof error), 0);
	assert_true(strlen(text) < EAL_LCORES_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_strings),	cmocka_unit_test(test_refused_devices),
		cmocka_unit_test(test_af_packet_slots), cmocka_unit_test(test_wanted_mtu),
		cmocka_unit_test(test_af_xdp_buffers),	cmocka_unit_test(test_wire_length),
		cmocka_unit_test(test_buffers),		cmocka_unit_test(test_lcores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
