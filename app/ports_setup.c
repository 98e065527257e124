/* SPDX-License-Identifier: BSD-3-Clause */
/* A device is found, configured, started, read out and closed. */
#include "ports_setup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "eal.h"
#include "log.h"

/* What ports_plan.c reckons with. */
_Static_assert(RTE_PKTMBUF_HEADROOM == 128, "headroom in ports_plan.c");
_Static_assert(sizeof(struct rte_mbuf) == 128, "mbuf in ports_plan.c");

/* Free buffers that a lane keeps for itself. */
#define POOL_CACHE 256
/* The Toeplitz key that gives both directions one hash: two bytes, repeated. */
#define RSS_KEY_BYTES_MAX 128
#define RSS_WANTED	  (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP)
/* What a ring is reckoned to fill with; and preamble, checksum and gap of a frame. */
#define REST_FRAME_BYTES    256ULL
#define WIRE_OVERHEAD_BYTES 24ULL
/* Bursts that are thrown away at the start: the largest ring. */
#define STALE_BURSTS_MAX (65536 / PFRING_FT_BURST_MAX)

static const char *reason(int rc)
{
	return *eal_error() ? eal_error() : rte_strerror(-rc);
}

/* ---- finding ---- */

static int refuse_pci(const struct port *p, int rc, char *error, size_t error_len)
{
	const char *address = p->plan.device.name;
	char text[256];
	const char *driver = kernel_pci_driver(address, text, sizeof text);

	if (!driver || !*driver)
		snprintf(error, error_len,
			 "%s is bound to no driver: dpdk-devbind.py -b vfio-pci %s", address,
			 address);
	else if (strncmp(driver, "vfio", 4) != 0 && strncmp(driver, "uio", 3) != 0 &&
		 strncmp(driver, "igb_uio", 7) != 0 && strncmp(driver, "mlx", 3) != 0)
		snprintf(error, error_len,
			 "%s belongs to the kernel's driver %s: dpdk-devbind.py -b vfio-pci %s",
			 address, driver, address);
	else
		snprintf(error, error_len, "%s is bound to %s, but no driver of DPDK takes it: %s",
			 address, driver, reason(rc));
	return -ENODEV;
}

static int find_pci(struct port *p, char *error, size_t error_len)
{
	struct rte_dev_iterator iterator;
	char name[OPTION_BYTES_MAX + sizeof "pci:"];
	uint16_t id, found = RTE_MAX_ETHPORTS;

	snprintf(name, sizeof name, "pci:%s", p->plan.device.name);
	RTE_ETH_FOREACH_MATCHING_DEV(id, name, &iterator)
	{
		if (found == RTE_MAX_ETHPORTS)
			found = id;
	}
	if (found == RTE_MAX_ETHPORTS)
		return refuse_pci(p, -ENODEV, error, error_len);
	p->face.id = found;
	return 0;
}

static int refuse_vdev(const struct port *p, int rc, char *error, size_t error_len)
{
	const char *why = reason(rc);

	if (p->plan.device.interface[0] && !kernel_may_capture())
		snprintf(error, error_len,
			 "port %s: no permission to read %s: run as root, or give the program "
			 "CAP_NET_RAW and CAP_NET_ADMIN",
			 p->options->name, p->plan.device.interface);
	else if (strstr(why, "mmap failed on AF_PACKET"))
		/* the ring is locked in memory */
		snprintf(error, error_len,
			 "port %s is refused: %s; raise LimitMEMLOCK of the unit (ulimit -l), or "
			 "lower the descriptors of the port",
			 p->options->name, why);
	else
		snprintf(error, error_len, "port %s is refused: %s", p->options->name, why);
	return rc;
}

static int make_vdev(struct port *p, char *error, size_t error_len)
{
	const struct device *d = &p->plan.device;
	int rc;

	eal_hush_begin();
	rc = rte_eal_hotplug_add("vdev", d->name, d->args);
	eal_hush_end();
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(d->name, &p->face.id);
	return rc ? refuse_vdev(p, rc < 0 ? rc : -rc, error, error_len) : 0;
}

static void say_what_kernel_knows(const struct port *p)
{
	if (p->plan.device.interface[0] && !p->plan.facts.up)
		log_warning("port %s: interface %s is down: no packet will come before \"ip link "
			    "set %s up\"",
			    p->options->name, p->plan.device.interface, p->plan.device.interface);
	if (p->plan.device.kind == DEVICE_AF_XDP)
		log_notice("port %s: what arrives at %s goes to the probe only, the kernel no "
			   "longer sees it (AF_XDP): use an interface that gets copies, or "
			   "af_packet:%s",
			   p->options->name, p->plan.device.interface, p->plan.device.interface);
}

