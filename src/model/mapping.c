/* mapping.c - sorted array of mappings; new ones arrive at the end nearly always. */
#include "model/mapping.h"

#include <string.h>

#include <glib.h>

/* Index of the first mapping that ends above @position. */
static size_t find(const MpsMappings *self, uint64_t position)
{
    size_t low = 0, high = self->n_items;

    if (high > 0 && self->items[high - 1].end <= position)
        return high;
    if (high > 0 && self->items[high - 1].begin <= position)
        return high - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (self->items[middle].end <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const MpsMapping *mps_mappings_find(const MpsMappings *self, uint64_t position)
{
    const size_t at = find(self, position);

    return at < self->n_items ? &self->items[at] : NULL;
}

static bool joins(const MpsMapping *left, const MpsMapping *right)
{
    return left->end == right->begin && left->shift == right->shift;
}

/* Puts a mapping of unmapped bytes at @at, melting it with its neighbours. */
static void insert(MpsMappings *self, size_t at, MpsMapping mapping)
{
    if (at > 0 && joins(&self->items[at - 1], &mapping)) {
        self->items[at - 1].end = mapping.end;
        if (at < self->n_items && joins(&self->items[at - 1], &self->items[at])) {
            self->items[at - 1].end = self->items[at].end;
            memmove(self->items + at, self->items + at + 1,
                    (self->n_items - at - 1) * sizeof *self->items);
            self->n_items--;
        }
        return;
    }
    if (at < self->n_items && joins(&mapping, &self->items[at])) {
        self->items[at].begin = mapping.begin;
        return;
    }
    if (self->n_items == self->n_allocated) {
        self->n_allocated = self->n_allocated ? 2 * self->n_allocated : 4;
        self->items = g_renew(MpsMapping, self->items, self->n_allocated);
    }
    memmove(self->items + at + 1, self->items + at, (self->n_items - at) * sizeof *self->items);
    self->items[at] = mapping;
    self->n_items++;
}

void mps_mappings_add(MpsMappings *self, uint64_t begin, uint64_t end, int64_t shift,
                      MpsMappingFunc added, void *user)
{
    while (begin < end) {
        const size_t at = find(self, begin);
        const MpsMapping *next = at < self->n_items ? &self->items[at] : NULL;

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

    while (self->n_items - n > keep && self->items[n].end <= limit)
        n++;
    if (n == 0)
        return;
    self->n_items -= n;
    memmove(self->items, self->items + n, self->n_items * sizeof *self->items);
}

void mps_mappings_clear(MpsMappings *self)
{
    g_free(self->items);
    *self = (MpsMappings){0};
}
