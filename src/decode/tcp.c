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

/* Returns the damage. */
static uint64_t list_mptcp(const uint8_t *option, size_t captured_bytes, bool malformed,
                           MpsSegment *out)
{
    if (out->n_mptcp == MPS_MPTCP_OPTIONS_MAX)
        return 0; /* only options of two bytes, which are malformed, get here */

    MpsMptcpOption *listed = &out->mptcp[out->n_mptcp++];

    mps_mptcp_decode(option, captured_bytes, listed);
    if (malformed)
        listed->status = MPS_OPT_MALFORMED;
    if (G_UNLIKELY(listed->status == MPS_OPT_MALFORMED))
        return MPS_DAMAGED(MPTCP_OPTION);
    if (listed->subtype > MPS_MP_TCPRST && captured_bytes > 2) {
        listed->is_opaque = true;
        list_opaque(option, MIN(captured_bytes, listed->length), listed->status, out);
    }
    return 0;
}

static bool is_opaque(uint8_t kind)
{
    return kind > KIND_SACK && kind != KIND_TIMESTAMP && kind != MPS_KIND_MPTCP;
}

/* One complete option of a kind that has a place in the segment; a length that does not fit its
 * kind leaves it out. */
static void decode_known(const uint8_t *option, size_t n_bytes, MpsSegment *out)
{
    if (option[0] == KIND_TIMESTAMP && n_bytes == 10) {
        out->tsval = mps_be32(option + 2);
        out->tsecr = mps_be32(option + 6);
        out->tcp_options |= MPS_TCPOPT_TIMESTAMP;
    } else if (option[0] == KIND_SACK && n_bytes > 2 && (n_bytes - 2) % 8 == 0) {
        out->n_sack = 0;
        for (size_t at = 2; at < n_bytes && out->n_sack < MPS_SACK_BLOCKS_MAX; at += 8) {
            out->sack[out->n_sack].begin = mps_be32(option + at);
            out->sack[out->n_sack++].end = mps_be32(option + at + 4);
        }
        out->tcp_options |= MPS_TCPOPT_SACK;
    } else if (option[0] == KIND_MSS && n_bytes == 4) {
        out->mss = mps_be16(option + 2);
        out->tcp_options |= MPS_TCPOPT_MSS;
    } else if (option[0] == KIND_WSCALE && n_bytes == 3) {
        out->wscale = option[2];
        out->tcp_options |= MPS_TCPOPT_WSCALE;
    } else if (option[0] == KIND_SACK_PERMITTED && n_bytes == 2) {
        out->tcp_options |= MPS_TCPOPT_SACK_PERMITTED;
    }
}

/* The last option: one that leaves the area, @area_bytes more, or what was captured of it.  Returns
 * the damage. */
static uint64_t decode_broken(const uint8_t *option, size_t captured_bytes, size_t area_bytes,
                              MpsSegment *out)
{
    const size_t length = captured_bytes > 1 ? option[1] : 2; /* 2: the least it can be */
    uint64_t damage = 0;

    out->options_malformed = length < 2 || length > area_bytes;
    out->options_cut = !out->options_malformed;
    if (option[0] == MPS_KIND_MPTCP)
        damage = list_mptcp(option, captured_bytes, out->options_malformed, out);
    else if (is_opaque(option[0]) && captured_bytes > 1 && out->options_cut)
        list_opaque(option, captured_bytes, MPS_OPT_TRUNCATED, out);
    return damage |
           (out->options_malformed ? MPS_DAMAGED(OPTIONS_LENGTH) : MPS_DAMAGED(OPTIONS_CUT));
}

/* The option area is @area_bytes long, @captured_bytes of it are at @at.  Returns the damage. */
static uint64_t decode_options(const uint8_t *at, size_t captured_bytes, size_t area_bytes,
                               MpsSegment *out)
{
    const uint8_t *const end = at + captured_bytes;
    uint64_t damage = 0;

    while (at < end) {
        const uint8_t kind = *at;

        if (kind == KIND_NOP) {
            at++;
            continue;
        }
        if (kind == KIND_END)
            return damage;

        const size_t left = (size_t)(end - at);

        if (G_UNLIKELY(left < 2 || at[1] < 2 || at[1] > left))
            return damage | decode_broken(at, left, left + area_bytes - captured_bytes, out);
        if (kind == MPS_KIND_MPTCP)
            damage |= list_mptcp(at, at[1], false, out);
        else if (is_opaque(kind))
            list_opaque(at, at[1], MPS_OPT_OK, out);
        else
            decode_known(at, at[1], out);
        at += at[1];
    }
    out->options_cut = captured_bytes < area_bytes;
    return out->options_cut ? damage | MPS_DAMAGED(OPTIONS_CUT) : damage;
}

