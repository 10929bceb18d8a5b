/* findings.h - the catalogue as data, and the verdicts of a connection as rows. */
#ifndef MPS_RULES_FINDINGS_H
#define MPS_RULES_FINDINGS_H

#include "rules/check.h"

typedef struct {
    const char *id, *title, *section_v1, *section_v0, *level;
    Verdict verdict; /* when broken, with all evidence, in the default profile */
    const char *when;
    unsigned evidence;
} RuleInfo;

const RuleInfo *mps_rule_info(RuleId rule);

/* Writes the settled verdicts of @check. */
void mps_findings_write(const Check *check, MpsRowSink *rows);

#endif
