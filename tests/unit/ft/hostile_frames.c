/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of every kind that a packet callback has to point into, built header by header. */
#include "hostile.h"

#include <assert.h>
#include <string.h>

#include "core/bytes.h"

/* Bytes of an IPv4 packet as tunnels carry it: UDP and "inner". */
#define INNER_IP_LEN (20 + 8 + 5)

#define TCP_PAYLOAD  "GET / HTTP/1.1\r\n\r\n"
#define TCP_LEN	     (sizeof TCP_PAYLOAD - 1)

static struct hostile_frame frames[HOSTILE_FRAMES];
static unsigned int n_frames;

static uint8_t *add_zeros(struct hostile_frame *f, unsigned int n)
{
	uint8_t *at = f->bytes + f->len;

	memset(at, 0, n);
	f->len += n;
	return at;
}

static void add_bytes(struct hostile_frame *f, const char *bytes, unsigned int n)
{
	memcpy(add_zeros(f, n), bytes, n);
}

static void add_eth(struct hostile_frame *f, uint16_t ethertype)
{
	add_bytes(f, "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
	store_be16(add_zeros(f, 2), ethertype);
}

/* Returns where the header begins, for close_ip(). */
static unsigned int add_ip4(struct hostile_frame *f, uint8_t protocol, uint16_t fragment)
{
	unsigned int at = f->len;
	uint8_t *ip = add_zeros(f, 20);

	ip[0] = 0x45;
	store_be16(ip + 4, 77);
	store_be16(ip + 6, fragment);
	ip[8] = 64;
	ip[9] = protocol;
	store_be32(ip + 12, 0x0a000001);
	store_be32(ip + 16, 0x0a000002);
	return at;
}

static unsigned int add_ip6(struct hostile_frame *f, uint8_t next)
{
	unsigned int at = f->len;
	uint8_t *ip = add_zeros(f, 40);

	ip[0] = 0x60;
	ip[6] = next;
	ip[7] = 64;
	ip[8] = ip[24] = 0xfd;
	ip[23] = 1;
	ip[39] = 2;
	return at;
}

/* The packet of the header at `at` ends here. */
static void close_ip(struct hostile_frame *f, unsigned int at)
{
	uint8_t *ip = f->bytes + at;

	if (ip[0] >> 4 == 6)
		store_be16(ip + 4, (uint16_t)(f->len - at - 40));
	else
		store_be16(ip + 2, (uint16_t)(f->len - at));
}

static void add_tcp(struct hostile_frame *f, unsigned int header_len)
{
	uint8_t *t = add_zeros(f, header_len);

	store_be16(t, 40000);
	store_be16(t + 2, 80);
	t[12] = (uint8_t)(header_len / 4 << 4);
	t[13] = 0x18;
}

static void add_udp(struct hostile_frame *f, uint16_t dport, uint16_t payload_len)
{
	uint8_t *u = add_zeros(f, 8);

	store_be16(u, 40000);
	store_be16(u + 2, dport);
	store_be16(u + 4, (uint16_t)(8 + payload_len));
}

static void add_inner(struct hostile_frame *f)
{
	unsigned int ip = add_ip4(f, 17, 0);

	add_udp(f, 5555, 5);
	add_bytes(f, "inner", 5);
	close_ip(f, ip);
}

static struct hostile_frame *frame_begin(const char *name, uint16_t ethertype)
{
	struct hostile_frame *f = &frames[n_frames++];

	assert(n_frames <= HOSTILE_FRAMES);
	*f = (struct hostile_frame){.name = name};
	add_eth(f, ethertype);
	return f;
}

static void frame_views(struct hostile_frame *f, struct hostile_view outer,
			struct hostile_view inner)
{
	f->outer = outer;
	f->inner = inner;
}

static void frame_close(struct hostile_frame *f, unsigned int ip, uint8_t protocol, int payload_len)
{
	struct hostile_view v = {f->bytes[ip] >> 4, protocol, payload_len};

	close_ip(f, ip);
	frame_views(f, v, v);
}

static void make_plain(void)
{
	struct hostile_frame *f = frame_begin("tcp", 0x0800);
	unsigned int ip = add_ip4(f, 6, 0x4000);

	add_tcp(f, 20);
	add_bytes(f, TCP_PAYLOAD, TCP_LEN);
	frame_close(f, ip, 6, TCP_LEN);

	f = frame_begin("tcp options, vlan", 0x8100);
	add_bytes(f, "\0\x05\x08\0", 4);
	ip = add_ip4(f, 6, 0);
	add_tcp(f, 60);
	add_bytes(f, "x", 1);
	frame_close(f, ip, 6, 1);

	f = frame_begin("udp, padded", 0x0800);
	ip = add_ip4(f, 17, 0);
	add_udp(f, 53, 3);
	add_bytes(f, "abc", 3);
	frame_close(f, ip, 17, 3);
	add_zeros(f, 15);

	f = frame_begin("tcp6", 0x86dd);
	ip = add_ip6(f, 6);
	add_tcp(f, 24);
	add_bytes(f, TCP_PAYLOAD, TCP_LEN);
	frame_close(f, ip, 6, TCP_LEN);

	f = frame_begin("udp6 behind options", 0x86dd);
	ip = add_ip6(f, 0);
	add_bytes(f, "\x3c\0\1\4\0\0\0\0\x11\0\1\4\0\0\0\0", 16);
	add_udp(f, 123, 4);
	add_bytes(f, "ntpd", 4);
	frame_close(f, ip, 17, 4);
}

static void make_others(void)
{
	struct hostile_frame *f = frame_begin("icmp", 0x0800);
	unsigned int ip = add_ip4(f, 1, 0);

	add_bytes(f, "\x08\0\0\0\x12\x34\0\1ping", 12);
	frame_close(f, ip, 1, -1);

	f = frame_begin("icmp6", 0x86dd);
	ip = add_ip6(f, 58);
	add_bytes(f, "\x80\0\0\0\x12\x34\0\1ping", 12);
	frame_close(f, ip, 58, -1);

	f = frame_begin("ip options, sctp", 0x0800);
	ip = add_ip4(f, 132, 0);
	f->bytes[ip] = 0x47;
	add_bytes(f, "\x94\x04\0\0\1\1\1\0", 8);
	add_bytes(f, "\x10\0\0\x50\0\0\0\1\0\0\0\0\0\0\0\4", 16);
	frame_close(f, ip, 132, -1);

	f = frame_begin("a protocol without ports", 0x0800);
	ip = add_ip4(f, 89, 0);
	add_zeros(f, 24);
	frame_close(f, ip, 89, -1);

	f = frame_begin("a lone protocol number", 0x0800);
	ip = add_ip4(f, 253, 0);
	frame_close(f, ip, 253, 0);
}

static void make_fragments(void)
{
	struct hostile_frame *f = frame_begin("first fragment", 0x0800);
	unsigned int ip = add_ip4(f, 17, 0x2000);

	add_udp(f, 53, 100);
	add_zeros(f, 16);
	frame_close(f, ip, 17, -1);

	f = frame_begin("later fragment", 0x0800);
	ip = add_ip4(f, 17, 0x2003);
	add_zeros(f, 24);
	frame_close(f, ip, 17, 0);

	f = frame_begin("a fragment of 8 bytes of tcp", 0x0800);
	ip = add_ip4(f, 6, 0x2000);
	add_bytes(f, "\x9c\x40\0\x50\0\0\0\1", 8);
	frame_close(f, ip, 6, 0);

	f = frame_begin("later fragment of ip6", 0x86dd);
	ip = add_ip6(f, 44);
	add_bytes(f, "\x11\0\0\x21\0\0\0\x09", 8);
	add_zeros(f, 16);
	frame_close(f, ip, 17, 0);
}

static void make_tunnels(void)
{
	const struct hostile_view inner = {4, 17, 5};
	struct hostile_frame *f = frame_begin("gre", 0x0800);
	unsigned int ip = add_ip4(f, 47, 0);

	add_bytes(f, "\x20\0\x08\0\0\0\0\7", 8);
	add_inner(f);
	close_ip(f, ip);
	frame_views(f, (struct hostile_view){4, 47, -1}, inner);

	f = frame_begin("vxlan", 0x0800);
	ip = add_ip4(f, 17, 0);
	add_udp(f, 4789, 8 + 14 + INNER_IP_LEN);
	add_bytes(f, "\x08\0\0\0\0\0\7\0", 8);
	add_eth(f, 0x0800);
	add_inner(f);
	close_ip(f, ip);
	frame_views(f, (struct hostile_view){4, 17, 8 + 14 + INNER_IP_LEN}, inner);

	f = frame_begin("gtp", 0x0800);
	ip = add_ip4(f, 17, 0);
	add_udp(f, 2152, 8 + INNER_IP_LEN);
	add_bytes(f, "\x30\xff\0", 3);
	add_bytes(f, "\x21\0\0\0\7", 5);
	add_inner(f);
	close_ip(f, ip);
	frame_views(f, (struct hostile_view){4, 17, 8 + INNER_IP_LEN}, inner);

	f = frame_begin("4in6", 0x86dd);
	ip = add_ip6(f, 4);
	add_inner(f);
	close_ip(f, ip);
	frame_views(f, (struct hostile_view){6, 4, -1}, inner);
}

static void make_lies(void)
{
	struct hostile_frame *f = frame_begin("total length beyond the frame", 0x0800);
	unsigned int ip = add_ip4(f, 6, 0);

	add_tcp(f, 20);
	add_bytes(f, "end", 3);
	frame_close(f, ip, 6, 3);
	store_be16(f->bytes + ip + 2, 1500);

	f = frame_begin("tcp header longer than the packet", 0x0800);
	ip = add_ip4(f, 6, 0);
	add_tcp(f, 20);
	add_bytes(f, "end", 3);
	frame_close(f, ip, 6, 0);
	f->bytes[ip + 20 + 12] = 0xf0;

	f = frame_begin("total length ends inside tcp", 0x0800);
	ip = add_ip4(f, 6, 0);
	add_tcp(f, 20);
	frame_close(f, ip, 6, 0);
	store_be16(f->bytes + ip + 2, 30);

	f = frame_begin("udp length beyond the packet", 0x0800);
	ip = add_ip4(f, 17, 0);
	add_udp(f, 7, 9000);
	add_bytes(f, "end", 3);
	frame_close(f, ip, 17, -1);

	f = frame_begin("tcp of five words of zero", 0x0800);
	ip = add_ip4(f, 6, 0);
	add_zeros(f, 20);
	frame_close(f, ip, 6, 0);
}

const struct hostile_frame *hostile_frames(unsigned int *n)
{
	if (!n_frames) {
		make_plain();
		make_others();
		make_fragments();
		make_tunnels();
		make_lies();
	}
	*n = n_frames;
	return frames;
}
