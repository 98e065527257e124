/* SPDX-License-Identifier: BSD-3-Clause */
/* CURVE keys of --collect. */
#include "collect_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "export/transport.h"
#include "log.h"

#define KEY_CHARS  40
#define PATH_CHARS 4096

struct keys {
	char public[KEY_CHARS + 1], secret[KEY_CHARS + 1];
};

/* One key and a newline, or nothing behind it. */
static int read_key(char key[KEY_CHARS + 1], const char *path)
{
	char text[2 * KEY_CHARS + 2] = "";
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return -errno;
	ok = fgets(text, sizeof text, f) != NULL;
	fclose(f);
	text[strcspn(text, " \r\n")] = '\0';
	ok = ok && zmq_key_read(key, text);
	explicit_bzero(text, sizeof text);
	return ok ? 0 : -EKEYREJECTED;
}

static int write_key(const char *key, const char *path, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%s\n", key) < 0)
		rc = -errno;
	if (close(fd) && rc == 0)
		rc = -errno;
	return rc;
}

/* The secret one first, so that a public one is never alone. */
static int make_keys(struct keys *k, const char *public_path, const char *secret_path)
{
	int rc = zmq_curve_keypair(k->public, k->secret) ? -errno : 0;

	if (rc == 0)
		rc = write_key(k->secret, secret_path, 0600);
	if (rc == 0)
		rc = write_key(k->public, public_path, 0644);
	if (rc == 0)
		log_notice("made keys at %s", public_path);
	return rc;
}

static int read_keys(struct keys *k, const char *path)
{
	char public_path[PATH_CHARS], secret_path[PATH_CHARS], made[KEY_CHARS + 1];
	int rc;

	if (snprintf(public_path, sizeof public_path, "%s.pub", path) >= PATH_CHARS ||
	    snprintf(secret_path, sizeof secret_path, "%s.priv", path) >= PATH_CHARS)
		return -ENAMETOOLONG;
	if (access(public_path, F_OK) && access(secret_path, F_OK))
		return make_keys(k, public_path, secret_path);
	rc = read_key(k->public, public_path);
	if (rc == 0)
		rc = read_key(k->secret, secret_path);
	if (rc == 0 && (zmq_curve_public(made, k->secret) || strcmp(made, k->public) != 0))
		rc = -EKEYREJECTED;
	return rc;
}

int collect_keys_use(void *socket, const char *path, char *error, size_t error_len)
{
	const int on = 1;
	struct keys k;
	int rc = read_keys(&k, path);

	if (rc == 0 && (zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on) ||
			zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, k.public, sizeof k.public) ||
			zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, k.secret, sizeof k.secret)))
		rc = -errno;
	explicit_bzero(k.secret, sizeof k.secret);
	if (rc == -EKEYREJECTED)
		snprintf(error, error_len, "%s.pub and %s.priv are no pair of CURVE keys", path,
			 path);
	else if (rc)
		snprintf(error, error_len, "keys %s.pub, %s.priv: %s", path, path, strerror(-rc));
	else
		log_notice("probes need server_key = %s", k.public);
	return rc;
}
