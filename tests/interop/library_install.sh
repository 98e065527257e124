#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   library_install.sh BUILD_DIR MESON PREFIX CC CXX [FLAG...]
#
# Installs the build into a folder of its own, and uses the library from there as anybody would:
# with the installed headers and pkg-config files alone, in C and C++, shared and static, as an
# ordinary user. FLAG: what all that is linked with the library needs, such as -fsanitize=address.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$1 meson=$2 prefix=$3 cc=$4 cxx=$5
shift 5
flags=("$@")
strict=(-Wall -Wextra -Wpedantic -Werror)
nobody=65534

tmp=$(mktemp -d "${TMPDIR:-/tmp}/ftprobe-library.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
chmod 0755 "$tmp"

fail() {
	echo "library_install: $*"
	exit 1
}

# The library's flags, from the folder it was installed to; those of other packages are their own.
library() {
	PKG_CONFIG_PATH=$pc_path PKG_CONFIG_SYSROOT_DIR=$tmp/root pkg-config "$@"
}

# A program as an ordinary user; root becomes one.
as_user() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=$nobody --regid=$nobody --clear-groups "$@"
	else
		"$@"
	fi
}

install_it() {
	"$meson" install -C "$build" --no-rebuild --quiet --destdir "$tmp/root" >"$tmp/log" 2>&1 ||
		{ cat "$tmp/log"; fail "meson install"; }
	local pc
	pc=$(find "$tmp/root" -name libpfring_ft.pc)
	pc_path=$(dirname "$pc")
	include=$tmp/root$prefix/include
	lib=$(library --variable=libdir libpfring_ft)
	for file in "$include/pfring_ft.h" "$include/pfring_ft_ext.h" "$pc_path/pfring_ft.pc" \
		"$tmp/root$prefix/share/man/man3/pfring_ft.3" "$lib/libpfring_ft.so" \
		"$lib/libpfring_ft.so.0" "$lib/libpfring_ft.a"; do
		[ -e "$file" ] || fail "$file was not installed"
	done
	[ "$(library --modversion libpfring_ft)" = "$(library --modversion pfring_ft)" ] ||
		fail "the two names do not tell the same version"
	/usr/bin/python3 "$here/library_symbols.py" "$lib/libpfring_ft.so" "$lib/libpfring_ft.a" \
		"$include/pfring_ft.h" "$include/pfring_ft_ext.h"
}

# The headers alone, in either language. As with libpcap's, strict C needs the BSD names.
check_headers() {
	local header
	read -ra cflags <<<"$(library --cflags libpfring_ft)"
	for header in pfring_ft.h pfring_ft_ext.h; do
		printf '#include <%s>\ntypedef int not_empty;\n' "$header" >"$tmp/alone.c"
		"$cc" -std=c99 -D_DEFAULT_SOURCE -pedantic "${strict[@]}" -Wstrict-prototypes \
			"${cflags[@]}" -fsyntax-only "$tmp/alone.c" || fail "$header in C"
		"$cxx" -x c++ -std=c++11 "${strict[@]}" "${cflags[@]}" -fsyntax-only \
			"$tmp/alone.c" || fail "$header in C++"
	done
}

# build_program NAME COMPILER SOURCE [ARG...]: as NAME with the shared library, as NAME-static with
# the archive, and what the archive needs from pkg-config alone.
build_program() {
	local name=$1 compiler=$2 source=$3 shared=() static=()
	shift 3
	read -ra shared <<<"$(library --cflags --libs libpfring_ft)"
	read -ra static <<<"$(library --static --cflags --libs pfring_ft)"
	"$compiler" "${flags[@]}" "${strict[@]}" -o "$tmp/$name" "$source" "${shared[@]}" "$@" ||
		fail "$name does not build"
	"$compiler" "${flags[@]}" "${strict[@]}" -o "$tmp/$name-static" "$source" \
		"${static[@]/#-lpfring_ft/-l:libpfring_ft.a}" "$@" ||
		fail "$name does not build with the archive"
	readelf -d "$tmp/$name" | grep -q 'NEEDED.*libpfring_ft.so.0' ||
		fail "$name does not use the library"
	readelf -d "$tmp/$name-static" | grep -q 'NEEDED.*libpfring_ft' &&
		fail "$name-static uses the shared library"
	echo "built: $name"
}

# run_program NAME WANTED [ARG...]: both forms say, in their last line, what is wanted.
run_program() {
	local name=$1 wanted=$2 form got
	shift 2
	for form in "$name" "$name-static"; do
		got=$(as_user env LD_LIBRARY_PATH="$lib" "$tmp/$form" "$@" | tail -n 1) ||
			fail "$form ended with an error"
		echo "$form: $got"
		[ "$got" = "$wanted" ] || fail "wanted: $wanted"
	done
}

install_it
check_headers

cp "$root/tests/pcap/demo/input.pcap" "$tmp/trace.pcap"
chmod 0644 "$tmp/trace.pcap"
examples=$(find "$tmp/root$prefix/share/doc" -type d -name examples)
/usr/bin/python3 "$here/../lint/man_page.py" --example \
	"$tmp/root$prefix/share/man/man3/pfring_ft.3" \
	>"$tmp/man_example.c"
build_program use "$cxx" "$here/library_use.cc" -std=c++11
run_program use '1 flows, 1 of them correct'
build_program ft_af_packet "$cc" "$examples/ft_af_packet.c"
if pkg-config --exists libpcap; then
	read -ra pcap <<<"$(pkg-config --cflags --libs libpcap)"
	build_program man_example "$cc" "$tmp/man_example.c" "${pcap[@]}"
	run_program man_example '33 flows' "$tmp/trace.pcap"
	build_program ft_pcap "$cc" "$examples/ft_pcap.c" "${pcap[@]}"
	run_program ft_pcap '33 records, 741 packets, 380295 bytes' "$tmp/trace.pcap"
else
	echo "not built: what needs libpcap, which is not installed"
fi
if pkg-config --exists libdpdk; then
	read -ra dpdk <<<"$(pkg-config --cflags --libs libdpdk)"
	strict=(-Wall -Wextra) # DPDK's headers are what they are
	build_program ft_dpdk "$cc" "$examples/ft_dpdk.c" "${dpdk[@]}"
else
	echo "not built: what needs DPDK, which is not installed"
fi
