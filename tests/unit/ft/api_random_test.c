/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random programs of the API: packets, sweeps, flushes, expiries, slices and jumps of time in any
 * order, flows kept for a while or freed at once. Whatever they do, every packet that a callback
 * saw is in exactly one record of its flow, and every flow that began ends once.
 */
#include "api.h"

#define PACKETS 10000
/* A flow that was cut takes an id for what may follow. */
#define IDS  (2 * PACKETS)
#define KEPT 1000

/* What is known of a flow, by its id; a table counts them from 1. */
struct life {
	u_int64_t packets[2], bytes[2]; /* seen in the packet callback, less those in records */
	pfring_ft_flow *flow;		/* while it is in the table */
	bool began, ended;
};

struct program {
	pfring_ft_table *table;
	uint64_t random;
	uint32_t ms;
	unsigned int n_kept, began, ended, slices;
	pfring_ft_flow *kept[KEPT];
	struct life lives[IDS + 1];
};

static uint32_t next(struct program *p, uint32_t below)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return (uint32_t)(p->random >> 11) % below;
}

static struct life *life_of(struct program *p, pfring_ft_flow *flow)
{
	const u_int64_t id = pfring_ft_flow_get_id(flow);

	assert_true(id > 0 && id <= IDS);
	return &p->lives[id];
}

static void begin(pfring_ft_flow *flow, void *user)
{
	struct program *p = user;
	struct life *l = life_of(p, flow);
	const u_int64_t id = pfring_ft_flow_get_id(flow);
	const u_char zero[sizeof id] = {0};
	u_char *area = pfring_ft_flow_get_value(flow)->user;

	assert_false(l->began);
	l->began = true;
	l->flow = flow;
	p->began++;
	assert_memory_equal(area, zero, sizeof id);
	memcpy(area, &id, sizeof id);
	if (next(p, 50) == 0)
		pfring_ft_flow_expire(p->table, flow);
}

static void count(const u_char *data, pfring_ft_packet_metadata *metadata, pfring_ft_flow *flow,
		  void *user)
{
	struct program *p = user;
	struct life *l = life_of(p, flow);

	(void)data;
	assert_true(l->began && !l->ended);
	assert_ptr_equal(l->flow, flow); /* one address for life */
	l->packets[metadata->direction]++;
	l->bytes[metadata->direction] += metadata->hdr->len;
	if (next(p, 100) == 0)
		pfring_ft_flow_expire(p->table, flow);
	/* slices took the rest away */
	for (int d = 0; d < 2; d++)
		assert_int_equal(pfring_ft_flow_get_value(flow)->direction[d].pkts, l->packets[d]);
}

static void check_and_free(pfring_ft_flow *flow)
{
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);
	const u_int64_t id = pfring_ft_flow_get_id(flow);

	assert_memory_equal(v->user, &id, sizeof id);
	assert_true(pfring_ft_flow_get_users(flow) >= 1);
	for (int d = 0; d < 2; d++) {
		if (v->direction[d].pkts)
			assert_false(timercmp(&v->direction[d].first, &v->direction[d].last, >));
		else
			api_assert_no_packets(&v->direction[d]);
	}
	pfring_ft_flow_free(flow);
}

static void leave(pfring_ft_flow *flow, void *user)
{
	struct program *p = user;
	struct life *l = life_of(p, flow);
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	assert_true(l->began && !l->ended);
	for (int d = 0; d < 2; d++) {
		l->packets[d] -= v->direction[d].pkts;
		l->bytes[d] -= v->direction[d].bytes;
	}
	/* a record has all that its flow counted since the one before */
	assert_int_equal(l->packets[0] | l->packets[1] | l->bytes[0] | l->bytes[1], 0);
	assert_true(v->status != PFRING_FT_FLOW_STATUS_ACTIVE);
	if (v->status == PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT) {
		p->slices++;
		assert_true(v->direction[0].pkts + v->direction[1].pkts > 0);
	} else {
		assert_ptr_equal(l->flow, flow);
		l->ended = true;
		l->flow = NULL;
		p->ended++;
	}
	if (p->n_kept < KEPT && next(p, 3) == 0)
		p->kept[p->n_kept++] = flow;
	else
		check_and_free(flow);
}

