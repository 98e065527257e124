/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *	pcap_count FILE
 *
 * The loop that reads a capture with libpcap and only counts: no reader of libpcap can be faster.
 * Prints packets and bytes as JSON.
 */
#include <inttypes.h>
#include <stdio.h>

#include <pcap/pcap.h>

struct sums {
	uint64_t packets, bytes;
};

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct sums *s = (struct sums *)(void *)user;

	(void)bytes;
	s->packets++;
	s->bytes += header->len;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct sums s = {0};

	if (argc != 2) {
		fprintf(stderr, "usage: pcap_count FILE\n");
		return 2;
	}
	pcap_t *p =
		pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, error);
	if (!p) {
		fprintf(stderr, "pcap_count: %s\n", error);
		return 1;
	}
	int rc = pcap_loop(p, -1, count, (u_char *)&s);
	pcap_close(p);
	printf("{\"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n", s.packets, s.bytes);
	return rc == 0 ? 0 : 1;
}
