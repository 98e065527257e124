# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What the live tests share: the probe and tcpdump in the client's namespace of netns.sh, and the
# sums of both. Source it from a script that takes FTPROBE as its last argument, then:
#
#   live_up FTPROBE            namespaces, servers, exit trap
#   probe_start DEVICE ARGS... the probe, its records in $LIVE_FLOWS, its words in $LIVE_LOG
#   probe_stop                 SIGINT; sets PROBE_MS; fails when the exit code is not 0
#   dump_start, dump_stop      tcpdump of the same packets into $LIVE_DUMP
#   compare_sums WHAT          packets and bytes of the records = those of tcpdump

LIVE_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/traffic/netns.sh
. "$LIVE_HERE/../traffic/netns.sh"

# IP, but for what the kernel says on its own whenever it likes: neighbour discovery, group reports.
LIVE_FILTER='(ip or ip6) and not (ip6[6] = 0)'
LIVE_FILTER="$LIVE_FILTER and not (icmp6 and ip6[40] >= 130 and ip6[40] <= 143)"

live_fail() {
	echo "live test: $*" >&2
	[ -f "$LIVE_LOG" ] && sed 's/^/  probe: /' "$LIVE_LOG" >&2
	exit 1
}

live_down() {
	local pid
	for pid in $PROBE_PID $DUMP_PID; do kill -KILL "$pid" 2>/dev/null; done
	[ -n "$LIVE_MIRROR" ] && ip netns del "$LIVE_MIRROR" 2>/dev/null
	net_down
}

live_up() {
	[ "$(id -u)" = 0 ] || { echo "not run: network namespaces need root" >&2; exit 77; }
	LIVE_PROBE=$(realpath "$1") && [ -x "$LIVE_PROBE" ] || { echo "no probe: $1" >&2; exit 2; }
	trap live_down EXIT
	net_check_tools tcpdump:tcpdump tshark:tshark tc:iproute2 || exit 1
	net_up || exit 1
	LIVE_DUMP=$NET_DIR/dump.pcap LIVE_FLOWS=$NET_DIR/flows.jsonl LIVE_LOG=$NET_DIR/probe.log
	LIVE_STATS=$NET_DIR/stats.json
	# net_af_xdp of DPDK 22.11 does not give back one structure of libxdp when it is closed
	echo 'leak:xsk_umem__create' >"$NET_DIR/lsan"
	export LSAN_OPTIONS="suppressions=$NET_DIR/lsan:print_suppressions=0"
	start_servers || exit 1
}

# ---- the probe ----

probe_reads() { grep -q 'reading; Ctrl-C ends' "$LIVE_LOG"; }
probe_gone() { ! kill -0 "$PROBE_PID" 2>/dev/null; }
probe_ready() { probe_reads || probe_gone; }

# PROBE_NS may name another namespace than the client's.
probe_start() {
	local device=$1
	shift
	: >"$LIVE_LOG"
	ip netns exec "${PROBE_NS:-$NET_CLIENT}" "$LIVE_PROBE" -i "$device" \
		-o "json:$LIVE_FLOWS" --stats-json "$LIVE_STATS" \
		--set "eal.file_prefix=live$$" "$@" 2>"$LIVE_LOG" </dev/null &
	PROBE_PID=$!
	net_wait "the probe" probe_ready || live_fail "the probe does not start"
	probe_reads || live_fail "the probe ended before it began"
}

probe_stop() {
	local began ended status
	began=$(date +%s%N)
	kill -INT "$PROBE_PID"
	wait "$PROBE_PID"
	status=$?
	ended=$(date +%s%N)
	PROBE_PID=
	# shellcheck disable=SC2034 # for the scripts that source this
	PROBE_MS=$(((ended - began) / 1000000))
	[ "$status" -eq 0 ] || live_fail "exit code $status after SIGINT"
}

# The value of a counter: stat KEY... walks the JSON of --stats-json.
stat() {
	/usr/bin/python3 "$LIVE_HERE/live_check.py" stat "$LIVE_STATS" "$@" ||
		live_fail "no counter $*"
}

# ---- tcpdump ----

dump_ready() { grep -q 'listening on' "$NET_DIR/tcpdump.log"; }

dump_start() {
	: >"$NET_DIR/tcpdump.log"
	ip netns exec "$NET_CLIENT" tcpdump -n -U --immediate-mode -B 32768 -i "$NET_IF" -Z root \
		-w "$LIVE_DUMP" "$LIVE_FILTER" 2>"$NET_DIR/tcpdump.log" &
	DUMP_PID=$!
	net_wait tcpdump dump_ready || live_fail "tcpdump does not start"
}

# Every connection has ended, but for those that only wait.
wire_quiet() {
	local ns
	for ns in "$NET_CLIENT" "$NET_SERVER"; do
		[ -z "$(ip netns exec "$ns" ss -Htan state connected exclude time-wait)" ] ||
			return 1
	done
}

dump_stop() {
	net_wait "connections to end" wire_quiet || live_fail "the wire does not become quiet"
	sleep 0.5 # the last packets are on their way
	kill -TERM "$DUMP_PID"
	wait "$DUMP_PID"
	DUMP_PID=
	awk '/packets (captured|received by filter)/ { n[$3] = $1 } /^0 packets dropped/ { ok = 1 }
		END { exit !ok || n["captured"] != n["received"] }' "$NET_DIR/tcpdump.log" ||
		{ cat "$NET_DIR/tcpdump.log" >&2; live_fail "tcpdump lost packets"; }
}

# ---- what must hold ----

compare_sums() {
	/usr/bin/python3 "$LIVE_HERE/live_check.py" sums "$LIVE_DUMP" "$LIVE_FLOWS" ||
		live_fail "$1: sums differ"
}

check_names() {
	/usr/bin/python3 "$LIVE_HERE/../traffic/check_manifest.py" "$NET_MANIFEST" \
		"$LIVE_FLOWS" ||
		live_fail "$1: names of protocols are missing"
}

# Nothing was lost below us, and what we received is metered or dropped by name.
check_nothing_lost() {
	/usr/bin/python3 "$LIVE_HERE/live_check.py" lossless "$LIVE_STATS" ||
		live_fail "$1: packets were lost"
}

count_lines() { grep -c -- "$1" "$LIVE_LOG"; }

# One warning that names the line that helps: $1 = how many there must be.
check_warnings() {
	local n
	n=$(count_lines "ethtool -K $NET_IF gro off")
	[ "$n" -eq "$1" ] || live_fail "$n warnings about frames larger than the MTU instead of $1"
}
