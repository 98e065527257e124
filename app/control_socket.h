/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket as a file: where it is, who may use it, and whether somebody has it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

/* Where probes have their sockets: PREFIX.sock. */
#define CONTROL_FOLDER "/run/ftprobe"

struct control_socket {
	int fd;
	struct sockaddr_un address;
	dev_t device; /* of the file that was made */
	ino_t inode;
};

/*
 * Binds and listens: mode 0660. A socket that nobody answers at is replaced; -EADDRINUSE when a
 * probe answers, -EEXIST when it is another kind of file, -ENAMETOOLONG, or -errno, with one line
 * in error. Changes the umask for a moment.
 */
int control_socket_open(struct control_socket *s, const char *path, char *error, size_t error_len);
/* Removes the file, if it is still the same. */
void control_socket_close(struct control_socket *s);

/* A connection for a client: its number, or -errno. */
int control_socket_connect(const char *path);

/* The path that a probe of this file prefix has without a setting. Returns text. */
char *control_socket_path(const char *prefix, char *text, size_t len);
