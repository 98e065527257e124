#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   ipfix_tcp_kill.sh FTPROBE
#
# A collector over TCP is killed under traffic and comes again, twice: templates first on each
# session, and offered = sent + in doubt + dropped + queued, with and without replay.

# shellcheck source=tests/interop/live_common.sh
. "$(dirname "$0")/live_common.sh"

PORT=4739
FLOWS=6000

collector_listens() { [ -n "$(in_client ss -Hltn "sport = :$PORT")" ]; }

collector_start() {
	# not by a function, whose subshell would be what is killed
	ip netns exec "$NET_CLIENT" /usr/bin/python3 "$LIVE_HERE/ipfix_tcp_collector.py" \
		listen $PORT "$1" </dev/null >&2 &
	COLLECTOR_PID=$!
	net_wait "the collector" collector_listens || live_fail "the collector does not start"
}

# SIGKILL, and no word from the shell about it.
collector_kill() {
	kill -KILL "$COLLECTOR_PID"
	wait "$COLLECTOR_PID" 2>/dev/null
	COLLECTOR_PID=
}

down() {
	[ -n "$COLLECTOR_PID" ] && kill -KILL "$COLLECTOR_PID" 2>/dev/null
	live_down
}

blast() {
	in_client /usr/bin/python3 "$LIVE_HERE/live_blast.py" "$NET_IF" $FLOWS ||
		live_fail "the blaster failed"
}

run() {
	local replay=$1 folder=$NET_DIR/$1 name="ipfix:tcp://127.0.0.1:$PORT"
	mkdir -p "$folder"
	collector_start "$folder"
	probe_start "af_packet:$NET_IF" --bpf 'net 198.18.0.0/15' --idle-timeout 300ms \
		-o "$name" --set "output.$name.reconnect=200ms" --set "output.$name.replay=$replay"
	for ((round = 0; round < 2; round++)); do
		blast
		# its flows end now, one after the other
		sleep 0.25
		collector_kill
		sleep 0.1
		collector_start "$folder"
		sleep 0.5
	done
	blast
	probe_stop
	collector_kill
	echo "$replay:"
	/usr/bin/python3 "$LIVE_HERE/ipfix_tcp_collector.py" check "$folder" "$LIVE_STATS" ||
		live_fail "$replay: wrong"
}

live_up "$1"
trap down EXIT
run at-most-once
run at-least-once
