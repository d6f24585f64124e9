#!/bin/sh
# build_by_pkg_config.sh COMPILER SOURCE PROGRAM ARGUMENT...: builds a user's program with the flags that pkg-config gives
# for gansweep, and runs it.
set -eu
compiler=$1 source=$2 program=$3
shift 3
# shellcheck disable=SC2046 # flags are words
build() {
    "$compiler" -std=c11 -o "$program" "$source" "$@" $("$PKG_CONFIG" --cflags --libs gansweep)
}
# With all of the library first: a program that uses little of it would not miss a library that the rest needs.
# shellcheck disable=SC2046
build $("$PKG_CONFIG" --libs-only-L gansweep) -Wl,--whole-archive -lgansweep -Wl,--no-whole-archive
build
"$program" "$@"
