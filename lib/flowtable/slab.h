/* SPDX-License-Identifier: BSD-3-Clause */
/* Cold records inside the flow table: taken by the owner, released by anyone. */
#pragma once

#include "flowtable/table.h"

/*
 * A zeroed cold record. The slab holds as many as the table, the detached and the masters of slices
 * can be, and the caller takes what ended and gives back what was freed after every step, so there
 * is one.
 */
struct flow *slab_take(struct flowtable *t);
/* Gives back a record that was never handed out. */
void slab_put(struct flowtable *t, struct flow *f);
