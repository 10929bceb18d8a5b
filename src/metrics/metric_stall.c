/* metric_stall.c - times without a new DATA_ACK while data is outstanding; and the table of these
 * and of the other times in which data did not move (metric_idle.c, metric_stale.c). */
#include "metrics/metrics.h"

#define MS_NS ((int64_t)1000 * 1000)

/* A wait is a stall from here on, or from three times the base RTT on if that is longer. */
static const int64_t LEAST_NS = 200 * MS_NS;
/* RTTs above it are no measure of anything. */
static const int64_t MOST_RTT_NS = 60 * 1000 * MS_NS;

/* SHOWN: it came late, and whether it had been sent before is not visible. */
typedef enum {
    REPAIR_NONE,
    REPAIR_SHOWN,
    REPAIR_RETRANSMITTED,
    REPAIR_REMAPPED,
    REPAIR_REINJECTED
} Repair;

typedef struct {
    bool any_sent, any_acked;
    int64_t sent_end; /* data offset */
    int64_t missing;  /* data offset that the next DATA_ACK has to pass */

    bool waiting; /* for a DATA_ACK, since: */
    int64_t since_ns;
    uint64_t packet;
    uint32_t capture_id;
    Repair repair;                /* of the missing byte, during the wait */
    const MpsSubflow *missing_on; /* its first sender, if a repair told */

    int64_t longest_ns;
} State;

static const MpsColumn columns[] = {
    {"longest_stall_ns", MPS_INT,
     "longest row of table stall of kind no_data_ack; 0: there was none; NULL: no data, or no "
     "DATA_ACK to judge by"},
    {0},
};

static const MpsColumn row_columns[] = {
    {"connection_id", MPS_INT, "whose data", "connection(connection_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    {"kind", MPS_TEXT,
     "no_data_ack: data was outstanding, and for max(3 base RTT, 200 ms) or more no DATA_ACK "
     "acknowledged more of it (base RTT: smallest of the direction so far); idle: between data and "
     "more data everything was acknowledged, the receive window open, and for max(3 RTT, 1 s) or "
     "more neither host sent data, the 20 longest of each direction; closed_window: everything was "
     "acknowledged, and for max(3 RTT, 200 ms) or more, until new data or the end, the last window "
     "announced was 0, the 20 longest of each direction; stale: payload of a subflow "
     "was outstanding, for max(3 RTT, 1 s) or more nothing of it was acknowledged by TCP, and "
     "after that another subflow still got payload acknowledged"},
    {"subflow_id", MPS_INT, "stale, and cause subflow silent: which one", "subflow(subflow_id)"},
    {"start_ns", MPS_INT,
     "no_data_ack: last progress (DATA_ACK, or first data after all was acknowledged); idle: the "
     "DATA_ACK of everything, or later data of the other host; closed_window: that DATA_ACK; "
     "stale: last ACK of more, or first "
     "payload after all was acknowledged"},
    {"capture_id", MPS_INT, "file of that packet", "capture(capture_id)"},
    {"packet", MPS_INT, "its number in the file, from 1"},
    {"length_ns", MPS_INT,
     "until the next new DATA_ACK (no_data_ack), new data (idle), a window above 0 "
     "(closed_window), "
     "next ACK of more (stale), or the "
     "end"},
    {"outstanding_bytes", MPS_INT,
     "sent and not acknowledged when it ended: data, or (stale) payload of the subflow"},
    {"cause", MPS_TEXT,
     "zero window, all subflows silent (for at least as long as makes a stall, until it ended, "
     "nothing was heard from the receiver on any open one, two or more of which had payload "
     "outstanding as long), subflow silent (the "
     "same of the one where the missing data was sent, or of the only one), missing data (the "
     "receiver was heard, and what it missed was seen only now, mostly sent again), acknowledged "
     "by TCP "
     "alone (of all captured payload, for at least as long as makes a stall), or application or "
     "scheduler (idle, and a subflow was open all the time: which of the two held data back is not "
     "visible; with \"(or loss before the tap)\" unless the tap is near the sender); NULL: not "
     "visible"},
    {"ended_by", MPS_TEXT,
     "data_ack; reinjection, remapping or retransmission, if the missing data was sent again "
     "before it; data (idle); window (closed_window); ack (stale); close, capture_end; NULL: never "
     "ended, the connection "
     "fell silent"},
    {0},
};

