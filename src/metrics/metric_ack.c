/* metric_ack.c - how much each acknowledgement covers, and by how much DATA_ACKs stay behind those
 * of TCP ("ack size" and "ack gap" of Hesmans and Bonaventure's mptcptrace, 2014). */
#include "metrics/bins.h"
#include "metrics/metrics.h"

#include "util/ranges.h"

/* ---- TCP, per subflow ---- */

static const MpsColumn subflow_columns[] = {
    MPS_SIZE_COLUMNS("ack_size_", "payload of this direction newly covered by a TCP ACK of it"),
    {0},
};

static void observe_subflow(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    if (event->tcp_acked.bytes > 0)
        mps_histogram_add(state, (int64_t)event->tcp_acked.bytes);
}

static void finish_subflow(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    mps_distribution_rows(rows, subject, "ack_bytes", state);
}

static void summarise_subflow(const void *state, const MpsSubject *subject G_GNUC_UNUSED,
                              MpsValue *values)
{
    mps_sizes(state, values);
}

static void clear_subflow(void *state)
{
    mps_histogram_clear(state);
}

const MpsMetric mps_metric_ack_size = {
    .name = "ack_size",
    .help = "Payload bytes that each TCP ACK of a subflow is the first to cover; ACKs that cover "
            "nothing new do not count.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .columns = subflow_columns,
    .table = &mps_distribution_table,
    .state_bytes = sizeof(MpsHistogram),
    .observe = {[MPS_EV_TCP_ACKED] = {observe_subflow}},
    .finish = finish_subflow,
    .summarise = summarise_subflow,
    .clear = clear_subflow,
};

/* ---- DATA_ACK, per direction ---- */

typedef struct {
    MpsBins *series; /* or NULL */
    MpsHistogram bytes;
    bool any_acked, any_gap;
    int64_t acked; /* data offset of the latest DATA_ACK */

    /* Data above it that TCP has acknowledged; biased, because offsets may be negative. */
    MpsRanges ahead;
    uint64_t gap, gap_max;
    double gap_ns;              /* sum of bytes times how long */
    int64_t start_ns, since_ns; /* of the sum, and of the gap as it is now */
} State;

static const uint64_t BIAS = UINT64_C(1) << 62;

/* Beyond this many pieces the lowest holes between them count as acknowledged. */
enum { MAX_PIECES = 1024 };

enum { SIZE, GAP_MAX = 5, GAP_MEAN };

static const MpsColumn columns[] = {
    MPS_SIZE_COLUMNS("data_ack_size_", "data newly covered by a DATA_ACK"),
    [GAP_MAX] = {"ack_gap_max_bytes", MPS_INT,
                 "most data that TCP had acknowledged on some subflow and no DATA_ACK yet; NULL: "
                 "no data, or no DATA_ACK to judge by"},
    [GAP_MEAN] = {"ack_gap_mean_bytes", MPS_REAL,
                  "the same, mean over the time from the first to the last acknowledgement"},
    {0},
};

static uint64_t biased(int64_t offset)
{
    return BIAS + (uint64_t)offset;
}

/* The gap as it was lasted until now. */
static void pass_time(State *self, int64_t now_ns)
{
    if (!self->any_gap)
        self->start_ns = now_ns;
    else if (now_ns > self->since_ns)
        self->gap_ns += (double)self->gap * (double)(now_ns - self->since_ns);
    self->since_ns = self->any_gap ? MAX(self->since_ns, now_ns) : now_ns;
    self->any_gap = true;
}

static void take_size(State *self, int64_t bytes, int64_t ts_ns)
{
    mps_histogram_add(&self->bytes, bytes);
    if (!self->series)
        return;

    MpsBin *bin = mps_bins_whole_at(self->series, ts_ns);

    bin->data_acks++;
    bin->data_ack_bytes += (uint64_t)bytes;
}

static void note_gap(State *self, const MpsEvent *event)
{
    if (self->series)
        mps_bin_gap(mps_bins_whole_at(self->series, event->ts_ns), self->gap);
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const int64_t offset = event->data_ack.offset;
    const bool from_start = event->connection->side[event->direction].has_idsn;

    if (event->connection->fallback) /* no DATA_ACKs any more */
        return;
    if (self->any_acked || from_start) {
        const int64_t before = self->any_acked ? self->acked : 0;

        if (offset > before)
            take_size(self, offset - before, event->ts_ns);
    }
    pass_time(self, event->ts_ns);
    self->acked = self->any_acked ? MAX(self->acked, offset) : offset;
    self->any_acked = true;
    if (self->gap > 0) {
        self->gap -= mps_ranges_covered(&self->ahead, 0, biased(self->acked));
        mps_ranges_drop_below(&self->ahead, biased(self->acked));
    }
    note_gap(self, event);
}

static void take_tcp_acked(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const bool from_start = event->connection->side[event->direction].has_idsn;

    if (event->connection->fallback || event->tcp_acked.selective ||
        (!self->any_acked && !from_start))
        return;
    pass_time(self, event->ts_ns);
    for (size_t i = 0; i < event->tcp_acked.n_data; i++) {
        const MpsDataRange *data = &event->tcp_acked.data[i];
        const int64_t begin = MAX(data->begin, self->acked);

        if (begin < data->end)
            self->gap += (uint64_t)(data->end - begin) -
                         mps_ranges_add(&self->ahead, biased(begin), biased(data->end));
    }
    if (self->ahead.room.n_items > MAX_PIECES)
        self->gap += mps_ranges_fill_holes(&self->ahead, UINT64_MAX, MAX_PIECES / 2);
    self->gap_max = MAX(self->gap_max, self->gap);
    note_gap(self, event);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    mps_distribution_rows(rows, subject, "data_ack_bytes", &((State *)state)->bytes);
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const State *self = state;
    const int64_t time_ns = self->since_ns - self->start_ns;

    mps_sizes(&self->bytes, values + SIZE);
    if (!self->any_acked || subject->connection->side[subject->direction].data_bytes == 0)
        return;
    values[GAP_MAX] = mps_count(self->gap_max);
    if (time_ns > 0)
        values[GAP_MEAN] = mps_real(self->gap_ns / (double)time_ns);
}

static void clear(void *state)
{
    State *self = state;

    mps_histogram_clear(&self->bytes);
    mps_ranges_clear(&self->ahead);
}

const MpsMetric mps_metric_data_ack = {
    .name = "data_ack",
    .help = "Data that each DATA_ACK is the first to cover, and the ack gap: data that TCP has "
            "acknowledged on some subflow and no DATA_ACK has, which waits at the receiver for "
            "data of another subflow, or for the DATA_ACK.  After a fallback nothing counts.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .table = &mps_distribution_table,
    .feeds = &mps_metric_series_acked,
    .state_bytes = sizeof(State),
    .observe =
        {
            [MPS_EV_DATA_ACK] = {take_data_ack},
            [MPS_EV_TCP_ACKED] = {take_tcp_acked},
        },
    .finish = finish,
    .summarise = summarise,
    .clear = clear,
};
