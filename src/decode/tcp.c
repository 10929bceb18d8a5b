/* tcp.c - TCP header and options, RFC 9293 section 3.1.
 *   | source port: 2 | destination port: 2 | sequence: 4 | acknowledgement: 4
 *   | header length / 4, flags: 2 | window: 2 | checksum: 2 | urgent: 2 | options | */
#include "decode/decode.h"
#include "decode/layers.h"

enum {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMP = 8,
};

enum { CHECKSUM_AT = 16, HEADER_BYTES = 20 };

/* @n_bytes of the option were captured: all of it, unless @status says otherwise. */
static void list_opaque(const uint8_t *option, size_t n_bytes, MpsOptionStatus status,
                        MpsSegment *out)
{
    MpsOpaqueOption *listed = &out->opaque[out->n_opaque++];

    *listed = (MpsOpaqueOption){
        .kind = option[0],
        .subtype = option[0] == MPS_KIND_MPTCP ? option[2] >> 4 : 0,
        .length = option[1],
        .status = (uint8_t)status,
        .n_bytes = (uint8_t)(n_bytes - 2),
    };
    memcpy(listed->bytes, option + 2, n_bytes - 2);
}

static void list_mptcp(const uint8_t *option, size_t captured_bytes, bool malformed,
                       MpsSegment *out)
{
    if (out->n_mptcp == MPS_MPTCP_OPTIONS_MAX)
        return; /* only options of two bytes, which are malformed, get here */

    MpsMptcpOption *listed = &out->mptcp[out->n_mptcp++];

    mps_mptcp_decode(option, captured_bytes, listed);
    if (malformed)
        listed->status = MPS_OPT_MALFORMED;
    listed->is_opaque = listed->subtype > MPS_MP_TCPRST && captured_bytes > 2 &&
                        listed->status != MPS_OPT_MALFORMED;
    if (listed->is_opaque)
        list_opaque(option, MIN(captured_bytes, listed->length), listed->status, out);
}

static bool is_opaque(uint8_t kind)
{
    return kind > KIND_SACK && kind != KIND_TIMESTAMP && kind != MPS_KIND_MPTCP;
}

/* One complete option other than MPTCP; a length that does not fit its kind leaves it out. */
static void decode_option(const uint8_t *option, size_t n_bytes, MpsSegment *out)
{
    MpsCursor c = {option + 2, option + n_bytes, false};

    if (option[0] == KIND_TIMESTAMP && n_bytes == 10) {
        out->tsval = mps_take_be32(&c);
        out->tsecr = mps_take_be32(&c);
        out->tcp_options |= MPS_TCPOPT_TIMESTAMP;
    } else if (option[0] == KIND_SACK && n_bytes > 2 && (n_bytes - 2) % 8 == 0) {
        out->n_sack = 0;
        while (mps_cursor_left(&c) > 0 && out->n_sack < MPS_SACK_BLOCKS_MAX) {
            out->sack[out->n_sack].begin = mps_take_be32(&c);
            out->sack[out->n_sack++].end = mps_take_be32(&c);
        }
        out->tcp_options |= MPS_TCPOPT_SACK;
    } else if (option[0] == KIND_MSS && n_bytes == 4) {
        out->mss = mps_take_be16(&c);
        out->tcp_options |= MPS_TCPOPT_MSS;
    } else if (option[0] == KIND_WSCALE && n_bytes == 3) {
        out->wscale = mps_take_u8(&c);
        out->tcp_options |= MPS_TCPOPT_WSCALE;
    } else if (option[0] == KIND_SACK_PERMITTED && n_bytes == 2) {
        out->tcp_options |= MPS_TCPOPT_SACK_PERMITTED;
    }
}

/* The option area is @area_bytes long, @captured_bytes of it are at @at. */
static void decode_options(const uint8_t *at, size_t captured_bytes, size_t area_bytes,
                           MpsSegment *out)
{
    size_t i = 0;

    while (i < captured_bytes) {
        const uint8_t kind = at[i];

        if (kind == KIND_END)
            return;
        if (kind == KIND_NOP) {
            i++;
            continue;
        }

        const size_t left = area_bytes - i, captured = captured_bytes - i;
        const size_t length = captured > 1 ? at[i + 1] : 2; /* 2: the least it can be */

        out->options_malformed = length < 2 || length > left;
        out->options_cut = !out->options_malformed && (captured < 2 || length > captured);
        if (kind == MPS_KIND_MPTCP)
            list_mptcp(at + i, captured, out->options_malformed, out);
        else if (is_opaque(kind) && captured > 1 && !out->options_malformed)
            list_opaque(at + i, MIN(length, captured),
                        out->options_cut ? MPS_OPT_TRUNCATED : MPS_OPT_OK, out);
        if (out->options_malformed || out->options_cut)
            return;
        if (kind != MPS_KIND_MPTCP)
            decode_option(at + i, length, out);
        i += length;
    }
    out->options_cut = captured_bytes < area_bytes;
}

