/* SPDX-License-Identifier: BSD-3-Clause */
/* Who is told what, and in which order: the callbacks of a table. */
#include "api.h"

#include <stdio.h>

/* What happened, one letter each: new flow, L7, packet, export. */
struct events {
	char text[256];
	unsigned int n;
	u_int64_t last_id;
	pfring_ft_action action;     /* to set with a packet; 0 = none */
	pfring_ft_action seen;	     /* in the packet callback */
	u_int16_t l7_app, l7_master; /* in the L7 callback */
	struct api *api;
};

static void event(struct events *e, char what)
{
	assert_true(e->n + 1 < sizeof e->text);
	e->text[e->n++] = what;
}

static void on_new(pfring_ft_flow *flow, void *user)
{
	struct events *e = user;
	const pfring_ft_flow_value *v = pfring_ft_flow_get_value(flow);

	event(e, 'n');
	assert_int_equal(v->status, PFRING_FT_FLOW_STATUS_ACTIVE);
	assert_int_equal(v->direction[0].pkts, 1); /* the first packet is counted */
	assert_int_equal(v->direction[1].pkts, 0);
	assert_int_equal(pfring_ft_flow_get_users(flow), 1);
	assert_true(pfring_ft_flow_get_id(flow) != e->last_id);
	e->last_id = pfring_ft_flow_get_id(flow);
}

static void on_l7(const u_char *data, pfring_ft_packet_metadata *metadata, pfring_ft_flow *flow,
		  void *user)
{
	struct events *e = user;
	const pfring_ft_ndpi_protocol *p = &pfring_ft_flow_get_value(flow)->l7_protocol;

	event(e, 'l');
	assert_true(!metadata == !data);
	assert_int_equal(pfring_ft_flow_get_id(flow), e->last_id);
	e->l7_app = p->app_protocol;
	e->l7_master = p->master_protocol;
}

static void on_packet(const u_char *data, pfring_ft_packet_metadata *metadata, pfring_ft_flow *flow,
		      void *user)
{
	struct events *e = user;

	event(e, 'p');
	assert_non_null(data);
	assert_non_null(metadata);
	e->seen = pfring_ft_flow_get_action(flow);
	if (e->action)
		pfring_ft_flow_set_action(flow, e->action);
}

static void on_export(pfring_ft_flow *flow, void *user)
{
	event(user, 'x');
	assert_int_equal(pfring_ft_flow_get_id(flow) != 0, 1);
	pfring_ft_flow_free(flow);
}

static struct api *open_told(struct events *e, u_int32_t flags)
{
	struct api *a = api_open(flags, 10, 20, 0);

	e->api = a;
	pfring_ft_set_new_flow_callback(a->table, on_new, e);
	pfring_ft_set_l7_detected_callback(a->table, on_l7, e);
	pfring_ft_set_flow_packet_callback(a->table, on_packet, e);
	pfring_ft_set_flow_export_callback(a->table, on_export, e);
	return a;
}

static void test_pfring_ft_set_new_flow_callback(void **state)
{
	struct events e = {0};
	struct api *a = open_told(&e, 0);

	(void)state;
	api_udp(a, 1, false, 0);
	api_udp(a, 1, true, 1);
	assert_string_equal(e.text, "npp");
	/* after idleness, and after a cut, it is a new flow */
	api_udp(a, 1, false, 12000);
	assert_string_equal(e.text, "nppxnp");
	api_udp(a, 2, false, 12001);
	assert_string_equal(e.text, "nppxnpnp");
	for (uint32_t ms = 16000; ms <= 36000; ms += 4000)
		api_udp(a, 1, false, ms);	      /* cut at 32 */
	assert_string_equal(e.text + 8, "ppxppxnpp"); /* the other was idle at 22 */
	pfring_ft_set_new_flow_callback(a->table, NULL, NULL);
	api_udp(a, 3, false, 37000);
	assert_string_equal(e.text + 17, "p");
	api_close(a);
}

#define HTTP "GET /a/b.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: t\r\n\r\n"