static void set_mtu(struct port *p)
{
	uint32_t wanted = p->options->mtu_bytes, has = p->plan.facts.mtu_bytes;
	const char *name = p->plan.device.interface;
	uint16_t mtu = 0;
	int rc;

	if (!wanted)
		return;
	eal_forget_error();
	/* The drivers above kernel interfaces pretend that 1500 is the most. */
	rc = *name ? kernel_set_mtu(name, wanted) :
		     rte_eth_dev_set_mtu(p->face.id, (uint16_t)wanted);
	if (rc == 0)
		return;
	if (!*name && rte_eth_dev_get_mtu(p->face.id, &mtu) == 0)
		has = mtu;
	log_warning("port %s: the device refuses an MTU of %" PRIu32 " (%s) and keeps %" PRIu32,
		    p->options->name, wanted, *name ? strerror(-rc) : reason(rc), has);
}

int port_probe(struct port *p, char *error, size_t error_len)
{
	int rc;

	say_what_kernel_knows(p);
	if (p->plan.device.interface[0])
		set_mtu(p);
	eal_forget_error();
	rc = p->plan.device.kind == DEVICE_PCI ? find_pci(p, error, error_len) :
						 make_vdev(p, error, error_len);
	if (rc)
		return rc;
	p->probed = true;
	p->numa_node = rte_eth_dev_socket_id(p->face.id);
	p->face.mtu_bytes = p->plan.mtu_bytes;
	p->face.cut_bytes = p->plan.cut_bytes;
	p->face.wire_len_known = p->plan.wire_len_known;
	return 0;
}

/* ---- queues ---- */

bool port_has_symmetric_rss(const struct port *p)
{
	struct rte_eth_dev_info info;

	/* What a virtual device does with the key is seldom what the key is for. */
	return p->plan.device.kind == DEVICE_PCI && rte_eth_dev_info_get(p->face.id, &info) == 0 &&
	       info.flow_type_rss_offloads & RTE_ETH_RSS_IP && info.hash_key_size > 0 &&
	       info.hash_key_size <= RSS_KEY_BYTES_MAX && info.max_rx_queues >= p->plan.queues;
}

static void fill_key(uint8_t key[RSS_KEY_BYTES_MAX])
{
	for (unsigned int i = 0; i < RSS_KEY_BYTES_MAX; i++)
		key[i] = i % 2 ? 0x5a : 0x6d;
}

/* The device took our key; where it cannot tell, its word is believed. */
static bool key_is_set(const struct port *p, uint8_t key_len)
{
	uint8_t wanted[RSS_KEY_BYTES_MAX], got[RSS_KEY_BYTES_MAX] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = got, .rss_key_len = key_len};

	fill_key(wanted);
	if (rte_eth_dev_rss_hash_conf_get(p->face.id, &conf) != 0)
		return true;
	return memcmp(wanted, got, key_len) == 0;
}

/* We send nothing, but drivers want a queue for it, virtual ones often one for each that receives.
 */
static uint16_t tx_queues(const struct port *p, const struct rte_eth_dev_info *info)
{
	uint32_t n = p->plan.device.kind == DEVICE_PCI ? 1 : p->plan.queues;

	return (uint16_t)RTE_MIN(n, info->max_tx_queues);
}

static int configure_queues(struct port *p, const struct rte_eth_dev_info *info, bool rss)
{
	uint8_t key[RSS_KEY_BYTES_MAX];
	struct rte_eth_conf conf = {.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE,
				    .intr_conf.rxq = p->wants_interrupts && p->sockets.n == 0};
	if (rss) {
		fill_key(key);
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
			.rss_key = key,
			.rss_key_len = info->hash_key_size,
			.rss_hf = RSS_WANTED & info->flow_type_rss_offloads,
		};
		conf.rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
	}
	return rte_eth_dev_configure(p->face.id, (uint16_t)p->plan.queues, tx_queues(p, info),
				     &conf);
}

/* With RSS when it is wanted and can be had; says it when not. */
static int configure(struct port *p, const struct rte_eth_dev_info *info, bool rss)
{
	int rc;

	if (rss) {
		rc = configure_queues(p, info, true);
		p->rss = rc == 0 && key_is_set(p, info->hash_key_size);
		if (p->rss)
			return 0;
		log_warning("port %s: the device refuses symmetric RSS (%s): software spreads its "
			    "packets over the lanes",
			    p->options->name, rc ? reason(rc) : "it keeps its own key");
	}
	return configure_queues(p, info, false);
}

/* Buffers in one piece without gaps where no device writes into them: net_af_xdp takes them for one
 * memory. */
