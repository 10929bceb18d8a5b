/* metric_stale.c - subflows whose payload is not acknowledged any more while that of others is. */
#include "metrics/metrics.h"

#define MS_NS ((int64_t)1000 * 1000)

/* A wait counts from here on, or from three RTTs on if that is longer: some retransmission
 * timeouts, after which schedulers give a subflow up. */
static const int64_t LEAST_NS = 1000 * MS_NS;
/* RTTs above it are no measure of anything. */
static const int64_t MOST_RTT_NS = 60 * 1000 * MS_NS;

/* What one end has sent; positions as MpsEvent numbers them. */
typedef struct {
    int64_t sent_end, acked;
    int64_t since_ns; /* of the wait for an ACK, if payload is outstanding */
    uint64_t packet;
    uint32_t capture_id;
    int64_t longest_ns;
    bool any_sent;
    bool others_went_on; /* during the wait, seen at some packet of this subflow */
} End;

typedef struct {
    End end[2];
} State;

enum { STALE, UNACKED = STALE + 2 };

static const MpsColumn columns[] = {
    {"c2s_stale_ns", MPS_INT,
     "longest row of table stall of kind stale, of what the client sends here; 0: there was none; "
     "NULL: no payload, or nothing captured of the server that acknowledges it"},
    {"s2c_stale_ns", MPS_INT, "the same of what the server sends"},
    {"c2s_unacked_bytes", MPS_INT,
     "payload of the client captured here and not acknowledged when the subflow ended; NULL: as "
     "above"},
    {"s2c_unacked_bytes", MPS_INT, "the same of the server"},
    {0},
};

static MpsSide other(MpsSide side)
{
    return side == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
}

static void wait_from(End *end, const MpsEvent *event)
{
    end->since_ns = event->ts_ns;
    end->packet = event->packet;
    end->capture_id = event->capture_id;
    end->others_went_on = false;
}

static int64_t least_ns(const MpsSubflow *subflow, MpsSide sender)
{
    const MpsSubflowSide *side = &subflow->side[sender];

    return MAX(LEAST_NS, side->rtt_samples ? 3 * MIN(side->rtt_min_ns, MOST_RTT_NS) : 0);
}

/* Whether another subflow got payload of @sender acknowledged at @ts_ns or later, and did not wait
 * for that itself: where all paths fail at once none is stale while others go on. */
static bool others_go_on(const MpsSubflow *but, MpsSide sender, int64_t ts_ns)
{
    const GPtrArray *subflows = but->connection->subflows;

    for (guint i = 0; i < subflows->len; i++) {
        const MpsSubflow *each = g_ptr_array_index(subflows, i);

        if (each != but && each->side[sender].acked_ns != MPS_NO_TIME &&
            each->side[sender].acked_ns >= ts_ns &&
            (each->side[sender].paused_ns == MPS_NO_TIME || each->side[sender].paused_ns <= ts_ns))
            return true;
    }
    return false;
}

static bool is_stale(const End *end, const MpsSubflow *subflow, MpsSide sender, int64_t now_ns)
{
    int64_t least;

    if (now_ns - end->since_ns < LEAST_NS) /* nearly always */
        return false;
    least = least_ns(subflow, sender);
    return subflow->connection->id != 0 && end->any_sent && end->sent_end > end->acked &&
           now_ns - end->since_ns >= least && subflow->side[other(sender)].ledger.packets > 0 &&
           (end->others_went_on || others_go_on(subflow, sender, end->since_ns + least));
}

static void add_row(const End *end, const MpsSubflow *subflow, MpsSide sender, int64_t now_ns,
                    const char *ended_by, MpsRowSink *rows)
{
    const MpsSubflowSide *receiver = &subflow->side[other(sender)];
    const int64_t silent_ns =
        receiver->last_ns == MPS_NO_TIME ? INT64_MAX : now_ns - receiver->last_ns;
    const bool zero_window =
        receiver->zero_window_ns != MPS_NO_TIME && receiver->zero_window_ns >= end->since_ns;

    mps_stall_row(rows, subflow->connection,
                  &(MpsStall){.direction = sender,
                              .kind = "stale",
                              .subflow = subflow,
                              .start_ns = end->since_ns,
                              .length_ns = now_ns - end->since_ns,
                              .packet = end->packet,
                              .capture_id = end->capture_id,
                              .outstanding_bytes = (uint64_t)(end->sent_end - end->acked),
                              .cause = zero_window                              ? "zero window"
                                       : silent_ns >= least_ns(subflow, sender) ? "subflow silent"
                                                                                : NULL,
                              .ended_by = ended_by});
}

