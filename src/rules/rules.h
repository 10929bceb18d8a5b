/* rules.h - holds connections against the rules of RFC 8684 and RFC 6824 (rules.def).
 *
 * The rules are observers like the metrics: they see the model's events and leave rows.  What
 * differs is that a rule is judged when its connection is over: only then is it known what the
 * capture lacks. */
#ifndef MPS_RULES_RULES_H
#define MPS_RULES_RULES_H

#include <mptcpscope/event.h>
#include <mptcpscope/row.h>

#include "util/image.h"
#include "util/vantage.h"

typedef struct _MpsRules MpsRules;

typedef struct {
    bool checksums;     /* also those rules that read payload: DSS checksums, repeated data */
    MpsVantage vantage; /* 0: guessed from the handshakes */
} MpsRuleOptions;

MpsRules *mps_rules_new(const MpsRuleOptions *options);

/* Tables of the rules, NULL-terminated. */
extern const MpsTable *const mps_rules_tables[];

/* Kinds of events that the rules want. */
unsigned mps_rules_wants(void);

void mps_rules_event(MpsRules *self, const MpsEvent *event);

/* Says that nothing was captured from @from_ns on, until the packet that comes next: what is missed
 * may have been there. */
void mps_rules_hole(MpsRules *self, int64_t from_ns);

/* Judges a finished connection, writes its findings, and releases what was kept of it. */
void mps_rules_closed(MpsRules *self, MpsConnection *connection, MpsRowSink *rows);

/* Writes the catalogue. */
void mps_rules_write_catalogue(MpsRowSink *rows);

/* The rules' state in an image: what links may lead to of a connection whose subflows are there,
 * and what is kept of it; and what goes beyond connections, after all of these. */
void mps_rules_enter(MpsRules *self, MpsConnection *connection, MpsImage *image);
void mps_rules_image_connection(MpsRules *self, MpsConnection *connection, MpsImage *image);
void mps_rules_image_run(MpsRules *self, MpsImage *image);

void mps_rules_free(MpsRules *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsRules, mps_rules_free)

#endif
