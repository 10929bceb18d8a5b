/* metric_series.c - bytes and RTT of each subflow direction over time. */
#include "metrics/bins.h"
#include "metrics/metrics.h"

static void take_payload(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    MpsBin *bin = mps_bins_at(state, event->ts_ns);

    bin->payload_bytes += event->segment.unique_bytes + event->segment.retransmitted_bytes;
    bin->retransmitted_bytes += event->segment.retransmitted_bytes;
    mps_bin_flight(bin, event->subflow->side[event->direction].flight_bytes);
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    MpsBin *bin = mps_bins_at(state, event->ts_ns);

    bin->data_bytes += event->data.union_bytes;
    if (event->data.class == MPS_DATA_REINJECTED)
        bin->reinjected_bytes += event->data.bytes;
}

static void take_rtt(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    mps_bin_rtt(mps_bins_at(state, event->ts_ns), event->rtt.rtt_ns);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    mps_bins_rows(state, subject->connection->id, subject->subflow->id,
                  mps_direction_name(subject->direction), rows);
}

static void clear(void *state)
{
    mps_bins_clear(state);
}

const MpsMetric mps_metric_series = {
    .name = "series",
    .help =
        "Payload, new data, retransmitted and reinjected bytes, RTT, queueing delay, largest TCP "
        "flight, and retransmissions by class, per time bin.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .table = &mps_series_table,
    .state_bytes = sizeof(MpsBins),
    .links = mps_bins_links,
    .observe =
        {
            [MPS_EV_SEGMENT] = {take_payload, MPS_SEGMENT_PAYLOAD},
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_RTT] = {take_rtt},
        },
    .finish = finish,
    .clear = clear,
};
