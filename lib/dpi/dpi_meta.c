/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nDPI found in a flow besides its name, copied out so that nDPI's memory can go. Nothing is
 * cleaned up here: encoders do that. ndpi_flow_struct.protos is a union, so an arm is read only
 * when one of the flow's detected protocols is its owner.
 */
#include "dpi/dpi_private.h"

#include <stdlib.h>
#include <string.h>

/* Strings where nDPI has them; len excludes the NUL. */
struct found {
	struct {
		const char *at;
		size_t len;
	} text[DPI_TEXT_N];
	uint16_t tls_version, http_status, dns_query_type, dns_reply_code;
	bool any;
};

static bool is_protocol(const struct ndpi_flow_struct *f, uint16_t id)
{
	return f->detected_protocol_stack[0] == id || f->detected_protocol_stack[1] == id;
}

/* size: of the array that holds the string, or DPI_STRING_MAX + 1 for one that ends itself. */
static void found_text(struct found *to, enum dpi_text which, const char *s, size_t size)
{
	if (!s || !s[0])
		return;
	to->text[which].at = s;
	to->text[which].len = strnlen(s, size);
	if (to->text[which].len > DPI_STRING_MAX)
		to->text[which].len = DPI_STRING_MAX;
	to->any = true;
}

static void found_number(struct found *to, uint16_t *field, uint16_t value)
{
	*field = value;
	if (value)
		to->any = true;
}

static void found_bytes(struct found *to, enum dpi_text which, const uint8_t *s, size_t len)
{
	if (!s)
		return;
	to->text[which].at = (const char *)s;
	to->text[which].len = len;
	to->any = true;
}

static void find_tls(struct found *to, const struct ndpi_flow_struct *f)
{
	found_number(to, &to->tls_version, f->protos.tls_quic.ssl_version);
	found_text(to, DPI_TEXT_TLS_ALPN, ndpi_compat_alpn(f), DPI_STRING_MAX + 1);
	found_text(to, DPI_TEXT_TLS_JA3C, ndpi_compat_ja3_client(f), 33);
	found_text(to, DPI_TEXT_TLS_JA3S, ndpi_compat_ja3_server(f), 33);
	found_bytes(to, DPI_TEXT_TLS_SHA1, ndpi_compat_tls_sha1(f), DPI_SHA1_BYTES);
}

static void find_dns(struct found *to, const struct ndpi_flow_struct *f)
{
	found_number(to, &to->dns_query_type, f->protos.dns.query_type);
	found_number(to, &to->dns_reply_code, f->protos.dns.reply_code);
}

static void find_ssh(struct found *to, const struct ndpi_flow_struct *f, uint8_t handshake)
{
	/* Which pairs nDPI has the wrong way round. */
	uint8_t wrong = ndpi_compat_ssh_sides_guessed() ? handshake : 0;
	bool banners = wrong & DPI_SEEN_SERVER_FIRST, hasshs = wrong & DPI_SEEN_LOW_CLIENT;

	found_text(to, banners ? DPI_TEXT_SSH_SERVER : DPI_TEXT_SSH_CLIENT,
		   f->protos.ssh.client_signature, sizeof f->protos.ssh.client_signature);
	found_text(to, banners ? DPI_TEXT_SSH_CLIENT : DPI_TEXT_SSH_SERVER,
		   f->protos.ssh.server_signature, sizeof f->protos.ssh.server_signature);
	found_text(to, hasshs ? DPI_TEXT_SSH_HASSH_SERVER : DPI_TEXT_SSH_HASSH_CLIENT,
		   f->protos.ssh.hassh_client, sizeof f->protos.ssh.hassh_client);
	found_text(to, hasshs ? DPI_TEXT_SSH_HASSH_CLIENT : DPI_TEXT_SSH_HASSH_SERVER,
		   f->protos.ssh.hassh_server, sizeof f->protos.ssh.hassh_server);
}

