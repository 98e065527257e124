#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   ipfix_disk_full.sh FTPROBE
#
# An IPFIX file on a disk that is full for a while: records wait, what the queue cannot take is
# dropped by name, the file stays readable, and once there is room it goes on by itself. A run over
# files does not wait: it fails.

# shellcheck source=tests/interop/live_common.sh
. "$(dirname "$0")/live_common.sh"

FLOWS=2500

blast() {
	in_client /usr/bin/python3 "$LIVE_HERE/live_blast.py" "$NET_IF" $FLOWS ||
		live_fail "the blaster failed"
	sleep 1.2 # its flows end, and leave
}

down() {
	umount "$DISK" 2>/dev/null
	live_down
}

live_up "$1"
trap down EXIT
DISK=$NET_DIR/disk
mkdir -p "$DISK"
mount -t tmpfs -o size=1m tmpfs "$DISK" || live_fail "no tmpfs"
probe_start "af_packet:$NET_IF" --bpf 'net 198.18.0.0/15' --idle-timeout 300ms \
	-o "ipfix:$DISK/flows.ipfix" --set "output.ipfix:$DISK/flows.ipfix.queue_records=1000"
blast
dd if=/dev/zero of="$DISK/filler" bs=4k count=1000 status=none 2>/dev/null
blast
rm "$DISK/filler"
sleep 1.5 # a file that was given up is tried again after a second
blast
probe_stop
ipfixDump -s -i "$DISK/flows.ipfix" >"$NET_DIR/dump.txt" 2>&1 ||
	live_fail "ipfixDump cannot read it"
/usr/bin/python3 - "$LIVE_STATS" "$DISK"/flows.ipfix* <<'END' || live_fail "wrong"
import json
import sys

import ipfix.ie
import ipfix.reader

ipfix.ie.use_iana_default()
ipfix.ie.use_5103_default()
outputs = json.load(open(sys.argv[1], encoding="utf-8"))["outputs"]
out = next(o for name, o in outputs.items() if name.startswith("ipfix"))
read = 0
for path in sys.argv[2:]:
    with open(path, "rb") as stream:
        records = ipfix.reader.from_stream(stream).namedict_iterator()
        read += sum("packetDeltaCount" in r for r in records)
dropped = out["dropped"]
print(f"offered {out['offered']}, sent {out['sent']}, read {read}, dropped {dropped}")
if out["offered"] != out["sent"] + sum(dropped.values()) + out["queued"]:
    sys.exit("the account does not add up")
if read != out["sent"] or not 1000 < dropped["queue_full"] < 2500:
    sys.exit("what was written, or dropped, is not what was counted")
if sum(dropped.values()) != dropped["queue_full"] or not 0 < out["sessions_failed"] < 10:
    sys.exit("it did not wait for the disk")
END
grep -q 'No space left on device' "$LIVE_LOG" || live_fail "it does not say that the disk is full"

dd if=/dev/zero of="$DISK/filler" bs=4k count=1000 status=none 2>/dev/null
timeout 20 "$LIVE_PROBE" -r "$LIVE_HERE/../pcap/demo/input.pcap" -q -o "ipfix:$DISK/more.ipfix" \
	2>"$LIVE_LOG"
[ $? = 1 ] || live_fail "a run over files did not fail on a full disk"
