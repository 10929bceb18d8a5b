/* histogram.c - log-linear histogram (after HdrHistogram's idea) with Welford moments. */
#include "util/histogram.h"

#include <math.h>
#include <string.h>

#include <glib.h>

enum { SUB_BITS = 5, SUB_BINS = 1 << SUB_BITS };

/* Up to so many bins with values are kept as a sorted list of words: bin, then count.  More, or a
 * count that does not fit, or so many values that looking for their places is dear, and there is an
 * array of all bins between the first and the last. */
enum { MOST_FEW = 32, MOST_LISTED = 1024, COUNT_BITS = 48 };
static const uint64_t MOST_COUNT = (UINT64_C(1) << COUNT_BITS) - 1;

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

static uint32_t few_bin(uint64_t word)
{
    return (uint32_t)(word >> COUNT_BITS);
}

/* Makes room for @bin in an array. */
static void cover(MpsHistogram *self, uint32_t bin)
{
    const uint32_t octave = bin / SUB_BINS * SUB_BINS;
    const uint32_t first = self->n_bins ? MIN(self->first_bin, octave) : octave;
    const uint32_t end = MAX((uint32_t)self->first_bin + self->n_bins, octave + SUB_BINS);
    uint64_t *bins = g_new0(uint64_t, end - first);

    if (self->n_bins)
        memcpy(bins + (self->first_bin - first), self->bins, self->n_bins * sizeof *bins);
    g_free(self->bins);
    self->bins = bins;
    self->first_bin = (uint16_t)first;
    self->n_bins = (uint16_t)(end - first);
}

static void count_in_array(MpsHistogram *self, uint32_t bin, uint64_t times)
{
    if (bin - self->first_bin >= self->n_bins)
        cover(self, bin);
    self->bins[bin - self->first_bin] += times;
}

/* They are no longer few. */
static void leave_list(MpsHistogram *self)
{
    g_autofree uint64_t *few = g_steal_pointer(&self->bins);

    for (uint32_t i = 0; i < self->n_few; i++)
        count_in_array(self, few_bin(few[i]), few[i] & MOST_COUNT);
    self->n_few = self->n_few_room = 0;
}

/* Where in the list @bin is, or would be. */
static uint32_t place_of(const MpsHistogram *self, uint32_t bin)
{
    uint32_t low = 0, high = self->n_few;

    while (low < high) {
        const uint32_t middle = (low + high) / 2;

        if (few_bin(self->bins[middle]) < bin)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Returns false if the list cannot take them. */
static bool count_in_list(MpsHistogram *self, uint32_t bin, uint64_t times)
{
    const uint32_t at = place_of(self, bin);

    if (self->n_listed++ == MOST_LISTED || times > MOST_COUNT)
        return false;
    if (at < self->n_few && few_bin(self->bins[at]) == bin) {
        if (times > MOST_COUNT - (self->bins[at] & MOST_COUNT))
            return false;
        self->bins[at] += times;
        return true;
    }
    if (self->n_few == MOST_FEW)
        return false;
    if (self->n_few == self->n_few_room) {
        self->n_few_room = (uint8_t)MAX(2 * self->n_few_room, 2);
        self->bins = g_renew(uint64_t, self->bins, self->n_few_room);
    }
    memmove(self->bins + at + 1, self->bins + at, (self->n_few - at) * sizeof *self->bins);
    self->bins[at] = (uint64_t)bin << COUNT_BITS | times;
    self->n_few++;
    return true;
}

/* Counts in a bin that there is no array for, so far. */
static G_GNUC_NO_INLINE void count_apart(MpsHistogram *self, uint32_t bin, uint64_t times)
{
    if (self->n_bins == 0) {
        if (count_in_list(self, bin, times))
            return;
        leave_list(self);
    }
    count_in_array(self, bin, times);
}

/* How many places, in order of their bins, bin_at() knows; those of an array may be empty. */
static uint32_t n_places(const MpsHistogram *self)
{
    return self->n_bins ? self->n_bins : self->n_few;
}

static uint32_t bin_at(const MpsHistogram *self, uint32_t place, uint64_t *n)
{
    if (self->n_bins) {
        *n = self->bins[place];
        return self->first_bin + place;
    }
    *n = self->bins[place] & MOST_COUNT;
    return few_bin(self->bins[place]);
}

static inline void add(MpsHistogram *self, int64_t value, uint64_t times)
{
    const int64_t counted = MAX(value, 0);
    const uint32_t bin = bin_of((uint64_t)counted), place = bin - self->first_bin;
    const double weight = (double)times, delta = (double)counted - self->mean;

    if (self->n == 0 || counted < self->min)
        self->min = counted;
    if (counted > self->max)
        self->max = counted;
    self->n += times;
    self->mean += weight * delta / (double)self->n;
    self->m2 += weight * delta * ((double)counted - self->mean);
    if (place < self->n_bins)
        self->bins[place] += times;
    else
        count_apart(self, bin, times);
}

void mps_histogram_add(MpsHistogram *self, int64_t value)
{
    add(self, value, 1);
}

void mps_histogram_add_times(MpsHistogram *self, int64_t value, uint64_t times)
{
    if (times > 0)
        add(self, value, times);
}

double mps_histogram_sd(const MpsHistogram *self)
{
    return self->n < 2 ? 0 : sqrt(self->m2 / (double)(self->n - 1));
}

int64_t mps_histogram_quantile(const MpsHistogram *self, double p)
{
    const double rank = p * (double)self->n;
    double below = 0;

    for (uint32_t i = 0; i < n_places(self); i++) {
        uint64_t n;
        const uint32_t bin = bin_at(self, i, &n);
        const double here = (double)n;

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
    uint64_t begin = 0, end = 0, here;

    *n = 0;
    for (; *at < n_places(self); (*at)++) {
        const uint64_t value = bin_low(bin_at(self, *at, &here));

        if (here == 0)
            continue;
        if (*n > 0 && value >= end)
            break;
        if (*n == 0) {
            begin = value ? UINT64_C(1) << (g_bit_storage(value) - 1) : 0;
            end = value ? 2 * begin : 1;
        }
        *n += here;
    }
    *low = (int64_t)begin;
    *high = (int64_t)MIN(end, (uint64_t)INT64_MAX);
    return *n > 0;
}

void mps_histogram_clear(MpsHistogram *self)
{
    g_free(self->bins);
    *self = (MpsHistogram){0};
}
