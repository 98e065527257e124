/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules, nDPI's names, and the line that tells what is wrong, for tests of rules. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dpi/dpi.h"
#include "ft/rules.h"

/* Numbers that nDPI has never changed. */
enum { ID_DNS = 5, ID_HTTP = 7, ID_TLS = 91, ID_YOUTUBE = 124 };

struct rules_test {
	struct dpi *dpi;
	struct ft_rules rules;
	struct ft_rules_settings settings;
	char error[512];
};

static inline int rules_open(void **state)
{
	static const struct dpi_options options;
	struct rules_test *r = calloc(1, sizeof *r);

	*state = r;
	return r && dpi_create(&r->dpi, &options, r->error, sizeof r->error) == 0 ? 0 : -1;
}

static inline int rules_close(void **state)
{
	struct rules_test *r = *state;

	dpi_destroy(r->dpi);
	free(r);
	return 0;
}

/* Before every test: no rules. */
static inline int rules_clear(void **state)
{
	struct rules_test *r = *state;

	memset(&r->rules, 0, sizeof r->rules);
	memset(&r->settings, 0, sizeof r->settings);
	memset(r->error, 0, sizeof r->error);
	return 0;
}

static inline struct ft_rules_edit rules_edit(struct rules_test *r)
{
	return (struct ft_rules_edit){
		.rules = &r->rules, .dpi = r->dpi, .error = r->error, .error_len = sizeof r->error};
}

static inline void assert_says(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("'%s' is not in: %s", part, all);
}

/* A file of these bytes; the caller unlinks it. */
struct rules_path {
	char path[64];
};

static inline struct rules_path rules_file_with(const char *text)
{
	struct rules_path f = {"/tmp/ftprobe-rules-XXXXXX"};
	int fd = mkstemp(f.path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return f;
}
