/* bins.h - a time line in a fixed number of bins, whose width doubles when time runs on. */
#ifndef MPS_METRICS_BINS_H
#define MPS_METRICS_BINS_H

#include <stdint.h>

#include <mptcpscope/row.h>

#include "util/room.h"

typedef struct {
    uint32_t rtt_samples;
    uint16_t index; /* begins at first_ns + index * width_ns */
    bool any_acked : 1, any_flight : 1, any_window : 1;
    uint64_t payload_bytes, data_bytes, retransmitted_bytes, reinjected_bytes;
    double rtt_sum_ns;
    int64_t acked;         /* data offset acknowledged at the end of the bin, if any_acked */
    uint64_t flight_bytes; /* largest, if any_flight */
    uint64_t window_bytes; /* smallest, if any_window */
    uint64_t ofo_bytes;    /* largest */
} MpsBin;

/* Only bins with activity are kept.  Zeroed memory is an empty time line. */
typedef struct {
    MpsBin *items; /* by index */
    MpsRoom room;
    uint64_t n_notes;           /* calls of mps_bins_at() */
    int64_t first_ns, width_ns; /* first_ns is a multiple of width_ns */
} MpsBins;

/* The bin of @ts_ns, made if it is not there; before the first bin it is the first.  Valid until
 * the next call. */
MpsBin *mps_bins_at(MpsBins *self, int64_t ts_ns);

void mps_bin_flight(MpsBin *self, uint64_t bytes);
void mps_bin_window(MpsBin *self, uint64_t bytes);

void mps_bins_clear(MpsBins *self);

/* The table that both time lines of a connection go to, and the rows of one of them, which may be
 * coarsened first.
 * @subflow_id 0: the direction as a whole. */
extern const MpsTable mps_series_table;
void mps_bins_rows(MpsBins *self, uint64_t connection_id, uint64_t subflow_id,
                   const char *direction, MpsRowSink *rows);

#endif
