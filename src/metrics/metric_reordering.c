/* metric_reordering.c - data out of order as a receiver at the tap would see it: what arrives too
 * early or too late, what has to be held, how long it waits, and for which subflow.
 *
 * The unit is the piece: new data of one packet under one mapping.  A piece above the next expected
 * byte is held until the data below it is there (head-of-line blocking). Sources: RFC 4737
 * (reordered packet, extent, late time), RFC 5236 (reorder density). */
#include "metrics/metrics.h"

#include <math.h>
#include <string.h>

#include "util/room.h"
#include "util/vantage.h"

/* Displacements beyond it are counted as if they were that large (RFC 5236: threshold). */
enum { MAX_DISPLACED = 64 };

/* More pieces than this are held by no receiver; the lower half is given up. */
enum { MAX_PIECES = 1 << 15 };

typedef struct {
    int64_t begin, end; /* data offsets */
    int64_t ts_ns;
    uint64_t arrival; /* 1 for the first piece of the direction */
    /* The first piece that came from beyond the gap below this one. */
    int64_t gap_ns;
    uint64_t gap_arrival;
} Piece;

typedef struct {
    Piece *items; /* disjoint, by begin */
    MpsRoom room;
} Queue;

/* What one subflow has to do with it. */
typedef struct {
    uint64_t reordered_packets, reordered_bytes, late_packets;
    uint64_t duplicate_packets, duplicate_bytes, overlapping_packets;
    uint64_t waits;
    int64_t waited_ns;
    double waited_byte_ns;
} Part;

/* What a direction needs from its first piece out of order on. */
typedef struct {
    Queue held, unacked; /* unacked: had been held, no DATA_ACK covers it yet */
    uint64_t held_bytes, max_bytes;
    int64_t changed_ns; /* of held_bytes */
    double byte_ns;     /* integral of held_bytes over time */
    int64_t blocked_since_ns;
    double blocked_byte_ns; /* byte_ns then */
    int64_t blocked_ns;
    uint64_t extent_sum, extent_max;
    int64_t late_max_ns;
    MpsHistogram wait_ns, ack_ns;              /* per byte that had to wait */
    uint64_t displaced[2 * MAX_DISPLACED + 1]; /* 0 apart */
} Disorder;

typedef struct {
    bool started;
    int64_t next; /* data offset expected before the event at hand */
    int64_t first_ns, last_ns;
    uint64_t arrivals, releases; /* pieces */
    uint64_t in_order_bytes, in_place;

    uint64_t packet; /* at hand: its data that is new, or was seen before */
    uint32_t capture_id;
    guint ordinal;
    uint64_t new_bytes, old_bytes;
    bool early, late;

    GArray *parts; /* Part, by ordinal; NULL: nothing to tell */
    Part unseen;   /* waits that ended without the missing data in the capture */
    Disorder *disorder;
} State;

enum {
    RECEIVER_VIEW,
    REORDERED_PACKETS,
    REORDERED_BYTES,
    LATE_PACKETS,
    EXTENT_MEAN,
    EXTENT_MAX,
    LATE_MAX,
    DUPLICATE_PACKETS,
    DUPLICATE_BYTES,
    OVERLAPPING_PACKETS,
    OFO_MAX,
    OFO_MEAN,
    HOL_BLOCKED,
    HOL_BYTE_S,
    HOL_BYTES,
    HOL_MEAN,
    HOL_P50,
    HOL_P95,
    HOL_P99,
    HOL_MAX,
    HOL_ACK_P50,
    HOL_ACK_P95,
    HOL_ACK_P99,
    HOL_ACK_MAX,
};

