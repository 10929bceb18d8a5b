/* fragments.h - later fragments of a TCP segment (RFC 791, RFC 8200) get the numbers of their first
 * one.  Nothing is put together: each fragment counts as a segment with the payload it carries.
 * Remembers a fixed number of first fragments for half a minute. */
#ifndef MPS_PIPELINE_FRAGMENTS_H
#define MPS_PIPELINE_FRAGMENTS_H

#include <stdbool.h>

#include <glib.h>

#include <mptcpscope/segment.h>

#include "util/image.h"

typedef struct _MpsFragments MpsFragments;

MpsFragments *mps_fragments_new(void);

/* Remembers @segment, a first fragment. */
void mps_fragments_first(MpsFragments *self, const MpsSegment *segment);

/* Makes a segment of @fragment, decoded as MPS_DECODED_FRAGMENT.  Its options stand in the first
 * one, so they count as cut: their absence proves nothing.  False if the first one was not seen
 * before, or @fragment would overwrite its header. */
bool mps_fragments_later(const MpsFragments *self, MpsSegment *fragment);

/* Those remembered, in an image. */
void mps_fragments_image(MpsFragments *self, MpsImage *image);

void mps_fragments_free(MpsFragments *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsFragments, mps_fragments_free)

#endif
