/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels: each header, and the outer view where one is broken, cut, lying or not ours to open. */
#include "builder.h"

#define MACS	     "\x02\0\0\0\0\1\x02\0\0\0\0\2"
#define BYTES(bytes) sizeof(bytes) - 1, bytes
/* 802.11 data header without its control field: duration, three addresses, sequence */
#define WLAN "\0\0\2\0\0\0\0\1\2\0\0\0\0\2\2\0\0\0\0\3\0\0"
#define SNAP "\xaa\xaa\3\0\0\0\x08\0"

/* What stands between an outer IP header (and UDP with these ports) and 45 bytes of inner IPv4. */
struct row {
	const char *what;
	enum tunnel_type type;
	uint32_t id;
	uint8_t protocol;
	uint16_t src, dst;
	uint32_t n;
	const char *bytes;
};

static const struct row tunnels[] = {
	{"gre", TUNNEL_GRE, 0, 47, 0, 0, BYTES("\0\0\x08\0")},
	{"gre key", TUNNEL_GRE, 0xab, 47, 0, 0, BYTES("\x20\0\x08\0\0\0\0\xab")},
	{"gre all", TUNNEL_GRE, 7, 47, 0, 0, BYTES("\xb0\0\x08\0\1\2\0\0\0\0\0\7\0\0\0\1")},
	{"gre routes", TUNNEL_GRE, 0, 47, 0, 0,
	 BYTES("\x40\0\x08\0\1\2\0\0\x08\0\0\4\x0a\0\0\1\0\0\0\0")},
	{"gre ethernet", TUNNEL_GRE, 0, 47, 0, 0, BYTES("\0\0\x65\x58" MACS "\x08\0")},
	{"gre ethernet vlan", TUNNEL_GRE, 0, 47, 0, 0,
	 BYTES("\0\0\x65\x58" MACS "\x81\0\0\7\x08\0")},
	{"gre mpls", TUNNEL_GRE, 0, 47, 0, 0, BYTES("\0\0\x88\x47\0\1\1\x40")},
	{"gre pptp", TUNNEL_GRE, 0x1234, 47, 0, 0,
	 BYTES("\x30\1\x88\x0b\0\x31\x12\x34\0\0\0\1\xff\3\0\x21")},
	{"gre pptp ack", TUNNEL_GRE, 0x1234, 47, 0, 0,
	 BYTES("\x30\x81\x88\x0b\0\x2e\x12\x34\0\0\0\1\0\0\0\1\x21")},
	{"erspan 1", TUNNEL_ERSPAN2, 0, 47, 0, 0, BYTES("\0\0\x88\xbe" MACS "\x08\0")},
	{"erspan 2", TUNNEL_ERSPAN2, 0x123, 47, 0, 0,
	 BYTES("\x10\0\x88\xbe\0\0\0\1\x10\x05\x11\x23\0\0\0\0" MACS "\x08\0")},
	{"erspan 3", TUNNEL_ERSPAN3, 0x2ff, 47, 0, 0,
	 BYTES("\x10\0\x22\xeb\0\0\0\1\x20\x05\x12\xff\0\0\0\0\0\0\0\0" MACS "\x08\0")},
	{"erspan 3 sub", TUNNEL_ERSPAN3, 1, 47, 0, 0,
	 BYTES("\x10\0\x22\xeb\0\0\0\1\x20\5\0\1\0\0\0\0\0\0\0\1\1\2\3\4\5\6\7\x08" MACS "\x08\0")},
	{"ipip", TUNNEL_IPIP, 0, 4, 0, 0, BYTES("")},
	{"vxlan", TUNNEL_VXLAN, 0x123456, 17, 1, 4789,
	 BYTES("\x08\0\0\0\x12\x34\x56\0" MACS "\x08\0")},
	{"vxlan 8472", TUNNEL_VXLAN, 1, 17, 1, 8472, BYTES("\x08\0\0\0\0\0\1\0" MACS "\x08\0")},
	{"vxlan vlan", TUNNEL_VXLAN, 1, 17, 1, 4789,
	 BYTES("\x08\0\0\0\0\0\1\0" MACS "\x81\0\0\7\x08\0")},
	{"gpe ip", TUNNEL_VXLAN_GPE, 5, 17, 1, 4790, BYTES("\x0c\0\0\1\0\0\5\0")},
	{"gpe ethernet", TUNNEL_VXLAN_GPE, 5, 17, 1, 4790,
	 BYTES("\x0c\0\0\3\0\0\5\0" MACS "\x08\0")},
	{"gpe no type", TUNNEL_VXLAN_GPE, 5, 17, 1, 4790,
	 BYTES("\x08\0\0\0\0\0\5\0" MACS "\x08\0")},
	{"gpe nsh", TUNNEL_VXLAN_GPE, 5, 17, 1, 4790,
	 BYTES("\x0c\0\0\4\0\0\5\0\x0f\xc2\1\1\0\0\1\xff")},
	{"gpe mpls", TUNNEL_VXLAN_GPE, 5, 17, 1, 4790, BYTES("\x0c\0\0\5\0\0\5\0\0\1\1\x40")},
	{"geneve", TUNNEL_GENEVE, 0xabcdef, 17, 1, 6081,
	 BYTES("\0\0\x65\x58\xab\xcd\xef\0" MACS "\x08\0")},
	{"geneve options", TUNNEL_GENEVE, 9, 17, 1, 6081,
	 BYTES("\2\x40\x08\0\0\0\x09\0\1\2\3\1\4\5\6\7")},
	{"gtpu", TUNNEL_GTPU, 0xdeadbeef, 17, 1, 2152, BYTES("\x30\xff\0\x2d\xde\xad\xbe\xef")},
	{"gtpu sequence", TUNNEL_GTPU, 1, 17, 1, 2152, BYTES("\x32\xff\0\x31\0\0\0\1\0\1\0\0")},
	{"gtpu extensions", TUNNEL_GTPU, 1, 17, 1, 2152,
	 BYTES("\x34\xff\0\x3d\0\0\0\1\0\0\0\x85\1\x10\1\xc0\2\0\0\0\0\0\0\0")},
	{"l2tp 2", TUNNEL_L2TP, 0x00050007, 17, 1701, 1, BYTES("\0\2\0\5\0\7\xff\3\0\x21")},
	{"l2tp 2 all", TUNNEL_L2TP, 0x00050007, 17, 1, 1701,
	 BYTES("\x4a\2\0\x3f\0\5\0\7\0\0\0\0\0\2\0\0\0\x21")},
	{"l2tp 3 udp", TUNNEL_L2TP, 0x77, 17, 1701, 1701,
	 BYTES("\0\3\0\0\0\0\0\x77" MACS "\x08\0")},
	{"l2tp 3", TUNNEL_L2TP, 0x77, 115, 0, 0, BYTES("\0\0\0\x77" MACS "\x08\0")},
	{"l2tp 3 cookie 4", TUNNEL_L2TP, 0x77, 115, 0, 0,
	 BYTES("\0\0\0\x77\1\2\3\4" MACS "\x08\0")},
	{"l2tp 3 cookie 8, sublayer", TUNNEL_L2TP, 0x77, 115, 0, 0,
	 BYTES("\0\0\0\x77\1\2\3\4\5\6\7\x08\0\0\0\0" MACS "\x08\0")},
	{"capwap", TUNNEL_CAPWAP, 0, 17, 5247, 1, BYTES("\0\x10\0\0\0\0\0\0" MACS "\x08\0")},
	{"capwap 802.11", TUNNEL_CAPWAP, 0, 17, 1, 5247,
	 BYTES("\0\x10\3\0\0\0\0\0\x08\1" WLAN SNAP)},
	{"capwap 802.11 swapped", TUNNEL_CAPWAP, 0, 17, 1, 5247,
	 BYTES("\0\x10\3\0\0\0\0\0\1\x08" WLAN SNAP)},
	{"capwap 802.11 qos", TUNNEL_CAPWAP, 0, 17, 1, 5247,
	 BYTES("\0\x10\3\0\0\0\0\0\x88\2" WLAN "\0\0" SNAP)},
	{"capwap 802.11 qos, bridge, ht", TUNNEL_CAPWAP, 0, 17, 1, 5247,
	 BYTES("\0\x10\3\0\0\0\0\0\x88\x83" WLAN "\2\0\0\0\0\4\0\0\0\0\0\0" SNAP)},
	{"capwap radio mac", TUNNEL_CAPWAP, 0, 17, 1, 5247,
	 BYTES("\0\x20\0\x10\0\0\0\0\6\2\0\0\0\0\1\0" MACS "\x08\0")},
};

