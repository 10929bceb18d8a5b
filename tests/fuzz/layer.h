/* layer.h - what the fuzz targets of one layer share: a packet that stands at it, and what holds
 * for every decoder. */
#ifndef TESTS_FUZZ_LAYER_H
#define TESTS_FUZZ_LAYER_H

#include "decode/layers.h"

/* A block of their own, even if there are none: ASan sees any overread. */
static inline uint8_t *own_bytes(const uint8_t *bytes, size_t n_bytes)
{
    uint8_t *own = g_malloc(MAX(n_bytes, 1));

    memcpy(own, bytes, n_bytes);
    return own;
}

/* The layer's bytes, of which the last @uncaptured are only on the wire. */
static inline MpsLayer layer_at(const uint8_t *bytes, size_t n_bytes, size_t uncaptured)
{
    return (MpsLayer){.c = {bytes, bytes + n_bytes, false}, .uncaptured = uncaptured};
}

/* A decoder goes forward within the packet, and finds no bytes that are not there. */
static inline void assert_forward(const MpsLayer *before, const MpsLayer *after)
{
    g_assert_true(after->c.at >= before->c.at);
    g_assert_true(after->c.at <= after->c.end);
    g_assert_true(after->c.end <= before->c.end);
    g_assert_cmpuint(mps_layer_wire_bytes(after), <=,
                     mps_layer_wire_bytes(before) - (size_t)(after->c.at - before->c.at));
    g_assert_cmphex(after->damage & before->damage, ==, before->damage);
    g_assert_cmphex(after->damage >> MPS_N_DAMAGES, ==, 0);
}

#endif