/* These stand outside the union; TLS flows have a user agent from QUIC's transport parameters. */
static void find_common(struct found *to, const struct ndpi_flow_struct *f)
{
	found_text(to, DPI_TEXT_SERVER_NAME, f->host_server_name, sizeof f->host_server_name);
	found_text(to, DPI_TEXT_HTTP_URL, f->http.url, DPI_STRING_MAX + 1);
	found_text(to, DPI_TEXT_HTTP_USER_AGENT, f->http.user_agent, DPI_STRING_MAX + 1);
	found_text(to, DPI_TEXT_HTTP_CONTENT_TYPE, f->http.content_type, DPI_STRING_MAX + 1);
	found_number(to, &to->http_status, f->http.response_status_code);
}

static void find(struct found *to, const struct ndpi_flow_struct *f, uint8_t handshake)
{
	*to = (struct found){0};
	find_common(to, f);
	if (is_protocol(f, NDPI_PROTOCOL_TLS) || is_protocol(f, NDPI_PROTOCOL_QUIC) ||
	    is_protocol(f, NDPI_PROTOCOL_DTLS))
		find_tls(to, f);
	else if (is_protocol(f, NDPI_PROTOCOL_DNS) || is_protocol(f, NDPI_PROTOCOL_MDNS) ||
		 is_protocol(f, NDPI_PROTOCOL_LLMNR))
		find_dns(to, f);
	else if (is_protocol(f, NDPI_PROTOCOL_SSH))
		find_ssh(to, f, handshake);
}

/* On top of the list of what dpi_destroy() has to free. */
static void list_add(struct dpi *d, struct dpi_meta *m)
{
	m->next = d->metas;
	m->link = &d->metas;
	if (d->metas)
		d->metas->link = &m->next;
	d->metas = m;
	d->meta_bytes += m->len_bytes;
}

struct dpi_meta *dpi_meta_make(struct dpi *d, const struct ndpi_flow_struct *f, uint8_t handshake)
{
	struct found from;
	size_t len = sizeof(struct dpi_meta);

	find(&from, f, handshake);
	if (!from.any)
		return NULL;
	for (unsigned int i = 0; i < DPI_TEXT_N; i++)
		len += from.text[i].at ? from.text[i].len + 1 : 0;
	struct dpi_meta *m = malloc(len);

	if (!m)
		return NULL;
	memset(m, 0, sizeof *m);
	m->len_bytes = (uint32_t)len;
	m->users = 1;
	m->tls_version = from.tls_version;
	m->http_status = from.http_status;
	m->dns_query_type = from.dns_query_type;
	m->dns_reply_code = from.dns_reply_code;
	char *to = m->texts;

	for (unsigned int i = 0; i < DPI_TEXT_N; i++) {
		if (!from.text[i].at)
			continue;
		m->offset[i] = (uint16_t)(to - (char *)m);
		memcpy(to, from.text[i].at, from.text[i].len);
		to[from.text[i].len] = '\0';
		to += from.text[i].len + 1;
	}
	list_add(d, m);
	return m;
}
_Static_assert(sizeof(struct dpi_meta) + DPI_TEXT_N * (DPI_STRING_MAX + 1) <= UINT16_MAX,
	       "offsets of texts are 16 bits");

void dpi_meta_free(struct dpi *d, struct dpi_meta *m)
{
	if (!m || --m->users)
		return;
	*m->link = m->next;
	if (m->next)
		m->next->link = m->link;
	d->meta_bytes -= m->len_bytes;
	free(m);
}

static const char *meta_text(const struct dpi_meta *m, enum dpi_text which)
{
	return m && m->offset[which] ? (const char *)m + m->offset[which] : "";
}