static void expire_any(struct program *p)
{
	const unsigned int from = next(p, IDS);

	for (unsigned int i = 0; i <= IDS; i++) {
		struct life *l = &p->lives[(from + i) % (IDS + 1)];

		if (!l->flow)
			continue;
		pfring_ft_flow_expire(p->table, l->flow);
		assert_true(l->ended);
		return;
	}
}

/* Everything but a packet. */
static void act(struct program *p)
{
	switch (next(p, 200)) {
	case 0:
		pfring_ft_flush(p->table);
		assert_int_equal(p->began, p->ended);
		break;
	case 1:
		p->ms += next(p, 4000000); /* an hour */
		break;
	case 2:
		p->ms -= next(p, p->ms < 9000000 ? p->ms + 1 : 9000000);
		break;
	case 3:
		pfring_ft_flow_set_flow_slicing(p->table, next(p, 15));
		break;
	case 4:
		pfring_ft_set_tcp_rst_ends(p->table, (int)next(p, 2));
		break;
	case 5:
		expire_any(p);
		break;
	case 6:
		while (p->n_kept)
			check_and_free(p->kept[--p->n_kept]);
		break;
	case 7:
	case 8:
	case 9:
		while (pfring_ft_housekeeping(p->table, API_EPOCH + p->ms / 1000 + next(p, 30)))
			;
		break;
	default:
		p->ms += next(p, 120);
	}
}

static void send(struct program *p, struct api *a, uint32_t ports)
{
	static const uint8_t flags[] = {API_SYN, API_SYN | API_ACK, API_ACK, API_ACK | API_PSH,
					API_ACK, API_FIN | API_ACK, API_ACK, API_RST};
	const uint16_t port = (uint16_t)(1 + next(p, ports));
	const bool reverse = next(p, 2);
	const uint32_t late = next(p, 40) == 0 ? next(p, 500) : 0;
	const uint32_t ms = p->ms > late ? p->ms - late : p->ms;

	if (next(p, 2))
		api_udp(a, port, reverse, ms);
	else
		api_tcp(a, port, reverse, flags[next(p, 8)], ms);
}

static void run(struct program *p, uint64_t seed)
{
	struct api a = {0};
	pfring_ft_stats s;

	*p = (struct program){.random = 88172645463325252ULL + seed * 0x9e3779b97f4a7c15ULL};
	const uint32_t max_flows = 1 + next(p, 200), ports = next(p, 2) ? 10 : 2 * max_flows;
	const u_int32_t flags = next(p, 3) ? 0 : PFRING_FT_TABLE_FLAGS_DPI;
	const u_int32_t idle = 1 + next(p, 20), lifetime = 1 + next(p, 40);

	a.table = p->table =
		pfring_ft_create_table(flags, max_flows, idle, lifetime, sizeof(u_int64_t));
	assert_non_null(a.table);
	pfring_ft_set_new_flow_callback(a.table, begin, p);
	pfring_ft_set_flow_packet_callback(a.table, count, p);
	pfring_ft_set_flow_export_callback(a.table, leave, p);
	pfring_ft_flow_set_flow_slicing(a.table, next(p, 12));
	for (unsigned int i = 1; i <= PACKETS; i++) {
		act(p);
		send(p, &a, ports);
		s = *pfring_ft_get_stats(a.table);
		assert_int_equal(s.packets, i);
		assert_int_equal(s.flows, p->began);
		assert_int_equal(s.active_flows, p->began - p->ended);
		assert_true(s.active_flows <= max_flows);
		assert_int_equal(s.err_no_mem, 0);
	}
	pfring_ft_flush(a.table);
	assert_int_equal(p->began, p->ended);
	while (p->n_kept)
		check_and_free(p->kept[--p->n_kept]);
	pfring_ft_destroy_table(a.table);
}

static void test_random_programs(void **state)
{
	struct program *p = malloc(sizeof *p);
	unsigned int slices = 0, flows = 0;

	(void)state;
	assert_non_null(p);
	for (uint64_t seed = 1; seed <= 20; seed++) {
		run(p, seed);
		slices += p->slices;
		flows += p->ended;
	}
	/* some live long, some do not */
	assert_true(slices > 10000);
	assert_true(flows > 10000 && flows < 20 * PACKETS * 3 / 4);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_programs),
	};

	return cmocka_run_group_tests_name("pfring_ft at random", tests, NULL, NULL);
}
