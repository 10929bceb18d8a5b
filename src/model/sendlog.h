/* sendlog.h - when which part of a subflow's sequence space was sent, and the RTT samples that its
 * acknowledgements give by tcptrace's rule (Ostermann's tcptrace 6.6, whose numbers people quote;
 * it is stricter than Karn and Partridge 1987). */
#ifndef MPS_MODEL_SENDLOG_H
#define MPS_MODEL_SENDLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mptcpscope/event.h>

#include "util/room.h"

typedef struct {
    uint64_t begin, end; /* subflow positions; SYN and FIN take one each */
    int64_t first_ns;    /* first sent */
    int64_t last_ns;     /* last (re)sent, as tcptrace sees it: see mps_sendlog_add() */
    uint64_t order;      /* of the first sending among all segments */
    uint64_t packet;     /* of the first sending */
    uint32_t capture_id;
    bool resent, acked;
    MpsSending latest; /* last (re)sent */
} MpsSent;

/* Begins with mps_sendlog_init(). */
typedef struct {
    MpsSent *items; /* disjoint, sorted */
    MpsRoom room;
    size_t n_acked;        /* all of [0, n_acked) are acknowledged */
    int64_t acked_last_ns; /* latest (re)sending of anything in or before them */
    int64_t forgotten_ns;  /* the same of what was dropped before them */
} MpsSendLog;

void mps_sendlog_init(MpsSendLog *self);

/* Notes that [begin, end) was sent; of @sending, first_ns, order, packet, capture_id and latest
 * count.  As in tcptrace, a segment that repeats several stored ones renews the time of the first
 * of them only. */
void mps_sendlog_add(MpsSendLog *self, uint64_t begin, uint64_t end, const MpsSent *sending);

/* Notes a cumulative acknowledgement of everything below @ack.  Returns true with a sample if @ack
 * equals the end of a stored segment, is the first acknowledgement of it, and neither the segment
 * was sent twice nor anything before it was (re)sent after it. */
bool mps_sendlog_ack(MpsSendLog *self, uint64_t ack, int64_t ts_ns, int64_t *rtt_ns);

/* The entry that holds @position, or NULL if it is unknown or forgotten. */
const MpsSent *mps_sendlog_find(const MpsSendLog *self, uint64_t position);

void mps_sendlog_clear(MpsSendLog *self);

#endif
