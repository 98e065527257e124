#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   live_sigint.sh FTPROBE
#
# 100,000 flows are active when SIGINT comes: all of them are exported, and the probe is gone
# within a second.

# shellcheck source=tests/interop/live_common.sh
. "$(dirname "$0")/live_common.sh"

FLOWS=100000
MS_MAX=1000
# A busy machine may take the CPU away, before the probe reads or while it drains: one of so many
# runs must do, and in none may a flow that was made be missing.
TRIES=3

drain_once() {
	local created records forced
	# a ring for half a second
	probe_start "$port" --bpf 'net 198.18.0.0/15' --idle-timeout 60s \
		--set "port.$port.descriptors=32768" --set probe.drain_timeout=20s
	in_client /usr/bin/python3 "$LIVE_HERE/live_blast.py" "$NET_IF" $FLOWS ||
		live_fail "the blaster failed"
	sleep 0.2
	probe_stop
	created=$(stat flows created)
	records=$(grep -c . "$LIVE_FLOWS")
	forced=$(grep -c '"end_reason":"forced"' "$LIVE_FLOWS")
	echo "$created flows, $records records, $forced of them ended by SIGINT," \
		"exit 0 after $PROBE_MS ms"
	[ "$created $created" = "$records $forced" ] || live_fail "not all flows were exported"
	[ "$created" -eq $FLOWS ] && [ "$PROBE_MS" -le $MS_MAX ]
}

live_up "$1"
port="af_packet:$NET_IF"
# a sanitizer makes everything some times slower
grep -q __asan_init "$LIVE_PROBE" && MS_MAX=$((8 * MS_MAX))
for ((try = 1; try <= TRIES; try++)); do
	drain_once && exit 0
done
live_fail "lost packets, or slow to drain, in $TRIES runs"
