#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   units.sh FOLDER_OF_UNITS FTPROBE ROOT | --selftest
#
# systemd-analyze finds nothing to say of our units, and an exposure of 2.0 at most. The programs
# and the configuration that they name are those of the build.
set -euo pipefail

EXPOSURE_MAX=20 # in tenths

fail() {
	echo "units.sh: $*" >&2
	exit 1
}

# verify FOLDER: every word that systemd-analyze has to say, and the exposure of the services.
verify() {
	local unit said
	for unit in "$1"/ftprobe*.service; do
		said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$unit" 2>&1) ||
			{ echo "$said" >&2; return 1; }
		# what other units of this machine lack is not ours
		said=$(grep -F ftprobe <<<"$said") || continue
		echo "$said" >&2
		return 1
	done
	for unit in "$1"/ftprobe.service "$1"/ftprobe@.service; do
		said=$(systemd-analyze security --offline=yes --threshold=$EXPOSURE_MAX \
			--no-pager "$unit" 2>&1) ||
			{ echo "${said##*→}" >&2; return 1; }
		echo "$(basename "$unit"): ${said##*→}"
	done
}

# Our units in a folder of the test, with programs that exist.
prepare() {
	local unit
	for unit in "$1"/*.service; do
		sed -e "s|=[^ ]*/ftprobe -c [^ ]*|=$2 -c $3/config/ftprobe.conf|" \
			-e "s|=[^ ]*/ftprobe-devbind |=$3/scripts/devbind |" \
			"$unit" >"$4/$(basename "$unit")"
	done
}

selftest() {
	local dir=$1
	printf '[Service]\nExecStart=/bin/true\nNoSuchWord=1\n' >"$dir/ftprobe.service"
	cp "$dir/ftprobe.service" "$dir/ftprobe@.service"
	! verify "$dir" 2>/dev/null || fail "an unknown word is not seen"
	printf '[Service]\nExecStart=/bin/true\n' >"$dir/ftprobe.service"
	cp "$dir/ftprobe.service" "$dir/ftprobe@.service"
	! verify "$dir" >/dev/null 2>&1 || fail "a unit without any protection is fine"
}

command -v systemd-analyze >/dev/null || { echo "not run: no systemd-analyze" >&2; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ "$1" = --selftest ]; then
	selftest "$dir"
else
	prepare "$1" "$(realpath "$2")" "$3" "$dir"
	verify "$dir" || fail "see above"
fi
