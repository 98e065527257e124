/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints the flows of a capture file, a line each, and their sums.
 *
 *	cc -o ft_pcap ft_pcap.c $(pkg-config --cflags --libs libpfring_ft libpcap)
 *	./ft_pcap trace.pcap
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <pfring_ft.h>
#include <stdio.h>

struct printer {
	pfring_ft_table *table;
	uint64_t records, packets, bytes;
};

static const char *address_text(const pfring_ft_ip_address *address, int version, char *text)
{
	struct in_addr v4 = {htonl(address->v4)};

	if (version == 4)
		return inet_ntop(AF_INET, &v4, text, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, &address->v6, text, INET6_ADDRSTRLEN);
}

static const char *status_text(pfring_ft_flow_status status)
{
	static const char *const texts[] = {
		[PFRING_FT_FLOW_STATUS_ACTIVE] = "active",
		[PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT] = "idle",
		[PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT] = "lifetime",
		[PFRING_FT_FLOW_STATUS_END_DETECTED] = "end",
		[PFRING_FT_FLOW_STATUS_FORCED_END] = "forced",
		[PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT] = "slice",
		[PFRING_FT_FLOW_STATUS_OVERFLOW] = "overflow",
	};

	return texts[status];
}

/* A flow ended: it is ours until we free it. */
static void print_flow(pfring_ft_flow *flow, void *user)
{
	struct printer *printer = user;
	const pfring_ft_flow_key *key = pfring_ft_flow_get_key(flow);
	pfring_ft_flow_value *value = pfring_ft_flow_get_value(flow);
	const pfring_ft_flow_dir_value *there = &value->direction[s2d_direction];
	const pfring_ft_flow_dir_value *back = &value->direction[d2s_direction];
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN], name[64];

	pfring_ft_l7_protocol_name(printer->table, &value->l7_protocol, name, sizeof name);
	printf("%3u %s:%u > %s:%u packets %" PRIu64 "/%" PRIu64 " bytes %" PRIu64 "/%" PRIu64
	       " %s %s\n",
	       key->protocol, address_text(&key->saddr, key->ip_version, from), key->sport,
	       address_text(&key->daddr, key->ip_version, to), key->dport, there->pkts, back->pkts,
	       there->bytes, back->bytes, status_text(value->status), name);
	printer->records++;
	printer->packets += there->pkts + back->pkts;
	printer->bytes += there->bytes + back->bytes;
	pfring_ft_flow_free(flow);
}

/* The packets' own time drives the timeouts. */
static int meter_file(pfring_ft_table *table, pcap_t *file)
{
	struct pcap_pkthdr *from_pcap;
	const u_char *packet;
	int rc;

	while ((rc = pcap_next_ex(file, &from_pcap, &packet)) == 1) {
		const pfring_ft_pcap_pkthdr header = {
			.ts = from_pcap->ts,
			.caplen = from_pcap->caplen,
			.len = from_pcap->len,
		};

		pfring_ft_process(table, packet, &header, NULL);
	}
	pfring_ft_flush(table);
	return rc == PCAP_ERROR_BREAK ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct printer printer = {0};
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *file = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
	int rc;

	if (!file || pcap_datalink(file) != DLT_EN10MB) {
		fprintf(stderr, "usage: %s FILE: a capture file of Ethernet packets\n", argv[0]);
		return 2;
	}
	printer.table = pfring_ft_create_table(PFRING_FT_TABLE_FLAGS_DPI, 0, 0, 0, 0);
	if (!printer.table)
		return 1;
	pfring_ft_set_flow_export_callback(printer.table, print_flow, &printer);

	rc = meter_file(printer.table, file);
	if (rc)
		fprintf(stderr, "%s: %s\n", argv[1], pcap_geterr(file));
	printf("%" PRIu64 " records, %" PRIu64 " packets, %" PRIu64 " bytes\n", printer.records,
	       printer.packets, printer.bytes);
	pfring_ft_destroy_table(printer.table);
	pcap_close(file);
	return rc ? 1 : 0;
}