const MpsTable mps_stall_table = {
    .name = "stall",
    .help = "Times in which data did not move, though some was outstanding (no_data_ack, stale) or "
            "more was to come (idle).",
    .columns = row_columns,
    .index = "connection_id, start_ns",
};

/* Shortest wait that is a stall, by the RTTs seen so far. */
static int64_t threshold_ns(const MpsConnection *connection, MpsDirection direction)
{
    int64_t base_ns = MOST_RTT_NS;
    bool any = false;

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        const MpsSubflowSide *side = &subflow->side[direction];

        if (side->rtt_samples > 0) {
            any = true;
            base_ns = MIN(base_ns, side->rtt_min_ns);
        }
    }
    return any ? MAX(3 * base_ns, LEAST_NS) : LEAST_NS;
}

/* Whether TCP had acknowledged all payload of @direction for @silence_ns or longer. */
static bool acked_by_tcp(const MpsConnection *connection, MpsDirection direction, int64_t now_ns,
                         int64_t silence_ns)
{
    int64_t acked_ns = MPS_NO_TIME;

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        const MpsSubflowSide *side = &subflow->side[direction];

        if (side->unacked_bytes > 0)
            return false;
        if (side->acked_ns != MPS_NO_TIME)
            acked_ns = acked_ns == MPS_NO_TIME ? side->acked_ns : MAX(acked_ns, side->acked_ns);
    }
    return acked_ns != MPS_NO_TIME && now_ns - acked_ns >= silence_ns;
}

typedef struct {
    const char *words;         /* NULL: not visible */
    const MpsSubflow *subflow; /* the silent one, if one alone explains it */
} Cause;

/* Whether the receiver was silent on all subflows, two or more of which waited for it, or on the
 * one that matters: where the missing data was first sent, or the only one there is. */
static Cause silence(const State *self, const MpsConnection *connection, MpsDirection direction,
                     int64_t now_ns, int64_t silence_ns)
{
    const MpsSide receiver = direction == MPS_C2S ? MPS_SERVER : MPS_CLIENT;
    const MpsSubflow *matters = self->missing_on, *only = NULL, *waits = NULL;
    unsigned n_open = 0, n_silent = 0, n_waiting = 0;
    bool matters_silent = false;

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        const MpsSubflowSide *sender = &subflow->side[direction];
        const int64_t heard_ns = subflow->side[receiver].last_ns;
        const bool silent = heard_ns == MPS_NO_TIME || now_ns - heard_ns >= silence_ns;

        if (subflow == matters)
            matters_silent = silent;
        if (subflow->established_ns == MPS_NO_TIME ||
            (subflow->closed_ns != MPS_NO_TIME && subflow->closed_ns < self->since_ns))
            continue;
        only = subflow;
        n_open++;
        n_silent += silent;
        if (sender->unacked_bytes > 0 &&
            now_ns - MAX(sender->unacked_ns, sender->acked_ns) >= silence_ns) {
            waits = subflow;
            n_waiting++;
        }
    }
    if (n_waiting > 1 && n_silent == n_open)
        return (Cause){"all subflows silent", NULL};
    if (matters ? !matters_silent : n_open == 0 || n_silent < n_open)
        return (Cause){0};
    return (Cause){"subflow silent", matters          ? matters
                                     : n_waiting == 1 ? waits
                                     : n_open == 1    ? only
                                                      : NULL};
}

