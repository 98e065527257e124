#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
#   valgrind.sh VALGRIND PROGRAM [ARG...]
#
# A program of ours under valgrind, which fails with what it finds; a script, whose interpreter is
# not ours, as it is.
valgrind=$1
shift
case $1 in
*.sh | *.py | *python3) exec "$@" ;;
esac
# Fixtures of some megabytes on the stack are no other stack.
exec "$valgrind" -q --error-exitcode=99 --leak-check=full --max-stackframe=8388608 "$@"
