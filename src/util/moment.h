/* moment.h - points in time as people write them.
 *
 *   1700000000.25               seconds since the epoch
 *   2026-03-01T12:30:00.5+01:00 ISO 8601, UTC unless it says otherwise; a date alone is its begin
 *   +90.5                       seconds behind the first packet */
#ifndef MPS_UTIL_MOMENT_H
#define MPS_UTIL_MOMENT_H

#include "util/limits.h"

/* False if @text is none of these, or beyond what 64 bits of nanoseconds hold. */
bool mps_moment_parse(const char *text, MpsMoment *out);

#endif
