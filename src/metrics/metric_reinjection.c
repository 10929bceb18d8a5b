/* metric_reinjection.c - data sent again on another subflow (RFC 8684, section 3.3.6): what made
 * the host do so, as far as it can be seen, and whether it was worth it. */
#include "metrics/metrics.h"

#include <string.h>

#include "util/ranges.h"
#include "util/room.h"
#include "util/vantage.h"

#define MS_NS ((int64_t)1000 * 1000)

/* Silence is a sign from here on, or from three RTTs on if that is longer, as for stalls. */
static const int64_t LEAST_NS = 200 * MS_NS;
/* Copies whose fate is awaited; beyond it the lower half of them is settled as it stands. */
enum { MAX_COPIES = 4096 };
/* Pieces of data known to have arrived; the lowest holes between more of them are filled. */
enum { MAX_ARRIVED = 1024 };

/* Data offsets may be negative. */
static const uint64_t BIAS = UINT64_C(1) << 62;

typedef struct {
    int64_t end; /* data offset; the array is sorted by it */
    int64_t offset;
    int64_t ts_ns, from_ns;
    uint64_t packet;
    uint32_t capture_id;
    const MpsSubflow *on, *from; /* from: NULL if too long ago */
    const char *trigger;
    bool revised;      /* found out later: how things stood then is not known */
    bool acked;        /* useless at send time */
    bool first_at_tap; /* no earlier sending had been captured */
    bool original_seen;
    int64_t original_seen_ns; /* captured after the copy */
    bool copy_acked, original_acked;
    bool data_acked_before; /* by a DATA_ACK before the copy's ACK on the same subflow */
    int64_t copy_acked_ns, original_acked_ns; /* by TCP */
} Copy;

/* What is known of a subflow's sending, by ordinal. */
typedef struct {
    bool any_repeat, busy;
    int64_t repeat_ns; /* last retransmission */
    int64_t busy_ns;   /* payload has been outstanding since */
    /* DATA_ACKs that came on it: the highest, and that of the packets before the last one. */
    bool any_data_ack, any_earlier;
    int64_t data_ack, earlier_data_ack;
    MpsRanges arrived; /* data above the DATA_ACK that TCP acknowledged, biased */
} Path;

typedef struct {
    Copy *copies;
    MpsRoom room;
    Path *paths;
    guint n_paths;
    bool any_sent, any_edge;
    bool any_data_ack;
    int64_t data_acked; /* data offset */
    int64_t sent_end;   /* data offset */
    int64_t right_edge; /* of the receive window, data offset */

    uint64_t events, useful_bytes, wasted_bytes;
    MpsHistogram gain_ns;
} State;

static const MpsColumn columns[] = {
    {"reinjections", MPS_INT, "rows of table reinjection"},
    {"reinjected_useful_bytes", MPS_INT, "of reinjected_bytes, where the copy was first"},
    {"reinjected_wasted_bytes", MPS_INT,
     "of reinjected_bytes, where an earlier sending was first; the rest is not visible"},
    MPS_DISTRIBUTION_COLUMNS("reinjection_gain_",
                             "gain of each useful reinjection whose original arrived, too"),
    {0},
};

