/* blocks.h - a stream read in large blocks, looked at where it lies; private to capture.
 *
 * What a reader needs next is in one piece and is not copied, but for what straddles two blocks. */
#ifndef MPS_CAPTURE_BLOCKS_H
#define MPS_CAPTURE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/* As read(2): less than @n_bytes is no end, 0 is; -1 with errno. */
typedef ssize_t (*MpsBlocksRead)(void *source, void *bytes, size_t n_bytes);

typedef struct {
    MpsBlocksRead read;
    void *source;
    uint8_t *buffer;
    size_t capacity, at, end; /* what was not taken yet lies between the last two */
    uint64_t bytes_taken;
    bool ended;
    int problem; /* errno of a failed read; 0: none */
} MpsBlocks;

/* Zeroed memory but for @read and @source is a stream at its begin. */
void mps_blocks_clear(MpsBlocks *self);

/* Fetches more until @n_bytes lie there; false at the end of the stream. */
bool mps_blocks_fetch(MpsBlocks *self, size_t n_bytes);

static inline size_t mps_blocks_left(const MpsBlocks *self)
{
    return self->end - self->at;
}

/* The next @n_bytes, which die with the next call; NULL: the stream ends before. */
static inline const uint8_t *mps_blocks_look(MpsBlocks *self, size_t n_bytes)
{
    if (G_UNLIKELY(mps_blocks_left(self) < n_bytes) && !mps_blocks_fetch(self, n_bytes))
        return NULL;
    return self->buffer + self->at;
}

/* Goes over bytes that were looked at, which stay until the next look. */
static inline void mps_blocks_take(MpsBlocks *self, size_t n_bytes)
{
    self->at += n_bytes;
    self->bytes_taken += n_bytes;
}

/* The stream broke off: the rest is taken, too. */
static inline void mps_blocks_take_rest(MpsBlocks *self)
{
    mps_blocks_take(self, mps_blocks_left(self));
}

#endif
