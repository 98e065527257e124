/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The records of a plain pcap file, where they lie in the window that they were read into: no copy
 * and no call of libpcap a packet. What such a file means is libpcap's word; tests/fuzz/pcap_fuzz.c
 * compares the two.
 */
#pragma once

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet_windows.h"

struct pcap_reader {
	int fd; /* borrowed */
	bool swapped;
	bool cut_short;	  /* the error is that the file ends inside a record */
	uint32_t unit_ns; /* of the records' fraction of a second */
	struct packet_windows *windows;
	uint8_t *at, *end;   /* bytes read and not looked at, in the current window */
	uint64_t read_bytes; /* of the file */
	char error[96];
};

enum pcap_read {
	PCAP_READ_RECORD,
	PCAP_READ_NO_ROOM, /* give packets back first */
	PCAP_READ_END,	   /* of the file, or .error says why not further */
};

/*
 * False for what is better read otherwise: fd is no regular file, the file is no pcap of
 * version 2.4, or libpcap would change its packets. Only the header is looked at, which libpcap has
 * accepted with a link type that is supported. fd and windows are borrowed while the reader is
 * used; nothing needs to be closed.
 */
bool pcap_reader_start(struct pcap_reader *r, int fd, struct packet_windows *windows);

/*
 * The next record, as pcap_next_ex() with nanoseconds and a snap length of PACKET_BYTES_MAX says
 * it. Its bytes stay while packet_windows_lend() keeps them, or until the next call. One thread.
 */
enum pcap_read pcap_reader_next(struct pcap_reader *r, struct pcap_pkthdr *header,
				const u_char **data);
/*
 * Up to max records of those that are at hand, as packets with link that are lent by their window,
 * as long as nothing is odd about them: they lie in one window, their lengths and times can be, and
 * none is older than *last_ns or than the one before. *last_ns becomes the last one's time. What
 * comes then, if anything, is for pcap_reader_next().
 */
unsigned int pcap_reader_burst(struct pcap_reader *r, pfring_ft_packet *packets, unsigned int max,
			       uint8_t link, uint64_t *last_ns);
/* Bytes of the file that were looked at. */
uint64_t pcap_reader_offset(const struct pcap_reader *r);