static const MpsColumn row_columns[] = {
    {"ts_ns", MPS_INT, "capture time of the copy"},
    {"capture_id", MPS_INT, "file of the packet", "capture(capture_id)"},
    {"packet", MPS_INT, "number of the packet in its file, from 1"},
    {"connection_id", MPS_INT, "whose data", "connection(connection_id)"},
    {"direction", MPS_TEXT, "c2s or s2c"},
    {"subflow_id", MPS_INT, "subflow that carried the copy", "subflow(subflow_id)"},
    {"from_subflow_id", MPS_INT, "subflow that sent the data first; NULL: too long ago",
     "subflow(subflow_id)"},
    {"data_offset", MPS_INT, "DSN - IDSN - 1 of the first byte"},
    {"bytes", MPS_INT, "length"},
    {"delay_ns", MPS_INT, "time since the first sending"},
    {"acked", MPS_INT, "1 if a DATA_ACK had covered all of it already: useless at send time"},
    {"trigger", MPS_TEXT,
     "the first that holds of: subflow closed (that of the first sending), address removed (of it, "
     "by REMOVE_ADDR), priority change (since the first sending it became a backup, or the "
     "copy's subflow a regular one), timeout (it sent payload again, and for max(3 RTT, 200 ms) "
     "TCP acknowledged nothing of what was outstanding on it), subflow silent (nothing was heard "
     "on it from the receiver for as long, with payload outstanding), another subflow closed "
     "(since the first sending), window blocked (new data of that length had not fitted into the "
     "receive window); NULL: not visible"},
    {"first", MPS_TEXT,
     "copy or original (an earlier sending): which was first at the receiver; NULL: not visible"},
    {"judged_by", MPS_TEXT,
     "data_ack (acked is 1), arrival (capture near the receiver: order of capture) or ack "
     "(elsewhere: of the last byte, the earlier TCP ACK or SACK on its subflow; the original also "
     "if "
     "an earlier packet on the copy's subflow had a DATA_ACK of it)"},
    {"gain_ns", MPS_INT,
     "by how much the copy was earlier than the original; 0: it was not; NULL: the original was "
     "never seen to arrive, or nothing is known"},
    {"copy_ack_delay_ns", MPS_INT, "copy to TCP's ACK or SACK of its last byte"},
    {"original_ack_delay_ns", MPS_INT,
     "copy to TCP's ACK or SACK of the same byte on the subflow of the first sending; 0: had "
     "come before the copy; NULL: none came"},
    {0},
};

static const MpsTable table = {
    .name = "reinjection",
    .help = "One row per stretch of data that a packet carried for the first time on its subflow "
            "and that had been sent before on another one.",
    .columns = row_columns,
    .index = "connection_id, ts_ns",
};

MPS_ROOM_DEFINE_FIND(find_above, Copy, int64_t)

/* ---- what made the host do so ---- */

static bool is_time_in(int64_t ts_ns, int64_t from_ns, int64_t until_ns)
{
    return ts_ns != MPS_NO_TIME && ts_ns >= from_ns && ts_ns <= until_ns;
}

static bool priority_changed(const MpsSubflow *from, const MpsSubflow *on, int64_t from_ns,
                             int64_t now_ns)
{
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if ((from->side[side].backup_now &&
             is_time_in(from->side[side].prio_ns, from_ns, now_ns)) ||
            (!on->side[side].backup_now && is_time_in(on->side[side].prio_ns, from_ns, now_ns)))
            return true;
    return false;
}

static bool another_closed(const MpsConnection *connection, int64_t from_ns, int64_t now_ns)
{
    for (guint i = 0; i < connection->subflows->len; i++)
        if (is_time_in(((MpsSubflow *)g_ptr_array_index(connection->subflows, i))->closed_ns,
                       from_ns, now_ns))
            return true;
    return false;
}

/* What a silence of the first sender's subflow tells. */
static const char *silence(const State *self, const Copy *copy, MpsDirection direction)
{
    const MpsSubflow *from = copy->from;
    const MpsSide receiver = direction == MPS_C2S ? MPS_SERVER : MPS_CLIENT;
    const MpsSubflowSide *own = &from->side[direction], *back = &from->side[receiver];
    const int64_t least_ns = MAX(LEAST_NS, 3 * mps_base_rtt_ns(from->connection));

    if (from->ordinal >= self->n_paths || own->unacked_bytes == 0)
        return NULL;

    const Path *path = &self->paths[from->ordinal];

    if (!path->busy)
        return NULL;
    if (path->any_repeat && path->repeat_ns >= path->busy_ns &&
        copy->ts_ns - MAX(path->busy_ns, own->acked_ns) >= least_ns)
        return "timeout";
    return copy->ts_ns - MAX(path->busy_ns, back->last_ns) >= least_ns ? "subflow silent" : NULL;
}

