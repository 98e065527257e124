/* SPDX-License-Identifier: BSD-3-Clause */
/* Between table.c, which makes a table of its options, and refit.c, which changes them. */
#pragma once

#include "flowtable/table.h"

/* 0, or -EINVAL: what flowtable_create() refuses. */
int flowtable_options_check(const struct flowtable_options *o);
/* What the timeouts say about units and periods. */
void flowtable_set_spans(struct flowtable *t);
