/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * End to end: packets that DPDK's net_pcap device hands out again and again, as mbufs of its own,
 * through the table and back. What the device itself costs stands beside.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "burst_clock.h"
#include "core/clock.h"
#include "drive.h"
#include "eal_memory.h"
#include "export/output.h"
#include "pcap_file.h"

#define VDEV_FLOWS 20000
#define VDEV_MBUFS 40959
#define VDEV_NAME  "net_pcap_bench"

struct vdev {
	uint16_t port;
	bool is_started;
	struct rte_mempool *pool;
	char path[64];
	uint32_t flows; /* that packets are rewritten to; 0 = left as they are */
	uint64_t random;
	struct burst_clock clock;
};

/* The packets that the device repeats: one of each flow. */
static int write_packets(char *path, size_t len, uint32_t n)
{
	const struct frame_spec spec = {0};
	const char *dir = getenv("TMPDIR");
	struct pcap_file f;
	int fd, rc;

	snprintf(path, len, "%s/flowbench-XXXXXX", dir && strlen(dir) < 40 ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return -errno;
	rc = pcap_file_begin(&f, fd);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		uint8_t frame[FRAME_BYTES];

		frame_make(frame, &spec, i, false);
		rc = pcap_file_put(&f, frame, FRAME_BYTES, i);
	}
	return rc ? rc : pcap_file_end(&f);
}

static int configure(struct vdev *v)
{
	const struct rte_eth_conf conf = {0};
	const int socket = eal_memory_socket();
	int rc;

	v->pool = rte_pktmbuf_pool_create("flowbench", VDEV_MBUFS, 256, 0,
					  RTE_MBUF_DEFAULT_BUF_SIZE, socket);
	if (!v->pool)
		return -ENOMEM;
	rc = rte_eth_dev_configure(v->port, 1, 0, &conf);
	if (rc == 0)
		rc = rte_eth_rx_queue_setup(v->port, 0, 512, 0, NULL, v->pool);
	if (rc == 0)
		rc = rte_eth_dev_start(v->port);
	v->is_started = rc == 0;
	return rc;
}

static int vdev_open(struct vdev *v, const struct bench *b)
{
	char arguments[128];
	int rc = eal_memory_start(b->core);

	*v = (struct vdev){.random = 1};
	if (rc)
		return rc;
	rc = write_packets(v->path, sizeof v->path, b->size == BENCH_TINY ? 512 : VDEV_FLOWS);
	if (rc)
		return rc;
	snprintf(arguments, sizeof arguments, "rx_pcap=%s,infinite_rx=1", v->path);
	rc = rte_eal_hotplug_add("vdev", VDEV_NAME, arguments);
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(VDEV_NAME, &v->port);
	return rc ? rc : configure(v);
}

static void vdev_close(struct vdev *v)
{
	if (v->is_started) {
		rte_eth_dev_stop(v->port);
		rte_eth_dev_close(v->port);
	}
	rte_mempool_free(v->pool);
	if (v->path[0])
		unlink(v->path);
}

/* Other addresses and ports in a packet that is an IPv4 one of ours. */
static void rewrite(struct vdev *v, struct rte_mbuf **mbufs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *frame = rte_pktmbuf_mtod(mbufs[i], uint8_t *);
		uint64_t x = v->random = v->random * 0xd1342543de82ef95ULL + 1;
		uint32_t flow = below(x, v->flows);
		uint64_t ends = (uint64_t)flow * 0x9e3779b97f4a7c15ULL;

		memcpy(frame + 26, &ends, 8);
		memcpy(frame + 34, &flow, 4);
	}
}

static unsigned int receive(struct vdev *v, struct rte_mbuf **mbufs)
{
	unsigned int n = rte_eth_rx_burst(v->port, 0, mbufs, DRIVE_BURST);

	if (v->flows)
		rewrite(v, mbufs, n);
	return n;
}

static uint64_t receive_and_free(struct vdev *v, uint32_t n)
{
	struct rte_mbuf *mbufs[DRIVE_BURST];
	uint64_t done = 0;

	while (done < n) {
		unsigned int got = receive(v, mbufs);

		rte_pktmbuf_free_bulk(mbufs, got);
		done += got;
	}
	return done;
}

static void give_back(const pfring_ft_packet *packets, unsigned int n)
{
	struct rte_mbuf *mbufs[PFRING_FT_BURST_MAX];

	for (unsigned int i = 0; i < n; i++)
		mbufs[i] = packets[i].cookie;
	rte_pktmbuf_free_bulk(mbufs, n);
}

