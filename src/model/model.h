/* model.h - the protocol state: segments in, events out.
 *
 * The model groups TCP flows into MPTCP connections (by token), follows both number spaces of every
 * subflow, and keeps the ledger: which payload bytes are new, repeated, reinjected, remapped.
 * Memory is bounded by the connections that are open.  Attempts to open one, and connections that
 * linger after their end, are bounded in number: see lifetime.c. */
#ifndef MPS_MODEL_MODEL_H
#define MPS_MODEL_MODEL_H

#include <mptcpscope/observer.h>
#include <mptcpscope/told.h>

#include "util/limits.h"

typedef struct _MpsModel MpsModel;

/* What the model tells, and to whom. */
typedef struct {
    unsigned wants; /* kinds of events anybody wants */
    MpsTimeouts timeouts;
    bool tcp; /* plain TCP connections are followed, too */
    /* Memory for what the observers keep of a new entity of @scope, for g_free(); or NULL. closed()
     * must release what it owns. */
    void *(*states)(void *user, MpsScope scope);
    void (*emit)(void *user, const MpsEvent *event);
    /* The connection is over, its numbers are final, and it is freed after the call.  Its id is 0
     * if it is only a group of joins whose token belongs to no connection of the capture. */
    void (*closed)(void *user, MpsConnection *connection);
    void *user;
} MpsModelHooks;

MpsModel *mps_model_new(const MpsModelHooks *hooks);

/* Takes the next segment, in order of time. */
MpsSeen mps_model_segment(MpsModel *self, const MpsSegment *segment);

/* Whether the segment taken last was the first to acknowledge payload that had not been captured.
 */
bool mps_model_missed(const MpsModel *self);

/* Where @segment, the one taken last, was found to belong, whatever mps_model_segment() said of it.
 */
MpsPlaced mps_model_placed(const MpsModel *self, const MpsSegment *segment);

/* Says that for @hole_ns, up to @ts_ns, nothing was captured: silence of that time proves nothing.
 * Connections that may have ended in it are closed as by the end of the capture. */
void mps_model_hole(MpsModel *self, int64_t ts_ns, int64_t hole_ns);

/* Takes an ICMP error, in order of time among the segments. */
void mps_model_icmp(MpsModel *self, const MpsIcmpError *icmp);

/* Closes what is least missed, to free memory: the oldest connection that is over, else the oldest
 * attempt, else the one silent for longest.  Returns false if there is none. */
bool mps_model_evict(MpsModel *self);

/* The capture is over: closes all connections that are still open. */
void mps_model_finish(MpsModel *self);

void mps_model_free(MpsModel *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MpsModel, mps_model_free)

#endif
