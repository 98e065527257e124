#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The probe as a service, on a machine of its own (by hand, and before a release):
#
#   tests/service/run.sh [--dir DIR] [--packages FOLDER] [STEP ...]
#
# Builds the packages, makes a bare Debian 12, boots it with systemd in a container (systemd-nspawn,
# no network but veth pairs of its own), and does there what an operator would: install, configure,
# start, look, ask, reload, block a lane, crash, stop, upgrade, purge. Needs root, a mirror of
# Debian and some minutes. --dir keeps the Debian there for the next run. --packages takes packages
# that were built before. STEP runs some of the steps, after install.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/common.sh
. "$here/../../scripts/common.sh"

steps=(status control metrics second_instance reload journal watchdog crash stop bad_configuration
	instance upgrade purge)
dir='' packages='' leader='' failed=0
flows=/var/lib/ftprobe/flows.json

# ---- the machine ----

inside() { nsenter -t "$leader" -a -- "$@"; }
show() { inside systemctl show --value -p "$1" "${2:-ftprobe}"; }

# wait_for WHAT SECONDS COMMAND...
wait_for() {
	local what=$1 until=$((SECONDS + $2))
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || { say "waited in vain for $what"; return 1; }
		sleep 0.1
	done
}

make_packages() {
	if [ -z "$packages" ]; then
		"$top/scripts/package" >/dev/null
		packages=$build_root/package
	fi
	rm -rf "$1" && mkdir -p "$1/old" "$1/new"
	cp "$packages"/ftprobe_*.deb "$1/old/ftprobe.deb"
	cp "$packages"/libpfring-ft0_*.deb "$1/old/libpfring-ft0.deb"
}

# The same with a higher version, and one more line in the configuration that comes with it.
make_upgrade() {
	local tree=$1/tree
	dpkg-deb -R "$1/old/ftprobe.deb" "$tree"
	sed -i 's/^Version: .*/&+next/' "$tree/DEBIAN/control"
	echo '# a line of the next version' >>"$tree/etc/ftprobe/ftprobe.conf"
	dpkg-deb -b "$tree" "$1/new/ftprobe.deb" >/dev/null
	rm -rf "$tree"
}

# All that comes from a mirror is fetched before the boot: there is no network then.
make_machine() {
	mkdir -p "$dir/packages" && make_packages "$dir/packages" && make_upgrade "$dir/packages"
	logged "making the machine" "$build_root/service.log" "$top/scripts/bare-test" \
		--dir "$dir" --keep "apt-get update && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
			systemd systemd-sysv dbus iproute2 iputils-ping && \
		apt-get purge -y ftprobe 'libpfring-ft*' 2>/dev/null; \
		apt-get autoremove -y --purge && \
		apt-get install -y --no-install-recommends --download-only \
			/packages/old/ftprobe.deb /packages/old/libpfring-ft0.deb"
	# a machine that was never booted
	: >"$dir/etc/machine-id"
	rm -rf "$dir"/var/log/journal/*
	rm -rf "$dir/var/lib/ftprobe" "$dir/var/lib/ftprobe-devbind" "$dir/etc/ftprobe"
}

runs() { [ "$(inside systemctl is-system-running 2>/dev/null)" = running ]; }

boot() {
	systemd-nspawn -q -D "$dir" --boot --register=no --keep-unit --private-network \
		--bind-ro=/sys/module --console=pipe \
		>"$build_root/service-console.log" 2>&1 </dev/null &
	nspawn=$!
	wait_for "the container" 20 find_leader
	wait_for "a machine that runs" 60 runs
}

find_leader() { leader=$(pgrep -P "$nspawn" -x systemd); }

shut_down() {
	[ -z "$leader" ] || kill -RTMIN+4 "$leader" 2>/dev/null || true
	[ -z "${nspawn:-}" ] || wait "$nspawn" 2>/dev/null || true
	[ "$keep" = yes ] || rm -rf --one-file-system "$dir"
}

# ---- what the steps share ----

fail() {
	say "$*"
	inside journalctl -u ftprobe -n 20 --no-pager -o cat >&2 || true
	return 1
}

active() { [ "$(show ActiveState "${1:-ftprobe}")" = active ]; }
pid() { show MainPID; }
journal_has() { inside journalctl -u ftprobe -o cat --no-pager | grep -- "$1" >/dev/null; }
flow_count() { inside grep -c '"src_ip"' "$flows" 2>/dev/null || true; }
more_flows() { [ "$(flow_count)" -gt "$1" ]; }

# DPDK sets the address of an interface when it starts on it: the kernel forgets its neighbours.
traffic() {
	inside ip neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev ftp0 nud permanent
	inside ping -q -c 2 -i 0.2 -W 0.1 192.0.2.2 >/dev/null || true
}

# Flows of new traffic are written.
flows_come() {
	local before
	before=$(flow_count)
	traffic
	# a machine under load sweeps its tables slowly
	wait_for "a flow" 30 more_flows "${before:-0}" || fail "no flow is told"
}

# Runs apt or dpkg inside; what it said is shown when it fails.
packaged() {
	logged "$1 $2" "$build_root/service-apt.log" nsenter -t "$leader" -a -- env \
		DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# ---- the steps ----

step_install() {
	local began
	began=$(date +%s.%N)
	packaged apt-get install -y --no-install-recommends /packages/old/ftprobe.deb \
		/packages/old/libpfring-ft0.deb
	[ "$(show ActiveState)" = inactive ] || fail "the service runs without a port"
	inside systemctl is-enabled -q ftprobe || fail "the service is not enabled"
	! inside sh -c 'command -v cc || command -v gcc' >/dev/null || fail "there is a compiler"
	[ "$(inside stat -c '%a %U %G' /run/ftprobe /var/lib/ftprobe | sort -u)" = \
		"750 ftprobe ftprobe" ] || fail "folders are not closed to others"
	inside systemd-analyze verify --man=no ftprobe.service ftprobe@x.service
	inside sh -ec 'ip link add ftp0 type veth peer name ftp1
		ip link set ftp0 up; ip link set ftp1 up
		ip address add 192.0.2.1/24 dev ftp0
		sed -i "s/^#idle_timeout = .*/idle_timeout = 500ms/" /etc/ftprobe/ftprobe.conf
		sed -i "s/^#listen =.*/listen = 9464/" /etc/ftprobe/ftprobe.conf
		cat >>/etc/ftprobe/ftprobe.conf' <<-END
		[port ftp1]
		# a ring of 2 MB: the container may not lock more where its host may not
		descriptors = 1024
		[output flows]
		type = json
		target = $flows
	END
	inside systemctl start ftprobe || fail "the service does not start"
	active || fail "the service does not run"
	flows_come
	echo "from apt-get install to the first flow: $(awk -v a="$began" -v b="$(date +%s.%N)" \
		'BEGIN { printf "%.1f", b - a }') s"
}