static const MpsColumn columns[] = {
    [RECEIVER_VIEW] = {"receiver_view", MPS_INT,
                       "1: captured near the receiver, so that reordered_, late_, duplicate_, ofo_ "
                       "and hol_ are the receiver's; 0: elsewhere, they are the tap's; NULL: not "
                       "known where"},
    [REORDERED_PACKETS] = {"reordered_packets", MPS_INT,
                           "packets with new data above the next expected byte"},
    [REORDERED_BYTES] = {"reordered_bytes", MPS_INT, "that data"},
    [LATE_PACKETS] = {"late_packets", MPS_INT,
                      "packets with new data below data seen before (reordered in RFC 4737)"},
    [EXTENT_MEAN] = {"reorder_extent_mean", MPS_REAL,
                     "mean extent of the late ones (RFC 4737 section 4.2.1): packets since the "
                     "first one that overtook it"},
    [EXTENT_MAX] = {"reorder_extent_max", MPS_INT, "largest extent [packets]"},
    [LATE_MAX] = {"late_max_ns", MPS_INT,
                  "largest late time (RFC 4737 section 4.3): since that packet [ns]"},
    [DUPLICATE_PACKETS] = {"duplicate_packets", MPS_INT,
                           "packets, no TCP retransmissions, whose data had all been seen before"},
    [DUPLICATE_BYTES] = {"duplicate_bytes", MPS_INT, "their data"},
    [OVERLAPPING_PACKETS] = {"overlapping_packets", MPS_INT,
                             "packets, no TCP retransmissions, with both new data and data seen "
                             "before; the kernel's DuplicateData counts those that contain a "
                             "packet held out of order"},
    [OFO_MAX] = {"ofo_max_bytes", MPS_INT, "most data held out of order at a time"},
    [OFO_MEAN] = {"ofo_mean_bytes", MPS_REAL,
                  "time-weighted mean of it, first to last arrival of new data"},
    [HOL_BLOCKED] = {"hol_blocked_ns", MPS_INT, "time with any data held out of order"},
    [HOL_BYTE_S] = {"hol_byte_s", MPS_REAL,
                    "data held out of order times time, that is, the waits of all bytes [B s]"},
    [HOL_BYTES] = {"hol_bytes", MPS_INT, "data that had to wait for data below it"},
    [HOL_MEAN] = {"hol_mean_ns", MPS_INT, "mean wait of a byte for data below it, 0 in order [ns]"},
    [HOL_P50] = {"hol_p50_ns", MPS_INT, "median of it, within 3.2 % [ns]"},
    [HOL_P95] = {"hol_p95_ns", MPS_INT, "95th percentile, within 3.2 % [ns]"},
    [HOL_P99] = {"hol_p99_ns", MPS_INT, "99th percentile, within 3.2 % [ns]"},
    [HOL_MAX] = {"hol_max_ns", MPS_INT, "longest wait [ns]"},
    [HOL_ACK_P50] = {"hol_ack_p50_ns", MPS_INT,
                     "of the bytes in hol_bytes alone: median of the time from arrival to the "
                     "first DATA_ACK covering the byte, within 3.2 % [ns]"},
    [HOL_ACK_P95] = {"hol_ack_p95_ns", MPS_INT, "95th percentile of it, within 3.2 % [ns]"},
    [HOL_ACK_P99] = {"hol_ack_p99_ns", MPS_INT, "99th percentile, within 3.2 % [ns]"},
    [HOL_ACK_MAX] = {"hol_ack_max_ns", MPS_INT, "maximum [ns]"},
    {0},
};

static const MpsColumn part_columns[] = {
    {"connection_id", MPS_INT, "whose data", "connection(connection_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    {"subflow_id", MPS_INT,
     "what subflow; NULL: the capture lacks the missing data, a DATA_ACK said that it was there",
     "subflow(subflow_id)"},
    {"reordered_packets", MPS_INT, "packets on it with new data above the next expected byte"},
    {"reordered_bytes", MPS_INT, "that data"},
    {"late_packets", MPS_INT, "packets on it with new data below data seen before"},
    {"duplicate_packets", MPS_INT,
     "packets on it, no TCP retransmissions, whose data had all been seen before"},
    {"duplicate_bytes", MPS_INT, "their data"},
    {"overlapping_packets", MPS_INT,
     "packets on it, no TCP retransmissions, with both new data and data seen before"},
    {"waits", MPS_INT,
     "times that data was held for data of this subflow: missing data is of the subflow that sent "
     "it first, as far as visible, else of the one that brought it"},
    {"waited_for_ns", MPS_INT, "how long altogether"},
    {"waited_for_byte_s", MPS_REAL, "data held times that time [B s]"},
    {0},
};

