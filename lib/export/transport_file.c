/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files, pipes and terminals. Standard output is shared with others (the shell, a terminal), so
 * it is not made non-blocking: a pipe or a terminal is opened once more instead, and where that is
 * not allowed, no more is written than poll(2) promises to take.
 */
#include "export/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a writable pipe takes without blocking, whatever it holds: POSIX PIPE_BUF. */
#define CAREFUL_BYTES 4096

enum file_mode {
	FILE_PLAIN,   /* a regular file, or non-blocking by itself */
	FILE_SOCKET,  /* send(2) with MSG_DONTWAIT */
	FILE_CAREFUL, /* ask poll(2) first, then write little */
};

struct file_transport {
	struct transport base;
	int fd;
	bool owned; /* fd is ours to close */
	enum file_mode mode;
};

static ssize_t send_careful(int fd, const struct iovec *pieces, int n)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	size_t len;

	while (n > 1 && pieces->iov_len == 0) {
		pieces++;
		n--;
	}
	len = pieces->iov_len < CAREFUL_BYTES ? pieces->iov_len : CAREFUL_BYTES;
	if (poll(&p, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(fd, pieces->iov_base, len);
}

static ssize_t file_send(struct transport *t, const struct iovec *pieces, int n)
{
	struct file_transport *f = (struct file_transport *)t;
	struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)n};
	ssize_t taken;

	if (f->mode == FILE_SOCKET)
		taken = sendmsg(f->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (f->mode == FILE_CAREFUL)
		taken = send_careful(f->fd, pieces, n);
	else
		taken = writev(f->fd, pieces, n);
	if (taken >= 0)
		return taken;
	if (errno == EINTR || errno == EWOULDBLOCK)
		return -EAGAIN;
	return errno == ECONNRESET ? -EPIPE : -errno;
}

static void file_close(struct transport *t, uint64_t deadline_ns)
{
	struct file_transport *f = (struct file_transport *)t;

	(void)deadline_ns;
	if (f->owned)
		close(f->fd);
	free(f);
}

static const struct transport_ops file_ops = {.send = file_send, .close = file_close};

/* An open file description of our own behind the same pipe or terminal, which others do not share.
 */
static int reopen_nonblocking(int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Closed, or opened for reading to keep its number from others. */
static bool stdout_is_closed(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	return flags < 0 || (flags & O_ACCMODE) == O_RDONLY;
}

/* How to write to standard output without blocking those who share it. */
static void use_stdout(struct file_transport *f)
{
	struct stat st;
	int own;

	f->fd = STDOUT_FILENO;
	f->owned = false;
	f->mode = FILE_CAREFUL;
	if (fstat(f->fd, &st))
		return;
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) {
		f->mode = FILE_PLAIN;
	} else if (S_ISSOCK(st.st_mode)) {
		f->mode = FILE_SOCKET;
	} else {
		own = reopen_nonblocking(f->fd);
		if (own >= 0) {
			f->fd = own;
			f->owned = true;
			f->mode = FILE_PLAIN;
		}
	}
}

static const char *advice(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "make its directory first";
	case EACCES:
	case EPERM:
	case EROFS:
		return "choose a place that this user may write to";
	case EISDIR:
		return "name a file, not a directory";
	case ENXIO:
		return "start the reader of the named pipe first";
	case ENOSPC:
	case EDQUOT:
		return "make room on that disk";
	default:
		return "choose another path";
	}
}

static int open_path(struct file_transport *f, const char *path, bool append)
{
	/* Non-blocking: a named pipe without a reader is an error, not a wait. */
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

	f->fd = open(path, flags | (append ? 0 : O_TRUNC), 0644);
	f->owned = true;
	f->mode = FILE_PLAIN;
	return f->fd < 0 ? -errno : 0;
}

int transport_file_open(struct transport **out, const char *path, bool append, char *error,
			size_t error_len)
{
	struct file_transport *f = calloc(1, sizeof *f);
	int result = 0;

	if (!f) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	f->base.ops = &file_ops;
	bool to_stdout = path[0] == '\0' || strcmp(path, "-") == 0;

	if (to_stdout && stdout_is_closed()) {
		snprintf(error, error_len,
			 "standard output is closed; write to a file, such as "
			 "json:PATH");
		free(f);
		return -EBADF;
	}
	if (to_stdout)
		use_stdout(f);
	else
		result = open_path(f, path, append);
	if (result) {
		snprintf(error, error_len, "cannot open %s for writing: %s; %s", path,
			 strerror(-result), advice(-result));
		free(f);
		return result;
	}
	*out = &f->base;
	return 0;
}