status_has_rates() { show StatusText | grep -q 'packets/s'; }

step_status() {
	local caps
	wait_for "a status with rates" 10 status_has_rates
	show StatusText
	[ "$(inside stat -c %U "/proc/$(pid)")" = ftprobe ] || fail "it runs as somebody else"
	caps=$(inside awk '/^CapEff/ { print $2 }' "/proc/$(pid)/status")
	[ "$((16#$caps))" -eq "$((16#3000))" ] || fail "capabilities $caps"
	inside systemctl status --no-pager ftprobe | sed -n 1,12p
}

as_user() { inside runuser -u "$1" -- "${@:2}"; }

# Who is in the group may ask, and nobody else.
step_control() {
	local said
	[ "$(inside stat -c '%a %U %G' /run/ftprobe/ftprobe.sock)" = "660 ftprobe ftprobe" ] ||
		fail "the socket is not for owner and group"
	inside sh -c 'id watcher >/dev/null 2>&1 || useradd -M -G ftprobe watcher'
	as_user watcher ftprobectl status | sed -n 1,5p
	as_user watcher ftprobectl --json status |
		/usr/bin/python3 -c 'import json, sys; assert json.load(sys.stdin)["ok"]' ||
		fail "the status is no JSON"
	! said=$(as_user nobody ftprobectl status 2>&1) || fail "everybody may ask"
	grep -q 'no permission for /run/ftprobe/ftprobe.sock' <<<"$said" || fail "refused by: $said"
	as_user watcher ftprobectl dump-config | grep '^idle_timeout = 500ms' >/dev/null ||
		fail "these are not the settings in force"
	traffic
	inside ftprobectl -F src_ip,dst_ip,total_packets flows 'ip == 192.0.2.0/24'
	inside ftprobectl expire
	inside test -e /usr/share/bash-completion/completions/ftprobectl ||
		fail "there is no completion"
}

scrape() {
	inside python3 -c 'import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:9464/metrics").read().decode(), end="")'
}

step_metrics() {
	local said
	said=$(scrape) || fail "nobody answers"
	grep '^ftprobe_build_info' <<<"$said" || fail "no build_info"
	grep -E '^ftprobe_received_packets_total.* [1-9]' <<<"$said" || fail "no packet is counted"
	[ "$(inside stat -c '%a' /usr/share/ftprobe/grafana-ftprobe.json)" = 644 ] ||
		fail "there is no dashboard"
}

