# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Completion of ftprobectl for bash.

_ftprobectl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local commands='status top flows log expire reload dump-config' command='' i
	local keys='src_ip dst_ip ip src_port dst_port port proto bytes rev_bytes total_bytes packets
		rev_packets total_packets duration first last vlan tos ttl tcp_flags rev_tcp_flags
		l7_proto l7_category server_name flow_id community_id src_mac dst_mac tunnel_type
		tunnel_id ingress_interface'

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket | -p | --prefix | -f | --filter | -o | --sort | -n | --limit | -F | --fields | \
			-i | --interval | -c | --count) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	COMPREPLY=()
	case $before in
	-s | --socket) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
	-p | --prefix)
		for i in /run/ftprobe/*.sock; do
			i=${i##*/}
			[[ ${i%.sock} == "$word"* && $i != '*.sock' ]] && COMPREPLY+=("${i%.sock}")
		done
		return
		;;
	-o | --sort) mapfile -t COMPREPLY < <(compgen -W "$keys" -- "$word"); return ;;
	-F | --fields)
		mapfile -t COMPREPLY < <(compgen -P "${word%"${word##*,}"}" -W "$keys" -- "${word##*,}")
		return
		;;
	-n | --limit | -i | --interval | -c | --count) return ;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--socket --prefix --json --filter --sort --limit
			--fields --interval --count --version --help' -- "$word")
	elif [ -z "$command" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
	elif [ "$command" = log ]; then
		mapfile -t COMPREPLY < <(compgen -W 'error warning notice info debug' -- "$word")
	elif [ "$command" = flows ] || [[ $before == -f || $before == --filter ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$keys and or not" -- "$word")
	fi
}
complete -F _ftprobectl ftprobectl
