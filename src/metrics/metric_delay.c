/* metric_delay.c - RTT by time stamps, base RTT, and what queues add to it. */
#include "metrics/bins.h"
#include "metrics/metrics.h"

#include "util/room.h"

/* RFC 6817 section 4.2: BASE_HISTORY one-minute minima. */
enum { MINUTES = 10 };
static const int64_t MINUTE_NS = INT64_C(60) * 1000 * 1000 * 1000;

/* More time stamps than this are not waiting for their echo. */
enum { MAX_STAMPS = 4096 };

typedef struct {
    uint32_t tsval;
    int64_t ts_ns; /* first segment that carried it */
} Stamp;

typedef struct {
    MpsBins *series; /* or NULL */
    Stamp *stamps;   /* not echoed yet, oldest first */
    MpsRoom n_stamps;
    bool any_stamp;
    uint32_t newest; /* time stamp */
    int64_t acked;   /* as event.segment.ack */
    MpsHistogram ts_rtt_ns;

    bool any_rtt;
    int64_t minute_ns;          /* when the current minute began */
    int64_t minimum[MINUTES];   /* the current minute first; INT64_MAX: no sample */
    int64_t base_ns, lowest_ns; /* smallest of them, and smallest ever */
    MpsHistogram queueing_ns;
} State;

enum { TS_RTT, BASE = TS_RTT + 9, BASE_LAST, QUEUEING, INFLATION = QUEUEING + 9 };

static const MpsColumn columns[] = {
    MPS_DISTRIBUTION_COLUMNS("ts_rtt_", "first segment with a time stamp to its first echo"),
    {"base_rtt_ns", MPS_INT, "smallest base RTT: RTT of the path without queues [ns]"},
    {"base_rtt_last_ns", MPS_INT,
     "base RTT when the last sample came [ns]; larger if the path became longer"},
    MPS_DISTRIBUTION_COLUMNS("queueing_delay_", "RTT - base RTT at that time"),
    {"rtt_inflation", MPS_REAL, "rtt_mean_ns / base_rtt_ns; 1: never a queue"},
    {0},
};

/* Whether time stamp @a is older than @b (RFC 7323 section 5.2). */
static bool is_older(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static void pass_minutes(State *self, int64_t ts_ns)
{
    int n = 0;

    for (; n < MINUTES && ts_ns - self->minute_ns >= MINUTE_NS; n++)
        self->minute_ns += MINUTE_NS;
    if (n == 0)
        return;
    if (n == MINUTES)
        self->minute_ns = ts_ns;
    for (int i = MINUTES - 1; i >= 0; i--)
        self->minimum[i] = i >= n ? self->minimum[i - n] : INT64_MAX;
    self->base_ns = INT64_MAX;
    for (int i = 0; i < MINUTES; i++)
        self->base_ns = MIN(self->base_ns, self->minimum[i]);
}

static void take_base(State *self, int64_t rtt_ns, int64_t ts_ns)
{
    if (!self->any_rtt) {
        self->any_rtt = true;
        self->minute_ns = ts_ns;
        self->base_ns = self->lowest_ns = INT64_MAX;
        for (int i = 0; i < MINUTES; i++)
            self->minimum[i] = INT64_MAX;
    }
    pass_minutes(self, ts_ns);
    self->minimum[0] = MIN(self->minimum[0], rtt_ns);
    self->base_ns = MIN(self->base_ns, rtt_ns);
    self->lowest_ns = MIN(self->lowest_ns, rtt_ns);
}

/* Segments that are acknowledged, and with them the first echo of their time stamp. */
static void take_segment(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsSegment *wire = event->segment.wire;

    if (!(wire->tcp_options & MPS_TCPOPT_TIMESTAMP) || wire->flags & MPS_TCP_RST ||
        (wire->payload_bytes == 0 && !(wire->flags & (MPS_TCP_SYN | MPS_TCP_FIN))) ||
        (self->any_stamp && !is_older(self->newest, wire->tsval)))
        return;
    self->any_stamp = true;
    self->newest = wire->tsval;
    *MPS_ROOM_INSERT(self->stamps, &self->n_stamps, self->n_stamps.n_items) =
        (Stamp){wire->tsval, event->ts_ns};
    if (self->n_stamps.n_items > MAX_STAMPS)
        MPS_ROOM_ERASE(self->stamps, &self->n_stamps, 0, MAX_STAMPS / 2);
}

/* RFC 7323 section 4.1: an echo counts if the acknowledgement advances. */
static void take_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsSegment *wire = event->segment.wire;
    const bool advances = event->segment.ack > self->acked;
    size_t n = 0;

    if (!event->segment.has_ack || wire->flags & MPS_TCP_RST)
        return;
    self->acked = MAX(self->acked, event->segment.ack);
    if (!(wire->tcp_options & MPS_TCPOPT_TIMESTAMP))
        return;
    while (n < self->n_stamps.n_items && is_older(self->stamps[n].tsval, wire->tsecr))
        n++;
    if (n < self->n_stamps.n_items && self->stamps[n].tsval == wire->tsecr) {
        if (advances) {
            const int64_t rtt_ns = MAX(event->ts_ns - self->stamps[n].ts_ns, 0);

            mps_histogram_add(&self->ts_rtt_ns, rtt_ns);
            take_base(self, rtt_ns, event->ts_ns);
        }
        n++;
    }
    MPS_ROOM_ERASE(self->stamps, &self->n_stamps, 0, n);
}

