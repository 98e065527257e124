/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows as the API shows them: made when asked for, kept in the flow. */
#include "ft/table.h"

#include "core/bytes.h"
#include "core/clock.h"
#include "core/tunnel.h"
#include "ft/log.h"

static void address_view(pfring_ft_ip_address *to, const uint8_t *from, uint8_t ip_version)
{
	*to = (pfring_ft_ip_address){0};
	if (ip_version == 4)
		to->v4 = load_be32(from);
	else
		memcpy(&to->v6, from, sizeof to->v6);
}

pfring_ft_flow_key *pfring_ft_flow_get_key(pfring_ft_flow *flow)
{
	struct flow *f = flow;
	pfring_ft_flow_key *key = &flow_api(f)->key;
	const int src = f->swapped ? 1 : 0;

	memcpy(key->dmac, f->mac, sizeof key->dmac);
	memcpy(key->smac, f->mac + sizeof key->dmac, sizeof key->smac);
	address_view(&key->saddr, f->key.addr[src], f->key.ip_version);
	address_view(&key->daddr, f->key.addr[!src], f->key.ip_version);
	key->ip_version = f->key.ip_version;
	key->protocol = f->key.protocol;
	key->sport = f->key.port[src];
	key->dport = f->key.port[!src];
	key->vlan_id = f->vlan_id;
	if (flow_is_icmp(f))
		key->dport = (u_int16_t)(f->icmp_type << 8 | f->icmp_code);
	return key;
}

static void direction_view(pfring_ft_flow_dir_value *to, const struct flow_counts *c,
			   const struct ft_flow *a, int direction)
{
	*to = (pfring_ft_flow_dir_value){
		.pkts = c->packets[direction],
		.bytes = c->wire_octets[direction],
		.first = ns_to_timeval(c->start_ns[direction]),
		.last = ns_to_timeval(c->end_ns[direction]),
		.tcp_flags = c->tcp_flags[direction],
		.port_id = a->came[direction].port_id,
		.device_id = a->came[direction].device_id,
	};
}

static const pfring_ft_flow_status status_of[END_N] = {
	[END_NONE] = PFRING_FT_FLOW_STATUS_ACTIVE,
	[END_IDLE] = PFRING_FT_FLOW_STATUS_IDLE_TIMEOUT,
	[END_ACTIVE] = PFRING_FT_FLOW_STATUS_ACTIVE_TIMEOUT,
	[END_DETECTED] = PFRING_FT_FLOW_STATUS_END_DETECTED,
	[END_FORCED] = PFRING_FT_FLOW_STATUS_FORCED_END,
	[END_OVERFLOW] = PFRING_FT_FLOW_STATUS_OVERFLOW,
	[END_SLICE] = PFRING_FT_FLOW_STATUS_SLICE_TIMEOUT,
};

static const uint8_t tunnel_of[TUNNEL_N] = {
	[TUNNEL_NONE] = PFRING_FT_TUNNEL_NONE,
	[TUNNEL_GRE] = PFRING_FT_TUNNEL_GRE,
	[TUNNEL_ERSPAN2] = PFRING_FT_TUNNEL_ERSPAN,
	[TUNNEL_ERSPAN3] = PFRING_FT_TUNNEL_ERSPAN,
	[TUNNEL_IPIP] = PFRING_FT_TUNNEL_IPIP,
	[TUNNEL_VXLAN] = PFRING_FT_TUNNEL_VXLAN,
	[TUNNEL_VXLAN_GPE] = PFRING_FT_TUNNEL_VXLAN_GPE,
	[TUNNEL_GENEVE] = PFRING_FT_TUNNEL_GENEVE,
	[TUNNEL_GTPU] = PFRING_FT_TUNNEL_GTP,
	[TUNNEL_L2TP] = PFRING_FT_TUNNEL_L2TP,
	[TUNNEL_CAPWAP] = PFRING_FT_TUNNEL_CAPWAP,
	[TUNNEL_TEREDO] = PFRING_FT_TUNNEL_TEREDO,
};

