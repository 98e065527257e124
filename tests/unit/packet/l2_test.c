/* SPDX-License-Identifier: BSD-3-Clause */
/* Layer 2: every link type and header that leads to IP, and every reason that does not. */
#include "builder.h"

/* Headers in front of IPv4 that are nothing but bytes: each must lead to the header behind. */
struct prefix {
	const char *what;
	enum link_type link;
	uint32_t n;
	const char *bytes;
	uint16_t vlan_id, vlan_inner_id;
};

#define MACS		"\x02\0\0\0\0\1\x02\0\0\0\0\2"
#define IN(link, bytes) link, sizeof(bytes) - 1, bytes

static const struct prefix prefixes[] = {
	{"ethernet", IN(LINK_ETHERNET, MACS "\x08\x00")},
	{"vlan", IN(LINK_ETHERNET, MACS "\x81\x00\x60\x64\x08\x00"), 100, 0},
	{"priority tag", IN(LINK_ETHERNET, MACS "\x81\x00\xe0\x00\x08\x00"), 0, 0},
	{"qinq", IN(LINK_ETHERNET, MACS "\x88\xa8\x00\x0a\x81\x00\x00\x14\x08\x00"), 10, 20},
	{"9100", IN(LINK_ETHERNET, MACS "\x91\x00\x00\x0a\x92\x00\x00\x14\x08\x00"), 10, 20},
	{"three tags",
	 IN(LINK_ETHERNET, MACS "\x93\x00\x00\x0a\x81\x00\x00\x14\x81\x00\x00\x1e\x08\x00"), 10,
	 20},
	{"mpls", IN(LINK_ETHERNET, MACS "\x88\x47\x00\x01\x01\x40")},
	{"mpls two labels", IN(LINK_ETHERNET, MACS "\x88\x48\x00\x01\x00\x40\x00\x02\x01\x40")},
	{"mpls in vlan", IN(LINK_ETHERNET, MACS "\x81\0\0\x07\x88\x47\x00\x01\x01\x40"), 7, 0},
	{"eompls", IN(LINK_ETHERNET, MACS "\x88\x47\x00\x01\x01\x40" MACS "\x08\x00")},
	{"eompls, control word",
	 IN(LINK_ETHERNET, MACS "\x88\x47\x00\x01\x01\x40\0\0\0\x09" MACS "\x08\x00")},
	{"eompls, inner tag is not ours",
	 IN(LINK_ETHERNET,
	    MACS "\x88\x47\x00\x01\x01\x40\0\0\0\0" MACS "\x81\x00\x00\x05\x08\x00")},
	{"pppoe", IN(LINK_ETHERNET, MACS "\x88\x64\x11\x00\x00\x01\x00\x64\x00\x21")},
	{"pppoe, short protocol", IN(LINK_ETHERNET, MACS "\x88\x64\x11\0\0\1\0\x64\x21")},
	{"pppoe, mpls",
	 IN(LINK_ETHERNET, MACS "\x88\x64\x11\x00\x00\x01\x00\x64\x02\x81\x00\x01\x01\x40")},
	{"snap", IN(LINK_ETHERNET, MACS "\x00\x40\xaa\xaa\x03\x00\x00\x00\x08\x00")},
	{"snap, bridge tunnel", IN(LINK_ETHERNET, MACS "\x00\x40\xaa\xaa\x03\0\0\xf8\x08\x00")},
	{"snap in vlan",
	 IN(LINK_ETHERNET, MACS "\x81\x00\x00\x03\x00\x40\xaa\xaa\x03\0\0\0\x08\x00"), 3, 0},
	{"llc ip", IN(LINK_ETHERNET, MACS "\x00\x40\x06\x06\x03")},
	{"pbb", IN(LINK_ETHERNET, MACS "\x88\xa8\x00\x0a\x88\xe7\0\0\0\1" MACS "\x08\x00"), 10, 0},
	{"trill", IN(LINK_ETHERNET, MACS "\x22\xf3\x00\x04\x00\x01\x00\x02" MACS "\x08\x00")},
	{"trill, options",
	 IN(LINK_ETHERNET, MACS "\x22\xf3\x00\x44\0\1\0\2\xff\xff\xff\xff" MACS "\x08\x00")},
	{"vn-tag", IN(LINK_ETHERNET, MACS "\x89\x26\x00\x01\x00\x02\x08\x00")},
	{"hsr", IN(LINK_ETHERNET, MACS "\x89\x2f\x00\x40\x00\x01\x08\x00")},
	{"cisco metadata", IN(LINK_ETHERNET, MACS "\x89\x09\x01\x01\x00\x01\x00\x05\x08\x00")},
	{"nsh", IN(LINK_ETHERNET, MACS "\x89\x4f\x0f\xc2\x01\x01\x00\x00\x01\xff")},
	{"nsh, metadata",
	 IN(LINK_ETHERNET, MACS "\x89\x4f\x0f\xc6\x01\x03\0\0\1\xff\0\0\0\0\0\0\0\0"
				"\0\0\0\0\0\0\0\0" MACS "\x08\x00")},
	{"teb", IN(LINK_ETHERNET, MACS "\x65\x58" MACS "\x08\x00")},
	{"raw", IN(LINK_RAW_IP, "")},
	{"null, little endian", IN(LINK_NULL, "\x02\0\0\0")},
	{"null, big endian", IN(LINK_NULL, "\0\0\0\x02")},
	{"loop", IN(LINK_LOOP, "\0\0\0\x02")},
	{"sll", IN(LINK_LINUX_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\x00")},
	{"sll, vlan", IN(LINK_LINUX_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x81\x00\x00\x09\x08\x00"), 9,
	 0},
	{"sll, 802.2",
	 IN(LINK_LINUX_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\0\4\xaa\xaa\3\0\0\0\x08\0")},
	{"sll2", IN(LINK_LINUX_SLL2, "\x08\x00\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0")},
	{"ppp", IN(LINK_PPP, "\x00\x21")},
	{"ppp, hdlc", IN(LINK_PPP, "\xff\x03\x00\x21")},
	{"ppp, hdlc, short protocol", IN(LINK_PPP, "\xff\x03\x21")},
	{"cisco hdlc", IN(LINK_PPP, "\x0f\x00\x08\x00")},
	{"cisco hdlc, multicast", IN(LINK_PPP, "\x8f\x00\x08\x00")},
	{"ppp_ether", IN(LINK_PPP_ETHER, "\x11\x00\x00\x01\x00\x64\x00\x21")},
};

static void leads_to_ipv4(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, false);
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		const struct prefix *x = &prefixes[i];
		struct build p = {0};
		build_bytes(&p, x->bytes, x->n);
		build_ipv4_tcp(&p, 5);
		t.link = x->link;
		struct packet *k = bench_run(&t, &p);
		if (k->drop)
			fail_msg("%s: %s", x->what, drop_reason_text(k->drop)->name);
		bench_is_tcp(k, x->n, 5);
		bench_no_note(&t);
		assert_int_equal(k->vlan_id, x->vlan_id);
		assert_int_equal(k->vlan_inner_id, x->vlan_inner_id);
		assert_int_equal(!!(k->flags & PACKET_HAS_MAC), x->link == LINK_ETHERNET);
		assert_ptr_equal(packet_mac(k), x->link == LINK_ETHERNET ? k->data : NULL);
		assert_int_not_equal(packet_symmetric_hash(k->data, k->len, x->link), 0);
	}
	bench_close(&t);
}

/* Each prefix cut anywhere: a named layer-2 reason, and no byte read beyond the cut. */
static void cut_prefix(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, false);
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		const struct prefix *x = &prefixes[i];
		t.link = x->link;
		for (uint32_t n = 0; n < x->n; n++) {
			struct packet *k = bench_parse(&t, (const uint8_t *)x->bytes, n);
			assert_int_not_equal(k->drop, DROP_NONE);
			assert_int_equal(k->drop == DROP_empty, n == 0);
			assert_int_equal(packet_symmetric_hash(k->data, n, x->link), 0);
			bench_no_note(&t);
		}
	}
	bench_close(&t);
}

static const struct prefix prefixes6[] = {
	{"ethernet", IN(LINK_ETHERNET, MACS "\x86\xdd")},
	{"vlan", IN(LINK_ETHERNET, MACS "\x81\x00\x00\x64\x86\xdd"), 100, 0},
	{"mpls", IN(LINK_ETHERNET, MACS "\x88\x47\x00\x00\x21\x40")},
	{"pppoe", IN(LINK_ETHERNET, MACS "\x88\x64\x11\x00\x00\x01\x00\x64\x00\x57")},
	{"nsh", IN(LINK_ETHERNET, MACS "\x89\x4f\x0f\xc2\x01\x02\x00\x00\x01\xff")},
	{"raw", IN(LINK_RAW_IP, "")},
	{"null, linux", IN(LINK_NULL, "\x0a\0\0\0")},
	{"null, netbsd", IN(LINK_NULL, "\x18\0\0\0")},
	{"null, freebsd", IN(LINK_NULL, "\0\0\0\x1c")},
	{"null, darwin", IN(LINK_NULL, "\x1e\0\0\0")},
	{"loop", IN(LINK_LOOP, "\0\0\0\x18")},
	{"sll", IN(LINK_LINUX_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x86\xdd")},
	{"sll2", IN(LINK_LINUX_SLL2, "\x86\xdd\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0")},
	{"ppp", IN(LINK_PPP, "\xff\x03\x00\x57")},
};

static void leads_to_ipv6(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, false);
	for (size_t i = 0; i < sizeof prefixes6 / sizeof *prefixes6; i++) {
		const struct prefix *x = &prefixes6[i];
		struct build p = {0};
		build_bytes(&p, x->bytes, x->n);
		build_ipv6(&p, 17);
		build_udp(&p, 53, 5353);
		build_take(&p, 4);
		t.link = x->link;
		struct packet *k = bench_run(&t, &p);
		assert_int_equal(k->drop, DROP_NONE);
		assert_int_equal(k->ip_version, 6);
		assert_int_equal(k->l3_offset, x->n);
		assert_int_equal(k->payload_len, 4);
		assert_int_equal(k->vlan_id, x->vlan_id);
		assert_int_not_equal(packet_symmetric_hash(k->data, k->len, x->link), 0);
	}
	bench_close(&t);
}

/* Frames that are no IP, each with its reason; 64 bytes follow. */
static const struct {
	enum drop_reason reason;
	enum link_type link;
	uint32_t n;
	const char *bytes;
} refused[] = {
	{DROP_arp, IN(LINK_ETHERNET, MACS "\x08\x06")},
	{DROP_arp, IN(LINK_ETHERNET, MACS "\x80\x35")},
	{DROP_arp, IN(LINK_ETHERNET, MACS "\x81\0\0\5\x08\x06")},
	{DROP_arp, IN(LINK_LINUX_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\x06")},
	{DROP_llc, IN(LINK_ETHERNET, MACS "\0\x26\x42\x42\x03")},
	{DROP_llc, IN(LINK_ETHERNET, MACS "\0\x26\xfe\xfe\x03")},
	{DROP_llc, IN(LINK_ETHERNET, MACS "\0\x26\xff\xff\xff")},
	{DROP_llc, IN(LINK_ETHERNET, MACS "\0\x26\xaa\xaa\x03\x00\x00\x0c\x20\x00")},
	{DROP_llc, IN(LINK_ETHERNET, MACS "\0\x26\xaa\xaa\x03\x00\x00\x00\x00\x40")},
	{DROP_llc, IN(LINK_LINUX_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\0\1")},
	{DROP_unsupported_ethertype, IN(LINK_ETHERNET, MACS "\x88\xcc")},
	{DROP_unsupported_ethertype, IN(LINK_ETHERNET, MACS "\x05\xdd")},
	{DROP_unsupported_ethertype, IN(LINK_ETHERNET, MACS "\x89\x4f\x0f\xc2\x01\x09\0\0\1\xff")},
	{DROP_unsupported_ethertype, IN(LINK_ETHERNET, MACS "\x89\x4f\x0f\xc1\x01\x01\0\0\1\xff")},
	{DROP_unsupported_ethertype, IN(LINK_LINUX_SLL, "\0\0\1\x18\0\6\2\0\0\0\0\1\0\0\0\x0c")},
	{DROP_unsupported_link, IN(LINK_NULL, "\x07\0\0\0")},
	{DROP_unsupported_link, IN(LINK_N, "")},
	{DROP_unsupported_link, IN(LINK_LINUX_SLL, "\0\4\3\x38\0\0\0\0\0\0\0\0\0\0\x08\x00")},
	{DROP_mpls_not_ip, IN(LINK_ETHERNET, MACS "\x88\x47\x00\x00\xd1\x40\x10\x00\x00\x07")},
	{DROP_mpls_not_ip, IN(LINK_ETHERNET, MACS "\x88\x47\x00\x01\x01\x40\x00\x00\x00\x00")},
	{DROP_arp, IN(LINK_ETHERNET, MACS "\x88\x47\x00\x01\x01\x40\0\0\0\0" MACS "\x08\x06")},
	{DROP_pppoe_discovery, IN(LINK_ETHERNET, MACS "\x88\x63\x11\x09")},
	{DROP_ppp_not_ip, IN(LINK_ETHERNET, MACS "\x88\x64\x11\0\0\1\0\x64\xc0\x21")},
	{DROP_ppp_not_ip, IN(LINK_PPP, "\xff\x03\x80\x21")},
	{DROP_bad_ip_version, IN(LINK_RAW_IP, "\x50")},
	{DROP_bad_ip_version, IN(LINK_ETHERNET, MACS "\x08\x00\x65")},
	{DROP_bad_ip_version, IN(LINK_ETHERNET, MACS "\x86\xdd\x45")},
	{DROP_bad_ip_header, IN(LINK_ETHERNET, MACS "\x08\x00\x44")},
	{DROP_bad_ip_header, IN(LINK_RAW_IP, "\x40")},
};

static void names_its_reason(void **state)
{
	static const uint8_t zeros[64];
	struct bench t;

	(void)state;
	bench_open(&t, true);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct build p = {0};
		build_bytes(&p, refused[i].bytes, refused[i].n);
		build_bytes(&p, zeros, sizeof zeros);
		t.link = refused[i].link;
		struct packet *k = bench_run(&t, &p);
		if (k->drop != refused[i].reason)
			fail_msg("row %zu: %s", i, drop_reason_text(k->drop)->name);
		bench_no_note(&t);
		assert_int_equal(packet_symmetric_hash(k->data, k->len, t.link), 0);
	}
	bench_close(&t);
}

static void depths_are_bounded(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, false);
	for (int n = 1; n <= VLAN_DEPTH_MAX + 1; n++) {
		struct build p = {0};
		build_ethernet(&p, 0x8100);
		for (int i = 0; i < n; i++)
			build_vlan(&p, (uint16_t)(100 + i), i + 1 < n ? 0x8100 : 0x0800);
		build_ipv4_tcp(&p, 0);
		struct packet *k = bench_run(&t, &p);
		assert_int_equal(k->drop, n <= VLAN_DEPTH_MAX ? DROP_NONE : DROP_vlan_depth);
	}
	for (int n = 1; n <= MPLS_DEPTH_MAX + 1; n++) {
		struct build p = {0};
		build_ethernet(&p, 0x8847);
		for (int i = 0; i < n; i++)
			build_mpls(&p, 100, i + 1 == n);
		build_ipv4_tcp(&p, 0);
		struct packet *k = bench_run(&t, &p);
		assert_int_equal(k->drop, n <= MPLS_DEPTH_MAX ? DROP_NONE : DROP_mpls_depth);
		assert_int_equal(packet_symmetric_hash(k->data, k->len, t.link) != 0, !k->drop);
	}
	/* each frame takes two steps; the distributor gives up where the parser does */
	for (int n = 1; n <= L2_HEADERS_MAX; n++) {
		struct build p = {0};
		for (int i = 1; i < n; i++)
			build_ethernet(&p, 0x6558);
		build_ethernet(&p, 0x0800);
		build_ipv4_tcp(&p, 0);
		struct packet *k = bench_run(&t, &p);
		bool ok = n <= L2_HEADERS_MAX / 2;
		assert_int_equal(k->drop, ok ? DROP_NONE : DROP_vlan_depth);
		assert_int_equal(packet_symmetric_hash(k->data, k->len, t.link) != 0, ok);
	}
	bench_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads_to_ipv4),      cmocka_unit_test(cut_prefix),
		cmocka_unit_test(leads_to_ipv6),      cmocka_unit_test(names_its_reason),
		cmocka_unit_test(depths_are_bounded),
	};

	return cmocka_run_group_tests_name("packet/l2", tests, NULL, NULL);
}
