#!/usr/bin/env python3
"""rewrite.py - makes another capture out of a classic pcap file: shorter, with holes, or with a fault.

  rewrite.py IN OUT snap BYTES            snapshot length
  rewrite.py IN OUT drop PERCENT SEED     packets missing at random
  rewrite.py IN OUT delay PERCENT SEED    packets stamped up to 1 ms late at random, and sorted again
  rewrite.py IN OUT from PACKET           begins with this packet
  rewrite.py IN OUT without PACKET        this packet missing
  rewrite.py IN OUT modified little|big   with the longer record headers of Kuznetzov's libpcap
  rewrite.py IN OUT raw                   without link-layer headers, for programs that know few; stamps in microseconds
  rewrite.py IN OUT window PACKET         this packet announces a window of 0
  rewrite.py IN OUT arp PACKET            an Ethernet frame without IP comes after this packet
  rewrite.py IN OUT reset PACKET          a RST of the receiver of this SYN that acknowledges nothing of it
  rewrite.py IN OUT fragments BYTES       IP fragments of so much payload each, if there is more
  rewrite.py IN OUT flip PACKET BYTE      inverts that byte of its TCP segment, not the checksums
  rewrite.py IN OUT fault NAME            the first packet that fits gets this fault, and right checksums

A fault prints the number of the (first) packet that it changed or put in.
"""
import hashlib
import random
import struct
import sys

LINKS = {1: 14, 101: 0, 113: 16, 276: 20}  # Ethernet, raw IP, SLL, SLL2: bytes before IP
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CAPABLE, JOIN, DSS, ADD_ADDR, REMOVE_ADDR, PRIO, FAIL, FASTCLOSE, TCPRST = range(9)


class Packet:
    """One record: where IP, TCP and the MPTCP options are.  `data` is what was captured."""

    def __init__(self, head, data, skip):
        self.head, self.data = head, bytearray(data)
        self.ip = skip
        self.v6 = self.data[skip] >> 4 == 6
        proto = self.data[skip + (6 if self.v6 else 9)]
        self.tcp = skip + (40 if self.v6 else (self.data[skip] & 15) * 4)
        self.is_tcp = proto == 6 and len(self.data) >= self.tcp + 20
        if self.is_tcp:
            self.header = (self.data[self.tcp + 12] >> 4) * 4
            self.flags = self.data[self.tcp + 13]
            length = struct.unpack_from('!H', self.data, skip + (4 if self.v6 else 2))[0]
            self.payload = length + (40 if self.v6 else 0) - (self.tcp - skip) - self.header
            self.src = (bytes(self.address(0)), self.u16(0))
            self.dst = (bytes(self.address(1)), self.u16(2))

    def address(self, nth):
        size, at = (16, 8) if self.v6 else (4, 12)
        return self.data[self.ip + at + nth * size:self.ip + at + (nth + 1) * size]

    def u16(self, at):
        return struct.unpack_from('!H', self.data, self.tcp + at)[0]

    def u32(self, at):
        return struct.unpack_from('!I', self.data, self.tcp + at)[0]

    def options(self):
        """Offsets in data of the options of kind 30."""
        at, end = self.tcp + 20, min(self.tcp + self.header, len(self.data))
        while at < end and self.data[at]:
            if self.data[at] == 1:
                at += 1
                continue
            if at + 1 >= end or self.data[at + 1] < 2:
                return
            if self.data[at] == 30 and at + 2 < end:
                yield at
            at += self.data[at + 1]

    def option(self, subtype):
        for at in self.options() if self.is_tcp else ():
            if self.data[at + 2] >> 4 == subtype:
                return at
        return None

    def length(self, subtype):
        at = self.option(subtype)
        return self.data[at + 1] if at else 0

    def fix(self):
        """Right checksums as far as all bytes are there."""
        if not self.v6:
            self.data[self.ip + 10:self.ip + 12] = b'\0\0'
            struct.pack_into('!H', self.data, self.ip + 10, checksum(self.data[self.ip:self.tcp]))
        whole = self.data[self.tcp:self.tcp + self.header + self.payload]
        if len(whole) == self.header + self.payload:
            whole[16:18] = b'\0\0'
            pseudo = self.address(0) + self.address(1) + struct.pack('!IxxxB', len(whole), 6)
            struct.pack_into('!H', self.data, self.tcp + 16, checksum(pseudo + whole))


