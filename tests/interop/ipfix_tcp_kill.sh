#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   ipfix_tcp_kill.sh tcp|tls [ROUNDS] FTPROBE
#
# A collector is killed under traffic and comes again, twice or ROUNDS times: templates first on
# each session, and offered = sent + in doubt + dropped + queued, with and without replay. What
# counts as sent was read, but for what the collector's kernel had acknowledged and it had not read.
# A collector that ends orderly instead, and a spool: nothing is lost, and nothing comes twice.

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

collector_end() {
	kill -TERM "$COLLECTOR_PID"
	wait "$COLLECTOR_PID" || live_fail "the collector did not end well"
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

# REPLAY, how the collector goes, how its files are checked, more options.
run() {
	local replay=$1 go=$2 check=$3 folder=$NET_DIR/$1-$2
	local name="ipfix:$SCHEME://127.0.0.1:$PORT" files=()
	shift 3
	mkdir -p "$folder"
	collector_start "$folder"
	[ -n "$CERTIFICATES" ] && files=(--set "output.$name.cert=$CERTIFICATES/probe.pem"
		--set "output.$name.key=$CERTIFICATES/probe.key"
		--set "output.$name.ca=$CERTIFICATES/authority.pem")
	probe_start "af_packet:$NET_IF" --bpf 'net 198.18.0.0/15' --idle-timeout 300ms -o "$name" \
		--set "output.$name.reconnect=200ms" --set "output.$name.replay=$replay" \
		"${files[@]}" "${@/#/--set=output.$name.}"
	for ((round = 0; round < ROUNDS; round++)); do
		blast
		# its flows end now, one after the other
		sleep 0.25
		$go
		sleep 0.1
		[ "$check" = exact ] && blast && sleep 0.5
		collector_start "$folder"
		sleep 0.5
	done
	blast
	probe_stop
	$go
	echo "$SCHEME, $replay, $go:"
	/usr/bin/python3 "$LIVE_HERE/ipfix_tcp_collector.py" "$check" "$folder" "$LIVE_STATS" ||
		live_fail "$SCHEME, $replay, $go: wrong"
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
run at-most-once collector_kill check
run at-least-once collector_kill check
run at-most-once collector_end exact "spool=$NET_DIR" queue_records=500