/* Why no DATA_ACK came until @now_ns, as far as it can be seen. */
static Cause cause(const State *self, const MpsConnection *connection, MpsDirection direction,
                   int64_t now_ns, int64_t silence_ns)
{
    const MpsSide receiver = direction == MPS_C2S ? MPS_SERVER : MPS_CLIENT;
    const Cause silent = silence(self, connection, direction, now_ns, silence_ns);

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        const int64_t zero_ns = subflow->side[receiver].zero_window_ns;

        if (zero_ns != MPS_NO_TIME && zero_ns >= self->since_ns)
            return (Cause){"zero window", NULL};
    }
    /* A subflow gives data new numbers when the old ones were delivered: then the subflow answered,
     * and why no DATA_ACK came is not in the packets. */
    if (self->repair == REPAIR_REMAPPED)
        return (Cause){0};
    if (acked_by_tcp(connection, direction, now_ns, silence_ns))
        return (Cause){"acknowledged by TCP alone", NULL};
    if (silent.words)
        return silent;
    return (Cause){self->repair != REPAIR_NONE ? "missing data" : NULL, NULL};
}

void mps_stall_row(MpsRowSink *rows, const MpsConnection *connection, const MpsStall *stall)
{
    rows->add(
        rows, &mps_stall_table,
        (MpsValue[]){
            mps_count(connection->id),
            mps_text(mps_direction_name(stall->direction)),
            mps_text(stall->kind),
            mps_int_if(stall->subflow != NULL, stall->subflow ? (int64_t)stall->subflow->id : 0),
            mps_int(stall->start_ns),
            mps_int(stall->capture_id),
            mps_count(stall->packet),
            mps_int(stall->length_ns),
            mps_count(stall->outstanding_bytes),
            mps_text(stall->cause),
            mps_text(stall->ended_by),
        });
}

static void add_row(const State *self, const MpsConnection *connection, MpsDirection direction,
                    int64_t end_ns, Cause why, const char *ended_by, MpsRowSink *rows)
{
    mps_stall_row(rows, connection,
                  &(MpsStall){.direction = direction,
                              .kind = "no_data_ack",
                              .subflow = why.subflow,
                              .start_ns = self->since_ns,
                              .length_ns = end_ns - self->since_ns,
                              .packet = self->packet,
                              .capture_id = self->capture_id,
                              .outstanding_bytes = (uint64_t)(self->sent_end - self->missing),
                              .cause = why.words,
                              .ended_by = ended_by});
}

static void wait_from(State *self, const MpsEvent *event)
{
    self->waiting = true;
    self->since_ns = event->ts_ns;
    self->packet = event->packet;
    self->capture_id = event->capture_id;
    self->repair = REPAIR_NONE;
    self->missing_on = NULL;
}

/* The byte that the DATA_ACK waits for is seen, mostly again. */
static void repaired(State *self, const MpsEvent *event)
{
    if (event->data.class == MPS_DATA_REINJECTED) {
        self->repair = REPAIR_REINJECTED;
        if (event->data.from)
            self->missing_on = event->data.from;
    } else if (event->data.class == MPS_DATA_NEW && !event->data.filled) {
        self->repair = MAX(self->repair, REPAIR_SHOWN);
    } else {
        const Repair repair =
            event->data.class == MPS_DATA_REMAPPED ? REPAIR_REMAPPED : REPAIR_RETRANSMITTED;

        if (self->repair < repair) {
            self->repair = repair;
            self->missing_on = event->subflow;
        }
    }
}

