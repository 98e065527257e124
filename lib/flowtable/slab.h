/* SPDX-License-Identifier: BSD-3-Clause */
/* Cold records inside the flow table: taken by the owner, released by anyone. */
#pragma once

#include "flowtable/table.h"

/*
 * A zeroed cold record. The slab holds as many as the table and the detached can be, and the caller
 * takes what ended and gives back what was freed after every step, so there is one.
 */
struct flow *slab_take(struct flowtable *t);
/*
 * The closed part of a record that leaves. There is one for each: flows beyond detached_max leave
 * none.
 */
struct flow_closed *slab_take_closed(struct flowtable *t, struct flow *f);
