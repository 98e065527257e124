/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a file of custom protocols, then of custom categories: no crash in our checks nor in
 * nDPI behind them, one line of text for what is refused and the module as before, and what was
 * accepted once is accepted again under flows.
 */
#include "fuzz.h"

#include "dpi/dpi.h"
#include "dpi/ndpi_compat.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Made once, and again when a file got into it. */
static struct dpi *d;

typedef int load_file(struct dpi *d, const char *path, char *error, size_t error_len);

static void check_refusal(const char *path, const char *error, unsigned int protocols_before,
			  const struct ndpi_detection_module_struct *module_before)
{
	FUZZ_HOLDS(strncmp(error, path, strlen(path)) == 0);
	FUZZ_HOLDS(strchr(error, '\n') == NULL);
	FUZZ_HOLDS(dpi_module(d) == module_before);
	FUZZ_HOLDS(ndpi_compat_protocols(dpi_module(d)) == protocols_before);
}

/* A flow that ends is asked for in what was loaded. */
static void check_use(void)
{
	static const uint8_t addr[2][4] = {{10, 0, 0, 1}, {192, 0, 2, 1}};
	const struct dpi_flow_facts facts = {.src_addr = addr[0],
					     .dst_addr = addr[1],
					     .src_port = 40000,
					     .dst_port = 7777,
					     .ip_version = 4,
					     .protocol = 6};
	struct dpi_annex a = {0};

	FUZZ_HOLDS(dpi_finish(d, &a, &facts));
	FUZZ_HOLDS(a.l7_proto && a.l7_proto[0]);
	dpi_annex_release(d, &a);
}

static void check_file(const char *path, load_file *load)
{
	const struct dpi_options o = {.guess = true, .extra = true, .flows_max = 4};
	char error[256] = "";

	if (!d)
		FUZZ_HOLDS(dpi_create(&d, &o, error, sizeof error) == 0);
	const struct ndpi_detection_module_struct *module = dpi_module(d);
	unsigned int protocols = ndpi_compat_protocols(dpi_module(d));
	int rc = load(d, path, error, sizeof error);

	FUZZ_HOLDS(rc == 0 || rc == -EINVAL);
	if (rc) {
		check_refusal(path, error, protocols, module);
		return;
	}
	check_use();
	FUZZ_HOLDS(load(d, path, error, sizeof error) == 0);
	check_use();
	dpi_destroy(d);
	d = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("dpi", 0);
	char path[64];

	FUZZ_HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	check_file(path, dpi_load_protocols_file);
	check_file(path, dpi_load_categories_file);
	close(fd);
	return 0;
}
