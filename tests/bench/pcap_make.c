/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *	pcap_make FILE PACKETS FLOWS
 *
 * Writes a capture of made-up traffic, a microsecond from packet to packet, and says on stdout what
 *is in it as JSON.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap_file.h"
#include "traffic.h"

#define TIME_FIRST_NS 1600000000000000000ULL
#define STEP_NS	      1000

static int make(struct traffic *t, int fd)
{
	uint8_t frame[TRAFFIC_FRAME_MAX];
	uint64_t time_ns = TIME_FIRST_NS;
	struct pcap_file f;
	uint32_t len;
	int rc = pcap_file_begin(&f, fd);

	if (rc)
		return rc;
	for (; rc == 0 && (len = traffic_next(t, frame)) > 0; time_ns += STEP_NS)
		rc = pcap_file_put(&f, frame, len, time_ns);
	int end = pcap_file_end(&f);
	return rc ? rc : end;
}

int main(int argc, char **argv)
{
	struct traffic t;
	int fd, rc;

	if (argc != 4 ||
	    traffic_open(&t, strtoull(argv[2], NULL, 10), (uint32_t)atoi(argv[3])) != 0) {
		fprintf(stderr, "usage: pcap_make FILE PACKETS FLOWS\n");
		return 2;
	}
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	rc = fd < 0 ? -1 : make(&t, fd);
	if (rc) {
		perror(argv[1]);
		traffic_close(&t);
		return 1;
	}
	printf("{\"packets\": %" PRIu64 ", \"flows\": %u, \"bytes\": %" PRIu64
	       ", \"ip_bytes\": %" PRIu64 "}\n",
	       t.made, t.begun, t.bytes, t.ip_bytes);
	traffic_close(&t);
	return 0;
}
