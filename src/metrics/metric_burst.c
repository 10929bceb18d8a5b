/* metric_burst.c - bursts of an application's data, how long each waited for an answer, and how the
 * scheduler spread them over the subflows. */
#include "metrics/metrics.h"

#define MS_NS ((int64_t)1000 * 1000)

/* A pause ends a burst from here on, or from three RTTs on if that is longer. */
static const int64_t LEAST_NS = 50 * MS_NS;
/* Rows per direction: a conversation has bursts without end. */
enum { MOST_ROWS = 200 };

typedef struct {
    int64_t start_ns, last_ns; /* first and last packet */
    int64_t pause_ns;          /* before it, if not the first */
    uint64_t packet, last_packet;
    uint32_t capture_id, last_capture_id;
    uint64_t bytes, packets, switches;
    const MpsSubflow *first, *last;
    bool answered;
    int64_t answer_ns;
    const MpsSubflow *answer; /* subflow of it */
} Burst;

typedef struct {
    uint64_t n;          /* bursts so far, with the current one */
    Burst burst;         /* the current one, if n > 0 */
    int64_t sent_end;    /* data offset */
    bool any_acked;      /* by DATA_ACKs: */
    int64_t acked;       /* data offset */
    uint64_t back_bytes; /* data of the other host so far */
    bool data_pending;   /* the other host's packet @pending_packet may be the answer */
    uint64_t pending_packet;

    MpsHistogram bytes, duration_ns, delay_ns;
    uint64_t switches, switches_inside, most_switches; /* of subflow, packet by packet */
    uint64_t n_split;
    double duration_sum_ns;
} State;

enum {
    BURSTS,
    BYTES_MEAN,
    BYTES_P50,
    BYTES_P95,
    BYTES_MAX,
    DURATION_MEAN,
    DURATION_P50,
    DURATION_P95,
    DURATION_MAX,
    SPLIT,
    SWITCHES,
    SWITCHES_MEAN,
    SWITCHES_MAX,
    SWITCH_RATE,
    DELAY,
};

static const MpsColumn columns[] = {
    [BURSTS] = {"bursts", MPS_INT,
                "bursts of new data: one ends where everything was acknowledged and then for more "
                "than max(3 RTT, 50 ms) no new data came, or where the other host answered"},
    [BYTES_MEAN] = {"burst_mean_bytes", MPS_REAL, "their data, mean [bytes]"},
    [BYTES_P50] = {"burst_p50_bytes", MPS_INT, "median [bytes], within 3.2 %"},
    [BYTES_P95] = {"burst_p95_bytes", MPS_INT, "95th percentile [bytes], within 3.2 %"},
    [BYTES_MAX] = {"burst_max_bytes", MPS_INT, "maximum [bytes]"},
    [DURATION_MEAN] = {"burst_duration_mean_ns", MPS_INT, "first to last packet, mean [ns]"},
    [DURATION_P50] = {"burst_duration_p50_ns", MPS_INT, "median [ns], within 3.2 %"},
    [DURATION_P95] = {"burst_duration_p95_ns", MPS_INT, "95th percentile [ns], within 3.2 %"},
    [DURATION_MAX] = {"burst_duration_max_ns", MPS_INT, "maximum [ns]"},
    [SPLIT] = {"bursts_split", MPS_INT,
               "bursts whose first and last packet went on different subflows"},
    [SWITCHES] = {"subflow_switches", MPS_INT,
                  "times that a packet with new data went on another subflow than the one before"},
    [SWITCHES_MEAN] = {"burst_switches_mean", MPS_REAL, "the same within a burst, mean"},
    [SWITCHES_MAX] = {"burst_switches_max", MPS_INT, "most within a burst"},
    [SWITCH_RATE] = {"subflow_switch_rate", MPS_REAL,
                     "switches within bursts over the sum of their durations [1/s]"},
    MPS_DISTRIBUTION_COLUMNS("response_delay_",
                             "last packet of a burst to the other host's first new payload that "
                             "comes when all of it is acknowledged"),
    {0},
};

