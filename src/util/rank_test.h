/* rank_test.h - whether two samples differ, without asking how they are distributed: the test of
 * Mann and Whitney (1947), and how much they differ: Cliff's delta (1993). */
#ifndef MPS_UTIL_RANK_TEST_H
#define MPS_UTIL_RANK_TEST_H

#include <stdbool.h>
#include <stddef.h>

/* Smaller samples tell nothing. */
#define MPS_RANK_TEST_MIN 3

typedef struct {
    double p;     /* two-sided: chance of a difference at least as large where there is none */
    double delta; /* -1 to 1: P(y > x) - P(y < x) */
    double
        least; /* smallest p that so few values can give, with their ties; 0: as small as may be */
    /* From all arrangements; else from 100000 of them, or, if both samples are large, by the normal
     * approximation, corrected for ties. */
    bool exact;
} MpsRankTest;

/* Compares @y with @x, both sorted ascending.  False if one has fewer than MPS_RANK_TEST_MIN. */
bool mps_rank_test(const double *x, size_t n_x, const double *y, size_t n_y, MpsRankTest *out);

/* Holm's correction (1979) of @n values of p in place: so many tests find something by chance. */
void mps_rank_holm(double **p, size_t n);

/* Quantile @q (0 to 1) of @n > 0 sorted values, linear between neighbours (type 7 of Hyndman and
 * Fan). */
double mps_rank_quantile(const double *sorted, size_t n, double q);

#endif
