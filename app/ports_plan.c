/* SPDX-License-Identifier: BSD-3-Clause */
/* Device strings, and the sizes that follow from an MTU. */
#include "ports_plan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ft/pfring_ft_ext.h"

/* Ethernet header and two VLAN tags. */
#define LINK_BYTES_MAX 22
/* The kernel puts a frame so far into its slot of an AF_PACKET ring: header, address, 16 bytes
 * aligned. */
#define AF_PACKET_OFFSET   66
#define AF_PACKET_SLOT_MIN 2048
/* 15 pages: a buffer's length has 16 bits, and slots must fill blocks of whole pages. */
#define AF_PACKET_SLOT_MAX 61440
#define AF_PACKET_BLOCK	   65536
/* The ring holds some milliseconds of small packets while a lane has no CPU, and is at most 16 MB.
 */
#define AF_PACKET_SLOTS	     8192
#define AF_PACKET_SLOTS_MIN  256
#define AF_PACKET_RING_BYTES (16U << 20)
/* net_af_packet adds up the counters of so many queues only. */
#define AF_PACKET_QUEUES_MAX 16
/* net_af_xdp: what the driver keeps in its fill and receive rings, whatever it is asked. */
#define AF_XDP_DESCRIPTORS 2048
/* A page holds an AF_XDP buffer: header, mbuf, headrooms (ours and the kernel's), frame, a line of
 * spread. */
#define XDP_HEADROOM	     256
#define AF_XDP_DATA_ROOM_MAX (4096 - OBJECT_BYTES - MBUF_BYTES - 128)
#define AF_XDP_MTU_MAX	     (AF_XDP_DATA_ROOM_MAX - HEADROOM - XDP_HEADROOM - LINK_BYTES_MAX)
/* RTE_PKTMBUF_HEADROOM, struct rte_mbuf, and the header of a mempool's object; ports_setup.c
 * checks. */
#define HEADROOM     128
#define MBUF_BYTES   128
#define OBJECT_BYTES 64
/* What drivers of NICs prefer is at most this. */
#define DESCRIPTORS_PREFERRED_MAX 2048
/* The usual buffer, and the largest (16 bits). */
#define DATA_ROOM_USUAL (2048 + HEADROOM)
#define DATA_ROOM_MAX	(65535 & ~63U)
/* A lane's private stock of free buffers (a mempool cache keeps up to one and a half times this).
 */
#define POOL_CACHE 256
/* Buffers for what waits in rings between lanes: not all rings are full at once. */
#define RING_MBUFS_MAX 65536U
#define LANE_RING      1024U
/* Slack of a pool: caches for 128 lcores, the ring of free buffers. */
#define POOL_OVERHEAD_BYTES (3ULL << 20)

static bool hex_digits(const char *s, unsigned int n)
{
	while (n--)
		if (!isxdigit((unsigned char)*s++))
			return false;
	return true;
}

/* [DDDD:]BB:DD.F, at the end of the word or before arguments. Writes it with its domain. */
static bool parse_pci(const char *text, struct device *d)
{
	size_t len = strcspn(text, ",");
	const char *domain = "";

	if (len == 7)
		domain = "0000:";
	else if (len != 12 || !hex_digits(text, 4) || text[4] != ':')
		return false;
	const char *bdf = text + len - 7;
	if (!hex_digits(bdf, 2) || bdf[2] != ':' || !hex_digits(bdf + 3, 2) || bdf[5] != '.' ||
	    !isdigit((unsigned char)bdf[6]))
		return false;
	d->kind = DEVICE_PCI;
	snprintf(d->name, sizeof d->name, "%s%.*s", domain, (int)len, text);
	snprintf(d->args, sizeof d->args, "%s", text[len] ? text + len + 1 : "");
	return true;
}

/* The kernel interface that a virtual device reads, where its arguments name one. */
static void find_interface(struct device *d)
{
	static const char *const keys[] = {"iface=", "rx_iface=", "rx_iface_in="};
	const char *argument = d->args;

	for (;; argument++) {
		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
			size_t len = strlen(keys[i]);

			if (strncmp(argument, keys[i], len) == 0)
				snprintf(d->interface, sizeof d->interface, "%.*s",
					 (int)strcspn(argument + len, ","), argument + len);
		}
		argument = strchr(argument, ',');
		if (!argument)
			return;
	}
}

/* A driver's name, a number, arguments: the form of the EAL's --vdev. */
static void parse_vdev(const char *text, struct device *d)
{
	size_t len = strcspn(text, ",");

	d->kind = DEVICE_VDEV;
	snprintf(d->name, sizeof d->name, "%.*s", (int)len, text);
	snprintf(d->args, sizeof d->args, "%s", text[len] ? text + len + 1 : "");
	find_interface(d);
}

