/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's one way to say something: see pfring_ft_set_log_callback(). Any thread. */
#pragma once

/* Why a call failed: one line, without "pfring_ft: " and without its end. */
void ft_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What was done; only after pfring_ft_debug(). */
void ft_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
