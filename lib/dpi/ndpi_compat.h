/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The only place that knows how nDPI's API differs between 4.2 and 5.x. Which form is there is
 * found out by lib/dpi/meson.build (NDPI_HAS_*); every file of lib/dpi calls nDPI through here
 * where the forms differ.
 *
 *   GLOBAL_CONTEXT    modules are made from a context, not from preferences      (since 4.10)
 *   BITMASK2          protocols must be switched on                              (until 4.14)
 *   INPUT_INFO        a packet comes with what the caller knows of its flow      (since 4.4)
 *   GIVEUP_GUESS      giveup is told whether to guess and says whether it did    (until 4.8)
 *   GIVEUP_GUESSED    giveup says whether it guessed, the setting is configured  (4.10 to 4.14)
 *   GUESS_BY_HAND     giveup guesses from the flow's own addresses and ports     (4.2)
 *   PAIR              master and application sit in ndpi_protocol.proto          (since 4.12)
 *   NAME_OF_PAIR      a name is asked of that pair, not of the whole verdict     (since 4.12)
 *   CATEGORY_OF_PAIR  a category is asked of that pair, too                      (5.x)
 *   CATEGORY_DATA     a host of a category comes with a word of the caller's     (since 4.4)
 *   CATEGORY_BREED    and with a breed                                           (5.x)
 *   NUM_PROTOCOLS     how many protocols there are has another name              (5.x)
 *   NUM_CUSTOM        custom protocols are counted, and bounded                  (4.x)
 *
 * Other names say which member of a structure is there.
 */
#pragma once

#include <limits.h>
#include <ndpi_api.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A verdict of nDPI with the differences taken out. */
struct ndpi_verdict {
	uint16_t master, app, category;
};

static inline struct ndpi_verdict ndpi_compat_verdict(const ndpi_protocol *p)
{
#ifdef NDPI_HAS_PAIR
	return (struct ndpi_verdict){p->proto.master_protocol, p->proto.app_protocol,
				     (uint16_t)p->category};
#else
	return (struct ndpi_verdict){p->master_protocol, p->app_protocol, (uint16_t)p->category};
#endif
}

/* Not thread-safe with itself. *context is NULL where modules have none. */
static inline struct ndpi_detection_module_struct *ndpi_compat_init(void **context)
{
#ifdef NDPI_HAS_GLOBAL_CONTEXT
	struct ndpi_global_context *g = ndpi_global_init();
	struct ndpi_detection_module_struct *m = g ? ndpi_init_detection_module(g) : NULL;

	if (!m && g)
		ndpi_global_deinit(g);
	*context = m ? g : NULL;
	return m;
#else
	*context = NULL;
	return ndpi_init_detection_module(ndpi_no_prefs);
#endif
}

static inline void ndpi_compat_exit(struct ndpi_detection_module_struct *m, void *context)
{
	ndpi_exit_detection_module(m);
#ifdef NDPI_HAS_GLOBAL_CONTEXT
	if (context)
		ndpi_global_deinit(context);
#else
	(void)context;
#endif
}

static inline void ndpi_compat_all_protocols(struct ndpi_detection_module_struct *m)
{
#ifdef NDPI_HAS_BITMASK2
	NDPI_PROTOCOL_BITMASK all;

	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(m, &all);
#else
	(void)m; /* all are on */
#endif
}

/* Before the module is finalized. */
static inline void ndpi_compat_set_guess(struct ndpi_detection_module_struct *m, bool guess)
{
#if defined(NDPI_HAS_SET_CONFIG) && !defined(NDPI_HAS_GIVEUP_GUESS)
	/* 3: by port and by address. */
	ndpi_set_config(m, NULL, "dpi.guess_on_giveup", guess ? "3" : "0");
#else
	(void)m, (void)guess;
#endif
}

static inline struct ndpi_verdict ndpi_compat_process(struct ndpi_detection_module_struct *m,
						      struct ndpi_flow_struct *f, const uint8_t *l3,
						      uint16_t len, uint64_t time_ms)
{
#ifdef NDPI_HAS_INPUT_INFO
	ndpi_protocol p = ndpi_detection_process_packet(m, f, l3, len, time_ms, NULL);
#else
	ndpi_protocol p = ndpi_detection_process_packet(m, f, l3, len, time_ms);
#endif
	return ndpi_compat_verdict(&p);
}

static inline struct ndpi_verdict ndpi_compat_giveup(struct ndpi_detection_module_struct *m,
						     struct ndpi_flow_struct *f, bool guess)
{
#if defined(NDPI_HAS_GIVEUP_GUESS)
	u_int8_t guessed = 0;
	ndpi_protocol p = ndpi_detection_giveup(m, f, guess, &guessed);
#elif defined(NDPI_HAS_GIVEUP_GUESSED)
	u_int8_t guessed = 0;
	ndpi_protocol p = ndpi_detection_giveup(m, f, &guessed);
#else
	ndpi_protocol p = ndpi_detection_giveup(m, f);
#endif
	(void)guess;
	return ndpi_compat_verdict(&p);
}

