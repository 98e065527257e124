/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a rules file: no crash; a refusal is one line of text and changes nothing; what was
 * accepted is within its bounds, and is the same when it is read again.
 */
#include "fuzz.h"

#include "core/limits.h"
#include "dpi/dpi.h"
#include "ft/rules.h"

#include <errno.h>
#include <string.h>

struct outcome {
	struct ft_rules rules;
	struct ft_rules_settings settings;
	char error[512];
	int rc;
};

static struct dpi *names(void)
{
	static const struct dpi_options options;
	static struct dpi *dpi;

	if (!dpi)
		FUZZ_HOLDS(dpi_create(&dpi, &options, NULL, 0) == 0);
	return dpi;
}

static void check_rule(const struct ft_rule *r)
{
	FUZZ_HOLDS(r->action <= PFRING_FT_ACTION_SLICE);
	FUZZ_HOLDS(r->has_action || r->action == PFRING_FT_ACTION_DEFAULT);
	FUZZ_HOLDS(r->has_shunt || r->shunt == 0);
}

static void check_bounds(const struct outcome *o)
{
	const struct ft_rules_settings *s = &o->settings;

	check_rule(&o->rules.by_protocol[0]);
	FUZZ_HOLDS(!o->rules.by_protocol[0].has_action && !o->rules.by_protocol[0].has_shunt);
	for (unsigned int i = 1; i < FT_RULE_PROTOCOLS_MAX; i++)
		check_rule(&o->rules.by_protocol[i]);
	FUZZ_HOLDS(o->rules.n_pairs <= FT_RULE_PAIRS_MAX);
	for (unsigned int i = 0; i < o->rules.n_pairs; i++) {
		check_rule(&o->rules.pairs[i].rule);
		FUZZ_HOLDS(o->rules.pairs[i].master && o->rules.pairs[i].app);
	}
	FUZZ_HOLDS(o->rules.default_action <= PFRING_FT_ACTION_SLICE && !o->rules.has_all);
	FUZZ_HOLDS(s->dpi_packets_tcp <= UINT8_MAX && s->dpi_packets_udp <= UINT8_MAX);
	FUZZ_HOLDS(s->idle_timeout_s <= 86400 && s->lifetime_timeout_s <= 86400);
}

/* Reads the bytes over what the outcome has. */
static void read_over(struct outcome *o, struct dpi *dpi, uint32_t filter_protocols,
		      const uint8_t *data, size_t size)
{
	static struct outcome before;
	const struct ft_rules_edit edit = {.rules = &o->rules,
					   .dpi = dpi,
					   .filter_protocols = filter_protocols,
					   .error = o->error,
					   .error_len = sizeof o->error};

	o->error[0] = '\0';
	before = *o;
	o->rc = ft_rules_parse(&edit, &o->settings, (const char *)data, size, "fuzz");
	if (o->rc) {
		FUZZ_HOLDS(o->rc == -EINVAL && strncmp(o->error, "fuzz:", 5) == 0);
		FUZZ_HOLDS(!strchr(o->error, '\n') && strlen(o->error) < sizeof o->error);
		FUZZ_HOLDS(memcmp(&o->rules, &before.rules, sizeof before.rules) == 0);
		FUZZ_HOLDS(memcmp(&o->settings, &before.settings, sizeof before.settings) == 0);
	} else {
		FUZZ_HOLDS(!o->error[0] && o->rules.generation == before.rules.generation + 1);
	}
	check_bounds(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct outcome once, twice, filter, nameless;

	memset(&once, 0, sizeof once);
	filter = nameless = once;
	read_over(&once, names(), 0, data, size);
	twice = once;
	read_over(&twice, names(), 0, data, size);
	FUZZ_HOLDS(twice.rc == once.rc);
	twice.rules.generation = once.rules.generation;
	FUZZ_HOLDS(memcmp(&twice.rules, &once.rules, sizeof once.rules) == 0);
	FUZZ_HOLDS(memcmp(&twice.settings, &once.settings, sizeof once.settings) == 0);
	/* A filter holds less, and so does a table without nDPI. */
	read_over(&filter, names(), 100, data, size);
	FUZZ_HOLDS(!once.rc || filter.rc);
	FUZZ_HOLDS(filter.rules.n_pairs == 0 && filter.settings.idle_timeout_s == 0);
	read_over(&nameless, NULL, 0, data, size);
	FUZZ_HOLDS(!once.rc || nameless.rc);
	return 0;
}
