/* metric_data_rtt.c - from the first copy of data to the first DATA_ACK that covers it, and why
 * that took longer than the path does. */
#include "metrics/bins.h"
#include "metrics/metrics.h"

#include <string.h>

#include "util/room.h"

/* A piece of data that waits for its DATA_ACK. */
typedef struct {
    int64_t begin, end; /* data offsets */
    int64_t ts_ns;
    uint64_t packet;
    int64_t seq_end;      /* of its segment, as event.segment.seq; INT64_MIN: not known */
    int64_t delivered_ns; /* acknowledged by TCP while it had to wait for another subflow */
    bool reinjected;
} Piece;

typedef enum {
    CAUSE_REINJECTION,
    CAUSE_RETRANSMISSION,
    CAUSE_OTHER_SUBFLOW,
    CAUSE_PATH,
    N_CAUSES
} Cause;

/* Pieces of one subflow by data offset; a subflow sends its data in order nearly always. */
typedef struct {
    const MpsSubflow *subflow; /* NULL: none of its data waited so far */
    Piece *items;
    MpsRoom room;
    size_t n_tcp_acked; /* so many are known to be acknowledged by TCP */
    int64_t acked;      /* by TCP, as event.segment.ack */
    bool any_resent;
    int64_t resent_ns;     /* latest time that data was repeated or a hole was filled */
    int64_t resent_offset; /* lowest of such data that waits for its DATA_ACK */
} Queue;

/* More pieces than this are not in flight; without DATA_ACKs the older half is given up. */
enum { MAX_PIECES = 1 << 15 };

typedef struct {
    MpsBins *series; /* or NULL */
    Queue *by_ordinal;
    guint n_queues;
    int64_t acked; /* data offset; any_acked tells whether it means something */
    bool any_acked;
    MpsHistogram rtt_ns;
    bool any_base; /* the base RTT of some subflow is known, so excess_ns means something */
    uint64_t samples[N_CAUSES];
    int64_t excess_ns[N_CAUSES];
} State;

enum { FIRST_CAUSE = 9 };

static const MpsColumn columns[] = {
    MPS_DISTRIBUTION_COLUMNS("data_rtt_", "first copy of a piece of data to the first DATA_ACK "
                                          "covering it; includes reordering and reinjection"),
    {"data_rtt_reinjection_samples", MPS_INT, "those sent again on another subflow meanwhile"},
    {"data_rtt_reinjection_excess_ns", MPS_INT,
     "their data RTT above the smallest RTT of their subflow, in all [ns]"},
    {"data_rtt_retransmission_samples", MPS_INT,
     "others, meanwhile repeated, or behind a repeated or hole-filling segment, on their subflow"},
    {"data_rtt_retransmission_excess_ns", MPS_INT, "likewise [ns]"},
    {"data_rtt_other_subflow_samples", MPS_INT,
     "others that TCP acknowledged while earlier data of another subflow was outstanding"},
    {"data_rtt_other_subflow_excess_ns", MPS_INT,
     "from that acknowledgement to the DATA_ACK, in all [ns]"},
    {"data_rtt_path_samples", MPS_INT, "all others"},
    {"data_rtt_path_excess_ns", MPS_INT,
     "likewise, and the rest of those that waited for another subflow [ns]"},
    {0},
};

MPS_ROOM_DEFINE_FIND(find_above, Piece, int64_t)

static void drop_front(Queue *queue, size_t n)
{
    MPS_ROOM_ERASE(queue->items, &queue->room, 0, n);
    queue->n_tcp_acked -= MIN(n, queue->n_tcp_acked);
}

static void push(Queue *queue, const Piece *last, Piece piece)
{
    const size_t n = queue->room.n_items;
    const size_t at = last && last->end > piece.end ? find_above(queue->items, n, piece.end) : n;

    *MPS_ROOM_INSERT(queue->items, &queue->room, at) = piece;
    queue->n_tcp_acked = MIN(queue->n_tcp_acked, at);
    if (queue->room.n_items > MAX_PIECES)
        drop_front(queue, MAX_PIECES / 2);
}

