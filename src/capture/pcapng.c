/* pcapng.c - blocks: | type: 4 | length: 4 | body, padded to 4 | length: 4 |, in the byte order of
 * their section.  Everything is checked against the block's length before it is believed. */
#include "capture/pcapng.h"

#include <string.h>

#include <gio/gio.h>

#include "util/cursor.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_NAMES = 4,
    BLOCK_STATISTICS = 5,
    BLOCK_ENHANCED_PACKET = 6,
};

enum { OPTION_END = 0, OPTION_COMMENT = 1 };

/* of an interface */
enum {
    IF_NAME = 2,
    IF_DESCRIPTION = 3,
    IF_IPV4 = 4, /* with a mask behind it */
    IF_IPV6 = 5, /* with the length of its prefix behind it */
    IF_SPEED = 8,
    IF_TSRESOL = 9,
    IF_FILTER = 11, /* behind a byte: 0, an expression */
    IF_OS = 12,
    IF_TSOFFSET = 14,
    IF_HARDWARE = 15,
};

/* of statistics */
enum { IS_RECEIVED = 4, IS_IFDROP = 5, IS_ACCEPTED = 6, IS_OSDROP = 7, IS_DELIVERED = 8 };

/* of a section */
enum { SECTION_HARDWARE = 2, SECTION_OS = 3, SECTION_APPLICATION = 4 };

enum { PACKET_DROPS = 4, PACKET_DROPS_UNKNOWN = 0xffff };

/* records of a block of names */
enum { NAMES_END = 0, NAMES_IPV4 = 1, NAMES_IPV6 = 2 };

#define BLOCK_HEADER_BYTES 8 /* type and length */
#define BLOCK_MAX_BYTES    (256u << 20)
#define TIME_MIN_NS        (-(INT64_C(1) << 60))
#define TIME_MAX_NS        (INT64_C(1) << 62)
/* Of an interface; hostile ones may have any number. */
#define ADDRESSES_MAX_BYTES 500u

typedef struct {
    MpsInterface *notes; /* what has nothing to do with time */
    uint8_t resolution;  /* if_tsresol: 10^-n, or 2^-n with the highest bit */
    uint64_t factor;     /* 10^|9 - n| */
    int64_t offset_s;
} Interface;

struct _MpsPcapng {
    MpsBlocks *blocks;
    bool swapped;       /* the section's byte order is not ours */
    bool in_section;    /* a section header was read */
    GArray *interfaces; /* of this section */
    guint n_before;     /* interfaces of the sections before it */
    MpsNotes *notes;
    uint64_t n_packets;
    int64_t last_ns;
    const char *reason;
};

MpsPcapng *mps_pcapng_new(MpsBlocks *blocks)
{
    MpsPcapng *self = g_new0(MpsPcapng, 1);

    self->blocks = blocks;
    self->interfaces = g_array_new(FALSE, FALSE, sizeof(Interface));
    self->notes = mps_notes_new();
    return self;
}

void mps_pcapng_free(MpsPcapng *self)
{
    if (!self)
        return;
    g_array_free(self->interfaces, TRUE);
    mps_notes_unref(self->notes);
    g_free(self);
}

MpsNotes *mps_pcapng_notes(const MpsPcapng *self)
{
    return self->notes;
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

/* Text of an option, of which the first is kept. */
static void take_text(MpsPcapng *self, const MpsCursor *value, char **out)
{
    if (!*out)
        *out = mps_notes_text(self->notes, value->at, mps_cursor_left(value));
}

static char *address_text(GSocketFamily family, const uint8_t *bytes)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_bytes(bytes, family);

    return g_inet_address_to_string(address);
}

/* One of the addresses of an interface, behind those before it. */
static void take_address(MpsPcapng *self, GSocketFamily family, const MpsCursor *value,
                         MpsInterface *interface)
{
    if (interface->addresses && strlen(interface->addresses) > ADDRESSES_MAX_BYTES)
        return;

    g_autofree char *text = address_text(family, value->at);
    g_autofree char *all = g_strconcat(interface->addresses ? interface->addresses : "",
                                       interface->addresses ? ", " : "", text, NULL);
    char *kept = mps_notes_text(self->notes, (const uint8_t *)all, strlen(all));

    if (kept) {
        g_free(interface->addresses);
        interface->addresses = kept;
    }
}