/* The outer headers of a row: IPv4 or IPv6 from 10.9.9.9 or fd00::1. */
static uint32_t outer(struct build *p, const struct row *x, bool v6)
{
	if (v6)
		build_ipv6(p, x->protocol);
	else
		build_ipv4(p, x->protocol)[13] = 9;
	if (x->protocol == 17)
		build_udp(p, x->src, x->dst);
	build_bytes(p, x->bytes, x->n);
	return p->n;
}

static void each_header(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, true);
	for (size_t i = 0; i < 2 * (sizeof tunnels / sizeof *tunnels); i++) {
		const struct row *x = &tunnels[i / 2];
		struct build p = {0};
		build_ethernet(&p, 0x8100);
		build_vlan(&p, 42, i & 1 ? 0x86dd : 0x0800);
		uint32_t l3 = outer(&p, x, i & 1);
		build_ipv4_tcp(&p, 5);
		struct packet *k = bench_run(&t, &p);
		if (k->tunnel_type != x->type)
			fail_msg("%s: %s", x->what, tunnel_type_name(k->tunnel_type));
		bench_no_note(&t);
		bench_is_tcp(k, l3, 5);
		assert_true(k->flags & PACKET_TUNNELLED);
		assert_int_equal(k->tunnel_id, x->id);
		assert_int_equal(k->outer_l3_offset, 18);
		assert_int_equal(k->vlan_id, 42);
		assert_int_equal(k->vlan_inner_id, 0);
		assert_ptr_equal(packet_mac(k), k->data);
	}
	bench_close(&t);
}

