/* cursor.h - a read position over borrowed bytes that cannot overrun.
 *
 * A read that would pass @end returns 0 and sets @short_read, so a decoder reads its fields
 * straight through and its caller looks once. */
#ifndef MPS_UTIL_CURSOR_H
#define MPS_UTIL_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

typedef struct {
    const uint8_t *at, *end;
    bool short_read;
} MpsCursor;

static inline size_t mps_cursor_left(const MpsCursor *c)
{
    return (size_t)(c->end - c->at);
}

static inline void mps_cursor_skip(MpsCursor *c, size_t n_bytes)
{
    if (mps_cursor_left(c) < n_bytes) {
        c->at = c->end;
        c->short_read = true;
        return;
    }
    c->at += n_bytes;
}

/* Copies @n_bytes to @out, or zeroes it on a short read. */
static inline void mps_cursor_take(MpsCursor *c, void *out, size_t n_bytes)
{
    if (mps_cursor_left(c) < n_bytes) {
        memset(out, 0, n_bytes);
        c->at = c->end;
        c->short_read = true;
        return;
    }
    memcpy(out, c->at, n_bytes);
    c->at += n_bytes;
}

/* Goes over the next @n_bytes and returns where they lie, to be read with mps_be16() and
 * mps_be32(); NULL on a short read. */
static inline const uint8_t *mps_take_bytes(MpsCursor *c, size_t n_bytes)
{
    const uint8_t *at = c->at;

    mps_cursor_skip(c, n_bytes);
    return c->short_read ? NULL : at;
}

static inline uint16_t mps_be16(const uint8_t *at)
{
    uint16_t wire;

    memcpy(&wire, at, sizeof wire);
    return GUINT16_FROM_BE(wire);
}

static inline uint32_t mps_be32(const uint8_t *at)
{
    uint32_t wire;

    memcpy(&wire, at, sizeof wire);
    return GUINT32_FROM_BE(wire);
}

static inline uint8_t mps_take_u8(MpsCursor *c)
{
    uint8_t wire = 0;

    mps_cursor_take(c, &wire, sizeof wire);
    return wire;
}

static inline uint16_t mps_take_be16(MpsCursor *c)
{
    uint16_t wire = 0;

    mps_cursor_take(c, &wire, sizeof wire);
    return GUINT16_FROM_BE(wire);
}

static inline uint32_t mps_take_be32(MpsCursor *c)
{
    uint32_t wire = 0;

    mps_cursor_take(c, &wire, sizeof wire);
    return GUINT32_FROM_BE(wire);
}

static inline uint64_t mps_take_be64(MpsCursor *c)
{
    uint64_t wire = 0;

    mps_cursor_take(c, &wire, sizeof wire);
    return GUINT64_FROM_BE(wire);
}

#endif
