/* SPDX-License-Identifier: BSD-3-Clause */
/* The callbacks of a run: all that they see goes into lines of fields. */
#include "burst_log.h"

#include <ctype.h>
#include <string.h>

/* The packet that a callback is about; its bytes live, or somebody kept them too long. */
static unsigned int number_of(struct run *r, const u_char *data)
{
	for (unsigned int n = r->back; n < r->fed; n++)
		if (r->live[n % RUN_LIVE] == data)
			return r->latest = n;
	return ~0U;
}

static void begin_line(struct run *r, const char *kind)
{
	fprintf(r->events, "%s %u %s", r->trace->name, r->latest, kind);
}

static void put_time(struct run *r, const char *name, const struct timeval *t)
{
	fprintf(r->events, " %s=%lld.%06lld", name, (long long)t->tv_sec, (long long)t->tv_usec);
}

static void put_hex(struct run *r, const char *name, const void *bytes, size_t n)
{
	fprintf(r->events, " %s=", name);
	for (size_t i = 0; i < n; i++)
		fprintf(r->events, "%02x", ((const u_char *)bytes)[i]);
}

/* Fields are told apart by blanks. */
static void put_text(struct run *r, const char *name, const char *text)
{
	fprintf(r->events, " %s=", name);
	for (; text && *text; text++)
		fputc(isgraph((u_char)*text) ? *text : '?', r->events);
	if (!text)
		fputs("NULL", r->events);
}

static void put_key(struct run *r, const pfring_ft_flow_key *k)
{
	put_hex(r, "smac", k->smac, 6);
	put_hex(r, "dmac", k->dmac, 6);
	put_hex(r, "saddr", &k->saddr, k->ip_version == 6 ? 16 : 4);
	put_hex(r, "daddr", &k->daddr, k->ip_version == 6 ? 16 : 4);
	fprintf(r->events, " version=%u protocol=%u sport=%u dport=%u vlan=%u", k->ip_version,
		k->protocol, k->sport, k->dport, k->vlan_id);
}

static void put_direction(struct run *r, const char *way, const pfring_ft_flow_dir_value *d)
{
	char name[32];

	fprintf(r->events, " %s.pkts=%llu %s.bytes=%llu %s.flags=%02x %s.port=%u %s.device=%u", way,
		(unsigned long long)d->pkts, way, (unsigned long long)d->bytes, way, d->tcp_flags,
		way, d->port_id, way, d->device_id);
	snprintf(name, sizeof name, "%s.first", way);
	put_time(r, name, &d->first);
	snprintf(name, sizeof name, "%s.last", way);
	put_time(r, name, &d->last);
}

/* Only the member that fits may be read; of the others no byte has a meaning. */
static void put_metadata(struct run *r, const pfring_ft_flow_value *v, u_int8_t ip_protocol)
{
	u_int16_t master = v->l7_protocol.master_protocol;

	if (ip_protocol == 1 || ip_protocol == 58) {
		fprintf(r->events, " type=%u code=%u", v->l7_metadata.icmp.type,
			v->l7_metadata.icmp.code);
	} else if (master == r->dns) {
		put_text(r, "query", v->l7_metadata.dns.query);
		fprintf(r->events, " queryType=%u replyCode=%u", v->l7_metadata.dns.queryType,
			v->l7_metadata.dns.replyCode);
	} else if (master == r->http) {
		put_text(r, "host", v->l7_metadata.http.serverName);
		put_text(r, "url", v->l7_metadata.http.url);
		fprintf(r->events, " response=%u", v->l7_metadata.http.responseCode);
	} else if (master == r->tls) {
		put_text(r, "sni", v->l7_metadata.tls.serverName);
		if (v->l7_metadata.tls.sha1_certificate_fingerprint)
			put_hex(r, "sha1", v->l7_metadata.tls.sha1_certificate_fingerprint, 20);
	}
}

