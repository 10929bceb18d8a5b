/* memory_stream.h - bytes in memory as a stream that gives them in pieces, as a pipe does. */
#ifndef MPS_TESTS_MEMORY_STREAM_H
#define MPS_TESTS_MEMORY_STREAM_H

#include <stdint.h>
#include <string.h>

#include <glib.h>

typedef struct {
    const uint8_t *bytes;
    size_t n_left;
    unsigned n_reads;
} MemoryStream;

/* Pieces of 1, 8, 27, ... bytes, so that what is read lies across them in every way. */
static inline ssize_t memory_stream_read(void *source, void *bytes, size_t n_bytes)
{
    MemoryStream *self = source;
    const size_t n = ++self->n_reads;
    const size_t some = MIN(MIN(n_bytes, n * n * n), self->n_left);

    memcpy(bytes, self->bytes, some);
    self->bytes += some;
    self->n_left -= some;
    return (ssize_t)some;
}

#endif
