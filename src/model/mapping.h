/* mapping.h - the mapping store of one subflow direction: which data sequence number belongs to
 * which subflow byte (RFC 8684 section 3.3.1).
 *
 * Positions are unwrapped 64-bit subflow positions.  A mapping is kept as the difference
 * DSN - position, so that repeated, growing and adjoining mappings melt into one entry.  Where two
 * mappings claim the same subflow bytes, the first announced wins. */
#ifndef MPS_MODEL_MAPPING_H
#define MPS_MODEL_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/room.h"

typedef struct {
    uint64_t begin, end; /* subflow positions */
    int64_t shift;       /* data offset = position + shift */
} MpsMapping;

/* Zeroed memory is an empty store. */
typedef struct {
    MpsMapping *items; /* disjoint, sorted */
    MpsRoom room;
} MpsMappings;

/* Called for each part of an added mapping that was not mapped before. */
typedef void (*MpsMappingFunc)(void *user, uint64_t begin, uint64_t end, int64_t shift);

/* Adds a mapping; calls @added (may be NULL) for each part that was not mapped before, in order.
 * The store must not be changed in the call. */
void mps_mappings_add(MpsMappings *self, uint64_t begin, uint64_t end, int64_t shift,
                      MpsMappingFunc added, void *user);

MPS_ROOM_DEFINE_FIND(mps_mappings_above, MpsMapping, uint64_t)

/* The mapping that holds @position, or the first one above it.  NULL if there is none. */
static inline const MpsMapping *mps_mappings_find(const MpsMappings *self, uint64_t position)
{
    const size_t at = mps_mappings_above(self->items, self->room.n_items, position);

    return at < self->room.n_items ? &self->items[at] : NULL;
}

/* Forgets mappings that end at or below @limit, but keeps the youngest @keep of all. */
void mps_mappings_prune(MpsMappings *self, uint64_t limit, size_t keep);

void mps_mappings_clear(MpsMappings *self);

#endif
