#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   library_dpdk.sh FTPROBE FT_DPDK TRACE
#
# The example with two queues that a capture file feeds, without huge pages: it sees every packet of
# both, and its flows add up to twice what the probe's JSON says.
set -euo pipefail

probe=$1 example=$2 trace=$3
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ftprobe-dpdk.XXXXXX")
example_pid=

clean_up() {
	[ -z "$example_pid" ] || kill -KILL "$example_pid" 2>/dev/null || true
	rm -rf "$tmp"
}

fail() {
	echo "library_dpdk: $*"
	cat "$tmp/log"
	tail -n 5 "$tmp/out"
	exit 1
}

trap clean_up EXIT
export XDG_RUNTIME_DIR=$tmp
"$probe" -r "$trace" -o "json:$tmp/flows.json" --stats-json "$tmp/stats.json" 2>/dev/null
sums=$(jq -r '"\(2 * .rx_packets) packets, \(2 * .rx_bytes) bytes, 0 lost"' "$tmp/stats.json")
metered=$(jq -rs '"\(2 * (map(.packets + .rev_packets) | add)) " +
	"\(2 * (map(.l2_bytes + .rev_l2_bytes) | add))"' "$tmp/flows.json")

"$example" --lcores '0@0,1@0,2@0' --no-huge -m 512 --no-pci --no-telemetry --no-shconf \
	--vdev "net_pcap0,rx_pcap=$trace,rx_pcap=$trace" >"$tmp/out" 2>"$tmp/log" </dev/null &
example_pid=$!
for ((i = 0; i < 300; i++)); do
	kill -0 "$example_pid" 2>/dev/null || fail "the example ended on its own"
	grep -q "flows, $sums" "$tmp/out" && break
	sleep 0.1
done
grep -q "flows, $sums" "$tmp/out" || fail "it does not come to $sums"
kill -INT "$example_pid"
wait "$example_pid" || fail "exit code $?"
example_pid=
got=$(awk '$1 == "flow" { packets += $4; bytes += $6 } END { print packets, bytes }' "$tmp/out")
echo "$(tail -n 1 "$tmp/out"); in flows: $got"
[ "$got" = "$metered" ] || fail "the probe says: $metered"
