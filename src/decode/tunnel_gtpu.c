/* tunnel_gtpu.c - GTP-U version 1, 3GPP TS 29.281 section 5.
 *   | version 1: 3 bits, PT 1, reserved, E S PN | message type | length: 2 | TEID: 4
 *   | sequence: 2, N-PDU: 1, next extension: 1, if E, S or PN
 *   | { length / 4, content, next extension } ..., if E | IP packet |
 * The length counts what follows the TEID.  Only G-PDUs carry packets. */
#include "decode/layers.h"

enum { GTP_E = 0x04, GTP_S_PN = 0x03, G_PDU = 255 };

/* More extension headers than this are refused as malformed. */
#define EXTENSIONS_MAX 16

static void skip_extensions(MpsLayer *layer, uint8_t next)
{
    for (unsigned n = 0; next != 0 && !layer->c.short_read; n++) {
        const uint8_t words = mps_take_u8(&layer->c);

        if (n == EXTENSIONS_MAX || (words == 0 && !layer->c.short_read)) {
            layer->damage |= MPS_DAMAGED(TUNNEL_HEADER);
            return;
        }
        mps_cursor_skip(&layer->c, words * 4u - 2u);
        next = mps_take_u8(&layer->c);
    }
}

uint16_t mps_tunnel_gtpu(MpsLayer *layer, MpsTunnel *out)
{
    MpsCursor *c = &layer->c;
    const uint8_t flags = mps_take_u8(c);
    const uint8_t type = mps_take_u8(c);
    const uint16_t length = mps_take_be16(c);

    out->id = mps_take_be32(c);
    out->has_id = true;
    if (c->short_read || flags >> 4 != 3 || type != G_PDU)
        return MPS_ETHERTYPE_NONE;
    if (length < mps_layer_wire_bytes(layer))
        mps_layer_limit(layer, length);
    if (flags & (GTP_E | GTP_S_PN)) {
        mps_cursor_skip(c, 3);

        const uint8_t next = mps_take_u8(c);

        if (flags & GTP_E)
            skip_extensions(layer, next);
    }
    return c->short_read ? MPS_ETHERTYPE_NONE : mps_link_raw(layer);
}