/* The queue of @subflow, or NULL. */
static Queue *queue_of(const State *self, const MpsSubflow *subflow)
{
    const guint at = subflow->ordinal;

    return at < self->n_queues && self->by_ordinal[at].subflow ? &self->by_ordinal[at] : NULL;
}

static G_GNUC_NO_INLINE void more_queues(State *self, guint n)
{
    self->by_ordinal = g_renew(Queue, self->by_ordinal, n);
    memset(self->by_ordinal + self->n_queues, 0, (n - self->n_queues) * sizeof *self->by_ordinal);
    self->n_queues = n;
}

/* The same, made if it is not there. */
static inline Queue *make_queue(State *self, const MpsSubflow *subflow)
{
    if (subflow->ordinal >= self->n_queues)
        more_queues(self, subflow->ordinal + 1);
    self->by_ordinal[subflow->ordinal].subflow = subflow;
    return &self->by_ordinal[subflow->ordinal];
}

static void wait(State *self, const MpsEvent *event)
{
    const int64_t end = event->data.offset + (int64_t)event->data.bytes;

    /* An acknowledgement seen before the data it covers tells nothing about the delay. */
    if (event->data.union_bytes == 0 || (self->any_acked && end <= self->acked))
        return;

    /* Contiguous data of one packet is one piece, however many mappings it has. */
    Queue *queue = make_queue(self, event->subflow);
    Piece *last = queue->room.n_items ? &queue->items[queue->room.n_items - 1] : NULL;

    if (last && last->packet == event->packet && last->ts_ns == event->ts_ns &&
        last->end == event->data.offset)
        last->end = end;
    else
        push(queue, last,
             (Piece){.begin = event->data.offset,
                     .end = end,
                     .ts_ns = event->ts_ns,
                     .packet = event->packet,
                     .seq_end = INT64_MIN,
                     .delivered_ns = MPS_NO_TIME});
}

/* Data was sent again on another subflow than its first. */
static void mark_reinjected(State *self, const MpsEvent *event)
{
    Queue *queue = event->data.from ? queue_of(self, event->data.from) : NULL;
    const int64_t begin = event->data.offset, end = begin + (int64_t)event->data.bytes;

    if (!queue)
        return;
    for (size_t i = find_above(queue->items, queue->room.n_items, begin);
         i < queue->room.n_items && queue->items[i].begin < end; i++)
        queue->items[i].reinjected = true;
}

static void mark_resent(State *self, const MpsEvent *event)
{
    Queue *queue = make_queue(self, event->subflow);
    const int64_t offset = event->data.offset;
    const bool behind = queue->any_resent && queue->resent_offset < offset &&
                        !(self->any_acked && queue->resent_offset < self->acked);

    queue->any_resent = true;
    queue->resent_ns = event->ts_ns;
    if (!behind)
        queue->resent_offset = offset;
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsDataClass class = event->data.class;

    if (class == MPS_DATA_REINJECTED)
        mark_reinjected(self, event);
    else if (class != MPS_DATA_NEW || event->data.filled)
        mark_resent(self, event);
    wait(self, event);
}

/* The segment that brought the piece pushed last: tells which acknowledgement covers it. */
static void take_payload(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    const MpsSegment *wire = event->segment.wire;
    Queue *queue = queue_of(state, event->subflow);

    if (!queue || queue->room.inserted >= queue->room.n_items || !event->segment.has_seq)
        return;

    Piece *piece = &queue->items[queue->room.inserted];

    if (piece->packet == event->packet && piece->ts_ns == event->ts_ns)
        piece->seq_end =
            event->segment.seq + (wire->flags & MPS_TCP_SYN ? 1 : 0) + wire->payload_bytes;
}

/* Whether another subflow than that of @queue has data outstanding below @offset. */
static bool waits_for_other(const State *self, const Queue *queue, int64_t offset)
{
    for (guint i = 0; i < self->n_queues; i++) {
        const Queue *each = &self->by_ordinal[i];

        if (each != queue && each->room.n_items > 0 && each->items[0].begin < offset)
            return true;
    }
    return false;
}

