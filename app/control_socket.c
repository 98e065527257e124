/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends of the control socket: the probe binds it, ftprobectl connects to it. */
#include "control_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Connections that wait to be accepted. */
#define BACKLOG 16

static int make_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address->sun_path)
		return -ENAMETOOLONG;
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

int control_socket_connect(const char *path)
{
	struct sockaddr_un address;
	int rc = make_address(&address, path), fd;

	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof address)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* What the kernel's list says of a socket that we may not ask; without a list, somebody does. */
static bool somebody_listens(const char *path)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char line[256];
	bool found = !f;

	while (!found && fgets(line, sizeof line, f)) {
		const char *name = strchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		found = name && strcmp(name, path) == 0;
	}
	if (f)
		fclose(f);
	return found;
}

/* Whatever lies there goes, if it is a socket without a probe behind it. */
static int make_way(const char *path, char *error, size_t error_len)
{
	struct stat st;
	int fd;

	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(error, error_len, "[control] socket %s: a file that is no socket is there",
			 path);
		return -EEXIST;
	}
	fd = control_socket_connect(path);
	if (fd >= 0) {
		close(fd);
		snprintf(error, error_len,
			 "[control] socket %s: a running probe answers there; stop that one, or "
			 "give this one another [control] socket (with auto, another [eal] "
			 "file_prefix)",
			 path);
		return -EADDRINUSE;
	}
	/* what a probe of root's left must not keep that of a service from its start */
	if (fd == -ECONNREFUSED || (fd == -EACCES && !somebody_listens(path)))
		unlink(path);
	return 0;
}

int control_socket_open(struct control_socket *s, const char *path, char *error, size_t error_len)
{
	struct stat st;
	mode_t mask;
	int rc = make_address(&s->address, path);

	if (rc) {
		snprintf(error, error_len,
			 "[control] socket: a path of a socket has at most %zu "
			 "characters",
			 sizeof s->address.sun_path - 1);
		return rc;
	}
	rc = make_way(path, error, error_len);
	if (rc)
		return rc;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0117);
	if (s->fd < 0 || bind(s->fd, (const struct sockaddr *)&s->address, sizeof s->address) ||
	    listen(s->fd, BACKLOG) || stat(path, &st)) {
		rc = -errno;
		snprintf(error, error_len, "[control] socket %s: %s%s", path, strerror(-rc),
			 rc == -ENOENT ? "; make its directory first" : "");
	}
	umask(mask);
	if (rc) {
		if (s->fd >= 0)
			close(s->fd);
		return rc;
	}
	s->device = st.st_dev;
	s->inode = st.st_ino;
	return 0;
}

void control_socket_close(struct control_socket *s)
{
	struct stat st;

	if (lstat(s->address.sun_path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode)
		unlink(s->address.sun_path);
	close(s->fd);
}

char *control_socket_path(const char *prefix, char *text, size_t len)
{
	snprintf(text, len, CONTROL_FOLDER "/%s.sock", prefix);
	return text;
}
