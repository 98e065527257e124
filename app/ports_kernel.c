/* SPDX-License-Identifier: BSD-3-Clause */
/* Ioctls, /sys and socket options. */
#include "ports_kernel.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Open files that are looked at. */
#define FILES_SEEN_MAX 65536

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

struct interface_facts kernel_interface_facts(const char *name)
{
	struct interface_facts facts = {0};
	struct ifreq request = {0};
	int fd;

	if (strlen(name) >= IFNAMSIZ || if_nametoindex(name) == 0)
		return facts;
	facts.exists = true;
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return facts;
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
		facts.up = request.ifr_flags & IFF_UP;
		facts.promiscuous = request.ifr_flags & IFF_PROMISC;
	}
	if (ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0)
		facts.mtu_bytes = (uint32_t)request.ifr_mtu;
	close(fd);
	return facts;
}

int kernel_set_mtu(const char *name, uint32_t mtu_bytes)
{
	struct ifreq request = {.ifr_mtu = (int)mtu_bytes};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(fd, SIOCSIFMTU, &request) != 0)
		rc = -errno;
	close(fd);
	return rc;
}

const char *kernel_pci_driver(const char *address, char *text, size_t len)
{
	char path[128], target[256];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof path, "/sys/bus/pci/devices/%.12s", address);
	if (access(path, F_OK) != 0)
		return NULL;
	snprintf(path, sizeof path, "/sys/bus/pci/devices/%.12s/driver", address);
	n = readlink(path, target, sizeof target - 1);
	target[n > 0 ? n : 0] = '\0';
	name = strrchr(target, '/');
	snprintf(text, len, "%s", name ? name + 1 : target);
	return text;
}

bool kernel_may_capture(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno != EPERM && errno != EACCES;
	close(fd);
	return true;
}

static int domain_of(int fd)
{
	int domain = -1;
	socklen_t len = sizeof domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 ? domain : -1;
}

static bool is_known(int fd, const struct kernel_sockets *known, unsigned int n_known)
{
	for (unsigned int i = 0; i < n_known; i++)
		for (unsigned int j = 0; j < known[i].n; j++)
			if (known[i].fds[j] == fd)
				return true;
	return false;
}

struct kernel_sockets kernel_sockets_find(const struct kernel_sockets *known, unsigned int n_known)
{
	struct kernel_sockets found = {0};
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	for (int i = 0; dir && i < FILES_SEEN_MAX && (entry = readdir(dir)) != NULL; i++) {
		int fd = atoi(entry->d_name), domain = domain_of(fd);

		if ((domain != AF_PACKET && domain != AF_XDP) || is_known(fd, known, n_known))
			continue;
		if (found.n < QUEUES_MAX)
			found.fds[found.n++] = fd;
	}
	if (dir)
		closedir(dir);
	return found;
}

struct kernel_drops kernel_sockets_drops(const struct kernel_sockets *s)
{
	struct kernel_drops drops = {0};

	for (unsigned int i = 0; i < s->n; i++) {
		struct tpacket_stats packet = {0};
		struct xdp_statistics xdp = {0};
		socklen_t len = sizeof packet;

		if (getsockopt(s->fds[i], SOL_PACKET, PACKET_STATISTICS, &packet, &len) == 0)
			drops.since_last += packet.tp_drops;
		len = sizeof xdp;
		if (getsockopt(s->fds[i], SOL_XDP, XDP_STATISTICS, &xdp, &len) == 0)
			drops.in_all += xdp.rx_ring_full;
	}
	return drops;
}
