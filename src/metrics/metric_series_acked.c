/* metric_series_acked.c - how far each direction's data was sent and acknowledged over time, and
 * what that leaves of the receive window. */
#include "metrics/bins.h"
#include "metrics/metrics.h"

typedef struct {
    MpsBins bins; /* first: others feed it */
    bool any_sent;
    int64_t sent_end; /* data offset */
} State;

static MpsBin *bin_of(State *self, const MpsEvent *event)
{
    self->bins.whole = true;
    return mps_bins_at(&self->bins, event->ts_ns);
}

static void note_window(MpsBin *bin, const MpsConnectionSide *side)
{
    if (side->has_window && side->has_acked)
        mps_bin_window(bin, (uint64_t)MAX(side->window_end - side->acked, 0));
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    MpsBin *bin = bin_of(self, event);
    const MpsConnectionSide *side = &event->connection->side[event->direction];
    const int64_t end = event->data.offset + (int64_t)event->data.bytes;

    self->sent_end = self->any_sent ? MAX(self->sent_end, end) : end;
    self->any_sent = true;
    bin->data_bytes += event->data.union_bytes;
    bin->ofo_bytes = MAX(bin->ofo_bytes, side->ofo_bytes);
    mps_bin_flight(bin, (uint64_t)MAX(self->sent_end - (side->has_acked ? side->acked : 0), 0));
    note_window(bin, side);
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    MpsBin *bin = bin_of(state, event);

    bin->acked = event->data_ack.offset;
    bin->any_acked = true;
    note_window(bin, &event->connection->side[event->direction]);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    if (subject->connection->id != 0)
        mps_bins_rows(&((State *)state)->bins, subject->connection->id, 0,
                      mps_direction_name(subject->direction), rows);
}

static void clear(void *state)
{
    mps_bins_clear(&((State *)state)->bins);
}

const MpsMetric mps_metric_series_acked = {
    .name = "series_acked",
    .help = "New data, the DATA_ACK, data RTT, largest flight of the data and of all TCP, smallest "
            "receive window, most data held out of order, largest ack gap, and how much DATA_ACKs "
            "cover, per time bin, for a direction as a whole.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .state_bytes = sizeof(State),
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_DATA_ACK] = {take_data_ack},
        },
    .finish = finish,
    .clear = clear,
};
