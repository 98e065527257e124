/* SPDX-License-Identifier: BSD-3-Clause */
/* reload: another configuration, asked for on the control socket. */
#pragma once

#include "control.h"
#include "reload.h"

/*
 * Adds the command. r: NULL = there is nothing to read again, which it says; it outlives the
 * control thread. Before control_start(). 0 or -ENOSPC.
 */
int control_reload_add(struct control *c, struct reload *r);
