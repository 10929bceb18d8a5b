/* ranges.h - half-open ranges [begin, end) of one 64-bit space: disjoint, sorted, touching ones
 * joined.  One set per direction tells new data, repeats and holes apart. */
#ifndef MPS_UTIL_RANGES_H
#define MPS_UTIL_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mptcpscope/shape.h>

#include "util/room.h"

typedef struct {
    uint64_t begin, end;
} MpsRange;

/* Zeroed memory is an empty set. */
typedef struct {
    MpsRange *items;
    MpsRoom room;
} MpsRanges;

extern const MpsLink mps_ranges_links[];

/* Adds [begin, end), begin <= end.  Returns how many of its bytes were in the set before: 0 for new
 * data, end - begin for a full repeat.  Appending in order costs O(1). */
uint64_t mps_ranges_add(MpsRanges *self, uint64_t begin, uint64_t end);

/* Finds the first part of [*begin, end) that is not in the set.  Returns true with
 * [*begin, *gap_end), or false if all of it is in the set.  To go on, start again at *gap_end. */
bool mps_ranges_next_gap(const MpsRanges *self, uint64_t *begin, uint64_t end, uint64_t *gap_end);

/* How many bytes of [begin, end) are in the set. */
uint64_t mps_ranges_covered(const MpsRanges *self, uint64_t begin, uint64_t end);

/* Keeps at most @keep ranges by filling the lowest holes that lie wholly below @limit.
 * Returns how many bytes were filled in. */
uint64_t mps_ranges_fill_holes(MpsRanges *self, uint64_t limit, size_t keep);

/* Forgets everything below @limit.  Returns how many bytes that were. */
uint64_t mps_ranges_drop_below(MpsRanges *self, uint64_t limit);

void mps_ranges_clear(MpsRanges *self);

#endif