static int parse_interface(const char *name, struct device *d, char *error, size_t error_len)
{
	if (!*name || strlen(name) >= sizeof d->interface || strchr(name, ',')) {
		snprintf(error, error_len,
			 "\"%s\" is no name of a network interface; ip link lists them", name);
		return -ENODEV;
	}
	snprintf(d->interface, sizeof d->interface, "%s", name);
	return 0;
}

static int parse_device(const char *text, interface_facts_fn facts, struct device *d, char *error,
			size_t error_len)
{
	static const char af_packet[] = "af_packet:", af_xdp[] = "af_xdp:";

	*d = (struct device){.kind = DEVICE_AF_PACKET};
	if (strncmp(text, af_packet, sizeof af_packet - 1) == 0)
		return parse_interface(text + sizeof af_packet - 1, d, error, error_len);
	if (strncmp(text, af_xdp, sizeof af_xdp - 1) == 0) {
		d->kind = DEVICE_AF_XDP;
		return parse_interface(text + sizeof af_xdp - 1, d, error, error_len);
	}
	if (parse_pci(text, d))
		return 0;
	if (strlen(text) < IFNAMSIZ && facts(text).exists)
		return parse_interface(text, d, error, error_len);
	if (strncmp(text, "net_", 4) == 0 || strncmp(text, "eth_", 4) == 0 || strchr(text, ',')) {
		parse_vdev(text, d);
		return 0;
	}
	snprintf(error, error_len,
		 "there is no interface \"%s\" (ip link lists them), and it is neither "
		 "a PCI address nor a vdev string such as net_pcap0,iface=eth0",
		 text);
	return -ENODEV;
}

/* ---- sizes ---- */

static uint32_t round_up(uint32_t n, uint32_t to)
{
	return (n + to - 1) / to * to;
}

/* Slots that hold a frame of the MTU, and a ring of them. */
static void plan_af_packet(struct port_plan *p, const struct options_port *o, unsigned int i)
{
	uint32_t want = p->mtu_bytes + LINK_BYTES_MAX + AF_PACKET_OFFSET, slot = AF_PACKET_SLOT_MIN;
	uint32_t slots = o->descriptors, block;

	while (slot < want && slot < AF_PACKET_SLOT_MAX)
		slot = slot * 2 > AF_PACKET_SLOT_MAX ? AF_PACKET_SLOT_MAX : slot * 2;
	block = slot == AF_PACKET_SLOT_MAX ? slot : AF_PACKET_BLOCK;
	if (slots == 0) {
		slots = AF_PACKET_RING_BYTES / slot;
		slots = slots > AF_PACKET_SLOTS ? AF_PACKET_SLOTS : slots;
		slots = slots < AF_PACKET_SLOTS_MIN ? AF_PACKET_SLOTS_MIN : slots;
	}
	p->descriptors = round_up(slots, block / slot);
	p->queues = p->queues > AF_PACKET_QUEUES_MAX ? AF_PACKET_QUEUES_MAX : p->queues;
	p->cut_bytes = slot - AF_PACKET_OFFSET;
	p->data_room_bytes = slot + HEADROOM > DATA_ROOM_MAX ? DATA_ROOM_MAX : slot + HEADROOM;
	snprintf(p->device.name, sizeof p->device.name, "net_af_packet%u", i);
	snprintf(p->device.args, sizeof p->device.args,
		 "iface=%s,qpairs=%u,framesz=%u,blocksz=%u,framecnt=%u", p->device.interface,
		 p->queues, slot, block, p->descriptors);
}

static int plan_af_xdp(struct port_plan *p, unsigned int i, char *error, size_t error_len)
{
	uint32_t room = p->mtu_bytes + LINK_BYTES_MAX + HEADROOM + XDP_HEADROOM;

	if (p->mtu_bytes > AF_XDP_MTU_MAX) {
		snprintf(error, error_len,
			 "AF_XDP takes an MTU of %u at most, %s has %u: lower it (ip link "
			 "set %s mtu %u) or use af_packet:%s",
			 AF_XDP_MTU_MAX, p->device.interface, p->mtu_bytes, p->device.interface,
			 AF_XDP_MTU_MAX, p->device.interface);
		return -EMSGSIZE;
	}
	p->descriptors = AF_XDP_DESCRIPTORS;
	p->data_room_bytes = round_up(room < DATA_ROOM_USUAL ? DATA_ROOM_USUAL : room, 64);
	snprintf(p->device.name, sizeof p->device.name, "net_af_xdp%u", i);
	snprintf(p->device.args, sizeof p->device.args, "iface=%s,start_queue=0,queue_count=%u",
		 p->device.interface, p->queues);
	return 0;
}

