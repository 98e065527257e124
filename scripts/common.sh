# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What scripts/run and scripts/test share: where things are, and how the two builds are made.
# Progress goes to stderr, so that stdout belongs to the program.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_root=$top/build

# Debian's meson and python3 go before any other that a user may have installed.
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH

say() { printf 'ftprobe: %s\n' "$*" >&2; }

die() {
	say "$@"
	exit 1
}

# logged WHAT LOG COMMAND...: runs it quietly; what it said is shown when it fails.
logged() {
	local what=$1 log=$2
	shift 2
	mkdir -p "$(dirname "$log")" || return 1
	"$@" >"$log" 2>&1 </dev/null && return 0
	cat "$log" >&2
	say "$what failed; its output is above and in $log"
	return 1
}

# The tree is free of warnings with Debian 12's gcc; with another compiler a warning is one.
werror() {
	case $(${CC:-cc} -dumpfullversion 2>/dev/null) in
	12.*) echo true ;;
	*) echo false ;;
	esac
}

build_options() {
	case $1 in
	release) echo --buildtype=release -Db_lto=true ;;
	# libasan and -z defs do not go together with clang; gcc does not mind
	debug) echo --buildtype=debug -Db_sanitize=address,undefined -Db_lundef=false ;;
	esac
}

# build_tree release|debug [TARGET...]: configures build/KIND where that was not done, and compiles.
build_tree() {
	local kind=$1 dir=$build_root/$1 options
	shift
	mkdir -p "$dir" || return 1
	# two runs at once take turns; the lock goes with the subshell
	(
		flock 9
		if [ ! -f "$dir/build.ninja" ]; then
			say "configuring build/$kind"
			read -ra options <<<"$(build_options "$kind")"
			logged "meson setup" "$dir/setup.log" meson setup "${options[@]}" \
				-Dwerror="$(werror)" "$dir" "$top" || exit 1
		fi
		if ! ninja -C "$dir" -n "$@" 2>/dev/null | grep -q '^ninja: no work to do'; then
			say "compiling build/$kind (a minute or two the first time)"
			logged "compilation" "$dir/compile.log" ninja -C "$dir" "$@" || exit 1
		fi
	) 9>"$dir/lock"
}
