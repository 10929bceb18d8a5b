#!/bin/sh
# Formatting and static analysis.
exec scripts/check-style