static void texts_to_record(const struct dpi_meta *m, struct flow_record *r)
{
	r->server_name = meta_text(m, DPI_TEXT_SERVER_NAME);
	r->tls_alpn = meta_text(m, DPI_TEXT_TLS_ALPN);
	r->tls_ja3c = meta_text(m, DPI_TEXT_TLS_JA3C);
	r->tls_ja3s = meta_text(m, DPI_TEXT_TLS_JA3S);
	r->http_url = meta_text(m, DPI_TEXT_HTTP_URL);
	r->http_user_agent = meta_text(m, DPI_TEXT_HTTP_USER_AGENT);
	r->http_content_type = meta_text(m, DPI_TEXT_HTTP_CONTENT_TYPE);
	r->ssh_client = meta_text(m, DPI_TEXT_SSH_CLIENT);
	r->ssh_server = meta_text(m, DPI_TEXT_SSH_SERVER);
	r->ssh_hassh_client = meta_text(m, DPI_TEXT_SSH_HASSH_CLIENT);
	r->ssh_hassh_server = meta_text(m, DPI_TEXT_SSH_HASSH_SERVER);
	r->tls_version = m ? m->tls_version : 0;
	r->http_status = m ? m->http_status : 0;
	r->dns_query_type = m ? m->dns_query_type : 0;
	r->dns_reply_code = m ? m->dns_reply_code : 0;
}

void dpi_to_record(const struct dpi_annex *a, struct flow_record *r)
{
	static const struct dpi_annex none;

	if (!a)
		a = &none;
	r->l7_app_id = a->app_id;
	r->l7_master_id = a->master_id;
	r->l7_category_id = a->category_id;
	r->l7_risk_score = a->risk_score;
	r->l7_risk = a->risk;
	r->l7_flags = a->flags;
	r->l7_confidence = a->confidence;
	r->l7_proto = a->l7_proto ? a->l7_proto : "";
	r->l7_category = a->l7_proto ? dpi_name_category(a->l7_proto) : "";
	texts_to_record(a->meta, r);
}

static enum dpi_metadata_kind kind_of(uint16_t id)
{
	switch (id) {
	case NDPI_PROTOCOL_DNS:
	case NDPI_PROTOCOL_MDNS:
	case NDPI_PROTOCOL_LLMNR:
		return DPI_METADATA_DNS;
	case NDPI_PROTOCOL_TLS:
	case NDPI_PROTOCOL_QUIC:
	case NDPI_PROTOCOL_DTLS:
		return DPI_METADATA_TLS;
	case NDPI_PROTOCOL_HTTP:
		return DPI_METADATA_HTTP;
	default:
		return DPI_METADATA_NONE;
	}
}

enum dpi_metadata_kind dpi_metadata_kind(const struct dpi_annex *a)
{
	enum dpi_metadata_kind kind = kind_of(a->master_id);

	return kind ? kind : kind_of(a->app_id);
}

/* What nDPI holds at this moment. */
static void metadata_of_flow(struct dpi_metadata *m, const struct ndpi_flow_struct *f)
{
	struct found now;

	find(&now, f, 0);
	if (now.text[DPI_TEXT_SERVER_NAME].at)
		m->server_name = now.text[DPI_TEXT_SERVER_NAME].at;
	if (now.text[DPI_TEXT_HTTP_URL].at)
		m->url = now.text[DPI_TEXT_HTTP_URL].at;
	m->dns_query_type = now.dns_query_type;
	m->dns_reply_code = now.dns_reply_code;
	m->http_response_code = now.http_status;
	m->tls_sha1 = (const uint8_t *)now.text[DPI_TEXT_TLS_SHA1].at;
}

static void metadata_of_copy(struct dpi_metadata *m, const struct dpi_meta *from)
{
	m->server_name = meta_text(from, DPI_TEXT_SERVER_NAME);
	m->url = meta_text(from, DPI_TEXT_HTTP_URL);
	m->dns_query_type = from->dns_query_type;
	m->dns_reply_code = from->dns_reply_code;
	m->http_response_code = from->http_status;
	if (from->offset[DPI_TEXT_TLS_SHA1])
		m->tls_sha1 = (const uint8_t *)meta_text(from, DPI_TEXT_TLS_SHA1);
}

void dpi_annex_metadata(struct dpi_annex *a, struct dpi_metadata *m)
{
	*m = (struct dpi_metadata){.kind = dpi_metadata_kind(a), .server_name = "", .url = ""};
	if (a->meta)
		metadata_of_copy(m, a->meta);
	else if (a->state && !a->final)
		metadata_of_flow(m, dpi_state_flow(a->state));
}
