#!/usr/bin/env python3
"""count_bench.py - counts in a capture of gen_bench what its truth tells, with no code of either side.

usage: count_bench.py CAPTURE       prints "name number" lines; keys, tokens and HMACs are verified
"""
import hashlib
import hmac
import struct
import sys

FIN, SYN, RST, ACK = 1, 2, 4, 16
DIGEST = ("sha1", "sha256")


def packets(path):
    data = open(path, "rb").read()
    at = 24
    while at < len(data):
        captured = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + captured]
        at += 16 + captured


def mptcp_options(tcp):
    at, end = 20, (tcp[12] >> 4) * 4
    while at < end and tcp[at] != 0:
        if tcp[at] == 1:
            at += 1
            continue
        if tcp[at] == 30:
            yield tcp[at + 2] >> 4, tcp[at : at + tcp[at + 1]]
        at += tcp[at + 1]


def number(octets):
    return int.from_bytes(octets, "big")


def digest(version, key):
    return hashlib.new(DIGEST[version], key).digest()


class Connection:
    def __init__(self, version):
        self.version, self.key, self.flows, self.sent = version, [None, None], [], [{}, {}]
        self.fins, self.end = set(), "ended_not"


class Flow:
    def __init__(self, connection):
        self.connection, self.seen, self.maps, self.nonce = connection, [set(), set()], [{}, {}], [b"", b""]
        self.isn = [None, None]


flows, tokens, connections, plain = {}, {}, [], 0
total = dict.fromkeys(
    "packets data_bytes_c2s data_bytes_s2c retransmitted_bytes reinjected_bytes joins_established".split(), 0)


def mac(connection, side, nonces):
    key = connection.key[side] + connection.key[1 - side]
    return hmac.new(key, nonces[side] + nonces[1 - side], DIGEST[connection.version]).digest()


def handshake(flow, side, flags, subtype, option):
    connection = flow.connection
    if subtype == 0 and len(option) >= 12:
        keys = (option[4:12], option[12:20])
        if flags & SYN:
            connection.key[side] = keys[0]
        else:
            assert connection.key[0] in (None, keys[0]) and keys[1] == connection.key[1]
            connection.key[0] = keys[0]
        if all(connection.key):
            tokens[digest(connection.version, connection.key[1])[:4]] = connection
    elif subtype == 1 and flags & SYN and side == 0:
        flow.nonce[0] = option[8:12]
    elif subtype == 1 and flags & SYN:
        flow.nonce[1] = option[12:16]
        assert option[4:12] == mac(connection, 1, flow.nonce)[:8]
    elif subtype == 1:
        assert option[4:24] == mac(connection, 0, flow.nonce)[:20]
        total["joins_established"] += 1


def idsn(connection, side):
    return number(digest(connection.version, connection.key[side])[-8:])


def note_mapping(flow, side, option, length):
    """Subflow number of each byte's begin to its DSN, as relative to the IDSN as 32 bits are."""
    at = 4 + ((8 if option[3] & 2 else 4) if option[3] & 1 else 0)
    if not option[3] & 4:
        return
    n = 8 if option[3] & 8 else 4
    dsn, (ssn, n_bytes) = number(option[at : at + n]), struct.unpack_from("!IH", option, at + n)
    if option[3] & 16 and length == 0:
        flow.connection.fins.add(side)
        return
    flow.maps[side][ssn] = (dsn - idsn(flow.connection, side) - 1 & 0xFFFFFFFF, n_bytes)


def data(flow, side, ssn, length):
    connection, name = flow.connection, "data_bytes_" + ("c2s", "s2c")[side]
    if ssn in flow.seen[side]:
        total["retransmitted_bytes"] += length
        return
    flow.seen[side].add(ssn)
    begin = max(m for m in flow.maps[side] if m <= ssn)
    dsn, n_bytes = flow.maps[side][begin]
    assert ssn + length <= begin + n_bytes
    dsn += ssn - begin
    if connection.sent[side].setdefault(dsn, length) != length:
        raise AssertionError("cut otherwise the second time")
    if connection.sent[side].get(("by", dsn), flow) is not flow:
        total["reinjected_bytes"] += length
    else:
        connection.sent[side]["by", dsn] = flow
        total[name] += length


def one_packet(packet):
    global plain
    total["packets"] += 1
    tcp, length = packet[20:], number(packet[2:4]) - 20
    flags, seq = tcp[13], number(tcp[4:8])
    ends = (packet[12:16] + tcp[0:2], packet[16:20] + tcp[2:4])
    side = int(tcp[0:2] == b"\x01\xbb")
    options = list(mptcp_options(tcp))
    if flags & (SYN | ACK) == SYN:
        first = options[0] if options else (None, b"")
        if first[0] == 0:
            connections.append(Connection(first[1][2] & 15))
        elif first[0] is None:
            plain += 1
        connection = {0: connections[-1] if connections else None, None: None}.get(
            first[0], tokens.get(first[1][4:8]))
        flow = flows[ends] = Flow(connection)
        if connection:
            connection.flows.append(flow)
    flow = flows[ends[side], ends[1 - side]]
    if flow.connection is None:
        assert not options
        return
    length -= (tcp[12] >> 4) * 4
    if flags & SYN:
        flow.isn[side] = seq
    ssn = seq - flow.isn[side] & 0xFFFFFFFF
    for subtype, option in options:
        if subtype == 2:
            note_mapping(flow, side, option, length)
        elif subtype == 7:
            assert option[4:12] == flow.connection.key[1 - side]
            flow.connection.end = "ended_fastclose"
        else:
            handshake(flow, side, flags, subtype, option)
            if subtype == 0 and length:
                flow.maps[side][1] = (0, number(option[20:22]))
    if flags & RST and flow.connection.end == "ended_not":
        flow.connection.end = "ended_reset"
    if length:
        data(flow, side, ssn, length)


for each in packets(sys.argv[1]):
    one_packet(each)
for connection in connections:
    if len(connection.fins) == 2:
        connection.end = "ended_data_fin"
total |= {"plain_connections": plain, "connections": len(connections),
          "subflows": sum(len(c.flows) for c in connections)}
for version in (0, 1):
    total[f"version_{version}"] = sum(c.version == version for c in connections)
for end in ("data_fin", "fastclose", "reset", "not"):
    total[f"ended_{end}"] = sum(c.end == f"ended_{end}" for c in connections)


def size(c):
    return sum(length for dsn, length in c.sent[1].items() if isinstance(dsn, int))


for name, low, high in (("empty", 0, 0), ("1k", 1, 1500), ("10k", 1501, 15000), ("large", 15001, 1 << 40)):
    total["size_" + name] = sum(low <= size(c) <= high for c in connections)
for name, low, high in (("one", 1, 1), ("two", 2, 2), ("more", 3, 99)):
    total["with_" + name] = sum(low <= len(c.flows) <= high for c in connections)
for name, value in total.items():
    print(name, value)
