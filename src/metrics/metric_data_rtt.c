/* metric_data_rtt.c - from the first copy of data to the first DATA_ACK that covers it. */
#include "metrics/metrics.h"

#include <string.h>

#include "util/room.h"

/* A piece of data that waits for its DATA_ACK. */
typedef struct {
    int64_t end; /* data offset */
    int64_t ts_ns;
    uint64_t packet;
} Piece;

/* Pieces of one subflow by data offset; a subflow sends its data in order nearly always. */
typedef struct {
    Piece *items;
    MpsRoom room;
} Queue;

/* More pieces than this are not in flight; without DATA_ACKs the older half is given up. */
enum { MAX_PIECES = 1 << 15 };

typedef struct {
    Queue *by_ordinal;
    guint n_queues;
    int64_t acked; /* data offset; any_acked tells whether it means something */
    bool any_acked;
    MpsHistogram rtt_ns;
} State;

static const MpsColumn columns[] = {
    MPS_DISTRIBUTION_COLUMNS("data_rtt_", "first copy of a piece of data to the first DATA_ACK "
                                          "covering it; includes reordering and reinjection"),
    {0},
};

MPS_ROOM_DEFINE_FIND(find_above, Piece, int64_t)

static void push(Queue *queue, Piece piece)
{
    const size_t at = find_above(queue->items, queue->room.n_items, piece.end);

    *MPS_ROOM_INSERT(queue->items, &queue->room, at) = piece;
    if (queue->room.n_items > MAX_PIECES)
        MPS_ROOM_ERASE(queue->items, &queue->room, 0, MAX_PIECES / 2);
}

static void wait(State *self, const MpsEvent *event)
{
    const guint at = event->subflow->ordinal;
    const int64_t end = event->data.offset + (int64_t)event->data.bytes;

    /* An acknowledgement seen before the data it covers tells nothing about the delay. */
    if (event->data.union_bytes == 0 || (self->any_acked && end <= self->acked))
        return;
    if (at >= self->n_queues) {
        self->by_ordinal = g_renew(Queue, self->by_ordinal, at + 1);
        memset(self->by_ordinal + self->n_queues, 0,
               (at + 1 - self->n_queues) * sizeof *self->by_ordinal);
        self->n_queues = at + 1;
    }

    /* Contiguous data of one packet is one piece, however many mappings it has. */
    Queue *queue = &self->by_ordinal[at];
    Piece *last = queue->room.n_items ? &queue->items[queue->room.n_items - 1] : NULL;

    if (last && last->packet == event->packet && last->ts_ns == event->ts_ns &&
        last->end == event->data.offset)
        last->end = end;
    else
        push(queue, (Piece){end, event->ts_ns, event->packet});
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (event->kind == MPS_EV_DATA) {
        wait(self, event);
        return;
    }
    self->acked = event->data_ack.offset;
    self->any_acked = true;
    for (guint i = 0; i < self->n_queues; i++) {
        Queue *queue = &self->by_ordinal[i];

        size_t n = 0;

        while (n < queue->room.n_items && queue->items[n].end <= self->acked)
            mps_histogram_add(&self->rtt_ns, event->ts_ns - queue->items[n++].ts_ns);
        MPS_ROOM_ERASE(queue->items, &queue->room, 0, n);
    }
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    mps_distribution(&((const State *)state)->rtt_ns, values);
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
            "sample per segment and contiguous piece of new data.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .state_bytes = sizeof(State),
    .wants = MPS_WANTS(MPS_EV_DATA) | MPS_WANTS(MPS_EV_DATA_ACK),
    .observe = observe,
    .summarise = summarise,
    .clear = clear,
};