# refused WORDS STATUS ARGUMENT...: a probe of the same prefix beside the service.
refused() {
	local words=$1 wanted=$2 said status=0
	shift 2
	said=$(inside env RUNTIME_DIRECTORY=/run/ftprobe ftprobe -i ftp0 -q -o null "$@" 2>&1) ||
		status=$?
	echo "$said"
	[ "$status/$(wc -l <<<"$said")" = "$wanted/1" ] || fail "not refused in one line"
	grep -q "$words" <<<"$said" || fail "for another reason"
}

step_second_instance() {
	refused 'a running probe answers there' 2
	refused 'another program runs DPDK as "ftprobe"' 1 --set control.socket=off
	inside ftprobectl status >/dev/null || fail "the socket is gone"
	flows_come
}

set_idle_timeout() {
	inside sed -i "s/^idle_timeout = .*/idle_timeout = $1/" /etc/ftprobe/ftprobe.conf
}

has_idle_timeout() { inside ftprobectl dump-config | grep "^idle_timeout = $1" >/dev/null; }

# What is right is taken, what is wrong is not, and the process stays the same.
step_reload() {
	local before
	before=$(pid)
	set_idle_timeout 400ms
	inside systemctl reload ftprobe || fail "the reload failed"
	wait_for "the new timeout" 10 has_idle_timeout 400ms
	wait_for "the journal" 5 journal_has 'reloaded /etc/ftprobe/ftprobe.conf: .*idle_timeout'
	flows_come
	set_idle_timeout soon
	inside systemctl reload ftprobe || true
	wait_for "the journal" 10 journal_has 'kept the old configuration: .*idle_timeout.*soon'
	! inside ftprobectl reload || fail "a bad configuration was taken"
	has_idle_timeout 400ms || fail "another timeout is in force"
	active || fail "a bad configuration ended the service"
	set_idle_timeout 500ms
	inside ftprobectl reload || fail "the reload over the socket failed"
	has_idle_timeout 500ms || fail "the timeout is not in force"
	wait_for "an active service" 5 active
	[ "$(pid)" = "$before" ] || fail "another process after the reload"
	flows_come
}

# said_at PRIORITIES WORDS
said_at() {
	inside journalctl _SYSTEMD_UNIT=ftprobe.service -p "$1" -o cat --no-pager |
		grep -- "$2"
}

# The journal knows errors from notices, and what is below the level does not get there.
step_journal() {
	said_at err..err 'kept the old configuration' || fail "no error is told"
	said_at notice..notice 'reloaded /etc' || fail "no notice is told"
	! journal_has '^<[0-7]>' || fail "a priority is part of a line"
	! said_at info..debug . || fail "below the level"
	[ "$(inside ftprobectl log)" = notice ] || fail "another level"
	[ "$(inside ftprobectl log debug)" = debug ] || fail "the level does not change"
	inside ftprobectl log notice
}

restarted() { [ "$(show NRestarts)" -gt "$1" ] && active; }

# One thread stands, all others go on: only the watchdog can know.
step_watchdog() {
	local before
	inside sh -ec 'mkdir -p /run/systemd/system/ftprobe.service.d
		cd /run/systemd/system/ftprobe.service.d
		printf "[Service]\nWatchdogSec=2s\n" >test.conf
		systemctl daemon-reload; systemctl restart ftprobe'
	sleep 5 # some intervals in which nothing may happen
	before=$(show NRestarts)
	[ "$before" -eq 0 ] || fail "ended while it moved"
	/usr/bin/python3 "$here/block_thread.py" "$(host_pid)" worker-1 &
	wait_for "a restart" 20 restarted "$before" || fail "a blocked lane goes unseen"
	kill $! 2>/dev/null || true
	wait
	journal_has 'lane 0 has not moved' || fail "the lane is not named"
	journal_has 'atchdog timeout' || fail "it was not the watchdog"
	inside journalctl -u ftprobe -o cat --no-pager |
		grep -E 'not moved|atchdog|restart job' | tail -n 4
	flows_come
	inside rm -r /run/systemd/system/ftprobe.service.d
	inside systemctl daemon-reload
}

# The same process as the host numbers it.
host_pid() { pgrep --ns "$leader" --nslist pid -x ftprobe | head -n 1; }

step_crash() {
	local before
	before=$(show NRestarts)
	kill -KILL "$(host_pid)"
	wait_for "a restart" 15 restarted "$before" || fail "a crash blocks the next start"
	flows_come
}

# What root's own probe left when it was killed: nobody answers there.
leave_socket() {
	inside python3 -c 'import os, socket
s = socket.socket(socket.AF_UNIX)
s.bind("/run/ftprobe/ftprobe.sock")
os.chmod("/run/ftprobe/ftprobe.sock", 0o600)
s.listen()'
}

