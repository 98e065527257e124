/* SPDX-License-Identifier: BSD-3-Clause */
/* What the drivers count beyond what all of them do, under their own names. */
#pragma once

#include <stdio.h>

#include "snapshot.h"

/* Writes ftprobe_port_xstat; NULL are no ports. Any thread. */
void metrics_print_ports(FILE *f, const struct ports *ports, const struct snapshot *s);