static void take_interface_option(MpsPcapng *self, uint16_t code, MpsCursor *value,
                                  Interface *interface)
{
    const size_t n_bytes = mps_cursor_left(value);
    MpsInterface *notes = interface->notes;

    if (code == IF_TSRESOL && n_bytes == 1)
        interface->resolution = mps_take_u8(value);
    else if (code == IF_TSOFFSET && n_bytes == 8)
        interface->offset_s = (int64_t)take64(self, value);
    else if (code == IF_SPEED && n_bytes == 8)
        notes->speed_bps = (int64_t)(take64(self, value) & INT64_MAX);
    else if (code == IF_IPV4 && n_bytes == 8)
        take_address(self, G_SOCKET_FAMILY_IPV4, value, notes);
    else if (code == IF_IPV6 && n_bytes == 17)
        take_address(self, G_SOCKET_FAMILY_IPV6, value, notes);
    else if (code == IF_FILTER && n_bytes > 0 && mps_take_u8(value) == 0)
        take_text(self, value, &notes->filter);
    else if (code == IF_NAME)
        take_text(self, value, &notes->name);
    else if (code == IF_DESCRIPTION)
        take_text(self, value, &notes->description);
    else if (code == IF_OS)
        take_text(self, value, &notes->os);
    else if (code == IF_HARDWARE)
        take_text(self, value, &notes->hardware);
    else if (code == OPTION_COMMENT)
        mps_notes_add(self->notes, "comment", 0, (int64_t)self->notes->interfaces->len - 1,
                      mps_notes_text(self->notes, value->at, n_bytes));
}

/*   | link type: 2 | reserved: 2 | snap length: 4 | options | */
static void read_interface(MpsPcapng *self, MpsCursor *c)
{
    Interface interface = {.resolution = 6, .notes = mps_notes_add_interface(self->notes)};
    MpsCursor value;
    uint16_t code;

    if (!interface.notes) {
        self->reason = "more interfaces than anybody has";
        return;
    }
    interface.notes->link_type = take16(self, c);
    mps_cursor_skip(c, 2);
    interface.notes->snaplen_bytes = take32(self, c);
    while (next_option(self, c, &code, &value))
        take_interface_option(self, code, &value, &interface);
    interface.factor = 1;
    if (interface.resolution < 0x80)
        for (int n = ABS(9 - interface.resolution); n > 0; n--)
            interface.factor = interface.factor > UINT64_MAX / 10 ? UINT64_MAX /* far below 1 ns */
                                                                  : interface.factor * 10;
    g_array_append_val(self->interfaces, interface);
}

/* Time of @ticks in nanoseconds.  What no clock says ends in 1933 or 2116: the difference of two
 * times is a number of nanoseconds, too. */
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
        return interface->offset_s < 0 ? TIME_MIN_NS : TIME_MAX_NS;
    return CLAMP(sum, TIME_MIN_NS, TIME_MAX_NS);
}

/*   | interface: 4 | time: 8, in two halves | options: counts of 8 bytes | */
static void read_statistics(MpsPcapng *self, MpsCursor *c)
{
    const uint32_t id = take32(self, c);
    MpsCursor value;
    uint16_t code;

    mps_cursor_skip(c, 8);
    if (c->short_read || id >= self->interfaces->len)
        return;

    MpsInterface *interface = g_array_index(self->interfaces, Interface, id).notes;
    int64_t *const counts[] = {[IS_RECEIVED] = &interface->received,
                               [IS_IFDROP] = &interface->ifdrop,
                               [IS_ACCEPTED] = &interface->filter_accepted,
                               [IS_OSDROP] = &interface->osdrop,
                               [IS_DELIVERED] = &interface->delivered};

    while (next_option(self, c, &code, &value))
        if (code < G_N_ELEMENTS(counts) && counts[code] && mps_cursor_left(&value) == 8)
            *counts[code] = (int64_t)(take64(self, &value) & INT64_MAX);
}

