/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Meters a kernel interface through AF_PACKET, and prints the flows as they end; the rest, and the
 * sums, when it is interrupted. Needs CAP_NET_RAW. The kernel takes VLAN tags off before it hands
 * packets over, so they do not show here.
 *
 *	cc -o ft_af_packet ft_af_packet.c $(pkg-config --cflags --libs libpfring_ft)
 *	./ft_af_packet eth0
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pfring_ft.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS	    32
#define BLOCK_BYTES (1 << 20)
#define POLL_MS	    100

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

/* A socket that sees every packet of the interface. */
static int open_socket(const char *interface)
{
	int version = TPACKET_V3, fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct tpacket_req3 ring = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = 2048,
		.tp_frame_nr = BLOCKS * (BLOCK_BYTES / 2048),
		.tp_retire_blk_tov = POLL_MS,
	};
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	struct packet_mreq promiscuous = {
		.mr_ifindex = address.sll_ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};

	if (fd < 0 || !address.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) ||
	    bind(fd, (struct sockaddr *)&address, sizeof address)) {
		perror(interface);
		return -1;
	}
	return fd;
}

static void meter_block(pfring_ft_table *table, const struct tpacket_block_desc *block)
{
	const char *at = (const char *)block + block->hdr.bh1.offset_to_first_pkt;

	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *packet = (const struct tpacket3_hdr *)at;
		const pfring_ft_pcap_pkthdr header = {
			.ts = {packet->tp_sec, packet->tp_nsec / 1000},
			.caplen = packet->tp_snaplen,
			.len = packet->tp_len,
		};

		pfring_ft_process(table, (const u_char *)at + packet->tp_mac, &header, NULL);
		at += packet->tp_next_offset;
	}
}

/* Blocks belong to the kernel or to us, in turn; without packets, time passes all the same. */
static void meter(pfring_ft_table *table, int fd, char *ring)
{
	struct pollfd waits = {.fd = fd, .events = POLLIN};
	unsigned int turn = 0;

	while (!interrupted) {
		struct tpacket_block_desc *block = (void *)(ring + (size_t)turn * BLOCK_BYTES);
		uint32_t *status = &block->hdr.bh1.block_status;

		if (!(__atomic_load_n(status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
			poll(&waits, 1, POLL_MS);
			pfring_ft_housekeeping(table, (u_int32_t)time(NULL));
			continue;
		}
		meter_block(table, block);
		__atomic_store_n(status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		turn = (turn + 1) % BLOCKS;
	}
}

static void print_flow(pfring_ft_flow *flow, void *user)
{
	const pfring_ft_flow_key *key = pfring_ft_flow_get_key(flow);
	pfring_ft_flow_value *value = pfring_ft_flow_get_value(flow);
	const pfring_ft_flow_dir_value *direction = value->direction;
	char name[64];

	pfring_ft_l7_protocol_name(user, &value->l7_protocol, name, sizeof name);
	printf("flow %" PRIu64 " protocol %u ports %u %u packets %" PRIu64 " bytes %" PRIu64
	       " %s\n",
	       pfring_ft_flow_get_id(flow), key->protocol, key->sport, key->dport,
	       direction[s2d_direction].pkts + direction[d2s_direction].pkts,
	       direction[s2d_direction].bytes + direction[d2s_direction].bytes, name);
	pfring_ft_flow_free(flow);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = interrupt};
	pfring_ft_table *table;
	pfring_ft_stats *stats;
	char *ring;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: %s INTERFACE\n", argv[0]);
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	table = pfring_ft_create_table(PFRING_FT_TABLE_FLAGS_DPI, 0, 0, 0, 0);
	fd = table ? open_socket(argv[1]) : -1;
	if (fd < 0)
		return 1;
	ring = mmap(NULL, (size_t)BLOCKS * BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		return 1;
	pfring_ft_set_flow_export_callback(table, print_flow, table);
	fprintf(stderr, "reading %s; Ctrl-C ends\n", argv[1]);

	meter(table, fd, ring);
	pfring_ft_flush(table);
	stats = pfring_ft_get_stats(table);
	printf("%" PRIu64 " flows, %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " not IP\n",
	       stats->flows, stats->packets, stats->bytes, stats->disc_no_ip);
	pfring_ft_destroy_table(table);
	munmap(ring, (size_t)BLOCKS * BLOCK_BYTES);
	close(fd);
	return 0;
}