static const MpsColumn row_columns[] = {
    {"connection_id", MPS_INT, "whose data", "connection(connection_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    {"number", MPS_INT, "from 1 on, in order of time"},
    {"start_ns", MPS_INT, "capture time of the first packet"},
    {"capture_id", MPS_INT, "its file", "capture(capture_id)"},
    {"packet", MPS_INT, "its number in the file, from 1"},
    {"last_capture_id", MPS_INT, "file of the last packet", "capture(capture_id)"},
    {"last_packet", MPS_INT, "its number in the file"},
    {"duration_ns", MPS_INT, "first to last packet"},
    {"pause_ns", MPS_INT, "last packet of the burst before to its first; NULL: the first burst"},
    {"bytes", MPS_INT, "new data"},
    {"packets", MPS_INT, "with new data"},
    {"first_subflow_id", MPS_INT, "subflow of the first packet", "subflow(subflow_id)"},
    {"last_subflow_id", MPS_INT, "subflow of the last packet", "subflow(subflow_id)"},
    {"switches", MPS_INT, "packets on another subflow than the one before"},
    {"response_delay_ns", MPS_INT,
     "last packet to first packet of the answer, as seen at the tap; NULL: there was none"},
    {"response_subflow_id", MPS_INT, "subflow of the answer", "subflow(subflow_id)"},
    {0},
};

static const MpsTable table = {
    .name = "burst",
    .help = "The first 200 bursts of new data of each direction: what an application sent at a "
            "time, and how long it waited for an answer.",
    .columns = row_columns,
    .index = "connection_id, direction",
};

static bool receiver_seen(const MpsConnection *connection, MpsDirection direction)
{
    const MpsSide receiver = direction == MPS_C2S ? MPS_SERVER : MPS_CLIENT;

    for (guint i = 0; i < connection->subflows->len; i++)
        if (((MpsSubflow *)g_ptr_array_index(connection->subflows, i))
                ->side[receiver]
                .ledger.packets > 0)
            return true;
    return false;
}

/* How much payload of @direction waits for TCP's ACK. */
static uint64_t unacked(const MpsConnection *connection, MpsDirection direction)
{
    uint64_t sum = 0;

    for (guint i = 0; i < connection->subflows->len; i++)
        sum += ((MpsSubflow *)g_ptr_array_index(connection->subflows, i))
                   ->side[direction]
                   .unacked_bytes;
    return sum;
}

static bool judged_by_data_acks(const State *self, const MpsConnection *connection)
{
    return self->any_acked && !connection->fallback;
}

/* Whether everything sent before this packet was acknowledged; also if nobody could have. */
static bool all_acked(const State *self, const MpsConnection *connection, MpsDirection direction)
{
    if (judged_by_data_acks(self, connection))
        return self->acked >= self->sent_end;
    return unacked(connection, direction) == 0 || !receiver_seen(connection, direction);
}

static void add_row(const State *self, const MpsConnection *connection, MpsDirection direction,
                    MpsRowSink *rows)
{
    const Burst *burst = &self->burst;

    rows->add(rows, &table,
              (MpsValue[]){
                  mps_count(connection->id),
                  mps_text(mps_direction_name(direction)),
                  mps_count(self->n),
                  mps_int(burst->start_ns),
                  mps_int(burst->capture_id),
                  mps_count(burst->packet),
                  mps_int(burst->last_capture_id),
                  mps_count(burst->last_packet),
                  mps_int(burst->last_ns - burst->start_ns),
                  mps_int_if(self->n > 1, burst->pause_ns),
                  mps_count(burst->bytes),
                  mps_count(burst->packets),
                  mps_count(burst->first->id),
                  mps_count(burst->last->id),
                  mps_count(burst->switches),
                  mps_int_if(burst->answered, burst->answer_ns - burst->last_ns),
                  mps_int_if(burst->answered, burst->answered ? (int64_t)burst->answer->id : 0),
              });
}

static void end_burst(State *self, const MpsConnection *connection, MpsDirection direction,
                      MpsRowSink *rows)
{
    const Burst *burst = &self->burst;

    if (self->n == 0)
        return;
    mps_histogram_add(&self->bytes, (int64_t)burst->bytes);
    mps_histogram_add(&self->duration_ns, burst->last_ns - burst->start_ns);
    if (burst->answered)
        mps_histogram_add(&self->delay_ns, burst->answer_ns - burst->last_ns);
    self->duration_sum_ns += (double)(burst->last_ns - burst->start_ns);
    self->switches_inside += burst->switches;
    self->most_switches = MAX(self->most_switches, burst->switches);
    self->n_split += burst->first != burst->last;
    if (self->n <= MOST_ROWS)
        add_row(self, connection, direction, rows);
}

static bool begins_burst(const State *self, const MpsEvent *event)
{
    const int64_t pause_ns = event->ts_ns - self->burst.last_ns;

    return self->n == 0 || self->burst.answered ||
           (pause_ns > 3 * mps_base_rtt_ns(event->connection) &&
            all_acked(self, event->connection, event->direction));
}

static void begin_burst(State *self, const MpsEvent *event)
{
    const int64_t pause_ns = event->ts_ns - self->burst.last_ns;

    self->n++;
    self->burst = (Burst){.start_ns = event->ts_ns,
                          .last_ns = event->ts_ns,
                          .pause_ns = pause_ns,
                          .packet = event->packet,
                          .capture_id = event->capture_id,
                          .first = event->subflow,
                          .last = event->subflow};
}

/* New data; @before carried what came before it. */
static void note_data(State *self, const MpsEvent *event, const MpsSubflow *before)
{
    const int64_t end = event->data.offset + (int64_t)event->data.bytes;
    Burst *burst = &self->burst;

    self->sent_end = MAX(self->sent_end, end);
    burst->bytes += event->data.bytes;
    if (burst->packets > 0 && burst->last_packet == event->packet &&
        burst->last_capture_id == event->capture_id)
        return;
    burst->packets++;
    burst->last_packet = event->packet;
    burst->last_capture_id = event->capture_id;
    burst->last_ns = MAX(burst->last_ns, event->ts_ns);
    burst->switches += burst->packets > 1 && event->subflow != before;
    self->switches += event->subflow != before;
    burst->last = event->subflow;
}

/* The first new data, or after a pause or an answer. */
static G_GNUC_NO_INLINE void take_more(State *self, const MpsEvent *event, MpsRowSink *rows)
{
    const MpsSubflow *before = self->n > 0 ? self->burst.last : event->subflow;

    if (begins_burst(self, event)) {
        end_burst(self, event->connection, event->direction, rows);
        begin_burst(self, event);
    }
    note_data(self, event, before);
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    State *self = state;

    /* What an application sends shows when it is sent first, not when it is repeated. */
    if (event->data.class != MPS_DATA_NEW || event->data.revised || event->data.filled)
        return;
    if (self->n == 0 || self->burst.answered || event->ts_ns - self->burst.last_ns > LEAST_NS)
        take_more(self, event, rows);
    else
        note_data(self, event, self->burst.last);
}

static void answered(State *self, const MpsEvent *event)
{
    self->burst.answered = true;
    self->burst.answer_ns = event->ts_ns;
    self->burst.answer = event->subflow;
}

/* Whether all that @direction had sent before the packet of @event is acknowledged, by TCP or,
 * which may be earlier, by DATA_ACK. */
static bool was_acked(const MpsEvent *event, MpsDirection direction)
{
    const MpsConnectionSide *side = &event->connection->side[direction];
    const uint64_t now = event->segment.unique_bytes;

    return unacked(event->connection, direction) <= now ||
           (side->has_data_ack && !event->connection->fallback &&
            side->data_acked_bytes + now >= side->data_bytes);
}

/* Data of the other host.  Of two hosts that both send all the time, neither answers.  Without
 * DATA_ACKs, what the packet acknowledges is known a moment later. */
static void take_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsDirection back = event->direction == MPS_C2S ? MPS_S2C : MPS_C2S;
    const uint64_t bytes = event->connection->side[back].data_bytes;
    const bool any_new = bytes > self->back_bytes && event->segment.hole_filled_bytes == 0;

    self->back_bytes = bytes;
    self->data_pending = false;
    if (self->n == 0 || self->burst.answered || !any_new || !was_acked(event, back))
        return;
    if (all_acked(self, event->connection, event->direction))
        answered(self, event);
    else if (!judged_by_data_acks(self, event->connection)) {
        self->data_pending = true;
        self->pending_packet = event->packet;
    }
}

