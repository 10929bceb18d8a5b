/* blocks.c - see blocks.h. */
#include "capture/blocks.h"

#include <errno.h>
#include <string.h>

#define BLOCK_BYTES (256u << 10)

/* Room for @n_bytes behind what is there.  A file may say that it holds more than it does: the
 * buffer grows with what came. */
static void make_room(MpsBlocks *self, size_t n_bytes)
{
    if (self->at > 0 && self->at + n_bytes > self->capacity) {
        memmove(self->buffer, self->buffer + self->at, self->end - self->at);
        self->end -= self->at;
        self->at = 0;
    }
    if (self->end == self->capacity) {
        self->capacity = MAX(2 * self->capacity, BLOCK_BYTES);
        self->buffer = g_realloc(self->buffer, self->capacity);
    }
}

bool mps_blocks_fetch(MpsBlocks *self, size_t n_bytes)
{
    while (mps_blocks_left(self) < n_bytes && !self->ended) {
        ssize_t got;

        make_room(self, n_bytes);
        got = self->read(self->source, self->buffer + self->end, self->capacity - self->end);
        if (got < 0)
            self->problem = errno;
        self->ended = got <= 0;
        self->end += (size_t)MAX(got, 0);
    }
    return mps_blocks_left(self) >= n_bytes;
}

void mps_blocks_clear(MpsBlocks *self)
{
    g_clear_pointer(&self->buffer, g_free);
    self->capacity = self->at = self->end = 0;
}
