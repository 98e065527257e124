/* SPDX-License-Identifier: BSD-3-Clause */
/* Who this probe is, for the collectors that ask. */
#include "identity.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/clock.h"

static const char machine_id_path[] = "/etc/machine-id";

static void find_interface(struct identity *id, const struct options *o)
{
	const char *name = o->n_files ? o->files[0] : o->n_ports ? o->ports[0].device : "";
	const char *colon = o->n_files ? NULL : strchr(name, ':');
	char path[256];
	long speed;
	FILE *f;

	/* af_packet:NAME, af_xdp:NAME */
	if (colon && strncmp(name, "af_", 3) == 0)
		name = colon + 1;
	snprintf(id->if_name, sizeof id->if_name, "%.63s", name);
	if (o->n_files || strchr(name, '/') ||
	    snprintf(path, sizeof path, "/sys/class/net/%s/speed", name) >= (int)sizeof path)
		return;
	f = fopen(path, "re");
	if (!f)
		return;
	if (fscanf(f, "%ld", &speed) == 1 && speed > 0 && speed < UINT32_MAX)
		id->if_speed_mbps = (uint32_t)speed;
	fclose(f);
}

static void find_addresses(struct identity *id)
{
	struct ifaddrs *all;

	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		const struct sockaddr_in *in =
			(const struct sockaddr_in *)(const void *)a->ifa_addr;

		if (!in || in->sin_family != AF_INET)
			continue;
		if (!id->ip[0] && !(a->ifa_flags & IFF_LOOPBACK))
			inet_ntop(AF_INET, &in->sin_addr, id->ip, sizeof id->ip);
		if (!id->if_ip[0] && strcmp(a->ifa_name, id->if_name) == 0)
			inet_ntop(AF_INET, &in->sin_addr, id->if_ip, sizeof id->if_ip);
	}
	freeifaddrs(all);
}

/* Made of the machine's own number, which is nobody else's business. */
static void find_uuid(struct identity *id)
{
	char text[64] = "ftprobe:";
	uint8_t h[SHA256_DIGEST_LENGTH];
	FILE *f = fopen(machine_id_path, "re");

	if (!f)
		return;
	if (fscanf(f, "%40s", text + strlen(text)) == 1) {
		SHA256((const unsigned char *)text, strlen(text), h);
		h[6] = (h[6] & 0x0f) | 0x80; /* version 8 and variant 1 of RFC 9562 */
		h[8] = (h[8] & 0x3f) | 0x80;
		snprintf(id->uuid, sizeof id->uuid,
			 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			 h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11],
			 h[12], h[13], h[14], h[15]);
	}
	fclose(f);
}

void identity_find(struct identity *id, const struct options *o)
{
	struct utsname u;

	*id = (struct identity){0};
	find_interface(id, o);
	find_addresses(id);
	find_uuid(id);
	if (uname(&u) == 0)
		snprintf(id->os_name, sizeof id->os_name, "%.60s %.60s", u.sysname, u.release);
}

void identity_describe(const struct identity *id, const struct options *o,
		       struct export_event *about)
{
	*about = (struct export_event){
		.if_name = id->if_name,
		.if_ip = id->if_ip,
		.if_speed_mbps = id->if_speed_mbps,
		.probe_ip = id->ip,
		.version = FTPROBE_VERSION,
		.os_name = id->os_name,
		.uuid = id->uuid,
		.mode = o->n_files ? "file" : "live",
		.lifetime_s = (uint32_t)(o->table.active_timeout_ns / SECOND_NS),
		.idle_s = (uint32_t)(o->table.idle_timeout_ns / SECOND_NS),
	};
}
