/* fuzz_ip.c - any bytes as an IP header and what follows, of version 4 or 6: | version, elsewhere:
 * 1 | bytes on the wire alone: 1 | bytes |.  Promises: headers lie within the packet, what they say
 * does not depend on how much was captured behind them, verifying adds damage and changes nothing
 * else, what is damaged says so, and no datagram is longer than the wire has room for. */
#include <string.h>

#include "layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

typedef MpsDecoded Decoder(MpsLayer *layer, MpsSegment *out);

static void assert_same_header(const MpsSegment *a, const MpsSegment *b)
{
    g_assert_cmpint(a->src.address.family, ==, b->src.address.family);
    g_assert_true(memcmp(a->src.address.bytes, b->src.address.bytes, 16) == 0);
    g_assert_true(memcmp(a->dst.address.bytes, b->dst.address.bytes, 16) == 0);
    g_assert_cmpuint(a->ip_id, ==, b->ip_id);
    g_assert_cmpuint(a->fragment.id, ==, b->fragment.id);
    g_assert_cmpuint(a->fragment.offset_bytes, ==, b->fragment.offset_bytes);
    g_assert_true(a->fragment.more == b->fragment.more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    if (n_bytes < 2)
        return 0;

    Decoder *decode = data[0] & 1 ? mps_decode_ipv6 : mps_decode_ipv4;
    const size_t n = n_bytes - 2;
    g_autofree uint8_t *own = own_bytes(data + 2, n);
    MpsLayer before = layer_at(own, n, data[1]);

    before.elsewhere = data[0] & 2 ? 65535 : 0;

    MpsLayer whole = before, verified = before;
    MpsSegment first = {0}, second = {0};
    const MpsDecoded decoded = decode(&whole, &first);

    verified.verify = true;
    g_assert_cmpint(decode(&verified, &second), ==, decoded);
    g_assert_cmphex(verified.damage & whole.damage, ==, whole.damage);
    if (decoded == MPS_DECODED_TRUNCATED || decoded == MPS_DECODED_MALFORMED) {
        g_assert_cmphex(whole.damage, !=, 0);
        return 0;
    }
    assert_same_header(&first, &second);
    g_assert_true(whole.c.at >= own && whole.c.at <= whole.c.end && whole.c.end <= own + n);
    g_assert_cmpuint(mps_layer_wire_bytes(&whole), <=,
                     n + data[1] + before.elsewhere - (size_t)(whole.c.at - own));
    g_assert_cmphex(whole.damage >> MPS_N_DAMAGES, ==, 0);
    g_assert_true((decoded == MPS_DECODED_FRAGMENT) ==
                  (first.fragment.offset_bytes > 0 && decoded != MPS_DECODED_OTHER));

    const size_t header_bytes = (size_t)(whole.c.at - own);
    g_autofree uint8_t *head = own_bytes(own, header_bytes);
    MpsLayer bare = layer_at(head, header_bytes, n - header_bytes + data[1]);
    MpsSegment third = {0};

    g_assert_cmpuint(header_bytes, >=, data[0] & 1 ? 40 : 20);
    bare.elsewhere = before.elsewhere;
    g_assert_cmpint(decode(&bare, &third), ==, decoded);
    assert_same_header(&first, &third);
    g_assert_cmpuint(mps_layer_wire_bytes(&bare), ==, mps_layer_wire_bytes(&whole));
    g_assert_cmphex(bare.place, ==, whole.place);
    g_assert_cmpint(bare.protocol, ==, whole.protocol);
    g_assert_cmphex(bare.damage, ==, whole.damage);
    bare = layer_at(head, header_bytes - 1, n - header_bytes + data[1] + 1);
    bare.elsewhere = before.elsewhere;
    g_assert_cmpint(decode(&bare, &third), ==, MPS_DECODED_TRUNCATED);
    return 0;
}
