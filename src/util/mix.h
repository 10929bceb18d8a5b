/* mix.h - a fast 64-bit multiply-mix hash for tables and fingerprints; not cryptographic. */
#ifndef MPS_UTIL_MIX_H
#define MPS_UTIL_MIX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Folds @value into the running hash @h. */
static inline uint64_t mps_mix(uint64_t h, uint64_t value)
{
    const __uint128_t product =
        (__uint128_t)(h ^ value ^ 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Folds the eight bytes at @at into @h. */
static inline uint64_t mps_mix_at(uint64_t h, const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return mps_mix(h, word);
}

/* Folds @n_bytes at @bytes into @h, eight at a time. */
static inline uint64_t mps_mix_bytes(uint64_t h, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes, *const end = at + n_bytes;
    uint64_t word = 0;
    uint32_t half;

    for (; end - at >= 8; at += 8)
        h = mps_mix_at(h, at);
    if (at == end)
        return h;
    if (end - at == 4) { /* the end of TCP options, mostly: a load, no call of memcpy() */
        memcpy(&half, at, 4);
        word = half;
    } else {
        word = 0;
        memcpy(&word, at, (size_t)(end - at));
    }
    return mps_mix(h, word ^ (uint64_t)(end - at) << 56);
}

#endif
