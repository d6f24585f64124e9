#!/bin/sh
# Builds kernel_dump for AArch64 as a static program, runs it under an emulator, and compares what it prints with what this
# machine's programs print: NEON and portable there against every instruction set here.
#
#     same_bits_emulated.sh COMPILER EMULATOR SOURCE_ROOT FOLDER NATIVE_DUMP...
set -eu
compiler=$1 emulator=$2 root=$3 folder=$4
shift 4
mkdir -p "$folder"
flags="-std=gnu11 -O2 -g0 -static -Wall -Wextra -Werror -ffp-contract=off -fno-fast-math -fno-tree-vectorize -fno-tree-slp-vectorize -D_GNU_SOURCE -I$root/include -I$root/src -I$root/tests"
train=$root/src/train

# As CMake would on such a machine: the trainer with both kernels, and the dump with one of them. What must not be
# vectorised says cmake/InstructionSets.cmake.
build() { # ISA DEFINITION
    for kernel in portable neon; do
        definition=-DGS_KERNEL=gs_kernel_$kernel
        test $kernel = portable || definition="$definition -DGS_VECTOR_NEON"
        # shellcheck disable=SC2086 # flags are words
        "$compiler" $flags $definition -c "$train/pack_kernel.c" -o "$folder/$kernel.o"
    done
    # shellcheck disable=SC2086
    "$compiler" $flags $2 "-DTEST_ISA=GS_ISA_$1" "$root/tests/train/kernel_dump.c" "$train/trainer.c" "$train/layers.c" \
        "$root/src/experiment/settings.c" "$root/src/experiment/dimension.c" "$root/src/experiment/sobol.c" "$root/src/experiment/number.c" \
        "$root/src/numeric/error.c" "$root/src/numeric/philox.c" "$root/src/numeric/log_exp.c" "$folder/portable.o" "$folder/neon.o" -lm -o "$folder/dump_$1"
}

build PORTABLE ""
build NEON -DGS_VECTOR_NEON
status=0
"$1" > "$folder/expected" || status=$?
test $status -eq 0
test "$(wc -l < "$folder/expected")" -gt 90
grep -q 'diverged in epoch [1-9]' "$folder/expected"
shift
for dump in "$@"; do
    status=0
    "$dump" > "$folder/printed" || status=$?
    test $status -ne 77 || continue # this processor doesn't have it
    test $status -eq 0
    diff "$folder/expected" "$folder/printed"
    echo "$(basename "$dump"): the same"
done
# What runs there is one compiler's work whatever this machine's programs were built with: once is enough for both kernels.
if test -n "${GANSWEEP_TEST_SHORT:-}"; then isas=NEON; else isas="PORTABLE NEON"; fi
for isa in $isas; do
    "$emulator" "$folder/dump_$isa" > "$folder/printed"
    diff "$folder/expected" "$folder/printed"
    echo "AArch64 $isa: the same $(wc -l < "$folder/printed") lines"
done
