/* test_histogram.c - exact moments, and quantiles no further off than the header says. */
#include <math.h>
#include <stdlib.h>

#include <glib.h>

#include "util/histogram.h"

enum { VALUES = 5000 };

typedef struct {
    const char *name;
    int64_t (*draw)(GRand *rand);
} Distribution;

static int64_t uniform(GRand *rand)
{
    return g_rand_int_range(rand, 0, 1000 * 1000 * 1000);
}

static int64_t small(GRand *rand)
{
    return g_rand_int_range(rand, 0, 40);
}

static int64_t wide(GRand *rand) /* nanoseconds to minutes */
{
    return (int64_t)exp(g_rand_double_range(rand, 0, 25));
}

static int64_t constant(GRand *rand G_GNUC_UNUSED)
{
    return 123456789;
}

static int64_t huge(GRand *rand)
{
    return INT64_MAX - g_rand_int_range(rand, 0, 1000);
}

static const Distribution distributions[] = {
    {"uniform", uniform}, {"small", small}, {"wide", wide}, {"constant", constant}, {"huge", huge},
};

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void assert_near(double is, double shall, double relative)
{
    g_assert_cmpfloat_with_epsilon(is, shall, MAX(fabs(shall) * relative, 1e-9));
}

static void test_distribution(gconstpointer user)
{
    static const double quantiles[] = {0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1};
    const Distribution *distribution = user;
    GRand *rand = g_rand_new_with_seed(7);
    g_autofree int64_t *values = g_new(int64_t, VALUES);
    MpsHistogram histogram = {0};
    double sum = 0, squares = 0;

    for (int i = 0; i < VALUES; i++) {
        values[i] = distribution->draw(rand);
        mps_histogram_add(&histogram, values[i]);
        sum += (double)values[i];
    }
    for (int i = 0; i < VALUES; i++)
        squares += pow((double)values[i] - sum / VALUES, 2);
    qsort(values, VALUES, sizeof *values, by_value);
    g_assert_cmpuint(histogram.n, ==, VALUES);
    g_assert_cmpint(histogram.min, ==, values[0]);
    g_assert_cmpint(histogram.max, ==, values[VALUES - 1]);
    assert_near(histogram.mean, sum / VALUES, 1e-12);
    if (distribution->draw != huge) /* nothing of it is left in a double */
        assert_near(mps_histogram_sd(&histogram), sqrt(squares / (VALUES - 1)), 1e-9);
    for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++) {
        const int rank = (int)ceil(quantiles[i] * VALUES);
        const int64_t exact = values[MAX(rank, 1) - 1];

        /* 1/32 of the value; the smallest values have a bin each, a number wide */
        g_assert_cmpfloat_with_epsilon((double)mps_histogram_quantile(&histogram, quantiles[i]),
                                       (double)exact, MAX((double)exact * 0.032, 1));
    }
    mps_histogram_clear(&histogram);
    g_rand_free(rand);
}

static void test_empty(void)
{
    MpsHistogram histogram = {0};

    g_assert_cmpint(mps_histogram_quantile(&histogram, 0.5), ==, 0);
    g_assert_cmpfloat(mps_histogram_sd(&histogram), ==, 0);
    mps_histogram_clear(&histogram);
}

static void test_one(void)
{
    MpsHistogram histogram = {0};

    mps_histogram_add(&histogram, 1000003);
    g_assert_cmpint(mps_histogram_quantile(&histogram, 0.01), ==, 1000003);
    g_assert_cmpint(mps_histogram_quantile(&histogram, 0.99), ==, 1000003);
    g_assert_cmpfloat(mps_histogram_sd(&histogram), ==, 0);
    mps_histogram_clear(&histogram);
}

static void test_negative(void)
{
    MpsHistogram histogram = {0};

    mps_histogram_add(&histogram, -5);
    mps_histogram_add(&histogram, 10);
    g_assert_cmpuint(histogram.n, ==, 2);
    g_assert_cmpint(histogram.min, ==, 0);
    g_assert_cmpint(histogram.max, ==, 10);
    g_assert_cmpfloat(histogram.mean, ==, 5);
    mps_histogram_clear(&histogram);
}

/* 2, 4, 4, 4, 5, 5, 7, 9: sum of squares 32, so the sample's sd is sqrt(32 / 7) */
static void test_sample_sd(void)
{
    static const int64_t values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    MpsHistogram histogram = {0};

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
        mps_histogram_add(&histogram, values[i]);
    assert_near(mps_histogram_sd(&histogram), sqrt(32.0 / 7), 1e-12);
    mps_histogram_clear(&histogram);
}

/* The same classes, whether the bins are few or many, and whatever came first. */
static void test_octaves(void)
{
    for (int n = 1; n <= 200; n++) {
        MpsHistogram histogram = {0};
        uint64_t in_class, total = 0;
        int64_t low, high, before = -1;
        uint32_t at = 0;

        for (int i = n - 1; i >= 0; i--)
            mps_histogram_add_times(&histogram, i, 3);
        while (mps_histogram_next_octave(&histogram, &at, &low, &high, &in_class)) {
            g_assert_cmpint(low, >, before);
            g_assert_cmpuint(in_class, ==, 3 * (uint64_t)(MIN(high, n) - low));
            before = low;
            total += in_class;
        }
        g_assert_cmpuint(total, ==, 3 * (uint64_t)n);
        g_assert_cmpint(mps_histogram_quantile(&histogram, 1), ==, n - 1);
        mps_histogram_clear(&histogram);
    }
}

static void test_large_counts(void)
{
    const uint64_t many = UINT64_C(3) << 46;
    MpsHistogram histogram = {0};
    uint64_t in_class;
    int64_t low, high;
    uint32_t at = 0;

    mps_histogram_add_times(&histogram, 5, many);
    mps_histogram_add_times(&histogram, 5, many);
    g_assert_true(mps_histogram_next_octave(&histogram, &at, &low, &high, &in_class));
    g_assert_cmpint(low, ==, 4);
    g_assert_cmpuint(in_class, ==, 2 * many);
    mps_histogram_clear(&histogram);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(distributions); i++) {
        g_autofree char *path = g_strconcat("/histogram/", distributions[i].name, NULL);

        g_test_add_data_func(path, &distributions[i], test_distribution);
    }
    g_test_add_func("/histogram/empty", test_empty);
    g_test_add_func("/histogram/one value", test_one);
    g_test_add_func("/histogram/negative values count as 0", test_negative);
    g_test_add_func("/histogram/sample standard deviation", test_sample_sd);
    g_test_add_func("/histogram/octaves", test_octaves);
    g_test_add_func("/histogram/large counts", test_large_counts);
    return g_test_run();
}
