#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
#   archive.sh ARCHIVE FOLDER AR OBJCOPY CC [ARG...] -- OBJECT...
#
# Links the objects to one, hides all names but pfring_ft_*, and makes an archive of it.
set -euo pipefail

archive=$1 folder=$2 ar=$3 objcopy=$4
shift 4
cc=()
while [ "$1" != -- ]; do
	cc+=("$1")
	shift
done
shift

mkdir -p "$folder"
object=$folder/pfring_ft.o
"${cc[@]}" -r -nostdlib -o "$object" "$@"
"$objcopy" --wildcard --keep-global-symbol='pfring_ft_*' "$object"
rm -f "$archive"
"$ar" rcsD "$archive" "$object"
