/* SPDX-License-Identifier: BSD-3-Clause */
/* Which stages this processor runs best. */
#include "ft/stages.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "ft/ft.h"

struct choice {
	const struct ft_stages *(*stages)(void);
	bool (*runs)(void);
};

static bool runs_always(void)
{
	return true;
}

#if defined(__x86_64__)
static bool runs_sse4(void)
{
	return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}

static bool runs_avx2(void)
{
	return runs_sse4() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("bmi2");
}

static bool runs_avx512(void)
{
	return runs_avx2() && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl");
}
#endif

/* The best first. */
static const struct choice choices[] = {
#if defined(__x86_64__)
	{ft_stages_avx512, runs_avx512},
	{ft_stages_avx2, runs_avx2},
	{ft_stages_sse4, runs_sse4},
#elif defined(__aarch64__)
	{ft_stages_neon, runs_always},
#endif
	{ft_stages_scalar, runs_always},
};

const struct ft_stages *ft_stages_find(const char *name)
{
	for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
		if (choices[i].runs() && (!name || strcmp(choices[i].stages()->name, name) == 0))
			return choices[i].stages();
	return NULL;
}

const char *ft_simd_name(const char *wish)
{
	const struct ft_stages *s = ft_stages_find(wish);

	return s ? s->name : NULL;
}