/* Detected with its third packet; then never again, but in the flow that goes on after a cut. */
static void test_pfring_ft_set_l7_detected_callback(void **state)
{
	struct events e = {0};
	struct api *a = open_told(&e, PFRING_FT_TABLE_FLAGS_DPI);
	const u_int16_t http = pfring_ft_l7_protocol_id(a->table, "HTTP");

	(void)state;
	assert_true(http != 0);
	api_tcp(a, 40000, false, API_SYN, 0);
	api_tcp(a, 40000, true, API_SYN | API_ACK, 1);
	assert_string_equal(e.text, "npp");
	api_text(a, API_TCP, API_TCP_PORT, HTTP, 2);
	assert_string_equal(e.text, "npplp");
	assert_int_equal(e.l7_app, http);
	assert_int_equal(e.l7_master, http);
	for (uint32_t ms = 3; ms < 20; ms++)
		api_text(a, API_TCP, API_TCP_PORT, HTTP, ms);
	assert_string_equal(e.text, "npplpppppppppppppppppp");
	e.n = 0;
	memset(e.text, 0, sizeof e.text);
	for (uint32_t ms = 4000; ms <= 24000; ms += 4000)
		api_text(a, API_TCP, API_TCP_PORT, HTTP, ms);
	assert_string_equal(e.text, "ppppxnlpp");
	assert_int_equal(e.l7_app, http);
	api_close(a);
}

/* The flow that goes on after a cut knows its protocol from the first packet on. */
static void test_pfring_ft_set_l7_detected_callback_after_a_cut(void **state)
{
	struct events e = {0};
	struct api *a = open_told(&e, PFRING_FT_TABLE_FLAGS_DPI);

	(void)state;
	api_text(a, API_TCP, API_TCP_PORT, HTTP, 0);
	for (uint32_t ms = 4000; ms <= 24000; ms += 4000)
		api_tcp(a, 40000, false, API_ACK, ms);
	assert_string_equal(e.text, "nlpppppxnlpp");
	assert_int_equal(e.l7_app, pfring_ft_l7_protocol_id(a->table, "HTTP"));
	api_close(a);
}

static void test_pfring_ft_set_l7_detected_callback_undetected(void **state)
{
	struct events e = {0};
	struct api *a = open_told(&e, PFRING_FT_TABLE_FLAGS_DPI | PFRING_FT_TABLE_FLAGS_NO_GUESS);

	(void)state;
	for (uint32_t ms = 0; ms < 40; ms++)
		api_udp(a, 1, ms & 1, ms);
	pfring_ft_flush(a->table);
	assert_null(strchr(e.text, 'l'));
	assert_int_equal(e.n, 42);
	api_close(a);
	/* a table without DPI knows no protocol */
	e = (struct events){0};
	a = open_told(&e, 0);
	api_text(a, API_TCP, 80, HTTP, 0);
	pfring_ft_flush(a->table);
	assert_string_equal(e.text, "npx");
	api_close(a);
}

static void on_guess(const u_char *data, pfring_ft_packet_metadata *metadata, pfring_ft_flow *flow,
		     void *user)
{
	on_l7(data, metadata, flow, user);
	assert_int_equal(pfring_ft_flow_get_value(flow)->flags, PF_RING_FT_FLOW_FLAGS_L7_GUESS);
}

/* What nDPI cannot read is guessed by the port, with the eighth packet. */
static void test_pfring_ft_set_l7_detected_callback_guess(void **state)
{
	struct events e = {0};
	struct api *a = open_told(&e, PFRING_FT_TABLE_FLAGS_DPI);

	(void)state;
	pfring_ft_set_l7_detected_callback(a->table, on_guess, &e);
	for (uint32_t ms = 0; ms < 40; ms++) {
		api_text(a, API_UDP, 123, "no such message", ms);
		assert_int_equal(strchr(e.text, 'l') != NULL, ms >= 7);
	}
	assert_int_equal(e.text[8], 'l'); /* new flow and 7 packets before it */
	assert_null(strchr(e.text + 9, 'l'));
	assert_int_equal(e.l7_app, pfring_ft_l7_protocol_id(a->table, "NTP"));
	api_close(a);
}

/* Nobody else needs to listen. */
static void test_pfring_ft_set_l7_detected_callback_alone(void **state)
{
	struct events e = {0};
	struct api *a = open_told(&e, PFRING_FT_TABLE_FLAGS_DPI);

	(void)state;
	pfring_ft_set_new_flow_callback(a->table, NULL, NULL);
	pfring_ft_set_flow_packet_callback(a->table, NULL, NULL);
	e.last_id = 1; /* of the first flow of a table */
	for (uint32_t ms = 0; ms < 5; ms++)
		api_text(a, API_TCP, 80, HTTP, ms);
	assert_string_equal(e.text, "l");
	api_close(a);
}

