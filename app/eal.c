/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL arguments from the options, and what its refusals mean for an operator. */
#include "eal.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "eal_cpus.h"
#include "eal_huge.h"
#include "eal_log.h"
#include "log.h"

/* Our own words, a pair for each PCI device, and [eal] extra. */
#define EAL_WORDS_MAX  (32 + 2 * PORTS_MAX + OPTION_BYTES_MAX / 2)
#define NOTICE_BYTES   256
#define EAL_TEXT_BYTES (EAL_LCORES_BYTES + OPTION_BYTES_MAX * (PORTS_MAX + 2))

/* The argument vector; the EAL permutes it and keeps pointers, so it lives as long as the process.
 */
struct arguments {
	char text[EAL_TEXT_BYTES];
	size_t used;
	char *words[EAL_WORDS_MAX + 1];
	int n;
};

static void add(struct arguments *a, const char *word)
{
	size_t len = strlen(word) + 1;

	if (a->n == EAL_WORDS_MAX || a->used + len > sizeof a->text)
		return;
	a->words[a->n++] = memcpy(a->text + a->used, word, len);
	a->used += len;
}

static void add_extra(struct arguments *a, const char *extra)
{
	char copy[OPTION_BYTES_MAX], *rest = copy, *word;

	snprintf(copy, sizeof copy, "%s", extra);
	while ((word = strsep(&rest, " \t")) != NULL)
		if (*word)
			add(a, word);
}

/* True when the packet buffers go on huge pages; else notice says what that costs. */
static bool use_huge(const struct options_eal *o, uint64_t need, bool pci,
		     char notice[NOTICE_BYTES])
{
	uint64_t have;

	eal_huge_remove_stale(o->file_prefix);
	if (o->huge == EAL_HUGE_YES)
		return true;
	have = o->huge == EAL_HUGE_NO ? 0 : eal_huge_free_bytes();
	if (have >= need)
		return true;
	if (o->huge == EAL_HUGE_AUTO)
		snprintf(notice, NOTICE_BYTES,
			 "%" PRIu64 " MB of huge pages are free, %" PRIu64
			 " MB would be needed: running "
			 "without, which %s; sysctl vm.nr_hugepages=%" PRIu64 " helps",
			 have >> 20, (need >> 20) + 1,
			 pci ? "costs speed and works with a NIC only behind an IOMMU" :
			       "costs some speed",
			 (need >> 21) + 8);
	return false;
}

static void add_memory(struct arguments *a, const struct options *o, const struct eal_needs *needs,
		       char notice[NOTICE_BYTES])
{
	uint64_t bytes = o->eal.memory_bytes ? o->eal.memory_bytes : needs->memory_bytes;
	bool huge = use_huge(&o->eal, bytes, needs->n_pci_devices > 0, notice);
	char number[32];

	if (!huge) {
		add(a, "--no-huge");
	} else if (*eal_huge_folder() && !strstr(o->eal.extra, "--huge-dir")) {
		add(a, "--huge-dir");
		add(a, eal_huge_folder());
	}
	/* With huge pages the EAL takes what is asked for when it is: a fixed amount only on
	 * demand. */
	if (huge && !o->eal.memory_bytes)
		return;
	snprintf(number, sizeof number, "%" PRIu64, (bytes + (1 << 20) - 1) >> 20);
	add(a, "-m");
	add(a, number);
}

static void add_devices(struct arguments *a, const struct eal_needs *needs)
{
	for (unsigned int i = 0; i < needs->n_pci_devices; i++) {
		add(a, "-a");
		add(a, needs->pci_devices[i]);
	}
	if (needs->n_pci_devices == 0)
		add(a, "--no-pci");
}

static bool writable_dir(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 && S_ISDIR(s.st_mode) && access(path, W_OK | X_OK) == 0;
}

/* The EAL's choice, when it can write there: $RUNTIME_DIRECTORY, else /var/run for root, else
 * $XDG_RUNTIME_DIR. */
static bool runtime_dir_works(void)
{
	const char *dir = getenv("RUNTIME_DIRECTORY");
	char inner[4096];

	if (!dir && getuid() == 0)
		dir = "/var/run";
	else if (!dir)
		dir = getenv("XDG_RUNTIME_DIR");
	if (!dir)
		return false;
	snprintf(inner, sizeof inner, "%s/dpdk", dir);
	return access(inner, F_OK) == 0 ? writable_dir(inner) : writable_dir(dir);
}

