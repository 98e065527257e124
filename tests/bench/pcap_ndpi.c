/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *	pcap_ndpi FILE FLOWS_MAX PACKETS
 *
 * The plain loop over a capture: libpcap reads, and of each flow the first PACKETS packets go to
 *nDPI. Prints what it saw as JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "dpi_plain.h"

static void look(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct packet k = {
		.data = bytes,
		.len = header->caplen,
		.wire_len = header->len,
		/* with nanoseconds in tv_usec */
		.time_ns = (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec,
		.link_type = LINK_ETHERNET,
		.flags = PACKET_WIRE_LEN,
	};

	dpi_plain_packet((struct dpi_plain *)(void *)user, &k);
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct dpi_plain *p;

	if (argc != 4) {
		fprintf(stderr, "usage: pcap_ndpi FILE FLOWS_MAX PACKETS\n");
		return 2;
	}
	pcap_t *file =
		pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, error);
	if (!file) {
		fprintf(stderr, "pcap_ndpi: %s\n", error);
		return 1;
	}
	/* the table's nDPI memory is counted, too */
	dpi_count_allocations();
	if (dpi_plain_open(&p, (uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3])) != 0)
		return 1;
	int rc = pcap_loop(file, -1, look, (u_char *)p);
	dpi_plain_end(p);
	const struct dpi_plain_sums *s = dpi_plain_sums(p);
	printf("{\"packets\": %" PRIu64 ", \"ip_bytes\": %" PRIu64 ", \"flows\": %" PRIu64
	       ", \"detected\": %" PRIu64 ", \"calls\": %" PRIu64 "}\n",
	       s->packets, s->ip_bytes, s->flows, s->detected, s->calls);
	dpi_plain_close(p);
	pcap_close(file);
	return rc == 0 ? 0 : 1;
}
