/* metric_series_acked.c - how far each direction's data was acknowledged over time. */
#include "metrics/bins.h"
#include "metrics/metrics.h"

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    MpsBin *bin = mps_bins_at(state, event->ts_ns);

    if (event->kind == MPS_EV_DATA) {
        bin->data_bytes += event->data.union_bytes;
        return;
    }
    bin->acked = event->data_ack.offset;
    bin->any_acked = true;
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    if (subject->connection->id != 0)
        mps_bins_rows(state, subject->connection->id, 0, mps_direction_name(subject->direction),
                      rows);
}

static void clear(void *state)
{
    mps_bins_clear(state);
}

const MpsMetric mps_metric_series_acked = {
    .name = "series_acked",
    .help = "New data and the DATA_ACK per time bin, for a direction as a whole.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .state_bytes = sizeof(MpsBins),
    .wants = MPS_WANTS(MPS_EV_DATA) | MPS_WANTS(MPS_EV_DATA_ACK),
    .observe = observe,
    .finish = finish,
    .clear = clear,
};