static const MpsTable parts_table = {
    .name = "head_of_line",
    .help = "What each subflow has to do with data out of order; no row if nothing.",
    .columns = part_columns,
    .index = "connection_id, direction",
};

static const MpsColumn histogram_columns[] = {
    {"connection_id", MPS_INT, "whose data", "connection(connection_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    {"what", MPS_TEXT,
     "wait: data by its wait for data below it; displacement: packets by how many places too late "
     "(too early: negative) they came, at most 64 either way (RFC 5236 reorder density)"},
    {"at_least", MPS_INT, "begin of the bin [ns], or places"},
    {"below", MPS_INT, "end of the bin, not in it"},
    {"n", MPS_INT, "bytes (wait) or packets (displacement) in it"},
    {0},
};

static const MpsTable histogram_table = {
    .name = "reorder_histogram",
    .help = "Distributions of directions with data out of order: waits in powers of two, and "
            "displacements one by one; empty bins have no row.",
    .columns = histogram_columns,
    .index = "connection_id, direction",
};

MPS_ROOM_DEFINE_FIND(find_above, Piece, int64_t)

static inline Part *part_of(State *self, guint ordinal)
{
    if (!self->parts)
        self->parts = g_array_new(FALSE, TRUE, sizeof(Part));
    if (ordinal >= self->parts->len)
        g_array_set_size(self->parts, ordinal + 1);
    return &g_array_index(self->parts, Part, ordinal);
}

/* ---- what is held ---- */

static void hold_bytes(Disorder *self, int64_t now_ns, int64_t more)
{
    self->byte_ns += (double)self->held_bytes * (double)(now_ns - self->changed_ns);
    self->changed_ns = now_ns;
    self->held_bytes += (uint64_t)more;
    if (self->held_bytes > self->max_bytes)
        self->max_bytes = self->held_bytes;
}

/* The piece went to the application in its turn. */
static void released(State *self, uint64_t arrival)
{
    const int64_t places = (int64_t)(arrival - ++self->releases);

    if (places == 0)
        self->in_place++;
    else
        self->disorder->displaced[CLAMP(places, -MAX_DISPLACED, MAX_DISPLACED) + MAX_DISPLACED]++;
}

static void push(Queue *queue, const Piece *piece)
{
    *MPS_ROOM_INSERT(queue->items, &queue->room, queue->room.n_items) = *piece;
    if (queue->room.n_items > MAX_PIECES)
        MPS_ROOM_ERASE(queue->items, &queue->room, 0, MAX_PIECES / 2);
}

/* All that is held below the next expected byte goes to the application. */
static void release(State *self, int64_t now_ns)
{
    Disorder *disorder = self->disorder;
    int64_t all_bytes = 0;
    size_t n = 0;

    for (; n < disorder->held.room.n_items && disorder->held.items[n].begin < self->next; n++) {
        const Piece *piece = &disorder->held.items[n];
        const int64_t bytes = piece->end - piece->begin;

        all_bytes += bytes;
        mps_histogram_add_times(&disorder->wait_ns, now_ns - piece->ts_ns, (uint64_t)bytes);
        released(self, piece->arrival);
        push(&disorder->unacked, piece);
    }
    hold_bytes(disorder, now_ns, -all_bytes);
    MPS_ROOM_ERASE(disorder->held.items, &disorder->held.room, 0, n);
}

