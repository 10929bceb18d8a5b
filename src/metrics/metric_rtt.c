/* metric_rtt.c - subflow RTT by tcptrace's rule. */
#include "metrics/metrics.h"

typedef struct {
    MpsHistogram rtt_ns;
} State;

static const MpsColumn columns[] = {
    MPS_DISTRIBUTION_COLUMNS("rtt_", "data of this direction leaves the tap, its ACK returns"),
    {0},
};

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    mps_histogram_add(&((State *)state)->rtt_ns, event->rtt.rtt_ns);
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    mps_distribution(&((const State *)state)->rtt_ns, values);
}

static void clear(void *state)
{
    mps_histogram_clear(&((State *)state)->rtt_ns);
}

static const MpsLink links[] = {
    MPS_PART(State, rtt_ns, 1, mps_histogram_links),
    {0},
};

const MpsMetric mps_metric_rtt = {
    .name = "rtt",
    .help = "Subflow RTT by tcptrace's rule: the ACK equals the end of a captured segment, is its "
            "first ACK, the segment was never sent again, and nothing before it was (re)sent "
            "after it.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .columns = columns,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_RTT] = {observe}},
    .summarise = summarise,
    .clear = clear,
};