/* Fingerprint of what stays the same from tap to tap: not TTL, DSCP, ECN and checksums. */
static uint64_t fingerprint(const MpsSegment *segment, const uint8_t *tcp, size_t captured_bytes,
                            size_t ip_payload_bytes)
{
    const uint8_t *src = segment->src.address.bytes, *dst = segment->dst.address.bytes;
    const size_t address_bytes = segment->src.address.family == 6 ? 16 : 8; /* 4, and zeros */
    uint64_t hash = (uint64_t)segment->ip_id << 16 | segment->urgent;

    hash = mps_mix(hash, ip_payload_bytes);
    hash = mps_mix_bytes(hash, src, address_bytes);
    hash = mps_mix_bytes(hash, dst, address_bytes);
    hash = mps_mix_bytes(hash, tcp, CHECKSUM_AT);
    return mps_mix_bytes(hash, tcp + HEADER_BYTES, captured_bytes - HEADER_BYTES);
}

MpsDecoded mps_decode_tcp(MpsLayer *layer, MpsSegment *out)
{
    MpsCursor *c = &layer->c;
    const uint8_t *header = c->at;
    const size_t ip_payload_bytes = mps_layer_wire_bytes(layer);

    if (ip_payload_bytes < HEADER_BYTES)
        return mps_layer_malformed(layer, MPS_DAMAGED(TCP_SHORT));
    out->src.port = mps_take_be16(c);
    out->dst.port = mps_take_be16(c);
    out->seq = mps_take_be32(c);
    out->ack = mps_take_be32(c);

    const size_t header_bytes = (mps_take_u8(c) >> 4) * 4u;

    out->flags = mps_take_u8(c);
    out->window = mps_take_be16(c);
    mps_cursor_skip(c, 2);
    out->urgent = mps_take_be16(c);
    if (c->short_read) {
        layer->damage |= MPS_DAMAGED(TCP_CUT);
        return MPS_DECODED_TRUNCATED;
    }
    if (header_bytes < HEADER_BYTES || header_bytes > ip_payload_bytes)
        return mps_layer_malformed(layer, MPS_DAMAGED(TCP_HEADER));
    if (G_UNLIKELY(out->fragment.more)) {
        out->fragment.fin = out->flags & MPS_TCP_FIN;
        out->flags &= (uint8_t)~MPS_TCP_FIN;
    }
    out->payload_bytes = (uint32_t)(ip_payload_bytes - header_bytes);
    out->tcp_options = 0;
    out->options_cut = false;
    out->options_malformed = false;
    out->mss = 0;
    out->wscale = 0;
    out->tsval = 0;
    out->tsecr = 0;
    out->n_sack = 0;
    out->n_mptcp = 0;
    out->n_opaque = 0;

    const size_t area_bytes = header_bytes - HEADER_BYTES;

    out->option_bytes = (uint8_t)area_bytes;

    const size_t captured_bytes = MIN(area_bytes, mps_cursor_left(c));

    decode_options(c->at, captured_bytes, area_bytes, out);
    out->payload = c->at + captured_bytes;
    out->captured_bytes =
        (uint32_t)MIN(mps_cursor_left(c) - captured_bytes, (size_t)out->payload_bytes);
    if (G_UNLIKELY(out->options_cut))
        layer->damage |= MPS_DAMAGED(OPTIONS_CUT);
    if (G_UNLIKELY(out->options_malformed))
        layer->damage |= MPS_DAMAGED(OPTIONS_LENGTH);
    for (unsigned i = 0; i < out->n_mptcp; i++)
        if (G_UNLIKELY(out->mptcp[i].status == MPS_OPT_MALFORMED))
            layer->damage |= MPS_DAMAGED(MPTCP_OPTION);
    out->print = fingerprint(out, header, HEADER_BYTES + captured_bytes, ip_payload_bytes);
    return MPS_DECODED_TCP;
}
