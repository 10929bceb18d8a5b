/* histogram.h - distribution of positive integers in bounded space, with exact moments.
 *
 * Log-linear bins: every power of two is cut into 32 equal bins, so a quantile is at most 3.2 % off
 * (half of that on average); count, minimum, maximum, mean and standard deviation are exact.  As
 * long as the values lie in few bins, only those take memory: a short connection has histograms by
 * the dozen and a handful of values in each. */
#ifndef MPS_UTIL_HISTOGRAM_H
#define MPS_UTIL_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed memory is an empty histogram. */
typedef struct {
    uint64_t n;
    int64_t min, max;
    double mean, m2;            /* Welford's running mean and sum of squared deviations */
    uint64_t *bins;             /* NULL as long as it is empty */
    uint16_t first_bin, n_bins; /* n_bins 0: @bins is a list of the few that have values */
    uint16_t n_listed;          /* how often something was counted in the list */
    uint8_t n_few, n_few_room;
} MpsHistogram;

/* Counts @value; negative ones count as 0. */
void mps_histogram_add(MpsHistogram *self, int64_t value);

/* Counts @value @times times, at the price of once. */
void mps_histogram_add_times(MpsHistogram *self, int64_t value, uint64_t times);

/* Sample standard deviation, n - 1 in the denominator as tcptrace prints it; 0 for n < 2. */
double mps_histogram_sd(const MpsHistogram *self);

/* The value below which a share of @p (0..1) of the values lies: linear inside its bin, kept within
 * [min, max].  0 for an empty histogram. */
int64_t mps_histogram_quantile(const MpsHistogram *self, double p);

/* Finds the first class [low, high) between two powers of two (0 is one of its own) at or after bin
 * @at, 0 for the first call, that has values.  Returns false if there is none; else how many, with
 * @at moved on. */
bool mps_histogram_next_octave(const MpsHistogram *self, uint32_t *at, int64_t *low, int64_t *high,
                               uint64_t *n);

void mps_histogram_clear(MpsHistogram *self);

#endif
