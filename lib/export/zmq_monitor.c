/* SPDX-License-Identifier: BSD-3-Clause */
/* The connections of a ZMQ socket. */
#include "export/zmq_monitor.h"

#include "core/clock.h"
#include "core/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#define EVENTS                                                                                     \
	(ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |            \
	 ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |              \
	 ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
/* Taken at one look; libzmq holds the rest. */
#define EVENTS_PER_LOOK 64

/* ZMTP 3: a frame has a byte of flags and one or eight of length; CURVE puts 33 into each. */
#define CURVE_BYTES 33

/* Over ipc: libzmq's thread has handed on what it had, when the kernel is empty for so long. */
#define QUIET_NS 1000000

int zmq_monitor_start(struct zmq_monitor *m, void *context, void *socket)
{
	char name[64];
	int none = 0;

	m->fd = -1;
	m->trouble = "";
	snprintf(name, sizeof name, "inproc://ftprobe-monitor-%p", (void *)m);
	if (zmq_socket_monitor(socket, name, EVENTS))
		return -errno;
	m->pair = zmq_socket(context, ZMQ_PAIR);
	if (!m->pair)
		return -errno;
	zmq_setsockopt(m->pair, ZMQ_LINGER, &none, sizeof none);
	return zmq_connect(m->pair, name) ? -errno : 0;
}

static void forget_connection(struct zmq_monitor *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

void zmq_monitor_stop(struct zmq_monitor *m, void *socket)
{
	forget_connection(m);
	if (!m->pair)
		return;
	zmq_socket_monitor(socket, NULL, 0);
	zmq_close(m->pair);
	m->pair = NULL;
}

static uint64_t above(uint64_t bytes, uint64_t base)
{
	return bytes > base ? bytes - base : 0;
}

/*
 * A window is what the peer's buffer has room for. The largest one was that of a buffer that its
 * program had emptied, so what is missing there lies unread; twice as much, where a kernel keeps
 * half of its buffer for what packets weigh beyond their bytes (as Linux does).
 */
static void measure_window(struct zmq_monitor *m, const struct tcp_info *i, socklen_t len)
{
	if (len < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof i->tcpi_snd_wnd)
		return;
	if (i->tcpi_snd_wnd > m->window_max_bytes)
		m->window_max_bytes = i->tcpi_snd_wnd;
	m->view.unread_bytes = 2 * (uint64_t)(m->window_max_bytes - i->tcpi_snd_wnd);
}

/* What TCP says of the connection: false when it says nothing. */
static bool tcp_bytes(struct zmq_monitor *m, uint64_t *left, uint64_t *given, uint64_t *acked)
{
	struct tcp_info i = {0};
	socklen_t len = sizeof i;

	if (m->fd < 0 || m->local || getsockopt(m->fd, IPPROTO_TCP, TCP_INFO, &i, &len) ||
	    len < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof i.tcpi_bytes_retrans)
		return false;
	*left = i.tcpi_bytes_sent - i.tcpi_bytes_retrans;
	*given = *left + i.tcpi_notsent_bytes;
	/* The SYN counts as a byte, and so does a FIN. */
	*acked = i.tcpi_bytes_acked ? i.tcpi_bytes_acked - 1 : 0;
	measure_window(m, &i, len);
	return true;
}

/* Over ipc the kernel says what the peer has not read. */
static void measure_local(struct zmq_monitor *m)
{
	const uint64_t now_ns = clock_monotonic_ns();
	int unread = 0;

	m->view.left_bytes = m->taken_bytes;
	if (ioctl(m->fd, SIOCOUTQ, &unread) || unread) {
		m->quiet_ns = 0;
		return;
	}
	if (!m->quiet_ns || m->quiet_bytes != m->taken_bytes) {
		m->quiet_bytes = m->taken_bytes;
		m->quiet_ns = now_ns;
	} else if (now_ns - m->quiet_ns >= QUIET_NS) {
		m->view.acked_bytes = m->taken_bytes;
	}
}

static void measure(struct zmq_monitor *m)
{
	uint64_t left, given, acked;

	if (m->local && m->fd >= 0)
		measure_local(m);
	if (!m->view.acknowledges || !m->base_bytes || !tcp_bytes(m, &left, &given, &acked))
		return;
	/* libzmq sends now and then what is no message (answers to pings). */
	if (above(acked, m->base_bytes) > m->taken_bytes)
		m->base_bytes = acked - m->taken_bytes;
	m->view.acked_bytes = above(acked, m->base_bytes);
	m->view.left_bytes = above(left, m->base_bytes);
}

/* The number is of a file of ours, unless libzmq has closed it since: then it is no matter. */
static void keep_connection(struct zmq_monitor *m, int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;

	forget_connection(m);
	m->base_bytes = 0;
	m->taken_bytes = 0;
	m->window_max_bytes = 0;
	m->quiet_ns = 0;
	m->view.taken_bytes = m->view.acked_bytes = m->view.left_bytes = 0;
	m->view.unread_bytes = 0;
	m->view.acknowledges = m->view.leaves = false;
	if (!m->connect || getpeername(fd, (struct sockaddr *)&peer, &len))
		return;
	m->local = peer.ss_family == AF_UNIX;
	m->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	m->view.acknowledges = m->fd >= 0;
}

static const char *why_refused(const struct zmq_monitor *m)
{
	if (m->curve)
		return "the handshake failed: the collector has another CURVE key than server_key "
		       "says, or none";
	return "the handshake failed: the other side does not take ZMQ in clear; "
	       "give its public key in server_key";
}

/* True when a session ended. */
static bool take_event(struct zmq_monitor *m, uint16_t event, int32_t value)
{
	switch (event) {
	case ZMQ_EVENT_CONNECTED:
		keep_connection(m, value);
		return false;
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		m->view.number++;
		m->view.up = true;
		return false;
	case ZMQ_EVENT_DISCONNECTED:
		if (!m->connect || !m->view.up)
			return false;
		if (!m->local) /* of a closed one the kernel holds nothing */
			measure(m);
		else
			m->view.left_bytes = m->taken_bytes;
		forget_connection(m);
		m->trouble = "the collector closed the connection";
		break;
	default:
		m->trouble = why_refused(m);
		forget_connection(m);
		break;
	}
	m->view.failures++;
	m->view.up = m->view.up && !m->connect;
	return m->connect;
}

/* False when there is none. */
static bool next_event(void *pair, uint16_t *event, int32_t *value)
{
	uint8_t bytes[6], address[256];

	if (zmq_recv(pair, bytes, sizeof bytes, ZMQ_DONTWAIT) != (int)sizeof bytes)
		return false;
	zmq_recv(pair, address, sizeof address, ZMQ_DONTWAIT);
	memcpy(event, bytes, sizeof *event);
	memcpy(value, bytes + 2, sizeof *value);
	return true;
}

void zmq_monitor_look(struct zmq_monitor *m, struct session_view *out)
{
	uint16_t event;
	int32_t value;

	for (int i = 0; i < EVENTS_PER_LOOK && next_event(m->pair, &event, &value); i++)
		if (take_event(m, event, value))
			break;
	if (m->view.up)
		measure(m);
	m->view.taken_bytes = m->taken_bytes;
	*out = m->view;
}

void zmq_monitor_before(struct zmq_monitor *m)
{
	uint64_t left, given, acked;

	/* The collector has subscribed, so its handshake, and ours with it, is over. */
	if (m->view.acknowledges && !m->base_bytes && tcp_bytes(m, &left, &given, &acked))
		m->base_bytes = given;
}

static uint64_t on_wire(const struct zmq_monitor *m, size_t bytes)
{
	const uint64_t len = bytes + (m->curve ? CURVE_BYTES : 0);

	return len + (len > UINT8_MAX ? 9 : 2);
}

void zmq_monitor_note(struct zmq_monitor *m, size_t frame_1_bytes, size_t frame_2_bytes)
{
	m->taken_bytes += on_wire(m, frame_1_bytes) + on_wire(m, frame_2_bytes);
}

void zmq_monitor_leaves(struct zmq_monitor *m, bool leaves)
{
	m->view.leaves = leaves;
}
