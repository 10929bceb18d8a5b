/* fuzz_decode.c - any bytes as a packet: | link type: 2, big endian | uncaptured bytes: 2 | bytes
 * |. Promises: a segment never claims more payload than was on the wire (in a tunnel, than fits
 * into a datagram, the rest of which may be in other fragments), its lists stay in bounds, entries
 * beyond them are not touched, decoding twice gives the same, and verifying checksums adds damage
 * and changes nothing else.  What cannot be read is damaged. */
#include <string.h>

#include <glib.h>

#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

/* Complete or cut, never malformed, and without a name. */
static void check_opaque(const MpsSegment *segment)
{
    unsigned n_mptcp = 0;

    g_assert_cmpuint(segment->n_opaque, <=, MPS_OPAQUE_OPTIONS_MAX);
    for (unsigned i = 0; i < segment->n_opaque; i++) {
        const MpsOpaqueOption *option = &segment->opaque[i];

        g_assert_null(option->name);
        g_assert_cmpuint(option->n_bytes, <=, sizeof option->bytes);
        if (option->status == MPS_OPT_OK)
            g_assert_cmpuint(option->n_bytes + 2, ==, option->length);
        else
            g_assert_true(segment->options_cut && option->n_bytes + 2 < option->length);
        if (option->kind == MPS_KIND_MPTCP)
            g_assert_cmpuint(option->bytes[0] >> 4, ==, option->subtype);
        n_mptcp += option->kind == MPS_KIND_MPTCP;
    }
    for (unsigned i = 0; i < segment->n_mptcp; i++)
        n_mptcp -= segment->mptcp[i].is_opaque;
    g_assert_cmpuint(n_mptcp, ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes < 4)
        return 0;

    g_autofree uint8_t *own = g_memdup2(data + 4, n_bytes - 4); /* ASan sees any overread */
    const MpsPacket packet = {
        .ts_ns = 1,
        .number = 1,
        .capture_id = 1,
        .link_type = data[0] << 8 | data[1],
        .wire_bytes = (uint32_t)(n_bytes - 4 + (size_t)(data[2] << 8 | data[3])),
        .captured_bytes = (uint32_t)(n_bytes - 4),
        .bytes = own,
    };
    MpsSegment first, second;

    memset(&first, 0xaa, sizeof first);
    memset(&second, 0x55, sizeof second);

    const MpsDecoded decoded = mps_decode_packet(&packet, &first);

    MpsSegment verified;

    g_assert_cmpint(mps_decode_packet(&packet, &second), ==, decoded);
    g_assert_cmpint(mps_decode_verified(&packet, &verified), ==, decoded);
    g_assert_cmpint(decoded, <=, MPS_DECODED_LINK);
    g_assert_cmphex(first.damage, ==, second.damage);
    g_assert_cmphex(first.damage & verified.damage, ==, first.damage);
    if (decoded == MPS_DECODED_TRUNCATED || decoded == MPS_DECODED_MALFORMED)
        g_assert_cmphex(first.damage, !=, 0);
    g_assert_cmphex(first.damage >> MPS_N_DAMAGES, ==, 0);
    if (decoded == MPS_DECODED_FRAGMENT) {
        g_assert_cmpuint(first.fragment.offset_bytes, >, 0);
        g_assert_cmpuint(first.payload_bytes, <=,
                         (first.n_tunnels > 0 ? MAX(packet.wire_bytes, 65535) : packet.wire_bytes) -
                             20);
        g_assert_cmpuint(first.captured_bytes, <=, first.payload_bytes);
    }
    if (decoded != MPS_DECODED_TCP)
        return 0;
    g_assert_cmpuint(first.n_tunnels, <=, MPS_TUNNELS_MAX);
    if (first.n_tunnels > 0)
        g_assert_cmpuint(first.payload_bytes, <=, MAX(packet.wire_bytes, 65535) - 40);
    else
        g_assert_cmpuint(first.payload_bytes, <=, packet.wire_bytes - 40); /* the least headers */
    g_assert_cmpuint(first.n_mptcp, <=, MPS_MPTCP_OPTIONS_MAX);
    g_assert_cmpuint(first.n_sack, <=, MPS_SACK_BLOCKS_MAX);
    g_assert_false(first.options_cut && first.options_malformed);
    if (first.options_cut)
        g_assert_cmpuint(packet.captured_bytes, <, packet.wire_bytes);
    if (first.n_mptcp < MPS_MPTCP_OPTIONS_MAX)
        g_assert_cmphex(first.mptcp[first.n_mptcp].status, ==, 0xaa);
    g_assert_cmphex(first.print, ==, second.print);
    g_assert_cmphex(first.place, ==, second.place);
    g_assert_cmpuint(first.n_mptcp, ==, second.n_mptcp);
    for (unsigned i = 0; i < first.n_mptcp; i++) {
        g_assert_cmpuint(first.mptcp[i].subtype, <=, 0xf);
        g_assert_cmpuint(first.mptcp[i].status, <=, MPS_OPT_MALFORMED);
        if (first.mptcp[i].status == MPS_OPT_OK)
            g_assert_cmpuint(first.mptcp[i].length, <=, 40);
        if (first.mptcp[i].status == MPS_OPT_TRUNCATED)
            g_assert_true(first.options_cut);
    }
    if (first.n_opaque < MPS_OPAQUE_OPTIONS_MAX)
        g_assert_cmphex(first.opaque[first.n_opaque].status, ==, 0xaa);
    check_opaque(&first);
    return 0;
}
