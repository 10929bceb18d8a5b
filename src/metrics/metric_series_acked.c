/* metric_series_acked.c - how far each direction's data was sent and acknowledged over time, and
 * what that leaves of the receive window. */
#include "metrics/bins.h"
#include "metrics/metrics.h"

typedef struct {
    MpsBins bins; /* first: others feed it */
    bool any_sent;
    int64_t sent_end; /* data offset */
    MpsLevels levels; /* as last noted */
} State;

static MpsBin *bin_of(State *self, const MpsEvent *event)
{
    self->bins.whole = true;
    return mps_bins_at(&self->bins, event->ts_ns);
}

static MpsLevels levels_now(const State *self, const MpsConnectionSide *side)
{
    const int64_t acked = side->has_acked ? side->acked : 0;
    const bool windowed = side->has_window && side->has_acked;

    return (MpsLevels){self->any_sent ? MAX(self->sent_end - acked, 0) : -1,
                       windowed ? MAX(side->window_end - acked, 0) : -1};
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
    if (side->ofo_bytes > bin->ofo_bytes)
        bin->ofo_bytes = side->ofo_bytes;
    if (event->data.revised) /* the bin is of the past */
        return;
    self->levels = levels_now(self, side);
    mps_bin_levels(bin, self->levels);
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    MpsBin *bin = bin_of(state, event);

    bin->acked = event->data_ack.offset;
    bin->acked_ns = event->ts_ns;
    bin->any_acked = true;
}

/* After the DATA_ACK, the window that came with it is known, too. */
static void take_progress(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsLevels now = levels_now(self, &event->connection->side[event->direction]);

    if ((now.flight < 0 && now.window < 0) ||
        (now.flight == self->levels.flight && now.window == self->levels.window))
        return;
    self->levels = now;
    mps_bin_levels(mps_bins_whole_at(&self->bins, event->ts_ns), now);
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

static const MpsLink links[] = {
    MPS_PART(State, bins, 1, mps_bins_links),
    {0},
};

const MpsMetric mps_metric_series_acked = {
    .name = "series_acked",
    .help =
        "New data, the last DATA_ACK and when it came, data RTT, largest flight of the data and of "
        "all TCP, smallest receive window, flight and window at the end, most data held out of "
        "order, largest ack gap, and how much DATA_ACKs cover, per time bin, for a direction as "
        "a whole.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_DATA_ACK] = {take_data_ack},
            [MPS_EV_PROGRESS] = {take_progress},
        },
    .finish = finish,
    .clear = clear,
};