/* Fingerprint of what stays the same from tap to tap: not TTL, DSCP, ECN and checksums. */
static uint64_t fingerprint(const MpsSegment *segment, const uint8_t *tcp, size_t captured_bytes,
                            size_t ip_payload_bytes)
{
    const uint8_t *src = segment->src.address.bytes, *dst = segment->dst.address.bytes;
    uint64_t hash =
        (uint64_t)ip_payload_bytes << 32 | (uint64_t)segment->ip_id << 16 | segment->urgent;

    if (segment->src.address.family == 4) {
        hash = mps_mix(hash, (uint64_t)mps_be32(src) << 32 | mps_be32(dst));
    } else {
        hash = mps_mix_bytes(hash, src, sizeof segment->src.address.bytes);
        hash = mps_mix_bytes(hash, dst, sizeof segment->dst.address.bytes);
    }
    hash = mps_mix_at(hash, tcp);
    hash = mps_mix_at(hash, tcp + CHECKSUM_AT - 8);
    /* Options by themselves: half as many multiplications have to wait for one another. */
    return mps_mix(hash, mps_mix_bytes(0, tcp + HEADER_BYTES, captured_bytes - HEADER_BYTES));
}

MpsDecoded mps_decode_tcp(MpsLayer *layer, MpsSegment *out)
{
    MpsCursor *c = &layer->c;
    const size_t ip_payload_bytes = mps_layer_wire_bytes(layer);
    const uint8_t *const header = mps_take_bytes(c, HEADER_BYTES);

    if (ip_payload_bytes < HEADER_BYTES)
        return mps_layer_malformed(layer, MPS_DAMAGED(TCP_SHORT));
    if (!header) {
        layer->damage |= MPS_DAMAGED(TCP_CUT);
        return MPS_DECODED_TRUNCATED;
    }

    const size_t header_bytes = (header[12] >> 4) * 4u;

    if (header_bytes < HEADER_BYTES || header_bytes > ip_payload_bytes)
        return mps_layer_malformed(layer, MPS_DAMAGED(TCP_HEADER));

    const size_t area_bytes = header_bytes - HEADER_BYTES;
    const size_t captured_bytes = MIN(area_bytes, mps_cursor_left(c));

    out->src.port = mps_be16(header);
    out->dst.port = mps_be16(header + 2);
    out->seq = mps_be32(header + 4);
    out->ack = mps_be32(header + 8);
    out->flags = header[13];
    out->window = mps_be16(header + 14);
    out->urgent = mps_be16(header + 18);
    if (G_UNLIKELY(out->fragment.more)) {
        out->fragment.fin = out->flags & MPS_TCP_FIN;
        out->flags &= (uint8_t)~MPS_TCP_FIN;
    }
    out->payload_bytes = (uint32_t)(ip_payload_bytes - header_bytes);
    out->tcp_options = 0;
    out->options_cut = false;
    out->options_malformed = false;
    out->option_bytes = (uint8_t)area_bytes;
    out->mss = 0;
    out->wscale = 0;
    out->tsval = 0;
    out->tsecr = 0;
    out->n_sack = 0;
    out->n_mptcp = 0;
    out->n_opaque = 0;
    layer->damage |= decode_options(c->at, captured_bytes, area_bytes, out);
    out->payload = c->at + captured_bytes;
    out->captured_bytes =
        (uint32_t)MIN(mps_cursor_left(c) - captured_bytes, (size_t)out->payload_bytes);
    out->print = fingerprint(out, header, HEADER_BYTES + captured_bytes, ip_payload_bytes);
    return MPS_DECODED_TCP;
}
