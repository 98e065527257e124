/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into a program: its CLOCK_REALTIME is off by what the file CLOCK_SHIFT says,
 * nanoseconds in the machine's byte order, from the moment it is written there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef int clock_fn(clockid_t, struct timespec *);

static clock_fn *real;
static const volatile int64_t *shift_ns;

static void begin(void)
{
	static const int64_t none;
	const char *path = getenv("CLOCK_SHIFT");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	shift_ns = p == MAP_FAILED ? &none : p;
	/* last: who finds it finds the other */
	__atomic_store_n(&real, (clock_fn *)dlsym(RTLD_NEXT, "clock_gettime"), __ATOMIC_RELEASE);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	const int64_t second_ns = 1000000000;
	int64_t ns;

	if (!__atomic_load_n(&real, __ATOMIC_ACQUIRE))
		begin();
	if (real(clock, t))
		return -1;
	if (clock != CLOCK_REALTIME || !*shift_ns)
		return 0;
	ns = (int64_t)t->tv_sec * second_ns + t->tv_nsec + *shift_ns;
	t->tv_sec = (time_t)(ns / second_ns);
	t->tv_nsec = (long)(ns % second_ns);
	return 0;
}