/* The next expected byte is there: what waited had waited for @part. */
static void charge(Disorder *self, Part *part, int64_t now_ns)
{
    const int64_t waited_ns = now_ns - self->blocked_since_ns;

    hold_bytes(self, now_ns, 0);
    part->waits++;
    part->waited_ns += waited_ns;
    part->waited_byte_ns += self->byte_ns - self->blocked_byte_ns;
    self->blocked_ns += waited_ns;
    self->blocked_since_ns = now_ns;
    self->blocked_byte_ns = self->byte_ns;
}

static void give_up_half(State *self, int64_t now_ns)
{
    Queue *held = &self->disorder->held;
    int64_t bytes = 0;

    for (size_t i = 0; i < MAX_PIECES / 2; i++)
        bytes += held->items[i].end - held->items[i].begin;
    hold_bytes(self->disorder, now_ns, -bytes);
    MPS_ROOM_ERASE(held->items, &held->room, 0, MAX_PIECES / 2);
    self->releases += MAX_PIECES / 2;
}

/* ---- what arrives ---- */

/* Data that overtook this piece is held already: @gap is the lowest of it. */
static void come_late(State *self, const MpsEvent *event, const Piece *gap)
{
    Disorder *disorder = self->disorder;
    const uint64_t extent = self->arrivals - gap->gap_arrival;

    self->late = true;
    part_of(self, event->subflow->ordinal)->late_packets++;
    disorder->extent_sum += extent;
    disorder->extent_max = MAX(disorder->extent_max, extent);
    disorder->late_max_ns = MAX(disorder->late_max_ns, self->last_ns - gap->gap_ns);
}

/* New data [begin, end) above the next expected byte. */
static void come_early(State *self, const MpsEvent *event, int64_t begin, int64_t end)
{
    if (!self->disorder)
        self->disorder = g_new0(Disorder, 1);

    Disorder *disorder = self->disorder;
    Queue *held = &disorder->held;
    Part *part = part_of(self, event->subflow->ordinal);
    const size_t at = find_above(held->items, held->room.n_items, begin);
    int64_t gap_ns = self->last_ns;
    uint64_t gap_arrival = self->arrivals;

    part->reordered_packets += !self->early;
    part->reordered_bytes += (uint64_t)(end - begin);
    self->early = true;
    hold_bytes(disorder, self->last_ns, end - begin);
    if (held->room.n_items == 0) {
        disorder->blocked_since_ns = self->last_ns;
        disorder->blocked_byte_ns = disorder->byte_ns;
    }
    if (at < held->room.n_items) { /* it falls in a gap that is known */
        gap_ns = held->items[at].gap_ns;
        gap_arrival = held->items[at].gap_arrival;
        if (!self->late)
            come_late(self, event, &held->items[at]);
    }
    *MPS_ROOM_INSERT(held->items, &held->room, at) = (Piece){.begin = begin,
                                                             .end = end,
                                                             .ts_ns = self->last_ns,
                                                             .arrival = self->arrivals,
                                                             .gap_ns = gap_ns,
                                                             .gap_arrival = gap_arrival};
    if (held->room.n_items > MAX_PIECES)
        give_up_half(self, self->last_ns);
}

/* Where the missing data belonged: its first sender, as far as visible. */
static guint missing_on(const MpsEvent *event)
{
    return event->data.class == MPS_DATA_REINJECTED && event->data.from ? event->data.from->ordinal
                                                                        : event->subflow->ordinal;
}

/* New data from the next expected byte on, up to @end. */
static void come_in_turn(State *self, const MpsEvent *event, int64_t end, int64_t next)
{
    Disorder *disorder = self->disorder;
    const bool blocked = disorder && disorder->held.room.n_items > 0;

    self->in_order_bytes += (uint64_t)(end - MAX(event->data.offset, self->next));
    released(self, self->arrivals);
    if (blocked) {
        if (!self->late)
            come_late(self, event, &disorder->held.items[0]);
        charge(disorder, part_of(self, missing_on(event)), self->last_ns);
    }
    self->next = next;
    if (blocked)
        release(self, self->last_ns);
}

