/* SPDX-License-Identifier: BSD-3-Clause */
/* Huge pages as /proc and /sys show them. */
#include "eal_huge.h"

#include "core/limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Files in a mount that are looked at: 64 GB of 2 MB pages. */
#define HUGE_FILES_MAX 32768
/* Mounts that are looked at; a page size is seldom mounted twice. */
#define MOUNTS_MAX     4096
#define PAGE_SIZES_MAX 8

static uint64_t read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	uint64_t number = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%" SCNu64, &number) != 1)
		number = 0;
	fclose(f);
	return number;
}

static uint64_t free_bytes_of(uint64_t page_bytes)
{
	char path[128];

	snprintf(path, sizeof path,
		 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/free_hugepages",
		 page_bytes >> 10);
	return read_number(path) * page_bytes;
}

/* The EAL locks the files of a living process. */
static void remove_if_stale(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dir_fd, name, 0);
	close(fd);
}

static void remove_stale_in(const char *mount, const char *file_prefix)
{
	char wanted[128];
	int len = snprintf(wanted, sizeof wanted, "%smap_", file_prefix);
	DIR *dir = opendir(mount);
	const struct dirent *entry;

	if (!dir)
		return;
	for (int i = 0; i < HUGE_FILES_MAX && (entry = readdir(dir)) != NULL; i++)
		if (strncmp(entry->d_name, wanted, (size_t)len) == 0)
			remove_if_stale(dirfd(dir), entry->d_name);
	closedir(dir);
}

/* A folder of ours in a mount that is not ours: ftprobe-hugepages.service makes one. */
#define OUR_FOLDER "ftprobe"

/* Where in a mount we may write: the mount itself, or our folder in it; "" = nowhere. */
static void writable_part(const char *mount, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s", mount);
	if (access(path, W_OK | X_OK) == 0)
		return;
	snprintf(path, PATH_MAX, "%s/" OUR_FOLDER, mount);
	if (access(path, W_OK | X_OK) != 0)
		path[0] = '\0';
}

/* Calls visit for every place on huge pages that we may write to. */
static void for_each_mount(void (*visit)(const char *mount, uint64_t page_bytes, void *self),
			   void *self)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;

	if (!mounts)
		return;
	for (int i = 0; i < MOUNTS_MAX && (m = getmntent(mounts)) != NULL; i++) {
		char path[PATH_MAX];
		struct statfs s;

		if (strcmp(m->mnt_type, "hugetlbfs") != 0 || statfs(m->mnt_dir, &s) != 0)
			continue;
		writable_part(m->mnt_dir, path);
		if (path[0])
			visit(path, (uint64_t)s.f_bsize, self);
	}
	endmntent(mounts);
}

/* Two mounts of one size share its pages. */
struct sizes {
	uint64_t seen[PAGE_SIZES_MAX], free_bytes;
	unsigned int n;
};

static void add_size(const char *mount, uint64_t page_bytes, void *self)
{
	struct sizes *s = self;

	(void)mount;
	for (unsigned int i = 0; i < s->n; i++)
		if (s->seen[i] == page_bytes)
			return;
	if (s->n == PAGE_SIZES_MAX)
		return;
	s->seen[s->n++] = page_bytes;
	s->free_bytes += free_bytes_of(page_bytes);
}

uint64_t eal_huge_free_bytes(void)
{
	struct sizes s = {.n = 0};

	for_each_mount(add_size, &s);
	return s.free_bytes;
}

static void clean_mount(const char *mount, uint64_t page_bytes, void *self)
{
	(void)page_bytes;
	remove_stale_in(mount, self);
}

void eal_huge_remove_stale(const char *file_prefix)
{
	char prefix[NAME_BYTES_MAX];

	snprintf(prefix, sizeof prefix, "%s", file_prefix);
	for_each_mount(clean_mount, prefix);
}

static void keep_our_folder(const char *path, uint64_t page_bytes, void *self)
{
	const char *name = strrchr(path, '/');
	char *kept = self;

	(void)page_bytes;
	if (!*kept && name && strcmp(name + 1, OUR_FOLDER) == 0)
		snprintf(kept, PATH_MAX, "%s", path);
}

const char *eal_huge_folder(void)
{
	static char path[PATH_MAX];

	path[0] = '\0';
	for_each_mount(keep_our_folder, path);
	return path;
}
