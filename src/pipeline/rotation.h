/* rotation.h - files that one capture was spread over: what lies between them. */
#ifndef MPS_PIPELINE_ROTATION_H
#define MPS_PIPELINE_ROTATION_H

#include "capture/trace.h"

/* gaps_ns[i]: from the last packet of the file before file i in its rotated set to the first of
 * file i; negative if they overlap; INT64_MIN if there is none before it.
 * A rotated set are files of one folder whose names differ in digits only, as those of tcpdump -C
 * and -G and of dumpcap do.  Two that overlap by more than half of the shorter one are captures of
 * the same time, not a rotation. */
void mps_rotation_find(const MpsTrace *trace, int64_t *gaps_ns);

/* A line on stderr for each overlap, and for each gap that is longer than a second and than any
 * pause inside the files around it. */
void mps_rotation_report(const MpsTrace *trace, const int64_t *gaps_ns);

#endif