/* The packet at hand has data that was seen before. */
static void count_duplicate(const State *self, Part *part)
{
    if (self->new_bytes > 0) {
        part->overlapping_packets++;
        return;
    }
    part->duplicate_packets++;
    part->duplicate_bytes += self->old_bytes;
}

/* What is known of the packet before is complete. */
static void begin_packet(State *self, const MpsEvent *event)
{
    if (self->old_bytes > 0)
        count_duplicate(self, part_of(self, self->ordinal));
    self->new_bytes = self->old_bytes = 0;
    self->early = self->late = false;
    if (!event)
        return;
    self->packet = event->packet;
    self->capture_id = event->capture_id;
    self->ordinal = event->subflow->ordinal;
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const int64_t begin = event->data.offset, end = begin + (int64_t)event->data.union_bytes;
    const MpsConnectionSide *side = &event->connection->side[event->direction];

    if (event->data.revised || event->data.class == MPS_DATA_RETRANSMITTED)
        return;
    if (event->packet != self->packet || event->capture_id != self->capture_id)
        begin_packet(self, event);
    if (event->data.union_bytes == 0) {
        self->old_bytes += event->data.bytes;
        return;
    }
    if (!self->started) {
        self->started = true;
        self->next = side->has_idsn ? MIN(begin, 0) : begin;
        self->first_ns = event->ts_ns;
        self->last_ns = event->ts_ns;
    }
    self->last_ns = MAX(self->last_ns, event->ts_ns); /* a late mapping tells of earlier packets */
    self->new_bytes += event->data.union_bytes;
    if (end <= self->next)
        return;
    self->arrivals++;
    if (begin > self->next && begin >= side->next)
        come_early(self, event, begin, end);
    else
        come_in_turn(self, event, end, side->next);
}

/* Whatever the capture lacks below a DATA_ACK, the receiver has it. */
static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const int64_t next = event->connection->side[event->direction].next;
    Disorder *disorder = self->disorder;
    size_t n = 0;

    if (self->started && next > self->next) {
        self->last_ns = MAX(self->last_ns, event->ts_ns);
        self->next = next;
        if (disorder && disorder->held.room.n_items > 0) {
            charge(disorder, &self->unseen, self->last_ns);
            release(self, self->last_ns);
        }
    }
    if (!disorder)
        return;
    for (; n < disorder->unacked.room.n_items &&
           disorder->unacked.items[n].end <= event->data_ack.offset;
         n++) {
        const Piece *piece = &disorder->unacked.items[n];

        mps_histogram_add_times(&disorder->ack_ns, event->ts_ns - piece->ts_ns,
                                (uint64_t)(piece->end - piece->begin));
    }
    MPS_ROOM_ERASE(disorder->unacked.items, &disorder->unacked.room, 0, n);
}

/* ---- results ---- */

/* The wait that a share of @p of all bytes stays below. */
static int64_t wait_quantile(const State *self, const MpsHistogram *waits, double p)
{
    const double in_order = (double)self->in_order_bytes, waited = (double)waits->n;
    const double rank = p * (in_order + waited) - in_order;

    return rank > 0 ? mps_histogram_quantile(waits, rank / waited) : 0;
}

static void wait_values(const State *self, const Disorder *disorder, MpsValue *values)
{
    const MpsHistogram *waits = &disorder->wait_ns, *acks = &disorder->ack_ns;
    const double waited = (double)waits->n, all = waited + (double)self->in_order_bytes;

    values[HOL_BYTES] = mps_count(waits->n);
    if (all > 0)
        values[HOL_MEAN] = mps_int(llround(waits->mean * waited / all));
    values[HOL_P50] = mps_int(wait_quantile(self, waits, 0.5));
    values[HOL_P95] = mps_int(wait_quantile(self, waits, 0.95));
    values[HOL_P99] = mps_int(wait_quantile(self, waits, 0.99));
    values[HOL_MAX] = mps_int(waits->max);
    if (acks->n == 0)
        return;
    values[HOL_ACK_P50] = mps_int(mps_histogram_quantile(acks, 0.5));
    values[HOL_ACK_P95] = mps_int(mps_histogram_quantile(acks, 0.95));
    values[HOL_ACK_P99] = mps_int(mps_histogram_quantile(acks, 0.99));
    values[HOL_ACK_MAX] = mps_int(acks->max);
}

