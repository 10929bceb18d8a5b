/* bins.h - a time line in a fixed number of bins, whose width doubles when time runs on. */
#ifndef MPS_METRICS_BINS_H
#define MPS_METRICS_BINS_H

#include <stdint.h>

#include <mptcpscope/row.h>
#include <mptcpscope/shape.h>

#include "metrics/resend.h"
#include "util/room.h"

typedef struct {
    uint32_t rtt_samples;
    uint16_t index; /* begins at first_ns + index * width_ns */
    bool any_acked : 1, any_flight : 1, any_tcp_flight : 1, any_window : 1, any_gap : 1;
    bool filled : 1; /* the flight filled the window, at one time */
    double rtt_sum_ns;
    int64_t rtt_min_ns, rtt_max_ns; /* if rtt_samples */
    uint64_t data_bytes;
    uint64_t flight_bytes; /* largest, if any_flight */
    union {
        struct { /* of a subflow direction */
            uint64_t payload_bytes, retransmitted_bytes, reinjected_bytes;
            double queueing_sum_ns; /* of queueing_samples */
            uint32_t queueing_samples;
            uint32_t resent[MPS_N_RESENDS]; /* packets of each class */
        };
        struct {                       /* of a direction as a whole */
            int64_t acked, acked_ns;   /* data offset acknowledged last and when, if any_acked */
            uint64_t flight_end_bytes; /* at the end, if any_flight */
            uint64_t window_end_bytes; /* at the end, if any_window */
            uint64_t tcp_flight_bytes; /* largest sum of the subflows', if any_tcp_flight */
            uint64_t window_bytes;     /* smallest, if any_window */
            uint64_t ofo_bytes;        /* largest */
            uint64_t gap_bytes;        /* largest, if any_gap */
            uint64_t data_ack_bytes;   /* new data that data_acks cover */
            uint32_t data_acks;
        };
    };
} MpsBin;

/* What a direction as a whole has outstanding, and its window, at one time; -1: not known. */
typedef struct {
    int64_t flight, window;
} MpsLevels;

/* Only bins with activity are kept.  Zeroed memory is an empty time line. */
typedef struct {
    MpsBin *items; /* by index */
    MpsRoom room;
    uint64_t n_notes;           /* calls of mps_bins_at() */
    int64_t first_ns, width_ns; /* first_ns is a multiple of width_ns */
    int64_t last_ns;            /* begin of the last bin */
    bool whole;                 /* of a direction as a whole, not of a subflow */
    bool classed;               /* whether MpsBin.resent is filled */
} MpsBins;

extern const MpsLink mps_bins_links[];

/* The general case of the next two. */
MpsBin *mps_bins_find(MpsBins *self, int64_t ts_ns);

/* The bin of @ts_ns for what another metric has to add: it does not earn the time line more bins.
 * It is made if it is not there; before the first bin it is the first.  Valid until the next call.
 */
static inline MpsBin *mps_bins_fed_at(MpsBins *self, int64_t ts_ns)
{
    return (uint64_t)ts_ns - (uint64_t)self->last_ns < (uint64_t)self->width_ns
               ? &self->items[self->room.n_items - 1]
               : mps_bins_find(self, ts_ns);
}

/* The same of a direction as a whole. */
static inline MpsBin *mps_bins_whole_at(MpsBins *self, int64_t ts_ns)
{
    self->whole = true;
    return mps_bins_fed_at(self, ts_ns);
}

/* For what the metric of the time line, whichever it is of, notes itself. */
static inline MpsBin *mps_bins_at(MpsBins *self, int64_t ts_ns)
{
    self->n_notes++;
    return mps_bins_fed_at(self, ts_ns);
}

static inline void mps_bin_flight(MpsBin *self, uint64_t bytes)
{
    self->flight_bytes = bytes > self->flight_bytes ? bytes : self->flight_bytes;
    self->any_flight = true;
}

/* From now on. */
static inline void mps_bin_levels(MpsBin *self, MpsLevels now)
{
    if (now.flight >= 0) {
        self->flight_end_bytes = (uint64_t)now.flight;
        mps_bin_flight(self, self->flight_end_bytes);
    }
    if (now.window >= 0) {
        self->window_end_bytes = (uint64_t)now.window;
        if (!self->any_window || self->window_end_bytes < self->window_bytes)
            self->window_bytes = self->window_end_bytes;
        self->any_window = true;
        self->filled |= (double)now.flight >= 0.95 * (double)now.window;
    }
}

static inline void mps_bin_tcp_flight(MpsBin *self, uint64_t bytes)
{
    self->tcp_flight_bytes = bytes > self->tcp_flight_bytes ? bytes : self->tcp_flight_bytes;
    self->any_tcp_flight = true;
}

static inline void mps_bin_gap(MpsBin *self, uint64_t bytes)
{
    self->gap_bytes = bytes > self->gap_bytes ? bytes : self->gap_bytes;
    self->any_gap = true;
}

static inline void mps_bin_rtt(MpsBin *self, int64_t rtt_ns)
{
    if (self->rtt_samples == 0)
        self->rtt_min_ns = self->rtt_max_ns = rtt_ns;
    self->rtt_min_ns = rtt_ns < self->rtt_min_ns ? rtt_ns : self->rtt_min_ns;
    self->rtt_max_ns = rtt_ns > self->rtt_max_ns ? rtt_ns : self->rtt_max_ns;
    self->rtt_sum_ns += (double)rtt_ns;
    self->rtt_samples++;
}

void mps_bins_clear(MpsBins *self);

/* The table that both time lines of a connection go to, and the rows of one of them, which may be
 * coarsened first.
 * @subflow_id 0: the direction as a whole. */
extern const MpsTable mps_series_table;
void mps_bins_rows(MpsBins *self, uint64_t connection_id, uint64_t subflow_id,
                   const char *direction, MpsRowSink *rows);

#endif