static int make_pool(struct port *p, const struct options *o)
{
	struct rte_pktmbuf_pool_private room = {.mbuf_data_room_size =
							(uint16_t)p->plan.data_room_bytes};
	unsigned int flags = p->plan.dma ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
	int node = p->numa_node < 0 ? SOCKET_ID_ANY : p->numa_node;
	char name[RTE_MEMPOOL_NAMESIZE];

	p->plan.mbufs = port_plan_mbufs(&p->plan, o, p->plan.descriptors);
	snprintf(name, sizeof name, "port%u", p->face.number);
	p->pool = rte_mempool_create_empty(name, p->plan.mbufs,
					   sizeof(struct rte_mbuf) +
						   (unsigned int)p->plan.data_room_bytes,
					   POOL_CACHE, sizeof room, node, flags);
	if (!p->pool)
		return -rte_errno;
	if (rte_mempool_set_ops_byname(p->pool, rte_mbuf_best_mempool_ops(), NULL) != 0)
		return -ENOTSUP;
	rte_pktmbuf_pool_init(p->pool, &room);
	int rc = rte_mempool_populate_default(p->pool);
	if (rc < 0)
		return rc;
	rte_mempool_obj_iter(p->pool, rte_pktmbuf_init, NULL);
	return 0;
}

/* Descriptors: what was asked for or the driver prefers, within what it can. */
static uint16_t choose_descriptors(struct port *p, const struct rte_eth_dev_info *info)
{
	uint16_t rx = (uint16_t)p->plan.descriptors, tx = info->default_txportconf.ring_size;

	if (rx == 0)
		rx = info->default_rxportconf.ring_size;
	if (rx == 0)
		rx = RTE_ETH_DEV_FALLBACK_RX_RINGSIZE;
	if (tx == 0)
		tx = RTE_ETH_DEV_FALLBACK_TX_RINGSIZE;
	if (rte_eth_dev_adjust_nb_rx_tx_desc(p->face.id, &rx, &tx) == 0 &&
	    p->options->descriptors && p->plan.device.kind != DEVICE_AF_PACKET &&
	    rx != p->options->descriptors)
		log_warning("port %s: the device has %u descriptors a queue instead of %" PRIu32,
			    p->options->name, rx, p->options->descriptors);
	if (p->plan.device.kind != DEVICE_AF_PACKET)
		p->plan.descriptors = rx;
	return tx;
}

static int set_up_queues(struct port *p, const struct rte_eth_dev_info *info,
			 uint16_t tx_descriptors)
{
	unsigned int node = p->numa_node < 0 ? (unsigned int)SOCKET_ID_ANY :
					       (unsigned int)p->numa_node;
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	int rc = 0;

	for (uint16_t q = 0; rc == 0 && q < p->plan.queues; q++)
		rc = rte_eth_rx_queue_setup(p->face.id, q, (uint16_t)p->plan.descriptors, node, &rx,
					    p->pool);
	for (uint16_t q = 0; rc == 0 && q < tx_queues(p, info); q++)
		rc = rte_eth_tx_queue_setup(p->face.id, q, tx_descriptors, node, &tx);
	return rc;
}

/* ---- what a device may refuse ---- */

static void set_promiscuous(struct port *p)
{
	int rc;

	eal_forget_error();
	rc = p->options->promiscuous ? rte_eth_promiscuous_enable(p->face.id) :
				       rte_eth_promiscuous_disable(p->face.id);
	/* A virtual device without the switch sees all of its packets anyway. */
	if (rc == 0 || (rc == -ENOTSUP && p->plan.device.kind != DEVICE_PCI))
		return;
	log_warning(
		"port %s: the device refuses to switch promiscuous mode %s (%s)", p->options->name,
		p->options->promiscuous ? "on: packets for other stations may be missing" : "off",
		reason(rc));
}

static void limit_queues(struct port *p, const struct rte_eth_dev_info *info)
{
	uint32_t asked = p->options->queues;

	if (p->plan.queues > info->max_rx_queues && info->max_rx_queues)
		p->plan.queues = info->max_rx_queues;
	if (p->plan.queues != asked)
		log_warning("port %s: the device has %" PRIu32 " queues instead of %" PRIu32,
			    p->options->name, p->plan.queues, asked);
}

static int configure_all(struct port *p, const struct options *o, bool rss, char *error,
			 size_t error_len)
{
	struct rte_eth_dev_info info;
	const char *what = "its description";
	int rc = rte_eth_dev_info_get(p->face.id, &info);

	if (rc == 0) {
		what = "its configuration";
		limit_queues(p, &info);
		rc = configure(p, &info, rss);
	}
	if (rc == 0) {
		uint16_t tx = choose_descriptors(p, &info);

		rc = make_pool(p, o);
		if (rc) {
			snprintf(error, error_len,
				 "port %s: no memory for %" PRIu32 " packet buffers: lower "
				 "descriptors, queues or lanes, or raise [eal] memory",
				 p->options->name, p->plan.mbufs);
			return rc;
		}
		what = "a queue";
		eal_hush_begin();
		rc = set_up_queues(p, &info, tx);
		eal_hush_end();
	}
	if (rc == 0)
		return 0;
	snprintf(error, error_len, "port %s: the device refuses %s: %s", p->options->name, what,
		 reason(rc));
	return rc;
}

