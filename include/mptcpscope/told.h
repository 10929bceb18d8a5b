/* told.h - contract pipeline -> packet views (dump, ladder): one packet, and what the model made of
 * it.  Everything is borrowed for the length of the call. */
#ifndef MPTCPSCOPE_TOLD_H
#define MPTCPSCOPE_TOLD_H

#include <mptcpscope/event.h>
#include <mptcpscope/segment.h>

/* What a segment turned out to be. */
typedef enum {
    MPS_SEEN_PLAIN,     /* TCP that has nothing to do with MPTCP */
    MPS_SEEN_PLAIN_SYN, /* the same, and the first SYN of a connection */
    MPS_SEEN_LATE,      /* of a subflow that is closed and forgotten: counted by the caller */
    MPS_SEEN_TRACKED,   /* belongs to a tracked subflow */
    MPS_SEEN_CROWDED, /* a SYN that too many others kept from being followed: counted by the caller
                       */
    MPS_SEEN_DUPLICATE, /* the same packet captured twice: counted by the caller, else ignored */
} MpsSeen;

/* Sequence and acknowledgement number as people read them: 0 is the SYN. */
typedef struct {
    bool has_seq, has_ack;
    int64_t seq, ack;
} MpsRelative;

/* Where a segment belongs; NULL where that is not known. */
typedef struct {
    const MpsConnection *connection;
    const MpsSubflow *subflow;
    MpsSide sender;
    uint64_t copy_of_packet; /* MPS_SEEN_DUPLICATE: the packet captured first */
    uint32_t copy_of_capture_id;
    MpsRelative copy;            /* MPS_SEEN_DUPLICATE: its numbers; events have those of others */
    uint64_t late_connection_id; /* MPS_SEEN_LATE: the connection that is closed and forgotten */
} MpsPlaced;

typedef struct {
    int64_t ts_ns;
    uint64_t packet;
    uint32_t capture_id;
    MpsDecoded decoded;
    bool passed;               /* the filter lets it through, or there is none */
    const MpsSegment *segment; /* MPS_DECODED_TCP, else NULL */
    const MpsIcmpError *icmp;  /* an ICMP error that quotes TCP, else NULL */
    MpsSeen seen;              /* of the segment */
    MpsPlaced placed;
    const MpsEvent *events; /* of this connection; some may tell of earlier packets */
    size_t n_events;
} MpsTold;

#endif
