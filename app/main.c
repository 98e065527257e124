/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of the process: options, bring-up, signals, report, exit code. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "collect.h"
#include "doctor.h"
#include "log.h"
#include "options.h"
#include "probe.h"

/* What the caller closed stays closed: no file of ours may take the number of a standard one. */
static void keep_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
			_exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	struct options *o = calloc(1, sizeof *o);
	int status;

	keep_standard_files();
	if (!o) {
		fputs("ftprobe: no memory\n", stderr);
		return EXIT_FAILURE;
	}
	switch (options_parse(o, argc, argv, stdout, stderr)) {
	case OPTIONS_DONE_OK:
		status = EXIT_SUCCESS;
		if (fflush(stdout) != 0 || ferror(stdout)) {
			fputs("ftprobe: standard output cannot be written\n", stderr);
			status = EXIT_FAILURE;
		}
		break;
	case OPTIONS_RUN:
		log_setup(o->probe.log_level, o->n_files == 0, o->probe.localtime);
		signal(SIGPIPE, SIG_IGN); /* a reader that goes away is an error code */
		if (o->doctor)
			status = doctor_run(o, "", stdout);
		else
			status = o->collect ? collect_run(o) : probe_run(o);
		break;
	case OPTIONS_BAD:
	default:
		status = OPTIONS_EXIT_BAD;
		break;
	}
	options_free(o);
	free(o);
	return status;
}
