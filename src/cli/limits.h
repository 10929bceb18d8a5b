/* limits.h - the options that bound an analysis, understood by every command that reads captures.
 */
#ifndef MPS_CLI_LIMITS_H
#define MPS_CLI_LIMITS_H

#include <glib.h>

#include "util/limits.h"

extern const GOptionEntry mps_limits_options[];

/* What they said. */
MpsLimits mps_limits_wished(void);

/* The one that came last, as "--name"; NULL: none came. */
const char *mps_limits_option(void);

#endif
