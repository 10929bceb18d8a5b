/* pcapng.c - blocks: | type: 4 | length: 4 | body, padded to 4 | length: 4 |, in the byte order of
 * their section.  Everything is checked against the block's length before it is believed. */
#include "capture/pcapng.h"

#include <string.h>

#include "util/cursor.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_STATISTICS = 5,
    BLOCK_ENHANCED_PACKET = 6,
};

enum {
    OPTION_END = 0,
    OPTION_IFDROP = 5, /* statistics: dropped by the interface */
    OPTION_OSDROP = 7, /* statistics: dropped by the system */
    OPTION_TSRESOL = 9,
    OPTION_TSOFFSET = 14,
};

#define BLOCK_HEADER_BYTES 8 /* type and length */
#define BLOCK_MAX_BYTES    (256u << 20)

typedef struct {
    int link_type;
    uint32_t snaplen_bytes;
    uint8_t resolution; /* if_tsresol: 10^-n, or 2^-n with the highest bit */
    uint64_t factor;    /* 10^|9 - n| */
    int64_t offset_s;
    int64_t ifdrop, osdrop; /* last counts, -1 unknown */
} Interface;

struct _MpsPcapng {
    MpsBlocks *blocks;
    bool swapped;       /* the section's byte order is not ours */
    bool in_section;    /* a section header was read */
    GArray *interfaces; /* of this section */
    int64_t last_ns;
    int64_t dropped; /* of sections before this one, -1 unknown */
    bool has_first;
    int first_link_type;
    uint32_t first_snaplen_bytes;
    const char *reason;
};

MpsPcapng *mps_pcapng_new(MpsBlocks *blocks)
{
    MpsPcapng *self = g_new0(MpsPcapng, 1);

    self->blocks = blocks;
    self->interfaces = g_array_new(FALSE, FALSE, sizeof(Interface));
    self->dropped = -1;
    return self;
}

void mps_pcapng_free(MpsPcapng *self)
{
    if (!self)
        return;
    g_array_free(self->interfaces, TRUE);
    g_free(self);
}

bool mps_pcapng_first_interface(const MpsPcapng *self, int *link_type, uint32_t *snaplen_bytes)
{
    if (self->has_first) {
        *link_type = self->first_link_type;
        *snaplen_bytes = self->first_snaplen_bytes;
    }
    return self->has_first;
}