/*   records: | type: 2 | length: 2 | address | names, each with a 0 behind it, padded to 4 | */
static void read_names(MpsPcapng *self, MpsCursor *c)
{
    MpsCursor record;
    uint16_t type;

    while (next_option(self, c, &type, &record)) {
        const size_t n_address = type == NAMES_IPV4 ? 4 : type == NAMES_IPV6 ? 16 : 0;
        const uint8_t *address = record.at;

        if (n_address == 0)
            continue;
        mps_cursor_skip(&record, n_address);
        while (mps_cursor_left(&record) > 0) {
            const size_t n = strnlen((const char *)record.at, mps_cursor_left(&record));
            char *name = mps_notes_text(self->notes, record.at, n);

            mps_notes_add_host(
                self->notes,
                name ? address_text(n_address == 4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6,
                                    address)
                     : NULL,
                name);
            mps_cursor_skip(&record, MIN(n + 1, mps_cursor_left(&record)));
        }
    }
}

/*   | version: 2, 2 | length of the section: 8 | options | */
static void read_section(MpsPcapng *self, MpsCursor *c)
{
    static const char *const kinds[] = {[OPTION_COMMENT] = "comment",
                                        [SECTION_HARDWARE] = "hardware",
                                        [SECTION_OS] = "os",
                                        [SECTION_APPLICATION] = "application"};
    MpsCursor value;
    uint16_t code;

    mps_cursor_skip(c, 12);
    while (next_option(self, c, &code, &value))
        if (code < G_N_ELEMENTS(kinds) && kinds[code])
            mps_notes_add(self->notes, kinds[code], 0, -1,
                          mps_notes_text(self->notes, value.at, mps_cursor_left(&value)));
}

/* Packets lost since the one before, as the block of the one at hand says. */
static void add_lost(MpsInterface *interface, uint64_t n)
{
    const int64_t before = MAX(interface->lost_between, 0);

    interface->lost_between = n > (uint64_t)(INT64_MAX - before) ? INT64_MAX : before + (int64_t)n;
}

/* Options of a packet; @c stands behind its bytes and their padding. */
static void read_packet_options(MpsPcapng *self, MpsCursor *c, MpsInterface *interface)
{
    MpsCursor value;
    uint16_t code;

    while (next_option(self, c, &code, &value)) {
        if (code == OPTION_COMMENT)
            mps_notes_add(self->notes, "comment", self->n_packets, -1,
                          mps_notes_text(self->notes, value.at, mps_cursor_left(&value)));
        else if (code == PACKET_DROPS && mps_cursor_left(&value) == 8)
            add_lost(interface, take64(self, &value));
    }
}

/*   enhanced  | interface: 4 | time: 8 | captured: 4 | on the wire: 4 | bytes |
 *   obsolete  | interface: 2 | drops: 2 | time: 8 | captured: 4 | on the wire: 4 | bytes |
 *   simple    | on the wire: 4 | bytes | */
static bool read_packet(MpsPcapng *self, uint32_t type, MpsCursor *c, MpsPacket *out)
{
    const bool simple = type == BLOCK_SIMPLE_PACKET;
    uint32_t id = 0, high = 0, low = 0;
    uint16_t drops = PACKET_DROPS_UNKNOWN;
    size_t captured_bytes = 0;

    if (type == BLOCK_ENHANCED_PACKET) {
        id = take32(self, c);
    } else if (type == BLOCK_PACKET) {
        id = take16(self, c);
        drops = take16(self, c);
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
    MpsInterface *notes = interface->notes;

    if (simple) {
        captured_bytes = MIN(out->wire_bytes, mps_cursor_left(c));
        if (notes->snaplen_bytes > 0)
            captured_bytes = MIN(captured_bytes, notes->snaplen_bytes);
    } else {
        self->last_ns = to_ns(interface, (uint64_t)high << 32 | low);
    }
    if (c->short_read || captured_bytes > mps_cursor_left(c)) {
        self->reason = "packet longer than its block";
        return false;
    }
    out->ts_ns = self->last_ns;
    out->interface_id = self->n_before + id;
    out->interface_name = notes->name;
    out->link_type = notes->link_type;
    out->captured_bytes = (uint32_t)captured_bytes;
    out->bytes = c->at;
    self->n_packets++;
    notes->n_packets++;
    if (drops != PACKET_DROPS_UNKNOWN)
        add_lost(notes, drops);
    mps_cursor_skip(c, MIN((captured_bytes + 3) & ~(size_t)3, mps_cursor_left(c)));
    if (!simple && mps_cursor_left(c) > 0)
        read_packet_options(self, c, notes);
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
    self->n_before += self->interfaces->len;
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
        } else if (type == BLOCK_NAMES) {
            read_names(self, &c);
        } else if (type == BLOCK_SECTION) {
            read_section(self, &c);
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
