#!/bin/sh
# Data flows one way.
exec scripts/check-layers