static G_GNUC_NO_INLINE void take_ack(End *end, MpsSide sender, const MpsEvent *event,
                                      MpsRowSink *rows)
{
    if (is_stale(end, event->subflow, sender, event->ts_ns)) {
        add_row(end, event->subflow, sender, event->ts_ns, "ack", rows);
        end->longest_ns = MAX(end->longest_ns, event->ts_ns - end->since_ns);
    }
    end->acked = event->segment.ack;
    wait_from(end, event);
}

static void look_for_ack(State *self, const MpsEvent *event, MpsRowSink *rows)
{
    const MpsSide sender = other(event->direction);

    if (event->segment.has_ack && event->segment.ack > self->end[sender].acked)
        take_ack(&self->end[sender], sender, event, rows);
}

/* A segment whose payload was all sent before. */
static G_GNUC_NO_INLINE void take_repeat(State *self, const MpsEvent *event, MpsRowSink *rows)
{
    End *end = &self->end[event->direction];

    end->others_went_on |= is_stale(end, event->subflow, event->direction, event->ts_ns);
    look_for_ack(self, event, rows);
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    State *self = state;
    End *end = &self->end[event->direction];
    const MpsSegment *segment = event->segment.wire;
    const int64_t begin = event->segment.seq, sent_end = begin + segment->payload_bytes;

    if (segment->flags & (MPS_TCP_RST | MPS_TCP_SYN))
        return;
    if (event->segment.has_seq && segment->payload_bytes > 0) {
        if (!end->any_sent) {
            end->any_sent = true;
            end->acked = end->sent_end = MAX(begin, end->acked);
        }
        if (sent_end <= end->sent_end) {
            take_repeat(self, event, rows);
            return;
        }
        if (end->sent_end <= end->acked)
            wait_from(end, event);
        end->sent_end = sent_end;
    }
    look_for_ack(self, event, rows);
}

/* When the wait at the end of @subflow ended, and by what. */
static int64_t last_end_ns(const MpsSubflow *subflow, const char **ended_by)
{
    const MpsConnection *connection = subflow->connection;

    *ended_by = connection->close == MPS_CLOSE_CAPTURE_END ? "capture_end"
                : connection->close == MPS_CLOSE_IDLE || connection->close == MPS_CLOSE_EVICTED
                    ? NULL
                    : "close";
    if (subflow->closed_ns == MPS_NO_TIME)
        return connection->end_ns;
    *ended_by = "close";
    return subflow->closed_ns;
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    State *self = state;
    const char *ended_by;
    const int64_t end_ns = last_end_ns(subject->subflow, &ended_by);

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (is_stale(&self->end[side], subject->subflow, side, end_ns))
            add_row(&self->end[side], subject->subflow, side, end_ns, ended_by, rows);
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const State *self = state;
    const char *ended_by;
    const int64_t end_ns = last_end_ns(subject->subflow, &ended_by);

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const End *end = &self->end[side];
        const int64_t last_ns =
            is_stale(end, subject->subflow, side, end_ns) ? end_ns - end->since_ns : 0;

        const bool known = end->any_sent && subject->subflow->side[other(side)].ledger.packets > 0;

        values[STALE + side] = mps_int_if(known, MAX(end->longest_ns, last_ns));
        values[UNACKED + side] = mps_int_if(known, MAX(end->sent_end - end->acked, 0));
    }
}

const MpsMetric mps_metric_stale = {
    .name = "stale",
    .help = "Payload of a subflow that TCP did not acknowledge for long while other subflows went "
            "on.",
    .scope = MPS_SCOPE_SUBFLOW,
    .always = true,
    .columns = columns,
    .table = &mps_stall_table,
    .state_bytes = sizeof(State),
    .observe = {[MPS_EV_SEGMENT] = {observe}},
    .finish = finish,
    .summarise = summarise,
};
