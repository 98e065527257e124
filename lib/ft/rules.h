/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters and shunts by L7 protocol: what is told by name, and what is asked once a flow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "ft/pfring_ft.h"

struct dpi;

/* What a rule says; each half may say nothing. */
struct ft_rule {
	bool has_action, has_shunt;
	pfring_ft_action action;
	uint8_t shunt; /* packets, 0 = never */
};

/* A rule for "Master.App". */
struct ft_rule_pair {
	uint16_t master, app;
	struct ft_rule rule;
};

/* All zero: no rules. Plain data: a copy is another set of rules. */
struct ft_rules {
	pfring_ft_action default_action; /* of known protocols without a filter */
	pfring_ft_action all_action;	 /* of all known protocols, below filters by name */
	bool has_all;
	uint8_t shunt_tcp, shunt_udp; /* where no protocol's shunt fits, 0 = the default one */
	uint8_t shunt_default;	      /* 0 = never */
	uint16_t n_pairs;
	uint32_t generation; /* changes with every change, so that flows ask again */
	struct ft_rule by_protocol[FT_RULE_PROTOCOLS_MAX]; /* by nDPI's number */
	struct ft_rule_pair pairs[FT_RULE_PAIRS_MAX];
};

/* What the rules say of a flow: shunt 0 = never. */
struct ft_policy {
	pfring_ft_action action;
	uint8_t shunt;
};

/*
 * What the rules say of a flow. master and app as nDPI says them; one of them 0, or both the same:
 * a protocol without another around it; both 0: the protocol is not known (yet: ask when it will
 * never be, too). protocol: of IP. Of the rules that fit, Master.App comes first, then the
 * application's, then the master's, for filter and shunt each.
 */
struct ft_policy ft_rules_ask(const struct ft_rules *r, uint16_t master, uint16_t app,
			      uint8_t protocol);

/* Where changes go, who knows the names, and who is told what is wrong with them. */
struct ft_rules_edit {
	struct ft_rules *rules;
	/* NULL: only what has no protocol's name can be used. */
	struct dpi *dpi;
	/*
	 * Not 0: the rules are for a pfring_ft_flow_filter with so many elements, which holds
	 * neither "Master.App" nor settings, nor protocols from that number on.
	 */
	uint32_t filter_protocols;
	char *error; /* one line after a failure, else untouched */
	size_t error_len;
};

/*
 * Changes the rule of a protocol ("HTTP") or of a pair ("TLS.YouTube") by its name, case does not
 * matter: each half of what that says something. 0, or -errno with the rules unchanged: -ENOENT
 * (there is no such protocol), -EINVAL (not for a filter), -ENOSPC (too many pairs), -ENOTSUP (no
 * nDPI).
 */
int ft_rules_set(const struct ft_rules_edit *e, const char *name, const struct ft_rule *what);

/* The filter of all known protocols, instead of every filter there is; shunts stay. */
void ft_rules_set_all(struct ft_rules *r, pfring_ft_action action);

/*
 * The place of a protocol's or a pair's rule, made when there is none; -errno as ft_rules_set().
 * A place stays the same until ft_rules_set_all().
 */
#define FT_RULE_PLACES (FT_RULE_PROTOCOLS_MAX + FT_RULE_PAIRS_MAX)
int ft_rules_place(const struct ft_rules_edit *e, const char *name);
struct ft_rule *ft_rules_at(struct ft_rules *r, int place);

/* Settings of a rules file that are no rules; 0 = not given. */
struct ft_rules_settings {
	uint32_t idle_timeout_s, lifetime_timeout_s;
	uint32_t dpi_packets_tcp, dpi_packets_udp;
};

/*
 * Reads a rules file, see pfring_ft(3), over what the rules and *settings have: 0, or -errno with
 * one line in e->error (file, line, what is wrong, what is allowed), rules and *settings unchanged.
 * Any thread.
 */
int ft_rules_load(const struct ft_rules_edit *e, struct ft_rules_settings *settings,
		  const char *path);
/* The same from text of len bytes; name stands for the path. */
int ft_rules_parse(const struct ft_rules_edit *e, struct ft_rules_settings *settings,
		   const char *text, size_t len, const char *name);