/* The outer view of a packet: what a parser that does not look into tunnels says. */
static void check_outer(const struct bench *t, const struct packet *k)
{
	struct bench plain;

	bench_open(&plain, false);
	plain.link = t->link;
	plain.wire_more = t->wire_more;
	struct packet *o = bench_parse(&plain, k->data, k->len);
	struct packet same = *o;
	/* member by member, for padding may differ */
	assert_int_equal(k->mac_offset, same.mac_offset);
	assert_int_equal(k->flags, same.flags);
	assert_int_equal(k->ip_version, same.ip_version);
	assert_int_equal(k->protocol, same.protocol);
	assert_int_equal(k->l3_offset, same.l3_offset);
	assert_int_equal(k->l4_offset, same.l4_offset);
	assert_int_equal(k->payload_offset, same.payload_offset);
	assert_int_equal(k->payload_len, same.payload_len);
	assert_int_equal(k->l3_len, same.l3_len);
	assert_int_equal(k->src_port, same.src_port);
	assert_int_equal(k->dst_port, same.dst_port);
	assert_int_equal(k->tcp_flags, same.tcp_flags);
	assert_int_equal(k->icmp_type, same.icmp_type);
	assert_int_equal(k->icmp_id, same.icmp_id);
	assert_int_equal(k->ip_tos, same.ip_tos);
	assert_int_equal(k->ip_ttl, same.ip_ttl);
	assert_int_equal(k->tunnel_type, TUNNEL_NONE);
	assert_int_equal(k->tunnel_id, 0);
	bench_close(&plain);
}

/* Cut anywhere before the end of the inner header: the outer view; after it: the inner one. */
static void each_header_cut(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	for (size_t i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
		struct build p = {0};
		uint32_t l3 = outer(&p, &tunnels[i], false);
		build_ipv4_tcp(&p, 5);
		build_done(&p);
		for (uint32_t n = 20; n <= p.n; n++) {
			t.wire_more = p.n - n;
			struct packet *k = bench_parse(&t, p.b, n);
			assert_int_equal(k->drop, DROP_NONE);
			assert_int_equal(t.notes[NOTE_cut], n < p.n);
			if (n < l3 + 20) {
				check_outer(&t, k);
				continue;
			}
			assert_int_equal(k->tunnel_type, tunnels[i].type);
			assert_int_equal(k->l3_len, 45);
			assert_int_equal(t.notes[NOTE_bad_tunnel], 0);
			assert_int_equal(t.notes[NOTE_truncated_l4], n < l3 + 40);
		}
	}
	bench_close(&t);
}

