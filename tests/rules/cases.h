/* cases.h - one good and one bad packet sequence for every rule.
 *
 * A case is one function that builds a capture; @bad changes the one thing that breaks the rule.
 * The good run has to count at least one application of the rule and raise nothing; the bad run has
 * to be called what the case says, by this rule and by no other. */
#ifndef MPS_TESTS_CASES_H
#define MPS_TESTS_CASES_H

#include <glib.h>

#include "../support/build_packet.h"

/* A net with an MPTCP connection between client and server that is not opened yet.  first: initial
 * subflow, 10.1.1.1:40000 -> 10.2.1.1:80; second: join from 10.1.2.1:40001; third: from 10.1.3.1.
 */
typedef struct {
    PbNet *net;
    PbConn *conn;
    PbFlow *first, *second, *third;
    uint64_t fault_packet; /* see bed_fault() */
} Bed;

/* The next packet is the one at fault. */
void bed_fault(Bed *bed);

/* pb_open() of the initial subflow, first data with MP_CAPABLE as version 1 asks for, and its
 * DATA_ACK. */
void bed_start(Bed *bed);

/* Data of both hosts, and so much of the client, several packets to a mapping, that no family looks
 * for more in packets like that. */
void bed_transfer(Bed *bed);

/* A pure ACK of @from with @options instead of a DSS. */
void bed_option(PbFlow *flow, PbSide from, const PbOptions *options);

typedef struct {
    const char *rule;
    void (*run)(Bed *bed, bool bad);
    const char *verdict; /* of the bad run: "violation", "warning" or "not_checkable" */
    const char *strict;  /* the same in the strict profile; NULL: the same */
    const char *also;    /* other rules that rightly speak in the bad run, separated by spaces */
    const char *noise;   /* rules that rightly speak in the good run, too */
    const char *suspect; /* "sender client" and the like, as finding has them; NULL: not checked */
    const char *seen;    /* the same of what the fault has seen */
    int version;         /* of MPTCP, 1 unless given: { .version = V0 } */
    bool checksums;      /* rules that read payload are on, and DSS checksums are agreed */
    bool no_checksum;    /* with checksums: but DSS checksums are not agreed */
    bool tcp;            /* plain TCP is looked at, too: --tcp */
    const char *vantage; /* "client", "server", "middle": --vantage */
} RuleCase;              /* arrays end with { 0 } */

enum { V0 = -1 };

#define CASES(family) extern const RuleCase cases_##family[];
#include "cases.def"
#undef CASES

#endif
