/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rules say of a flow, and rules by the names of protocols. */
#include "ft/rules.h"

#include "core/words.h"
#include "dpi/dpi.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const struct ft_rule *rule_of_protocol(const struct ft_rules *r, uint16_t id)
{
	return &r->by_protocol[id < FT_RULE_PROTOCOLS_MAX ? id : 0]; /* 0 never has a rule */
}

static const struct ft_rule *rule_of_pair(const struct ft_rules *r, uint16_t master, uint16_t app)
{
	for (unsigned int i = 0; i < r->n_pairs; i++)
		if (r->pairs[i].master == master && r->pairs[i].app == app)
			return &r->pairs[i].rule;
	return &r->by_protocol[0];
}

static void apply(struct ft_policy *p, const struct ft_rule *rule)
{
	if (rule->has_action)
		p->action = rule->action;
	if (rule->has_shunt)
		p->shunt = rule->shunt;
}

struct ft_policy ft_rules_ask(const struct ft_rules *r, uint16_t master, uint16_t app,
			      uint8_t protocol)
{
	struct ft_policy p = {.shunt = r->shunt_default};

	if (protocol == IPPROTO_TCP && r->shunt_tcp)
		p.shunt = r->shunt_tcp;
	else if (protocol == IPPROTO_UDP && r->shunt_udp)
		p.shunt = r->shunt_udp;
	if (!master && !app)
		return p;
	if (!master)
		master = app;
	if (!app)
		app = master;
	p.action = r->has_all ? r->all_action : r->default_action;
	/* The last word is the strongest. */
	apply(&p, rule_of_protocol(r, master));
	apply(&p, rule_of_protocol(r, app));
	apply(&p, rule_of_pair(r, master, app));
	return p;
}

/* The protocol of that name, or the one whose name is nearest; its name into buffer, or NULL. */
static const char *near_name(struct dpi *dpi, const char *wanted, char buffer[DPI_NAME_BYTES])
{
	uint16_t best = dpi_protocol_id(dpi, wanted);
	unsigned int n = best ? 0 : FT_RULE_PROTOCOLS_MAX;
	struct nearest_word near = {.any_case = true};
	char name[DPI_NAME_BYTES], unknown[DPI_NAME_BYTES];

	dpi_protocol_name(dpi, 0, 0, unknown, sizeof unknown);
	for (unsigned int id = 1; id < n; id++) {
		/* Numbers that nobody has are called so, too. */
		dpi_protocol_name(dpi, 0, (uint16_t)id, name, sizeof name);
		if (strcmp(name, unknown) != 0 && nearest_word_offer(&near, wanted, name))
			best = (uint16_t)id;
	}
	return best ? dpi_protocol_name(dpi, 0, best, buffer, DPI_NAME_BYTES) : NULL;
}

/* The part of a name before its first dot into head; what follows the dot, NULL without one. */
static const char *split_name(const char *name, const char *dot, char head[DPI_NAME_BYTES])
{
	size_t len = (size_t)(dot - name);

	if (len >= DPI_NAME_BYTES)
		return NULL;
	memcpy(head, name, len);
	head[len] = '\0';
	return dot + 1;
}

/* "Master.App", wherever a dot has a known name on both sides. False when there is none. */
static bool find_pair(struct dpi *dpi, const char *name, uint16_t *master, uint16_t *app)
{
	char head[DPI_NAME_BYTES];

	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		const char *tail = split_name(name, dot, head);

		if (!tail)
			return false;
		*master = dpi_protocol_id(dpi, head);
		*app = dpi_protocol_id(dpi, tail);
		if (*master && *app)
			return true;
	}
	return false;
}

/* What may be meant by a name that nobody has. */
static int unknown_name(const struct ft_rules_edit *e, const char *name)
{
	char master[DPI_NAME_BYTES], app[DPI_NAME_BYTES], head[DPI_NAME_BYTES];
	const char *dot = strchr(name, '.'), *tail = dot ? split_name(name, dot, head) : NULL;

	if (near_name(e->dpi, name, app))
		snprintf(e->error, e->error_len, "there is no such protocol; did you mean %s?",
			 app);
	else if (tail && near_name(e->dpi, head, master) && near_name(e->dpi, tail, app))
		snprintf(e->error, e->error_len, "there is no such protocol; did you mean %s.%s?",
			 master, app);
	else
		snprintf(e->error, e->error_len,
			 "there is no such protocol; allowed: names of nDPI, such as HTTP, or "
			 "Master.App, such as TLS.YouTube");
	return -ENOENT;
}

