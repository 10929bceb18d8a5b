/* feed.h - the bytes of a file as they are stored; private to capture.
 *
 * Reading ends early when somebody wants that: a pipe may keep its reader waiting for ever. */
#ifndef MPS_CAPTURE_FEED_H
#define MPS_CAPTURE_FEED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

enum { MPS_FEED_HEAD_BYTES = 4 };

typedef struct {
    int fd;      /* -1: none */
    int stop_fd; /* readable: the run is to end; -1: nobody says so */
    int quit_fd; /* the same for this feed alone */
    bool live;   /* not a regular file: cannot be read twice, and may have no end */
    uint8_t head[MPS_FEED_HEAD_BYTES]; /* how it begins */
    size_t n_head;
    size_t n_replay;      /* bytes of the head that a pipe gave away and that are to be read yet */
    uint64_t bytes_total; /* size of the file; 0 if it has none */
    atomic_uint_fast64_t bytes_read;
    atomic_bool stopped; /* @stop_fd ended it */
} MpsFeed;

/* Opens @path, "-" is standard input, and looks at the head, which is read again afterwards.
 * Owned by the caller; NULL and MPS_ERROR_OPEN. */
MpsFeed *mps_feed_open(const char *path, int stop_fd, GError **error);
void mps_feed_free(MpsFeed *feed); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsFeed, mps_feed_free)

/* Up to @n_bytes of @feed, an MpsFeed; 0 at the end, also at an early one; -1 with errno. */
ssize_t mps_feed_read(void *feed, void *bytes, size_t n_bytes);

/* Ends a read that another thread waits in. */
void mps_feed_quit(MpsFeed *feed);

#endif
