# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Two network namespaces joined by a veth pair, real servers in one, real clients in the other.
# Source it (bash, root), then:
#
#   net_up                     the namespaces, addresses up, offloads off
#   start_servers              nginx, dnsmasq, sshd, iperf3; returns when all of them listen
#   run_clients [GROUP...]     mix (default: all of) http tls dns ssh icmp iperf errors
#   net_down                   ends and removes everything; also set it as the EXIT trap
#
# After net_up: NET_CLIENT and NET_SERVER (namespaces), NET_IF (the interface, same name in both),
# NET_DIR (scratch), NET_MANIFEST (what run_clients launched, see manifest_add). A probe watches
# the traffic with `in_client ftprobe -i "$NET_IF"`, or with in_server on the other end.

NET_CLIENT4=192.0.2.10
NET_SERVER4=192.0.2.20
NET_CLIENT6=2001:db8::10
NET_SERVER6=2001:db8::20
NET_IF=ftveth0
NET_WAIT_TENTHS=300 # how long a server or a neighbour may take, in tenths of a second
NET_TOOLS=(ip:iproute2 ss:iproute2 ethtool:ethtool nginx:nginx-light curl:curl openssl:openssl
	dnsmasq:dnsmasq-base dig:bind9-dnsutils sshd:openssh-server ssh:openssh-client
	ssh-keygen:openssh-client iperf3:iperf3 ping:iputils-ping timeout:coreutils)

# empty until net_up, so that net_down may run at any time
NET_DIR='' NET_CLIENT='' NET_SERVER='' NET_MANIFEST='' NET_PIDS=()

PATH=$PATH:/usr/sbin:/sbin

net_fail() {
	echo "netns.sh: $*" >&2
	return 1
}

in_client() { ip netns exec "$NET_CLIENT" "$@"; }
in_server() { ip netns exec "$NET_SERVER" "$@"; }