/* Somewhere of our own else; nobody can have put a trap there. */
static int set_runtime_dir(char *error, size_t error_len)
{
	char path[64];
	struct stat s;

	if (runtime_dir_works())
		return 0;
	snprintf(path, sizeof path, "/tmp/ftprobe-%u", (unsigned int)getuid());
	if ((mkdir(path, 0700) != 0 && errno != EEXIST) || lstat(path, &s) != 0 ||
	    !S_ISDIR(s.st_mode) || s.st_uid != getuid()) {
		snprintf(error, error_len,
			 "no place for run-time files: set RUNTIME_DIRECTORY to a "
			 "directory that this user may write to");
		return -EACCES;
	}
	chmod(path, 0700);
	return setenv("RUNTIME_DIRECTORY", path, 1) == 0 ? 0 : -ENOMEM;
}

/* AF_PACKET rings, AF_XDP memory and eBPF maps count as locked memory; more than the limit is a
 * refusal. */
static void raise_memlock(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

/* What the EAL's error means to somebody who did not write it. */
static void explain(const struct options *o, int code, char *error, size_t error_len)
{
	const char *why = eal_error();

	if (strstr(why, "another primary process") || strstr(why, "Cannot create lock on"))
		snprintf(error, error_len,
			 "another program runs DPDK as \"%s\": stop it, or give this one a name of "
			 "its own by --set eal.file_prefix=NAME ([eal] file_prefix)",
			 o->eal.file_prefix);
	else if (strstr(why, "hugepage") || strstr(why, "hugetlb") || strstr(why, "huge page"))
		snprintf(error, error_len,
			 "no huge pages: %s; reserve some (sysctl vm.nr_hugepages=256), "
			 "mount hugetlbfs, or set [eal] huge = no",
			 why);
	else if (strstr(why, "Cannot init VFIO") && access("/sys/module", F_OK) != 0)
		snprintf(error, error_len,
			 "DPDK does not start without /sys/module: have it mounted in this "
			 "container (systemd-nspawn --bind-ro=/sys/module)");
	else if (code == ENOMEM || strstr(why, "memory"))
		snprintf(error, error_len,
			 "not enough memory for packet buffers: %s; lower descriptors or "
			 "queues of the ports",
			 *why ? why : strerror(code));
	else if (code == EACCES || code == EPERM)
		snprintf(error, error_len,
			 "DPDK was refused something: %s; run as root, or see ftprobe(8) on "
			 "permissions",
			 *why ? why : strerror(code));
	else
		snprintf(error, error_len, "DPDK does not start: %s%s", *why ? why : strerror(code),
			 o->eal.extra[0] ? "; are the words of [eal] extra right?" : "");
}

static const char *log_level(enum log_level level)
{
	if (level == LOG_LEVEL_DEBUG)
		return "--log-level=debug";
	return level == LOG_LEVEL_INFO ? "--log-level=info" : "--log-level=warning";
}

int eal_start(const struct options *o, const struct eal_needs *needs, char *error, size_t error_len)
{
	static struct arguments a;
	char lcores[EAL_LCORES_BYTES], notice[NOTICE_BYTES] = "";
	cpu_set_t allowed;
	int rc;

	CPU_ZERO(&allowed);
	if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
		CPU_SET(0, &allowed);
	rc = eal_lcores(lcores, &o->lane, &allowed, error, error_len);
	if (rc == 0)
		rc = set_runtime_dir(error, error_len);
	if (rc)
		return rc;
	add(&a, "ftprobe");
	add(&a, "--lcores");
	add(&a, lcores);
	add(&a, "--file-prefix");
	add(&a, o->eal.file_prefix);
	add(&a, log_level(o->probe.log_level));
	add_memory(&a, o, needs, notice);
	add_devices(&a, needs);
	add_extra(&a, o->eal.extra);
	raise_memlock();
	rc = eal_log_take_over();
	if (rc) {
		snprintf(error, error_len, "cannot take over the log of DPDK: %s", strerror(-rc));
		return rc;
	}
	eal_hush_begin();
	rc = rte_eal_init(a.n, a.words);
	eal_hush_end();
	if (rc >= 0 && *notice)
		log_notice("%s", notice);
	if (rc >= 0)
		return 0;
	explain(o, rte_errno, error, error_len);
	return rte_errno ? -rte_errno : -EIO;
}

void eal_stop(const struct options *o)
{
	rte_eal_cleanup();
	eal_huge_remove_stale(o->eal.file_prefix);
}
