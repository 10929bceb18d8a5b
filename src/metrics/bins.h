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
    uint64_t payload_bytes, data_bytes, retransmitted_bytes, reinjected_bytes;
    double rtt_sum_ns;
    int64_t rtt_min_ns, rtt_max_ns; /* if rtt_samples */
    double queueing_sum_ns;         /* of queueing_samples */
    uint32_t queueing_samples;
    uint32_t data_acks;        /* that cover new data */
    uint64_t data_ack_bytes;   /* that data */
    int64_t acked;             /* data offset acknowledged at the end of the bin, if any_acked */
    uint64_t flight_bytes;     /* largest, if any_flight */
    uint64_t tcp_flight_bytes; /* largest sum of the subflows, if any_tcp_flight */
    uint64_t window_bytes;     /* smallest, if any_window */
    uint64_t ofo_bytes;        /* largest */
    uint64_t gap_bytes;        /* largest, if any_gap */
    uint32_t resent[MPS_N_RESENDS]; /* packets of each class */
} MpsBin;

/* Only bins with activity are kept.  Zeroed memory is an empty time line. */
typedef struct {
    MpsBin *items; /* by index */
    MpsRoom room;
    uint64_t n_notes;           /* calls of mps_bins_at() */
    int64_t first_ns, width_ns; /* first_ns is a multiple of width_ns */
    bool classed;               /* whether MpsBin.resent is filled */
} MpsBins;

extern const MpsLink mps_bins_links[];

/* The bin of @ts_ns, made if it is not there; before the first bin it is the first.  Valid until
 * the next call. */
MpsBin *mps_bins_at(MpsBins *self, int64_t ts_ns);
/* The same for what another metric has to add: it does not earn the time line more bins. */
MpsBin *mps_bins_fed_at(MpsBins *self, int64_t ts_ns);

void mps_bin_flight(MpsBin *self, uint64_t bytes);
void mps_bin_window(MpsBin *self, uint64_t bytes);
void mps_bin_tcp_flight(MpsBin *self, uint64_t bytes);
void mps_bin_gap(MpsBin *self, uint64_t bytes);
void mps_bin_rtt(MpsBin *self, int64_t rtt_ns);

void mps_bins_clear(MpsBins *self);

/* The table that both time lines of a connection go to, and the rows of one of them, which may be
 * coarsened first.
 * @subflow_id 0: the direction as a whole. */
extern const MpsTable mps_series_table;
void mps_bins_rows(MpsBins *self, uint64_t connection_id, uint64_t subflow_id,
                   const char *direction, MpsRowSink *rows);

#endif
