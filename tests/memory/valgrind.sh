#!/bin/sh
# valgrind.sh VALGRIND PROGRAM EXPERIMENT RESULTS: the way through the whole program without a memory error or a leak.
# Debian 12's valgrind knows no AVX-512, so the program shows it the processor as one without.
set -eu
valgrind=$1 program=$2 experiment=$3 results=$4

# memcheck EXIT ARGUMENT...: the program's own exit code is expected, so that 99 can only come of valgrind.
memcheck() {
    expected=$1 code=0
    shift
    echo "gansweep $*"
    "$valgrind" --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        "$program" "$@" >"$results.out" 2>&1 </dev/null || code=$?
    if [ "$code" -ne "$expected" ]; then
        cat "$results.out"
        echo "exit code $code instead of $expected"
        exit 1
    fi
}

# The short form: one instruction set and one format.
if [ -n "${GANSWEEP_TEST_SHORT:-}" ]; then isas=auto formats=json; else isas="portable auto" formats="table csv json html"; fi
for isa in $isas; do
    memcheck 0 run "$experiment" --isa "$isa" --threads 2 --force -o "$results"
done
memcheck 2 run "$experiment" -o "$results"
memcheck 2 run "$experiment" --set lr_D=0 -o "$results"
memcheck 2 run /dev/null -o "$results"
memcheck 0 run "$experiment" --dry-run
for format in $formats; do
    memcheck 0 report "$results" --format "$format"
done
memcheck 0 report "$results" --effects
memcheck 0 report "$results" --two-sample --trials 1 --points 8 --permutations 19
memcheck 0 show "$results" 0
memcheck 0 list "$results"
memcheck 3 report "$experiment"
