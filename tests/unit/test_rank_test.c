/* test_rank_test.c - against answers from counting all arrangements, and the textbook formula. */
#include <math.h>

#include <glib.h>

#include "util/rank_test.h"

#define NEAR(a, b) g_assert_cmpfloat_with_epsilon(a, b, 1e-12)

typedef struct {
    const char *name;
    double x[8], y[8];
    size_t n_x, n_y;
    double p, delta;
    bool exact;
} Case;

static const Case cases[] = {
    {"apart", {1, 2, 3}, {4, 5, 6}, 3, 3, 0.1, 1, true},
    {"turned round", {4, 5, 6}, {1, 2, 3}, 3, 3, 0.1, -1, true},
    {"mixed", {1, 2, 5, 7}, {3, 4, 6, 8, 9}, 4, 5, 2.0 / 7, 0.5, true},
    {"one overtakes",
     {10, 11, 12, 13, 14, 15},
     {1, 2, 3, 4, 5, 12.5},
     6,
     6,
     14.0 / 924,
     -5.0 / 6,
     true},
    {"evenly", {1, 4, 5}, {2, 3, 6}, 3, 3, 1, 1.0 / 9, true},
    {"ties", {1, 2, 2, 3}, {2, 3, 4, 4}, 4, 4, 0.13416918012812581, 0.6875, false},
    {"all alike", {7, 7, 7}, {7, 7, 7, 7}, 3, 4, 1, 0, false},
};

static void test_case(gconstpointer user)
{
    const Case *const each = user;
    MpsRankTest test;

    g_assert_true(mps_rank_test(each->x, each->n_x, each->y, each->n_y, &test));
    NEAR(test.p, each->p);
    NEAR(test.delta, each->delta);
    g_assert_cmpint(test.exact, ==, each->exact);
}

static void test_too_few(void)
{
    MpsRankTest test;

    g_assert_false(mps_rank_test((double[]){1, 2}, 2, (double[]){3, 4, 5}, 3, &test));
    g_assert_false(mps_rank_test((double[]){1, 2, 3}, 3, NULL, 0, &test));
}

/* Both ways agree where both are good. */
static void test_large(void)
{
    double x[40], y[40];
    MpsRankTest exact, normal;

    for (int i = 0; i < 40; i++) {
        x[i] = i;
        y[i] = i + 6.5;
    }
    g_assert_true(mps_rank_test(x, 20, y, 20, &exact));
    g_assert_true(exact.exact);
    g_assert_true(mps_rank_test(x, 21, y, 20, &normal));
    g_assert_false(normal.exact);
    g_assert_cmpfloat(fabs(exact.p - normal.p), <, 0.02);
}

static void test_holm(void)
{
    double p[] = {0.04, 0.01, 0.03, 0.5};
    double *each[] = {&p[0], &p[1], &p[2], &p[3]};

    mps_rank_holm(NULL, 0);
    mps_rank_holm(each, 4);
    NEAR(p[1], 0.04);
    NEAR(p[2], 0.09);
    NEAR(p[0], 0.09); /* not less than the one before */
    NEAR(p[3], 0.5);
}

static void test_quantile(void)
{
    const double values[] = {1, 2, 4, 8};

    NEAR(mps_rank_quantile(values, 4, 0), 1);
    NEAR(mps_rank_quantile(values, 4, 0.5), 3);
    NEAR(mps_rank_quantile(values, 4, 0.25), 1.75);
    NEAR(mps_rank_quantile(values, 4, 1), 8);
    NEAR(mps_rank_quantile(values, 1, 0.75), 1);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/rank_test/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/rank_test/too few", test_too_few);
    g_test_add_func("/rank_test/large", test_large);
    g_test_add_func("/rank_test/holm", test_holm);
    g_test_add_func("/rank_test/quantile", test_quantile);
    return g_test_run();
}
