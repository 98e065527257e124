#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   live_lanes.sh FTPROBE
#
# Two lanes, packets spread by software: the flows are those that one lane finds in tcpdump's file,
# both directions in one record. The probe exports over the wire that it watches: its own packets
# are left out, and counted. Events over ZMQ ask for the ports' counters all the time: that takes no
# packet from a lane.

# shellcheck source=tests/interop/live_common.sh
. "$(dirname "$0")/live_common.sh"

COLLECTOR_PORT=4739

live_up "$1"
# somebody listens, or every message is answered by ICMP, which is not the probe's own traffic
net_spawn collector /usr/bin/python3 -c "import socket,sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('$NET_SERVER4', $COLLECTOR_PORT))
while True: s.recv(65536)"
net_wait_listen collector -u $COLLECTOR_PORT || exit 1

port="af_packet:$NET_IF"
probe_start "$port" --lanes 2 --set "port.$port.mode=software" --bpf "$LIVE_FILTER" \
	-o "ipfix:udp://$NET_SERVER4:$COLLECTOR_PORT" -o "zmq:ipc://$NET_DIR/events"
LIVE_FILTER="$LIVE_FILTER and not udp port $COLLECTOR_PORT"
dump_start
run_clients || live_fail "a client failed"
sleep 3 # TCP flows end and are exported: own packets are on the wire
dump_stop
probe_stop

echo "two lanes:"
compare_sums "two lanes"
check_names "two lanes"
check_nothing_lost "two lanes"
own=$(stat dropped own_export)
sent=$(stat outputs "ipfix:udp://$NET_SERVER4:$COLLECTOR_PORT" sent_messages)
echo "$own packets of the probe's own export were left out"
# the last message leaves when the lanes have ended
[ "$own" -gt 0 ] && [ "$own" -le "$sent" ] || live_fail "$own packets left out, $sent messages sent"

# One lane, the same packets from tcpdump's file: the same flows.
"$LIVE_PROBE" -q -r "$LIVE_DUMP" -o "json:$NET_DIR/one.jsonl" ||
	live_fail "the probe cannot read $LIVE_DUMP"
/usr/bin/python3 "$LIVE_HERE/live_check.py" flows "$LIVE_FLOWS" "$NET_DIR/one.jsonl" ||
	live_fail "two lanes and one see different flows"