static void take_tcp_acked(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (event->tcp_acked.selective)
        return;
    if (self->data_pending && self->pending_packet == event->packet &&
        event->tcp_acked.bytes >= unacked(event->connection, event->direction))
        answered(self, event);
    self->data_pending = false;
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    self->any_acked = true;
    self->acked = event->data_ack.offset;
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    State *self = state;

    end_burst(self, subject->connection, subject->direction, rows);
    mps_distribution_rows(rows, subject, "burst_bytes", &self->bytes);
    mps_distribution_rows(rows, subject, "burst_duration_ns", &self->duration_ns);
    mps_distribution_rows(rows, subject, "response_delay_ns", &self->delay_ns);
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;

    values[BURSTS] = mps_count(self->n);
    mps_distribution(&self->delay_ns, values + DELAY);
    if (self->n == 0)
        return;
    values[BYTES_MEAN] = mps_real(self->bytes.mean);
    values[BYTES_P50] = mps_int(mps_histogram_quantile(&self->bytes, 0.5));
    values[BYTES_P95] = mps_int(mps_histogram_quantile(&self->bytes, 0.95));
    values[BYTES_MAX] = mps_int(self->bytes.max);
    values[DURATION_MEAN] = mps_int((int64_t)self->duration_ns.mean);
    values[DURATION_P50] = mps_int(mps_histogram_quantile(&self->duration_ns, 0.5));
    values[DURATION_P95] = mps_int(mps_histogram_quantile(&self->duration_ns, 0.95));
    values[DURATION_MAX] = mps_int(self->duration_ns.max);
    values[SPLIT] = mps_count(self->n_split);
    values[SWITCHES] = mps_count(self->switches);
    values[SWITCHES_MEAN] = mps_real((double)self->switches_inside / (double)self->n);
    values[SWITCHES_MAX] = mps_count(self->most_switches);
    if (self->duration_sum_ns > 0)
        values[SWITCH_RATE] = mps_real((double)self->switches_inside * 1e9 / self->duration_sum_ns);
}

