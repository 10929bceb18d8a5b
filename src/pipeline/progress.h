/* progress.h - the progress bar: bytes, rate, time left. */
#ifndef MPS_PIPELINE_PROGRESS_H
#define MPS_PIPELINE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed memory, then @on, is a progress bar that has not shown anything. */
typedef struct {
    bool on;
    bool shown;
    int64_t begin_us, last_us; /* monotonic */
} MpsProgress;

/* Redraws the bar on stderr, at most ten times a second.  @bytes_total 0: not known (a pipe). */
void mps_progress_show(MpsProgress *self, uint64_t n_packets, uint64_t bytes_read,
                       uint64_t bytes_total);

/* Wipes the bar. */
void mps_progress_end(MpsProgress *self);

#endif