# Every missing program in one line, with the packages that bring them.
net_check_tools() {
	local pair missing=()
	for pair in "${NET_TOOLS[@]}"; do
		command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
	done
	[ ${#missing[@]} -eq 0 ] ||
		net_fail "missing programs:" \
			"apt install $(printf '%s\n' "${missing[@]}" | sort -u | xargs)"
}

# Runs a command every tenth of a second until it succeeds, NET_WAIT_TENTHS times at most.
net_wait() {
	local what=$1 i
	shift
	for ((i = 0; i < NET_WAIT_TENTHS; i++)); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	net_fail "gave up waiting for $what"
}

# ---- the wire ----

net_up() {
	[ "$(id -u)" -eq 0 ] || { net_fail "network namespaces need root"; return 1; }
	net_check_tools || return 1
	NET_CLIENT=ftprobe-$$-client
	NET_SERVER=ftprobe-$$-server
	NET_PIDS=()
	NET_PORT=20000 # source ports of clients: below the ephemeral range, never used twice
	NET_DIR=$(mktemp -d "${TMPDIR:-/tmp}/ftprobe-net.XXXXXX") || return 1
	NET_MANIFEST=$NET_DIR/manifest.tsv
	printf '#program\tproto\tsrc_ip\tsrc_port\tdst_ip\tdst_port\texpected\n' >"$NET_MANIFEST"
	ip netns add "$NET_CLIENT" && ip netns add "$NET_SERVER" || return 1
	ip link add "$NET_IF" netns "$NET_CLIENT" type veth \
		peer name "$NET_IF" netns "$NET_SERVER" ||
		return 1
	net_side_up "$NET_CLIENT" "$NET_CLIENT4" "$NET_CLIENT6" || return 1
	net_side_up "$NET_SERVER" "$NET_SERVER4" "$NET_SERVER6" || return 1
	# No answer arrives before the link is up on both sides; say so here, not in a client.
	net_wait "the link (IPv4)" in_client ping -c 1 -W 1 "$NET_SERVER4" &&
		net_wait "the link (IPv6)" in_client ping -c 1 -W 1 "$NET_SERVER6"
}

net_side_up() {
	local ns=$1 ip4=$2 ip6=$3
	ip -n "$ns" link set lo up &&
		ip -n "$ns" addr add "$ip4/24" dev "$NET_IF" &&
		ip -n "$ns" addr add "$ip6/64" dev "$NET_IF" nodad &&
		ip -n "$ns" link set "$NET_IF" up &&
		net_offloads "$ns" off
}

# With offloads on, veth carries frames larger than the MTU and checksums that nobody filled in.
net_offloads() {
	ip netns exec "$1" ethtool -K "$NET_IF" rx "$2" tx "$2" sg "$2" tso "$2" gso "$2" gro "$2" \
		>/dev/null
}

net_down() {
	local pid ns i
	for pid in "${NET_PIDS[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${NET_PIDS[@]}"; do
		for ((i = 0; i < 20; i++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	NET_PIDS=()
	for ns in "$NET_CLIENT" "$NET_SERVER"; do
		[ -n "$ns" ] && [ -e "/run/netns/$ns" ] && ip netns del "$ns"
	done
	[ -n "$NET_DIR" ] && rm -rf "$NET_DIR"
	NET_DIR='' NET_CLIENT='' NET_SERVER=''
	return 0
}

# ---- servers ----

# A program in the background of the server's namespace; its output goes to NET_DIR/NAME.log.
net_spawn() {
	local name=$1
	shift
	# ip itself becomes the program, so that $! is the one to end: in_server would leave a shell
	ip netns exec "$NET_SERVER" "$@" >"$NET_DIR/$name.log" 2>&1 </dev/null &
	NET_PIDS+=($!)
}

net_listens() { in_server ss -Hln "$1" "sport = :$2" | grep -q .; }

net_wait_listen() {
	net_wait "$1 to listen on port $3" net_listens "$2" "$3" ||
		{ sed "s/^/$1: /" "$NET_DIR/$1.log" >&2; return 1; }
}

make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		-subj '/O=ftprobe test/CN=www.example.org' \
		-addext \
		'subjectAltName=DNS:www.example.org,DNS:api.example.net,DNS:cdn.example.com' \
		-keyout "$NET_DIR/key.pem" -out "$NET_DIR/cert.pem" 2>/dev/null
}

start_nginx() {
	mkdir -p "$NET_DIR/www"
	printf '<html><title>ftprobe</title>It works.</html>\n' >"$NET_DIR/www/index.html"
	printf '{"flows": 1}\n' >"$NET_DIR/www/status.json"
	# 64 KB that do not compress and do not change
	openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 0 -in /dev/zero \
		2>/dev/null | head -c 65536 >"$NET_DIR/www/file.bin"
	cat >"$NET_DIR/nginx.conf" <<-END
		user root;
		worker_processes 1;
		daemon off;
		pid $NET_DIR/nginx.pid;
		error_log stderr warn;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path $NET_DIR/body;
			proxy_temp_path $NET_DIR/proxy;
			fastcgi_temp_path $NET_DIR/fastcgi;
			uwsgi_temp_path $NET_DIR/uwsgi;
			scgi_temp_path $NET_DIR/scgi;
			types {
				text/html html; application/json json;
				application/octet-stream bin;
			}
			root $NET_DIR/www;
			server { listen 80; listen [::]:80; }
			server {
				listen 443 ssl;
				listen [::]:443 ssl;
				ssl_certificate $NET_DIR/cert.pem;
				ssl_certificate_key $NET_DIR/key.pem;
			}
		}
	END
	net_spawn nginx nginx -e stderr -p "$NET_DIR" -c "$NET_DIR/nginx.conf"
}

start_dnsmasq() {
	cat >"$NET_DIR/dnsmasq.conf" <<-END
		keep-in-foreground
		user=root
		pid-file=
		no-resolv
		no-hosts
		bind-interfaces
		interface=$NET_IF
		local=/example.org/
		local=/example.net/
		host-record=www.example.org,$NET_SERVER4,$NET_SERVER6
		host-record=api.example.net,$NET_SERVER4,$NET_SERVER6
		mx-host=example.org,mail.example.org,10
		txt-record=example.org,"v=spf1 -all"
	END
	net_spawn dnsmasq dnsmasq -C "$NET_DIR/dnsmasq.conf"
}

start_sshd() {
	local pam=no
	# Without PAM, sshd refuses an account that has a locked password.
	grep -q '^root:!' /etc/shadow 2>/dev/null && pam=yes
	ssh-keygen -q -t ed25519 -N '' -C ftprobe-test -f "$NET_DIR/host_key" &&
		ssh-keygen -q -t ed25519 -N '' -C ftprobe-test -f "$NET_DIR/user_key" || return 1
	cat >"$NET_DIR/sshd_config" <<-END
		ListenAddress $NET_SERVER4
		ListenAddress [$NET_SERVER6]
		HostKey $NET_DIR/host_key
		AuthorizedKeysFile $NET_DIR/user_key.pub
		PidFile none
		StrictModes no
		UsePAM $pam
		UseDNS no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PermitRootLogin prohibit-password
	END
	# sshd wants /run/sshd: it gets a /run of its own, in the mounts of the namespace
	net_spawn sshd sh -c \
		'mount -t tmpfs tmpfs /run && mkdir -m 0755 /run/sshd && exec "$@"' sh \
		"$(command -v sshd)" -D -e -f "$NET_DIR/sshd_config"
}

start_servers() {
	make_certificate || { net_fail "openssl made no certificate"; return 1; }
	start_nginx && start_dnsmasq && start_sshd || return 1
	net_spawn iperf3 iperf3 -s
	net_wait_listen nginx -t 80 && net_wait_listen nginx -t 443 &&
		net_wait_listen dnsmasq -u 53 && net_wait_listen dnsmasq -t 53 &&
		net_wait_listen sshd -t 22 && net_wait_listen iperf3 -t 5201
}

# ---- clients ----

# manifest_add PROGRAM PROTO SRC_PORT DST_IP DST_PORT EXPECTED: one flow that was launched. PROTO
# is the IP protocol number, SRC_PORT 0 where the program chose it, EXPECTED nDPI's name of the
# program's protocol, or - where the traffic carries none that has a name.
manifest_add() {
	local src=$NET_CLIENT4
	case $4 in *:*) src=$NET_CLIENT6 ;; esac
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$src" "$3" "$4" "$5" "$6" >>"$NET_MANIFEST"
}

next_port() { NET_PORT=$((NET_PORT + 1)); }

client_failed() { net_fail "client failed: $*"; }

# do_curl SERVER_IP PORT EXPECTED ARGS...: one connection, however many URLs.
do_curl() {
	local ip=$1 port=$2 expected=$3 host
	shift 3
	local resolve=()
	for host in www.example.org api.example.net cdn.example.com; do
		resolve+=(--resolve "$host:$port:$ip")
	done
	next_port
	manifest_add curl 6 "$NET_PORT" "$ip" "$port" "$expected"
	in_client curl -sS --noproxy '*' --max-time 10 --local-port "$NET_PORT" \
		--cacert "$NET_DIR/cert.pem" "${resolve[@]}" -o /dev/null "$@" ||
		client_failed "curl $*"
}

clients_http() {
	local url=http://www.example.org
	do_curl "$NET_SERVER4" 80 HTTP "$url/index.html" &&
		do_curl "$NET_SERVER4" 80 HTTP "$url/index.html" -o /dev/null "$url/status.json" \
			-o /dev/null "$url/missing" -o /dev/null "$url/index.html" &&
		do_curl "$NET_SERVER4" 80 HTTP "$url/file.bin" &&
		do_curl "$NET_SERVER4" 80 HTTP -d 'name=value' "$url/form" &&
		do_curl "$NET_SERVER6" 80 HTTP "$url/index.html"
}

clients_tls() {
	do_curl "$NET_SERVER4" 443 TLS https://www.example.org/ &&
		do_curl "$NET_SERVER4" 443 TLS --tls-max 1.2 https://api.example.net/status.json &&
		do_curl "$NET_SERVER4" 443 TLS https://www.example.org/ -o /dev/null \
			https://www.example.org/file.bin &&
		do_curl "$NET_SERVER6" 443 TLS https://cdn.example.com/
}

do_dig() {
	local proto=$1 ip=$2
	shift 2
	local src=$NET_CLIENT4
	case $ip in *:*) src=$NET_CLIENT6 ;; esac
	next_port
	manifest_add dig "$proto" "$NET_PORT" "$ip" 53 DNS
	in_client dig -b "$src#$NET_PORT" "@$ip" +tries=1 +time=5 +nocookie "$@" >/dev/null ||
		client_failed "dig $*"
}

