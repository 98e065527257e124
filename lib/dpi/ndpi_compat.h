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
 *   PAIR              master and application sit in ndpi_protocol.proto          (since 4.12)
 *   NAME_OF_PAIR      a name is asked of that pair, not of the whole verdict     (since 4.12)
 */
#pragma once

#include <ndpi_api.h>
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

static inline int ndpi_compat_load_categories(struct ndpi_detection_module_struct *m,
					      const char *path)
{
#ifdef NDPI_HAS_CATEGORIES_DATA
	return ndpi_load_categories_file(m, path, NULL);
#else
	return ndpi_load_categories_file(m, path);
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