/* Whether the next functions can do without a packet. */
static inline bool ndpi_compat_guesses_by_hand(void)
{
#ifdef NDPI_HAS_GUESS_BY_HAND
	return true;
#else
	return false;
#endif
}

/* Whether nDPI knows an IPv4 address in network order, or with this port in host order. */
static inline bool ndpi_compat_knows_end(struct ndpi_detection_module_struct *m,
					 const uint8_t *addr, uint16_t port)
{
#ifdef NDPI_HAS_GUESS_BY_HAND
	/* Of 4.2's TeamViewer dissector, not in the tree: 178.77.120.0/25, 95.211.37.195-203. */
	const uint32_t host = (uint32_t)addr[0] << 24 | addr[1] << 16 | addr[2] << 8 | addr[3];
	struct in_addr a;

	if ((host & 0xffffff80) == 0xb24d7800 || (host >= 0x5fd325c3 && host <= 0x5fd325cb))
		return true;
	memcpy(&a, addr, sizeof a);
	return ndpi_network_port_ptree_match(m, &a, htons(port)) != NDPI_PROTOCOL_UNKNOWN;
#else
	(void)m, (void)addr, (void)port;
	return true;
#endif
}

/* A TCP flow without payload; addresses in network order, ports in host order. */
struct ndpi_compat_ends {
	const uint8_t *src_addr, *dst_addr;
	uint16_t src_port, dst_port;
	uint8_t ip_version;
};

/*
 * Prepares f, all zero, for ndpi_compat_giveup() as the first packet of such a flow would, when
 * nDPI knows neither address. False when that takes the packet.
 */
static inline bool ndpi_compat_guess_prepare(struct ndpi_detection_module_struct *m,
					     struct ndpi_flow_struct *f,
					     const struct ndpi_compat_ends *e)
{
#ifdef NDPI_HAS_GUESS_BY_HAND
	u_int8_t custom = 0;

	if (e->ip_version == 4) {
		memcpy(&f->saddr, e->src_addr, sizeof f->saddr);
		memcpy(&f->daddr, e->dst_addr, sizeof f->daddr);
	}
	f->is_ipv6 = e->ip_version == 6;
	f->sport = htons(e->src_port);
	f->dport = htons(e->dst_port);
	f->l4_proto = IPPROTO_TCP;
	f->protocol_id_already_guessed = 1;
	f->guessed_protocol_id =
		ndpi_guess_protocol_id(m, f, IPPROTO_TCP, e->src_port, e->dst_port, &custom);
	return true;
#else
	(void)m, (void)f, (void)e;
	return false;
#endif
}

/* Whether more packets could still add metadata, or a finer name, to a flow with a name. */
static inline bool ndpi_compat_extra_possible(struct ndpi_detection_module_struct *m,
					      struct ndpi_flow_struct *f)
{
#ifdef NDPI_HAS_EXTRA_POSSIBLE
	return ndpi_extra_dissection_possible(m, f);
#else
	(void)m;
	return f->extra_packets_func != NULL;
#endif
}

static inline void ndpi_compat_name(struct ndpi_detection_module_struct *m, uint16_t master,
				    uint16_t app, char *buffer, unsigned int len)
{
#ifdef NDPI_HAS_NAME_OF_PAIR
	ndpi_master_app_protocol p = {.master_protocol = master, .app_protocol = app};
#else
	ndpi_protocol p;

	memset(&p, 0, sizeof p);
	p.master_protocol = master;
	p.app_protocol = app;
#endif
	ndpi_protocol2name(m, p, buffer, len);
}

/* The category that a protocol has of itself. */
static inline ndpi_protocol_category_t ndpi_compat_category(struct ndpi_detection_module_struct *m,
							    uint16_t id)
{
#ifdef NDPI_HAS_CATEGORY_OF_PAIR
	ndpi_master_app_protocol p = {.app_protocol = id};

	return ndpi_get_proto_category(m, p);
#else
	ndpi_protocol p;

	memset(&p, 0, sizeof p);
#ifdef NDPI_HAS_PAIR
	p.proto.app_protocol = id;
#else
	p.app_protocol = id;
#endif
	return ndpi_get_proto_category(m, p);
#endif
}

/* Takes effect with ndpi_enable_loaded_categories(). */
static inline void ndpi_compat_load_category(struct ndpi_detection_module_struct *m,
					     const char *host_or_address, uint16_t category)
{
#if defined(NDPI_HAS_CATEGORY_BREED)
	ndpi_load_category(m, host_or_address, (ndpi_protocol_category_t)category,
			   NDPI_PROTOCOL_UNRATED, NULL);
#elif defined(NDPI_HAS_CATEGORY_DATA)
	ndpi_load_category(m, host_or_address, (ndpi_protocol_category_t)category, NULL);
#else
	ndpi_load_category(m, host_or_address, (ndpi_protocol_category_t)category);
#endif
}

/*
 * Whether hosts can no more be added. nDPI has no question for that, so a mask that masks nothing
 * is added for a name that is nobody's (RFC 2606 2).
 */