def checksum(data):
    data = bytes(data) + b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def read(path):
    raw = open(path, 'rb').read()
    order = '<' if raw[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    link = struct.unpack(order + 'I', raw[20:24])[0]
    at, records = 24, []
    while at + 16 <= len(raw):
        head = struct.unpack(order + 'IIII', raw[at:at + 16])
        records.append((head, raw[at + 16:at + 16 + head[2]]))
        at += 16 + head[2]
    return raw[:24], order, link, records


def write(path, header, order, records):
    with open(path, 'wb') as out:
        out.write(header)
        for head, data in records:
            out.write(struct.pack(order + 'IIII', head[0], head[1], len(data), head[3]) + data)


# ---- faults: each takes the packets and returns the index of the first one at fault

def first(packets, fits):
    for i, packet in enumerate(packets):
        if packet.is_tcp and fits(packet):
            return i
    sys.exit('no packet for this fault')


def copies(packets, i):
    """The packet and its repetitions (same endpoints, sequence number, and MPTCP option length)."""
    p = packets[i]
    return [q for q in packets[i:] if q.is_tcp and q.src == p.src and q.dst == p.dst and
            q.u32(4) == p.u32(4) and q.flags == p.flags and q.payload == p.payload and
            [q.data[a + 1] for a in q.options()] == [p.data[a + 1] for a in p.options()]]


def flip(packets, i, subtype, at, mask=1, everywhere=True):
    for packet in copies(packets, i) if everywhere else [packets[i]]:
        packet.data[packet.option(subtype) + at] ^= mask
        packet.fix()
    return i


def is_third(p):
    return not p.flags & SYN and p.length(CAPABLE) >= 20


def syn(p, subtype):
    return p.flags & (SYN | ACK) == SYN and p.length(subtype)


def synack(p, subtype):
    return p.flags & (SYN | ACK) == SYN | ACK and p.length(subtype)


def mapped(p):
    at = p.option(DSS)
    return at and p.payload > 0 and p.data[at + 3] & 4


def ack_bytes(p):
    flags = p.data[p.option(DSS) + 3]
    return 0 if not flags & 1 else 8 if flags & 2 else 4


def idsn(packets):
    """The server's data sequence numbers begin one higher than its key says."""
    server = packets[first(packets, lambda p: synack(p, CAPABLE))].src
    servers = {p.src for p in packets if p.is_tcp and p.flags & (SYN | ACK) == SYN | ACK} | {server}
    fault = None
    for i, p in enumerate(packets):
        if not p.is_tcp or p.option(DSS) is None:
            continue
        at, flags = p.option(DSS), p.data[p.option(DSS) + 3]
        if flags & 4 and p.src in servers:
            add(p, at + 4 + ack_bytes(p), 8 if flags & 8 else 4)
            fault = i if fault is None else fault
        if flags & 1 and p.dst in servers:
            add(p, at + 4, 8 if flags & 2 else 4)
        p.fix()
    return fault


def add(p, at, size, n=1):
    value = int.from_bytes(p.data[at:at + size], 'big') + n
    p.data[at:at + size] = (value % (1 << 8 * size)).to_bytes(size, 'big')


def moved_mapping(packets):
    """A mapping repeated with another data sequence number."""
    def key(p):
        at = p.option(DSS)
        begin = at + 4 + ack_bytes(p) + (8 if p.data[at + 3] & 8 else 4)
        return p.src, p.dst, bytes(p.data[begin:begin + 6])
    seen = set()
    for i, p in enumerate(packets):
        if p.is_tcp and mapped(p):
            if key(p) in seen:
                at = p.option(DSS)
                add(p, at + 4 + ack_bytes(p), 8 if p.data[at + 3] & 8 else 4, 1000)
                p.fix()
                return i
            seen.add(key(p))
    sys.exit('no repeated mapping')


def foreign_mapping(packets):
    """A mapping of other subflow bytes than those of its segment."""
    i = first(packets, mapped)
    p = packets[i + 1 + first(packets[i + 1:], mapped)]
    at = p.option(DSS)
    add(p, at + 4 + ack_bytes(p) + (8 if p.data[at + 3] & 8 else 4), 4, 30000)
    p.fix()
    return packets.index(p)


def payload(packets):
    """One byte changed on the way, as by a middlebox that corrects the TCP checksum."""
    i = first(packets, lambda p: mapped(p) and p.length(DSS) >= 20)
    p = packets[i]
    p.data[p.tcp + p.header] ^= 1
    p.fix()
    return i


def inserted(packets, i, option, flags=ACK, back=False, delay_ns=1000):
    """A pure ACK of the sender of packet i (of its receiver, if back) with this option, right after
    it."""
    model = packets[i]
    if back:
        model = next(p for p in reversed(packets[:i + 1])
                     if p.is_tcp and p.src == packets[i].dst and p.dst == packets[i].src)
    timestamp = next((bytes(model.data[at:at + 10]) for at in other_options(model)
                      if model.data[at] == 8), b'')
    area = (b'\1\1' + timestamp if timestamp else b'') + option
    area += b'\1' * (-len(area) % 4)
    data = bytearray(model.data[:model.tcp + 20]) + area
    size = 20 + len(area)
    if model.v6:
        struct.pack_into('!H', data, model.ip + 4, size)
    else:
        struct.pack_into('!H', data, model.ip + 2, model.tcp - model.ip + size)
    data[model.tcp + 12] = size // 4 << 4
    data[model.tcp + 13] = flags
    struct.pack_into('!I', data, model.tcp + 4,
                     (model.u32(4) + max(model.payload, 0) + (1 if model.flags & (SYN | FIN) else 0))
                     & 0xffffffff)
    h = packets[i].head
    made = Packet((h[0], h[1] + delay_ns, len(data), len(data)), data, model.ip)
    made.fix()
    packets.insert(i + 1, made)
    return i + 1


def other_options(p):
    at, end = p.tcp + 20, p.tcp + p.header
    while at < end and p.data[at]:
        if p.data[at] == 1:
            at += 1
            continue
        yield at
        at += max(p.data[at + 1], 2)


def after_data(packets, n=3):
    """Index of the n-th packet with a mapping: the connection is well under way."""
    seen = [i for i, p in enumerate(packets) if p.is_tcp and mapped(p)]
    return seen[min(n, len(seen) - 1)]


def key_of(packets, nth):
    p = packets[first(packets, is_third)]
    at = p.option(CAPABLE) + 4 + 8 * nth
    return bytes(p.data[at:at + 8])


def drop_fourth_ack(packets):
    """The acceptor never answers the join's ACK, which the opener repeats; the initial subflow goes on
    four seconds later."""
    i = first(packets, lambda p: p.length(JOIN) == 24)
    third = packets[i]
    packets[:] = [p for k, p in enumerate(packets)
                  if k <= i or not p.is_tcp or {p.src, p.dst} != {third.src, third.dst}]
    for p in packets[i + 1:]:
        p.head = (p.head[0] + 4, *p.head[1:])
    for n in range(3):
        again = Packet(third.head, bytes(third.data), third.ip)
        again.head = (third.head[0] + 1 + n, third.head[1], third.head[2], third.head[3])
        if not again.v6: # as Linux counts them
            add(again, again.ip + 4, 2, 1 + n)
            again.fix()
        packets.append(again)
    packets.sort(key=lambda p: p.head[:2])
    return i


def renumber(packets, i, src, dst, n):
    """Adds n to the IPv4 identifications that follow on the flow: as if the host had sent so many more
    packets, or less."""
    for p in packets[i:]:
        if p.is_tcp and not p.v6 and p.src == src and p.dst == dst and any(p.data[p.ip + 4:p.ip + 6]):
            add(p, p.ip + 4, 2, n)
            p.fix()


def without(packets, gone):
    """Takes out the packets for which @gone is true, as if they had never been sent."""
    for i in reversed(range(len(packets))):
        if packets[i].is_tcp and gone(packets[i]):
            p = packets.pop(i)
            renumber(packets, i, p.src, p.dst, -1)


def moved(packets, i, before):
    """Packet i is sent right behind an earlier one."""
    p = packets.pop(i)
    p.head = (packets[before].head[0], packets[before].head[1] + 1, *p.head[2:])
    packets.insert(before + 1, p)
    return before + 1


def join_early(packets):
    """The SYN of the join right behind the third packet of the initial subflow."""
    return moved(packets, first(packets, lambda p: syn(p, JOIN)),
                 first(packets, lambda p: is_third(p) and p.payload == 0))


def data_early(packets):
    """Data of the opener of the join right behind the third packet."""
    i = first(packets, lambda p: p.length(JOIN) == 24)
    third = packets[i]
    return moved(packets, first(packets, lambda p: p.payload > 0 and p.src == third.src and
                                p.dst == third.dst), i)


def overwrite(p, subtype, option):
    """Another option in the place of this one, with NOPs behind."""
    at, length = p.option(subtype), p.length(subtype)
    p.data[at:at + length] = option + b'\1' * (length - len(option))
    p.fix()


def first_data(packets):
    """A DSS that maps the first data as MP_CAPABLE does."""
    i = first(packets, lambda p: p.length(CAPABLE) >= 22)
    at = packets[i].option(CAPABLE)
    key, length = bytes(packets[i].data[at + 4:at + 12]), bytes(packets[i].data[at + 20:at + 22])
    dsn = int.from_bytes(hashlib.sha256(key).digest()[-8:], 'big') + 1
    option = b'\x1e\x12\x20\x0c' + (dsn % (1 << 64)).to_bytes(8, 'big') + b'\0\0\0\1' + length
    for p in copies(packets, i):
        overwrite(p, CAPABLE, option)
    return i


def flag_c(packets):
    """The server asks for no join to the address to which there is one."""
    flip(packets, first(packets, lambda p: synack(p, CAPABLE)), CAPABLE, 3, 0x20)
    return first(packets, lambda p: syn(p, JOIN))


def dss_on_syn(packets):
    i = first(packets, lambda p: syn(p, JOIN))
    overwrite(packets[i], JOIN, b'\x1e\x08\x20\1' + bytes(4))
    return i


def urgent(packets):
    """Urgent data in the second packet of a mapping."""
    seen = set()
    for i, p in enumerate(packets):
        if not p.is_tcp or not mapped(p):
            continue
        if mapping_of(p) in seen:
            p.data[p.tcp + 13] |= 0x20
            p.fix()
            return i
        seen.add(mapping_of(p))
    sys.exit('no mapping of several packets')


def mapping_of(p):
    begin = p.option(DSS) + 4 + ack_bytes(p)
    return p.src, p.dst, bytes(p.data[begin:begin + (8 if p.data[p.option(DSS) + 3] & 8 else 4) + 6])


def no_echo(packets):
    without(packets, lambda p: p.length(ADD_ADDR) in (8, 20))
    return first(packets, lambda p: p.length(ADD_ADDR) >= 16)


def unfilled(packets):
    """The last mapping of a subflow is longer than what follows."""
    ends = {}
    for p in packets:
        if p.is_tcp and mapped(p):
            plain = not p.data[p.option(DSS) + 3] & 0x10
            ends[p.src, p.dst] = max(ends.get((p.src, p.dst), (0, None, False)),
                                     (p.u32(4), mapping_of(p), plain))
    src, dst = next(flow for flow in ends if ends[flow][2])
    for p in packets:
        if p.is_tcp and mapped(p) and mapping_of(p) == ends[src, dst][1]:
            begin = p.option(DSS) + 4 + ack_bytes(p) + (8 if p.data[p.option(DSS) + 3] & 8 else 4) + 4
            add(p, begin, 2, 500)
            p.fix()
    return first(packets, lambda p: p.flags & FIN and p.src == src and p.dst == dst)


def unmapped(packets):
    """The packets of a mapping in mid-stream lose it."""
    middle = first(packets[len(packets) // 2:], mapped) + len(packets) // 2
    key = mapping_of(packets[middle])
    found = [i for i, p in enumerate(packets) if p.is_tcp and mapped(p) and mapping_of(p) == key]
    for i in found:
        at, n = packets[i].option(DSS), ack_bytes(packets[i])
        ack = bytes(packets[i].data[at + 4:at + 4 + n])
        overwrite(packets[i], DSS, bytes([30, 4 + n, 0x20, packets[i].data[at + 3] & 3]) + ack)
    return found[0]


def fastclose_ignored(packets):
    """The packet at fault is the next with data."""
    i = after_data(packets, 12)
    p = packets[i]
    server = packets[first(packets, lambda q: synack(q, CAPABLE))].src
    option = b'\x1e\x0c\x70\0' + key_of(packets, 0 if p.src[1] == server[1] else 1)
    at = inserted(packets, i, option, delay_ns=0)
    add(packets[at], packets[at].ip + 4, 2, 0 if p.v6 else 1)
    packets[at].fix()
    renumber(packets, at + 1, p.src, p.dst, 1)
    return at + 1 + first(packets[at + 1:], lambda q: q.payload > 0 and q.src == p.src and
                          q.dst == p.dst)


FAULTS = {
    'key-echo': lambda ps: flip(ps, first(ps, is_third), CAPABLE, 12, everywhere=False),
    'key-changed': lambda ps: flip(ps, ps.index(copies(ps, first(ps, is_third))[0]), CAPABLE, 4,
                                   everywhere=False) if len([p for p in ps if is_third(p)]) > 1
    else sys.exit('one MP_CAPABLE ACK only'),
    'hmac-synack': lambda ps: flip(ps, first(ps, lambda p: synack(p, JOIN)), JOIN, 4),
    'hmac-ack': lambda ps: flip(ps, first(ps, lambda p: p.length(JOIN) == 24), JOIN, 4),
    'hmac-add-addr': lambda ps: flip(ps, first(ps, lambda p: p.length(ADD_ADDR) >= 16), ADD_ADDR, 8),
    'token': lambda ps: flip(ps, first(ps, lambda p: syn(p, JOIN)), JOIN, 4),
    'idsn': idsn,
    'payload': payload,
    'moved-mapping': moved_mapping,
    'foreign-mapping': foreign_mapping,
    'reserved-dss': lambda ps: flip(ps, first(ps, mapped), DSS, 3, 0x80, False),
    'reserved-join': lambda ps: flip(ps, first(ps, lambda p: syn(p, JOIN)), JOIN, 2, 0x08),
    'flag-b': lambda ps: flip(ps, first(ps, lambda p: synack(p, CAPABLE)), CAPABLE, 3, 0x40),
    'algorithm': lambda ps: flip(ps, first(ps, lambda p: synack(p, CAPABLE)), CAPABLE, 3, 0x02),
    'remove-unknown': lambda ps: inserted(ps, after_data(ps), b'\x1e\x04\x40\x4d'),
    'prio-length': lambda ps: inserted(ps, after_data(ps), b'\x1e\x04\x51\x01'),
    'fastclose-length': lambda ps: inserted(ps, after_data(ps), b'\x1e\x14\x70\0' + bytes(16)),
    'fastclose-key': lambda ps: inserted(ps, after_data(ps), b'\x1e\x0c\x70\0' + bytes(8)),
    'fail-without-checksum': lambda ps: inserted(ps, after_data(ps), b'\x1e\x0c\x60\0' + bytes(8)),
    'tcprst-on-ack': lambda ps: inserted(ps, after_data(ps), b'\x1e\x04\x80\x01'),
    'dss-length': lambda ps: inserted(ps, after_data(ps), b'\x1e\x0a\x20\x01' + bytes(6)),
    'data-fin-without-map': lambda ps: inserted(ps, after_data(ps), b'\x1e\x04\x20\x10'),
    'subtype': lambda ps: inserted(ps, after_data(ps), b'\x1e\x04\xa0\0'),
    'option-sticks-out': lambda ps: inserted(ps, after_data(ps), b'\x1e\x1c\x20\x01'),
    'infinite-mapping': lambda ps: flip_dll(ps),
    'fourth-ack': drop_fourth_ack,
    'flag-c': flag_c,
    'join-early': join_early,
    'data-early': data_early,
    'first-data': first_data,
    'dss-on-syn': dss_on_syn,
    'urgent': urgent,
    'no-echo': no_echo,
    'unfilled': unfilled,
    'unmapped': unmapped,
    'fastclose-ignored': fastclose_ignored,
}


def flip_dll(packets):
    """An infinite mapping in the middle of the transfer over several subflows."""
    i = after_data(packets, 6)
    p = packets[i]
    at = p.option(DSS)
    begin = at + 4 + ack_bytes(p) + (8 if p.data[at + 3] & 8 else 4) + 4
    p.data[begin:begin + 2] = b'\0\0'
    p.fix()
    return i


def stray_reset(syn):
    """Ends swapped, no options, and an acknowledgement of another connection."""
    data = bytearray(syn.data[:syn.tcp + 20])
    size = 16 if syn.v6 else 4
    source = syn.ip + (8 if syn.v6 else 12)
    data[source:source + 2 * size] = syn.address(1) + syn.address(0)
    data[syn.tcp:syn.tcp + 4] = syn.data[syn.tcp + 2:syn.tcp + 4] + syn.data[syn.tcp:syn.tcp + 2]
    struct.pack_into('!IIBBH', data, syn.tcp + 4, 0, (syn.u32(4) + 0x40000000) & 0xffffffff, 0x50,
                     RST | ACK, 0)
    if syn.v6:
        struct.pack_into('!H', data, syn.ip + 4, 20)
    else:
        struct.pack_into('!H', data, syn.ip + 2, syn.tcp - syn.ip + 20)
    made = Packet((*syn.head[:2], len(data), len(data)), data, syn.ip)
    made.fix()
    return made.head, bytes(made.data)


def fragments(record, skip, size):
    """The record in IP fragments of @size bytes (a multiple of 8), last but not least."""
    head, data = record
    begin = skip + (40 if data[skip] >> 4 == 6 else (data[skip] & 15) * 4)
    if len(data) - begin <= size or head[3] != len(data):
        return [record]
    out = []
    for at in range(begin, len(data), size):
        piece, offset, more = data[at:at + size], at - begin, at + size < len(data)
        lead = bytearray(data[:begin])
        if data[skip] >> 4 == 6:
            lead += struct.pack('!BBHI', lead[skip + 6], 0, offset | more, begin + len(data))
            lead[skip + 6] = 44
            struct.pack_into('!H', lead, skip + 4, 8 + len(piece))
        else:
            struct.pack_into('!H', lead, skip + 2, begin - skip + len(piece))
            struct.pack_into('!H', lead, skip + 6, offset >> 3 | more << 13)
            lead[skip + 10:skip + 12] = b'\0\0'
            struct.pack_into('!H', lead, skip + 10, checksum(lead[skip:]))
        whole = bytes(lead) + piece
        out.append(((*head[:2], len(whole), len(whole)), whole))
    return out


def delayed(header, records, percent, chance):
    unit = 1000000000 if header[:4] in (b'\x4d\x3c\xb2\xa1', b'\xa1\xb2\x3c\x4d') else 1000000
    out = []
    for head, data in records:
        stamp = head[0] * unit + head[1]
        if chance.random() * 100 < percent:
            stamp += chance.randrange(unit // 1000)
        out.append(((stamp // unit, stamp % unit, *head[2:]), data))
    return sorted(out, key=lambda record: record[0][:2])


def inverted(packets, i, byte):
    packets[i].data[packets[i].tcp + byte] ^= 0xff
    return [(p.head, bytes(p.data)) for p in packets]


def main():
    source, target, action, *arguments = sys.argv[1:]
    header, order, link, records = read(source)
    if action == 'snap':
        records = [(h, d[:int(arguments[0])]) for h, d in records]
    elif action == 'drop':
        chance = random.Random(int(arguments[1]))
        records = [r for r in records if chance.random() * 100 >= float(arguments[0])]
    elif action == 'delay':
        records = delayed(header, records, float(arguments[0]), random.Random(int(arguments[1])))
    elif action == 'from':
        records = records[int(arguments[0]) - 1:]
    elif action == 'without':
        del records[int(arguments[0]) - 1]
    elif action == 'fault':
        packets = [Packet(h, d, LINKS[link]) for h, d in records]
        print(FAULTS[arguments[0]](packets) + 1)
        records = [((*p.head[:2], len(p.data), max(p.head[3], len(p.data))), bytes(p.data))
                   for p in packets]
    elif action == 'arp':
        at = int(arguments[0])
        head = records[at - 1][0]
        frame = b'\xff' * 6 + records[at - 1][1][6:12] + b'\x08\x06' + bytes(28)
        records.insert(at, ((head[0], head[1], len(frame), len(frame)), frame))
    elif action == 'reset':
        at = int(arguments[0])
        records.insert(at, stray_reset(Packet(*records[at - 1], LINKS[link])))
    elif action == 'fragments':
        records = [f for r in records for f in fragments(r, LINKS[link], int(arguments[0]))]
    elif action == 'flip':
        packets = [Packet(h, d, LINKS[link]) for h, d in records]
        records = inverted(packets, int(arguments[0]) - 1, int(arguments[1]))
    elif action == 'window':
        packets = [Packet(h, d, LINKS[link]) for h, d in records]
        struct.pack_into('!H', packets[int(arguments[0]) - 1].data, packets[int(arguments[0]) - 1].tcp + 14, 0)
        records = [(p.head, bytes(p.data)) for p in packets]
    elif action == 'modified':
        unit = 1000 if 0xa1b23c4d in struct.unpack('<I', header[:4]) + struct.unpack('>I', header[:4]) else 1
        order = '>' if arguments[0] == 'big' else '<'
        header = struct.pack(order + 'IHHiIII', 0xa1b2cd34, 2, 4, 0, 0, 262144, link)
        # The rest of each header: interface index, protocol, packet type, padding.
        more = struct.pack(order + 'IHBB', 3, 0x0800, 4, 0)
        with open(target, 'wb') as out:
            out.write(header + b''.join(struct.pack(order + 'IIII', h[0], h[1] // unit, *h[2:4]) + more + d
                                        for h, d in records))
        return
    elif action == 'raw':
        tick = 1000 if header[:4] in (b'\x4d\x3c\xb2\xa1', b'\xa1\xb2\x3c\x4d') else 1
        header = struct.pack(order + 'I', 0xa1b2c3d4) + header[4:20] + struct.pack(order + 'I', 101)
        records = [((h[0], h[1] // tick, h[2] - LINKS[link], h[3] - LINKS[link]), d[LINKS[link]:])
                   for h, d in records if len(d) > LINKS[link]]
    write(target, header, order, records)


main()