clients_dns() {
	do_dig 17 "$NET_SERVER4" www.example.org A &&
		do_dig 17 "$NET_SERVER4" www.example.org AAAA &&
		do_dig 17 "$NET_SERVER4" example.org MX &&
		do_dig 17 "$NET_SERVER4" example.org TXT &&
		do_dig 17 "$NET_SERVER4" nowhere.example.org A &&
		do_dig 6 "$NET_SERVER4" +tcp www.example.org A &&
		do_dig 17 "$NET_SERVER6" api.example.net AAAA &&
		do_dig 6 "$NET_SERVER6" +tcp example.org TXT
}

do_ssh() {
	manifest_add ssh 6 0 "$1" 22 SSH
	in_client timeout 10 ssh -F none -i "$NET_DIR/user_key" -o IdentitiesOnly=yes \
		-o BatchMode=yes -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no \
		-o LogLevel=ERROR "root@$1" echo hello \
		>/dev/null 2>"$NET_DIR/ssh.log" </dev/null || {
		cat "$NET_DIR/ssh.log" "$NET_DIR/sshd.log" >&2
		client_failed "ssh $1"
	}
}

clients_ssh() { do_ssh "$NET_SERVER4" && do_ssh "$NET_SERVER6"; }

do_ping() {
	manifest_add ping "$2" 0 "$1" 0 "$3"
	in_client ping -q -c 4 -i 0.05 -W 2 "$1" >/dev/null || client_failed "ping $1"
}