static void test_pfring_ft_set_flow_packet_callback_action(void **state)
{
	struct events e = {.action = PFRING_FT_ACTION_DISCARD};
	struct api *a = open_told(&e, 0);

	(void)state;
	/* what it sets is the verdict on the same packet, and it is told of discarded ones */
	assert_int_equal(api_udp(a, 1, false, 0), PFRING_FT_ACTION_DISCARD);
	assert_int_equal(e.seen, PFRING_FT_ACTION_DEFAULT);
	e.action = 0;
	for (uint32_t ms = 1; ms < 5; ms++) {
		assert_int_equal(api_udp(a, 1, ms & 1, ms), PFRING_FT_ACTION_DISCARD);
		assert_int_equal(e.seen, PFRING_FT_ACTION_DISCARD);
	}
	assert_string_equal(e.text, "nppppp");
	assert_int_equal(api_udp(a, 2, false, 6), PFRING_FT_ACTION_DEFAULT);
	assert_int_equal(e.seen, PFRING_FT_ACTION_DEFAULT);
	api_close(a);
}

/* What must be in the metadata of the next packet. */
struct expected {
	const u_char *packet;
	const pfring_ft_pcap_pkthdr *hdr;
	const pfring_ft_ext_pkthdr *ext;
	pfring_ft_packet_metadata m;
	uint32_t l3_at, l4_at;
	int calls;
};

static void check_metadata(const u_char *data, pfring_ft_packet_metadata *m, pfring_ft_flow *flow,
			   void *user)
{
	struct expected *e = user;

	assert_non_null(flow);
	assert_ptr_equal(data, e->packet);
	assert_ptr_equal(m->hdr, e->hdr);
	if (e->ext)
		assert_ptr_equal(m->ext_hdr, e->ext);
	else
		assert_int_equal(m->ext_hdr->hash, 0);
	assert_int_equal(m->direction, e->m.direction);
	assert_int_equal(m->vlan_id, e->m.vlan_id);
	assert_int_equal(m->ip_version, e->m.ip_version);
	assert_int_equal(m->l4_proto, e->m.l4_proto);
	assert_int_equal(m->payload_len, e->m.payload_len);
	assert_int_equal(m->reserved, 0);
	assert_ptr_equal(m->l3.ip4, data + e->l3_at);
	assert_ptr_equal(m->l4.tcp, data + e->l4_at);
	if (e->m.payload_len)
		assert_ptr_equal(m->payload, e->m.payload);
	else
		assert_null(m->payload);
	e->calls++;
}

static void process_expected(pfring_ft_table *t, struct expected *e, const struct wire *w)
{
	const pfring_ft_pcap_pkthdr h = {.ts = {.tv_sec = API_EPOCH}, .caplen = w->n, .len = w->n};

	e->packet = w->b;
	e->hdr = &h;
	e->m.payload = w->b + w->n - e->m.payload_len;
	e->calls = 0;
	pfring_ft_process(t, w->b, &h, e->ext);
	assert_int_equal(e->calls, 1);
}

static void test_pfring_ft_set_flow_packet_callback_metadata_ipv4(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	const pfring_ft_ext_pkthdr ext = {.port_id = 3};
	struct expected e = {.l3_at = 14, .l4_at = 34, .m = {.ip_version = 4}};
	struct wire w = {0};

	(void)state;
	pfring_ft_set_flow_packet_callback(a->table, check_metadata, &e);
	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, API_TCP, false, 27);
	wire_tcp(&w, 1, 2, API_ACK);
	wire_take(&w, 7);
	e.m.l4_proto = API_TCP;
	e.m.payload_len = 7;
	process_expected(a->table, &e, &w);
	e.ext = &ext;
	process_expected(a->table, &e, &w);

	w = wire_of_udp(1, true);
	e.m.l4_proto = API_UDP;
	e.m.payload_len = API_UDP_PAYLOAD;
	process_expected(a->table, &e, &w);
	w = wire_of_udp(1, false);
	e.m.direction = d2s_direction;
	process_expected(a->table, &e, &w);

	w.n = 0;
	wire_ethernet(&w, 0x8100);
	wire_vlan(&w, 4000, 0x0800);
	wire_ipv4(&w, API_ICMP, false, 8);
	*wire_take(&w, 8) = 8;
	e.m = (pfring_ft_packet_metadata){.ip_version = 4, .l4_proto = API_ICMP, .vlan_id = 4000};
	e.l3_at = 18;
	e.l4_at = 38;
	process_expected(a->table, &e, &w);
	api_close(a);
}

