/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The block heads of a pcapng file (draft-ietf-opsawg-pcapng), read in passing: sections for the
 * byte order, interfaces for the link type, packets for the interface. Damage is left to libpcap to
 * name: a head that makes no sense ends the watching, and the bytes go on unchanged.
 */
#include "pcapng_links.h"

#include <stdlib.h>
#include <string.h>

#include "core/limits.h"

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2,
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

#define BYTE_ORDER_MAGIC  0x1a2b3c4dU
#define LINKTYPE_ETHERNET 1
/* Type, length and four bytes more: the shortest block, and all that is needed of most. */
#define HEAD_BYTES 12
/* An interface block has its snap length after that, and is never shorter than 20. */
#define INTERFACE_HEAD_BYTES 16
#define INTERFACE_BLOCK_MIN  20
/* The shortest block with a packet in it is an empty Simple Packet Block. */
#define PACKET_BLOCK_MIN 16
/* Packets between here and libpcap: what fits the bytes read ahead, and the one being read. */
#define PACKETS_AHEAD (2 * PCAPNG_AHEAD_BYTES / PACKET_BLOCK_MIN)

/* Link types remembered to judge a file by; all that there are would be some 300. */
#define TYPES_MAX 32

_Static_assert((PACKETS_AHEAD & (PACKETS_AHEAD - 1)) == 0, "indexes are masked");

struct interface {
	uint32_t snaplen;
	uint16_t linktype;
};

struct pcapng_links {
	uint8_t head[INTERFACE_HEAD_BYTES];
	unsigned int head_at, head_len; /* head bytes to hand out, of those read */
	uint32_t body;			/* bytes of the block after its head, to hand out */
	bool swapped;
	bool lost;		   /* not pcapng any more: what follows passes unseen */
	bool overflow;		   /* more interfaces than the bound */
	unsigned int n_interfaces; /* of this section */
	unsigned int n_types;
	uint16_t types[TYPES_MAX]; /* of all interfaces, each once */
	uint32_t taken, put;	   /* ends of the queue of packets */
	struct pcapng_packet packets[PACKETS_AHEAD];
	struct interface interfaces[PCAPNG_INTERFACES_MAX];
};

struct pcapng_links *pcapng_links_create(void)
{
	return calloc(1, sizeof(struct pcapng_links));
}

void pcapng_links_destroy(struct pcapng_links *l)
{
	free(l);
}

