/* bins.c - bins of 1 ms times a power of two, at most MAX_BINS of them. */
#include "metrics/bins.h"

#include <math.h>
#include <string.h>

#include <glib.h>

enum { MAX_BINS = 512 };

static const int64_t FIRST_WIDTH_NS = 1000 * 1000;

static const MpsColumn columns[] = {
    {"connection_id", MPS_INT, "whose time line", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "NULL: the direction as a whole", "subflow(subflow_id)"},
    {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    {"bin_start_ns", MPS_INT, "begin of the bin, a multiple of its width"},
    {"bin_width_ns", MPS_INT, "1 ms times a power of two; the same within one time line"},
    {"payload_bytes", MPS_INT, "TCP payload on the wire in the bin, all copies"},
    {"data_bytes", MPS_INT, "new data first captured in the bin"},
    {"retransmitted_bytes", MPS_INT, "payload whose TCP range had been captured before"},
    {"reinjected_bytes", MPS_INT, "data sent before on another subflow"},
    {"rtt_samples", MPS_INT, "RTT samples in the bin"},
    {"rtt_mean_ns", MPS_INT, "their mean"},
    {"data_acked_bytes", MPS_INT,
     "direction as a whole: data acknowledged at the end of the bin; else NULL"},
    {0},
};

const MpsTable mps_series_table = {
    .name = "series",
    .help = "What went on over time, at most 512 bins per subflow direction and per connection "
            "direction; bins without activity have no row.",
    .columns = columns,
    .index = "connection_id, direction, subflow_id",
};

static void merge(MpsBin *bin, const MpsBin *more)
{
    if (!more->any)
        return;
    bin->any = true;
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
}

/* Doubles the width, so that @self keeps to multiples of it. */
static void widen(MpsBins *self)
{
    const int64_t width_ns = 2 * self->width_ns;
    int64_t first_ns = self->first_ns - self->first_ns % width_ns;

    if (first_ns > self->first_ns)
        first_ns -= width_ns;

    const uint32_t shift = (uint32_t)((self->first_ns - first_ns) / self->width_ns);
    uint32_t n = 0;

    for (uint32_t i = 0; i < self->n_items; i++) {
        const MpsBin bin = self->items[i];
        const uint32_t to = (i + shift) / 2;

        if (to >= n)
            self->items[n++] = (MpsBin){0};
        if (to == i)
            self->items[to] = bin;
        else
            merge(&self->items[to], &bin);
    }
    self->n_items = n;
    self->first_ns = first_ns;
    self->width_ns = width_ns;
}

MpsBin *mps_bins_at(MpsBins *self, int64_t ts_ns)
{
    if (self->last && ts_ns >= self->begin_ns && ts_ns < self->end_ns)
        return self->last;
    if (self->n_items == 0) {
        self->width_ns = FIRST_WIDTH_NS;
        self->first_ns = ts_ns - ((ts_ns % FIRST_WIDTH_NS) + FIRST_WIDTH_NS) % FIRST_WIDTH_NS;
    }

    const int64_t at_ns = MAX(ts_ns, self->first_ns);

    while (self->n_items > 0 && (at_ns - self->first_ns) / self->width_ns >= MAX_BINS)
        widen(self);

    const uint32_t index = (uint32_t)((at_ns - self->first_ns) / self->width_ns);

    if (index >= self->n_items) {
        if (index >= 16 || self->n_items == 0 || !self->items) /* grow in powers of two */
            self->items = g_renew(MpsBin, self->items, (gsize)1 << g_bit_storage(index | 15));
        memset(self->items + self->n_items, 0, (index + 1 - self->n_items) * sizeof *self->items);
        self->n_items = index + 1;
    }
    self->last = &self->items[index];
    self->last->any = true;
    self->begin_ns = self->first_ns + index * self->width_ns;
    self->end_ns = self->begin_ns + self->width_ns;
    return self->last;
}

void mps_bins_clear(MpsBins *self)
{
    g_free(self->items);
    *self = (MpsBins){0};
}

void mps_bins_rows(const MpsBins *self, uint64_t connection_id, uint64_t subflow_id,
                   const char *direction, MpsRowSink *rows)
{
    for (uint32_t i = 0; i < self->n_items; i++) {
        const MpsBin *bin = &self->items[i];
        const bool rtt = bin->rtt_samples > 0;

        if (!bin->any)
            continue;
        rows->add(
            rows, &mps_series_table,
            (MpsValue[]){
                mps_count(connection_id),
                mps_int_if(subflow_id != 0, (int64_t)subflow_id),
                mps_text(direction),
                mps_int(self->first_ns + i * self->width_ns),
                mps_int(self->width_ns),
                mps_count(bin->payload_bytes),
                mps_count(bin->data_bytes),
                mps_count(bin->retransmitted_bytes),
                mps_count(bin->reinjected_bytes),
                mps_count(bin->rtt_samples),
                mps_int_if(rtt, rtt ? llround(bin->rtt_sum_ns / (double)bin->rtt_samples) : 0),
                mps_int_if(bin->any_acked, bin->acked),
            });
    }
}