/* An inner IP length that its tunnel has no room for, and one below its header. */
static void inner_length_lies(void **state)
{
	static const uint16_t lies[] = {46, 1500, 65535, 19, 1};
	struct bench t;

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	for (size_t i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
		struct build p = {0};
		uint32_t l3 = outer(&p, &tunnels[i], false);
		build_ipv4_tcp(&p, 5);
		build_done(&p);
		bool guessed = tunnels[i].type == TUNNEL_L2TP && tunnels[i].id == 0x77;
		for (size_t j = 0; j < sizeof lies / sizeof *lies; j++) {
			store_be16(p.b + l3 + 2, lies[j]);
			struct packet *k = bench_parse(&t, p.b, p.n);
			check_outer(&t, k);
			bench_only_note(&t, guessed ? NOTE_N : NOTE_bad_tunnel);
		}
		store_be16(p.b + l3 + 2, 44); /* shorter is allowed: padding */
		assert_int_equal(bench_parse(&t, p.b, p.n)->l3_len, 44);
	}
	bench_close(&t);
}

/* What is no IP inside stays outside, without a note; what is broken gets one. */
static const struct {
	bool broken;
	uint8_t protocol;
	uint16_t src, dst;
	uint32_t n;
	const char *bytes;
} left_alone[] = {
	{false, 47, 0, 0, BYTES("\0\0\0\0")},			      /* GRE keepalive */
	{false, 47, 0, 0, BYTES("\0\0\x20\1")},			      /* NHRP */
	{false, 47, 0, 0, BYTES("\0\0\x65\x58" MACS "\x08\6")},	      /* ARP */
	{false, 47, 0, 0, BYTES("\x20\x81\x88\x0b\0\0\0\1\0\0\0\1")}, /* PPTP acknowledgment */
	{false, 47, 0, 0, BYTES("\x30\1\x88\x0b\0\x2a\0\1\0\0\0\1\xff\3\xc0\x21")}, /* LCP */
	{true, 47, 0, 0, BYTES("\0\2\x08\0")},					    /* version 2 */
	{true, 47, 0, 0, BYTES("\x30\1\x08\0\0\x2d\0\1\0\0\0\1")}, /* version 1 without PPP */
	{true, 47, 0, 0, BYTES("\x30\1\x88\x0b\xff\xff\0\1\0\0\0\1")},
	{true, 47, 0, 0, BYTES("\x10\0\x88\xbe\0\0\0\1\x20\5\0\1\0\0\0\0" MACS "\x08\0")},
	{true, 47, 0, 0, BYTES("\x10\0\x22\xeb\0\0\0\1\x10\5\0\1\0\0\0\0\0\0\0\0" MACS "\x08\0")},
	{true, 47, 0, 0, BYTES("\0\0\x86\xdd")}, /* announced as IPv6, is not */
	{true, 41, 0, 0, BYTES("")},
	{true, 4, 0, 0, BYTES("\x60\0\0\0")},
	{false, 17, 1, 4789, BYTES("\x08\0\0\0\0\0\1\0" MACS "\x08\6")},
	{false, 17, 1, 4789, BYTES("\x08\0\0\0\0\0\1\0" MACS "\0\x26\x42\x42\3")},
	{true, 17, 1, 4789, BYTES("\0\0\0\0\0\0\1\0" MACS "\x08\0")},
	{true, 17, 1, 4790, BYTES("\x1c\0\0\1\0\0\5\0")},
	{false, 17, 1, 4790, BYTES("\x0d\0\0\1\0\0\5\0")},
	{false, 17, 1, 4790, BYTES("\x0c\0\0\x77\0\0\5\0")},
	{true, 17, 1, 6081, BYTES("\x40\0\x08\0\0\0\x09\0")},
	{false, 17, 1, 6081, BYTES("\0\x80\x08\0\0\0\x09\0")},
	{false, 17, 1, 6081, BYTES("\0\0\x88\xcc\0\0\x09\0")},
	{true, 17, 1, 6081, BYTES("\x3f\0\x08\0\0\0\x09\0")},
	{false, 17, 1, 2152, BYTES("\x32\1\0\4\0\0\0\0\0\1\0\0")}, /* echo request */
	{true, 17, 1, 2152, BYTES("\x50\xff\0\x2d\0\0\0\0")},
	{true, 17, 1, 2152, BYTES("\x30\xff\1\0\0\0\0\1")},
	{true, 17, 1, 2152, BYTES("\x34\xff\0\x31\0\0\0\1\0\0\0\x85\0\0\0\0")},
	{true, 17, 1, 2152, BYTES("\x34\xff\0\x31\0\0\0\1\0\0\0\x85\x40\0\0\0")},
	{false, 17, 1, 1701, BYTES("\xc8\2\0\x0c\0\5\0\0\0\0\0\0")}, /* control */
	{false, 17, 1, 1701, BYTES("\0\1\0\5")},		     /* L2F */
	{true, 17, 1, 1701, BYTES("\0\7\0\5")},
	{true, 17, 1, 1701, BYTES("\x40\2\xff\xff\0\5\0\7\xff\3\0\x21")},
	{false, 17, 1, 1701, BYTES("\xc8\3\0\x0c\0\0\0\0")}, /* control of version 3 */
	{false, 115, 0, 0, BYTES("\0\0\0\0\xc8\3\0\x0c")},
	{false, 115, 0, 0, BYTES("\0\0\0\x77")},
	{false, 17, 1, 5247, BYTES("\1\0\0\0\x16\xfe\xff")},		       /* DTLS */
	{false, 17, 1, 5247, BYTES("\0\x10\0\x08\0\0\0\0\0\0\0\x23")},	       /* keepalive */
	{false, 17, 1, 5247, BYTES("\0\x10\0\x80\0\1\0\0" MACS "\x08\0")},     /* a fragment */
	{false, 17, 1, 5247, BYTES("\0\x10\5\0\0\0\0\0" MACS "\x08\0")},       /* not 802.11 */
	{false, 17, 1, 5247, BYTES("\0\x10\3\0\0\0\0\0\x80\0" WLAN)},	       /* beacon */
	{false, 17, 1, 5247, BYTES("\0\x10\3\0\0\0\0\0\x08\x41" WLAN SNAP)},   /* encrypted */
	{false, 17, 1, 5247, BYTES("\0\x10\3\0\0\0\0\0\x48\1" WLAN)},	       /* no data */
	{false, 17, 1, 5247, BYTES("\0\x10\3\0\0\0\0\0\x88\1" WLAN "\x80\0")}, /* A-MSDU */
	{true, 17, 1, 5247, BYTES("\0\0\0\0\0\0\0\0")},
	{true, 17, 1, 5247, BYTES("\x10\x10\0\0\0\0\0\0")},
	{true, 17, 1, 3544, BYTES("\0\7\0\0")},
	{true, 17, 1, 3544, BYTES("\0\1\xff\xff")},
};