/* The member of l7_metadata that fits the protocol. */
static void metadata_view(pfring_ft_flow_value *v, struct flow *f)
{
	struct dpi_metadata m;

	memset(&v->l7_metadata, 0, sizeof v->l7_metadata);
	if (flow_is_icmp(f)) {
		v->l7_metadata.icmp.type = f->icmp_type;
		v->l7_metadata.icmp.code = f->icmp_code;
		return;
	}
	dpi_annex_metadata(flow_dpi(f), &m);
	switch (m.kind) {
	case DPI_METADATA_NONE:
		break;
	case DPI_METADATA_DNS:
		v->l7_metadata.dns.query = (char *)m.server_name;
		v->l7_metadata.dns.queryType = m.dns_query_type;
		v->l7_metadata.dns.replyCode = m.dns_reply_code;
		break;
	case DPI_METADATA_TLS:
		v->l7_metadata.tls.serverName = (char *)m.server_name;
		v->l7_metadata.tls.sha1_certificate_fingerprint = (u_int8_t *)m.tls_sha1;
		break;
	case DPI_METADATA_HTTP:
		v->l7_metadata.http.serverName = (char *)m.server_name;
		v->l7_metadata.http.url = (char *)m.url;
		v->l7_metadata.http.responseCode = m.http_response_code;
		break;
	}
}

pfring_ft_flow_value *pfring_ft_flow_get_value(pfring_ft_flow *flow)
{
	struct flow *f = flow;
	struct ft_flow *a = flow_api(f);
	const struct dpi_annex *l7 = flow_dpi(f);
	pfring_ft_flow_value *v = &a->value;
	struct flow_counts counts;

	flow_count(f, &counts);
	direction_view(&v->direction[s2d_direction], &counts, a, DIR_FWD);
	direction_view(&v->direction[d2s_direction], &counts, a, DIR_REV);
	/* Without a master the application is its own, which is what programs ask by. */
	v->l7_protocol.master_protocol = l7->master_id ? l7->master_id : l7->app_id;
	v->l7_protocol.app_protocol = l7->app_id ? l7->app_id : l7->master_id;
	v->l7_protocol.category = l7->category_id;
	v->tunnel_type = tunnel_of[f->key.tunnel_type];
	v->tunnel_id = f->key.tunnel_id;
	v->status = status_of[f->end_reason];
	v->flags = l7->flags & L7_GUESSED ? PF_RING_FT_FLOW_FLAGS_L7_GUESS : 0;
	v->user = flow_table(f)->user_bytes ? flow_api(flow_master(f))->user : NULL;
	metadata_view(v, f);
	return v;
}

u_int64_t pfring_ft_flow_get_id(pfring_ft_flow *flow)
{
	return flow_id(flow);
}

int pfring_ft_flow_get_users(pfring_ft_flow *flow)
{
	return (int)atomic_load_explicit(&flow_master(flow)->users, memory_order_relaxed);
}

void pfring_ft_flow_free(pfring_ft_flow *flow)
{
	/* Programs do that in their packet callback; it must not harm. */
	if (flow_hot_line(flow))
		ft_log("%s: the flow is still in the table: pfring_ft_flow_expire() ends it",
		       __func__);
	else
		flow_release(flow);
}

struct ndpi_flow_struct *pfring_ft_flow_get_ndpi_handle(pfring_ft_flow *flow)
{
	return dpi_annex_flow(flow_dpi(flow_master(flow)));
}

void ft_flow_record(pfring_ft_flow *flow, struct flow_record *r)
{
	struct flow *f = flow;
	const struct ft_table *t = flow_table(f);

	flow_to_record(f, r);
	dpi_to_record(t->dpi ? flow_dpi(f) : NULL, r);
	if (t->processors.n)
		processors_to_record(&t->processors, flow_processors(t, f), r);
}
