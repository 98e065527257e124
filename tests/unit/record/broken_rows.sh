#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Wrong rows in elements.def do not compile: broken_rows.sh CC SOURCE_ROOT
set -eu

cc=$1
root=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/record"
cp "$root"/lib/record/*.h "$root"/lib/record/elements.c "$tmp/record/"
failures=0

# The sources of lib/record in a copy, whose elements.def gets one more row before its end.
compiles() {
	awk -v row="$1" '/^#undef KIND/ { print row } { print }' \
		"$root/lib/record/elements.def" > "$tmp/record/elements.def"
	$cc -std=gnu17 -D_GNU_SOURCE -I"$tmp" -I"$root/lib" -fsyntax-only \
		"$tmp/record/elements.c" > "$tmp/log" 2>&1
}

refuse() {
	if compiles "$2"; then
		echo "FAIL $1: it compiles" >&2
		failures=1
	elif ! grep -Eq "$3" "$tmp/log"; then
		echo "FAIL $1: refused, but for another reason:" >&2
		head -n 5 "$tmp/log" >&2
		failures=1
	else
		echo "ok   $1"
	fi
}

# The columns that no case is about, of a row in templates and of one in none.
sent='NO_TEXT, TEMPLATE_ALL, basic, SENT_ALL, FIRST, "", "a test"'
unsent='NO_TEXT, 0, basic, SENT_NEVER, FIRST, "", "a test"'

good="FIELD(T_NEW, 0, 61, 61, t_new, u8, always, ip_ttl, $sent)"
if compiles "$good"; then
	echo "ok   a right row compiles"
else
	echo "FAIL a right row does not compile:" >&2
	cat "$tmp/log" >&2
	exit 1
fi
refuse "an IPFIX number given twice" \
	"FIELD(T_NEW, 0, 4, 61, t_new, u8, always, ip_ttl, $unsent)" \
	'duplicate case'
refuse "a reverse number given twice" \
	"FIELD(T_NEW, 29305, 1, 61, t_new, u64, always, flow_id, $unsent)" \
	'duplicate case'
refuse "a TLV id given twice" \
	"FIELD(T_NEW, 0, 61, 57590, t_new, u8, always, ip_ttl, $unsent)" \
	'duplicate case'
refuse "a key given twice" \
	"FIELD(T_NEW, 0, 61, 61, proto, u8, always, ip_ttl, $unsent)" \
	'KEY_proto'
refuse "a symbol given twice" \
	"FIELD(PROTO, 0, 61, 61, t_new, u8, always, ip_ttl, $unsent)" \
	'ELEMENT_PROTO'
refuse "a member wider than its kind" \
	"FIELD(T_NEW, 0, 61, 61, t_new, u8, always, src_port, $unsent)" \
	'as wide as'
refuse "a template row without a number" \
	"FIELD(T_NEW, 0, 0, 61, t_new, u8, always, ip_ttl, $sent)" \
	'without a number'
refuse "a template row of a kind that has no width there" \
	"FIELD(T_NEW, 0, 61, 61, t_new, schema, always, flow_id, $sent)" \
	'without a number'
exit $failures
