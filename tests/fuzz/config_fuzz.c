/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a configuration file: no crash, no complaint without a line of text, and what was
 * accepted is printed and read back to the same bytes.
 */
#include "fuzz.h"

#include "config_file.h"

#include "options_value.h"

#include <string.h>

/* Every value of a section survives being written and read. */
static void check_round_trip(enum option_section id, const void *base)
{
	static union {
		struct options_port port;
		struct output_spec output;
		struct options all;
	} again;
	char text[VALUE_TEXT_MAX], error[512];

	FUZZ_HOLDS(option_section(id)->len_bytes <= sizeof again);
	memcpy(&again, base, option_section(id)->len_bytes);
	for (enum option_setting i = 0; i < SETTING_N; i++) {
		const struct setting *s = option_setting(i);

		if (s->section != id)
			continue;
		setting_format(s, base, text, sizeof text);
		memset((char *)&again + s->offset, 0, s->len_bytes);
		FUZZ_HOLDS(setting_parse(s, &again, text, error, sizeof error) == 0);
	}
	FUZZ_HOLDS(memcmp(&again, base, option_section(id)->len_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options o;
	char *said = NULL;
	size_t said_bytes = 0;
	FILE *err = open_memstream(&said, &said_bytes);
	struct options_errors e = {.to = err, .n_max = CONFIG_ERRORS_MAX};
	FILE *f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : fopen("/dev/null", "r");
	unsigned int lines = 0;

	FUZZ_HOLDS(err && f);
	options_set_defaults(&o);
	config_file_parse(&o, f, "fuzz", &e);
	fclose(f);
	fclose(err);
	for (size_t i = 0; i < said_bytes; i++)
		lines += said[i] == '\n';
	FUZZ_HOLDS(lines == (e.n < e.n_max ? e.n : e.n_max));
	free(said);
	FUZZ_HOLDS(o.n_ports <= PORTS_MAX && o.n_outputs <= OUTPUTS_MAX);
	for (enum option_section id = 0; id < SECTION_N; id++)
		if (!option_section(id)->many)
			check_round_trip(id, (const char *)&o + option_section(id)->offset);
	for (unsigned int i = 0; i < o.n_ports; i++)
		check_round_trip(SECTION_port, &o.ports[i]);
	for (unsigned int i = 0; i < o.n_outputs; i++)
		check_round_trip(SECTION_output, &o.outputs[i]);
	return 0;
}