/* Whether a rule for these can be held; -errno with the reason. */
static int check_place(const struct ft_rules_edit *e, uint16_t master, uint16_t app)
{
	uint32_t n = e->filter_protocols;

	if (n && master) {
		snprintf(e->error, e->error_len,
			 "a filter holds no Master.App; allowed: one protocol");
		return -EINVAL;
	}
	if (n && app >= n) {
		snprintf(e->error, e->error_len,
			 "is protocol %u; the filter has %u elements, allowed: at least %u", app, n,
			 app + 1U);
		return -EINVAL;
	}
	if (app >= FT_RULE_PROTOCOLS_MAX) {
		snprintf(e->error, e->error_len, "is protocol %u; allowed: numbers below %u", app,
			 FT_RULE_PROTOCOLS_MAX);
		return -ENOSPC;
	}
	return 0;
}

static int place_of_pair(const struct ft_rules_edit *e, uint16_t master, uint16_t app)
{
	struct ft_rules *r = e->rules;

	for (int i = 0; i < r->n_pairs; i++)
		if (r->pairs[i].master == master && r->pairs[i].app == app)
			return FT_RULE_PROTOCOLS_MAX + i;
	if (r->n_pairs == FT_RULE_PAIRS_MAX) {
		snprintf(e->error, e->error_len, "too many rules for Master.App; allowed: %u",
			 FT_RULE_PAIRS_MAX);
		return -ENOSPC;
	}
	r->pairs[r->n_pairs] = (struct ft_rule_pair){.master = master, .app = app};
	return FT_RULE_PROTOCOLS_MAX + r->n_pairs++;
}

int ft_rules_place(const struct ft_rules_edit *e, const char *name)
{
	uint16_t master = 0, app;
	int rc;

	if (!e->dpi) {
		snprintf(e->error, e->error_len,
			 "names of protocols need nDPI: create the table with "
			 "PFRING_FT_TABLE_FLAGS_DPI");
		return -ENOTSUP;
	}
	/* Names of custom protocols may have dots. */
	app = dpi_protocol_id(e->dpi, name);
	if (!app && !find_pair(e->dpi, name, &master, &app))
		return unknown_name(e, name);
	rc = check_place(e, master, app);
	if (rc)
		return rc;
	return master ? place_of_pair(e, master, app) : app;
}

struct ft_rule *ft_rules_at(struct ft_rules *r, int place)
{
	return place < FT_RULE_PROTOCOLS_MAX ? &r->by_protocol[place] :
					       &r->pairs[place - FT_RULE_PROTOCOLS_MAX].rule;
}

int ft_rules_set(const struct ft_rules_edit *e, const char *name, const struct ft_rule *what)
{
	int place = ft_rules_place(e, name);
	struct ft_rule *rule;

	if (place < 0)
		return place;
	rule = ft_rules_at(e->rules, place);
	if (what->has_action) {
		rule->has_action = true;
		rule->action = what->action;
	}
	if (what->has_shunt) {
		rule->has_shunt = true;
		rule->shunt = what->shunt;
	}
	e->rules->generation++;
	return 0;
}

static void drop_action(struct ft_rule *rule)
{
	rule->has_action = false;
	rule->action = PFRING_FT_ACTION_DEFAULT;
}

void ft_rules_set_all(struct ft_rules *r, pfring_ft_action action)
{
	uint16_t kept = 0;

	for (unsigned int i = 0; i < FT_RULE_PROTOCOLS_MAX; i++)
		drop_action(&r->by_protocol[i]);
	for (unsigned int i = 0; i < r->n_pairs; i++) {
		drop_action(&r->pairs[i].rule);
		if (r->pairs[i].rule.has_shunt)
			r->pairs[kept++] = r->pairs[i];
	}
	r->n_pairs = kept;
	r->has_all = action != PFRING_FT_ACTION_DEFAULT;
	r->all_action = action;
	r->generation++;
}
