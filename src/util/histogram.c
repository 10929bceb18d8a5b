/* histogram.c - log-linear histogram (after HdrHistogram's idea) with Welford moments. */
#include "util/histogram.h"

#include <math.h>
#include <string.h>

#include <glib.h>

enum { SUB_BITS = 5, SUB_BINS = 1 << SUB_BITS };

/* Bin 0..31 hold the values 0..31; after that each octave has 32 bins. */
static uint32_t bin_of(uint64_t value)
{
    if (value < SUB_BINS)
        return (uint32_t)value;

    const unsigned shift = (unsigned)g_bit_storage(value) - 1 - SUB_BITS;

    return (shift + 1) * SUB_BINS + (uint32_t)((value >> shift) - SUB_BINS);
}

static uint64_t bin_low(uint32_t bin)
{
    if (bin < SUB_BINS)
        return bin;

    const unsigned shift = bin / SUB_BINS - 1;

    return (uint64_t)(bin % SUB_BINS + SUB_BINS) << shift;
}

/* Makes room for @bin. */
static void cover(MpsHistogram *self, uint32_t bin)
{
    const uint32_t octave = bin / SUB_BINS * SUB_BINS;
    const uint32_t first = self->n_bins ? MIN(self->first_bin, octave) : octave;
    const uint32_t end = MAX(self->first_bin + self->n_bins, octave + SUB_BINS);
    uint64_t *bins = g_new0(uint64_t, end - first);

    if (self->n_bins)
        memcpy(bins + (self->first_bin - first), self->bins, self->n_bins * sizeof *bins);
    g_free(self->bins);
    self->bins = bins;
    self->first_bin = first;
    self->n_bins = end - first;
}

void mps_histogram_add(MpsHistogram *self, int64_t value)
{
    mps_histogram_add_times(self, value, 1);
}

void mps_histogram_add_times(MpsHistogram *self, int64_t value, uint64_t times)
{
    if (times == 0)
        return;

    const int64_t counted = MAX(value, 0);
    const uint32_t bin = bin_of((uint64_t)counted);

    if (bin - self->first_bin >= self->n_bins)
        cover(self, bin);
    self->bins[bin - self->first_bin] += times;
    self->min = self->n ? MIN(self->min, counted) : counted;
    self->max = MAX(self->max, counted);
    self->n += times;

    const double weight = (double)times, delta = (double)counted - self->mean;

    self->mean += weight * delta / (double)self->n;
    self->m2 += weight * delta * ((double)counted - self->mean);
}

double mps_histogram_sd(const MpsHistogram *self)
{
    return self->n < 2 ? 0 : sqrt(self->m2 / (double)(self->n - 1));
}

int64_t mps_histogram_quantile(const MpsHistogram *self, double p)
{
    const double rank = p * (double)self->n;
    double below = 0;

    for (uint32_t i = 0; i < self->n_bins; i++) {
        const uint32_t bin = self->first_bin + i;
        const double here = (double)self->bins[i];

        if (here > 0 && below + here >= rank) {
            const double low = (double)bin_low(bin), high = (double)bin_low(bin + 1);
            const double inside = low + (high - low) * (rank - below) / here;

            return CLAMP((int64_t)inside, self->min, self->max);
        }
        below += here;
    }
    return self->max;
}

bool mps_histogram_next_octave(const MpsHistogram *self, uint32_t *at, int64_t *low, int64_t *high,
                               uint64_t *n)
{
    while (*at < self->n_bins && self->bins[*at] == 0)
        (*at)++;
    if (*at >= self->n_bins)
        return false;

    const uint64_t value = bin_low(self->first_bin + *at);
    const uint64_t begin = value ? UINT64_C(1) << (g_bit_storage(value) - 1) : 0;
    const uint64_t end = value ? 2 * begin : 1;

    *low = (int64_t)begin;
    *high = (int64_t)MIN(end, (uint64_t)INT64_MAX);
    for (*n = 0; *at < self->n_bins && bin_low(self->first_bin + *at) < end; (*at)++)
        *n += self->bins[*at];
    return true;
}

void mps_histogram_clear(MpsHistogram *self)
{
    g_free(self->bins);
    *self = (MpsHistogram){0};
}