clients_icmp() {
	do_ping "$NET_SERVER4" 1 ICMP && do_ping "$NET_SERVER6" 58 ICMPV6
}

# iperf3 speaks over a control connection and a data flow; nDPI has no name for either.
do_iperf() {
	local proto=$1
	shift
	next_port
	manifest_add iperf3 "$proto" "$NET_PORT" "$NET_SERVER4" 5201 -
	in_client timeout 10 iperf3 -c "$NET_SERVER4" --cport "$NET_PORT" "$@" \
		>"$NET_DIR/iperf3-client.log" 2>&1 || {
		cat "$NET_DIR/iperf3-client.log" >&2
		client_failed "iperf3 $*"
	}
}

clients_iperf() {
	do_iperf 6 -n 96K -l 8K && do_iperf 17 -u -b 20M -n 40K -l 400
}

# What goes wrong on a wire: a refused connection, an unreachable port, a reset.
clients_errors() {
	next_port
	manifest_add curl 6 "$NET_PORT" "$NET_SERVER4" 81 -
	in_client curl -s --noproxy '*' --local-port "$NET_PORT" -o /dev/null \
		"http://$NET_SERVER4:81/"
	[ $? -eq 7 ] || { client_failed "curl: port 81 should refuse"; return 1; }
	manifest_add bash 17 0 "$NET_SERVER4" 9 -
	manifest_add bash 17 0 "$NET_SERVER6" 9 -
	# the answer is ICMP; the second write of each sees its error
	# shellcheck disable=SC2016 # the other bash expands them
	in_client bash -c 'for ip in "$@"; do
		exec 3>"/dev/udp/$ip/9"; printf ping >&3; sleep 0.05
		{ printf ping >&3; }; exec 3>&-
		done; exit 0' bash "$NET_SERVER4" "$NET_SERVER6" 2>/dev/null
	# closed with data unread: the kernel sends RST, not FIN
	manifest_add bash 6 0 "$NET_SERVER4" 80 HTTP
	# shellcheck disable=SC2016
	in_client timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/80" &&
		printf "GET /file.bin HTTP/1.1\r\nHost: www.example.org\r\n\r\n" >&3 &&
		IFS= read -r _ <&3' bash "$NET_SERVER4" || client_failed "bash: /dev/tcp"
}

run_clients() {
	local group
	for group in "${@:-mix}"; do
		case $group in
		mix) run_clients dns http tls ssh icmp iperf errors ;;
		http | tls | dns | ssh | icmp | iperf | errors) "clients_$group" ;;
		*) net_fail "no group of clients is called $group" ;;
		esac || return 1
	done
}