static void clear(void *state)
{
    State *self = state;

    mps_histogram_clear(&self->bytes);
    mps_histogram_clear(&self->duration_ns);
    mps_histogram_clear(&self->delay_ns);
}

static const MpsLink burst_links[] = {
    MPS_ENTITY(Burst, first),
    MPS_ENTITY(Burst, last),
    MPS_ENTITY(Burst, answer),
    {0},
};

static const MpsLink links[] = {
    MPS_PART(State, burst, 1, burst_links),
    MPS_PART(State, bytes, 1, mps_histogram_links),
    MPS_PART(State, duration_ns, 1, mps_histogram_links),
    MPS_PART(State, delay_ns, 1, mps_histogram_links),
    {0},
};

const MpsMetric mps_metric_burst = {
    .name = "burst",
    .help = "Bursts of new data (in order, not what fills holes later), per direction: a burst "
            "ends where everything was acknowledged and "
            "then for more than max(3 RTT, 50 ms) no new data came (RTT: smallest so far, to both "
            "hosts), or where the other host answered; an answer is the first new payload of the "
            "other host at a moment when all data of the burst is acknowledged, by that packet or "
            "before, and nothing else of the other host waits for an ACK.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .table = &table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_DATA_ACK] = {take_data_ack},
            [MPS_EV_ACK] = {take_ack, MPS_SEGMENT_PAYLOAD},
            [MPS_EV_TCP_ACKED] = {take_tcp_acked},
        },
    .finish = finish,
    .summarise = summarise,
    .clear = clear,
};
