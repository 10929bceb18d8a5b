/* ranges.c - range sets as a sorted array: captures append nearly always. */
#include "util/ranges.h"

#include <string.h>

#include <glib.h>

MPS_ROOM_DEFINE_FIND(find_above, MpsRange, uint64_t)

const MpsLink mps_ranges_links[] = {MPS_ROOM(MpsRanges, items, room, NULL), {0}};

/* Index of the first range that ends at or after @at: touching counts. */
static size_t find(const MpsRanges *self, uint64_t at)
{
    return at == 0 ? 0 : find_above(self->items, self->room.n_items, at - 1);
}

uint64_t mps_ranges_add(MpsRanges *self, uint64_t begin, uint64_t end)
{
    if (begin >= end)
        return 0;
    if (self->room.n_items > 0 && self->items[self->room.n_items - 1].end == begin) {
        self->items[self->room.n_items - 1].end = end; /* continues the last one */
        return 0;
    }

    MpsRange *last = self->room.n_items ? &self->items[self->room.n_items - 1] : NULL;

    if (last && begin >= last->begin && begin <= last->end) {
        const uint64_t again = MIN(end, last->end) - begin;

        last->end = MAX(end, last->end);
        return again;
    }

    const size_t at = find(self, begin);
    size_t next = at;
    uint64_t covered = 0;
    MpsRange merged = {begin, end};

    while (next < self->room.n_items && self->items[next].begin <= end) {
        const MpsRange *old = &self->items[next++];
        const uint64_t from = MAX(old->begin, begin), to = MIN(old->end, end);

        covered += to > from ? to - from : 0;
        merged.begin = MIN(merged.begin, old->begin);
        merged.end = MAX(merged.end, old->end);
    }
    if (next == at) {
        *MPS_ROOM_INSERT(self->items, &self->room, at) = merged;
    } else {
        self->items[at] = merged;
        MPS_ROOM_ERASE(self->items, &self->room, at + 1, next - at - 1);
    }
    return covered;
}

bool mps_ranges_next_gap(const MpsRanges *self, uint64_t *begin, uint64_t end, uint64_t *gap_end)
{
    const size_t n = self->room.n_items;
    size_t at = n > 0 && *begin < self->items[n - 1].end ? find(self, *begin) : n;

    while (at < self->room.n_items && self->items[at].begin <= *begin) {
        *begin = MAX(*begin, self->items[at].end);
        at++;
    }
    if (*begin >= end)
        return false;
    *gap_end = at < self->room.n_items ? MIN(end, self->items[at].begin) : end;
    return true;
}

uint64_t mps_ranges_covered(const MpsRanges *self, uint64_t begin, uint64_t end)
{
    uint64_t covered = 0;

    for (size_t i = find(self, begin); i < self->room.n_items && self->items[i].begin < end; i++) {
        const uint64_t from = MAX(self->items[i].begin, begin), to = MIN(self->items[i].end, end);

        covered += to > from ? to - from : 0;
    }
    return covered;
}

uint64_t mps_ranges_fill_holes(MpsRanges *self, uint64_t limit, size_t keep)
{
    uint64_t filled = 0;
    size_t n = 0;

    if (self->room.n_items <= keep)
        return 0;
    while (n + 1 < self->room.n_items && self->room.n_items - n > keep &&
           self->items[n + 1].begin <= limit) {
        filled += self->items[n + 1].begin - self->items[n].end;
        n++;
    }
    self->items[n].begin = self->items[0].begin;
    MPS_ROOM_ERASE(self->items, &self->room, 0, n);
    return filled;
}

uint64_t mps_ranges_drop_below(MpsRanges *self, uint64_t limit)
{
    uint64_t dropped = 0;
    size_t n = 0;

    for (; n < self->room.n_items && self->items[n].end <= limit; n++)
        dropped += self->items[n].end - self->items[n].begin;
    MPS_ROOM_ERASE(self->items, &self->room, 0, n);
    if (self->room.n_items && self->items[0].begin < limit) {
        dropped += limit - self->items[0].begin;
        self->items[0].begin = limit;
    }
    return dropped;
}

void mps_ranges_clear(MpsRanges *self)
{
    MPS_ROOM_FREE(self->items, &self->room);
}
