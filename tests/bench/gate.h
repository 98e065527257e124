/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold on any machine: a test that fails when prefetches were lost. */
#pragma once

#include "bench.h"

/* 0, 1 = below the floor, or 77 when load kept it from being measured. Says on stdout why. */
int gate_run(struct bench *b);
