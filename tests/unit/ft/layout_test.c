/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs are compiled against these sizes and offsets: they must never move (x86-64, LP64). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "ft/pfring_ft.h"

#define SIZE(type, n)	    _Static_assert(sizeof(type) == (n), #type)
#define AT(type, member, n) _Static_assert(offsetof(type, member) == (n), #type "." #member)

SIZE(pfring_ft_flow_filter, 32);
AT(pfring_ft_flow_filter, match, 8);
AT(pfring_ft_flow_filter, shunt, 16);
AT(pfring_ft_flow_filter, shunt.udp_npkts, 18);
AT(pfring_ft_flow_filter, shunt.protocol_to_npkts, 24);
SIZE(pfring_ft_in6_addr, 16);
SIZE(pfring_ft_iphdr, 20);
SIZE(pfring_ft_ipv6hdr, 40);
SIZE(pfring_ft_tcphdr, 20);
SIZE(pfring_ft_udphdr, 8);
SIZE(pfring_ft_pcap_pkthdr, 24);
AT(pfring_ft_pcap_pkthdr, caplen, offsetof(struct pcap_pkthdr, caplen));
AT(pfring_ft_pcap_pkthdr, len, offsetof(struct pcap_pkthdr, len));
SIZE(pfring_ft_ext_pkthdr, 8);
AT(pfring_ft_ext_pkthdr, device_id, 4);
AT(pfring_ft_ext_pkthdr, port_id, 6);
SIZE(pfring_ft_packet_metadata, 56);
AT(pfring_ft_packet_metadata, direction, 16);
AT(pfring_ft_packet_metadata, vlan_id, 20);
AT(pfring_ft_packet_metadata, l4_proto, 23);
AT(pfring_ft_packet_metadata, payload_len, 24);
AT(pfring_ft_packet_metadata, l3, 32);
AT(pfring_ft_packet_metadata, payload, 48);
SIZE(pfring_ft_ip_address, 16);
SIZE(pfring_ft_ndpi_protocol, 8);
SIZE(pfring_ft_flow_key, 52);
AT(pfring_ft_flow_key, saddr, 12);
AT(pfring_ft_flow_key, daddr, 28);
AT(pfring_ft_flow_key, ip_version, 44);
AT(pfring_ft_flow_key, sport, 46);
AT(pfring_ft_flow_key, vlan_id, 50);
SIZE(pfring_ft_flow_dir_value, 56);
AT(pfring_ft_flow_dir_value, first, 16);
AT(pfring_ft_flow_dir_value, tcp_flags, 48);
AT(pfring_ft_flow_dir_value, device_id, 50);
SIZE(pfring_ft_flow_value, 168);
AT(pfring_ft_flow_value, l7_protocol, 112);
AT(pfring_ft_flow_value, tunnel_id, 124);
AT(pfring_ft_flow_value, l7_metadata, 128);
AT(pfring_ft_flow_value, status, 152);
AT(pfring_ft_flow_value, user, 160);
SIZE(pfring_ft_stats, 64);
SIZE(pfring_ft_export_stats, 12);

/* A header in network order, read through the bit-fields. */
static void test_tcp_bits(void **state)
{
	const uint8_t syn_ack[20] = {0, 80, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12};
	const pfring_ft_tcphdr *t = (const pfring_ft_tcphdr *)syn_ack;

	(void)state;
	assert_int_equal(t->doff, 5);
	assert_int_equal(t->syn, 1);
	assert_int_equal(t->ack, 1);
	assert_int_equal(t->fin | t->rst | t->psh | t->urg, 0);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(FT_API_VERSION, 95);
	assert_int_equal(PFRING_FT_FLOW_STATUS_OVERFLOW, 6);
	assert_int_equal(PFRING_FT_ACTION_SLICE, 5);
	assert_int_equal(PFRING_FT_TABLE_FLAGS_NO_GUESS, 32);
	assert_int_equal(d2s_direction, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_bits),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
