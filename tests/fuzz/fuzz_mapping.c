/* fuzz_mapping.c - the mapping store of a subflow against one entry per byte: | where positions
 * begin: 1 | then steps of four bytes: what to do, begin, length, shift or how many |.  Promises:
 * the mapping announced first wins, byte by byte; what was added is told in order; entries stay
 * disjoint, sorted and melted; pruning forgets what lies below and keeps the youngest. */
#include <string.h>

#include <glib.h>

#include "model/mapping.h"

enum { N_POSITIONS = 600, STEP_BYTES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

typedef struct {
    MpsMappings mappings;
    bool mapped[N_POSITIONS];
    int64_t shift[N_POSITIONS];
    uint64_t base;
    uint64_t told; /* end of what the adding told of last */
} Twins;

static void assert_same(const Twins *self)
{
    const MpsMapping *items = self->mappings.items;
    const size_t n = self->mappings.room.n_items;

    for (size_t i = 0; i < n; i++) {
        g_assert_cmpuint(items[i].begin, <, items[i].end);
        if (i > 0) {
            g_assert_cmpuint(items[i - 1].end, <=, items[i].begin);
            g_assert_false(items[i - 1].end == items[i].begin &&
                           items[i - 1].shift == items[i].shift);
        }
    }
    for (unsigned i = 0; i < N_POSITIONS; i++) {
        const MpsMapping *found = mps_mappings_find(&self->mappings, self->base + i);
        const bool holds = found && found->begin <= self->base + i;

        g_assert_true(self->mapped[i] == holds);
        if (holds)
            g_assert_cmpint(self->shift[i], ==, found->shift);
    }
}

static void take_added(void *user, uint64_t begin, uint64_t end, int64_t shift)
{
    Twins *self = user;

    g_assert_cmpuint(begin, <, end);
    g_assert_cmpuint(begin, >=, self->told);
    self->told = end;
    for (uint64_t i = begin - self->base; i < end - self->base; i++) {
        g_assert_false(self->mapped[i]);
        self->mapped[i] = true;
        self->shift[i] = shift;
    }
}

static void add(Twins *self, unsigned begin, unsigned end, int64_t shift)
{
    self->told = self->base + begin;
    mps_mappings_add(&self->mappings, self->base + begin, self->base + end, shift, take_added,
                     self);
    g_assert_cmpuint(self->told, <=, self->base + end);
    for (unsigned i = begin; i < end; i++)
        g_assert_true(self->mapped[i]);
}

static void prune(Twins *self, unsigned limit, size_t keep)
{
    const size_t before = self->mappings.room.n_items;

    mps_mappings_prune(&self->mappings, self->base + limit, keep);

    const size_t after = self->mappings.room.n_items;
    const uint64_t left = after > 0 ? self->mappings.items[0].begin : self->base + limit;

    g_assert_cmpuint(after, <=, before);
    g_assert_cmpuint(after, >=, MIN(before, keep));
    if (after > keep)
        g_assert_cmpuint(self->mappings.items[0].end, >, self->base + limit);
    for (unsigned i = 0; i < N_POSITIONS && self->base + i < left; i++) {
        g_assert_true(!self->mapped[i] || i < limit);
        self->mapped[i] = false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static const uint64_t bases[] = {0, (UINT64_C(1) << 32) - 300, (UINT64_C(1) << 63) - 300,
                                     UINT64_MAX - N_POSITIONS};
    static const int64_t shifts[] = {0, 1, 2, -1, -1000, 1000, INT64_MAX, INT64_MIN};

    if (n_bytes == 0)
        return 0;

    Twins twins = {.base = bases[data[0] % G_N_ELEMENTS(bases)]};

    for (size_t at = 1; at + STEP_BYTES <= n_bytes; at += STEP_BYTES) {
        const uint8_t *step = data + at;
        const unsigned begin = step[1] * 2u + (step[0] >> 7), end = begin + step[2] % 80u;

        if (step[0] % 4 < 3)
            add(&twins, begin, end, shifts[step[3] % G_N_ELEMENTS(shifts)]);
        else
            prune(&twins, begin, step[3] % 6u);
        assert_same(&twins);
    }
    mps_mappings_clear(&twins.mappings);
    return 0;
}
