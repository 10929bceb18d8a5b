/* damage.h - says which captures were cut or unreadable. */
#ifndef MPS_PIPELINE_DAMAGE_H
#define MPS_PIPELINE_DAMAGE_H

#include <mptcpscope/error.h>

#include "capture/trace.h"

/* One line on stderr for each such file of @trace, with what was @done ("analyzed") to the packets
 * before the break.  Returns whether there was any. */
bool mps_damage_report(const MpsTrace *trace, const char *done);

/* False and MPS_ERROR_READ for the first such file, if there is any. */
bool mps_damage_check(const MpsTrace *trace, GError **error);

#endif
