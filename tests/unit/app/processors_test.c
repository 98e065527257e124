/* SPDX-License-Identifier: BSD-3-Clause */
/* Which processors run: names and settings from the command line and the file, good and bad. */
#include "options_run.h"

#include "ft/ft.h"

static struct ft_options to_ft(const struct run *r)
{
	struct ft_options ft;

	assert_string_equal(r->err, "");
	assert_int_equal(r->result, OPTIONS_RUN);
	options_to_ft(&r->o, &ft);
	return ft;
}

static void none_by_default(void **state)
{
	struct run *r = run_line("-r|x");
	struct ft_options ft = to_ft(r);

	(void)state;
	assert_int_equal(ft.processors, 0);
	assert_int_equal(r->o.outputs[0].missing_sources, processors_missing_sources(0));
	run_free(r);
}

static void names_and_settings(void **state)
{
	struct run *r = run_line(
		"-r|x|--processors|pstats, mpls|--set|processor.pstats.skip_dup=yes|"
		"--set|processor.phists.include_zeros=yes|--set|processor.mqtt.topic_count=5");
	struct ft_options ft = to_ft(r);

	(void)state;
	assert_int_equal(ft.processors, 1U << PROCESSOR_pstats | 1U << PROCESSOR_mpls);
	assert_true(ft.processor_options.pstats_skip_dup);
	assert_false(ft.processor_options.pstats_include_zeros);
	assert_true(ft.processor_options.phists_include_zeros);
	assert_int_equal(ft.processor_options.mqtt_topics, 5);
	assert_int_equal(r->o.outputs[0].missing_sources,
			 processors_missing_sources(ft.processors));
	run_free(r);
}

static void from_the_file(void **state)
{
	struct run *r = run_config("[dpi]\nprocessors = all\n"
				   "[processor pstats]\ninclude_zeros = yes\n");
	struct ft_options ft;

	(void)state;
	assert_string_equal(r->err, "");
	options_to_ft(&r->o, &ft);
	assert_int_equal(ft.processors, PROCESSORS_ALL);
	assert_true(ft.processor_options.pstats_include_zeros);
	run_free(r);
}

static void bad_lines(void **state)
{
	static const char *const cases[][2] = {
		{"-r|x|--processors|pstat",
		 "ftprobe: processors: there is no processor pstat; did you mean pstats?\n"},
		{"-r|x|--processors|all none",
		 "ftprobe: processors: none and others: give one or the other\n"},
		{"-r|x|--set|processor.mpls.include_zeros=yes",
		 "ftprobe: [processor mpls]: no such processor has settings; ftprobe.conf(5) names "
		 "those that do\n"},
		{"-r|x|--set|processor.phists.skip_dup=yes",
		 "ftprobe: [processor phists]: skip_dup is of others\n"},
		{"-r|x|--set|processor.pstats.topic_count=1",
		 "ftprobe: [processor pstats]: topic_count is of others\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct run *r = run_line(cases[i][0]);

		assert_int_equal(r->result, OPTIONS_BAD);
		assert_string_equal(r->err, cases[i][1]);
		run_free(r);
	}
}

static void the_list(void **state)
{
	struct run *r = run_line("--list-processors");

	(void)state;
	assert_int_equal(r->result, OPTIONS_DONE_OK);
	for (unsigned int i = 0; i < PROCESSOR_N; i++)
		assert_non_null(strstr(r->said, processor_name((enum processor)i)));
	assert_non_null(strstr(r->said, "  fields: ppi_pkt_lengths, ppi_pkt_times, "));
	assert_non_null(strstr(r->said, " bytes a flow\n"));
	run_free(r);

	r = run_line("-r|x|--processors|mpls,tunnel|--check");
	assert_int_equal(r->result, OPTIONS_DONE_OK);
	assert_non_null(strstr(r->said, "also      mpls, tunnel\n"));
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_by_default), cmocka_unit_test(names_and_settings),
		cmocka_unit_test(from_the_file),   cmocka_unit_test(bad_lines),
		cmocka_unit_test(the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
