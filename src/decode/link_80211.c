/* link_80211.c - IEEE 802.11 data frames, plain or behind a radiotap header (radiotap.org).
 *   | frame control: 2 | duration: 2 | address 1: 6 | address 2: 6 | address 3: 6 | sequence: 2
 *   | address 4: 6, if to and from a distribution system | QoS control: 2, of QoS data
 *   | HT control: 4, if QoS and order | LLC |
 * Numbers are little endian.  Encrypted frames, later fragments and aggregates (A-MSDU) cannot be
 * read.  A repeated frame (retry) is the same packet once more: it gets a place of its own, so that
 * it is known as captured twice. */
#include "decode/layers.h"

enum { TYPE_MASK = 0x0c, TYPE_DATA = 0x08, SUBTYPE_NULL = 0x40, SUBTYPE_QOS = 0x80 };
enum { TO_FROM_DS = 0x03, RETRY = 0x08, PROTECTED = 0x40, ORDER = 0x80 };
enum { QOS_AMSDU = 0x80 };

static uint16_t take_le16(MpsCursor *c)
{
    const uint16_t wire = mps_take_be16(c);

    return GUINT16_SWAP_LE_BE(wire);
}

static uint32_t take_le32(MpsCursor *c)
{
    const uint32_t wire = mps_take_be32(c);

    return GUINT32_SWAP_LE_BE(wire);
}

uint16_t mps_link_llc(MpsLayer *layer)
{
    const uint64_t llc = mps_take_be64(&layer->c);

    return llc >> 16 == UINT64_C(0xaaaa03000000) ? (uint16_t)llc : MPS_ETHERTYPE_NONE;
}

/* @padded: the header takes up a multiple of four bytes. */
static uint16_t decode_frame(MpsLayer *layer, bool padded)
{
    MpsCursor *c = &layer->c;
    const uint8_t *begin = c->at;
    const uint8_t kind = mps_take_u8(c);
    const uint8_t flags = mps_take_u8(c);
    uint16_t fragment, qos = 0;

    mps_cursor_skip(c, 2);
    layer->place = mps_mix(layer->place, mps_take_be64(c));
    layer->place = mps_mix(layer->place, (uint64_t)mps_take_be32(c) << 8 | (flags & RETRY));
    if ((kind & TYPE_MASK) != TYPE_DATA || kind & SUBTYPE_NULL || flags & PROTECTED)
        return MPS_ETHERTYPE_NONE;
    mps_cursor_skip(c, 6);
    fragment = take_le16(c) & 0x000f;
    if ((flags & TO_FROM_DS) == TO_FROM_DS)
        mps_cursor_skip(c, 6);
    if (kind & SUBTYPE_QOS) {
        qos = take_le16(c);
        if (flags & ORDER)
            mps_cursor_skip(c, 4);
    }
    if (padded)
        mps_cursor_skip(c, (size_t) - (c->at - begin) % 4);
    if (c->short_read || fragment != 0)
        return MPS_ETHERTYPE_NONE;
    if (qos & QOS_AMSDU) {
        layer->damage |= MPS_DAMAGED(AMSDU);
        return MPS_ETHERTYPE_NONE;
    }
    return mps_link_llc(layer);
}

uint16_t mps_link_80211(MpsLayer *layer)
{
    return decode_frame(layer, false);
}

/* | version 0 | pad | length: 2 | fields present: 4, again if its bit 31 is set, ... | fields |,
 * the first two of which are a time stamp (8 bytes, aligned) and flags. */
enum {
    PRESENT_TSFT = 0x01,
    PRESENT_FLAGS = 0x02,
    FLAG_FCS = 0x10,
    FLAG_PAD = 0x20,
    FLAG_BAD = 0x40
};

uint16_t mps_link_radiotap(MpsLayer *layer)
{
    MpsCursor c = layer->c;
    const uint8_t *begin = c.at;
    uint32_t first, present;
    uint8_t flags = 0;

    mps_cursor_skip(&c, 2);

    const uint16_t length = take_le16(&c);

    for (first = present = take_le32(&c); present >> 31;)
        present = take_le32(&c);
    if (first & PRESENT_TSFT)
        mps_cursor_skip(&c, (size_t) - (c.at - begin) % 8 + 8);
    if (first & PRESENT_FLAGS)
        flags = mps_take_u8(&c);
    mps_cursor_skip(&layer->c, length);
    layer->c.short_read |= c.short_read;
    if (layer->c.short_read)
        return MPS_ETHERTYPE_NONE;
    if (length < c.at - begin) {
        layer->damage |= MPS_DAMAGED(TUNNEL_HEADER);
        return MPS_ETHERTYPE_NONE;
    }
    if (flags & FLAG_BAD) {
        layer->damage |= MPS_DAMAGED(BAD_FRAME);
        return MPS_ETHERTYPE_NONE;
    }
    if (flags & FLAG_FCS && mps_layer_wire_bytes(layer) >= 4)
        mps_layer_limit(layer, mps_layer_wire_bytes(layer) - 4);
    return decode_frame(layer, flags & FLAG_PAD);
}