/* A DATA_ACK in the same packet has been taken before. */
static void take_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    const State *self = state;
    Queue *queue = event->segment.has_ack && !(event->segment.wire->flags & MPS_TCP_RST)
                       ? queue_of(self, event->subflow)
                       : NULL;

    if (!queue)
        return;
    queue->acked = MAX(queue->acked, event->segment.ack);
    for (; queue->n_tcp_acked < queue->room.n_items; queue->n_tcp_acked++) {
        Piece *piece = &queue->items[queue->n_tcp_acked];

        if (piece->seq_end > queue->acked)
            break;
        if (piece->seq_end != INT64_MIN && piece->delivered_ns == MPS_NO_TIME &&
            waits_for_other(self, queue, piece->begin))
            piece->delivered_ns = event->ts_ns;
    }
}

static Cause cause_of(const Queue *queue, const Piece *piece)
{
    if (piece->reinjected)
        return CAUSE_REINJECTION;
    if (queue->any_resent && piece->ts_ns <= queue->resent_ns && piece->end > queue->resent_offset)
        return CAUSE_RETRANSMISSION;
    return piece->delivered_ns != MPS_NO_TIME ? CAUSE_OTHER_SUBFLOW : CAUSE_PATH;
}

/* @piece got its DATA_ACK. */
static void sample(State *self, const Queue *queue, const Piece *piece, const MpsEvent *event)
{
    const MpsSubflowSide *side = &queue->subflow->side[event->direction];
    const int64_t rtt_ns = event->ts_ns - piece->ts_ns;
    const Cause cause = cause_of(queue, piece);
    int64_t excess_ns = MAX(rtt_ns - side->rtt_min_ns, 0);

    mps_histogram_add(&self->rtt_ns, rtt_ns);
    if (self->series)
        mps_bin_rtt(mps_bins_whole_at(self->series, event->ts_ns), rtt_ns);
    self->samples[cause]++;
    if (side->rtt_samples == 0)
        return;
    self->any_base = true;
    if (cause == CAUSE_OTHER_SUBFLOW) {
        const int64_t waited_ns = MIN(event->ts_ns - piece->delivered_ns, excess_ns);

        self->excess_ns[CAUSE_PATH] += excess_ns - waited_ns;
        excess_ns = waited_ns;
    }
    self->excess_ns[cause] += excess_ns;
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    self->acked = event->data_ack.offset;
    self->any_acked = true;
    for (guint i = 0; i < self->n_queues; i++) {
        Queue *queue = &self->by_ordinal[i];
        size_t n = 0;

        while (n < queue->room.n_items && queue->items[n].end <= self->acked)
            sample(self, queue, &queue->items[n++], event);
        drop_front(queue, n);
    }
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;

    mps_distribution(&self->rtt_ns, values);
    if (self->rtt_ns.n == 0)
        return;
    for (int cause = 0; cause < N_CAUSES; cause++) {
        values[FIRST_CAUSE + 2 * cause] = mps_count(self->samples[cause]);
        values[FIRST_CAUSE + 2 * cause + 1] = mps_int_if(self->any_base, self->excess_ns[cause]);
    }
}

static void clear(void *state)
{
    State *self = state;

    for (guint i = 0; i < self->n_queues; i++)
        MPS_ROOM_FREE(self->by_ordinal[i].items, &self->by_ordinal[i].room);
    g_free(self->by_ordinal);
    mps_histogram_clear(&self->rtt_ns);
}

const MpsMetric mps_metric_data_rtt = {
    .name = "data_rtt",
    .help = "Delay from the first captured copy of data to the first DATA_ACK that covers it; one "
            "sample per segment and contiguous piece of new data.  By cause, the first that "
            "holds: its data was reinjected meanwhile; its subflow repeated it or filled a hole "
            "before it meanwhile; TCP acknowledged it while earlier data of another subflow was "
            "outstanding; else the path.  Excess: data RTT - smallest RTT of the subflow that sent "
            "it first.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .feeds = &mps_metric_series_acked,
    .state_bytes = sizeof(State),
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_DATA_ACK] = {take_data_ack},
            [MPS_EV_SEGMENT] = {take_payload, MPS_SEGMENT_PAYLOAD},
            [MPS_EV_ACK] = {take_ack},
        },
    .summarise = summarise,
    .clear = clear,
};