static void test_pfring_ft_set_flow_packet_callback_metadata_ipv6(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct expected e = {.l3_at = 14, .l4_at = 54};
	struct wire w = {0};

	(void)state;
	pfring_ft_set_flow_packet_callback(a->table, check_metadata, &e);
	wire_ethernet(&w, 0x86dd);
	wire_ipv6(&w, API_TCP, false, 21);
	wire_tcp(&w, 1, 2, API_ACK);
	wire_take(&w, 1);
	e.m = (pfring_ft_packet_metadata){.ip_version = 6, .l4_proto = API_TCP, .payload_len = 1};
	process_expected(a->table, &e, &w);
	w.n = 0;
	wire_ethernet(&w, 0x86dd);
	wire_ipv6(&w, 0, true, 16); /* hop-by-hop options before UDP */
	memcpy(wire_take(&w, 8), "\x11\0\1\4\0\0\0", 8);
	wire_udp(&w, 53, 5353, 0);
	e.m = (pfring_ft_packet_metadata){.ip_version = 6, .l4_proto = API_UDP};
	e.l4_at = 62;
	process_expected(a->table, &e, &w);
	api_close(a);
}

/* A header that was cut off is not shown. */
static void no_l4(const u_char *data, pfring_ft_packet_metadata *m, pfring_ft_flow *flow,
		  void *user)
{
	(void)flow;
	assert_ptr_equal(m->l3.ip4, data + 14);
	assert_null(m->l4.tcp);
	assert_null(m->payload);
	assert_int_equal(m->payload_len, 0);
	assert_int_equal(m->hdr->len, 100);
	++*(int *)user;
}

static void test_pfring_ft_set_flow_packet_callback_cut(void **state)
{
	struct api *a = api_open(0, 0, 0, 0);
	struct wire w = {0};
	int calls = 0;

	(void)state;
	pfring_ft_set_flow_packet_callback(a->table, no_l4, &calls);
	wire_ethernet(&w, 0x0800);
	wire_ipv4(&w, API_TCP, false, 66);
	wire_tcp(&w, 1, 2, API_ACK);
	w.n -= 1;
	w.more = 100 - w.n;
	api_send(a, &w, 0);
	assert_int_equal(calls, 1);
	api_close(a);
}

/* Not told: packets without a flow. */
static void test_pfring_ft_set_flow_packet_callback_no_flow(void **state)
{
	struct events e = {0};
	struct api *a = open_told(&e, 0);
	struct wire w = {0};

	(void)state;
	wire_ethernet(&w, 0x0806);
	wire_take(&w, 46);
	api_send(a, &w, 0);
	assert_int_equal(e.n, 0);
	api_udp(a, 1, false, 1);
	assert_int_equal(e.n, 2);
	pfring_ft_set_flow_packet_callback(a->table, NULL, NULL);
	api_udp(a, 1, false, 2);
	assert_int_equal(e.n, 2);
	api_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pfring_ft_set_new_flow_callback),
		cmocka_unit_test(test_pfring_ft_set_l7_detected_callback),
		cmocka_unit_test(test_pfring_ft_set_l7_detected_callback_after_a_cut),
		cmocka_unit_test(test_pfring_ft_set_l7_detected_callback_undetected),
		cmocka_unit_test(test_pfring_ft_set_l7_detected_callback_guess),
		cmocka_unit_test(test_pfring_ft_set_l7_detected_callback_alone),
		cmocka_unit_test(test_pfring_ft_set_flow_packet_callback_action),
		cmocka_unit_test(test_pfring_ft_set_flow_packet_callback_metadata_ipv4),
		cmocka_unit_test(test_pfring_ft_set_flow_packet_callback_metadata_ipv6),
		cmocka_unit_test(test_pfring_ft_set_flow_packet_callback_cut),
		cmocka_unit_test(test_pfring_ft_set_flow_packet_callback_no_flow),
	};

	return cmocka_run_group_tests_name("pfring_ft callbacks", tests, NULL, NULL);
}
