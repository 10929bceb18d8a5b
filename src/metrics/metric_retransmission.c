/* metric_retransmission.c - segments that repeat bytes or fill holes, by why they were sent. */
#include "metrics/bins.h"
#include "metrics/metrics.h"
#include "metrics/resend.h"

/* A D-SACK comes within an RTT of what it tells of; so many segments wait for one. */
enum { MAX_RECENT = 256 };

typedef struct {
    uint64_t packets[MPS_N_RESENDS], bytes[MPS_N_RESENDS];
} Totals;

static void count(Totals *self, const MpsResent *resent)
{
    self->packets[resent->class]++;
    self->bytes[resent->class] += resent->bytes;
}

typedef struct {
    MpsBins *series; /* or NULL */
    MpsResendView view;
    MpsResent *recent; /* in order of time; rows are written when they leave it */
    MpsRoom n_recent;
    Totals *written; /* of rows written; NULL: none so far */
} State;

enum { N_CLASSES = MPS_N_RESENDS - 1 };

#define PAIR(name, what)                                                                           \
    {"retransmission_" name "_packets", MPS_INT, "segments " what},                                \
    {                                                                                              \
        "retransmission_" name "_bytes", MPS_INT, "their bytes that repeat or fill a hole"         \
    }

static const MpsColumn columns[] = {
    PAIR("fast", "sent again because of duplicate ACKs or SACK, or in the recovery that follows"),
    PAIR("timeout", "sent again because the retransmission timer ran out, or in the recovery that "
                    "follows"),
    PAIR("tail_probe", "that repeat the last one after a silence too short for a timeout: most "
                       "likely tail loss probes"),
    PAIR("spurious", "sent again although the first copy had arrived: D-SACK, time stamps or an "
                     "earlier acknowledgement tell"),
    PAIR("network_duplicate", "that are one packet copied by the network"),
    PAIR("reordering", "sent in order and overtaken by later ones before the tap"),
    PAIR("window_probe", "that probe a closed window"),
    PAIR("keep_alive", "that probe an idle connection"),
    PAIR("unknown", "sent again for a reason that does not show"),
    {"spurious_share", MPS_REAL,
     "spurious of all packets that the sender sent again (fast, timeout, tail_probe, spurious, "
     "unknown), 0 to 1; NULL: none was"},
    {0},
};

static const MpsColumn row_columns[] = {
    {"ts_ns", MPS_INT, "capture time of the segment"},
    {"capture_id", MPS_INT, "file of the packet", "capture(capture_id)"},
    {"packet", MPS_INT, "number of the packet in its file, from 1"},
    {"subflow_id", MPS_INT, "whose segment", "subflow(subflow_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sent it"},
    {"seq", MPS_INT, "sequence number of its first byte; the SYN is 0"},
    {"bytes", MPS_INT, "payload captured before, or filling a hole; 0: a probe without payload"},
    {"hole_filled_bytes", MPS_INT, "of them, those never captured before"},
    {"class", MPS_TEXT,
     "fast, timeout, tail_probe, spurious, network_duplicate, reordering, window_probe, "
     "keep_alive, unknown"},
    {"trigger", MPS_TEXT,
     "why the sender sent it, also if that was spurious: fast, timeout, tail_probe; NULL: does not "
     "show, or was not the sender"},
    {"evidence", MPS_TEXT,
     "why it is called spurious: dsack, timestamp (its ACK echoes an older one), acked (before it "
     "was sent); NULL: it is not"},
    {"elapsed_ns", MPS_INT,
     "since the same byte was last sent, or since the segment that left the hole; NULL: not "
     "captured"},
    {"rto_ns", MPS_INT, "retransmission timer that the RTTs seen so far give (RFC 6298)"},
    {"dup_acks", MPS_INT, "duplicate ACKs since the acknowledgement had advanced"},
    {0},
};

static const MpsTable table = {
    .name = "retransmission",
    .help = "One row per segment with payload that had been captured before or fills a hole, and "
            "per probe without payload.",
    .columns = row_columns,
    .index = "subflow_id, ts_ns",
};

static const char *evidence(MpsSpurious spurious)
{
    static const char *const names[] = {[MPS_SPURIOUS_DSACK] = "dsack",
                                        [MPS_SPURIOUS_ECHO] = "timestamp",
                                        [MPS_SPURIOUS_ACKED] = "acked"};

    return names[spurious];
}

