/* bins.c - bins of 100 µs times a power of two, at most MAX_BINS of them. */
#include "metrics/bins.h"

#include <math.h>
#include <string.h>

#include <glib.h>

/* A time line has at most MAX_BINS, and in the end no more than one for PER_BIN notes, but always
 * MIN_BINS: a short connection is not worth hundreds of rows. */
enum { MAX_BINS = 512, MIN_BINS = 8, PER_BIN = 8 };

static const int64_t FIRST_WIDTH_NS = 100 * 1000;

static const MpsColumn columns[] = {
    {"connection_id", MPS_INT, "whose time line", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "NULL: the direction as a whole", "subflow(subflow_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    {"bin_start_ns", MPS_INT, "begin of the bin, a multiple of its width"},
    {"bin_width_ns", MPS_INT, "100 µs times a power of two; the same within one time line"},
    {"payload_bytes", MPS_INT, "TCP payload on the wire in the bin, all copies"},
    {"data_bytes", MPS_INT, "new data first captured in the bin"},
    {"retransmitted_bytes", MPS_INT, "payload whose TCP range had been captured before"},
    {"reinjected_bytes", MPS_INT, "data sent before on another subflow"},
    {"rtt_samples", MPS_INT, "RTT samples in the bin"},
    {"rtt_mean_ns", MPS_INT, "their mean"},
    {"data_acked_bytes", MPS_INT,
     "direction as a whole: data acknowledged at the end of the bin; else NULL"},
    {"flight_bytes", MPS_INT,
     "largest flight in the bin: of the subflow's TCP; direction as a whole: data not covered by a "
     "DATA_ACK; NULL: nothing was sent"},
    {"window_bytes", MPS_INT,
     "direction as a whole: smallest receive window in the bin; NULL: not known"},
    {"ofo_bytes", MPS_INT,
     "direction as a whole: most data held out of order in the bin, as a receiver at the tap sees "
     "it; else NULL"},
    {0},
};

const MpsTable mps_series_table = {
    .name = "series",
    .help = "What went on over time, at most 512 bins per subflow direction and per connection "
            "direction (fewer for short connections); bins without activity have no row.",
    .columns = columns,
    .index = "connection_id, direction, subflow_id",
};

void mps_bin_flight(MpsBin *self, uint64_t bytes)
{
    self->flight_bytes = MAX(self->flight_bytes, bytes);
    self->any_flight = true;
}

void mps_bin_window(MpsBin *self, uint64_t bytes)
{
    self->window_bytes = self->any_window ? MIN(self->window_bytes, bytes) : bytes;
    self->any_window = true;
}

static void merge(MpsBin *bin, const MpsBin *more)
{
    bin->payload_bytes += more->payload_bytes;
    bin->data_bytes += more->data_bytes;
    bin->retransmitted_bytes += more->retransmitted_bytes;
    bin->reinjected_bytes += more->reinjected_bytes;
    bin->rtt_samples += more->rtt_samples;
    bin->rtt_sum_ns += more->rtt_sum_ns;
    if (more->any_acked) {
        bin->acked = more->acked;
        bin->any_acked = true;
    }
    if (more->any_flight)
        mps_bin_flight(bin, more->flight_bytes);
    if (more->any_window)
        mps_bin_window(bin, more->window_bytes);
    bin->ofo_bytes = MAX(bin->ofo_bytes, more->ofo_bytes);
}

/* @ts_ns rounded down to a multiple of @width_ns, below 0 too. */
static int64_t round_down(int64_t ts_ns, int64_t width_ns)
{
    return ts_ns - (ts_ns % width_ns + width_ns) % width_ns;
}

/* Doubles the width, keeping to multiples of it. */
static void widen(MpsBins *self)
{
    const int64_t width_ns = 2 * self->width_ns;
    const int64_t first_ns = round_down(self->first_ns, width_ns);
    const uint32_t shift = (uint32_t)((self->first_ns - first_ns) / self->width_ns);
    size_t n = 0;

    for (size_t i = 0; i < self->room.n_items; i++) {
        MpsBin bin = self->items[i];

        bin.index = (uint16_t)((bin.index + shift) / 2);
        if (n > 0 && self->items[n - 1].index == bin.index)
            merge(&self->items[n - 1], &bin);
        else
            self->items[n++] = bin;
    }
    MPS_ROOM_ERASE(self->items, &self->room, n, self->room.n_items - n);
    self->first_ns = first_ns;
    self->width_ns = width_ns;
}

static MpsBin *insert(MpsBins *self, size_t at, uint32_t index)
{
    MpsBin *bin = MPS_ROOM_INSERT(self->items, &self->room, at);

    *bin = (MpsBin){.index = (uint16_t)index};
    return bin;
}

MpsBin *mps_bins_at(MpsBins *self, int64_t ts_ns)
{
    self->n_notes++;
    if (self->room.n_items == 0) {
        self->width_ns = FIRST_WIDTH_NS;
        self->first_ns = round_down(ts_ns, FIRST_WIDTH_NS);
        return insert(self, 0, 0);
    }

    /* Nearly always the bin used last: no division. */
    MpsBin *last = &self->items[self->room.n_items - 1];
    const int64_t into_ns = ts_ns - (self->first_ns + last->index * self->width_ns);

    if (into_ns >= 0 && into_ns < self->width_ns)
        return last;

    const int64_t at_ns = MAX(ts_ns, self->first_ns);

    while ((at_ns - self->first_ns) / self->width_ns >= MAX_BINS)
        widen(self);

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

void mps_bins_rows(MpsBins *self, uint64_t connection_id, uint64_t subflow_id,
                   const char *direction, MpsRowSink *rows)
{
    while (self->room.n_items > MAX(MIN_BINS, self->n_notes / PER_BIN))
        widen(self);
    for (size_t i = 0; i < self->room.n_items; i++) {
        const MpsBin *bin = &self->items[i];
        const bool rtt = bin->rtt_samples > 0;

        rows->add(
            rows, &mps_series_table,
            (MpsValue[]){
                mps_count(connection_id),
                mps_int_if(subflow_id != 0, (int64_t)subflow_id),
                mps_text(direction),
                mps_int(self->first_ns + bin->index * self->width_ns),
                mps_int(self->width_ns),
                mps_count(bin->payload_bytes),
                mps_count(bin->data_bytes),
                mps_count(bin->retransmitted_bytes),
                mps_count(bin->reinjected_bytes),
                mps_count(bin->rtt_samples),
                mps_int_if(rtt, rtt ? llround(bin->rtt_sum_ns / (double)bin->rtt_samples) : 0),
                mps_int_if(bin->any_acked, bin->acked),
                mps_int_if(bin->any_flight, (int64_t)bin->flight_bytes),
                mps_int_if(bin->any_window, (int64_t)bin->window_bytes),
                mps_int_if(subflow_id == 0, (int64_t)bin->ofo_bytes),
            });
    }
}