static inline bool ndpi_compat_is_finalized(struct ndpi_detection_module_struct *m)
{
	char host[] = ".ftprobe.invalid";

	return ndpi_add_host_risk_mask(m, host, ~(ndpi_risk)0) < 0;
}

/* Protocols that the module knows, custom ones included: one more than their highest number. */
static inline unsigned int ndpi_compat_protocols(struct ndpi_detection_module_struct *m)
{
#ifdef NDPI_HAS_NUM_PROTOCOLS
	return ndpi_get_num_protocols(m);
#else
	return ndpi_get_num_supported_protocols(m);
#endif
}

/* Custom protocols that still fit into the module; UINT_MAX where this nDPI has no such bound. */
static inline unsigned int ndpi_compat_custom_left(struct ndpi_detection_module_struct *m)
{
#ifdef NDPI_HAS_NUM_CUSTOM
	unsigned int n = ndpi_get_ndpi_num_custom_protocols(m);

	return n < NDPI_MAX_NUM_CUSTOM_PROTOCOLS ? NDPI_MAX_NUM_CUSTOM_PROTOCOLS - n : 0;
#else
	(void)m;
	return UINT_MAX;
#endif
}

#define NDPI_COMPAT_FLOW_IDS 4

/* Where a flow holds numbers of protocols that may be custom ones. */
static inline void ndpi_compat_flow_ids(struct ndpi_flow_struct *f,
					u_int16_t *ids[NDPI_COMPAT_FLOW_IDS])
{
	ids[0] = &f->detected_protocol_stack[0];
	ids[1] = &f->detected_protocol_stack[1];
	ids[2] = &f->guessed_protocol_id;
#ifdef NDPI_HAS_GUESSED_BY_IP
	ids[3] = &f->guessed_protocol_id_by_ip;
#else
	ids[3] = &f->guessed_host_protocol_id;
#endif
}

/* Until 5.0 calloc and realloc are made of malloc and free; later each is set. */
struct ndpi_compat_allocator {
	void *(*malloc)(size_t len);
	void (*free)(void *p);
	void *(*calloc)(size_t n, size_t len);
	void *(*realloc)(void *p, size_t len);
	void *(*aligned_malloc)(size_t alignment, size_t len);
};

static inline void ndpi_compat_set_allocator(const struct ndpi_compat_allocator *a)
{
#ifdef NDPI_HAS_SET_MALLOC
	set_ndpi_malloc(a->malloc);
	set_ndpi_free(a->free);
	set_ndpi_flow_malloc(a->malloc);
	set_ndpi_flow_free(a->free);
#else
	ndpi_set_memory_alloction_functions(a->malloc, a->free, a->calloc, a->realloc,
					    a->aligned_malloc, a->free, a->malloc, a->free);
#endif
}

/* Members of the TLS arm that moved or went; "" where this nDPI has none. */
static inline const char *ndpi_compat_alpn(const struct ndpi_flow_struct *f)
{
#ifdef NDPI_HAS_ADVERTISED_ALPNS
	return f->protos.tls_quic.advertised_alpns;
#else
	return f->protos.tls_quic.alpn;
#endif
}

static inline const char *ndpi_compat_ja3_client(const struct ndpi_flow_struct *f)
{
#ifdef NDPI_HAS_JA3_CLIENT
	return f->protos.tls_quic.ja3_client;
#else
	(void)f;
	return ""; /* 5.0 keeps JA4 only */
#endif
}

static inline const char *ndpi_compat_ja3_server(const struct ndpi_flow_struct *f)
{
#ifdef NDPI_HAS_JA3_SERVER
	return f->protos.tls_quic.ja3_server;
#else
	(void)f;
	return "";
#endif
}

/* Of a flow whose union holds the TLS arm: 20 bytes, NULL before a certificate was seen. */
static inline const uint8_t *ndpi_compat_tls_sha1(const struct ndpi_flow_struct *f)
{
	static const uint8_t none[sizeof f->protos.tls_quic.sha1_certificate_fingerprint];
	const uint8_t *sha1 = f->protos.tls_quic.sha1_certificate_fingerprint;

#if defined(NDPI_HAS_TLS_FINGERPRINT_SET)
	if (!f->protos.tls_quic.fingerprint_set)
		return NULL;
#elif defined(NDPI_HAS_TCP_FINGERPRINT_SET)
	/* 4.2 has the flag among TCP's; DTLS must not look there. */
	if (f->l4_proto == IPPROTO_TCP && !f->l4.tcp.tls.fingerprint_set)
		return NULL;
#endif
	return memcmp(sha1, none, sizeof none) ? sha1 : NULL;
}

/*
 * 4.2 takes the first SSH banner for the client's, and the side with the higher port for the client
 * in HASSH; later releases know which side is the client.
 */
static inline bool ndpi_compat_ssh_sides_guessed(void)
{
#ifdef NDPI_HAS_INPUT_INFO
	return false;
#else
	return true;
#endif
}

static inline bool ndpi_compat_is_guess(const struct ndpi_flow_struct *f)
{
	return f->confidence == NDPI_CONFIDENCE_MATCH_BY_PORT ||
	       f->confidence == NDPI_CONFIDENCE_MATCH_BY_IP;
}