static uint32_t get32(const struct pcapng_links *l, unsigned int at)
{
	uint32_t v;

	memcpy(&v, l->head + at, sizeof v);
	return l->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t get16(const struct pcapng_links *l, unsigned int at)
{
	uint16_t v;

	memcpy(&v, l->head + at, sizeof v);
	return l->swapped ? __builtin_bswap16(v) : v;
}

static void set32(struct pcapng_links *l, unsigned int at, uint32_t v)
{
	v = l->swapped ? __builtin_bswap32(v) : v;
	memcpy(l->head + at, &v, sizeof v);
}

static void set16(struct pcapng_links *l, unsigned int at, uint16_t v)
{
	v = l->swapped ? __builtin_bswap16(v) : v;
	memcpy(l->head + at, &v, sizeof v);
}

/* Sections in both byte orders in one file are refused by libpcap, so the first one decides. */
static void see_section(struct pcapng_links *l, bool first)
{
	uint32_t magic;

	memcpy(&magic, l->head + 8, sizeof magic);
	if (first)
		l->swapped = magic == __builtin_bswap32(BYTE_ORDER_MAGIC);
	l->lost = (l->swapped ? __builtin_bswap32(magic) : magic) != BYTE_ORDER_MAGIC;
	l->n_interfaces = 0;
}

static void see_type(struct pcapng_links *l, uint16_t type)
{
	for (unsigned int i = 0; i < l->n_types; i++)
		if (l->types[i] == type)
			return;
	if (l->n_types < TYPES_MAX)
		l->types[l->n_types++] = type;
}

static void see_interface(struct pcapng_links *l)
{
	if (l->n_interfaces == PCAPNG_INTERFACES_MAX) {
		l->overflow = true;
		return;
	}
	l->interfaces[l->n_interfaces++] =
		(struct interface){.linktype = get16(l, 8), .snaplen = get32(l, 12)};
	see_type(l, get16(l, 8));
	set16(l, 8, LINKTYPE_ETHERNET);
	set32(l, 12, 0);
}

static void put_packet(struct pcapng_links *l, uint32_t interface, struct pcapng_packet packet)
{
	if (interface < l->n_interfaces)
		packet.linktype = l->interfaces[interface].linktype;
	l->packets[l->put++ % PACKETS_AHEAD] = packet;
}

/* It holds the shorter of wire and snap length, and libpcap no longer knows the latter. */
static void see_simple(struct pcapng_links *l)
{
	uint32_t wire_len = get32(l, 8);
	uint32_t snaplen = l->n_interfaces ? l->interfaces[0].snaplen : 0;

	put_packet(l, 0, (struct pcapng_packet){.no_time = true, .wire_len = wire_len});
	if (snaplen && wire_len > snaplen)
		set32(l, 8, snaplen);
}

/* The head of a block is complete but for the snap length of an interface. */
static void see_block(struct pcapng_links *l, bool first)
{
	uint32_t type = get32(l, 0);

	if (type == BLOCK_SECTION)
		see_section(l, first);
	else if (type == BLOCK_INTERFACE)
		see_interface(l);
	else if (type == BLOCK_ENHANCED)
		put_packet(l, get32(l, 8), (struct pcapng_packet){0});
	else if (type == BLOCK_PACKET)
		put_packet(l, get16(l, 8), (struct pcapng_packet){0});
	else if (type == BLOCK_SIMPLE)
		see_simple(l);
}

/* Reads on until the head has so many bytes. False at the end of the file or on an error. */
static bool fill_head(struct pcapng_links *l, unsigned int len, pcapng_read_fn *read, void *lower)
{
	while (l->head_len < len) {
		ptrdiff_t n = read(lower, l->head + l->head_len, len - l->head_len);

		if (n <= 0)
			return false;
		l->head_len += (unsigned int)n;
	}
	return true;
}

/* At the border of two blocks: the next head. A part of one (the file ends) passes unseen. */
static void next_block(struct pcapng_links *l, pcapng_read_fn *read, void *lower, bool first)
{
	uint32_t len;

	l->head_at = l->head_len = 0;
	if (!fill_head(l, HEAD_BYTES, read, lower))
		return;
	if (first) /* the length below is in the order of the section */
		see_section(l, true);
	len = get32(l, 4);
	if (len < HEAD_BYTES || len % 4)
		l->lost = true;
	if (get32(l, 0) == BLOCK_INTERFACE &&
	    (len < INTERFACE_BLOCK_MIN || !fill_head(l, INTERFACE_HEAD_BYTES, read, lower)))
		l->lost = true;
	if (l->lost)
		return;
	see_block(l, first);
	l->body = len - l->head_len;
}

static size_t hand_head(struct pcapng_links *l, void *out, size_t n)
{
	size_t left = l->head_len - l->head_at;

	n = n < left ? n : left;
	memcpy(out, l->head + l->head_at, n);
	l->head_at += (unsigned int)n;
	return n;
}

ptrdiff_t pcapng_links_read(struct pcapng_links *l, pcapng_read_fn *read, void *lower, void *out,
			    size_t n)
{
	bool first = l->head_len == 0;
	ptrdiff_t got;

	if (l->head_at == l->head_len && !l->body && !l->lost)
		next_block(l, read, lower, first);
	if (l->overflow)
		return -1;
	if (l->head_at < l->head_len)
		return (ptrdiff_t)hand_head(l, out, n);
	if (l->lost)
		return read(lower, out, n);
	if (!l->body)
		return 0;
	got = read(lower, out, n < l->body ? n : l->body);
	if (got > 0)
		l->body -= (uint32_t)got;
	return got;
}

bool pcapng_links_overflow(const struct pcapng_links *l)
{
	return l->overflow;
}

struct pcapng_packet pcapng_links_take(struct pcapng_links *l)
{
	if (l->taken == l->put)
		return (struct pcapng_packet){0};
	return l->packets[l->taken++ % PACKETS_AHEAD];
}

unsigned int pcapng_links_count(const struct pcapng_links *l)
{
	return l->n_types;
}

uint16_t pcapng_links_type(const struct pcapng_links *l, unsigned int i)
{
	return l->types[i];
}

bool pcapng_links_swapped(const struct pcapng_links *l)
{
	return l->swapped;
}
