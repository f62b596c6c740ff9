#!/bin/sh
# The runner that a benchmark harness calls: one workload in one process, settings from the environment
# (BENCH_*, see README.md). It runs the built package: `npm run build` first.
exec node ${BENCH_NODE_OPTIONS:-} "$(dirname "$0")/runner.mjs"