/* Over all subflows. */
static Part sum_parts(const State *self)
{
    Part sum = {0};

    for (guint i = 0; self->parts && i < self->parts->len; i++) {
        const Part *part = &g_array_index(self->parts, Part, i);

        sum.reordered_packets += part->reordered_packets;
        sum.reordered_bytes += part->reordered_bytes;
        sum.late_packets += part->late_packets;
        sum.duplicate_packets += part->duplicate_packets;
        sum.duplicate_bytes += part->duplicate_bytes;
        sum.overlapping_packets += part->overlapping_packets;
    }
    if (self->old_bytes > 0)
        count_duplicate(self, &sum);
    return sum;
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    static const Disorder none;
    const State *self = state;
    const Disorder *disorder = self->disorder ? self->disorder : &none;
    const Part sum = sum_parts(self);
    const MpsVantage vantage = mps_vantage(subject->connection);
    const MpsVantage near = subject->direction == MPS_C2S ? MPS_VANTAGE_SERVER : MPS_VANTAGE_CLIENT;

    if (!self->started)
        return;
    values[RECEIVER_VIEW] = mps_int_if(vantage != 0, vantage == near);
    values[REORDERED_PACKETS] = mps_count(sum.reordered_packets);
    values[REORDERED_BYTES] = mps_count(sum.reordered_bytes);
    values[LATE_PACKETS] = mps_count(sum.late_packets);
    if (sum.late_packets > 0) {
        values[EXTENT_MEAN] = mps_real((double)disorder->extent_sum / (double)sum.late_packets);
        values[EXTENT_MAX] = mps_count(disorder->extent_max);
        values[LATE_MAX] = mps_int(disorder->late_max_ns);
    }
    values[DUPLICATE_PACKETS] = mps_count(sum.duplicate_packets);
    values[DUPLICATE_BYTES] = mps_count(sum.duplicate_bytes);
    values[OVERLAPPING_PACKETS] = mps_count(sum.overlapping_packets);
    values[OFO_MAX] = mps_count(disorder->max_bytes);
    if (self->last_ns > self->first_ns)
        values[OFO_MEAN] = mps_real(disorder->byte_ns / (double)(self->last_ns - self->first_ns));
    values[HOL_BLOCKED] = mps_int(disorder->blocked_ns);
    values[HOL_BYTE_S] = mps_real(disorder->byte_ns / 1e9);
    wait_values(self, disorder, values);
}

static void add_part(const Part *part, uint64_t subflow_id, const MpsSubject *subject,
                     MpsRowSink *rows)
{
    rows->add(rows, &parts_table,
              (MpsValue[]){
                  mps_count(subject->connection->id),
                  mps_text(mps_direction_name(subject->direction)),
                  mps_int_if(subflow_id != 0, (int64_t)subflow_id),
                  mps_count(part->reordered_packets),
                  mps_count(part->reordered_bytes),
                  mps_count(part->late_packets),
                  mps_count(part->duplicate_packets),
                  mps_count(part->duplicate_bytes),
                  mps_count(part->overlapping_packets),
                  mps_count(part->waits),
                  mps_int(part->waited_ns),
                  mps_real(part->waited_byte_ns / 1e9),
              });
}

