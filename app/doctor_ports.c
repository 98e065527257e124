/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks that look at the ports. */
#include "doctor_checks.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

bool doctor_port_kind(const struct doctor *d, enum device_kind kind)
{
	for (unsigned int i = 0; i < d->place.n_ports; i++)
		if (!d->place.problems[i][0] && d->place.plans[i].device.kind == kind)
			return true;
	return false;
}

static bool has_iommu(const struct doctor *d)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof path, "%s/sys/kernel/iommu_groups", d->root);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)) != NULL)
		found = entry->d_name[0] != '.';
	closedir(dir);
	return found;
}

static void check_iommu(struct doctor *d)
{
	char text[MACHINE_TEXT_BYTES];
	const bool unsafe = machine_read(d->root,
					 "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
					 text) &&
			    text[0] == 'Y';

	if (has_iommu(d))
		doctor_say(d, DOCTOR_OK, "iommu", "the IOMMU is on");
	else if (unsafe)
		doctor_say(d, DOCTOR_WARN, "iommu",
			   "none; vfio works without, needs root, and a device may write "
			   "anywhere: switch the IOMMU on (BIOS, intel_iommu=on)");
	else
		doctor_say(d, DOCTOR_BAD, "iommu",
			   "none, vfio-pci takes no device: switch it on in the BIOS, and "
			   "intel_iommu=on iommu=pt (AMD: amd_iommu=on) on the kernel's command "
			   "line");
}

static bool is_dpdk_driver(const char *driver)
{
	static const char *const drivers[] = {"vfio-pci", "uio_pci_generic", "igb_uio",
					      /* these stay with the kernel and serve DPDK, too */
					      "mlx4_core", "mlx5_core", "mana"};

	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		if (strcmp(driver, drivers[i]) == 0)
			return true;
	return false;
}

/* The file by which the process gets at a device bound to vfio-pci. */
static void check_group(struct doctor *d, const char *port, const char *address)
{
	char path[PATH_MAX], target[PATH_MAX], *slash;
	ssize_t n;

	snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%.12s/iommu_group", d->root, address);
	n = readlink(path, target, sizeof target - 1);
	target[n > 0 ? n : 0] = '\0';
	slash = strrchr(target, '/');
	if (!slash)
		return;
	snprintf(path, sizeof path, "%s/dev/vfio/%.64s", d->root, slash + 1);
	if (access(path, R_OK | W_OK) == 0)
		doctor_say(d, DOCTOR_OK, "permissions", "port %s: /dev/vfio%s can be used", port,
			   slash);
	else
		doctor_say(d, DOCTOR_BAD, "permissions",
			   "port %s: /dev/vfio%s cannot be used: chgrp ftprobe /dev/vfio%s, and "
			   "the drop-in vfio.conf for the unit",
			   port, slash, slash);
}

static void check_pci(struct doctor *d, const char *port, const char *address)
{
	char driver[256];

	if (!machine_pci_driver(d->root, address, driver, sizeof driver))
		doctor_say(d, DOCTOR_BAD, "port",
			   "%s: there is no PCI device %s; lspci -D lists "
			   "them",
			   port, address);
	else if (!is_dpdk_driver(driver))
		doctor_say(d, DOCTOR_BAD, "port",
			   "%s: %s is with %s: ftprobe-devbind --bind %s, or systemctl enable "
			   "--now ftprobe-devbind",
			   port, address, *driver ? driver : "no driver", address);
	else
		doctor_say(d, DOCTOR_OK, "port", "%s: %s is bound to %s", port, address, driver);
	if (strcmp(driver, "vfio-pci") == 0)
		check_group(d, port, address);
}

static void check_interface(struct doctor *d, const char *port, const struct port_plan *plan)
{
	if (plan->facts.up)
		doctor_say(d, DOCTOR_OK, "port", "%s: %s is up, MTU %u", port,
			   plan->device.interface, plan->facts.mtu_bytes);
	else
		doctor_say(d, DOCTOR_BAD, "port", "%s: %s is down: ip link set %s up", port,
			   plan->device.interface, plan->device.interface);
}

void doctor_check_ports(struct doctor *d)
{
	for (unsigned int i = 0; i < d->place.n_ports; i++) {
		const struct port_plan *plan = &d->place.plans[i];
		const char *name = d->o->ports[i].name;

		if (d->place.problems[i][0])
			doctor_say(d, DOCTOR_BAD, "port", "%s: %s", name, d->place.problems[i]);
		else if (plan->device.kind == DEVICE_PCI)
			check_pci(d, name, plan->device.name);
		else if (plan->device.interface[0])
			check_interface(d, name, plan);
		else
			doctor_say(d, DOCTOR_OK, "port", "%s: %s is made by its driver", name,
				   plan->device.name);
	}
	if (d->place.n_ports == 0)
		doctor_say(d, DOCTOR_WARN, "port",
			   "none is named: -c /etc/ftprobe/ftprobe.conf or -i NAME");
	if (doctor_port_kind(d, DEVICE_PCI))
		check_iommu(d);
}

void doctor_check_permissions(struct doctor *d)
{
	const uint64_t caps = machine_capabilities(d->root);
	const bool raw = caps >> DOCTOR_CAP_NET_RAW & 1, admin = caps >> DOCTOR_CAP_NET_ADMIN & 1;
	const bool bpf = (caps >> DOCTOR_CAP_BPF & 1) || (caps >> DOCTOR_CAP_SYS_ADMIN & 1);
	const bool xdp = doctor_port_kind(d, DEVICE_AF_XDP);

	if (!xdp && !doctor_port_kind(d, DEVICE_AF_PACKET))
		doctor_say(d, DOCTOR_OK, "permissions", "these ports need no capability");
	else if (!raw)
		doctor_say(d, DOCTOR_BAD, "permissions",
			   "reading an interface needs CAP_NET_RAW: run as root, or by the unit");
	else if (xdp && !(bpf && admin))
		doctor_say(d, DOCTOR_BAD, "permissions",
			   "AF_XDP needs CAP_BPF and CAP_NET_ADMIN: run as root, or with the "
			   "drop-in af_xdp.conf for the unit");
	else if (!admin)
		doctor_say(d, DOCTOR_WARN, "permissions",
			   "without CAP_NET_ADMIN there is no promiscuous mode and no other MTU");
	else
		doctor_say(d, DOCTOR_OK, "permissions", "the interfaces can be read");
}
