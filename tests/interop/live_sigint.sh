#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   live_sigint.sh FTPROBE
#
# 100,000 flows are active when SIGINT comes: all of them are exported, and the probe is gone
# within a second. A collector that is away costs stop_timeout, no more, and what it did not get is
# said.

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
		--set "port.$port.descriptors=32768" --set probe.stop_timeout=20s
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
	[ "$(count_lines "$FLOWS flows active: $FLOWS records sent since, all of them")" = 1 ] ||
		return 1
	[ "$created" -eq $FLOWS ] && [ "$PROBE_MS" -le $MS_MAX ]
}

stop_without_collector() {
	probe_start "$port" --bpf 'net 198.18.0.0/15' --idle-timeout 60s \
		--set "port.$port.descriptors=32768" --set probe.stop_timeout=2s \
		-o ipfix:tcp://127.0.0.1:9
	in_client /usr/bin/python3 "$LIVE_HERE/live_blast.py" "$NET_IF" 1000 ||
		live_fail "the blaster failed"
	sleep 0.2
	probe_stop
	grep 'stopped after' "$LIVE_LOG"
	[ "$(count_lines '0 records sent since, 1000 not (1000 for want of time')" = 1 ] ||
		live_fail "what was not sent is not said"
	[ "$PROBE_MS" -ge 1900 ] && [ "$PROBE_MS" -le $((2000 + 2 * MS_MAX)) ] ||
		live_fail "stop_timeout is 2 s, the end took $PROBE_MS ms"
}

live_up "$1"
port="af_packet:$NET_IF"
# a sanitizer makes everything some times slower
grep -q __asan_init "$LIVE_PROBE" && MS_MAX=$((8 * MS_MAX))
for ((try = 1; try <= TRIES; try++)); do
	drain_once && stop_without_collector && exit 0
done
live_fail "lost packets, or slow to drain, in $TRIES runs"
