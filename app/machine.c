/* SPDX-License-Identifier: BSD-3-Clause */
/* Small files, read whole. */
#include "machine.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *whole_path(const char *root, const char *path, char text[PATH_MAX])
{
	snprintf(text, PATH_MAX, "%s%s", root, path);
	return text;
}

bool machine_read(const char *root, const char *path, char text[MACHINE_TEXT_BYTES])
{
	char name[PATH_MAX];
	int fd = open(whole_path(root, path, name), O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, MACHINE_TEXT_BYTES - 1);
	close(fd);
	if (len < 0)
		return false;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return true;
}

int64_t machine_number(const char *root, const char *path, int64_t otherwise)
{
	char text[MACHINE_TEXT_BYTES], *end;
	int64_t number;

	if (!machine_read(root, path, text))
		return otherwise;
	number = strtoll(text, &end, 10);
	return end == text ? otherwise : number;
}

bool machine_exists(const char *root, const char *path)
{
	char name[PATH_MAX];

	return access(whole_path(root, path, name), F_OK) == 0;
}

bool machine_list_has(const char *list, unsigned int cpu)
{
	for (unsigned int i = 0; i < MACHINE_CPUS_MAX && *list; i++) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (end == list)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (cpu >= first && cpu <= last)
			return true;
		list = *end == ',' ? end + 1 : end;
		if (*end != ',' && *end != '\0')
			return false;
	}
	return false;
}

int machine_cpu_node(const char *root, unsigned int cpu)
{
	for (int node = 0; node < MACHINE_NODES_MAX; node++) {
		char path[64], text[MACHINE_TEXT_BYTES];

		snprintf(path, sizeof path, "/sys/devices/system/node/node%d/cpulist", node);
		if (machine_read(root, path, text) && machine_list_has(text, cpu))
			return node;
	}
	return -1;
}

int machine_device_node(const char *root, const struct device *d)
{
	char path[OPTION_BYTES_MAX + 64];

	if (d->kind == DEVICE_PCI)
		snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/numa_node", d->name);
	else if (d->interface[0])
		snprintf(path, sizeof path, "/sys/class/net/%s/device/numa_node", d->interface);
	else
		return -1;
	return (int)machine_number(root, path, -1);
}

bool machine_pci_driver(const char *root, const char *address, char *text, size_t len)
{
	char path[64], name[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t n;

	snprintf(path, sizeof path, "/sys/bus/pci/devices/%.12s", address);
	if (!machine_exists(root, path))
		return false;
	snprintf(path, sizeof path, "/sys/bus/pci/devices/%.12s/driver", address);
	n = readlink(whole_path(root, path, name), target, sizeof target - 1);
	target[n > 0 ? n : 0] = '\0';
	slash = strrchr(target, '/');
	snprintf(text, len, "%s", slash ? slash + 1 : target);
	return true;
}

uint64_t machine_capabilities(const char *root)
{
	char text[MACHINE_TEXT_BYTES];
	const char *line;

	if (!machine_read(root, "/proc/self/status", text))
		return 0;
	line = strstr(text, "\nCapEff:");
	return line ? strtoull(line + strlen("\nCapEff:"), NULL, 16) : 0;
}