static void outer_view(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	for (size_t i = 0; i < sizeof left_alone / sizeof *left_alone; i++) {
		struct build p = {0};
		const struct row x = {
			.protocol = left_alone[i].protocol,
			.src = left_alone[i].src,
			.dst = left_alone[i].dst,
			.n = left_alone[i].n,
			.bytes = left_alone[i].bytes,
		};
		outer(&p, &x, false);
		build_ipv4_tcp(&p, 5);
		struct packet *k = bench_run(&t, &p);
		check_outer(&t, k);
		if (t.notes[NOTE_bad_tunnel] != left_alone[i].broken)
			fail_msg("row %zu", i);
		bench_only_note(&t, left_alone[i].broken ? NOTE_bad_tunnel : NOTE_N);
	}
	bench_close(&t);
}

static void ipv6_inside(void **state)
{
	static const struct row rows[] = {
		{"6in4", TUNNEL_IPIP, 0, 41, 0, 0, BYTES("")},
		{"gre", TUNNEL_GRE, 0, 47, 0, 0, BYTES("\0\0\x86\xdd")},
		{"gtpu", TUNNEL_GTPU, 1, 17, 1, 2152, BYTES("\x30\xff\0\x34\0\0\0\1")},
		{"l2tp 3", TUNNEL_L2TP, 7, 115, 0, 0, BYTES("\0\0\0\7\1\2\3\4" MACS "\x86\xdd")},
		{"teredo", TUNNEL_TEREDO, 0, 17, 3544, 9999, BYTES("")},
		{"teredo origin", TUNNEL_TEREDO, 0, 17, 9999, 3544, BYTES("\0\0\1\2\3\4\5\6")},
		{"teredo authentication", TUNNEL_TEREDO, 0, 17, 9999, 3544,
		 BYTES("\0\1\2\3\1\2\3\4\5\1\2\3\4\5\6\7\x08\0\0\0\1\2\3\4\5\6")},
	};
	struct bench t;

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
		struct build p = {0};
		uint32_t l3 = outer(&p, &rows[i / 2], i & 1);
		build_ipv6(&p, 17);
		build_udp(&p, 5, 6);
		build_take(&p, 4);
		struct packet *k = bench_run(&t, &p);
		bench_no_note(&t);
		assert_int_equal(k->tunnel_type, rows[i / 2].type);
		assert_int_equal(k->ip_version, 6);
		assert_int_equal(k->l3_offset, l3);
		assert_int_equal(k->dst_port, 6);
		assert_int_equal(k->payload_len, 4);
	}
	bench_close(&t);
}

