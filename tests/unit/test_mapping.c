/* test_mapping.c - the mapping store: cases by name, and random runs against one number a byte. */
#include <string.h>

#include <glib.h>

#include "model/mapping.h"

enum { MOST = 6 };

typedef struct {
    uint64_t begin, end;
    int64_t shift;
} Part;

typedef struct {
    const char *name;
    Part announced[MOST]; /* in order; end 0: no more */
    Part store[MOST];
    Part last_added[MOST]; /* what the last announcement added */
} Case;

static const Case cases[] = {
    {"one", {{10, 20, 5}}, {{10, 20, 5}}, {{10, 20, 5}}},
    {"empty", {{10, 20, 5}, {30, 30, 1}}, {{10, 20, 5}}, {{0}}},
    {"repeated", {{10, 20, 5}, {10, 20, 5}}, {{10, 20, 5}}, {{0}}},
    {"growing", {{10, 20, 5}, {10, 30, 5}}, {{10, 30, 5}}, {{20, 30, 5}}},
    {"growing downwards", {{10, 20, 5}, {5, 20, 5}}, {{5, 20, 5}}, {{5, 10, 5}}},
    {"adjoining, continued", {{10, 20, 5}, {20, 30, 5}}, {{10, 30, 5}}, {{20, 30, 5}}},
    {"adjoining, elsewhere", {{10, 20, 5}, {20, 30, 6}}, {{10, 20, 5}, {20, 30, 6}}, {{20, 30, 6}}},
    {"contradictory: the first wins", {{10, 20, 5}, {10, 20, 9}}, {{10, 20, 5}}, {{0}}},
    {"overlapping: the rest counts",
     {{10, 20, 5}, {15, 25, 9}},
     {{10, 20, 5}, {20, 25, 9}},
     {{20, 25, 9}}},
    {"overlapping below", {{10, 20, 5}, {5, 15, 9}}, {{5, 10, 9}, {10, 20, 5}}, {{5, 10, 9}}},
    {"around another",
     {{10, 20, 5}, {5, 25, 9}},
     {{5, 10, 9}, {10, 20, 5}, {20, 25, 9}},
     {{5, 10, 9}, {20, 25, 9}}},
    {"over a hole", {{10, 20, 5}, {30, 40, 5}, {10, 40, 5}}, {{10, 40, 5}}, {{20, 30, 5}}},
    {"over holes between others",
     {{10, 20, 1}, {30, 40, 2}, {0, 50, 3}},
     {{0, 10, 3}, {10, 20, 1}, {20, 30, 3}, {30, 40, 2}, {40, 50, 3}},
     {{0, 10, 3}, {20, 30, 3}, {40, 50, 3}}},
    {"in the wrong order", {{30, 40, 5}, {10, 20, 5}, {20, 30, 5}}, {{10, 40, 5}}, {{20, 30, 5}}},
};

typedef struct {
    Part parts[MOST];
    guint n;
} Added;

static void note(void *user, uint64_t begin, uint64_t end, int64_t shift)
{
    Added *added = user;

    if (added->n < MOST)
        added->parts[added->n] = (Part){begin, end, shift};
    added->n++;
}

static guint n_parts(const Part parts[MOST])
{
    guint n = 0;

    while (n < MOST && parts[n].end > 0)
        n++;
    return n;
}

static void test_case(gconstpointer user)
{
    const Case *c = user;
    const guint n_announced = n_parts(c->announced);
    MpsMappings store = {0};
    Added added = {0};

    for (guint i = 0; i < n_announced; i++) {
        const Part *part = &c->announced[i];

        added.n = 0;
        mps_mappings_add(&store, part->begin, part->end, part->shift,
                         i + 1 < n_announced ? NULL : note, &added);
    }
    g_assert_cmpuint(store.room.n_items, ==, n_parts(c->store));
    for (guint i = 0; i < MIN(store.room.n_items, n_parts(c->store)); i++) {
        g_assert_cmpuint(store.items[i].begin, ==, c->store[i].begin);
        g_assert_cmpuint(store.items[i].end, ==, c->store[i].end);
        g_assert_cmpint(store.items[i].shift, ==, c->store[i].shift);
    }
    g_assert_cmpuint(added.n, ==, n_parts(c->last_added));
    for (guint i = 0; i < MIN(added.n, n_parts(c->last_added)); i++) {
        g_assert_cmpuint(added.parts[i].begin, ==, c->last_added[i].begin);
        g_assert_cmpuint(added.parts[i].end, ==, c->last_added[i].end);
        g_assert_cmpint(added.parts[i].shift, ==, c->last_added[i].shift);
    }
    mps_mappings_clear(&store);
}

