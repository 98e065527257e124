/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of what is loaded into modules: inspections, files, and what flows are called then. */
#pragma once

#include "traffic.h"

#include <stdio.h>
#include <unistd.h>

#define LOAD_PATH_BYTES 64

static uint64_t load_counters[DPI_N];

static inline struct dpi *make(struct dpi_options o)
{
	struct dpi *d = NULL;

	memset(load_counters, 0, sizeof load_counters);
	o.guess = o.extra = true;
	o.counters = load_counters;
	assert_int_equal(dpi_create(&d, &o, NULL, 0), 0);
	return d;
}

/* A file of its own for each test; written again it keeps its path. */
static inline void file_write(char *path, const char *text)
{
	FILE *f;

	if (!path[0]) {
		snprintf(path, LOAD_PATH_BYTES, "/tmp/ftprobe-dpi-XXXXXX");
		int fd = mkstemp(path);

		assert_true(fd >= 0);
		close(fd);
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static inline void load(struct dpi *d, const char *path)
{
	char error[256] = "";

	if (dpi_load_protocols_file(d, path, error, sizeof error))
		fail_msg("%s", error);
}

static inline void load_categories(struct dpi *d, const char *path)
{
	char error[256] = "";

	if (dpi_load_categories_file(d, path, error, sizeof error))
		fail_msg("%s", error);
}

/* What a flow to this port is called: a guess, when a rule is all that names it. */
static inline const char *name_on(struct dpi *d, uint16_t port)
{
	struct talk t = talk_make(d, TALK_TCP, 40000, port);
	const char *name;

	talk_text(&t, DIR_FWD, "?");
	talk_finish(&t);
	name = t.annex.l7_proto;
	talk_release(&t);
	return name;
}

/* Begins a request for this host and leaves it without an answer. */
static inline struct talk ask_for(struct dpi *d, const char *host)
{
	struct talk t = talk_make(d, TALK_TCP, 40000, 80);
	char request[256];

	snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: test\r\n\r\n",
		 host);
	talk_handshake(&t);
	assert_false(talk_text(&t, DIR_FWD, request));
	return t;
}

static inline uint16_t category_of(struct dpi *d, const char *host)
{
	struct talk t = ask_for(d, host);
	uint16_t id;

	talk_finish(&t);
	id = t.annex.category_id;
	talk_release(&t);
	return id;
}
