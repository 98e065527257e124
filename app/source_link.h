/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Link types of capture files: which ones are read, as what, and the filter compiled for each.
 */
#pragma once

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of the table of link types. */
#define SOURCE_LINKS 14

/* A row of it: what libpcap or a pcapng interface says, and what follows from it. */
struct source_link {
	uint16_t value; /* LINKTYPE_ or DLT_ value: those read here do not contradict each other */
	uint16_t dlt;	/* for filters */
	uint8_t link;	/* enum pfring_ft_link */
};

enum source_match { SOURCE_MATCH, SOURCE_NO_MATCH, SOURCE_BAD_FILTER };

/* The filter, compiled once for each link type and byte order that a file has. */
struct source_filter {
	const char *text; /* "" = everything matches; borrowed */
	bool swapped;	  /* of the file: BSD loopback headers are in the writer's byte order */
	uint8_t state[SOURCE_LINKS];
	struct bpf_program programs[SOURCE_LINKS];
};

/* The row of a link type, or NULL: not supported. */
const struct source_link *source_link_find(unsigned int value);
/* "link type NAME (N) is not supported; ..." */
void source_link_refuse(unsigned int value, char *out, size_t len);

/* Forgets what was compiled; the next file may have another byte order. text may be NULL. */
void source_filter_reset(struct source_filter *f, const char *text, bool swapped);
/* 0 or -EINVAL with libpcap's message in error. Once it failed for a link type it always does. */
int source_filter_compile(struct source_filter *f, const struct source_link *link, char *error,
			  size_t len);
/* BAD_FILTER: it does not compile for this link type, so nothing matches. */
enum source_match source_filter_match(struct source_filter *f, const struct source_link *link,
				      const struct pcap_pkthdr *header, const u_char *data);