static const char *trigger(const State *self, const Copy *copy, MpsDirection direction)
{
    const MpsSubflow *from = copy->from;
    const char *why;

    if (!from || copy->revised || copy->from_ns == MPS_NO_TIME)
        return NULL;
    if (from->closed_ns != MPS_NO_TIME || from->side[direction].fin_ns != MPS_NO_TIME)
        return "subflow closed";
    if (from->side[MPS_CLIENT].removed_ns != MPS_NO_TIME ||
        from->side[MPS_SERVER].removed_ns != MPS_NO_TIME)
        return "address removed";
    if (priority_changed(from, copy->on, copy->from_ns, copy->ts_ns))
        return "priority change";
    why = silence(self, copy, direction);
    if (why)
        return why;
    if (another_closed(from->connection, copy->from_ns, copy->ts_ns))
        return "another subflow closed";
    if (self->any_edge && self->sent_end + (copy->end - copy->offset) > self->right_edge)
        return "window blocked";
    return NULL;
}

/* ---- what became of it ---- */

typedef struct {
    const char *first, *judged_by; /* or NULL */
    bool has_gain;
    int64_t gain_ns;
} Worth;

static Worth copy_first(const char *judged_by, bool original_known, int64_t gain_ns)
{
    return (Worth){"copy", judged_by, original_known, gain_ns};
}

static Worth worth(const Copy *copy, const MpsConnection *connection, MpsDirection direction)
{
    const MpsVantage near =
        direction == MPS_C2S ? MPS_VANTAGE_SERVER : MPS_VANTAGE_CLIENT; /* the receiver */

    if (copy->acked)
        return (Worth){"original", "data_ack", true, 0};
    if (copy->revised)
        return (Worth){0};
    if (mps_vantage(connection) == near)
        return copy->first_at_tap ? copy_first("arrival", copy->original_seen,
                                               copy->original_seen_ns - copy->ts_ns)
                                  : (Worth){"original", "arrival", true, 0};
    if (!copy->copy_acked && !copy->original_acked)
        return (Worth){0};
    if (!copy->copy_acked || copy->data_acked_before ||
        (copy->original_acked && copy->original_acked_ns <= copy->copy_acked_ns))
        return (Worth){"original", "ack", true, 0};
    return copy_first("ack", copy->original_acked, copy->original_acked_ns - copy->copy_acked_ns);
}

/* Nothing more can come: the row is written. */
static void settle(State *self, const Copy *copy, const MpsConnection *connection,
                   MpsDirection direction, MpsRowSink *rows)
{
    const uint64_t bytes = (uint64_t)(copy->end - copy->offset);
    const Worth is = worth(copy, connection, direction);
    const bool useful = is.first && is.first[0] == 'c';

    self->useful_bytes += useful ? bytes : 0;
    self->wasted_bytes += is.first && !useful ? bytes : 0;
    if (useful && is.has_gain)
        mps_histogram_add(&self->gain_ns, is.gain_ns);
    rows->add(rows, &table,
              (MpsValue[]){
                  mps_int(copy->ts_ns),
                  mps_int(copy->capture_id),
                  mps_count(copy->packet),
                  mps_count(connection->id),
                  mps_text(mps_direction_name(direction)),
                  mps_count(copy->on->id),
                  mps_int_if(copy->from != NULL, copy->from ? (int64_t)copy->from->id : 0),
                  mps_int(copy->offset),
                  mps_count(bytes),
                  mps_int_if(copy->from_ns != MPS_NO_TIME, copy->ts_ns - copy->from_ns),
                  mps_int(copy->acked),
                  mps_text(copy->trigger),
                  mps_text(is.first),
                  mps_text(is.judged_by),
                  mps_int_if(is.has_gain, is.gain_ns),
                  mps_int_if(copy->copy_acked, copy->copy_acked_ns - copy->ts_ns),
                  mps_int_if(copy->original_acked, copy->original_acked_ns - copy->ts_ns),
              });
}

/* Settles the @n copies of the lowest data. */
static void settle_lowest(State *self, size_t n, const MpsConnection *connection,
                          MpsDirection direction, MpsRowSink *rows)
{
    for (size_t i = 0; i < n; i++)
        settle(self, &self->copies[i], connection, direction, rows);
    MPS_ROOM_ERASE(self->copies, &self->room, 0, n);
}

/* ---- what happens ---- */

static G_GNUC_NO_INLINE void more_paths(State *self, guint n)
{
    self->paths = g_renew(Path, self->paths, n);
    memset(self->paths + self->n_paths, 0, (n - self->n_paths) * sizeof *self->paths);
    self->n_paths = n;
}