static void test_find(void)
{
    MpsMappings store = {0};

    g_assert_null(mps_mappings_find(&store, 0));
    mps_mappings_add(&store, 10, 20, 1, NULL, NULL);
    mps_mappings_add(&store, 30, 40, 2, NULL, NULL);
    g_assert_true(mps_mappings_find(&store, 0) == &store.items[0]);
    g_assert_true(mps_mappings_find(&store, 10) == &store.items[0]);
    g_assert_true(mps_mappings_find(&store, 19) == &store.items[0]);
    g_assert_true(mps_mappings_find(&store, 20) == &store.items[1]); /* the first one above */
    g_assert_true(mps_mappings_find(&store, 39) == &store.items[1]);
    g_assert_null(mps_mappings_find(&store, 40));
    mps_mappings_clear(&store);
}

static void test_prune(void)
{
    MpsMappings store = {0};

    for (uint64_t i = 0; i < 10; i++)
        mps_mappings_add(&store, 100 * i, 100 * i + 50, (int64_t)i, NULL, NULL);
    mps_mappings_prune(&store, 449, 0); /* ends at 50, 150, 250, 350; the next at 450 */
    g_assert_cmpuint(store.room.n_items, ==, 6);
    g_assert_cmpuint(store.items[0].begin, ==, 400);
    mps_mappings_prune(&store, 450, 0);
    g_assert_cmpuint(store.room.n_items, ==, 5);
    mps_mappings_prune(&store, UINT64_MAX, 3); /* the youngest stay whatever the limit */
    g_assert_cmpuint(store.room.n_items, ==, 3);
    g_assert_cmpuint(store.items[0].begin, ==, 700);
    mps_mappings_prune(&store, UINT64_MAX, 8);
    g_assert_cmpuint(store.room.n_items, ==, 3);
    mps_mappings_clear(&store);
}

/* ---- against an array ---- */

enum { BYTES = 300, STEPS = 60, RUNS = 500 };
#define UNMAPPED INT64_MIN

typedef struct {
    int64_t shift[BYTES];
    bool right;
} Naive;

static void check_added(void *user, uint64_t begin, uint64_t end, int64_t shift)
{
    Naive *naive = user;

    for (uint64_t i = begin; i < end; i++) {
        naive->right &= naive->shift[i] == UNMAPPED;
        naive->shift[i] = shift;
    }
}

static bool same(const MpsMappings *store, const Naive *naive)
{
    for (uint64_t i = 0; i < BYTES; i++) {
        const MpsMapping *mapping = mps_mappings_find(store, i);
        const bool mapped = mapping && mapping->begin <= i;

        if ((mapped ? mapping->shift : UNMAPPED) != naive->shift[i] ||
            (mapping && mapping->end <= i))
            return false;
    }
    for (size_t i = 1; i < store->room.n_items; i++) {
        const MpsMapping *left = &store->items[i - 1], *right = &store->items[i];

        if (left->end > right->begin || (left->end == right->begin && left->shift == right->shift))
            return false; /* not disjoint, or not melted */
    }
    return true;
}

static void test_random(void)
{
    for (guint32 seed = 1; seed <= RUNS; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        MpsMappings store = {0};
        Naive naive = {.right = true}, expected;

        for (int i = 0; i < BYTES; i++)
            naive.shift[i] = UNMAPPED;
        for (int step = 0; step < STEPS && naive.right; step++) {
            const uint64_t begin = (uint64_t)g_rand_int_range(rand, 0, BYTES - 30);
            const uint64_t end = begin + (uint64_t)g_rand_int_range(rand, 0, 30);
            const int64_t shift = g_rand_int_range(rand, -2, 3);

            expected = naive;
            for (uint64_t i = begin; i < end; i++)
                if (expected.shift[i] == UNMAPPED)
                    expected.shift[i] = shift;
            mps_mappings_add(&store, begin, end, shift, check_added, &naive);
            naive.right &= memcmp(naive.shift, expected.shift, sizeof naive.shift) == 0;
            naive.right &= same(&store, &naive);
        }
        if (!naive.right)
            g_test_fail_printf("seed %u", seed);
        mps_mappings_clear(&store);
        g_rand_free(rand);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/mapping/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/mapping/find", test_find);
    g_test_add_func("/mapping/prune", test_prune);
    g_test_add_func("/mapping/random", test_random);
    return g_test_run();
}
