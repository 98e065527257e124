/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures in memory, read with libpcap as the probe reads them: any link type, packed or not. */
#include "burst_trace.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source_pcap.h"

/* pfring_ft_process() has microseconds. */
#define MICROSECOND_NS 1000

static void *grown(void *old, unsigned int n, unsigned int *room, size_t size)
{
	if (n < *room)
		return old;
	*room = *room ? 2 * *room : 64;
	void *p = realloc(old, *room * size);
	if (!p)
		abort();
	return p;
}

static void keep_packet(struct trace *t, const pfring_ft_packet *from)
{
	pfring_ft_packet p = *from;
	u_char *copy = malloc(p.caplen);

	if (!copy && p.caplen)
		abort();
	if (p.caplen)
		memcpy(copy, p.data, p.caplen);
	p.data = copy;
	p.cookie = NULL;
	p.time_ns -= p.time_ns % MICROSECOND_NS;
	if (!(p.flags & PFRING_FT_PACKET_WIRE_LEN))
		p.len = p.caplen;
	p.flags = PFRING_FT_PACKET_WIRE_LEN;
	t->packets = grown(t->packets, t->n, &t->room, sizeof *t->packets);
	t->packets[t->n++] = p;
}

static void read_packets(struct trace *t, struct source_pcap *source)
{
	pfring_ft_packet packets[PFRING_FT_BURST_MAX];
	int n;

	while ((n = source_pcap_receive(source, packets, PFRING_FT_BURST_MAX)) != INPUT_END) {
		for (int i = 0; i < n; i++)
			keep_packet(t, &packets[i]);
		source_pcap_release(source, packets, (unsigned int)n);
		if (n == 0)
			source_pcap_time_restarts(source);
	}
}

static int load_file(struct traces *all, const char *path)
{
	const struct source_pcap_options options = {.paths = &path, .n_paths = 1};
	bool refused = strstr(path, "/refused-") != NULL;
	struct source_pcap *source;
	struct trace t = {0};
	char error[512];

	if (source_pcap_open(&source, &options, error, sizeof error) != 0) {
		all->n_refused += refused;
		if (!refused)
			fprintf(stderr, "burst_diff: %s\n", error);
		return refused ? 0 : -1;
	}
	t.name = strdup(path);
	read_packets(&t, source);
	source_pcap_close(source);
	all->at = grown(all->at, all->n, &all->room, sizeof *all->at);
	all->at[all->n++] = t;
	return 0;
}

static bool is_capture(const char *name)
{
	static const char *const suffixes[] = {".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcap.zst"};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (len > strlen(suffixes[i]) &&
		    strcmp(name + len - strlen(suffixes[i]), suffixes[i]) == 0)
			return true;
	return false;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int traces_load(struct traces *all, const char *path)
{
	struct dirent **entries;
	struct stat st;
	int rc = 0, n;

	if (stat(path, &st) != 0) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return load_file(all, path);
	n = scandir(path, &entries, is_visible, alphasort);
	for (int i = 0; i < n; i++) {
		char *below = NULL;

		if (asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0)
			abort();
		if (stat(below, &st) == 0 && (S_ISDIR(st.st_mode) || is_capture(below)))
			rc |= traces_load(all, below);
		free(below);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n < 0 ? -1 : rc;
}

void traces_free(struct traces *all)
{
	for (unsigned int i = 0; i < all->n; i++) {
		struct trace *t = &all->at[i];

		for (unsigned int k = 0; k < t->n; k++)
			free((void *)t->packets[k].data);
		free(t->packets);
		free(t->name);
	}
	free(all->at);
	*all = (struct traces){0};
}