int port_configure(struct port *p, const struct options *o, bool rss, char *error, size_t error_len)
{
	int rc;

	eal_forget_error();
	p->wants_interrupts = o->lane.idle == LANE_IDLE_INTERRUPT;
	rc = configure_all(p, o, rss, error, error_len);
	if (rc == 0 && !p->plan.device.interface[0])
		set_mtu(p);
	p->face.hash = p->rss;
	return rc;
}

/* Drivers open one socket a queue, in the order of the queues. */
int port_socket(const struct port *p, uint32_t q)
{
	return p->sockets.n >= p->plan.queues && q < p->sockets.n ? p->sockets.fds[q] : -1;
}

/* Half of the ring; frames are larger than these on average, on any link with people behind it. */
uint64_t port_rest_ns(const struct port *p)
{
	const uint64_t bits = (REST_FRAME_BYTES + WIRE_OVERHEAD_BYTES) * 8;
	struct rte_eth_link link = {0};
	uint64_t ns;

	/* What has neither a wire nor a socket makes its packets itself. */
	if (p->plan.device.kind == DEVICE_VDEV && p->sockets.n == 0)
		return IDLE_SLEEP_MAX_NS;
	if (rte_eth_link_get_nowait(p->face.id, &link) != 0 || link.link_speed == 0 ||
	    link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN)
		link.link_speed = RTE_ETH_SPEED_NUM_10G;
	ns = p->plan.descriptors / 2 * bits * 1000 / link.link_speed;
	if (ns < IDLE_SLEEP_LEAST_NS)
		return IDLE_SLEEP_LEAST_NS;
	return ns < IDLE_SLEEP_MAX_NS ? ns : IDLE_SLEEP_MAX_NS;
}

/* ---- running ---- */

/* Sockets receive from their birth on, the first ones from every interface: that is not ours to
 * meter. */
static void drop_stale(struct port *p)
{
	struct rte_mbuf *packets[PFRING_FT_BURST_MAX];

	if (p->sockets.n == 0)
		return;
	for (uint16_t q = 0; q < p->plan.queues; q++)
		for (unsigned int i = 0; i < STALE_BURSTS_MAX; i++) {
			unsigned int n =
				rte_eth_rx_burst(p->face.id, q, packets, PFRING_FT_BURST_MAX);

			if (n == 0)
				break;
			rte_pktmbuf_free_bulk(packets, n);
		}
	p->kernel_drops = 0 - kernel_sockets_drops(&p->sockets).in_all;
}

int port_start(struct port *p, char *error, size_t error_len)
{
	int rc;

	eal_forget_error();
	rc = rte_eth_dev_start(p->face.id);
	if (rc) {
		snprintf(error, error_len, "port %s does not start: %s", p->options->name,
			 reason(rc));
		return rc;
	}
	p->started = true;
	set_promiscuous(p);
	drop_stale(p);
	rte_eth_stats_reset(p->face.id);
	return 0;
}

void port_stats(struct port *p, struct port_stats *s)
{
	struct rte_eth_stats stats;
	struct kernel_drops drops = kernel_sockets_drops(&p->sockets);

	*s = (struct port_stats){0};
	snprintf(s->name, sizeof s->name, "%s", p->options->name);
	p->kernel_drops += drops.since_last;
	s->kernel_drops = p->kernel_drops + drops.in_all;
	s->buffers = p->plan.mbufs;
	s->buffers_used = p->pool ? rte_mempool_in_use_count(p->pool) : 0;
	if (rte_eth_stats_get(p->face.id, &stats) != 0)
		return;
	s->rx_packets = stats.ipackets;
	s->missed = stats.imissed;
	s->no_mbuf = stats.rx_nombuf;
	s->errors = stats.ierrors;
}

void port_close(struct port *p)
{
	if (!p->probed)
		return;
	eal_hush_begin();
	/* a kernel interface outlives us: it is left as it was found */
	if (p->started && p->plan.facts.exists && !p->plan.facts.promiscuous &&
	    p->options->promiscuous)
		rte_eth_promiscuous_disable(p->face.id);
	if (p->started)
		rte_eth_dev_stop(p->face.id);
	rte_eth_dev_close(p->face.id);
	eal_hush_end();
	rte_mempool_free(p->pool);
	p->probed = false;
}
