#!/usr/bin/env python3
"""pointers.py A B - two images of one state, written by two processes: finds words that are not the
same and have the form of an address, which the loader chose anew for each process.  Padding may
hold anything, but not a whole address."""
import sys

one, two = (open(path, "rb").read() for path in sys.argv[1:])
if len(one) != len(two):
    sys.exit(f"{len(one)} and {len(two)} bytes")
HIGH = {0x55, 0x56, 0x7E, 0x7F}
for at in range(len(one) - 7):
    a, b = one[at : at + 8], two[at : at + 8]
    if (
        a[1] != b[1]
        and (a[2] != b[2] or a[3] != b[3])
        and a[6:] == b[6:] == b"\0\0"
        and a[5] in HIGH
        and b[5] in HIGH
    ):
        sys.exit(f"at {at}: {a[::-1].hex()} and {b[::-1].hex()}")
