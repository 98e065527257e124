/* SPDX-License-Identifier: BSD-3-Clause */
/* pcap, written by hand: a header, and one more before each frame. */
#include "pcap_file.h"

#include <errno.h>
#include <unistd.h>

#define SECOND_NS	 1000000000ULL
#define OUT_BUFFER_BYTES (1U << 20)

int pcap_file_begin(struct pcap_file *f, int fd)
{
	/* magic of nanoseconds, version 2.4, zone, accuracy, snap length, Ethernet */
	static const uint32_t header[6] = {0xa1b23c4d, 4U << 16 | 2, 0, 0, 65535, 1};

	f->out = fdopen(fd, "wb");
	if (!f->out) {
		int error = errno;

		close(fd);
		return -error;
	}
	setvbuf(f->out, NULL, _IOFBF, OUT_BUFFER_BYTES);
	return fwrite(header, sizeof header, 1, f->out) == 1 ? 0 : -EIO;
}

int pcap_file_put(struct pcap_file *f, const uint8_t *frame, uint32_t len, uint64_t time_ns)
{
	const uint32_t header[4] = {(uint32_t)(time_ns / SECOND_NS),
				    (uint32_t)(time_ns % SECOND_NS), len, len};

	if (fwrite(header, sizeof header, 1, f->out) != 1 || fwrite(frame, len, 1, f->out) != 1)
		return -EIO;
	return 0;
}

int pcap_file_end(struct pcap_file *f)
{
	return fclose(f->out) == 0 ? 0 : -errno;
}
