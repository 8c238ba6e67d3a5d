#!/bin/sh
# SPDX-License-Identifier: MIT
# Fuzzes: builds the targets with clang's libFuzzer, ASan and UBSan, runs each for a while and prints a table.
#
#   tests/fuzz/run.sh [--seconds N] [--keep] [TARGET…]
#
# --seconds N  how long each target runs; default 60
# --keep       puts what was found into tests/fuzz/corpus, minimized
#
# Ends with status 1 when a target crashed; what crashed it is in build-fuzz/found/TARGET, and
# `build/tests/fuzz/test_TARGET FILE` shows it under a debugger. The last lines are sums over all runs of this
# build folder.
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
build=$source/build-fuzz
seconds=60
keep=false
targets=""
while [ $# -gt 0 ]; do
    case "$1" in
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --keep) keep=true ;;
    --help) sed -n '3,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "unknown option $1; see --help" >&2; exit 2 ;;
    *) [ -f "$source/tests/fuzz/corpus/$1.txt" ] || { echo "no target $1" >&2; exit 2; }
       targets="$targets $1" ;;
    esac
    shift
done
[ -n "$targets" ] || targets=$(cd "$source/tests/fuzz/corpus" && echo *.txt | sed 's/\.txt//g')

[ -f "$build/build.ninja" ] || CC=clang meson setup "$build" "$source" -Dfuzz=true -Dexamples=false \
    -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Dc_args=-fsanitize=fuzzer-no-link \
    >/dev/null
programs=""
for target in $targets; do programs="$programs tests/fuzz/fuzz_$target tests/fuzz/test_$target"; done
# shellcheck disable=SC2086
ninja -C "$build" --quiet $programs

export TRDB_TEST_SOURCE="$source" ASAN_OPTIONS=allocator_may_return_null=1 \
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
mkdir -p "$build/found"
crashes=0
printf '%-10s %8s %12s %8s %8s\n' target seconds executions edges crashes
for target in $targets; do
    seeds=$build/found/$target.seeds
    grown=$build/found/$target.grown
    log=$build/found/$target.log
    mkdir -p "$seeds" "$grown" "$build/found/$target"
    rm -f "$seeds"/*
    "$build/tests/fuzz/test_$target" --unpack "$seeds"
    dictionary=""
    [ ! -f "$source/tests/fuzz/$target.dict" ] || dictionary=-dict=$source/tests/fuzz/$target.dict
    status=0
    # shellcheck disable=SC2086
    "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=100 -rss_limit_mb=2048 \
        -max_len=2048 -print_final_stats=1 -artifact_prefix="$build/found/$target/" $dictionary \
        "$grown" "$seeds" >"$log" 2>&1 || status=$?
    ran=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    took=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    [ "$status" -eq 0 ] || crashes=$((crashes + 1))
    printf '%-10s %8s %12s %8s %8s\n' "$target" "${took:-?}" "${ran:-?}" "${edges:-?}" "$((status != 0))"
    if [ "$status" -ne 0 ]; then
        grep -E 'SUMMARY|does not hold|runtime error|Test unit written' "$log" | head -5
        continue
    fi
    echo "$target $took $ran" >>"$build/sums"
    if $keep; then
        least=$build/found/$target.least
        rm -rf "$least"
        mkdir "$least"
        "$build/tests/fuzz/fuzz_$target" -merge=1 -max_len=2048 "$least" "$seeds" "$grown" >"$log.merge" 2>&1
        "$build/tests/fuzz/test_$target" --pack "$least"
    fi
done
awk '{ seconds[$1] += $2; runs[$1] += $3; all += $3 }
    END { for (t in runs) printf "%-10s %8d %12d\n", t, seconds[t], runs[t] | "sort"
          close("sort"); printf "%-10s %8s %12.0f\n", "all", "", all }' "$build/sums"
exit $((crashes > 0))
