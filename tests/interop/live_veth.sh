#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   live_veth.sh af_packet|af_xdp FTPROBE
#
# Real programs over a veth pair, seen through a PMD: the records add up to what tcpdump counts on
# the same wire, and carry the programs' protocols. With offloads on (af_packet), frames are larger
# than the MTU: bytes are still right, nothing is called malformed, one warning names the way out.

# shellcheck source=tests/interop/live_common.sh
. "$(dirname "$0")/live_common.sh"

pmd=$1
case $pmd in af_packet | af_xdp) ;; *) echo "usage: $0 af_packet|af_xdp FTPROBE" >&2; exit 2 ;; esac

# AF_XDP takes packets away from the kernel, so the probe gets copies through another veth pair.
mirror_up() {
	LIVE_MIRROR=ftprobe-$$-mirror
	PROBE_NS=$LIVE_MIRROR
	ip netns add "$LIVE_MIRROR" &&
		ip link add ftmirror0 netns "$NET_CLIENT" type veth \
			peer name ftmirror1 netns "$LIVE_MIRROR" &&
		in_client sysctl -qw net.ipv6.conf.ftmirror0.disable_ipv6=1 &&
		ip netns exec "$LIVE_MIRROR" sysctl -qw net.ipv6.conf.ftmirror1.disable_ipv6=1 &&
		ip -n "$NET_CLIENT" link set ftmirror0 up &&
		ip -n "$LIVE_MIRROR" link set ftmirror1 up &&
		in_client tc qdisc add dev "$NET_IF" clsact || live_fail "no mirror"
	local direction
	for direction in ingress egress; do
		in_client tc filter add dev "$NET_IF" "$direction" protocol all u32 match u32 0 0 \
			action mirred egress mirror dev ftmirror0 || live_fail "no mirror"
	done
}

run_once() {
	local what=$1
	shift
	probe_start "$device" --bpf "$LIVE_FILTER" "$@"
	dump_start
	run_clients || live_fail "a client failed"
	dump_stop
	probe_stop
	echo "$pmd, $what:"
	compare_sums "$pmd, $what"
	check_names "$pmd, $what"
	check_nothing_lost "$pmd, $what"
}

live_up "$2"
device=$pmd:$NET_IF
if [ "$pmd" = af_xdp ]; then
	mirror_up
	device=af_xdp:ftmirror1
fi

run_once "offloads off"
check_warnings 0
if [ "$pmd" = af_xdp ]; then
	# The host's interface is as it was found: no program attached, not promiscuous.
	ip -n "$LIVE_MIRROR" -d link show ftmirror1 | grep -q 'xdp\|promiscuity 1' &&
		live_fail "af_xdp left something on the interface"
	exit 0
fi

net_offloads "$NET_CLIENT" on && net_offloads "$NET_SERVER" on || exit 1
: >"$NET_MANIFEST"
run_once "offloads on"
check_warnings 1
cut=$(stat notes cut)
[ "$cut" -gt 0 ] || live_fail "no frame was larger than the MTU: this proves nothing"
bad=$(stat notes bad_ip_length)
[ "$bad" -eq 0 ] || live_fail "$bad cut frames were called malformed"
