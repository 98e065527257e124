/* SPDX-License-Identifier: BSD-3-Clause */
/* A table whose callbacks look at all that they are shown. */
#include "hostile.h"

#include <string.h>

static const pfring_ft_packet *live_packet(const struct bench *b, const u_char *data)
{
	for (unsigned int i = 0; i < b->n_live; i++)
		if (b->live[i].data == data)
			return &b->live[i];
	fail_msg("a callback is about bytes that nobody handed in");
	return NULL;
}

/* Bytes that a callback points to are within the packet, and can be read. */
static void look_at(struct bench *b, const pfring_ft_packet *p, const void *from, size_t n)
{
	const u_char *at = from;

	assert_true(at >= p->data && at <= p->data + p->caplen);
	assert_true(n <= (size_t)(p->data + p->caplen - at));
	for (size_t i = 0; i < n; i++)
		b->sum += at[i];
}

static size_t l4_header_len(uint8_t protocol)
{
	return protocol == 6 ? 20 : protocol == 17 ? 8 : 0;
}

static void look_at_l4(struct bench *b, const pfring_ft_packet *p,
		       const pfring_ft_packet_metadata *m)
{
	const u_char *l3 = (const u_char *)m->l3.ip4, *l4 = (const u_char *)m->l4.tcp;

	if (!l4)
		return;
	look_at(b, p, l4, l4_header_len(m->l4_proto));
	assert_true(l4 >= l3 + (m->ip_version == 6 ? 40 : 20));
	if (m->payload_len)
		assert_true(m->payload >= l4 + l4_header_len(m->l4_proto));
}

static void on_packet(const u_char *data, pfring_ft_packet_metadata *m, pfring_ft_flow *flow,
		      void *user)
{
	struct bench *b = user;
	const pfring_ft_packet *p = live_packet(b, data);

	b->told++;
	assert_non_null(flow);
	assert_non_null(m->hdr);
	assert_int_equal(m->hdr->caplen, p->caplen);
	if (p->flags & PFRING_FT_PACKET_WIRE_LEN)
		assert_int_equal(m->hdr->len, p->len);
	else /* what the headers say of it */
		assert_true(m->hdr->len >= p->caplen);
	assert_true(m->ip_version == 4 || m->ip_version == 6);
	assert_true(m->direction == s2d_direction || m->direction == d2s_direction);
	assert_non_null(m->l3.ip4);
	look_at(b, p, m->l3.ip4, m->ip_version == 6 ? 40 : 20);
	assert_int_equal(*(const u_char *)m->l3.ip4 >> 4, m->ip_version);
	look_at_l4(b, p, m);
	if (m->payload_len)
		look_at(b, p, m->payload, m->payload_len);
	else if (m->payload)
		look_at(b, p, m->payload, 0);
	if (!b->want)
		return;
	assert_int_equal(m->ip_version, b->want->ip_version);
	assert_int_equal(m->l4_proto, b->want->protocol);
	if (b->want->payload_len < 0)
		return;
	assert_int_equal(m->payload_len, b->want->payload_len);
	if (m->payload_len && l4_header_len(m->l4_proto))
		assert_non_null(m->l4.tcp);
}

static void on_new_flow(pfring_ft_flow *flow, void *user)
{
	assert_int_equal(pfring_ft_flow_get_value(flow)->direction[s2d_direction].pkts, 1);
	((struct bench *)user)->begun++;
}

/* A flow's record may have nothing left to say when slices took all. */
static void on_export(pfring_ft_flow *flow, void *user)
{
	struct bench *b = user;
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	assert_true(b->slices || v->direction[0].pkts + v->direction[1].pkts > 0);
	assert_true(v->status != PFRING_FT_FLOW_STATUS_ACTIVE);
	assert_non_null(pfring_ft_flow_get_key(flow));
	b->ended += v->status != PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT;
	b->packets += v->direction[0].pkts + v->direction[1].pkts;
	pfring_ft_flow_free(flow);
}

void bench_open(struct bench *b, u_int32_t flags)
{
	*b = (struct bench){.tunnels = flags & PFRING_FT_DECODE_TUNNELS};
	b->table = pfring_ft_create_table(flags, 1000, 10, 60, 8);
	assert_non_null(b->table);
	pfring_ft_set_new_flow_callback(b->table, on_new_flow, b);
	pfring_ft_set_flow_packet_callback(b->table, on_packet, b);
	pfring_ft_set_flow_export_callback(b->table, on_export, b);
}

struct books {
	uint64_t rx, metered, dropped;
};

static void read_counter(const char *name, u_int64_t value, void *user)
{
	struct books *books = user;

	if (strcmp(name, "rx_packets") == 0)
		books->rx = value;
	if (strcmp(name, "metered_packets") == 0)
		books->metered = value;
	if (strncmp(name, "drop_", 5) == 0)
		books->dropped += value;
}

void bench_check(const struct bench *b)
{
	struct books books = {0};

	pfring_ft_for_each_counter(b->table, read_counter, &books);
	assert_int_equal(books.rx, b->fed);
	assert_int_equal(books.rx, books.metered + books.dropped);
	assert_int_equal(books.metered, b->told);
	assert_int_equal(pfring_ft_get_stats(b->table)->packets, b->fed);
	assert_int_equal(pfring_ft_get_stats(b->table)->disc_no_ip, books.dropped);
}

void bench_close(struct bench *b)
{
	pfring_ft_flush(b->table);
	bench_check(b);
	assert_int_equal(b->begun, b->ended);
	assert_int_equal(b->packets, b->told);
	assert_int_equal(pfring_ft_get_stats(b->table)->active_flows, 0);
	pfring_ft_destroy_table(b->table);
}

const u_char *bench_exact(const uint8_t *bytes, unsigned int n)
{
	u_char *copy = malloc(n);

	assert_true(copy || !n);
	if (n)
		memcpy(copy, bytes, n);
	return copy;
}

void bench_offer(struct bench *b, const uint8_t *bytes, const pfring_ft_pcap_pkthdr *header,
		 const pfring_ft_ext_pkthdr *ext)
{
	uint64_t told = b->told;
	pfring_ft_action action;

	b->live[0] = (pfring_ft_packet){.data = bench_exact(bytes, header->caplen),
					.caplen = header->caplen,
					.len = header->len,
					.flags = PFRING_FT_PACKET_WIRE_LEN};
	b->n_live = 1;
	b->fed++;
	action = pfring_ft_process(b->table, b->live[0].data, header, ext);
	free((void *)b->live[0].data);
	b->n_live = 0;
	assert_int_equal(action, PFRING_FT_ACTION_DEFAULT);
	assert_true(b->told <= told + 1);
}