static void put_value(struct run *r, const pfring_ft_flow_value *v, u_int8_t ip_protocol)
{
	struct run_user user;
	char name[64];
	pfring_ft_ndpi_protocol l7 = v->l7_protocol;

	memcpy(&user, v->user, sizeof user);
	put_direction(r, "s2d", &v->direction[s2d_direction]);
	put_direction(r, "d2s", &v->direction[d2s_direction]);
	put_text(r, "l7", pfring_ft_l7_protocol_name(r->table, &l7, name, sizeof name));
	fprintf(r->events, " master=%u app=%u category=%d tunnel=%u tunnel_id=%u status=%d",
		l7.master_protocol, l7.app_protocol, l7.category, v->tunnel_type, v->tunnel_id,
		(int)v->status);
	fprintf(r->events, " guess=%u user.id=%llu user.packets=%u user.detected=%u", v->flags,
		(unsigned long long)user.id, user.packets, user.detected);
	put_metadata(r, v, ip_protocol);
}

static void put_flow(struct run *r, pfring_ft_flow *flow)
{
	const pfring_ft_flow_key *key = pfring_ft_flow_get_key(flow);
	u_int64_t id = pfring_ft_flow_get_id(flow);

	if (!r->first_id)
		r->first_id = id;
	fprintf(r->events, " id=%lld action=%u users=%d", (long long)(id - r->first_id),
		pfring_ft_flow_get_action(flow), pfring_ft_flow_get_users(flow));
	put_key(r, key);
	put_value(r, pfring_ft_flow_get_value(flow), key->protocol);
	fputc('\n', r->events);
}

static struct run_user *user_of(pfring_ft_flow *flow)
{
	return (struct run_user *)(void *)pfring_ft_flow_get_value(flow)->user;
}

static void on_new_flow(pfring_ft_flow *flow, void *user)
{
	struct run *r = user;

	if (!r->first_id)
		r->first_id = pfring_ft_flow_get_id(flow);
	begin_line(r, "new_flow");
	put_flow(r, flow);
	user_of(flow)->id = pfring_ft_flow_get_id(flow) - r->first_id;
	r->newest = flow;
}

static void put_metadata_of_packet(struct run *r, const u_char *data,
				   const pfring_ft_packet_metadata *m)
{
	fprintf(r->events, " direction=%d vlan_id=%u version=%u l4=%u payload_len=%u",
		(int)m->direction, m->vlan_id, m->ip_version, m->l4_proto, m->payload_len);
	fprintf(r->events, " l3_at=%td", m->l3.ip4 ? (const u_char *)m->l3.ip4 - data : -1);
	fprintf(r->events, " l4_at=%td", m->l4.tcp ? (const u_char *)m->l4.tcp - data : -1);
	fprintf(r->events, " payload_at=%td", m->payload ? m->payload - data : -1);
	put_time(r, "ts", &m->hdr->ts);
	fprintf(r->events, " caplen=%u len=%u", m->hdr->caplen, m->hdr->len);
	fprintf(r->events, " hash=%08x port=%u device=%u", m->ext_hdr->hash, m->ext_hdr->port_id,
		m->ext_hdr->device_id);
}

static void on_l7(const u_char *data, pfring_ft_packet_metadata *m, pfring_ft_flow *flow,
		  void *user)
{
	struct run *r = user;

	if (data)
		number_of(r, data);
	begin_line(r, "l7_detected");
	if (data && m)
		put_metadata_of_packet(r, data, m);
	put_flow(r, flow);
	user_of(flow)->detected++;
}

