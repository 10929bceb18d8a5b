/* packed.h - compressed files and archives as streams; private to capture.
 *
 * Nothing is unpacked to disk.  A thread unpacks ahead of the reader, so that decompression costs
 * wall time only where it is the slower of both.  One thread at a time, but for that. */
#ifndef MPS_CAPTURE_PACKED_H
#define MPS_CAPTURE_PACKED_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "capture/feed.h"

typedef struct _MpsPacked MpsPacked;

/* Reads @feed, which it takes over: a file that may be compressed (gzip, zstd, xz, lz4, bzip2,
 * lzma, compress), a tar or zip archive, or both; and goes to its first member.  A compressed file
 * that is no archive is its only member.  Returns NULL and MPS_ERROR_FORMAT if it is none of this,
 * else MPS_ERROR_OPEN; @path is for messages. */
MpsPacked *mps_packed_open(MpsFeed *feed, const char *path, GError **error);
MpsPacked *mps_packed_ref(MpsPacked *self);
void mps_packed_unref(MpsPacked *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsPacked, mps_packed_unref)

/* Goes to the next member that is a file.  False without an error: there is none; with
 * MPS_ERROR_READ: the archive breaks off. */
bool mps_packed_next(MpsPacked *self, GError **error);

/* Of the member at hand: 1, 2, ...; 0: the file is no archive. */
unsigned mps_packed_member(const MpsPacked *self);
const char *mps_packed_name(const MpsPacked *self); /* NULL: no archive */

/* Whether that member can be read still; there is no way back. */
bool mps_packed_can_reach(const MpsPacked *self, unsigned member);

/* Begins to unpack the member, which may be compressed itself, up to mps_packed_end().  False and
 * MPS_ERROR_FORMAT (empty) or MPS_ERROR_OPEN; @name is for messages. */
bool mps_packed_begin(MpsPacked *self, const char *name, GError **error);
void mps_packed_end(MpsPacked *self);

/* Up to @n_bytes of @packed, an MpsPacked that was begun; 0 at the end; -1 with errno. */
ssize_t mps_packed_read(void *packed, void *bytes, size_t n_bytes);

/* Why the stream ended early; NULL: it did not, or not yet. */
const char *mps_packed_problem(MpsPacked *self);

/* Position in the member as it is stored, and its size there; 0 unknown. */
uint64_t mps_packed_bytes_read(const MpsPacked *self);
uint64_t mps_packed_bytes_total(const MpsPacked *self);

const MpsFeed *mps_packed_feed(const MpsPacked *self);

#endif
