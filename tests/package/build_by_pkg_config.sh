#!/bin/sh
# build_by_pkg_config.sh COMPILER SOURCE PROGRAM ARGUMENT...: builds a user's program with the flags that pkg-config gives
# for gansweep, and runs it.
set -eu
compiler=$1 source=$2 program=$3
shift 3
# shellcheck disable=SC2046 # flags are words
"$compiler" -std=c11 -o "$program" "$source" $("$PKG_CONFIG" --cflags --libs gansweep)
"$program" "$@"
