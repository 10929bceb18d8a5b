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

/* Folds @n_bytes at @bytes into @h, eight at a time. */
static inline uint64_t mps_mix_bytes(uint64_t h, const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;
    uint64_t word;

    for (; n_bytes >= sizeof word; at += sizeof word, n_bytes -= sizeof word) {
        memcpy(&word, at, sizeof word);
        h = mps_mix(h, word);
    }
    if (n_bytes > 0) {
        word = 0;
        memcpy(&word, at, n_bytes);
        h = mps_mix(h, word ^ (uint64_t)n_bytes << 56);
    }
    return h;
}

#endif