/* Source routes that never end are given up. */
static void endless_routes(void **state)
{
	struct bench t;
	struct build p = {0};

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	build_ipv4(&p, 47);
	build_be32(&p, 0x40000800);
	build_be32(&p, 0);
	for (int i = 0; i < L2_HEADERS_MAX; i++)
		build_be32(&p, 0x08000000);
	build_be32(&p, 0);
	build_ipv4_tcp(&p, 5);
	check_outer(&t, bench_run(&t, &p));
	bench_only_note(&t, NOTE_bad_tunnel);
	bench_close(&t);
}

/* Pieces of a tunnel packet stay together outside; pieces inside a tunnel find their ports. */
static void fragments_and_tunnels(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, true);
	t.link = LINK_RAW_IP;
	for (uint16_t i = 0; i < 2; i++) {
		struct build p = {0}, q = {0};
		store_be16(build_ipv4(&p, 47) + 6, i ? 8 : 0x2000);
		build_be32(&p, 0x00000800);
		build_ipv4_tcp(&p, 36);
		struct packet *k = bench_run(&t, &p);
		check_outer(&t, k);
		bench_only_note(&t, NOTE_fragments);

		build_ipv4(&q, 47);
		build_be32(&q, 0x00000800);
		store_be16(build_ipv4(&q, 17) + 6, i ? 8 : 0x2000);
		build_bytes(&q, "\0\7\0\x09\1\0\0\0", 8);
		build_take(&q, 56);
		k = bench_run(&t, &q);
		bench_only_note(&t, NOTE_fragments);
		assert_int_equal(k->tunnel_type, TUNNEL_GRE);
		assert_int_equal(k->dst_port, 9);
	}
	bench_close(&t);
}

static void off_means_off(void **state)
{
	struct bench t;

	(void)state;
	bench_open(&t, false);
	t.link = LINK_RAW_IP;
	for (size_t i = 0; i < sizeof tunnels / sizeof *tunnels; i++) {
		struct build p = {0};
		outer(&p, &tunnels[i], false);
		build_ipv4_tcp(&p, 5);
		struct packet *k = bench_run(&t, &p);
		bench_no_note(&t);
		assert_int_equal(k->protocol, tunnels[i].protocol);
		assert_int_equal(k->l3_offset, 0);
		assert_int_equal(k->tunnel_type, TUNNEL_NONE);
	}
	bench_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_header),		 cmocka_unit_test(each_header_cut),
		cmocka_unit_test(inner_length_lies),	 cmocka_unit_test(outer_view),
		cmocka_unit_test(ipv6_inside),		 cmocka_unit_test(endless_routes),
		cmocka_unit_test(fragments_and_tunnels), cmocka_unit_test(off_means_off),
	};

	return cmocka_run_group_tests_name("packet/tunnel", tests, NULL, NULL);
}