static void take_rtt(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    take_base(self, event->rtt.rtt_ns, event->ts_ns);

    const int64_t queueing_ns = event->rtt.rtt_ns - self->base_ns;

    mps_histogram_add(&self->queueing_ns, queueing_ns);
    if (!self->series)
        return;

    MpsBin *bin = mps_bins_fed_at(self->series, event->ts_ns);

    bin->queueing_sum_ns += (double)queueing_ns;
    bin->queueing_samples++;
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const State *self = state;
    const MpsSubflowSide *side = &subject->subflow->side[subject->direction];

    mps_distribution(&self->ts_rtt_ns, values + TS_RTT);
    mps_distribution(&self->queueing_ns, values + QUEUEING);
    if (!self->any_rtt)
        return;
    values[BASE] = mps_int(self->lowest_ns);
    values[BASE_LAST] = mps_int(self->base_ns);
    if (side->rtt_samples > 0 && self->lowest_ns > 0)
        values[INFLATION] =
            mps_real(side->rtt_sum_ns / (double)side->rtt_samples / (double)self->lowest_ns);
}

static void clear(void *state)
{
    State *self = state;

    MPS_ROOM_FREE(self->stamps, &self->n_stamps);
    mps_histogram_clear(&self->ts_rtt_ns);
    mps_histogram_clear(&self->queueing_ns);
}

static const MpsLink links[] = {
    MPS_KEPT(State, series),
    MPS_ROOM(State, stamps, n_stamps, NULL),
    MPS_PART(State, ts_rtt_ns, 1, mps_histogram_links),
    MPS_PART(State, queueing_ns, 1, mps_histogram_links),
    {0},
};

const MpsMetric mps_metric_delay = {
    .name = "delay",
    .help =
        "Time stamp RTT: from the first segment that has to be acknowledged and carries a TSval "
        "to the first ACK that echoes it, if that ACK advances (RFC 7323 section 4.1).  Base "
        "RTT: smallest sample, by tcptrace's rule or by time stamps, of the current and the "
        "nine minutes before (RFC 6817 section 4.2).  Queueing delay: RTT by tcptrace's rule - "
        "base RTT at that time.  All from the tap to the receiver and back.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .columns = columns,
    .feeds = &mps_metric_series,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_SEGMENT] = {take_segment, MPS_SEGMENT_PAYLOAD | MPS_SEGMENT_SPECIAL},
            [MPS_EV_ACK] = {take_ack},
            [MPS_EV_RTT] = {take_rtt},
        },
    .summarise = summarise,
    .clear = clear,
};
