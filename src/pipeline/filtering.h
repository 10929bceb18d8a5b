/* filtering.h - the packet filter of a run. */
#ifndef MPS_PIPELINE_FILTERING_H
#define MPS_PIPELINE_FILTERING_H

#include "capture/filter.h"
#include "capture/trace.h"

/* Compiles @expression for the link types of @trace, so that a wrong one is found before anything
 * is read, as far as they are known.  The caller owns it; NULL and MPS_ERROR_USAGE. */
MpsFilter *mps_filtering_new(const char *expression, const MpsTrace *trace, GError **error);

#endif
