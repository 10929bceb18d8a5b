/* rank_test.c - see rank_test.h. */
#include "util/rank_test.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include <glib.h>

/* All arrangements are counted up to this size of each sample; if only one is so small, as many of
 * them are drawn by chance: the normal approximation is far off where most values are alike. */
#define EXACT_MAX 20
#define DRAWS     100000

enum { VALUES_MAX = 2 * EXACT_MAX, SUMS = VALUES_MAX * (VALUES_MAX + 1) + 1 };

/* Twice the ranks of all values, equal ones sharing theirs; those of x add up to *sum. */
static void rank(const double *x, size_t n_x, const double *y, size_t n_y, int64_t *ranks,
                 int64_t *sum)
{
    *sum = 0;
    for (size_t i = 0, j = 0; i < n_x || j < n_y;) {
        const double value = j == n_y || (i < n_x && x[i] <= y[j]) ? x[i] : y[j];
        const size_t before = i + j, i_before = i;

        while (i < n_x && x[i] <= value)
            i++;
        while (j < n_y && y[j] <= value)
            j++;
        for (size_t k = before; k < i + j; k++)
            ranks[k] = (int64_t)(before + 1 + i + j);
        *sum += (int64_t)((i - i_before) * (before + 1 + i + j));
    }
}

/* Of all ways to choose n_x of the values, ties kept, the part whose ranks add up to a sum at least
 * as far from what is expected as that of x; *least: the part of those as far as it goes. */
static double exact_p(const double *x, size_t n_x, const double *y, size_t n_y, double *least)
{
    /* ways[k][s]: choices of k of the values so far, with the sum s of doubled ranks */
    static const size_t row = SUMS;
    g_autofree double *ways = g_new0(double, (n_x + 1) * row);
    const size_t n = n_x + n_y;
    const int64_t expected = (int64_t)(n_x * (n + 1));
    int64_t ranks[VALUES_MAX], sum, farthest = 0;
    double all = 0, as_far = 0;

    rank(x, n_x, y, n_y, ranks, &sum);
    ways[0] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = MIN(i + 1, n_x); k > 0; k--)
            for (int64_t s = SUMS - 1; s >= ranks[i]; s--)
                ways[k * row + (size_t)s] += ways[(k - 1) * row + (size_t)(s - ranks[i])];
    for (int64_t s = 0; s < SUMS; s++) {
        const double here = ways[n_x * row + (size_t)s];
        const int64_t distance = llabs(s - expected);

        all += here;
        if (distance >= llabs(sum - expected))
            as_far += here;
        if (here > 0 && distance > farthest) {
            farthest = distance;
            *least = 0;
        }
        if (distance == farthest)
            *least += here;
    }
    *least /= all;
    return as_far / all;
}

/* The same for an x of EXACT_MAX values or fewer, from arrangements drawn by chance: the same ones
 * in every run. */
static double drawn_p(const double *x, size_t n_x, const double *y, size_t n_y)
{
    const size_t n = n_x + n_y;
    const int64_t expected = (int64_t)(n_x * (n + 1));
    g_autofree int64_t *ranks = g_new(int64_t, n);
    uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
    int64_t sum;
    int as_far = 0;

    rank(x, n_x, y, n_y, ranks, &sum);
    for (int i = 0; i < DRAWS; i++) {
        int64_t drawn = 0;

        for (size_t k = 0; k < n_x; k++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);

            const size_t other = k + (size_t)((random >> 33) % (n - k));
            const int64_t chosen = ranks[other];

            ranks[other] = ranks[k];
            ranks[k] = chosen;
            drawn += chosen;
        }
        as_far += llabs(drawn - expected) >= llabs(sum - expected);
    }
    return (as_far + 1.0) / (DRAWS + 1.0);
}

/* Two-sided, with correction for ties and continuity. */
static double normal_p(double u, double n_x, double n_y, double ties)
{
    const double n = n_x + n_y;
    const double variance = n_x * n_y / 12 * (n + 1 - ties / (n * (n - 1)));
    const double distance = fmax(fabs(u - n_x * n_y / 2) - 0.5, 0);

    return variance > 0 ? erfc(distance / sqrt(2 * variance)) : 1;
}

/* Pairs with y below x, ties counting half, and the sum of t^3 - t over groups of t equal values.
 */
static double count_pairs(const double *x, size_t n_x, const double *y, size_t n_y, double *ties)
{
    double u = 0;

    *ties = 0;
    for (size_t i = 0, j = 0; i < n_x || j < n_y;) {
        const double value = j == n_y || (i < n_x && x[i] <= y[j]) ? x[i] : y[j];
        const size_t i_before = i, j_before = j;

        while (i < n_x && x[i] <= value)
            i++;
        while (j < n_y && y[j] <= value)
            j++;

        const double equal_x = (double)(i - i_before), equal_y = (double)(j - j_before);
        const double equal = equal_x + equal_y;

        u += equal_x * ((double)j_before + equal_y / 2);
        *ties += equal * equal * equal - equal;
    }
    return u;
}

bool mps_rank_test(const double *x, size_t n_x, const double *y, size_t n_y, MpsRankTest *out)
{
    if (n_x < MPS_RANK_TEST_MIN || n_y < MPS_RANK_TEST_MIN)
        return false;

    double ties;
    const double pairs = (double)n_x * (double)n_y;
    const double u = count_pairs(x, n_x, y, n_y, &ties);

    out->delta = 1 - 2 * u / pairs;
    out->exact = n_x <= EXACT_MAX && n_y <= EXACT_MAX;
    out->least = 0;
    out->p = out->exact         ? exact_p(x, n_x, y, n_y, &out->least)
             : n_x <= EXACT_MAX ? drawn_p(x, n_x, y, n_y)
             : n_y <= EXACT_MAX ? drawn_p(y, n_y, x, n_x)
                                : normal_p(u, (double)n_x, (double)n_y, ties);
    return true;
}

static int by_value(const void *a, const void *b)
{
    const double left = **(double *const *)a, right = **(double *const *)b;

    return (left > right) - (left < right);
}

void mps_rank_holm(double **p, size_t n)
{
    double least = 0;

    if (n > 0) /* an empty array may be NULL, which qsort() does not take */
        qsort(p, n, sizeof *p, by_value);
    for (size_t i = 0; i < n; i++) {
        least = fmax(least, fmin(1, *p[i] * (double)(n - i)));
        *p[i] = least;
    }
}

double mps_rank_quantile(const double *sorted, size_t n, double q)
{
    const double place = q * (double)(n - 1);
    const size_t low = (size_t)place;
    const size_t high = low + 1 < n ? low + 1 : low;

    return sorted[low] + (place - (double)low) * (sorted[high] - sorted[low]);
}
