/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks sock_diag(7) for the one socket that a datagram of ours would be given to. /proc/net/udp
 * tells less (no size of the buffer) and walks over all sockets.
 */
#include "export/udp_reader.h"

#include "export/transport.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <unistd.h>

/* One socket with its memory: some 150 bytes. */
#define ANSWER_BYTES 1024

struct question {
	struct nlmsghdr header;
	struct inet_diag_req_v2 request;
};

/* Aligned for what it begins with. */
union answer {
	struct nlmsghdr header;
	uint8_t bytes[ANSWER_BYTES];
};

/* What comes from this machine to this machine has one address at both ends, or loopback's. */
static int is_here(const struct sockaddr_storage *us, const struct sockaddr_storage *them)
{
	const struct sockaddr_in *us4 = (const struct sockaddr_in *)us;
	const struct sockaddr_in *them4 = (const struct sockaddr_in *)them;
	const struct sockaddr_in6 *us6 = (const struct sockaddr_in6 *)us;
	const struct sockaddr_in6 *them6 = (const struct sockaddr_in6 *)them;

	if (them->ss_family == AF_INET6)
		return IN6_ARE_ADDR_EQUAL(&us6->sin6_addr, &them6->sin6_addr);
	return us4->sin_addr.s_addr == them4->sin_addr.s_addr ||
	       ntohl(them4->sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
}

int udp_reader_open(struct udp_reader *r, int connected)
{
	socklen_t us_len = sizeof r->us, them_len = sizeof r->them;

	*r = (struct udp_reader){.fd = -1};
	if (getsockname(connected, (struct sockaddr *)&r->us, &us_len) ||
	    getpeername(connected, (struct sockaddr *)&r->them, &them_len))
		return -errno;
	if (!is_here(&r->us, &r->them))
		return -EREMOTE;
	r->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	return r->fd < 0 ? -errno : 0;
}

/* The socket is looked up as for a datagram, so the source is ours. */
static void set_addresses(struct inet_diag_sockid *id, const struct udp_reader *r)
{
	const struct sockaddr_in *us4 = (const struct sockaddr_in *)&r->us;
	const struct sockaddr_in *them4 = (const struct sockaddr_in *)&r->them;
	const struct sockaddr_in6 *us6 = (const struct sockaddr_in6 *)&r->us;
	const struct sockaddr_in6 *them6 = (const struct sockaddr_in6 *)&r->them;

	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	id->idiag_sport = us4->sin_port; /* at the same place in both families */
	id->idiag_dport = them4->sin_port;
	if (r->them.ss_family == AF_INET6) {
		memcpy(id->idiag_src, &us6->sin6_addr, sizeof us6->sin6_addr);
		memcpy(id->idiag_dst, &them6->sin6_addr, sizeof them6->sin6_addr);
	} else {
		id->idiag_src[0] = us4->sin_addr.s_addr;
		id->idiag_dst[0] = them4->sin_addr.s_addr;
	}
}

static int ask(struct udp_reader *r)
{
	struct question q = {
		.header = {.nlmsg_len = sizeof q,
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST,
			   .nlmsg_seq = ++r->sequence},
		.request = {.sdiag_family = (uint8_t)r->them.ss_family,
			    .sdiag_protocol = IPPROTO_UDP,
			    .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
			    .idiag_states = UINT32_MAX},
	};

	set_addresses(&q.request.id, r);
	return send(r->fd, &q, sizeof q, 0) == (ssize_t)sizeof q ? 0 : -errno;
}

static int read_memory(const struct nlmsghdr *h, struct reader_room *out)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	const struct rtattr *a = (const struct rtattr *)(m + 1);
	int left = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof *m);

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		const uint32_t *words = RTA_DATA(a);

		if (a->rta_type != INET_DIAG_SKMEMINFO ||
		    RTA_PAYLOAD(a) <= SK_MEMINFO_RCVBUF * sizeof *words)
			continue;
		out->used_bytes = words[SK_MEMINFO_RMEM_ALLOC];
		out->size_bytes = words[SK_MEMINFO_RCVBUF];
		return 0;
	}
	return -EPROTO;
}

int udp_reader_ask(struct udp_reader *r, struct reader_room *out)
{
	union answer a;
	ssize_t len;
	int error;

	if (r->fd < 0)
		return -ENOENT;
	error = ask(r);
	if (error)
		return error;
	len = recv(r->fd, &a, sizeof a, 0);
	if (len < 0)
		return -errno;
	if (!NLMSG_OK(&a.header, (size_t)len) || a.header.nlmsg_seq != r->sequence)
		return -EPROTO;
	if (a.header.nlmsg_type == NLMSG_ERROR &&
	    a.header.nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
		error = ((const struct nlmsgerr *)NLMSG_DATA(&a.header))->error;
		return error < 0 ? error : -EPROTO;
	}
	if (a.header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    a.header.nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
		return -EPROTO;
	return read_memory(&a.header, out);
}

void udp_reader_close(struct udp_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}
