/* layers.h - what the link, network and transport decoders hand to each other; private to decode.
 */
#ifndef MPS_DECODE_LAYERS_H
#define MPS_DECODE_LAYERS_H

#include <mptcpscope/packet.h>
#include <mptcpscope/segment.h>

#include "util/cursor.h"
#include "util/mix.h"

enum {
    MPS_ETHERTYPE_NONE = 0,
    MPS_ETHERTYPE_IPV4 = 0x0800,
    MPS_ETHERTYPE_IPV6 = 0x86dd,
    MPS_ETHERTYPE_BRIDGED = 0x6558, /* an Ethernet frame within (RFC 1701) */
};

/* The rest of a packet, from the next layer's first byte on. */
typedef struct {
    MpsCursor c;       /* captured bytes */
    size_t uncaptured; /* bytes on the wire behind c.end */
    size_t elsewhere;  /* at most so many more in later fragments of the datagram around it */
    uint64_t place;    /* grows towards MpsSegment.place */
    uint64_t damage;   /* MPS_DAMAGED() set so far */
    int protocol;      /* MPS_DECODED_OTHER from a network decoder: of what follows; -1 nothing */
    bool verify;       /* checksums, too */
    bool routed;       /* the destination in the IP header is not the last one */
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
static inline MpsDecoded mps_layer_short(MpsLayer *layer, uint64_t cut, uint64_t never_there)
{
    const bool is_cut = layer->uncaptured > 0;

    layer->damage |= is_cut ? cut : never_there;
    return is_cut ? MPS_DECODED_TRUNCATED : MPS_DECODED_MALFORMED;
}

static inline MpsDecoded mps_layer_malformed(MpsLayer *layer, uint64_t damage)
{
    layer->damage |= damage;
    return MPS_DECODED_MALFORMED;
}

/* Link decoders take the link header off and return the ethertype of what follows, 0 if it has
 * none.  A header that is not all there leaves c.short_read set. */
#define MPS_LINK(value, name, fn) uint16_t mps_link_##fn(MpsLayer *layer);
#include "decode/links.def"
#undef MPS_LINK

/* Tunnel decoders take their header off, fill the id of @out if it has one, and return the
 * ethertype of what follows, 0 if it cannot be read; a header that contradicts itself is damage. */
#define MPS_TUNNEL(space, value, name, fn)                                                         \
    uint16_t mps_tunnel_##fn(MpsLayer *layer, MpsTunnel *out);
#include "decode/tunnels.def"
#undef MPS_TUNNEL

/* Takes off the tunnel behind @ethertype, or behind layer->protocol in IP if @ethertype is that of
 * IP, whose addresses @out holds, and adds it to @out.  Returns MPS_DECODED_TCP to go on with
 * *ethertype. */
MpsDecoded mps_decode_tunnel(MpsLayer *layer, MpsSegment *out, uint16_t *ethertype);

/* | destination SAP, source SAP 0xaa | control 3 | organization 0: 3 | ethertype: 2 | (IEEE 802.2,
 * RFC 1042); returns the ethertype, 0 for any other LLC. */
uint16_t mps_link_llc(MpsLayer *layer);

/* Takes off any stack of VLAN tags behind @ethertype; returns the ethertype within. */
uint16_t mps_link_vlan(MpsLayer *layer, uint16_t ethertype);

/* An address of @n_bytes in a field of eight as one word; bytes behind it are not defined. */
uint64_t mps_link_address(MpsLayer *layer, size_t n_bytes);

/* Network decoders fill addresses, ip_id and fragment, mix hop limit into the place, and leave
 * @layer behind the header.  They return MPS_DECODED_TCP or MPS_DECODED_ICMP to go on,
 * MPS_DECODED_FRAGMENT within the TCP of a datagram, or MPS_DECODED_OTHER with layer->protocol. */
MpsDecoded mps_decode_ipv4(MpsLayer *layer, MpsSegment *out);
MpsDecoded mps_decode_ipv6(MpsLayer *layer, MpsSegment *out);

/* Fills all but packet identity from @layer, which stands at the ICMP header of a packet whose
 * addresses @outer holds.  False if it is no error message about TCP. */
bool mps_decode_icmp(MpsLayer *layer, const MpsSegment *outer, MpsIcmpError *out);

/* Adds to the damage what is wrong with the IPv4 header of @n_bytes at @header, all captured. */
void mps_verify_ipv4(MpsLayer *layer, const uint8_t *header, size_t n_bytes);

/* The same for the TCP segment that @layer stands at, with the addresses of @out. */
void mps_verify_tcp(MpsLayer *layer, const MpsSegment *out);

/* Fills all the rest but packet identity and place. */
MpsDecoded mps_decode_tcp(MpsLayer *layer, MpsSegment *out);

#endif
