/* bins.c - bins of 100 µs times a power of two, at most MAX_BINS of them. */
#include "metrics/bins.h"

#include <math.h>
#include <string.h>

#include <glib.h>

/* A time line has at most MAX_BINS, and in the end no more than one for PER_BIN notes, but always
 * MIN_BINS: a short connection is not worth hundreds of rows. */
enum { MAX_BINS = 512, MIN_BINS = 8, PER_BIN = 8 };

const MpsLink mps_bins_links[] = {MPS_ROOM(MpsBins, items, room, NULL), {0}};

static const int64_t FIRST_WIDTH_NS = 100 * 1000;

/* The columns before those of the classes of retransmissions. */
enum { PLAIN_COLUMNS = 26 };

#define CLASS(class, name)                                                                         \
    [PLAIN_COLUMNS + MPS_RESEND_##class -                                                          \
        1] = {"retransmission_" name "_packets", MPS_INT,                                          \
              "subflow: segments of that class (see table retransmission) in the bin; else NULL"}

static const MpsColumn columns[] = {
    {"connection_id", MPS_INT, "whose time line", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "NULL: the direction as a whole", "subflow(subflow_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    {"bin_start_ns", MPS_INT, "begin of the bin, a multiple of its width"},
    {"bin_width_ns", MPS_INT, "100 µs times a power of two; the same within one time line"},
    {"payload_bytes", MPS_INT, "TCP payload on the wire in the bin, all copies"},
    {"data_bytes", MPS_INT,
     "new data first captured in the bin, on the subflow that it was captured on first; "
     "subflow_direction counts it for its first sender, also where the tap missed that copy"},
    {"retransmitted_bytes", MPS_INT, "payload whose TCP range had been captured before"},
    {"reinjected_bytes", MPS_INT, "data sent before on another subflow"},
    {"rtt_samples", MPS_INT,
     "RTT samples in the bin: of the subflow; direction as a whole: data RTT"},
    {"rtt_mean_ns", MPS_INT, "their mean"},
    {"data_acked_bytes", MPS_INT,
     "direction as a whole: data acknowledged at the end of the bin; else NULL"},
    {"flight_bytes", MPS_INT,
     "direction as a whole: most data in the bin that was sent and not covered by a DATA_ACK (by "
     "TCP after a fallback), that of its begin included; NULL: none was sent so far; subflow: "
     "largest flight of its TCP when it sent; NULL: it sent nothing"},
    {"window_bytes", MPS_INT,
     "direction as a whole: smallest receive window in the bin, that of its begin included; NULL: "
     "not known"},
    {"ofo_bytes", MPS_INT,
     "direction as a whole: most data held out of order in the bin, as a receiver at the tap sees "
     "it; else NULL"},
    {"rtt_min_ns", MPS_INT, "smallest of the RTT samples"},
    {"rtt_max_ns", MPS_INT, "largest of them"},
    {"queueing_mean_ns", MPS_INT,
     "subflow: mean queueing delay (RTT - base RTT) of the samples; else NULL"},
    {"tcp_flight_bytes", MPS_INT,
     "direction as a whole: largest sum of the subflows' TCP flights in the bin; else NULL"},
    {"ack_gap_bytes", MPS_INT,
     "direction as a whole: most data in the bin that TCP had acknowledged and no DATA_ACK; NULL: "
     "nothing was acknowledged"},
    {"data_acks", MPS_INT,
     "direction as a whole: DATA_ACKs in the bin that cover new data; else NULL"},
    {"data_ack_bytes", MPS_INT, "direction as a whole: data newly covered by them; else NULL"},
    {"data_acked_ns", MPS_INT,
     "when the DATA_ACK of data_acked_bytes was captured, the last of the bin"},
    {"flight_end_bytes", MPS_INT,
     "direction as a whole: what flight_bytes counts at the end of the bin, and so until the next "
     "row; else NULL"},
    {"window_end_bytes", MPS_INT,
     "direction as a whole: receive window at the end of the bin, and so until the next row"},
    {"window_filled", MPS_INT,
     "direction as a whole: 1: at one time in the bin, data without a DATA_ACK filled 95 % of the "
     "receive window, or more; 0: it did not; NULL: the window is not known"},
    CLASS(FAST, "fast"),
    CLASS(TIMEOUT, "timeout"),
    CLASS(TAIL_PROBE, "tail_probe"),
    CLASS(SPURIOUS, "spurious"),
    CLASS(NETWORK_DUPLICATE, "network_duplicate"),
    CLASS(REORDERING, "reordering"),
    CLASS(WINDOW_PROBE, "window_probe"),
    CLASS(KEEP_ALIVE, "keep_alive"),
    CLASS(UNKNOWN, "unknown"),
    {0},
};

const MpsTable mps_series_table = {
    .name = "series",
    .help = "What went on over time, at most 512 bins per subflow direction and per connection "
            "direction (fewer for short connections); bins without activity have no row.",
    .columns = columns,
    .index = "connection_id",
};

static void merge_rtt(MpsBin *bin, const MpsBin *more)
{
    if (more->rtt_samples == 0)
        return;

    const bool first = bin->rtt_samples == 0;

    bin->rtt_min_ns = first ? more->rtt_min_ns : MIN(bin->rtt_min_ns, more->rtt_min_ns);
    bin->rtt_max_ns = first ? more->rtt_max_ns : MAX(bin->rtt_max_ns, more->rtt_max_ns);
    bin->rtt_sum_ns += more->rtt_sum_ns;
    bin->rtt_samples += more->rtt_samples;
}

static void merge_subflow(MpsBin *bin, const MpsBin *more)
{
    bin->payload_bytes += more->payload_bytes;
    bin->retransmitted_bytes += more->retransmitted_bytes;
    bin->reinjected_bytes += more->reinjected_bytes;
    bin->queueing_sum_ns += more->queueing_sum_ns;
    bin->queueing_samples += more->queueing_samples;
    for (int class = 0; class < MPS_N_RESENDS; class ++)
        bin->resent[class] += more->resent[class];
}

static void merge_whole(MpsBin *bin, const MpsBin *more)
{
    if (more->any_acked) {
        bin->acked = more->acked;
        bin->acked_ns = more->acked_ns;
        bin->any_acked = true;
    }
    if (more->any_flight)
        bin->flight_end_bytes = more->flight_end_bytes;
    if (more->any_window) {
        bin->window_bytes =
            bin->any_window ? MIN(bin->window_bytes, more->window_bytes) : more->window_bytes;
        bin->window_end_bytes = more->window_end_bytes;
        bin->any_window = true;
    }
    bin->filled |= more->filled;
    if (more->any_tcp_flight)
        mps_bin_tcp_flight(bin, more->tcp_flight_bytes);
    if (more->any_gap)
        mps_bin_gap(bin, more->gap_bytes);
    bin->ofo_bytes = MAX(bin->ofo_bytes, more->ofo_bytes);
    bin->data_acks += more->data_acks;
    bin->data_ack_bytes += more->data_ack_bytes;
}

static void merge(const MpsBins *self, MpsBin *bin, const MpsBin *more)
{
    bin->data_bytes += more->data_bytes;
    merge_rtt(bin, more);
    if (more->any_flight)
        mps_bin_flight(bin, more->flight_bytes);
    if (self->whole)
        merge_whole(bin, more);
    else
        merge_subflow(bin, more);
}

/* @ts_ns rounded down to a multiple of @width_ns, below 0 too. */
static int64_t round_down(int64_t ts_ns, int64_t width_ns)
{
    return ts_ns - (ts_ns % width_ns + width_ns) % width_ns;
}

static int64_t bin_ns(const MpsBins *self, const MpsBin *bin)
{
    return self->first_ns + bin->index * self->width_ns;
}

/* How bins become wider: the index of each is moved up, so that they keep to multiples of the new
 * width, and halved. */
typedef struct {
    int64_t first_ns, width_ns;
    uint32_t up;
    unsigned halvings;
} Widening;

static Widening widening(const MpsBins *self, unsigned halvings)
{
    const int64_t width_ns = self->width_ns << halvings;
    const int64_t first_ns = round_down(self->first_ns, width_ns);

    return (Widening){first_ns, width_ns, (uint32_t)((self->first_ns - first_ns) / self->width_ns),
                      halvings};
}

static uint16_t widened(const Widening *wider, const MpsBin *bin)
{
    return (uint16_t)((bin->index + wider->up) >> wider->halvings);
}

/* How many bins there would be. */
static size_t n_widened(const MpsBins *self, const Widening *wider)
{
    size_t n = 0;

    for (size_t i = 0; i < self->room.n_items; i++)
        n += i == 0 || widened(wider, &self->items[i]) != widened(wider, &self->items[i - 1]);
    return n;
}

static void widen(MpsBins *self, const Widening *wider)
{
    size_t n = 0;

    for (size_t i = 0; i < self->room.n_items; i++) {
        MpsBin *bin = &self->items[i];

        bin->index = widened(wider, bin);
        if (n > 0 && self->items[n - 1].index == bin->index)
            merge(self, &self->items[n - 1], bin);
        else if (n++ != i)
            self->items[n - 1] = *bin;
    }
    MPS_ROOM_ERASE(self->items, &self->room, n, self->room.n_items - n);
    self->first_ns = wider->first_ns;
    self->width_ns = wider->width_ns;
    self->last_ns = bin_ns(self, &self->items[n - 1]);
}

static MpsBin *insert(MpsBins *self, size_t at, uint32_t index)
{
    MpsBin *bin = MPS_ROOM_INSERT(self->items, &self->room, at);

    *bin = (MpsBin){.index = (uint16_t)index};
    self->last_ns = bin_ns(self, &self->items[self->room.n_items - 1]);
    return bin;
}

MpsBin *mps_bins_find(MpsBins *self, int64_t ts_ns)
{
    if (self->room.n_items == 0) {
        self->width_ns = FIRST_WIDTH_NS;
        self->first_ns = round_down(ts_ns, FIRST_WIDTH_NS);
        return insert(self, 0, 0);
    }

    const int64_t at_ns = MAX(ts_ns, self->first_ns);
    Widening wider = widening(self, 0);

    while ((at_ns - wider.first_ns) / wider.width_ns >= MAX_BINS)
        wider = widening(self, wider.halvings + 1);
    if (wider.halvings > 0)
        widen(self, &wider);

    const uint32_t index = (uint32_t)((at_ns - self->first_ns) / self->width_ns);
    size_t at = self->room.n_items;

    while (at > 0 && self->items[at - 1].index > index)
        at--;
    if (at > 0 && self->items[at - 1].index == index)
        return &self->items[at - 1];
    return insert(self, at, index);
}

void mps_bins_clear(MpsBins *self)
{
    MPS_ROOM_FREE(self->items, &self->room);
    *self = (MpsBins){0};
}

static int64_t mean(double sum, uint32_t n)
{
    return n > 0 ? llround(sum / (double)n) : 0;
}

static void add_row(const MpsBins *self, const MpsBin *bin, uint64_t connection_id,
                    uint64_t subflow_id, const char *direction, MpsRowSink *rows)
{
    const bool whole = subflow_id == 0, rtt = bin->rtt_samples > 0;
    MpsValue values[G_N_ELEMENTS(columns) - 1] = {
        mps_count(connection_id),
        mps_int_if(!whole, (int64_t)subflow_id),
        mps_text(direction),
        mps_int(bin_ns(self, bin)),
        mps_int(self->width_ns),
        mps_count(whole ? 0 : bin->payload_bytes),
        mps_count(bin->data_bytes),
        mps_count(whole ? 0 : bin->retransmitted_bytes),
        mps_count(whole ? 0 : bin->reinjected_bytes),
        mps_count(bin->rtt_samples),
        mps_int_if(rtt, mean(bin->rtt_sum_ns, bin->rtt_samples)),
        mps_int_if(bin->any_acked, bin->acked),
        mps_int_if(bin->any_flight, (int64_t)bin->flight_bytes),
        mps_int_if(bin->any_window, (int64_t)bin->window_bytes),
        mps_int_if(whole, (int64_t)bin->ofo_bytes),
        mps_int_if(rtt, bin->rtt_min_ns),
        mps_int_if(rtt, bin->rtt_max_ns),
        mps_int_if(!whole && bin->queueing_samples > 0,
                   whole ? 0 : mean(bin->queueing_sum_ns, bin->queueing_samples)),
        mps_int_if(bin->any_tcp_flight, (int64_t)bin->tcp_flight_bytes),
        mps_int_if(bin->any_gap, (int64_t)bin->gap_bytes),
        mps_int_if(whole, bin->data_acks),
        mps_int_if(whole, (int64_t)bin->data_ack_bytes),
        mps_int_if(bin->any_acked, bin->acked_ns),
        mps_int_if(whole && bin->any_flight, whole ? (int64_t)bin->flight_end_bytes : 0),
        mps_int_if(bin->any_window, (int64_t)bin->window_end_bytes),
        mps_int_if(bin->any_window, bin->filled),
    };

    for (int class = MPS_RESEND_NONE + 1; class < MPS_N_RESENDS; class ++)
        values[PLAIN_COLUMNS + class - 1] = mps_int_if(self->classed, bin->resent[class]);
    rows->add(rows, &mps_series_table, values);
}

/* What is outstanding at the end of a bin, and the window, are so at the begin of the next. */
static void carry_levels(MpsBins *self)
{
    for (size_t i = 1; i < self->room.n_items; i++) {
        const MpsBin *before = &self->items[i - 1];
        MpsBin *bin = &self->items[i];
        const MpsBin own = *bin;

        mps_bin_levels(bin,
                       (MpsLevels){before->any_flight ? (int64_t)before->flight_end_bytes : -1,
                                   before->any_window ? (int64_t)before->window_end_bytes : -1});
        if (own.any_flight)
            bin->flight_end_bytes = own.flight_end_bytes;
        if (own.any_window)
            bin->window_end_bytes = own.window_end_bytes;
    }
}

void mps_bins_rows(MpsBins *self, uint64_t connection_id, uint64_t subflow_id,
                   const char *direction, MpsRowSink *rows)
{
    const size_t most = MAX(MIN_BINS, self->n_notes / PER_BIN);
    Widening wider = {0};

    if (self->room.n_items > most) {
        do
            wider = widening(self, wider.halvings + 1);
        while (n_widened(self, &wider) > most);
        widen(self, &wider);
    }
    if (self->whole)
        carry_levels(self);
    for (size_t i = 0; i < self->room.n_items; i++)
        add_row(self, &self->items[i], connection_id, subflow_id, direction, rows);
}