/* What callbacks may do, at packets that are the same in every run. */
static void act(struct run *r, pfring_ft_flow *flow, unsigned int packets)
{
	u_int64_t id = pfring_ft_flow_get_id(flow) - r->first_id;

	if (id % 7 == 3 && packets == 2)
		pfring_ft_flow_set_action(flow, PFRING_FT_ACTION_USER_2);
	if (id % 11 == 5 && packets == 4)
		pfring_ft_flow_expire(r->table, flow);
	if (id % 13 == 6 && packets == 3 && r->newest)
		pfring_ft_flow_expire(r->table, r->newest);
	if (r->n_packets % 128 == 127)
		pfring_ft_set_default_action(r->table, r->n_packets % 256 == 255 ?
							       PFRING_FT_ACTION_FORWARD :
							       PFRING_FT_ACTION_USER_2);
	if (r->n_packets++ % 200 == 199)
		pfring_ft_set_shunt_protocol_by_name(r->table, "HTTP",
						     (u_int8_t)(r->n_packets / 200));
}

static void on_packet(const u_char *data, pfring_ft_packet_metadata *m, pfring_ft_flow *flow,
		      void *user)
{
	struct run *r = user;
	struct run_user *area = user_of(flow);

	number_of(r, data);
	area->packets++;
	begin_line(r, "flow_packet");
	put_metadata_of_packet(r, data, m);
	put_flow(r, flow);
	if (r->config->acts)
		act(r, flow, area->packets);
}

/* The flow stays out for a while, so that slices outlive their masters and the reverse. */
static void export(struct run *r, const char *kind, pfring_ft_flow *flow)
{
	unsigned int place = r->n_exports++ % RUN_HELD;

	begin_line(r, kind);
	put_flow(r, flow);
	if (r->newest == flow)
		r->newest = NULL;
	if (r->held[place])
		pfring_ft_flow_free(r->held[place]);
	r->held[place] = flow;
}

static void on_export(pfring_ft_flow *flow, void *user)
{
	export(user, "export", flow);
}

static void on_list(pfring_ft_list *list, void *user)
{
	struct run *r = user;
	pfring_ft_flow *flow;
	unsigned int n = 0;

	while ((flow = pfring_ft_list_get_next(list)) != NULL) {
		export(r, "listed", flow);
		n++;
	}
	begin_line(r, "list");
	fprintf(r->events, " flows=%u\n", n);
}

static void put_counter(const char *name, u_int64_t value, void *user)
{
	struct run *r = user;

	fprintf(r->events, " %s=%llu", name, (unsigned long long)value);
}

void log_stats(struct run *r)
{
	const pfring_ft_stats *s = pfring_ft_get_stats(r->table);

	begin_line(r, "stats");
	fprintf(r->events, " active=%llu flows=%llu no_room=%llu no_mem=%llu no_ip=%llu",
		(unsigned long long)s->active_flows, (unsigned long long)s->flows,
		(unsigned long long)s->err_no_room, (unsigned long long)s->err_no_mem,
		(unsigned long long)s->disc_no_ip);
	fprintf(r->events, " depth=%llu packets=%llu bytes=%llu",
		(unsigned long long)s->max_lookup_depth, (unsigned long long)s->packets,
		(unsigned long long)s->bytes);
	pfring_ft_for_each_counter(r->table, put_counter, r);
	fputc('\n', r->events);
}

void log_attach(struct run *r)
{
	r->dns = pfring_ft_l7_protocol_id(r->table, "DNS");
	r->http = pfring_ft_l7_protocol_id(r->table, "HTTP");
	r->tls = pfring_ft_l7_protocol_id(r->table, "TLS");
	if (r->config->slice_s)
		pfring_ft_flow_set_flow_slicing(r->table, r->config->slice_s);
	if (r->config->list)
		pfring_ft_set_flow_list_export_callback(r->table, on_list, r);
	else
		pfring_ft_set_flow_export_callback(r->table, on_export, r);
	if (!r->config->callbacks)
		return;
	pfring_ft_set_new_flow_callback(r->table, on_new_flow, r);
	pfring_ft_set_l7_detected_callback(r->table, on_l7, r);
	pfring_ft_set_flow_packet_callback(r->table, on_packet, r);
}

void log_detach(struct run *r)
{
	for (unsigned int i = 0; i < RUN_HELD; i++)
		if (r->held[i])
			pfring_ft_flow_free(r->held[i]);
}
