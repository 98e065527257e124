#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   ipfix_clock.sh SHIFT_LIBRARY FTPROBE
#
# The clock is set back by an hour under traffic, and then forward by two: it is logged each time,
# flow and export times go along, and no flow ends before it began, or after its export (M3, F4).

# shellcheck source=tests/interop/live_common.sh
. "$(dirname "$0")/live_common.sh"

FLOWS=500
HOUR_NS=3600000000000

clock_set() {
	/usr/bin/python3 -c 'import struct, sys
with open(sys.argv[1], "r+b") as f: f.write(struct.pack("=q", int(sys.argv[2])))' \
		"$NET_DIR/shift" "$1"
}

blast() {
	in_client /usr/bin/python3 "$LIVE_HERE/live_blast.py" "$NET_IF" $FLOWS ||
		live_fail "the blaster failed"
	sleep 1.5 # all end, and leave
}

library=$(realpath "$1")
live_up "$2"
head -c 8 /dev/zero >"$NET_DIR/shift"
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
LD_PRELOAD=$library CLOCK_SHIFT=$NET_DIR/shift \
	probe_start "af_packet:$NET_IF" --bpf 'net 198.18.0.0/15' --idle-timeout 300ms \
	-o "ipfix:$NET_DIR/flows.ipfix"
blast
clock_set -$HOUR_NS
blast
clock_set $HOUR_NS
blast
probe_stop
for step in '-3600\.' '+7200\.'; do
	grep -q "the clock was set by $step" "$LIVE_LOG" || live_fail "a step was not logged"
done
/usr/bin/python3 "$LIVE_HERE/ipfix_clock.py" "$NET_DIR/flows.ipfix" $FLOWS ||
	live_fail "times are wrong"
