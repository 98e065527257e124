/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Meters DPDK port 0: each worker lcore has a queue and a table of its own, and nothing is shared.
 * The main lcore prints the sums every second; flows are printed as they end, the rest when the
 * program is interrupted.
 *
 *	cc -o ft_dpdk ft_dpdk.c $(pkg-config --cflags --libs libpfring_ft libdpdk)
 *	./ft_dpdk -l 0-4 -a 0000:3b:00.0
 */
#include <inttypes.h>
#include <pfring_ft_ext.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PORT	    0
#define DESCRIPTORS 1024
#define CACHE	    256
/* A table holds packets back while it waits for memory. */
#define MBUFS_HELD (PFRING_FT_BURST_MAX * (PFRING_FT_BURSTS_HELD + 1))

static volatile sig_atomic_t interrupted;
static pfring_ft_table *tables[RTE_MAX_QUEUES_PER_PORT];

static void interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static void print_flow(pfring_ft_flow *flow, void *user)
{
	pfring_ft_flow_value *value = pfring_ft_flow_get_value(flow);
	const pfring_ft_flow_dir_value *direction = value->direction;
	char name[64];

	pfring_ft_l7_protocol_name(user, &value->l7_protocol, name, sizeof name);
	printf("flow %" PRIu64 " packets %" PRIu64 " bytes %" PRIu64 " %s\n",
	       pfring_ft_flow_get_id(flow),
	       direction[s2d_direction].pkts + direction[d2s_direction].pkts,
	       direction[s2d_direction].bytes + direction[d2s_direction].bytes, name);
	pfring_ft_flow_free(flow);
}

/* Symmetric RSS, where the device has RSS: both directions of a flow meet in one queue. */
static int start_port(uint16_t queues)
{
	static uint8_t key[40];
	struct rte_eth_dev_info device;
	struct rte_eth_conf conf = {0};
	struct rte_mempool *pool;
	int rc = rte_eth_dev_info_get(PORT, &device);

	for (unsigned int i = 0; i < sizeof key; i++)
		key[i] = i % 2 ? 0x5a : 0x6d;
	conf.rx_adv_conf.rss_conf.rss_hf = device.flow_type_rss_offloads & RTE_ETH_RSS_IP;
	if (queues > 1 && conf.rx_adv_conf.rss_conf.rss_hf) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_key = key;
		conf.rx_adv_conf.rss_conf.rss_key_len = sizeof key;
	}
	pool = rte_pktmbuf_pool_create("packets", queues * (DESCRIPTORS + MBUFS_HELD + 2 * CACHE),
				       CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, (int)rte_socket_id());
	if (rc == 0)
		rc = rte_eth_dev_configure(PORT, queues, 0, &conf);
	for (uint16_t q = 0; q < queues && rc == 0; q++)
		rc = rte_eth_rx_queue_setup(PORT, q, DESCRIPTORS, rte_socket_id(), NULL, pool);
	if (rc == 0)
		rc = rte_eth_dev_start(PORT);
	if (rc == 0)
		rte_eth_promiscuous_enable(PORT); /* not every device can */
	return rc;
}

static pfring_ft_packet packet_of(struct rte_mbuf *mbuf, uint64_t now_ns)
{
	return (pfring_ft_packet){
		.data = rte_pktmbuf_mtod(mbuf, const u_char *),
		.cookie = mbuf,
		.time_ns = now_ns,
		.caplen = rte_pktmbuf_data_len(mbuf),
		.len = rte_pktmbuf_pkt_len(mbuf),
		.hash = mbuf->ol_flags & RTE_MBUF_F_RX_RSS_HASH ? mbuf->hash.rss : 0,
		.port_id = PORT,
		.link = PFRING_FT_LINK_ETHERNET,
		.flags = PFRING_FT_PACKET_WIRE_LEN,
	};
}

/* Packets come back in order, with verdicts: a bridge would send what is not to be discarded. */
static unsigned int meter_burst(pfring_ft_table *table, const pfring_ft_packet *in, unsigned int n)
{
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	unsigned int n_out = pfring_ft_process_burst(table, in, n, out);

	for (unsigned int i = 0; i < n_out; i++)
		rte_pktmbuf_free(out[i].cookie);
	return n_out;
}

static int meter_queue(void *user)
{
	uint16_t queue = (uint16_t)(uintptr_t)user;
	struct rte_mbuf *mbufs[PFRING_FT_BURST_MAX];
	pfring_ft_packet in[PFRING_FT_BURST_MAX];
	struct timespec now;

	while (!interrupted) {
		uint16_t n = rte_eth_rx_burst(PORT, queue, mbufs, PFRING_FT_BURST_MAX);
		uint64_t now_ns;

		clock_gettime(CLOCK_REALTIME, &now);
		now_ns = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
		for (uint16_t i = 0; i < n; i++)
			in[i] = packet_of(mbufs[i], now_ns);
		if (meter_burst(tables[queue], in, n) == 0 && n == 0)
			pfring_ft_housekeeping_ns(tables[queue], now_ns);
	}
	while (meter_burst(tables[queue], NULL, 0))
		;
	pfring_ft_flush(tables[queue]);
	return 0;
}

static void print_sums(uint16_t queues)
{
	uint64_t flows = 0, packets = 0, bytes = 0, lost = 0;
	struct rte_eth_stats port;

	for (uint16_t q = 0; q < queues; q++) {
		const pfring_ft_stats *stats = pfring_ft_get_stats(tables[q]);

		flows += stats->flows;
		packets += stats->packets;
		bytes += stats->bytes;
	}
	if (rte_eth_stats_get(PORT, &port) == 0)
		lost = port.imissed + port.rx_nombuf;
	printf("%" PRIu64 " flows, %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " lost\n",
	       flows, packets, bytes, lost);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = interrupt};
	unsigned int lcore;
	uint16_t queues = 0;

	if (rte_eal_init(argc, argv) < 0 || rte_lcore_count() < 2) {
		fprintf(stderr, "give me EAL options with a port and two lcores or more\n");
		return 2;
	}
	for (; queues < rte_lcore_count() - 1; queues++) {
		pfring_ft_table *table;

		table = pfring_ft_create_table(PFRING_FT_TABLE_FLAGS_DPI, 0, 0, 0, 0);
		if (!table)
			return 1;
		pfring_ft_set_flow_export_callback(table, print_flow, table);
		tables[queues] = table;
	}
	if (start_port(queues)) {
		fprintf(stderr, "port %d does not start with %u queues\n", PORT, queues);
		return 1;
	}
	sigaction(SIGINT, &action, NULL);
	queues = 0;
	RTE_LCORE_FOREACH_WORKER(lcore)
	rte_eal_remote_launch(meter_queue, (void *)(uintptr_t)queues++, lcore);
	while (!interrupted) {
		sleep(1);
		print_sums(queues);
	}
	rte_eal_mp_wait_lcore();
	print_sums(queues);
	for (uint16_t q = 0; q < queues; q++)
		pfring_ft_destroy_table(tables[q]);
	return rte_eth_dev_stop(PORT) || rte_eth_dev_close(PORT) || rte_eal_cleanup();
}
