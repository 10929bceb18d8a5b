/* metric_rtt_spread.c - how different the subflows' mean RTTs are. */
#include "metrics/metrics.h"

#include <math.h>

typedef struct {
    uint64_t n;
    double sum_ns;
} Mean;

typedef struct {
    GArray *by_ordinal; /* Mean */
} State;

static const MpsColumn columns[] = {
    {"rtt_spread_ns", MPS_INT,
     "largest - smallest mean RTT of the subflows with at least 3 samples (1 if none has 3); NULL "
     "with fewer than two"},
    {"rtt_second_best_ns", MPS_INT, "second smallest - smallest mean RTT of the same subflows"},
    {0},
};

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const guint at = event->subflow->ordinal;

    if (!self->by_ordinal)
        self->by_ordinal = g_array_new(FALSE, TRUE, sizeof(Mean));
    if (at >= self->by_ordinal->len)
        g_array_set_size(self->by_ordinal, at + 1);

    Mean *mean = &g_array_index(self->by_ordinal, Mean, at);

    mean->n++;
    mean->sum_ns += (double)event->rtt.rtt_ns;
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const GArray *means = ((const State *)state)->by_ordinal;
    double best = INFINITY, second = INFINITY, worst = 0;
    uint64_t least = 1;
    guint n = 0;

    if (!means)
        return;
    for (guint i = 0; i < means->len; i++)
        if (g_array_index(means, Mean, i).n >= 3)
            least = 3;
    for (guint i = 0; i < means->len; i++) {
        const Mean *each = &g_array_index(means, Mean, i);
        const double mean = each->sum_ns / (double)each->n;

        if (each->n < least)
            continue;
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

static void clear(void *state)
{
    State *self = state;

    if (self->by_ordinal)
        g_array_unref(self->by_ordinal);
}

static const MpsLink links[] = {
    MPS_ZEROED_ARRAY(State, by_ordinal, Mean, NULL),
    {0},
};

const MpsMetric mps_metric_rtt_spread = {
    .name = "rtt_spread",
    .help = "Difference of the subflows' mean RTTs, per direction.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .state_bytes = sizeof(State),
    .links = links,
    .wants = MPS_WANTS(MPS_EV_RTT),
    .observe = observe,
    .summarise = summarise,
    .clear = clear,
};
