/* dedup.h - packets captured twice: on two interfaces of one machine, on a bridge, at two hosts
 * merged into one trace.  Remembers the recent past in a fixed table. */
#ifndef MPS_MODEL_DEDUP_H
#define MPS_MODEL_DEDUP_H

#include <stdbool.h>

#include <mptcpscope/segment.h>

#include "util/image.h"

typedef struct _MpsDedup MpsDedup;

MpsDedup *mps_dedup_new(void);

/* Whether @segment is a capture duplicate of a packet seen before: identical (TTL and checksums
 * aside) at another place within 1 s, or at the same place within 100 µs; the latter not for pure
 * ACKs and RSTs without an IPv4 ID, which a host may rightly send twice. */
bool mps_dedup_seen(MpsDedup *self, const MpsSegment *segment);

/* The packet that the segment looked at last is a copy of; 0 if it is none. */
void mps_dedup_found(const MpsDedup *self, uint64_t *packet, uint32_t *capture_id);

/* The segments remembered. */
void mps_dedup_image(MpsDedup *self, MpsImage *image);

void mps_dedup_free(MpsDedup *self);

#endif
