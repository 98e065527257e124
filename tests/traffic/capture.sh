#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Captures a mix of real traffic between two network namespaces:
#
#   capture.sh OUT.pcap [MANIFEST.tsv [GROUP...]]
#
# needs root. Groups are those of run_clients in netns.sh; the default is mix, all of them.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/netns.sh"

start_tcpdump() {
	ip netns exec "$NET_CLIENT" tcpdump -i "$NET_IF" -n -s 0 -U --immediate-mode \
		--time-stamp-precision=nano -Z root -w "$1" \
		</dev/null >/dev/null 2>"$NET_DIR/tcpdump.log" &
	tcpdump_pid=$!
	NET_PIDS+=("$tcpdump_pid")
	net_wait "tcpdump" grep -q 'listening on' "$NET_DIR/tcpdump.log"
}

# Ends when no packet came for three tenths of a second.
stop_tcpdump() {
	local size=-1 now i
	for ((i = 0; i < NET_WAIT_TENTHS / 3; i++)); do
		now=$(stat -c %s "$1")
		[ "$now" = "$size" ] && break
		size=$now
		sleep 0.3
	done
	# SIGTERM: a shell without job control starts its background with SIGINT ignored
	kill -TERM "$tcpdump_pid" && wait "$tcpdump_pid"
	grep -q '^0 packets dropped by kernel' "$NET_DIR/tcpdump.log" || {
		cat "$NET_DIR/tcpdump.log" >&2
		net_fail "the capture is not complete"
	}
}

main() {
	local out manifest
	if [ $# -lt 1 ]; then
		echo "usage: capture.sh OUT.pcap [MANIFEST.tsv [GROUP...]]" >&2
		return 2
	fi
	out=$(realpath -m "$1") manifest=${2:-}
	[ -d "$(dirname "$out")" ] || { net_fail "no folder $(dirname "$out")"; return 1; }
	if [ $# -ge 2 ]; then shift 2; else shift; fi
	NET_TOOLS+=(tcpdump:tcpdump)
	trap net_down EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	net_up && start_servers && start_tcpdump "$out" || return 1
	# so that the capture begins as a wire does, with ARP and neighbour discovery
	ip -n "$NET_CLIENT" neigh flush dev "$NET_IF"
	run_clients "$@" || return 1
	stop_tcpdump "$out" || return 1
	[ -z "$manifest" ] || cp "$NET_MANIFEST" "$manifest"
}

main "$@"
