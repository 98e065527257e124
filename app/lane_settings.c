/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings of lanes: made of options, taken between bursts. */
#include "lane_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lane.h"

/* Groups of flows that a change comes to after a burst, and after a poll that found nothing. */
#define REFIT_GROUPS_BUSY 4
#define REFIT_GROUPS_IDLE 64

static int add_own(const struct opened_output *list, unsigned int n_list, char *text, size_t len)
{
	size_t n = strlen(text);

	for (unsigned int i = 0; i < n_list; i++) {
		if (list[i].own_traffic_too_long)
			return -ENOSPC;
		if (!list[i].own_traffic[0])
			continue;
		n += (size_t)snprintf(text + n, len - n, "%s(%s)", n ? " or " : "",
				      list[i].own_traffic);
		if (n >= len)
			return -ENOSPC;
	}
	return 0;
}

/* The traffic of every output, as one filter. */
static int own_traffic(const struct lane_settings_from *from, char *text, size_t len)
{
	text[0] = '\0';
	if (add_own(from->outputs, from->n_outputs, text, len) ||
	    add_own(from->leaving, from->n_leaving, text, len))
		return -ENOSPC;
	return 0;
}

static int compile(struct lane_settings *s, const struct lane_settings_from *from, char *error,
		   size_t error_len)
{
	const struct options *o = from->o;
	char text[BPF_BYTES_MAX];
	int rc = 0;

	if (o->n_files)
		return 0;
	if (o->lane.bpf[0]) {
		rc = admit_compile(&s->filter, o->lane.bpf, false, error, error_len);
		s->has_filter = rc == 0;
	}
	if (rc || !o->lane.exclude_own_export)
		return rc;
	if (own_traffic(from, text, sizeof text)) {
		snprintf(error, error_len,
			 "too many outputs to tell their own traffic apart; "
			 "set [lane] exclude_own_export = no");
		return -ENOSPC;
	}
	if (!text[0])
		return 0;
	rc = admit_compile(&s->own, text, true, error, error_len);
	s->has_own = rc == 0;
	return rc;
}

int lane_settings_create(struct lane_settings **out, const struct lane_settings_from *from,
			 char *error, size_t error_len)
{
	const struct options *o = from->o;
	struct lane_settings *s = calloc(1, sizeof *s);
	int rc;

	if (!s) {
		snprintf(error, error_len, "no memory for the settings of lanes");
		return -ENOMEM;
	}
	s->table = (struct ft_change){
		.idle_timeout_ns = o->table.idle_timeout_ns,
		.active_timeout_ns = o->table.active_timeout_ns,
		.slice_timeout_ns = o->table.slice_timeout_ns,
		.tcp_linger_ns = o->table.tcp_linger_ns,
		.processors = from->processors,
	};
	s->stop_timeout_ns = o->probe.stop_timeout_ns;
	rc = compile(s, from, error, error_len);
	if (rc) {
		lane_settings_destroy(s);
		return rc;
	}
	*out = s;
	return 0;
}

void lane_settings_destroy(struct lane_settings *s)
{
	if (!s)
		return;
	if (s->has_filter)
		pcap_freecode(&s->filter);
	if (s->has_own)
		pcap_freecode(&s->own);
	free(s);
}

static void use(struct lane *l, const struct lane_settings *s)
{
	l->admit.filter = s->has_filter ? &s->filter : NULL;
	l->admit.own = s->has_own ? &s->own : NULL;
	l->stop_timeout_ns = s->stop_timeout_ns;
	l->settings = s;
}

void lane_settings_give(struct lane *l, const struct lane_settings *s)
{
	use(l, s);
	atomic_store(&l->wanted, s);
	atomic_store(&l->taken, s);
}

void lane_settings_ask(struct lane *l, const struct lane_settings *s)
{
	atomic_store_explicit(&l->wanted, s, memory_order_release);
}

bool lane_settings_are_taken(const struct lane *l, const struct lane_settings *s)
{
	return atomic_load_explicit(&l->taken, memory_order_acquire) == s ||
	       atomic_load_explicit(&l->done, memory_order_acquire);
}

void lane_settings_take(struct lane *l, bool busy)
{
	const struct lane_settings *s = atomic_load_explicit(&l->wanted, memory_order_relaxed);

	if (s != l->settings) {
		s = atomic_load_explicit(&l->wanted, memory_order_acquire);
		l->refits = ft_change(l->table, &s->table);
		use(l, s);
		atomic_store_explicit(&l->taken, s, memory_order_release);
	} else if (l->refits) {
		l->refits = ft_refit(l->table, busy ? REFIT_GROUPS_BUSY : REFIT_GROUPS_IDLE);
	}
}
