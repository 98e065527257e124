/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new configuration changes of a running one: settings that a running probe takes, settings
 * that it cannot, and what becomes of each output. It only reads and compares.
 */
#pragma once

#include <stdbool.h>

#include "opened.h"
#include "options.h"

#define RELOAD_TEXT_BYTES 4096

struct reload_words {
	char changed[RELOAD_TEXT_BYTES]; /* with "; " between */
	char restart[RELOAD_TEXT_BYTES]; /* a line each: what needs a restart and is kept */
	char error[1024];		 /* one line */
};

/*
 * Reads the configuration file and the command line of the running options again, with the messages
 * of a start. 0, or -EINVAL with the first one in error, and how many there are. One thread at a
 * time.
 */
int reload_read(struct options *fresh, const struct options *running, char *error,
		size_t error_len);

/*
 * Puts back into fresh what needs a restart, and says so; checks what that comes to. room: the
 * processors that are laid out; *processors: those that run from now on. 0, or -EINVAL with one
 * line in w->error.
 */
int reload_plan_settings(struct options *fresh, const struct options *running, uint32_t room,
			 uint32_t *processors, struct reload_words *w);

enum reload_fate {
	RELOAD_OPENS,	/* new, or anew beside the old one, which then drains */
	RELOAD_REOPENS, /* in the place of the old one, which has to go first */
	RELOAD_STAYS,
};

struct reload_output {
	enum reload_fate fate;
	unsigned int was; /* of those that reopen or stay: which one of those that run */
};

/*
 * The fate of each output of fresh, in its order; those of the running ones that none of them is,
 * end. An output that cannot change while it is open, a file of IPFIX messages, is put back to what
 * it was. 0, or -EINVAL with one line in w->error: two of them want one place.
 */
int reload_plan_outputs(struct reload_output fates[OUTPUTS_MAX], struct options *fresh,
			const struct opened_output *running, unsigned int n_running,
			struct reload_words *w);

/* Appends to one of the texts, with what is between; what has no room is left out. */
void reload_say(char text[RELOAD_TEXT_BYTES], const char *between, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Says in the log what came of a reload, and puts the same into message: path is that of the file,
 * NULL = it was refused.
 */
void reload_tell(const struct reload_words *w, const char *path, char *message, size_t len);
