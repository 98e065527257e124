/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold between settings, whichever way they came. */
#pragma once

#include "options_edit.h"

/* Complains of everything that contradicts itself; the caller looks at e->n. */
void options_check(const struct options *o, struct options_errors *e);
