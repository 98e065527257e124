/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of link types, and libpcap filters for them. A filter depends on the link type, and for
 * BSD loopback on the byte order of the file too, which only a real (if empty) file tells libpcap.
 */
#include "source_link.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "ft/pfring_ft_ext.h"

/* https://www.tcpdump.org/linktypes.html; 12 and 14 are what BSD systems wrote for raw IP. */
static const struct source_link links[] = {
	{0, DLT_NULL, PFRING_FT_LINK_NULL},
	{1, DLT_EN10MB, PFRING_FT_LINK_ETHERNET},
	{9, DLT_PPP, PFRING_FT_LINK_PPP},
	{12, DLT_RAW, PFRING_FT_LINK_RAW_IP},
	{14, DLT_RAW, PFRING_FT_LINK_RAW_IP},
	{50, DLT_PPP_SERIAL, PFRING_FT_LINK_PPP},
	{51, DLT_PPP_ETHER, PFRING_FT_LINK_PPP_ETHER},
	{101, DLT_RAW, PFRING_FT_LINK_RAW_IP},
	{104, DLT_C_HDLC, PFRING_FT_LINK_PPP}, /* told from PPP by its address byte */
	{108, DLT_LOOP, PFRING_FT_LINK_LOOP},
	{113, DLT_LINUX_SLL, PFRING_FT_LINK_LINUX_SLL},
	{228, DLT_IPV4, PFRING_FT_LINK_RAW_IP},
	{229, DLT_IPV6, PFRING_FT_LINK_RAW_IP},
	{276, DLT_LINUX_SLL2, PFRING_FT_LINK_LINUX_SLL2},
};

_Static_assert(sizeof links / sizeof *links == SOURCE_LINKS, "a state and a program for each row");

enum { NOT_COMPILED, COMPILED, REFUSED };

const struct source_link *source_link_find(unsigned int value)
{
	for (unsigned int i = 0; i < SOURCE_LINKS; i++)
		if (links[i].value == value)
			return &links[i];
	return NULL;
}

void source_link_refuse(unsigned int value, char *out, size_t len)
{
	const char *name = pcap_datalink_val_to_name((int)value);

	snprintf(out, len,
		 "link type %s (%u) is not supported; Ethernet, raw IP, Linux cooked (SLL, SLL2), "
		 "BSD loopback, PPP and Cisco HDLC are",
		 name ? name : "unknown", value);
}

void source_filter_reset(struct source_filter *f, const char *text, bool swapped)
{
	for (unsigned int i = 0; i < SOURCE_LINKS; i++)
		if (f->state[i] == COMPILED)
			pcap_freecode(&f->programs[i]);
	*f = (struct source_filter){.text = text ? text : "", .swapped = swapped};
}

/* A file of that link type and byte order without packets, for pcap_compile(). */
static pcap_t *empty_file(unsigned int dlt, bool swapped)
{
	struct pcap_file_header header = {
		.magic = 0xa1b2c3d4,
		.version_major = PCAP_VERSION_MAJOR,
		.version_minor = PCAP_VERSION_MINOR,
		.snaplen = PACKET_BYTES_MAX,
		.linktype = dlt,
	};
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	FILE *file;

	if (swapped) {
		header.magic = __builtin_bswap32(header.magic);
		header.version_major = __builtin_bswap16(header.version_major);
		header.version_minor = __builtin_bswap16(header.version_minor);
		header.snaplen = __builtin_bswap32(header.snaplen);
		header.linktype = __builtin_bswap32(header.linktype);
	}
	file = fmemopen(&header, sizeof header, "r");
	if (!file)
		return NULL;
	pcap = pcap_fopen_offline(file, error);
	if (!pcap)
		fclose(file);
	return pcap;
}

int source_filter_compile(struct source_filter *f, const struct source_link *link, char *error,
			  size_t len)
{
	unsigned int i = (unsigned int)(link - links);
	pcap_t *pcap;

	if (f->state[i] == COMPILED || !f->text[0])
		return 0;
	pcap = empty_file(link->dlt, f->swapped);
	f->state[i] = REFUSED;
	if (!pcap)
		snprintf(error, len, "no memory for the filter");
	else if (pcap_compile(pcap, &f->programs[i], f->text, 1, PCAP_NETMASK_UNKNOWN) == 0)
		f->state[i] = COMPILED;
	else
		snprintf(error, len, "filter \"%s\": %s", f->text, pcap_geterr(pcap));
	if (pcap)
		pcap_close(pcap);
	return f->state[i] == COMPILED ? 0 : -EINVAL;
}

enum source_match source_filter_match(struct source_filter *f, const struct source_link *link,
				      const struct pcap_pkthdr *header, const u_char *data)
{
	unsigned int i = (unsigned int)(link - links);

	if (!f->text[0])
		return SOURCE_MATCH;
	if (f->state[i] != COMPILED)
		return SOURCE_BAD_FILTER;
	return pcap_offline_filter(&f->programs[i], header, data) ? SOURCE_MATCH : SOURCE_NO_MATCH;
}