/* As app/lane.c and app/port_input.c do it, the clock read once a burst. */
static uint64_t receive_and_meter(struct vdev *v, struct drive *d, uint32_t n)
{
	struct rte_mbuf *mbufs[DRIVE_BURST];
	uint64_t done = 0;

	while (done < n) {
		pfring_ft_packet *in = pfring_ft_own_burst(d->table);
		unsigned int got = receive(v, mbufs);

		d->time_ns = burst_clock_ns(&v->clock);
		for (unsigned int i = 0; i < got; i++) {
			in[i] = (pfring_ft_packet){
				.data = rte_pktmbuf_mtod(mbufs[i], const u_char *),
				.cookie = mbufs[i],
				.time_ns = d->time_ns,
				.caplen = rte_pktmbuf_data_len(mbufs[i]),
				.len = rte_pktmbuf_pkt_len(mbufs[i]),
				.link = PFRING_FT_LINK_ETHERNET,
				.flags = PFRING_FT_PACKET_WIRE_LEN,
			};
		}
		unsigned int back = pfring_ft_process_burst(d->table, in, got, NULL);

		give_back(pfring_ft_own_burst(d->table), back);
		done += got;
	}
	d->packets += done;
	d->bytes += done * FRAME_IP_BYTES;
	return done;
}

static void drain(struct drive *d)
{
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	unsigned int n;

	while ((n = pfring_ft_process_burst(d->table, NULL, 0, out)) > 0)
		give_back(out, n);
}

/* Alone and with the table in turn, so that both meet the same machine. */
static void measure(struct bench *b, struct vdev *v, struct bench_row *alone,
		    struct bench_row *metered)
{
	const struct output_spec null = {.type = OUTPUT_NULL};
	const struct drive_options o = {.flows_max = v->flows ? v->flows : VDEV_FLOWS};
	const uint32_t n = drive_packets(b);
	char error[256];
	struct drive d;

	if (drive_open(&d, &o) || output_open(&d.output, &null, error, sizeof error)) {
		bench_void(metered, "the table cannot be made");
		drive_close(&d);
		return;
	}
	receive_and_meter(v, &d, v->flows ? 4 * v->flows : n);
	for (unsigned int try = 0; try < b->tries; try++) {
		uint64_t start = thread_ns(), middle;
		uint64_t freed = receive_and_free(v, n);

		middle = thread_ns();
		bench_sample(alone, middle - start, freed);
		freed = receive_and_meter(v, &d, n);
		bench_sample(metered, thread_ns() - middle, freed);
	}
	drain(&d);
	bench_note(metered, "%llu flows", (unsigned long long)ft_flows_active(d.table));
	drive_check(&d, metered);
	output_close(d.output, clock_monotonic_ns() + SECOND_NS);
	bench_check(metered, "records sent", d.out_records,
		    output_counters(d.output)->count[OUTPUT_sent]);
	output_free(d.output);
	drive_close(&d);
}

/* The tries were made in pairs: the cost of rewriting is taken off pair by pair. */
static void take_off(struct bench *b)
{
	const struct bench_row *rx = bench_row(b, "e2e_rx_free");
	const struct bench_row *alone = bench_row(b, "e2e_rx_rewrite");
	const struct bench_row *metered = bench_row(b, "e2e_table_rewrite");
	struct bench_row *net = bench_row(b, "e2e_table_1m");

	for (unsigned int i = 0; i < metered->tries && i < rx->tries; i++) {
		double ns = metered->ns[i] - (alone->ns[i] - rx->ns[i]);

		bench_sample(net, (uint64_t)(ns * 1000), 1000);
	}
	if (metered->is_void)
		bench_void(net, "e2e_table_rewrite is");
}

void bench_vdev(struct bench *b)
{
	struct bench_row *first = bench_row(b, "e2e_table");
	struct vdev v;
	int rc;

	if (!bench_wants_any(b, "e2e_"))
		return;
	rc = vdev_open(&v, b);
	if (rc) {
		bench_void(first, "no net_pcap device: %s", strerror(-rc));
	} else {
		measure(b, &v, bench_row(b, "e2e_rx_free"), first);
		v.flows = bench_flows(b);
		measure(b, &v, bench_row(b, "e2e_rx_rewrite"), bench_row(b, "e2e_table_rewrite"));
		take_off(b);
	}
	vdev_close(&v);
}
