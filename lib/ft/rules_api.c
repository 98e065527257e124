/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of the API that set filters and shunts, one by one or from a file. */
#include "ft/table.h"

#include "core/clock.h"
#include "core/words.h"
#include "ft/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A path and a sentence. */
#define ERROR_BYTES 1024

/* Flows ask again, and packets are shown to the rules. */
static void rules_changed(struct ft_table *t)
{
	t->rules.generation++;
	ft_attention(t);
}

bool ft_action_is_good(const char *function, pfring_ft_action action)
{
	if (action <= PFRING_FT_ACTION_SLICE)
		return true;
	ft_log("%s: %u is no action; allowed: PFRING_FT_ACTION_DEFAULT (0) to "
	       "PFRING_FT_ACTION_SLICE (5)",
	       function, action);
	return false;
}

static bool name_is_given(const char *function, const char *name)
{
	if (!name)
		ft_log("%s: no name was given; allowed: a protocol of nDPI", function);
	return name != NULL;
}

/* The rule of one name; the sentence about a bad one begins with the function that was called. */
static void set_rule(struct ft_table *t, const char *function, const char *name,
		     const struct ft_rule *what)
{
	char error[ERROR_BYTES], line[2 * ERROR_BYTES];
	const struct ft_rules_edit edit = {
		.rules = &t->rules, .dpi = t->dpi, .error = error, .error_len = sizeof error};

	if (ft_rules_set(&edit, name, what)) {
		snprintf(line, sizeof line, "%s: %.80s: %s", function, name, error);
		words_make_printable(line);
		ft_log("%s", line);
		return;
	}
	ft_attention(t);
}

void pfring_ft_set_default_action(pfring_ft_table *table, pfring_ft_action action)
{
	struct ft_table *t = table;

	if (!ft_action_is_good(__func__, action))
		return;
	t->rules.default_action = action;
	rules_changed(t);
}

void pfring_ft_set_filter_all_protocols(pfring_ft_table *table, pfring_ft_action action)
{
	struct ft_table *t = table;

	if (!ft_action_is_good(__func__, action))
		return;
	ft_rules_set_all(&t->rules, action);
	ft_attention(t);
}

void pfring_ft_set_filter_protocol_by_name(pfring_ft_table *table, const char *protocol_name,
					   pfring_ft_action action)
{
	const struct ft_rule rule = {.has_action = true, .action = action};

	if (ft_action_is_good(__func__, action) && name_is_given(__func__, protocol_name))
		set_rule(table, __func__, protocol_name, &rule);
}

void pfring_ft_set_shunt_protocol_by_name(pfring_ft_table *table, const char *protocol_name,
					  u_int8_t packets)
{
	const struct ft_rule rule = {.has_shunt = true, .shunt = packets};
	struct ft_table *t = table;
	uint8_t *other = NULL;

	if (!name_is_given(__func__, protocol_name))
		return;
	if (strcasecmp(protocol_name, "default") == 0)
		other = &t->rules.shunt_default;
	else if (strcasecmp(protocol_name, "tcp") == 0)
		other = &t->rules.shunt_tcp;
	else if (strcasecmp(protocol_name, "udp") == 0)
		other = &t->rules.shunt_udp;
	if (other) {
		*other = packets;
		rules_changed(t);
	} else {
		set_rule(t, __func__, protocol_name, &rule);
	}
}

/* What a rules file says beside rules. */
static int apply_settings(struct ft_table *t, const struct ft_rules_settings *s)
{
	const struct flowtable_options *now = &t->flows->options;
	uint64_t idle_ns = s->idle_timeout_s ? s->idle_timeout_s * SECOND_NS : now->idle_timeout_ns;
	uint64_t active_ns = s->lifetime_timeout_s ? s->lifetime_timeout_s * SECOND_NS :
						     now->active_timeout_ns;
	int rc = 0;

	if (s->idle_timeout_s || s->lifetime_timeout_s)
		rc = flowtable_set_timeouts(t->flows, idle_ns, active_ns, now->slice_timeout_ns);
	if (rc)
		return rc;
	/* For a module that the table gets later, too. */
	if (s->dpi_packets_tcp)
		t->dpi_options.packets_tcp_max = s->dpi_packets_tcp;
	if (s->dpi_packets_udp)
		t->dpi_options.packets_udp_max = s->dpi_packets_udp;
	if (t->dpi)
		dpi_set_packets_max(t->dpi, s->dpi_packets_tcp, s->dpi_packets_udp);
	return 0;
}

