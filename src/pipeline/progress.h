/* progress.h - how far a run is: bytes, packets, rate, time left. */
#ifndef MPS_PIPELINE_PROGRESS_H
#define MPS_PIPELINE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/limits.h"

typedef struct {
    bool bar;   /* one line, drawn anew ten times a second */
    bool lines; /* a line every ten seconds: nobody can draw there */
    bool shown;
    int64_t begin_us, last_us; /* monotonic */
} MpsProgress;

/* On stderr: a bar if that is a terminal and notes are @wanted, or, asked for by @limits, whatever
 * fits. */
MpsProgress mps_progress_begin(bool wanted, const MpsLimits *limits);

/* @bytes_total 0: not known (a pipe). */
void mps_progress_show(MpsProgress *self, uint64_t n_packets, uint64_t bytes_read,
                       uint64_t bytes_total);

/* Wipes the bar. */
void mps_progress_end(MpsProgress *self);

#endif
