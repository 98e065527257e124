#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   live_dumpcap.sh FTPROBE
#
# dpdk-dumpcap writes the packets of a running probe into a file, comes and goes, and the probe
# meters all of them meanwhile. It needs huge pages (exit status 77: there are none).
set -uo pipefail

PROBE=$(realpath "$1")
PACKETS=500
MB_NEEDED=64
NS=ftprobe-dumpcap-$$
PREFIX=dumpcap$$
PID=
HERE=$(cd "$(dirname "$0")" && pwd)

not_run() {
	echo "not run: $*" >&2
	exit 77
}

fail() {
	echo "dumpcap test: $*" >&2
	cat "$DIR/log" "$DIR/dumpcap" >&2
	exit 1
}

down() {
	[ -n "$PID" ] && kill -KILL "$PID" 2>/dev/null
	ip netns del "$NS" 2>/dev/null
	awk '$3 == "hugetlbfs" { print $2 }' /proc/mounts | while read -r huge; do
		rm -f "$huge/${PREFIX}map_"*
	done
	rm -rf "$DIR"
}

wait_for() {
	local i
	for ((i = 0; i < 200; i++)); do
		grep -q -- "$1" "$2" 2>/dev/null && return 0
		sleep 0.1
	done
	fail "waited in vain for \"$1\""
}

capture() {
	: >"$DIR/dumpcap"
	ip netns exec "$NS" dpdk-dumpcap --file-prefix="$PREFIX" -i 0 -c $PACKETS \
		-f "udp dst port 9999" -w "$DIR/dump.pcapng" >"$DIR/dumpcap" 2>&1 &
	local dumpcap=$!
	wait_for "Packets captured: 0" "$DIR/dumpcap"
	sleep 0.5
	ip netns exec "$NS" /usr/bin/python3 "$HERE/live_idle.py" flood dump1 $PACKETS ||
		fail "cannot send"
	wait $dumpcap || fail "dpdk-dumpcap failed"
	[ "$(tcpdump -nr "$DIR/dump.pcapng" 2>/dev/null | wc -l)" -eq $PACKETS ] ||
		fail "not all packets are in the file"
}

[ "$(id -u)" = 0 ] || not_run "network namespaces need root"
command -v dpdk-dumpcap >/dev/null || not_run "dpdk-dumpcap is not installed"
grep -q hugetlbfs /proc/mounts || not_run "no hugetlbfs is mounted"
free=$(awk '/^HugePages_Free/ { n = $2 } /^Hugepagesize/ { print int(n * $2 / 1024) }' \
	/proc/meminfo)
[ "$free" -ge $MB_NEEDED ] || not_run "$free MB of huge pages are free, it takes $MB_NEEDED"
DIR=$(mktemp -d) || exit 1
trap down EXIT
touch "$DIR/log" "$DIR/dumpcap"
ip netns add "$NS" && ip -n "$NS" link add dump0 type veth peer name dump1 &&
	ip -n "$NS" link set dump0 up && ip -n "$NS" link set dump1 up
[ "$(ip -n "$NS" -o link show up type veth | wc -l)" -eq 2 ] || fail "no veth"

ip netns exec "$NS" "$PROBE" -i af_packet:dump0 -o null --no-dpi --max-flows 10000 -q \
	--bpf 'udp dst port 9999' --stats-json "$DIR/stats" --set "eal.file_prefix=$PREFIX" \
	--set eal.huge=yes 2>"$DIR/log" >/dev/null </dev/null &
PID=$!
wait_for 'reading; Ctrl-C ends' "$DIR/log"
capture
capture
kill -INT "$PID"
wait "$PID" || fail "exit code $?"
PID=
[ "$(jq .metered_packets "$DIR/stats")" -eq $((2 * PACKETS)) ] || fail "the probe missed packets"
echo "$PACKETS packets captured, twice"
