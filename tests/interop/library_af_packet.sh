#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   library_af_packet.sh FT_AF_PACKET
#
# Real programs over a veth pair, seen by the example: its flows add up to what tcpdump counts on
# the same wire, and carry the programs' protocols.

# shellcheck source=tests/interop/live_common.sh
. "$(dirname "$0")/live_common.sh"

example_reads() { grep -q 'reading' "$LIVE_LOG"; }

# What the kernel says on its own, which tcpdump leaves out as well, is no flow of ours: ICMPv6 of
# the types 130 to 143, whose type is the high byte of the second port.
flow_sums() {
	awk '$1 == "flow" && !($4 == 58 && $7 >= 130 * 256 && $7 < 144 * 256) {
			packets += $9
			bytes += $11
		}
		END { print packets + 0, bytes + 0 }' "$LIVE_FLOWS"
}

live_up "$1"
ip netns exec "$NET_CLIENT" "$LIVE_PROBE" "$NET_IF" >"$LIVE_FLOWS" 2>"$LIVE_LOG" </dev/null &
PROBE_PID=$!
net_wait "the example" example_reads || live_fail "the example does not start"
dump_start
run_clients || live_fail "a client failed"
dump_stop
probe_stop
wanted=$(tshark -r "$LIVE_DUMP" -T fields -e frame.len 2>/dev/null |
	awk '{ packets++; bytes += $1 } END { print packets + 0, bytes + 0 }')
got=$(flow_sums)
echo "packets and bytes: $got; tcpdump: $wanted"
tail -n 1 "$LIVE_FLOWS"
[ "${wanted%% *}" -gt 0 ] || live_fail "tcpdump saw nothing"
[ "$got" = "$wanted" ] || live_fail "sums differ"
for name in DNS HTTP TLS SSH ICMP; do
	grep -q "^flow .* $name$" "$LIVE_FLOWS" || live_fail "no flow is called $name"
done
