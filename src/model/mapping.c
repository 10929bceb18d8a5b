/* mapping.c - sorted array of mappings; new ones arrive at the end nearly always. */
#include "model/mapping.h"

#include <string.h>

#include <glib.h>

static bool joins(const MpsMapping *left, const MpsMapping *right)
{
    return left->end == right->begin && left->shift == right->shift;
}

/* Puts a mapping of unmapped bytes at @at, melting it with its neighbours. */
static void insert(MpsMappings *self, size_t at, MpsMapping mapping)
{
    if (at > 0 && joins(&self->items[at - 1], &mapping)) {
        self->items[at - 1].end = mapping.end;
        if (at < self->room.n_items && joins(&self->items[at - 1], &self->items[at])) {
            self->items[at - 1].end = self->items[at].end;
            MPS_ROOM_ERASE(self->items, &self->room, at, 1);
        }
        return;
    }
    if (at < self->room.n_items && joins(&mapping, &self->items[at])) {
        self->items[at].begin = mapping.begin;
        return;
    }
    *MPS_ROOM_INSERT(self->items, &self->room, at) = mapping;
}

void mps_mappings_add(MpsMappings *self, uint64_t begin, uint64_t end, int64_t shift,
                      MpsMappingFunc added, void *user)
{
    while (begin < end) {
        const size_t at = mps_mappings_above(self->items, self->room.n_items, begin);
        const MpsMapping *next = at < self->room.n_items ? &self->items[at] : NULL;

        if (next && next->begin <= begin) { /* mapped already: first announced wins */
            begin = MIN(end, next->end);
            continue;
        }

        const uint64_t until = next ? MIN(end, next->begin) : end;

        insert(self, at, (MpsMapping){begin, until, shift});
        if (added)
            added(user, begin, until, shift);
        begin = until;
    }
}

void mps_mappings_prune(MpsMappings *self, uint64_t limit, size_t keep)
{
    size_t n = 0;

    while (self->room.n_items - n > keep && self->items[n].end <= limit)
        n++;
    MPS_ROOM_ERASE(self->items, &self->room, 0, n);
}

void mps_mappings_clear(MpsMappings *self)
{
    MPS_ROOM_FREE(self->items, &self->room);
}
