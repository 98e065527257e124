#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The pages made from the tables (elements.def, counters.def, options.def) are what the tables say:
#
#   generated.sh PRINT_DOCS ROOT            fails with a diff when a page is stale
#   generated.sh --update PRINT_DOCS ROOT   writes the pages anew
#   generated.sh --selftest                 proves that a stale page is found
#
# PRINT_DOCS PAGE prints one page, or the part of a man page that belongs between two lines in it:
#
#   .\" begin generated: print_docs PAGE
#   .\" end generated
set -euo pipefail

whole_pages=(
	elements:docs/elements.md counters:docs/counters.md
	schema:docs/flow.schema.json dump-config:config/ftprobe.conf
	processors:docs/processors.md metrics:docs/metrics.md
	dashboard:config/grafana-ftprobe.json
)
begin='.\" begin generated: print_docs '
end='.\" end generated'

# The page FILE of ROOT as it should be, on stdout: parts between the marks replaced.
splice() {
	local print_docs=$1 file=$2 line inside=no page
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		"$begin"*)
			page=${line#"$begin"} inside=yes
			printf '%s\n' "$line"
			"$print_docs" "$page" || return 1
			;;
		"$end")
			inside=no
			printf '%s\n' "$line"
			;;
		*) [ "$inside" = yes ] || printf '%s\n' "$line" ;;
		esac
	done <"$file"
	[ "$inside" = no ] || { echo "$file: a generated part has no end" >&2; return 1; }
}

# compare FRESH FILE: says how a page differs, or writes it.
compare() {
	if [ "$update" = yes ]; then
		cmp -s "$1" "$2" || { cat "$1" >"$2" && echo "updated: $2"; }
	elif ! diff -uN --label "$2" --label "what the tables say" "$2" "$1"; then
		echo "$2 is stale; run: ninja -C build/debug update-docs"
		stale=$((stale + 1))
	fi
}

check() {
	local print_docs=$1 root=$2 pair file fresh marked=0
	fresh=$(mktemp)
	for pair in "${whole_pages[@]}"; do
		"$print_docs" "${pair%%:*}" >"$fresh"
		file=$root/${pair#*:}
		compare "$fresh" "$file"
	done
	for file in "$root"/docs/*.[158]; do
		[ -e "$file" ] && grep -qF "$begin" "$file" || continue
		marked=$((marked + 1))
		if splice "$print_docs" "$file" >"$fresh"; then
			compare "$fresh" "$file"
		else
			stale=$((stale + 1))
		fi
	done
	rm -f "$fresh"
	if [ "$marked" -eq 0 ]; then
		echo "no man page in docs/ has a generated part"
		stale=$((stale + 1))
	fi
	[ "$stale" -eq 0 ]
}

# selftest_case WANTED WHAT: the check of the tree in $folder must end with this status.
selftest_case() {
	local status=0
	(stale=0 && check "$folder/print_docs" "$folder") >/dev/null 2>&1 || status=1
	[ "$status" -eq "$1" ] || selftest_failed "$2: status $status"
}

selftest_failed() {
	echo "selftest: $1"
	failures=$((failures + 1))
}

selftest() {
	local page
	folder=$(mktemp -d) failures=0
	trap 'rm -rf "$folder"' EXIT
	mkdir -p "$folder/docs" "$folder/config"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "page $1"\n' >"$folder/print_docs"
	chmod +x "$folder/print_docs"
	printf '%s\n' '.TH X 1' "${begin}man8" old "$end" 'the end' \
		>"$folder/docs/x.1"
	update=yes
	(check "$folder/print_docs" "$folder") >/dev/null
	update=no
	selftest_case 0 "pages just written are fresh"
	[ "$(grep -cxE 'page man8|the end' "$folder/docs/x.1")" = 2 ] ||
		selftest_failed "the man page was not spliced"
	for page in "${whole_pages[@]#*:}"; do
		cp "$folder/$page" "$folder/saved"
		echo more >>"$folder/$page"
		selftest_case 1 "$page has a line more"
		cp "$folder/saved" "$folder/$page"
	done
	rm "$folder/docs/elements.md"
	selftest_case 1 "docs/elements.md is gone"
	[ ! -e "$folder/docs/elements.md" ] || selftest_failed "a check wrote a page"
	echo "page elements" >"$folder/docs/elements.md"
	sed -i 's/^page/pages/' "$folder/docs/x.1"
	selftest_case 1 "a man page differs in its generated part"
	sed -i '/end generated/d' "$folder/docs/x.1"
	selftest_case 1 "a generated part has no end"
	rm "$folder/docs/x.1"
	selftest_case 1 "no man page has a generated part"
	[ "$failures" -eq 0 ]
}

update=no stale=0
case "$#:${1:-}" in
1:--selftest) selftest ;;
3:--update)
	update=yes
	check "$2" "$3"
	;;
2:*) check "$1" "$2" ;;
*)
	echo "usage: generated.sh [--update] PRINT_DOCS ROOT | --selftest" >&2
	exit 2
	;;
esac
