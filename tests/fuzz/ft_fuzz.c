/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes a small table with a series of packets at times of their choice: flows, ends, cuts, slices
 * and overflows, by pfring_ft_process() or in bursts. At the end the books must be right.
 *
 * Input as for packet_fuzz: one byte, bits 0 to 2 the link type, bit 3 lists, bit 4 bursts, bit 5
 * slices, bit 6 wire length unknown, bit 7 tunnels on; then packets, each: length (2 bytes,
 * big-endian), bytes missing of the wire length (1 byte; some stand for a call after the packet,
 * too), time since the packet before (1 byte: the cube of its low 7 bits in milliseconds, back in
 * time with the high bit), the bytes.
 */
#include "fuzz.h"

#include "core/bytes.h"
#include "ft/pfring_ft_ext.h"

#include <stdbool.h>
#include <string.h>

#define PACKET_HEAD_LEN 4
#define LINKS		8
/* Flows that are given back late. */
#define HELD 5

struct run {
	pfring_ft_table *table;
	bool bursts, wire_len_known;
	u_int8_t link;
	u_int64_t time_ns, fed, back;
	u_int64_t begun, told, ends, exported_packets;
	u_int64_t created, ended, rx, metered, dropped, records, lost;
	pfring_ft_packet in[PFRING_FT_BURST_MAX];
	unsigned int n_in;
	pfring_ft_flow *held[HELD], *newest;
	unsigned int n_exports;
};

static void on_new_flow(pfring_ft_flow *flow, void *user)
{
	FUZZ_HOLDS(pfring_ft_flow_get_users(flow) == 1);
	((struct run *)user)->begun++;
	((struct run *)user)->newest = flow;
}

static void on_packet(const u_char *data, pfring_ft_packet_metadata *m, pfring_ft_flow *flow,
		      void *user)
{
	struct run *r = user;
	const u_char *end = data + m->hdr->caplen, *l3 = (const u_char *)m->l3.ip4;

	r->told++;
	FUZZ_HOLDS(l3 >= data && end - l3 >= (m->ip_version == 6 ? 40 : 20));
	if (m->l4.tcp && (m->l4_proto == 6 || m->l4_proto == 17))
		FUZZ_HOLDS(end - (const u_char *)m->l4.tcp >= (m->l4_proto == 6 ? 20 : 8));
	if (m->payload_len)
		FUZZ_HOLDS(m->payload >= l3 && end - m->payload >= m->payload_len);
	FUZZ_HOLDS(pfring_ft_flow_get_value(flow)->status == PFRING_FT_FLOW_STATUS_ACTIVE);
	if (m->payload_len % 13 == 12)
		pfring_ft_flow_expire(r->table, flow);
	if (m->payload_len % 13 == 11 && r->newest)
		pfring_ft_flow_expire(r->table, r->newest);
}

static void on_export(pfring_ft_flow *flow, void *user)
{
	struct run *r = user;
	unsigned int place = r->n_exports++ % HELD;
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	FUZZ_HOLDS(v->status != PFRING_FT_FLOW_STATUS_ACTIVE);
	FUZZ_HOLDS(pfring_ft_flow_get_key(flow)->ip_version % 2 == 0);
	r->ends += v->status != PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT;
	r->exported_packets += v->direction[0].pkts + v->direction[1].pkts;
	if (r->n_exports % 7 == 3 && r->newest)
		pfring_ft_flow_expire(r->table, r->newest);
	if (r->newest == flow)
		r->newest = NULL;
	if (r->held[place])
		pfring_ft_flow_free(r->held[place]);
	r->held[place] = flow;
}

static void on_list(pfring_ft_list *list, void *user)
{
	pfring_ft_flow *flow;

	while ((flow = pfring_ft_list_get_next(list)) != NULL)
		on_export(flow, user);
}

static void read_counter(const char *name, u_int64_t value, void *user)
{
	struct run *r = user;

	if (strncmp(name, "drop_", 5) == 0)
		r->dropped += value;
	else if (strncmp(name, "flows_ended_", 12) == 0)
		r->ended += value;
	else if (strcmp(name, "flows_created") == 0)
		r->created = value;
	else if (strcmp(name, "rx_packets") == 0)
		r->rx = value;
	else if (strcmp(name, "metered_packets") == 0)
		r->metered = value;
	else if (strcmp(name, "records") == 0)
		r->records = value;
	else if (strcmp(name, "records_dropped_detached") == 0)
		r->lost = value;
}

static unsigned int push(struct run *r)
{
	pfring_ft_packet out[PFRING_FT_BURST_MAX];
	unsigned int n = pfring_ft_process_burst(r->table, r->in, r->n_in, out);

	r->n_in = 0;
	for (unsigned int i = 0; i < n; i++) {
		FUZZ_HOLDS(out[i].cookie == (void *)(uintptr_t)r->back++);
		FUZZ_HOLDS(out[i].action == PFRING_FT_ACTION_DEFAULT);
		free((void *)out[i].data);
	}
	return n;
}

