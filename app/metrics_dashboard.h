/* SPDX-License-Identifier: BSD-3-Clause */
/* The dashboard for Grafana that config/grafana-ftprobe.json is: a panel a row, made of metrics. */
#pragma once

#include <stdio.h>

/* 0, or -ENOENT: a row names a metric that there is not. Any thread. */
int metrics_dashboard_print(FILE *f);
