/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes a capture file of Ethernet frames (pcap, nanoseconds, the byte order of this machine). */
#pragma once

#include <stdint.h>
#include <stdio.h>

struct pcap_file {
	FILE *out;
};

/* Takes over the descriptor, also when it fails. Each 0 or -errno. */
int pcap_file_begin(struct pcap_file *f, int fd);
int pcap_file_put(struct pcap_file *f, const uint8_t *frame, uint32_t len, uint64_t time_ns);
int pcap_file_end(struct pcap_file *f);
