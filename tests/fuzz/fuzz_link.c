/* fuzz_link.c - any bytes as a packet of any link type: | its number: 2, big endian |
 * bytes on the wire alone: 1 | bytes |.  Promises: the link header lies within the packet; what
 * follows depends on the header alone, not on how much was captured behind it; a header that was
 * cut is a short read. */
#include <string.h>

#include "layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

typedef uint16_t Decoder(MpsLayer *layer);

static Decoder *decoder_of(int link_type)
{
    switch (link_type) {
#define MPS_LINK(value, name, fn)                                                                  \
    case value:                                                                                    \
        return mps_link_##fn;
#include "decode/links.def"
#undef MPS_LINK
    default:
        return NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    Decoder *decode = n_bytes < 3 ? NULL : decoder_of(data[0] << 8 | data[1]);

    if (!decode)
        return 0;

    const size_t n = n_bytes - 3;
    g_autofree uint8_t *own = own_bytes(data + 3, n);
    const MpsLayer before = layer_at(own, n, data[2]);
    MpsLayer whole = before;
    const uint16_t ethertype = decode(&whole);

    assert_forward(&before, &whole);
    if (whole.c.short_read || ethertype == MPS_ETHERTYPE_NONE)
        return 0;

    /* Raw IP and MPLS are told what follows by its first byte. */
    const size_t header_bytes = (size_t)(whole.c.at - own);
    const size_t kept = MIN(header_bytes + 1, n);
    g_autofree uint8_t *head = own_bytes(own, kept);
    MpsLayer bare = layer_at(head, kept, n - kept + data[2]);

    g_assert_cmphex(decode(&bare), ==, ethertype);
    g_assert_false(bare.c.short_read);
    g_assert_true(bare.c.at == head + header_bytes);
    g_assert_cmpuint(mps_layer_wire_bytes(&bare), ==, mps_layer_wire_bytes(&whole));
    g_assert_cmphex(bare.place, ==, whole.place);
    g_assert_cmphex(bare.damage, ==, whole.damage);
    if (header_bytes == 0)
        return 0;
    bare = layer_at(head, header_bytes - 1, n - header_bytes + data[2] + 1);
    (void)decode(&bare);
    g_assert_true(bare.c.short_read);
    return 0;
}
