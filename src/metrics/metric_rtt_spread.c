/* metric_rtt_spread.c - how different the subflows' mean RTTs are. */
#include "metrics/metrics.h"

#include <math.h>

static const MpsColumn columns[] = {
    {"rtt_spread_ns", MPS_INT,
     "largest - smallest mean RTT of the subflows with at least 3 samples (1 if none has 3); NULL "
     "with fewer than two"},
    {"rtt_second_best_ns", MPS_INT, "second smallest - smallest mean RTT of the same subflows"},
    {0},
};

static const MpsSubflowSide *side_of(const GPtrArray *subflows, guint i, MpsDirection direction)
{
    return &((const MpsSubflow *)g_ptr_array_index(subflows, i))->side[direction];
}

static void summarise(const void *state G_GNUC_UNUSED, const MpsSubject *subject, MpsValue *values)
{
    const GPtrArray *subflows = subject->connection->subflows;
    double best = INFINITY, second = INFINITY, worst = 0;
    uint64_t least = 1;
    guint n = 0;

    for (guint i = 0; i < subflows->len; i++)
        if (side_of(subflows, i, subject->direction)->rtt_samples >= 3)
            least = 3;
    for (guint i = 0; i < subflows->len; i++) {
        const MpsSubflowSide *side = side_of(subflows, i, subject->direction);

        if (side->rtt_samples < least)
            continue;

        const double mean = side->rtt_sum_ns / (double)side->rtt_samples;

        n++;
        second = mean < best ? best : MIN(second, mean);
        best = MIN(best, mean);
        worst = MAX(worst, mean);
    }
    if (n < 2)
        return;
    values[0] = mps_int(llround(worst - best));
    values[1] = mps_int(llround(second - best));
}

const MpsMetric mps_metric_rtt_spread = {
    .name = "rtt_spread",
    .help = "Difference of the subflows' mean RTTs, per direction.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .summarise = summarise,
};
