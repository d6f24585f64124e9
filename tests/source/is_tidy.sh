#!/bin/sh
# is_tidy.sh RUN_CLANG_TIDY CLANG FOLDER: clang-tidy finds nothing in src that .clang-tidy asks for. It reads how each file
# is compiled from a build that is configured for clang, since clang does not know every option of gcc.
set -eu
cmake -S . -B "$3" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER="$2" -DGANSWEEP_TESTS=OFF >"$3.log" || {
    cat "$3.log"
    exit 1
}
"$1" -quiet -j 2 -p "$3" "$PWD/src/" >"$3.log" 2>&1 || {
    grep -v -e 'clang-tidy.* -p=' -e 'warnings\? generated' "$3.log"
    exit 1
}
