/* layers.h - what the link, network and transport decoders hand to each other; private to decode.
 */
#ifndef MPS_DECODE_LAYERS_H
#define MPS_DECODE_LAYERS_H

#include <mptcpscope/packet.h>
#include <mptcpscope/segment.h>

#include "util/cursor.h"
#include "util/mix.h"

enum { MPS_ETHERTYPE_IPV4 = 0x0800, MPS_ETHERTYPE_IPV6 = 0x86dd };

/* The rest of a packet, from the next layer's first byte on. */
typedef struct {
    MpsCursor c;       /* captured bytes */
    size_t uncaptured; /* bytes on the wire behind c.end */
    uint64_t place;    /* grows towards MpsSegment.place */
} MpsLayer;

static inline size_t mps_layer_wire_bytes(const MpsLayer *layer)
{
    return mps_cursor_left(&layer->c) + layer->uncaptured;
}

/* The layer is @n_bytes long, at most mps_layer_wire_bytes(): what follows is padding. */
static inline void mps_layer_limit(MpsLayer *layer, size_t n_bytes)
{
    const size_t captured = mps_cursor_left(&layer->c);

    layer->uncaptured = n_bytes > captured ? n_bytes - captured : 0;
    if (n_bytes < captured)
        layer->c.end = layer->c.at + n_bytes;
}

/* What a short read means: the capture was cut, or the packet never had these bytes. */
static inline MpsDecoded mps_layer_short(const MpsLayer *layer)
{
    return layer->uncaptured > 0 ? MPS_DECODED_TRUNCATED : MPS_DECODED_MALFORMED;
}

/* Link decoders take the link header off and return the ethertype of what follows, 0 if it has
 * none.  A header that is not all there leaves c.short_read set. */
#define MPS_LINK(value, name, fn) uint16_t mps_link_##fn(MpsLayer *layer);
#include "decode/links.def"
#undef MPS_LINK

/* Takes off any stack of VLAN tags behind @ethertype; returns the ethertype within. */
uint16_t mps_link_vlan(MpsLayer *layer, uint16_t ethertype);

/* An address of @n_bytes in a field of eight as one word; bytes behind it are not defined. */
uint64_t mps_link_address(MpsLayer *layer, size_t n_bytes);

/* Network decoders fill addresses and ip_id, mix hop limit into the place, and leave @layer at the
 * TCP or ICMP header.  They return MPS_DECODED_TCP or MPS_DECODED_ICMP to go on. */
MpsDecoded mps_decode_ipv4(MpsLayer *layer, MpsSegment *out);
MpsDecoded mps_decode_ipv6(MpsLayer *layer, MpsSegment *out);

/* Fills all but packet identity from @layer, which stands at the ICMP header of a packet whose
 * addresses @outer holds.  False if it is no error message about TCP. */
bool mps_decode_icmp(MpsLayer *layer, const MpsSegment *outer, MpsIcmpError *out);

/* Fills all the rest but packet identity and place. */
MpsDecoded mps_decode_tcp(MpsLayer *layer, MpsSegment *out);

#endif
