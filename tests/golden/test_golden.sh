#!/bin/bash
# test_golden.sh - the golden cases, for prove.
exec "$(dirname "$0")/../../scripts/run-golden"
