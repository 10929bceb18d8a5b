/* rank_test.c - see rank_test.h. */
#include "util/rank_test.h"

#include <math.h>
#include <stdlib.h>

#include <glib.h>

/* All arrangements are counted up to this size of each sample. */
#define EXACT_MAX 20

/* Of all ways to arrange n_x and n_y values without ties, the part in which at most @u pairs have
 * y below x.  ways[i][j][u]: arrangements of i and j values with u such pairs; the largest value is
 * either a y, below no x, or an x, above all j of y. */
static double exact_tail(size_t n_x, size_t n_y, size_t u)
{
    const size_t stride = n_x * n_y + 1;
    g_autofree double *ways = g_new0(double, (n_x + 1) * (n_y + 1) * stride);
    double below = 0, all = 0;

    for (size_t i = 0; i <= n_x; i++)
        for (size_t j = 0; j <= n_y; j++) {
            double *here = ways + (i * (n_y + 1) + j) * stride;

            if (i == 0 || j == 0) {
                here[0] = 1;
                continue;
            }
            for (size_t k = 0; k <= i * j; k++)
                here[k] = (here - stride)[k] + (k >= j ? (here - (n_y + 1) * stride)[k - j] : 0);
        }

    const double *last = ways + (n_x * (n_y + 1) + n_y) * stride;

    for (size_t k = 0; k < stride; k++) {
        all += last[k];
        if (k <= u)
            below += last[k];
    }
    return below / all;
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
    out->exact = !(ties > 0) && n_x <= EXACT_MAX && n_y <= EXACT_MAX;
    out->p = out->exact ? fmin(1, 2 * exact_tail(n_x, n_y, (size_t)fmin(u, pairs - u)))
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