/* The first @n have waited long enough. */
static void write_rows(State *self, size_t n, const MpsSubflow *subflow, MpsDirection direction,
                       MpsRowSink *rows)
{
    if (n > 0 && !self->written)
        self->written = g_new0(Totals, 1);
    for (size_t i = 0; i < n; i++) {
        const MpsResent *each = &self->recent[i];

        count(self->written, each);
        if (self->series)
            mps_bins_fed_at(self->series, each->ts_ns)->resent[each->class]++;
        rows->add(rows, &table,
                  (MpsValue[]){
                      mps_int(each->ts_ns),
                      mps_int(each->capture_id),
                      mps_count(each->packet),
                      mps_count(subflow->id),
                      mps_text(mps_direction_name(direction)),
                      mps_int(each->begin),
                      mps_count(each->bytes),
                      mps_count(each->hole_filled),
                      mps_text(mps_resend_name(each->class)),
                      mps_text(mps_resend_name(each->trigger)),
                      mps_text(evidence(each->spurious)),
                      mps_int_if(each->elapsed_ns >= 0, each->elapsed_ns),
                      mps_int(each->rto_ns),
                      mps_int(each->dup_acks),
                  });
    }
    MPS_ROOM_ERASE(self->recent, &self->n_recent, 0, n);
}

static void take_segment(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    State *self = state;
    MpsResent resent;

    if (!mps_resend_segment(&self->view, event, &resent))
        return;
    *MPS_ROOM_INSERT(self->recent, &self->n_recent, self->n_recent.n_items) = resent;
    if (self->n_recent.n_items > MAX_RECENT)
        write_rows(self, MAX_RECENT / 2, event->subflow, event->direction, rows);
}

static void take_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    mps_resend_ack(&self->view, event, self->recent, self->n_recent.n_items);
}

static void take_rtt(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    mps_resend_rtt(&((State *)state)->view, event);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    State *self = state;

    if (self->series)
        self->series->classed = true;
    write_rows(self, self->n_recent.n_items, subject->subflow, subject->direction, rows);
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;
    Totals totals = self->written ? *self->written : (Totals){0};
    const uint64_t *packets = totals.packets;

    for (size_t i = 0; i < self->n_recent.n_items; i++)
        count(&totals, &self->recent[i]);
    for (int i = 0; i < N_CLASSES; i++) {
        values[2 * i] = mps_count(packets[i + 1]);
        values[2 * i + 1] = mps_count(totals.bytes[i + 1]);
    }

    const uint64_t again = packets[MPS_RESEND_FAST] + packets[MPS_RESEND_TIMEOUT] +
                           packets[MPS_RESEND_TAIL_PROBE] + packets[MPS_RESEND_SPURIOUS] +
                           packets[MPS_RESEND_UNKNOWN];

    if (again > 0)
        values[2 * N_CLASSES] = mps_real((double)packets[MPS_RESEND_SPURIOUS] / (double)again);
}

static void clear(void *state)
{
    State *self = state;

    mps_resend_clear(&self->view);
    MPS_ROOM_FREE(self->recent, &self->n_recent);
    g_free(self->written);
}

static const MpsLink links[] = {
    MPS_KEPT(State, series),
    MPS_PART(State, view, 1, mps_resend_links),
    MPS_ROOM(State, recent, n_recent, NULL),
    MPS_ITEMS(State, written, 1, NULL),
    {0},
};

const MpsMetric mps_metric_retransmission = {
    .name = "retransmission",
    .help = "Segments that repeat payload or fill a hole, by why they were sent, after Mellia, "
            "Meo and Muscariello (2005) with SACK, D-SACK and time stamps.  In this order: "
            "window_probe and keep_alive, at most one byte at or just below the acknowledgement, "
            "into a closed window or with everything acknowledged; network_duplicate, the same "
            "IP ID (0 says nothing) and time stamp as the sending before; reordering, fills a "
            "hole and has an older time stamp than what left it or came within the smallest RTT, "
            "or has an older time stamp than the sending before; then timeout, nothing sent and "
            "nothing more acknowledged for the RTO, or, of the first segment not acknowledged, "
            "for the RTO neither itself sent nor the acknowledgement advanced; in recovery, what "
            "began it; fast, 3 duplicate ACKs, SACK above it, or an acknowledgement of what was "
            "sent again after it (RFC 8985); tail_probe, repeats the last segment, once, after a "
            "silence of the smoothed RTT, where SACK is permitted also when the timer runs out; "
            "timeout, last sent longer ago than the RTO; else unknown.  RTO: smoothed RTT + 4 "
            "times its variation, that at least 200 ms, by RFC 6298 from the captured RTTs.  Any "
            "of the last is spurious if D-SACK, the echoed time stamp (RFC 3522) or an earlier "
            "acknowledgement shows that the first copy had arrived.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .columns = columns,
    .table = &table,
    .feeds = &mps_metric_series,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_SEGMENT] = {take_segment},
            [MPS_EV_ACK] = {take_ack},
            [MPS_EV_RTT] = {take_rtt},
        },
    .finish = finish,
    .summarise = summarise,
    .clear = clear,
};
