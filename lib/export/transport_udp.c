/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP: a connected, non-blocking socket. Where nobody listens, the answer of the other host makes
 * the next send fail with ECONNREFUSED: that message was not taken, and the caller counts it.
 */
#include "export/transport.h"

#include "core/bytes.h"
#include "export/transport_stream.h"
#include "export/udp_reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A second of 30 Mbit/s may wait in the kernel while the link is busy. */
#define SEND_BUFFER_BYTES (4 << 20)
/* Headers below a message. */
#define IPV4_UDP_BYTES 28
#define IPV6_UDP_BYTES 48

struct udp_transport {
	struct transport base;
	int fd;
	bool ipv6;
	struct udp_reader reader; /* closed while nobody asked, and where there is none */
	bool reader_asked;
};

static ssize_t udp_send(struct transport *t, const struct iovec *pieces, int n)
{
	struct udp_transport *u = (struct udp_transport *)t;
	struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)n};
	ssize_t taken = sendmsg(u->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (taken >= 0)
		return taken;
	/* ENOBUFS: the queue of the device is full, which passes. */
	if (errno == EINTR || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM)
		return -EAGAIN;
	return errno == EPIPE ? -EIO : -errno;
}

static int port_of(const struct sockaddr_storage *a)
{
	return ntohs(a->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)a)->sin6_port :
						((const struct sockaddr_in *)a)->sin_port);
}

static const char *address_text(const struct sockaddr_storage *a, char *text, socklen_t len)
{
	if (a->ss_family == AF_INET6)
		return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text, len);
	return inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, len);
}

/* "Nobody listens here" quotes our message, and would be a flow that brings the next message. */
static int own_errors(const struct sockaddr_storage *them, char *expression, size_t len)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)them;
	uint32_t word[4];

	if (them->ss_family == AF_INET)
		return snprintf(expression, len,
				"(icmp[0] = 3 and icmp[24:4] = 0x%08x and icmp[30:2] = %d)",
				ntohl(((const struct sockaddr_in *)them)->sin_addr.s_addr),
				port_of(them));
	for (int i = 0; i < 4; i++)
		word[i] = load_be32(v6->sin6_addr.s6_addr + 4 * i);
	return snprintf(expression, len,
			"(icmp6 and ip6[40] = 1 and ip6[72:4] = 0x%08x and ip6[76:4] = 0x%08x and "
			"ip6[80:4] = 0x%08x and ip6[84:4] = 0x%08x and ip6[90:2] = %d)",
			word[0], word[1], word[2], word[3], port_of(them));
}

static int udp_own_traffic(const struct transport *t, char *expression, size_t len)
{
	const struct udp_transport *u = (const struct udp_transport *)t;
	struct sockaddr_storage us, them;
	socklen_t us_len = sizeof us, them_len = sizeof them;
	char us_text[INET6_ADDRSTRLEN], them_text[INET6_ADDRSTRLEN];
	int n;

	if (getsockname(u->fd, (struct sockaddr *)&us, &us_len) ||
	    getpeername(u->fd, (struct sockaddr *)&them, &them_len))
		return -errno;
	if (!address_text(&us, us_text, sizeof us_text) ||
	    !address_text(&them, them_text, sizeof them_text))
		return -errno;
	n = snprintf(expression, len,
		     "(udp and src host %s and src port %d and dst host %s and dst port %d) or ",
		     us_text, port_of(&us), them_text, port_of(&them));
	if (n >= (int)len)
		return -ENOSPC;
	int more = own_errors(&them, expression + n, len - (size_t)n);
	return more < (int)len - n ? n + more : -ENOSPC;
}

static int udp_reader_room(struct transport *t, struct reader_room *out)
{
	struct udp_transport *u = (struct udp_transport *)t;

	if (!u->reader_asked && udp_reader_open(&u->reader, u->fd))
		udp_reader_close(&u->reader);
	u->reader_asked = true;
	return udp_reader_ask(&u->reader, out);
}

/*
 * The kernel's knowledge of the path, less our headers. Larger messages go in fragments rather than
 * not at all: they are single records or templates.
 */
static uint32_t udp_path_bytes(struct transport *t)
{
	const struct udp_transport *u = (struct udp_transport *)t;
	int headers = u->ipv6 ? IPV6_UDP_BYTES : IPV4_UDP_BYTES, mtu = 0;
	socklen_t len = sizeof mtu;

	if (getsockopt(u->fd, u->ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, u->ipv6 ? IPV6_MTU : IP_MTU,
		       &mtu, &len) ||
	    mtu <= headers)
		return 0;
	return (uint32_t)(mtu - headers);
}

static void ask_for_path(struct udp_transport *u)
{
	int want = IP_PMTUDISC_WANT, want6 = IPV6_PMTUDISC_WANT;
	struct sockaddr_storage us;
	socklen_t len = sizeof us;

	u->ipv6 = getsockname(u->fd, (struct sockaddr *)&us, &len) == 0 && us.ss_family == AF_INET6;
	if (u->ipv6)
		setsockopt(u->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &want6, sizeof want6);
	else
		setsockopt(u->fd, IPPROTO_IP, IP_MTU_DISCOVER, &want, sizeof want);
}

static void udp_close(struct transport *t, uint64_t deadline_ns)
{
	struct udp_transport *u = (struct udp_transport *)t;

	(void)deadline_ns;
	udp_reader_close(&u->reader);
	close(u->fd);
	free(u);
}

static const struct transport_ops udp_ops = {.send = udp_send,
					     .path_bytes = udp_path_bytes,
					     .reader_room = udp_reader_room,
					     .own_traffic = udp_own_traffic,
					     .close = udp_close};

/* The first of the addresses that can be connected to. */
static int connect_any(const struct addrinfo *list, int *out)
{
	int error = -EADDRNOTAVAIL;

	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		int fd = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
			*out = fd;
			return 0;
		}
		error = -errno;
		if (fd >= 0)
			close(fd);
	}
	return error;
}

static void raise_send_buffer(int fd)
{
	int bytes = SEND_BUFFER_BYTES;

	/* Beyond the system's bound for those who may; up to it for all others. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static int resolve_and_connect(const char *target, int *fd, char *error, size_t error_len)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	char host[256];
	const char *port;
	int failed;

	if (target_split(target, host, sizeof host, &port)) {
		snprintf(error, error_len, "%s is no HOST:PORT", target);
		return -EINVAL;
	}
	failed = getaddrinfo(host, port, &hints, &list);
	if (failed) {
		snprintf(error, error_len,
			 "cannot resolve %s: %s; check the name, or give an address", host,
			 failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed));
		return -EHOSTUNREACH;
	}
	failed = connect_any(list, fd);
	freeaddrinfo(list);
	if (failed)
		snprintf(error, error_len, "cannot send to %s: %s; check the route to it", target,
			 strerror(-failed));
	return failed;
}

int transport_udp_open(struct transport **out, const char *target, char *error, size_t error_len)
{
	struct udp_transport *u = calloc(1, sizeof *u);
	int result;

	if (!u) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	u->base.ops = &udp_ops;
	u->reader.fd = -1;
	result = resolve_and_connect(target, &u->fd, error, error_len);
	if (result) {
		free(u);
		return result;
	}
	raise_send_buffer(u->fd);
	ask_for_path(u);
	*out = &u->base;
	return 0;
}
