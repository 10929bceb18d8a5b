#!/usr/bin/env python3
"""make_mmdb.py - writes a location database in MaxMind DB format 2.0.

usage: make_mmdb.py FILE <LINES

A line is a network, a country code (or -) and, optionally, the number of an autonomous system and its
name:
    192.0.2.0/24 BE 64496 Example Net
    2001:db8::/32 - 64497 Six, "quoted"
"""
import ipaddress
import struct
import sys


def sized(kind, size):
    """The control byte (two for the extended kinds) of a field, and its size."""
    high, extended = (kind << 5, b"") if kind < 8 else (0, bytes([kind - 7]))
    if size < 29:
        return bytes([high | size]) + extended
    return bytes([high | 29]) + extended + bytes([size - 29])


def encode(value):
    if isinstance(value, dict):
        return sized(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return sized(11, len(value)) + b"".join(map(encode, value))
    if isinstance(value, str):
        return sized(2, len(value.encode())) + value.encode()
    kind, n_bytes = value[1:]
    return sized(kind, n_bytes) + value[0].to_bytes(n_bytes, "big")


def uint16(value):
    return value, 5, 2


def uint32(value):
    return value, 6, 4


def uint64(value):
    return value, 9, 8


def main():
    nodes = [[None, None]]  # each side: None, ("node", n) or ("data", offset)
    data = b""
    for line in sys.stdin:
        fields = line.split(maxsplit=3)
        network = ipaddress.ip_network(fields[0])
        record = {} if fields[1] == "-" else {"country": {"iso_code": fields[1]}}
        if len(fields) > 2:
            record["autonomous_system_number"] = uint32(int(fields[2]))
        if len(fields) > 3:
            record["autonomous_system_organization"] = fields[3].rstrip("\n")
        skip = 96 if network.version == 4 else 0  # IPv4 lies at ::/96
        bits, depth = int(network.network_address), network.prefixlen + skip
        at = 0
        for i in range(depth):
            side = bits >> (127 - i) & 1
            if i == depth - 1:
                nodes[at][side] = ("data", len(data))
            else:
                if nodes[at][side] is None:
                    nodes[at][side] = ("node", len(nodes))
                    nodes.append([None, None])
                at = nodes[at][side][1]
        data += encode(record)

    def pointer(side):
        n = len(nodes) if side is None else side[1] if side[0] == "node" else len(nodes) + 16 + side[1]
        return struct.pack(">I", n)[1:]

    about = {
        "binary_format_major_version": uint16(2),
        "binary_format_minor_version": uint16(0),
        "build_epoch": uint64(1767225600),  # 2026-01-01
        "database_type": "Test-Places",
        "description": {"en": "made by make_mmdb.py"},
        "ip_version": uint16(6),
        "languages": ["en"],
        "node_count": uint32(len(nodes)),
        "record_size": uint16(24),
    }
    with open(sys.argv[1], "wb") as out:
        out.write(b"".join(pointer(left) + pointer(right) for left, right in nodes))
        out.write(bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(about))


main()
