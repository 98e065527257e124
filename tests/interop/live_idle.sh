#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   live_idle.sh FTPROBE [SECONDS]
#
# On a quiet port a lane takes less than 5 % of a CPU over SECONDS (5 unless told), and sees packets
# in less than a millisecond after they were sent, with idle = adaptive and interrupt; a port
# without interrupts is refused the latter in one line.
set -uo pipefail

PROBE=$(realpath "$1")
SECONDS_QUIET=${2:-5}
# Sanitizers double what a look at the port costs.
CPU_MAX=5.0
ldd "$PROBE" | grep -q libasan && CPU_MAX=10.0
# A busy machine may take the CPU away: one of so many runs must do.
TRIES=4
HERE=$(cd "$(dirname "$0")" && pwd)
NS=ftprobe-idle-$$
PID=

fail() {
	echo "idle test: $*" >&2
	[ -s "$DIR/log" ] && sed 's/^/  probe: /' "$DIR/log" >&2
	exit 1
}

down() {
	[ -n "$PID" ] && kill -KILL "$PID" 2>/dev/null
	ip netns del "$NS" 2>/dev/null
	rm -rf "$DIR"
}

[ "$(id -u)" = 0 ] || { echo "not run: network namespaces need root" >&2; exit 77; }
DIR=$(mktemp -d) || exit 1
trap down EXIT
ip netns add "$NS" && ip -n "$NS" link add idle0 type veth peer name idle1 &&
	ip netns exec "$NS" sysctl -q net.ipv6.conf.all.disable_ipv6=1 &&
	ip netns exec "$NS" sysctl -q net.ipv6.conf.default.disable_ipv6=1 &&
	ip -n "$NS" link set idle0 up && ip -n "$NS" link set idle1 up
[ "$(ip -n "$NS" -o link show up type veth | wc -l)" -eq 2 ] || fail "no veth"

# start DEVICE MODE ARGS...: sets PID
start() {
	local device=$1 mode=$2 i
	shift 2
	: >"$DIR/log"
	ip netns exec "$NS" "$PROBE" -i "$device" --set "lane.idle=$mode" --no-dpi \
		--set "eal.file_prefix=idle$$" "$@" 2>"$DIR/log" >/dev/null </dev/null &
	PID=$!
	for ((i = 0; i < 200; i++)); do
		grep -q 'reading; Ctrl-C ends' "$DIR/log" && return 0
		kill -0 "$PID" 2>/dev/null || break
		sleep 0.1
	done
	fail "the probe does not start"
}

stop() {
	kill -INT "$PID"
	wait "$PID" || fail "exit code $?"
	PID=
}

# Nanoseconds of CPU that the lane took.
lane_cpu() {
	local task
	for task in "/proc/$PID/task"/*; do
		[ "$(cat "$task/comm")" != rte-worker-1 ] || cut -d' ' -f1 "$task/schedstat"
	done
}

# quiet DEVICE MODE
quiet_once() {
	local before after
	start "$1" "$2" -o null
	sleep 1 # the first sleeps are short ones
	before=$(lane_cpu)
	sleep "$SECONDS_QUIET"
	after=$(lane_cpu)
	stop
	awk -v ns=$((after - before)) -v s="$SECONDS_QUIET" -v max=$CPU_MAX -v what="$1 $2" 'BEGIN {
		share = ns / s / 1e7
		printf "%s: %.2f %% of a CPU over %d s\n", what, share, s
		exit share >= max
	}'
}

quiet() {
	local try
	for ((try = 0; try < TRIES; try++)); do
		quiet_once "$@" && return 0
	done
	fail "a quiet lane takes too much CPU: $*"
}

seen_once() {
	start af_packet:idle0 "$1" -o "json:$DIR/flows" --bpf 'udp dst port 9999'
	ip netns exec "$NS" /usr/bin/python3 "$HERE/live_idle.py" send idle1 "$DIR/sent" ||
		fail "cannot send"
	sleep 1 # for a lane that others keep from its CPU
	stop
	/usr/bin/python3 "$HERE/live_idle.py" compare "$1" "$DIR/sent" "$DIR/flows"
}

# Half of the packets are seen in time whoever else runs, all of them when nobody does.
seen() {
	local try
	for ((try = 0; try < TRIES; try++)); do
		seen_once "$1" && return 0
	done
	fail "$1: packets are seen too late"
}

quiet net_null0,no-rx=1 adaptive
quiet af_packet:idle0 adaptive
quiet af_packet:idle0 interrupt
for mode in adaptive interrupt; do seen $mode; done

# A device with an interrupt, and not a socket of the kernel.
if [ -c /dev/net/tun ]; then
	start net_tap0,iface=idle2 interrupt -o null --bpf 'udp dst port 9999' -q \
		--stats-json "$DIR/stats"
	ip -n "$NS" link set idle2 up
	sleep 0.5
	ip netns exec "$NS" /usr/bin/python3 "$HERE/live_idle.py" flood idle2 100 ||
		fail "cannot send"
	sleep 1
	stop
	seen=$(jq .metered_packets "$DIR/stats")
	[ "$seen" -eq 100 ] || fail "net_tap: $seen of 100 packets are seen"
else
	echo "not run: net_tap, there is no /dev/net/tun" >&2
fi

ip netns exec "$NS" "$PROBE" -i net_null0,no-rx=1 -o null --set lane.idle=interrupt \
	--set "eal.file_prefix=idle$$" 2>"$DIR/log" && fail "a port without interrupts is taken"
grep -q 'port net_null0 has no receive interrupts .*: use \[lane\] idle = adaptive' "$DIR/log" ||
	fail "a port without interrupts is not named"
