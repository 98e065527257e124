/* SPDX-License-Identifier: BSD-3-Clause */
/* What DPDK and the libraries below it say: kept for an error line, else shown at level info only.
 */
#include "eal_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_log.h>

#include "eal.h"
#include "log.h"
#include "poison.h"

/* Bytes of hushed chatter that are shown. */
#define HUSHED_BYTES_MAX 16384

static struct {
	char first_error[512];
	int real[STDERR_FILENO + 1]; /* standard output and error while hushed */
	int hushed;		     /* memory file that takes their place */
	bool is_hushed;
} state;

static void tell_line(const char *line, size_t len)
{
	while (len && (line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	if (len)
		log_info("%.*s", (int)len, line);
}

static void keep_error(const char *text, size_t len)
{
	const char *colon;

	if (rte_log_cur_msg_loglevel() > (int)RTE_LOG_ERR || state.first_error[0])
		return; /* the first one names the cause, later ones what came of it */
	/* "EAL: " and "function(): " tell an operator nothing */
	colon = memchr(text, ':', len);
	if (colon && (size_t)(colon - text) + 2 < len && colon[1] == ' ') {
		len -= (size_t)(colon + 2 - text);
		text = colon + 2;
	}
	while (len && (text[len - 1] == '\n' || text[len - 1] == ' ' || text[len - 1] == '.'))
		len--;
	if (len)
		snprintf(state.first_error, sizeof state.first_error, "%.*s", (int)len, text);
}

/* DPDK writes one message a call. Any thread; errors are read by the main one, at bring-up. */
static ssize_t take_message(void *cookie, const char *text, size_t len)
{
	(void)cookie;
	keep_error(text, len);
	if (!state.is_hushed)
		tell_line(text, len);
	else
		dprintf(STDERR_FILENO, "%.*s", (int)len, text);
	return (ssize_t)len;
}

int eal_log_take_over(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_message});

	if (!stream)
		return -ENOMEM;
	/* a message is more than one write to the stream, and one to us */
	setvbuf(stream, NULL, _IOLBF, BUFSIZ);
	return rte_openlog_stream(stream) == 0 ? 0 : -EINVAL;
}

const char *eal_error(void)
{
	return state.first_error;
}

void eal_forget_error(void)
{
	state.first_error[0] = '\0';
}

void eal_hush_begin(void)
{
#ifndef POISON_ACTIVE /* a sanitizer's report is worth more than a quiet start */
	fflush(stdout);
	fflush(stderr);
	state.hushed = memfd_create("ftprobe-hushed", MFD_CLOEXEC);
	if (state.hushed < 0)
		return;
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		state.real[fd] = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		dup2(state.hushed, fd);
	}
	state.is_hushed = true;
#endif
}

static void tell_hushed(void)
{
	static char text[HUSHED_BYTES_MAX];
	ssize_t len = pread(state.hushed, text, sizeof text, 0);

	for (char *line = text, *end; len > 0; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + len - line));
		if (!end)
			break;
		tell_line(line, (size_t)(end - line));
	}
}

void eal_hush_end(void)
{
	if (!state.is_hushed)
		return;
	fflush(stdout);
	fflush(stderr);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		/* a descriptor that was closed is closed again */
		if (state.real[fd] < 0)
			close(fd);
		else
			dup2(state.real[fd], fd);
		if (state.real[fd] >= 0)
			close(state.real[fd]);
	}
	state.is_hushed = false;
	tell_hushed();
	close(state.hushed);
}