static inline Path *path_of(State *self, const MpsSubflow *subflow)
{
    if (subflow->ordinal >= self->n_paths)
        more_paths(self, subflow->ordinal + 1);
    return &self->paths[subflow->ordinal];
}

static void take_payload(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    Path *path = path_of(state, event->subflow);
    const uint64_t unacked = event->subflow->side[event->direction].unacked_bytes;

    if (!path->busy || unacked <= event->segment.unique_bytes) {
        path->busy = true;
        path->busy_ns = event->ts_ns;
    }
    if (event->segment.retransmitted_bytes > 0 || event->segment.hole_filled_bytes > 0) {
        path->any_repeat = true;
        path->repeat_ns = event->ts_ns;
    }
}

/* DATA_ACK and window.  The receive window is shared: its right edge is the DATA_ACK and the window
 * (RFC 8684, section 3.3.1). */
static G_GNUC_NO_INLINE void note_ack(State *self, Path *path, const MpsEvent *event)
{
    const MpsSegment *wire = event->segment.wire;
    const MpsSide receiver = event->direction == MPS_C2S ? MPS_SERVER : MPS_CLIENT;
    const int64_t data_ack = event->segment.data_ack;
    int64_t edge;
    int shift;

    path->any_earlier = path->any_data_ack;
    path->earlier_data_ack = path->data_ack;
    if (!event->segment.has_data_ack)
        return;
    path->data_ack = path->any_data_ack ? MAX(path->data_ack, data_ack) : data_ack;
    path->any_data_ack = true;
    shift = event->subflow->side[receiver].window_shift;
    if (shift < 0 || wire->flags & (MPS_TCP_SYN | MPS_TCP_RST))
        return;
    edge = data_ack + ((int64_t)wire->window << shift);
    self->right_edge = self->any_edge ? MAX(self->right_edge, edge) : edge;
    self->any_edge = true;
}

static void take_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    note_ack(state, path_of(state, event->subflow), event);
}

/* Whether TCP has acknowledged the last byte below @end on @subflow. */
static bool has_arrived(const State *self, const MpsSubflow *subflow, int64_t end)
{
    return subflow->ordinal < self->n_paths &&
           mps_ranges_covered(&self->paths[subflow->ordinal].arrived, BIAS + (uint64_t)(end - 1),
                              BIAS + (uint64_t)end) > 0;
}

static void take_copy(State *self, const MpsEvent *event, MpsRowSink *rows)
{
    Copy copy = {
        .end = event->data.offset + (int64_t)event->data.bytes,
        .offset = event->data.offset,
        .ts_ns = event->ts_ns,
        .from_ns = event->data.from_ns,
        .packet = event->packet,
        .capture_id = event->capture_id,
        .on = event->subflow,
        .from = event->data.from,
        .revised = event->data.revised,
        .acked = event->data.acked,
        .first_at_tap = event->data.union_bytes > 0,
    };

    copy.original_acked = copy.from && has_arrived(self, copy.from, copy.end);
    copy.original_acked_ns = copy.ts_ns;
    copy.trigger = trigger(self, &copy, event->direction);
    self->events++;
    *MPS_ROOM_INSERT(self->copies, &self->room,
                     find_above(self->copies, self->room.n_items, copy.end)) = copy;
    if (self->room.n_items > MAX_COPIES)
        settle_lowest(self, MAX_COPIES / 2, event->connection, event->direction, rows);
}

/* The original is captured after the copy. */
static void take_original(State *self, const MpsEvent *event)
{
    const int64_t end = event->data.offset + (int64_t)event->data.bytes;

    for (size_t i = find_above(self->copies, self->room.n_items, event->data.offset);
         i < self->room.n_items && self->copies[i].end <= end; i++) {
        Copy *copy = &self->copies[i];

        if (copy->from == event->subflow && !copy->original_seen) {
            copy->original_seen = true;
            copy->original_seen_ns = event->ts_ns;
        }
    }
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    State *self = state;
    const int64_t end = event->data.offset + (int64_t)event->data.bytes;

    if (event->data.class == MPS_DATA_REINJECTED)
        take_copy(self, event, rows);
    else if (event->data.class == MPS_DATA_OVERTAKEN)
        take_original(self, event);
    self->sent_end = self->any_sent ? MAX(self->sent_end, end) : end;
    self->any_sent = true;
}