static void feed(struct run *r, u_char *bytes, uint32_t caplen, uint32_t missing)
{
	pfring_ft_pcap_pkthdr h = {.caplen = caplen, .len = caplen + missing};

	if (!r->bursts) {
		h.ts.tv_sec = (time_t)(r->time_ns / 1000000000);
		h.ts.tv_usec = (suseconds_t)(r->time_ns % 1000000000 / 1000);
		pfring_ft_process(r->table, bytes, &h, NULL);
		free(bytes);
		r->fed++;
		return;
	}
	r->in[r->n_in++] = (pfring_ft_packet){
		.data = bytes,
		.cookie = (void *)(uintptr_t)r->fed++,
		.time_ns = r->time_ns,
		.caplen = caplen,
		.len = caplen + missing,
		.link = r->link,
		.flags = r->wire_len_known ? PFRING_FT_PACKET_WIRE_LEN : 0,
	};
	if (r->n_in == 1 + (missing & (PFRING_FT_BURST_MAX - 1)) || r->n_in == PFRING_FT_BURST_MAX)
		push(r);
}

/* What callers do between packets, also while the table holds some. */
static void between_packets(struct run *r, uint8_t what)
{
	if (what == 0xe0 && r->newest)
		pfring_ft_flow_expire(r->table, r->newest);
	if (what == 0xe1)
		pfring_ft_housekeeping_ns(r->table, r->time_ns);
	if (what == 0xe2)
		pfring_ft_housekeeping(r->table, (u_int32_t)(r->time_ns / 1000000000 + 3));
	if (what == 0xe3)
		pfring_ft_set_tcp_rst_ends(r->table, r->fed & 1);
}

static void run_packets(struct run *r, const uint8_t *data, size_t size)
{
	for (size_t at = 1; size - at >= PACKET_HEAD_LEN;) {
		const uint8_t *head = data + at;
		size_t room = size - at - PACKET_HEAD_LEN, len = load_be16(head);
		uint64_t step = head[3] & 0x7f;
		u_char *copy;

		len = len < room ? len : room;
		copy = malloc(len);
		if (!copy && len)
			return;
		if (len)
			memcpy(copy, head + PACKET_HEAD_LEN, len);
		step = step * step * step * 1000000;
		r->time_ns += head[3] & 0x80 ? -step : step;
		feed(r, copy, (uint32_t)len, head[2]);
		between_packets(r, head[2]);
		at += PACKET_HEAD_LEN + len;
	}
}

static void check_books(struct run *r)
{
	pfring_ft_for_each_counter(r->table, read_counter, r);
	FUZZ_HOLDS(!r->bursts || r->back == r->fed);
	FUZZ_HOLDS(r->rx == r->fed && r->rx == r->metered + r->dropped);
	FUZZ_HOLDS(r->metered == r->told);
	FUZZ_HOLDS(r->created == r->begun && r->created == r->ended);
	FUZZ_HOLDS(r->records == r->n_exports + r->lost && r->lost == 0);
	FUZZ_HOLDS(r->ends == r->ended && r->exported_packets == r->metered);
	FUZZ_HOLDS(pfring_ft_get_stats(r->table)->active_flows == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = {.time_ns = 1000000000000000000ULL};

	if (size == 0)
		return 0;
	r.table =
		pfring_ft_create_table(data[0] & 0x80 ? PFRING_FT_DECODE_TUNNELS : 0, 16, 2, 5, 4);
	if (!r.table)
		abort();
	r.link = data[0] & (LINKS - 1);
	r.bursts = data[0] & 0x10 || r.link != PFRING_FT_LINK_ETHERNET;
	r.wire_len_known = !(data[0] & 0x40);
	if (data[0] & 0x20)
		pfring_ft_flow_set_flow_slicing(r.table, 1);
	pfring_ft_set_new_flow_callback(r.table, on_new_flow, &r);
	pfring_ft_set_flow_packet_callback(r.table, on_packet, &r);
	if (data[0] & 0x08)
		pfring_ft_set_flow_list_export_callback(r.table, on_list, &r);
	else
		pfring_ft_set_flow_export_callback(r.table, on_export, &r);
	run_packets(&r, data, size);
	while (r.n_in || push(&r))
		if (r.n_in)
			push(&r);
	pfring_ft_flush(r.table);
	check_books(&r);
	for (unsigned int i = 0; i < HELD; i++)
		if (r.held[i])
			pfring_ft_flow_free(r.held[i]);
	pfring_ft_destroy_table(r.table);
	return 0;
}
