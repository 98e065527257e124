/* SPDX-License-Identifier: BSD-3-Clause */
/* The pid file, and paths checked early. */
#include "files.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		log_error("%s: cannot be written: %s", path, strerror(errno));
	return f;
}

bool file_check_writable(const char *path)
{
	FILE *f;

	if (!*path)
		return true;
	f = create(path);
	return f && fclose(f) == 0;
}

bool file_is_same(const char *a, const char *b)
{
	struct stat x, y;

	if (!*a || !*b || strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
		return false;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* The process that a pid file names, while it lives; else 0. */
static long pid_file_owner(const char *path)
{
	FILE *f = fopen(path, "re");
	long pid = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM) ? pid : 0;
}

bool pid_file_write(const char *path)
{
	long owner;
	FILE *f;

	if (!*path)
		return true;
	owner = pid_file_owner(path);
	if (owner && owner != (long)getpid()) {
		log_error("%s: process %ld lives and has written it; stop that one, or use another "
			  "file",
			  path, owner);
		return false;
	}
	f = create(path);
	if (!f)
		return false;
	fprintf(f, "%ld\n", (long)getpid());
	if (fclose(f) != 0) {
		log_error("%s: cannot be written: %s", path, strerror(errno));
		return false;
	}
	return true;
}

void pid_file_remove(const char *path)
{
	if (*path && pid_file_owner(path) == (long)getpid())
		unlink(path);
}
