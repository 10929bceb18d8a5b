#!/usr/bin/env python3
"""pcapng.py - makes a pcapng file with all that such files can say out of a classic pcap file.

  pcapng.py IN OUT little|big

The packets go to two interfaces in turn, with unlike time resolutions, by their IPv4 source; a second
section repeats the first interface.  What is said is hostile: control characters, markup, no UTF-8.
"""
import struct
import sys

source, target, byte_order = sys.argv[1:]
order = '>' if byte_order == 'big' else '<'


def pad(data):
    return data + bytes(-len(data) % 4)


def option(code, value):
    return struct.pack(order + 'HH', code, len(value)) + pad(value)


def block(kind, body):
    size = len(body) + 12
    return struct.pack(order + 'II', kind, size) + body + struct.pack(order + 'I', size)


def u64(value):
    return struct.pack(order + 'Q', value)


def section(*options):
    return block(0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1) + b''.join(options))


def interface(link, *options):
    return block(1, struct.pack(order + 'HHI', link, 0, 65535) + b''.join(options))


with open(source, 'rb') as file:
    data = file.read()
magic, link = struct.unpack_from('<I', data)[0], struct.unpack_from('<I', data, 20)[0]
unit = 1 if magic == 0xa1b23c4d else 1000
end = option(0, b'')
out = [
    section(option(2, b'x86'), option(3, b'Linux \x1b[31m6'), option(4, b'pcapng.py'),
            option(1, b'made <b>by</b> hand\n'), end),
    interface(link, option(2, b'wlan0\x1b[2J'), option(3, b'<script>alert(1)</script>'),
              option(4, bytes([10, 0, 1, 1, 255, 255, 255, 0])),
              option(5, bytes.fromhex('20010db8000000000000000000000001') + b'\x40'),
              option(8, u64(54000000)), option(9, b'\x06'), option(11, b'\0tcp'), option(12, b'Linux'),
              option(15, b"a 'card', \"quoted\""), option(1, b'the \xff first'), end),
    interface(link, option(2, b'wwan0'), option(9, b'\x09'), end),
    block(4, struct.pack(order + 'HH', 1, 4 + 12) + pad(bytes([10, 0, 1, 1]) + b'phone\0wifi1\0') +
          struct.pack(order + 'HH', 2, 16 + 3) +
          pad(bytes.fromhex('20010db8000000000000000000000001') + b'v6\0') +
          struct.pack(order + 'HH', 1, 4 + 10) + pad(bytes([10, 1, 1, 1]) + b'srv\x1b.test\0') + bytes(4)),
]
at, number, told = 24, 0, False
skip = {101: 0, 113: 16, 276: 20, 1: 14}[link]
while at + 16 <= len(data):
    s, fraction, captured, wire = struct.unpack_from('<IIII', data, at)
    packet = data[at + 16:at + 16 + captured]
    at += 16 + captured
    number += 1
    ns = s * 10**9 + fraction * unit
    address = packet[skip + 12:skip + 20]
    path = 1 if 10 == address[0] and b'\x0a\0\2' in (address[:3], address[4:7]) else 0
    ticks = ns if path else ns // 1000
    options = b''
    if number == 3:
        options = option(1, b'look \x1b]0;here\x07') + end
    elif path and not told:
        options, told = option(4, u64(2)) + end, True
    out.append(block(6, struct.pack(order + 'IIIII', path, ticks >> 32, ticks & 0xffffffff, captured,
                                    wire) + pad(packet) + options))
head = struct.pack(order + 'III', 0, 0, 0)
out += [
    block(5, head + option(4, u64(1000)) + option(5, u64(9)) + option(6, u64(900)) + option(7, u64(8)) +
          option(8, u64(700)) + end),
    section(end),
    interface(link, option(2, b'wlan0\x1b[2J'), option(9, b'\x06'), end),
]
with open(target, 'wb') as file:
    file.write(b''.join(out))