/* After a fallback there are no DATA_ACKs any more: nothing to wait for. */
static bool is_over(State *self, const MpsEvent *event)
{
    if (event->connection->fallback)
        self->waiting = false;
    return event->connection->fallback;
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const int64_t begin = event->data.offset, end = begin + (int64_t)event->data.bytes;

    if (is_over(self, event) || event->data.revised)
        return;
    if (!self->any_sent && !self->any_acked)
        self->missing = event->connection->side[event->direction].has_idsn ? MIN(begin, 0) : begin;
    if (self->waiting && begin <= self->missing && end > self->missing)
        repaired(self, event);
    self->sent_end = self->any_sent ? MAX(self->sent_end, end) : end;
    self->any_sent = true;
    if (!self->waiting && self->sent_end > self->missing)
        wait_from(self, event);
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    static const char *const ended_by[] = {[REPAIR_NONE] = "data_ack",
                                           [REPAIR_SHOWN] = "data_ack",
                                           [REPAIR_RETRANSMITTED] = "retransmission",
                                           [REPAIR_REMAPPED] = "remapping",
                                           [REPAIR_REINJECTED] = "reinjection"};
    State *self = state;
    const int64_t length_ns = event->ts_ns - self->since_ns;

    if (is_over(self, event))
        return;
    if (self->any_sent && !self->any_acked && event->data_ack.offset <= self->missing) {
        self->any_acked = true; /* the first one seen, and no progress */
        self->missing = event->data_ack.offset;
        return;
    }
    self->any_acked = true;
    if (self->waiting && length_ns >= LEAST_NS) {
        const int64_t least_ns = threshold_ns(event->connection, event->direction);

        if (length_ns >= least_ns) {
            add_row(self, event->connection, event->direction, event->ts_ns,
                    cause(self, event->connection, event->direction, event->ts_ns, least_ns),
                    ended_by[self->repair], rows);
            self->longest_ns = MAX(self->longest_ns, length_ns);
        }
    }
    self->missing = event->data_ack.offset;
    self->waiting = false;
    if (self->any_sent && self->sent_end > self->missing)
        wait_from(self, event);
}

/* Whether the wait at the end is a stall; when and by what it ended.  An orderly end says that the
 * data arrived, though its DATA_ACK was not seen. */
static bool last_stall(const State *self, const MpsSubject *subject, int64_t *end_ns,
                       const char **ended_by)
{
    const MpsConnection *connection = subject->connection;
    const MpsSide receiver = subject->direction == MPS_C2S ? MPS_SERVER : MPS_CLIENT;
    bool receiver_seen = false;
    int64_t closed_ns = MPS_NO_TIME;

    if (!self->waiting || connection->fallback || connection->protocol != MPS_PROTOCOL_MPTCP)
        return false;
    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        receiver_seen |= subflow->side[receiver].ledger.packets > 0;
        closed_ns = MAX(closed_ns, subflow->closed_ns);
    }
    *end_ns = connection->end_ns;
    *ended_by = NULL;
    switch (connection->close) {
    case MPS_CLOSE_DATA_FIN:
    case MPS_CLOSE_FIN:
        return false;
    case MPS_CLOSE_FASTCLOSE:
    case MPS_CLOSE_RESET:
        *ended_by = "close";
        if (closed_ns != MPS_NO_TIME)
            *end_ns = closed_ns;
        break;
    case MPS_CLOSE_CAPTURE_END:
        *ended_by = "capture_end";
        break;
    default:
        break;
    }
    return receiver_seen &&
           *end_ns - self->since_ns >= threshold_ns(connection, subject->direction);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    const State *self = state;
    const char *ended_by;
    int64_t end_ns;

    if (last_stall(self, subject, &end_ns, &ended_by))
        add_row(self, subject->connection, subject->direction, end_ns,
                cause(self, subject->connection, subject->direction, end_ns,
                      threshold_ns(subject->connection, subject->direction)),
                ended_by, rows);
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const State *self = state;
    const char *ended_by;
    int64_t end_ns, longest_ns = self->longest_ns;
    const bool last = last_stall(self, subject, &end_ns, &ended_by);

    if (last)
        longest_ns = MAX(longest_ns, end_ns - self->since_ns);
    values[0] = mps_int_if(self->any_sent && (self->any_acked || last), longest_ns);
}

static const MpsLink links[] = {
    MPS_ENTITY(State, missing_on),
    {0},
};

const MpsMetric mps_metric_stall = {
    .name = "stall",
    .help = "No new DATA_ACK for a long time while data is outstanding: when, why, and what ended "
            "it.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .always = true,
    .columns = columns,
    .table = &mps_stall_table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_DATA_ACK] = {take_data_ack},
        },
    .finish = finish,
    .summarise = summarise,
};