/* Sum that keeps "unknown" (-1) apart from 0 and stays below the end of the range. */
static int64_t add_drops(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return MAX(a, b);
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

int64_t mps_pcapng_dropped(const MpsPcapng *self)
{
    int64_t sum = self->dropped;

    for (guint i = 0; i < self->interfaces->len; i++) {
        const Interface *interface = &g_array_index(self->interfaces, Interface, i);

        sum = add_drops(sum, add_drops(interface->ifdrop, interface->osdrop));
    }
    return sum;
}

/* Fields in the section's byte order. */
static uint16_t take16(const MpsPcapng *self, MpsCursor *c)
{
    uint16_t wire = 0;

    mps_cursor_take(c, &wire, sizeof wire);
    return (uint16_t)(self->swapped ? GUINT16_SWAP_LE_BE(wire) : wire);
}

static uint32_t take32(const MpsPcapng *self, MpsCursor *c)
{
    uint32_t wire = 0;

    mps_cursor_take(c, &wire, sizeof wire);
    return self->swapped ? GUINT32_SWAP_LE_BE(wire) : wire;
}

static uint64_t take64(const MpsPcapng *self, MpsCursor *c)
{
    uint64_t wire = 0;

    mps_cursor_take(c, &wire, sizeof wire);
    return self->swapped ? GUINT64_SWAP_LE_BE(wire) : wire;
}

/* Next option of a block: | code: 2 | length: 2 | value, padded to 4 |; false at the end. */
static bool next_option(const MpsPcapng *self, MpsCursor *c, uint16_t *code, MpsCursor *value)
{
    *code = take16(self, c);

    const size_t n_bytes = take16(self, c);

    if (c->short_read || *code == OPTION_END || n_bytes > mps_cursor_left(c))
        return false;
    *value = (MpsCursor){c->at, c->at + n_bytes, false};
    mps_cursor_skip(c, MIN((n_bytes + 3) & ~(size_t)3, mps_cursor_left(c)));
    return true;
}

/*   | link type: 2 | reserved: 2 | snap length: 4 | options | */
static void read_interface(MpsPcapng *self, MpsCursor *c)
{
    Interface interface = {.resolution = 6, .ifdrop = -1, .osdrop = -1};
    MpsCursor value;
    uint16_t code;

    interface.link_type = take16(self, c);
    mps_cursor_skip(c, 2);
    interface.snaplen_bytes = take32(self, c);
    while (next_option(self, c, &code, &value)) {
        if (code == OPTION_TSRESOL && mps_cursor_left(&value) == 1)
            interface.resolution = mps_take_u8(&value);
        else if (code == OPTION_TSOFFSET && mps_cursor_left(&value) == 8)
            interface.offset_s = (int64_t)take64(self, &value);
    }
    interface.factor = 1;
    if (interface.resolution < 0x80)
        for (int n = ABS(9 - interface.resolution); n > 0; n--)
            interface.factor = interface.factor > UINT64_MAX / 10 ? UINT64_MAX /* far below 1 ns */
                                                                  : interface.factor * 10;
    g_array_append_val(self->interfaces, interface);
    if (!self->has_first) {
        self->has_first = true;
        self->first_link_type = interface.link_type;
        self->first_snaplen_bytes = interface.snaplen_bytes;
    }
}

/* Time of @ticks in nanoseconds, at the end of the range where it does not fit. */
static int64_t to_ns(const Interface *interface, uint64_t ticks)
{
    const uint8_t n = interface->resolution & 0x7f;
    uint64_t s, ns;
    int64_t sum;

    if (interface->resolution & 0x80) {
        const uint64_t rest = n >= 64 ? ticks : ticks & (((uint64_t)1 << n) - 1);

        s = n >= 64 ? 0 : ticks >> n;
        if (n <= 32)
            ns = (rest * 1000000000u) >> n;
        else /* 32 bits of the fraction are finer than 1 ns */
            ns = n - 32 < 64 ? ((rest >> (n - 32)) * 1000000000u) >> 32 : 0;
    } else if (n > 9) {
        s = 0;
        ns = ticks / interface->factor;
    } else {
        s = 0;
        if (__builtin_mul_overflow(ticks, interface->factor, &ns))
            ns = UINT64_MAX;
    }
    s += ns / 1000000000u;
    ns %= 1000000000u;
    if (s > INT64_MAX || __builtin_add_overflow((int64_t)s, interface->offset_s, &sum) ||
        __builtin_mul_overflow(sum, (int64_t)1000000000, &sum) ||
        __builtin_add_overflow(sum, (int64_t)ns, &sum))
        return interface->offset_s < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/*   | interface: 4 | time: 8, in two halves | | options: ifdrop, osdrop | */
static void read_statistics(MpsPcapng *self, MpsCursor *c)
{
    const uint32_t id = take32(self, c);
    MpsCursor value;
    uint16_t code;

    mps_cursor_skip(c, 8);
    if (c->short_read || id >= self->interfaces->len)
        return;

    Interface *interface = &g_array_index(self->interfaces, Interface, id);

    while (next_option(self, c, &code, &value)) {
        if (mps_cursor_left(&value) != 8)
            continue;
        if (code == OPTION_IFDROP)
            interface->ifdrop = (int64_t)(take64(self, &value) & INT64_MAX);
        else if (code == OPTION_OSDROP)
            interface->osdrop = (int64_t)(take64(self, &value) & INT64_MAX);
    }
}

/*   enhanced  | interface: 4 | time: 8 | captured: 4 | on the wire: 4 | bytes |
 *   obsolete  | interface: 2 | drops: 2 | time: 8 | captured: 4 | on the wire: 4 | bytes |
 *   simple    | on the wire: 4 | bytes | */
static bool read_packet(MpsPcapng *self, uint32_t type, MpsCursor *c, MpsPacket *out)
{
    const bool simple = type == BLOCK_SIMPLE_PACKET;
    uint32_t id = 0, high = 0, low = 0;
    size_t captured_bytes = 0;

    if (type == BLOCK_ENHANCED_PACKET) {
        id = take32(self, c);
    } else if (type == BLOCK_PACKET) {
        id = take16(self, c);
        mps_cursor_skip(c, 2);
    }
    if (!simple) {
        high = take32(self, c);
        low = take32(self, c);
        captured_bytes = take32(self, c);
    }
    out->wire_bytes = take32(self, c);
    if (id >= self->interfaces->len) {
        self->reason = "packet of an interface that was not described";
        return false;
    }

    const Interface *interface = &g_array_index(self->interfaces, Interface, id);

    if (simple) {
        captured_bytes = MIN(out->wire_bytes, mps_cursor_left(c));
        if (interface->snaplen_bytes > 0)
            captured_bytes = MIN(captured_bytes, interface->snaplen_bytes);
    } else {
        self->last_ns = to_ns(interface, (uint64_t)high << 32 | low);
    }
    if (c->short_read || captured_bytes > mps_cursor_left(c)) {
        self->reason = "packet longer than its block";
        return false;
    }
    out->ts_ns = self->last_ns;
    out->interface_id = id;
    out->link_type = interface->link_type;
    out->captured_bytes = (uint32_t)captured_bytes;
    out->bytes = c->at;
    return true;
}

/* A section header, all of which but its body is at @head, sets the byte order, before its own
 * length can be read. */
static bool read_byte_order(MpsPcapng *self, const uint8_t *head)
{
    uint32_t magic;

    memcpy(&magic, head + BLOCK_HEADER_BYTES, sizeof magic);
    if (magic != 0x1a2b3c4d && magic != 0x4d3c2b1a) {
        self->reason = "section header without byte order";
        return false;
    }
    self->swapped = magic == 0x4d3c2b1a;
    self->in_section = true;
    self->dropped = mps_pcapng_dropped(self);
    g_array_set_size(self->interfaces, 0);
    return true;
}

/* The file breaks off, in a block unless nothing is left. */
static MpsReadResult cut(MpsPcapng *self)
{
    if (self->blocks->problem)
        self->reason = g_strerror(self->blocks->problem);
    else if (mps_blocks_left(self->blocks) == 0)
        return MPS_READ_END;
    mps_blocks_take_rest(self->blocks);
    return MPS_READ_FAILED;
}

/* Reads one block up to its end; its body is in *c. */
static MpsReadResult read_block(MpsPcapng *self, uint32_t *type, MpsCursor *c)
{
    const uint8_t *block = mps_blocks_look(self->blocks, BLOCK_HEADER_BYTES);
    size_t taken = BLOCK_HEADER_BYTES;

    if (!block)
        return cut(self);
    *c = (MpsCursor){block, block + BLOCK_HEADER_BYTES, false};
    *type = take32(self, c);
    if (*type == BLOCK_SECTION) { /* reads the same in both orders */
        taken += 4;
        block = mps_blocks_look(self->blocks, taken);
        if (!block)
            return cut(self);
        if (!read_byte_order(self, block))
            return MPS_READ_FAILED;
        *c = (MpsCursor){block + 4, block + BLOCK_HEADER_BYTES, false};
    } else if (!self->in_section) {
        self->reason = "no section header";
        return MPS_READ_FAILED;
    }

    const uint32_t length = take32(self, c);

    if (length < taken + 4 || length % 4 != 0 || length > BLOCK_MAX_BYTES) {
        self->reason = "block of impossible length";
        return MPS_READ_FAILED;
    }
    block = mps_blocks_look(self->blocks, length);
    if (!block)
        return cut(self);
    mps_blocks_take(self->blocks, length);
    *c = (MpsCursor){block + length - 4, block + length, false};
    if (take32(self, c) != length) {
        self->reason = "lengths of a block disagree";
        return MPS_READ_FAILED;
    }
    *c = (MpsCursor){block + taken, block + length - 4, false};
    return MPS_READ_PACKET;
}

MpsReadResult mps_pcapng_next(MpsPcapng *self, MpsPacket *out, const char **reason)
{
    MpsReadResult result;
    uint32_t type = 0;
    MpsCursor c;

    self->reason = NULL;
    while ((result = read_block(self, &type, &c)) == MPS_READ_PACKET) {
        if (type == BLOCK_INTERFACE) {
            if (mps_cursor_left(&c) >= 8)
                read_interface(self, &c);
            else
                self->reason = "interface block too short";
        } else if (type == BLOCK_STATISTICS) {
            read_statistics(self, &c);
        } else if (type == BLOCK_ENHANCED_PACKET || type == BLOCK_PACKET ||
                   type == BLOCK_SIMPLE_PACKET) {
            if (read_packet(self, type, &c, out))
                return MPS_READ_PACKET;
        }
        if (self->reason) {
            result = MPS_READ_FAILED;
            break;
        }
    }
    *reason = self->reason;
    return result;
}
