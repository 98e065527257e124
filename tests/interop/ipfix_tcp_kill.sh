#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   ipfix_tcp_kill.sh tcp|tls [ROUNDS] FTPROBE
#
# A collector is killed under traffic and comes again, twice or ROUNDS times: templates first on
# each session, and offered = sent + in doubt + dropped + queued, with and without replay. What
# counts as sent was read, but for what the collector's kernel had acknowledged and it had not read.

# shellcheck source=tests/interop/live_common.sh
. "$(dirname "$0")/live_common.sh"

PORT=4739
FLOWS=6000

collector_listens() { [ -n "$(in_client ss -Hltn "sport = :$PORT")" ]; }

collector_start() {
	# not by a function, whose subshell would be what is killed
	ip netns exec "$NET_CLIENT" /usr/bin/python3 "$LIVE_HERE/ipfix_tcp_collector.py" \
		listen $PORT "$1" "$CERTIFICATES" </dev/null >&2 &
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
	local replay=$1 folder=$NET_DIR/$1 name="ipfix:$SCHEME://127.0.0.1:$PORT" files=()
	mkdir -p "$folder"
	collector_start "$folder"
	[ -n "$CERTIFICATES" ] && files=(--set "output.$name.cert=$CERTIFICATES/probe.pem"
		--set "output.$name.key=$CERTIFICATES/probe.key"
		--set "output.$name.ca=$CERTIFICATES/authority.pem")
	probe_start "af_packet:$NET_IF" --bpf 'net 198.18.0.0/15' --idle-timeout 300ms -o "$name" \
		--set "output.$name.reconnect=200ms" --set "output.$name.replay=$replay" \
		"${files[@]}"
	for ((round = 0; round < ROUNDS; round++)); do
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
	echo "$SCHEME, $replay:"
	/usr/bin/python3 "$LIVE_HERE/ipfix_tcp_collector.py" check "$folder" "$LIVE_STATS" ||
		live_fail "$SCHEME, $replay: wrong"
}

SCHEME=$1 ROUNDS=2 CERTIFICATES=
[ $# = 3 ] && ROUNDS=$2
live_up "${!#}"
trap down EXIT
if [ "$SCHEME" = tls ]; then
	CERTIFICATES=$NET_DIR/certificates
	mkdir -p "$CERTIFICATES"
	/usr/bin/python3 "$LIVE_HERE/ipfix_tcp_collector.py" certificates "$CERTIFICATES" ||
		live_fail "no certificates"
fi
run at-most-once
run at-least-once
