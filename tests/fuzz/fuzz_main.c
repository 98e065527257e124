/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs a fuzz harness over the files and folders given as arguments: a corpus as a regression
 * test, without libFuzzer. Exit 0 when every file was run, 1 when one could not be read or there
 * was none, 2 without arguments.
 */
#include "fuzz.h"

#ifndef FUZZ_LIBFUZZER

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Inputs longer than this are not what a fuzzer keeps. */
#define INPUT_BYTES_MAX (1 << 24)

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_BYTES_MAX);
	int err = 0;

	if (!f || !data) {
		err = -errno;
	} else {
		size_t n = fread(data, 1, INPUT_BYTES_MAX, f);
		if (ferror(f))
			err = -EIO;
		/* exact size, so that a sanitizer sees the first byte too far */
		uint8_t *exact = err ? NULL : malloc(n ? n : 1);
		if (exact) {
			memcpy(exact, data, n);
			LLVMFuzzerTestOneInput(exact, n);
		} else if (!err) {
			err = -ENOMEM;
		}
		free(exact);
	}
	if (err)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	free(data);
	if (f)
		fclose(f);
	return err;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int run_folder(const char *path, unsigned int *n_run)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_visible, alphasort), err = n < 0 ? -errno : 0;

	if (err)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	for (int i = 0; i < n; i++) {
		char *file = NULL;
		if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
			err = -ENOMEM;
		else if (run_file(file) == 0)
			++*n_run;
		else
			err = -EIO;
		free(file);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return err;
}

int main(int argc, char **argv)
{
	unsigned int n_run = 0;
	int err = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)) {
			err |= run_folder(argv[i], &n_run);
		} else if (run_file(argv[i]) == 0) {
			n_run++;
		} else {
			err = -EIO;
		}
	}
	printf("%u inputs\n", n_run);
	return err || n_run == 0;
}

#endif
