/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The line is written with one write(2) and erased the same way: nothing of it stays on the screen.
 */
#include "progress_bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_NS  100000000ULL
#define BAR_CELLS  30
#define LINE_BYTES 160
/* To the left edge, and nothing right of it. */
#define ERASE "\r\033[K"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* A terminal that is gone is no reason to stop. */
static void put(const struct progress_bar *bar, const char *text)
{
	ssize_t done = write(bar->fd, text, strlen(text));

	(void)done;
}

void progress_bar_start(struct progress_bar *bar, int fd, uint64_t total_bytes)
{
	uint64_t now = now_ns();

	*bar = (struct progress_bar){
		.fd = fd,
		.total_bytes = total_bytes,
		.start_ns = now,
		.next_ns = now + REDRAW_NS,
	};
}

/* "[=====>    ]  42 % ", or nothing when the total is not known. */
static void draw_share(const struct progress_bar *bar, uint64_t bytes, char *out, size_t len)
{
	char cells[BAR_CELLS + 1];
	double share;
	int full;

	out[0] = '\0';
	if (!bar->total_bytes)
		return;
	share = (double)bytes / (double)bar->total_bytes;
	share = share > 1 ? 1 : share;
	full = (int)(share * BAR_CELLS);
	memset(cells, ' ', BAR_CELLS);
	memset(cells, '=', (size_t)full);
	if (full < BAR_CELLS)
		cells[full] = '>';
	cells[BAR_CELLS] = '\0';
	snprintf(out, len, "[%s] %3d %%  ", cells, (int)(share * 100));
}

void progress_bar_update(struct progress_bar *bar, uint64_t bytes, uint64_t packets)
{
	char share[LINE_BYTES / 2], line[LINE_BYTES];
	uint64_t now = now_ns();
	double rate;

	if (now < bar->next_ns)
		return;
	bar->next_ns = now + REDRAW_NS;
	rate = (double)packets * 1e9 / (double)(now - bar->start_ns);
	draw_share(bar, bytes, share, sizeof share);
	snprintf(line, sizeof line, ERASE "%s%" PRIu64 " packets  %.*f %s/s", share, packets,
		 rate >= 1e6 ? 2 : 0, rate >= 1e6 ? rate / 1e6 : rate,
		 rate >= 1e6 ? "M packets" : "packets");
	put(bar, line);
	bar->drawn = true;
}

void progress_bar_erase(struct progress_bar *bar)
{
	if (bar->drawn)
		put(bar, ERASE);
	bar->drawn = false;
}
