/* metrics.c - the list, made from metrics.def, and what metrics share. */
#include "metrics/metrics.h"

#include <math.h>

const MpsMetric *const mps_metrics[] = {
#define METRIC(name) &mps_metric_##name,
#include "metrics/metrics.def"
#undef METRIC
    NULL,
};

void mps_distribution(const MpsHistogram *histogram, MpsValue *values)
{
    static const double quantiles[] = {0.5, 0.9, 0.95, 0.99};

    values[0] = mps_count(histogram->n);
    if (histogram->n == 0)
        return;
    values[1] = mps_int(histogram->min);
    values[2] = mps_int(llround(histogram->mean));
    values[3] = mps_int(llround(mps_histogram_sd(histogram)));
    for (size_t i = 0; i < G_N_ELEMENTS(quantiles); i++)
        values[4 + i] = mps_int(mps_histogram_quantile(histogram, quantiles[i]));
    values[8] = mps_int(histogram->max);
}