step_stop() {
	local began=$SECONDS
	traffic
	inside systemctl stop ftprobe
	[ "$(show Result)" = success ] || fail "result $(show Result)"
	[ $((SECONDS - began)) -le 8 ] || fail "took $((SECONDS - began)) s"
	wait_for "the journal" 5 journal_has 'records sent since' ||
		fail "what was flushed is not said"
	inside journalctl -u ftprobe -o cat --no-pager | grep 'stopped after' | tail -n 1
	[ -z "$(inside sh -c 'ls /run/ftprobe/*.sock 2>/dev/null' || true)" ] || fail "sockets stay"
	leave_socket
	inside systemctl start ftprobe || fail "the service does not start"
	inside ftprobectl status >/dev/null || fail "it does not answer"
	flows_come
}

step_bad_configuration() {
	inside sed -i 's/^#max_flows = .*/max_flows = many/' /etc/ftprobe/ftprobe.conf
	! inside systemctl restart ftprobe 2>/dev/null || fail "a bad configuration runs"
	sleep 3
	[ "$(show ActiveState)/$(show NRestarts)/$(show ExecMainStatus)" = failed/0/2 ] ||
		fail "tried again"
	journal_has "max_flows.*many" || fail "it is not said why"
	inside sed -i 's/^max_flows = many/#&/' /etc/ftprobe/ftprobe.conf
	inside systemctl restart ftprobe || fail "the service does not start"
	flows_come
}

step_instance() {
	inside sh -c 'printf "[port ftp0]\ndescriptors = 1024\n[output o]\ntype = null\n" \
		>/etc/ftprobe/second.conf'
	inside systemctl start ftprobe@second
	active ftprobe@second || fail "the second instance does not run"
	active || fail "two instances do not run beside each other"
	inside ftprobectl -p second dump-config | grep '^file_prefix = second' >/dev/null ||
		fail "the second instance does not answer"
	has_idle_timeout 500ms || fail "the first instance does not answer"
	inside systemctl stop ftprobe@second
	inside rm /etc/ftprobe/second.conf
	[ "$(show Result ftprobe@second)" = success ] || fail "result $(show Result ftprobe@second)"
	inside test -d /run/ftprobe || fail "the folder of the other instance is gone"
	flows_come
}

step_upgrade() {
	local before
	before=$(pid)
	packaged dpkg --force-confold -i /packages/new/ftprobe.deb
	inside grep -q '^\[port ftp1\]' /etc/ftprobe/ftprobe.conf || fail "edits are gone"
	inside test -e /etc/ftprobe/ftprobe.conf.dpkg-dist || fail "the new configuration is gone"
	active || fail "nothing runs after the upgrade"
	[ "$(pid)" != "$before" ] || fail "the old program goes on"
	flows_come
}

step_purge() {
	inside sh -ec 'mkdir -p /var/lib/ftprobe-devbind
		cd /var/lib/ftprobe-devbind
		echo "{\"0000:ff:1f.7\": {\"driver\": \"ixgbe\"}}" >devices.json'
	packaged dpkg --remove ftprobe
	inside test ! -e /var/lib/ftprobe-devbind/devices.json || fail "NICs were not given back"
	inside test -e /etc/ftprobe/ftprobe.conf || fail "remove takes the configuration"
	packaged dpkg --purge ftprobe
	! inside sh -c 'ls -d /etc/ftprobe /var/lib/ftprobe* /run/ftprobe /etc/default/ftprobe \
		/lib/systemd/system/ftprobe* /etc/systemd/system/*/ftprobe* 2>/dev/null' ||
		fail "something stays"
	[ -z "$(pgrep --ns "$leader" --nslist pid -x ftprobe)" ] || fail "a process stays"
}

run_step() {
	local began=$SECONDS status
	printf '== %s\n' "$1"
	# a step ends at its first failure; -e does not reach into a condition
	set +e
	(set -e; "step_$1")
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		printf '== %s: ok, %d s\n' "$1" $((SECONDS - began))
	else
		printf '== %s: FAILED\n' "$1"
		failed=$((failed + 1))
	fi
}

main() {
	local chosen=() step
	keep=no
	while [ $# -gt 0 ]; do
		case $1 in
		--dir) dir=$2 keep=yes; shift ;;
		--packages) packages=$2; shift ;;
		*) declare -F "step_$1" >/dev/null || die "there is no step $1; ${steps[*]}"
			chosen+=("$1") ;;
		esac
		shift
	done
	[ "$(id -u)" -eq 0 ] || die "tests/service/run.sh needs root"
	"$top/scripts/setup" package
	mkdir -p "$build_root"
	[ -n "$dir" ] || dir=$(mktemp -d /var/tmp/ftprobe-service.XXXXXX)
	trap shut_down EXIT
	make_machine
	boot
	run_step install
	[ "$failed" -eq 0 ] || die "without the installation there is nothing to see"
	for step in "${chosen[@]:-${steps[@]}}"; do
		run_step "$step"
	done
	[ "$failed" -eq 0 ] || die "$failed of the steps failed"
}

main "$@"
