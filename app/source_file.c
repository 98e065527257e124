/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening a capture file: what is wrong with it is found before its first packet is read. And its
 * records, whoever reads them.
 */
#include "source_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"

const char *source_file_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

bool source_file_is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

void source_file_close(struct source_file *file)
{
	if (file->pcap)
		pcap_close(file->pcap); /* the FILE too */
	else if (file->stream)
		fclose(capture_stream_file(file->stream));
	capture_stream_close(file->stream);
	source_filter_reset(&file->filter, NULL, false);
	*file = (struct source_file){0};
}

/*
 * The row of the file's link type, or NULL with a sentence. A pcapng file is refused when none of
 * the interfaces at its beginning is understood.
 */
static const struct source_link *file_link(const struct source_file *file, char *why, size_t len)
{
	struct pcapng_links *seen = file->interfaces;
	unsigned int n = seen ? pcapng_links_count(seen) : 0;
	unsigned int value = seen ? 0 : (unsigned int)pcap_datalink(file->pcap);
	const struct source_link *link = seen ? NULL : source_link_find(value);

	for (unsigned int i = 0; i < n && !link; i++)
		link = source_link_find(pcapng_links_type(seen, i));
	if (!link)
		source_link_refuse(n ? pcapng_links_type(seen, 0) : value, why, len);
	return link;
}

/* The capture format, the link type and the filter of an open stream. */
static int file_start(struct source_file *file, const char *bpf, char *why, size_t len)
{
	char message[PCAP_ERRBUF_SIZE];

	if (capture_stream_kind(file->stream) == CAPTURE_EMPTY) {
		snprintf(why, len, "empty file: no capture was written to it");
		return -EINVAL;
	}
	if (capture_stream_kind(file->stream) == CAPTURE_UNKNOWN) {
		snprintf(why, len, "neither pcap nor pcapng; name a capture file");
		return -EINVAL;
	}
	file->pcap = pcap_fopen_offline_with_tstamp_precision(capture_stream_file(file->stream),
							      PCAP_TSTAMP_PRECISION_NANO, message);
	if (!file->pcap) {
		const char *damage = capture_stream_error(file->stream);

		snprintf(why, len, "its header cannot be read: %s", damage[0] ? damage : message);
		return damage[0] ? -EIO : -EINVAL;
	}
	file->interfaces = capture_stream_links(file->stream);
	file->link = file_link(file, why, len);
	if (!file->link)
		return -EINVAL;
	source_filter_reset(&file->filter, bpf, pcap_is_swapped(file->pcap));
	return source_filter_compile(&file->filter, file->link, why, len);
}

int source_file_open(struct source_file *out, const char *path,
		     const struct source_file_options *options, char *error, size_t error_len)
{
	struct source_file file = {0};
	char why[512];
	int result = capture_stream_open(&file.stream, path, options->stop, why, sizeof why);

	if (result == 0)
		result = file_start(&file, options->bpf, why, sizeof why);
	if (result == 0) {
		file.in_place = pcap_reader_start(
			&file.reader, capture_stream_plain_fd(file.stream), options->windows);
		*out = file;
		return 0;
	}
	if (file.stream && capture_stream_stopped(file.stream)) {
		result = -EINTR;
		snprintf(why, sizeof why, "interrupted before it began");
	}
	snprintf(error, error_len, "%s: %s%s", source_file_name(path), why,
		 result == -ENOENT ? "; check the name of the capture file" :
		 result == -EACCES ? "; run as a user who may read it" :
				     "");
	source_file_close(&file);
	return result;
}

/* ---- records ---- */

static enum source_read read_by_libpcap(struct source_file *file, struct pcap_pkthdr *header,
					const u_char **data)
{
	struct pcap_pkthdr *theirs;

	file->result = pcap_next_ex(file->pcap, &theirs, data);
	if (file->result != 1)
		return SOURCE_READ_END;
	*header = *theirs;
	return SOURCE_READ_RECORD;
}

enum source_read source_file_next(struct source_file *file, struct pcap_pkthdr *header,
				  const u_char **data)
{
	if (!file->in_place)
		return read_by_libpcap(file, header, data);
	switch (pcap_reader_next(&file->reader, header, data)) {
	case PCAP_READ_RECORD:
		return SOURCE_READ_RECORD;
	case PCAP_READ_NO_ROOM:
		return SOURCE_READ_NO_ROOM;
	case PCAP_READ_END:
		break;
	}
	return SOURCE_READ_END;
}

uint64_t source_file_bytes(const struct source_file *file)
{
	if (file->in_place)
		return pcap_reader_offset(&file->reader);
	return file->stream ? capture_stream_bytes(file->stream) : 0;
}

bool source_file_damage(const struct source_file *file, struct source_damage *out)
{
	const char *why = file->in_place ? file->reader.error : capture_stream_error(file->stream);

	if (file->in_place) {
		*out = (struct source_damage){.why = why,
					      .offset = pcap_reader_offset(&file->reader),
					      .cut_short = file->reader.cut_short};
		return why[0];
	}
	*out = (struct source_damage){
		.why = why[0] ? why : pcap_geterr(file->pcap),
		.offset = capture_stream_offset(file->stream),
		.cut_short = capture_stream_at_end(file->stream),
	};
	return (file->result != PCAP_ERROR_BREAK || why[0]) &&
	       !capture_stream_stopped(file->stream);
}
