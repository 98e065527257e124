#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   library_pcap.sh FTPROBE FT_PCAP TRACE...
#
# The example over each trace: records, packets and bytes on the wire are those of the probe's JSON.
set -euo pipefail

probe=$1 example=$2
shift 2
[ $# -gt 0 ] || { echo "no trace" >&2; exit 2; }
failed=0
for trace in "$@"; do
	wanted=$("$probe" -r "$trace" -o json 2>/dev/null | jq -rs '
		"\(length) records, \(map(.packets + .rev_packets) | add) packets, " +
		"\(map(.l2_bytes + .rev_l2_bytes) | add) bytes"')
	got=$("$example" "$trace" | tail -n 1)
	echo "$(basename "$(dirname "$trace")"): $got"
	if [ "$got" != "$wanted" ]; then
		echo "  the probe says: $wanted"
		failed=$((failed + 1))
	fi
done
[ "$failed" -eq 0 ]