/* A vdev that reads an AF_PACKET ring with slots of its own choice. */
static uint32_t af_packet_slot_of(const char *args)
{
	const char *framesz = strstr(args, "framesz=");
	unsigned long slot = framesz ? strtoul(framesz + strlen("framesz="), NULL, 10) :
				       AF_PACKET_SLOT_MIN;

	return slot > AF_PACKET_OFFSET && slot <= AF_PACKET_SLOT_MAX ? (uint32_t)slot : 0;
}

static void plan_any(struct port_plan *p)
{
	const char *name = p->device.name;
	uint32_t room = p->mtu_bytes + LINK_BYTES_MAX + HEADROOM, slot = 0;

	if (strncmp(name, "net_af_packet", 13) == 0 || strncmp(name, "eth_af_packet", 13) == 0)
		slot = af_packet_slot_of(p->device.args);
	p->cut_bytes = slot ? slot - AF_PACKET_OFFSET : 0;
	room = room < slot + HEADROOM ? slot + HEADROOM : room;
	room = round_up(room < DATA_ROOM_USUAL ? DATA_ROOM_USUAL : room, 64);
	p->data_room_bytes = room > DATA_ROOM_MAX ? DATA_ROOM_MAX : room;
	/* libpcap's captured length is all that net_pcap hands on. */
	p->wire_len_known = strncmp(name, "net_pcap", 8) != 0 && strncmp(name, "eth_pcap", 8) != 0;
}

unsigned int port_plan_lane_ring(unsigned int n_lanes)
{
	unsigned int ring = LANE_RING;

	while (ring > 2 * PFRING_FT_BURST_MAX && ring * n_lanes > 16 * LANE_RING)
		ring /= 2;
	return ring;
}

uint32_t port_plan_mbufs(const struct port_plan *p, const struct options *o, uint32_t descriptors)
{
	uint32_t lanes = o->lane.count, n = p->queues * descriptors;
	uint32_t rings =
		(p->queues < lanes ? p->queues : lanes) * (lanes - 1) * port_plan_lane_ring(lanes);

	/* AF_PACKET's slots are the kernel's; AF_XDP's fill ring is refilled before a burst is
	 * given back. */
	if (p->device.kind == DEVICE_AF_PACKET)
		n = 0;
	else if (p->device.kind == DEVICE_AF_XDP)
		n *= 2;
	n += lanes * (PFRING_FT_BURSTS_HELD + 2) * PFRING_FT_BURST_MAX;
	n += (lanes + 1) * (POOL_CACHE + POOL_CACHE / 2);
	return n + (rings > RING_MBUFS_MAX ? RING_MBUFS_MAX : rings);
}

uint64_t port_plan_memory_bytes(const struct port_plan *p)
{
	uint64_t object = OBJECT_BYTES + MBUF_BYTES + p->data_room_bytes + 64;

	/* Without huge pages, a buffer that a device writes into does not cross a page: half may be
	 * wasted. */
	if (p->dma)
		object = (object + 4095) / 4096 * 4096;
	return p->mbufs * object + p->mbufs * 16 + POOL_OVERHEAD_BYTES +
	       (uint64_t)p->queues * p->descriptors * 64;
}

int port_plan_make(struct port_plan *out, const struct port_question *question, char *error,
		   size_t error_len)
{
	const interface_facts_fn facts = question->facts;
	const struct options_port *port = &question->o->ports[question->i];
	struct port_plan p = {
		.queues = port->queues, .descriptors = port->descriptors, .wire_len_known = true};
	int rc = parse_device(port->device, facts, &p.device, error, error_len);

	if (rc)
		return rc;
	if (p.device.interface[0])
		p.facts = facts(p.device.interface);
	if (p.device.kind == DEVICE_VDEV && !p.facts.exists)
		p.device.interface[0] = '\0'; /* the driver will make it, or says no */
	if (p.device.interface[0] && !p.facts.exists) {
		snprintf(error, error_len, "there is no interface \"%s\"; ip link lists them",
			 p.device.interface);
		return -ENODEV;
	}
	/* The larger one: the interface may refuse to be changed. AF_XDP would be refused then as
	 * well. */
	p.mtu_bytes = port->mtu_bytes;
	if (p.facts.mtu_bytes > p.mtu_bytes && !(p.device.kind == DEVICE_AF_XDP && p.mtu_bytes))
		p.mtu_bytes = p.facts.mtu_bytes;
	p.dma = p.device.kind == DEVICE_PCI;
	if (p.device.kind == DEVICE_AF_PACKET)
		plan_af_packet(&p, port, question->i);
	else if (p.device.kind == DEVICE_AF_XDP)
		rc = plan_af_xdp(&p, question->i, error, error_len);
	else
		plan_any(&p);
	if (rc)
		return rc;
	p.mbufs = port_plan_mbufs(&p, question->o,
				  p.descriptors ? p.descriptors : DESCRIPTORS_PREFERRED_MAX);
	*out = p;
	return 0;
}
