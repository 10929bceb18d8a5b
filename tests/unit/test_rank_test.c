/* test_rank_test.c - against answers from counting all arrangements, and the textbook formula. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    {"ties", {1, 2, 2, 3}, {2, 3, 4, 4}, 4, 4, 14.0 / 70, 0.6875, true},
    {"all alike", {7, 7, 7}, {7, 7, 7, 7}, 3, 4, 1, 0, true},
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

/* How many pairs have y above x, ties counting half, less those with y below. */
static double pairs(const double *values, guint n, guint chosen)
{
    double sum = 0;

    for (guint i = 0; i < n; i++)
        for (guint k = 0; k < n; k++)
            if (chosen >> i & 1 && !(chosen >> k & 1))
                sum += (values[k] > values[i]) - (values[k] < values[i]);
    return sum;
}

static int by_size(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* Samples drawn from few values, so that many are alike, against a count of all ways to divide
 * them. */
static void test_enumerated(void)
{
    for (guint round = 0; round < 200; round++) {
        const guint n_x = 3 + (guint)g_test_rand_int_range(0, 4);
        const guint n_y = 3 + (guint)g_test_rand_int_range(0, 4), n = n_x + n_y;
        const int kinds = g_test_rand_int_range(2, 12);
        double values[12], x[6], y[6], far = 0, farthest = 0, at_farthest = 0, all = 0;
        MpsRankTest test;

        for (guint i = 0; i < n; i++)
            values[i] = g_test_rand_int_range(0, kinds);
        memcpy(x, values, n_x * sizeof *x);
        memcpy(y, values + n_x, n_y * sizeof *y);
        qsort(x, n_x, sizeof *x, by_size);
        qsort(y, n_y, sizeof *y, by_size);
        g_assert_true(mps_rank_test(x, n_x, y, n_y, &test));

        const double found = pairs(values, n, (1u << n_x) - 1);

        for (guint chosen = 0; chosen < 1u << n; chosen++) {
            const double here = fabs(pairs(values, n, chosen));

            if ((guint)__builtin_popcount(chosen) != n_x)
                continue;
            all++;
            far += here >= fabs(found);
            at_farthest = here > farthest ? 1 : at_farthest + (here == farthest);
            farthest = MAX(farthest, here);
        }
        NEAR(test.p, far / all);
        NEAR(test.least, at_farthest / all);
        NEAR(test.delta, found / (n_x * n_y));
    }
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
    g_assert_true(mps_rank_test(x, 21, y, 21, &normal));
    g_assert_false(normal.exact);
    g_assert_cmpfloat(fabs(exact.p - normal.p), <, 0.02);
}

/* The textbook formula, with ties: U 200 of 625 pairs. */
static void test_large_ties(void)
{
    double x[25], y[25];
    MpsRankTest test;

    for (int i = 0; i < 25; i++) {
        x[i] = i / 5;
        y[i] = i / 5 + 1;
    }
    g_assert_true(mps_rank_test(x, 25, y, 25, &test));
    g_assert_false(test.exact);
    NEAR(test.p, 0.02706427418395846);
    NEAR(test.delta, 0.36);
    NEAR(test.least, 0);
}

/* One value unlike the others is among the four of 34 by chance. */
static void test_drawn(void)
{
    const double many[30] = {0}, few[4] = {0, 0, 0, 5};
    MpsRankTest test, turned;

    g_assert_true(mps_rank_test(many, 30, few, 4, &test));
    g_assert_false(test.exact);
    g_assert_cmpfloat_with_epsilon(test.p, 4.0 / 34, 0.005);
    g_assert_true(mps_rank_test(few, 4, many, 30, &turned));
    NEAR(turned.p, test.p);
    NEAR(turned.delta, -test.delta);
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
    g_test_add_func("/rank_test/enumerated", test_enumerated);
    g_test_add_func("/rank_test/too few", test_too_few);
    g_test_add_func("/rank_test/large", test_large);
    g_test_add_func("/rank_test/large with ties", test_large_ties);
    g_test_add_func("/rank_test/drawn", test_drawn);
    g_test_add_func("/rank_test/holm", test_holm);
    g_test_add_func("/rank_test/quantile", test_quantile);
    return g_test_run();
}