/* TCP acknowledges the last byte of copies, or of their originals, selectively or not. */
static void take_acked(State *self, const MpsEvent *event, const Path *path,
                       const MpsDataRange *data)
{
    for (size_t i = find_above(self->copies, self->room.n_items, data->begin);
         i < self->room.n_items && self->copies[i].end <= data->end; i++) {
        Copy *copy = &self->copies[i];

        if (copy->on == event->subflow && !copy->copy_acked) {
            copy->copy_acked = true;
            copy->data_acked_before = path->any_earlier && path->earlier_data_ack >= copy->end;
            copy->copy_acked_ns = event->ts_ns;
        } else if (copy->from == event->subflow && !copy->original_acked) {
            copy->original_acked = true;
            copy->original_acked_ns = event->ts_ns;
        }
    }
}

static void take_tcp_acked(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    Path *path = path_of(self, event->subflow);

    for (size_t i = 0; i < event->tcp_acked.n_data; i++) {
        const MpsDataRange *data = &event->tcp_acked.data[i];
        const int64_t begin = self->any_data_ack ? MAX(data->begin, self->data_acked) : data->begin;

        if (begin < data->end)
            mps_ranges_add(&path->arrived, BIAS + (uint64_t)begin, BIAS + (uint64_t)data->end);
        if (self->room.n_items > 0)
            take_acked(self, event, path, data);
    }
    if (path->arrived.room.n_items > MAX_ARRIVED)
        mps_ranges_fill_holes(&path->arrived, UINT64_MAX, MAX_ARRIVED / 2);
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    self->any_data_ack = true;
    self->data_acked = event->data_ack.offset;
    for (guint i = 0; i < self->n_paths; i++)
        if (self->paths[i].arrived.room.n_items > 0)
            mps_ranges_drop_below(&self->paths[i].arrived, BIAS + (uint64_t)self->data_acked);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    State *self = state;

    settle_lowest(self, self->room.n_items, subject->connection, subject->direction, rows);
    mps_distribution_rows(rows, subject, "reinjection_gain_ns", &self->gain_ns);
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;

    values[0] = mps_count(self->events);
    values[1] = mps_count(self->useful_bytes);
    values[2] = mps_count(self->wasted_bytes);
    mps_distribution(&self->gain_ns, values + 3);
}

static void clear(void *state)
{
    State *self = state;

    MPS_ROOM_FREE(self->copies, &self->room);
    for (guint i = 0; i < self->n_paths; i++)
        mps_ranges_clear(&self->paths[i].arrived);
    g_free(self->paths);
    mps_histogram_clear(&self->gain_ns);
}

static size_t n_paths(const void *state)
{
    return ((const State *)state)->n_paths;
}

static const MpsLink copy_links[] = {
    MPS_ENTITY(Copy, on),
    MPS_ENTITY(Copy, from),
    MPS_WORD(Copy, trigger),
    {0},
};

static const MpsLink path_links[] = {
    MPS_PART(Path, arrived, 1, mps_ranges_links),
    {0},
};

static const MpsLink links[] = {
    MPS_ROOM(State, copies, room, copy_links),
    MPS_COUNTED(State, paths, n_paths, path_links),
    MPS_PART(State, gain_ns, 1, mps_histogram_links),
    {0},
};

const MpsMetric mps_metric_reinjection = {
    .name = "reinjection",
    .help =
        "Payload sent for the first time on a subflow whose DSN had been sent before on "
        "another one: captured there, or skipped over and mapped there.  Byte-exact.  It was "
        "useful if the copy was first at the receiver, wasted if an earlier sending was, as "
        "far as visible: near the receiver by the order of capture, elsewhere by TCP's ACKs "
        "and SACKs on both subflows, which may travel at different speeds; the gain is the time by "
        "which the copy was earlier.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .always = true,
    .columns = columns,
    .table = &table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_SEGMENT] = {take_payload, MPS_SEGMENT_PAYLOAD},
            [MPS_EV_ACK] = {take_ack},
            [MPS_EV_TCP_ACKED] = {take_tcp_acked},
            [MPS_EV_DATA_ACK] = {take_data_ack},
        },
    .finish = finish,
    .summarise = summarise,
    .clear = clear,
};