static void add_bin(const char *what, int64_t at_least, int64_t below, uint64_t n,
                    const MpsSubject *subject, MpsRowSink *rows)
{
    if (n > 0)
        rows->add(rows, &histogram_table,
                  (MpsValue[]){
                      mps_count(subject->connection->id),
                      mps_text(mps_direction_name(subject->direction)),
                      mps_text(what),
                      mps_int(at_least),
                      mps_int(below),
                      mps_count(n),
                  });
}

static void add_histograms(const State *self, const MpsSubject *subject, MpsRowSink *rows)
{
    const Disorder *disorder = self->disorder;
    uint64_t at_once = self->in_order_bytes, n;
    uint32_t at = 0;
    int64_t low, high;
    bool more = mps_histogram_next_octave(&disorder->wait_ns, &at, &low, &high, &n);

    if (more && low == 0) {
        at_once += n;
        more = mps_histogram_next_octave(&disorder->wait_ns, &at, &low, &high, &n);
    }
    add_bin("wait", 0, 1, at_once, subject, rows);
    for (; more; more = mps_histogram_next_octave(&disorder->wait_ns, &at, &low, &high, &n))
        add_bin("wait", low, high, n, subject, rows);
    for (int i = -MAX_DISPLACED; i <= MAX_DISPLACED; i++)
        add_bin("displacement", i, i + 1,
                i == 0 ? self->in_place : disorder->displaced[i + MAX_DISPLACED], subject, rows);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    static const Part nothing;
    State *self = state;

    begin_packet(self, NULL);
    /* Without an initial subflow, ordinals are not places in the array. */
    for (guint i = 0; self->parts && i < subject->connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(subject->connection->subflows, i);
        const Part *part = subflow->ordinal < self->parts->len
                               ? &g_array_index(self->parts, Part, subflow->ordinal)
                               : &nothing;

        if (memcmp(part, &nothing, sizeof nothing) != 0)
            add_part(part, subflow->id, subject, rows);
    }
    if (self->unseen.waits > 0)
        add_part(&self->unseen, 0, subject, rows);
    if (self->disorder)
        add_histograms(self, subject, rows);
}

static void clear(void *state)
{
    State *self = state;
    Disorder *disorder = self->disorder;

    if (self->parts)
        g_array_unref(self->parts);
    if (!disorder)
        return;
    MPS_ROOM_FREE(disorder->held.items, &disorder->held.room);
    MPS_ROOM_FREE(disorder->unacked.items, &disorder->unacked.room);
    mps_histogram_clear(&disorder->wait_ns);
    mps_histogram_clear(&disorder->ack_ns);
    g_free(disorder);
}

static const MpsLink queue_links[] = {
    MPS_ROOM(Queue, items, room, NULL),
    {0},
};

static const MpsLink disorder_links[] = {
    MPS_PART(Disorder, held, 1, queue_links),
    MPS_PART(Disorder, unacked, 1, queue_links),
    MPS_PART(Disorder, wait_ns, 1, mps_histogram_links),
    MPS_PART(Disorder, ack_ns, 1, mps_histogram_links),
    {0},
};

static const MpsLink links[] = {
    MPS_ZEROED_ARRAY(State, parts, Part, NULL),
    MPS_ITEMS(State, disorder, 1, disorder_links),
    {0},
};

const MpsMetric mps_metric_reordering = {
    .name = "reordering",
    .help =
        "Data out of order as a receiver at the tap sees it.  The next expected byte is the lowest "
        "that was neither captured nor acknowledged by a DATA_ACK; new data above it is reordered, "
        "is held (out-of-order queue) and waits until all data below it is there (head-of-line "
        "blocking).  The wait counts as wait for the subflow that the missing data was sent on "
        "first, as far as visible.  Late packets, extent and late time are those of RFC 4737, "
        "displacements those of RFC 5236.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .table = &parts_table,
    .histogram = &histogram_table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_DATA_ACK] = {take_data_ack},
        },
    .finish = finish,
    .summarise = summarise,
    .clear = clear,
};
