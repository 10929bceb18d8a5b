/* check_parts.h - what the parts of the checker (check*.c) share, and no family needs. */
#ifndef MPS_RULES_CHECK_PARTS_H
#define MPS_RULES_CHECK_PARTS_H

#include "rules/check.h"

extern const Family *const mps_families[N_FAMILIES];

/* The check of @connection, and the flow of @subflow, which have none yet; zeroed. */
Check *new_check(MpsRules *rules, MpsConnection *connection);
Flow *new_flow(MpsRules *rules, MpsSubflow *subflow);

/* What has to be known before the families look at @packet, and what counts from the next one on.
 */
void track_before(const Packet *packet);
void track_after(const Packet *packet);

/* The connection is over, and the families have said what only the end decides: a violation becomes
 * less where the capture turns out to lack evidence. */
void settle_faults(Check *check);
void clear_faults(Check *check);

#endif
