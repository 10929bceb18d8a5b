/* fuzz_tcp.c - any bytes as a TCP header with options: | bytes on the wire alone: 1 | bytes |.
 * Promises: header and payload make up the segment; options do not depend on how much of the
 * payload was captured, and those of a cut header are the first of those of the whole one; their
 * lists stay in bounds. */
#include <string.h>

#include "layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

enum { HEADER_BYTES = 20 };

static void assert_same(const MpsSegment *a, const MpsSegment *b)
{
    g_assert_cmpuint(a->seq, ==, b->seq);
    g_assert_cmpuint(a->ack, ==, b->ack);
    g_assert_cmpuint(a->flags, ==, b->flags);
    g_assert_cmpuint(a->payload_bytes, ==, b->payload_bytes);
    g_assert_cmpuint(a->option_bytes, ==, b->option_bytes);
}

static void assert_lists(const MpsSegment *a, const MpsSegment *b, unsigned n_mptcp,
                         unsigned n_opaque)
{
    for (unsigned i = 0; i < n_mptcp; i++) {
        g_assert_cmpuint(a->mptcp[i].subtype, ==, b->mptcp[i].subtype);
        g_assert_cmpuint(a->mptcp[i].status, ==, b->mptcp[i].status);
        g_assert_cmpuint(a->mptcp[i].length, ==, b->mptcp[i].length);
    }
    for (unsigned i = 0; i < n_opaque; i++) {
        g_assert_cmpuint(a->opaque[i].n_bytes, ==, b->opaque[i].n_bytes);
        g_assert_true(memcmp(a->opaque[i].bytes, b->opaque[i].bytes, a->opaque[i].n_bytes) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes < 1)
        return 0;

    const size_t n = n_bytes - 1;
    g_autofree uint8_t *own = own_bytes(data + 1, n);
    const MpsLayer before = layer_at(own, n, data[0]);
    MpsLayer layer = before;
    MpsSegment first = {.src.address.family = 4, .dst.address.family = 4};
    MpsSegment second = first;
    const MpsDecoded decoded = mps_decode_tcp(&layer, &first);

    assert_forward(&before, &layer);
    g_assert_true(decoded == MPS_DECODED_TCP || decoded == MPS_DECODED_TRUNCATED ||
                  decoded == MPS_DECODED_MALFORMED);
    if (decoded != MPS_DECODED_TCP) {
        g_assert_cmphex(layer.damage, !=, 0);
        return 0;
    }

    const size_t header_bytes = HEADER_BYTES + first.option_bytes;

    g_assert_cmpuint(header_bytes + first.payload_bytes, ==, n + data[0]);
    g_assert_cmpuint(first.captured_bytes, ==, n > header_bytes ? n - header_bytes : 0);
    g_assert_cmpuint(first.n_mptcp, <=, MPS_MPTCP_OPTIONS_MAX);
    g_assert_cmpuint(first.n_opaque, <=, MPS_OPAQUE_OPTIONS_MAX);
    g_assert_cmpuint(first.n_sack, <=, MPS_SACK_BLOCKS_MAX);
    g_assert_false(first.options_cut && first.options_malformed);
    if (n >= header_bytes) {
        g_autofree uint8_t *head = own_bytes(own, header_bytes);

        layer = layer_at(head, header_bytes, n + data[0] - header_bytes);
        g_assert_cmpint(mps_decode_tcp(&layer, &second), ==, MPS_DECODED_TCP);
        assert_same(&first, &second);
        g_assert_cmphex(first.print, ==, second.print);
        g_assert_cmpuint(first.tcp_options, ==, second.tcp_options);
        g_assert_cmpuint(first.n_mptcp, ==, second.n_mptcp);
        g_assert_cmpuint(first.n_opaque, ==, second.n_opaque);
        assert_lists(&first, &second, first.n_mptcp, first.n_opaque);
        g_assert_false(second.options_cut);
    }

    const size_t cut = HEADER_BYTES + (header_bytes - HEADER_BYTES) / 2;

    if (cut < MIN(n, header_bytes)) {
        g_autofree uint8_t *head = own_bytes(own, cut);

        layer = layer_at(head, cut, n + data[0] - cut);
        second = (MpsSegment){.src.address.family = 4, .dst.address.family = 4};
        g_assert_cmpint(mps_decode_tcp(&layer, &second), ==, MPS_DECODED_TCP);
        assert_same(&first, &second);
        g_assert_cmpuint(second.n_mptcp, <=, first.n_mptcp);
        g_assert_cmpuint(second.n_opaque, <=, first.n_opaque);
        assert_lists(&first, &second, MAX(second.n_mptcp, 1) - 1, MAX(second.n_opaque, 1) - 1);
    }
    return 0;
}