int pfring_ft_load_configuration(pfring_ft_table *table, const char *path)
{
	struct ft_table *t = table;
	struct ft_rules rules = t->rules;
	struct ft_rules_settings settings = {0};
	char error[ERROR_BYTES] = "";
	const struct ft_rules_edit edit = {
		.rules = &rules, .dpi = t->dpi, .error = error, .error_len = sizeof error};
	int rc;

	if (!path) {
		ft_log("%s: no path was given", __func__);
		return -EINVAL;
	}
	rc = ft_rules_load(&edit, &settings, path);
	if (rc) {
		ft_log("%s", error);
		return rc;
	}
	rc = apply_settings(t, &settings);
	if (rc) {
		ft_log("%s: the table refuses its timeouts: %s", path, strerror(-rc));
		return rc;
	}
	t->rules = rules;
	ft_attention(t);
	ft_debug("%s: loaded", path);
	return 0;
}

/* Gives a filter arrays of its own. 0 or -ENOMEM with *filter as it was. */
static int filter_allocate(pfring_ft_flow_filter *filter)
{
	pfring_ft_action *actions = calloc(FT_RULE_PROTOCOLS_MAX, sizeof *actions);
	u_int8_t *npkts = calloc(FT_RULE_PROTOCOLS_MAX, sizeof *npkts);

	if (!actions || !npkts) {
		free(actions);
		free(npkts);
		ft_log("no memory for a filter");
		return -ENOMEM;
	}
	filter->num_protocols = FT_RULE_PROTOCOLS_MAX;
	filter->match.protocol_to_action = actions;
	filter->shunt.protocol_to_npkts = npkts;
	return 0;
}

static void filter_fill(pfring_ft_flow_filter *filter, const struct ft_rules *r)
{
	filter->shunt.default_npkts = r->shunt_default;
	filter->shunt.tcp_npkts = r->shunt_tcp;
	filter->shunt.udp_npkts = r->shunt_udp;
	for (uint32_t i = 0; i < filter->num_protocols; i++) {
		struct ft_rule rule = {0};

		if (i < FT_RULE_PROTOCOLS_MAX)
			rule = r->by_protocol[i];
		if (i && !rule.has_action)
			rule.action = r->default_action;
		filter->match.protocol_to_action[i] = rule.action;
		filter->shunt.protocol_to_npkts[i] = rule.shunt;
	}
}

/* Whether all of it is given, or nothing. */
static bool filter_is_good(const pfring_ft_flow_filter *filter)
{
	bool given = filter->num_protocols;

	return given == (filter->match.protocol_to_action != NULL) &&
	       given == (filter->shunt.protocol_to_npkts != NULL);
}

int pfring_ft_load_configuration_ext(pfring_ft_table *table, const char *path,
				     pfring_ft_flow_filter *filter)
{
	struct ft_table *t = table;
	struct ft_rules rules = {0};
	struct ft_rules_settings settings = {0};
	char error[ERROR_BYTES] = "";
	struct ft_rules_edit edit = {
		.rules = &rules, .dpi = t->dpi, .error = error, .error_len = sizeof error};
	int rc;

	if (!path || !filter || !filter_is_good(filter)) {
		ft_log("%s: give a path and a filter, all zero or with both arrays and their "
		       "num_protocols",
		       __func__);
		return -EINVAL;
	}
	edit.filter_protocols = filter->num_protocols ? filter->num_protocols :
							FT_RULE_PROTOCOLS_MAX;
	rc = ft_rules_load(&edit, &settings, path);
	if (rc) {
		ft_log("%s", error);
		return rc;
	}
	if (!filter->num_protocols)
		rc = filter_allocate(filter);
	if (rc == 0)
		filter_fill(filter, &rules);
	return rc;
}
