/* resend.h - why a segment repeats bytes or fills a hole, decided from one capture.
 *
 * After the passive classification of Mellia, Meo and Muscariello ("TCP anomalies: identification
 * and analysis", 2005): was it seen before, is it the same packet, did it come sooner than an RTT,
 * was it acknowledged already, were there duplicate ACKs, did the retransmission timer run out, is
 * it a probe.  SACK (RFC 6675, RFC 8985), D-SACK (RFC 2883) and time stamps (RFC 3522) add to it,
 * where the hosts use them. */
#ifndef MPS_METRICS_RESEND_H
#define MPS_METRICS_RESEND_H

#include <mptcpscope/event.h>

#include "util/ranges.h"

typedef enum {
    MPS_RESEND_NONE, /* neither repeats nor fills anything */
    MPS_RESEND_FAST,
    MPS_RESEND_TIMEOUT,
    MPS_RESEND_TAIL_PROBE,
    MPS_RESEND_SPURIOUS,
    MPS_RESEND_NETWORK_DUPLICATE,
    MPS_RESEND_REORDERING,
    MPS_RESEND_WINDOW_PROBE,
    MPS_RESEND_KEEP_ALIVE,
    MPS_RESEND_UNKNOWN,
    MPS_N_RESENDS,
} MpsResend;

/* As the database spells it; NULL for MPS_RESEND_NONE. */
const char *mps_resend_name(MpsResend class);

/* Why a retransmission is called spurious. */
typedef enum {
    MPS_NEEDED,         /* it is not, as far as can be seen */
    MPS_SPURIOUS_DSACK, /* the receiver says it got the bytes twice */
    MPS_SPURIOUS_ECHO,  /* the ACK of them echoes a time stamp older than the retransmission's */
    MPS_SPURIOUS_ACKED, /* they were acknowledged, or SACKed, before */
} MpsSpurious;

/* One segment, as judged. */
typedef struct {
    MpsResend class;
    MpsResend trigger; /* FAST, TIMEOUT, TAIL_PROBE, or NONE; kept where @class is SPURIOUS */
    MpsSpurious spurious;
    bool reported; /* a D-SACK told of it */
    bool has_tsval;
    uint32_t tsval;
    uint32_t dup_acks;    /* since the acknowledgement advanced */
    int64_t begin, end;   /* payload, counted as event.segment.seq */
    int64_t ts_ns;        /* of the segment */
    int64_t elapsed_ns;   /* since the bytes, or those beyond the hole, were sent; -1: not known */
    int64_t rto_ns;       /* what the sender's timer is taken for */
    uint64_t bytes;       /* repeated and hole-filling */
    uint64_t hole_filled; /* of them */
    uint64_t packet;
    uint32_t capture_id;
} MpsResent;

/* A stretch that the sender went on beyond. */
typedef struct {
    int64_t begin, end;
    MpsSending beyond; /* the segment that went on beyond it */
} MpsHole;

/* One direction of a subflow, as the tap sees it.  Zeroed memory is its begin. */
typedef struct {
    bool any_sent, any_acked, window_closed;
    bool permits_sack;    /* the sender's SYN does */
    int64_t highest;      /* end of the payload sent */
    int64_t sent_ns;      /* latest payload */
    int64_t acked;        /* highest acknowledgement */
    int64_t progress_ns;  /* latest ACK that told of more received */
    int64_t advanced_ns;  /* latest one that advanced */
    int64_t delivered_ns; /* when the latest of those sent again and acknowledged was sent */
    uint32_t dup_acks;
    uint16_t window;    /* of the latest ACK, unscaled */
    MpsResend recovery; /* FAST, TIMEOUT: what is sent again below recovery_end follows from it */
    int64_t recovery_end;
    int64_t probed;     /* end of the tail that was probed */
    int64_t resent_end; /* highest end of a judged segment */
    MpsRanges sacked;   /* above acked */
    MpsHole *holes;     /* disjoint, sorted */
    MpsRoom n_holes;
    int64_t srtt_ns, rttvar_ns; /* RFC 6298; 0: no sample yet */
} MpsResendView;

extern const MpsLink mps_resend_links[];

/* A segment of the direction.  Returns its class; unless that is NONE, @out is filled. */
MpsResend mps_resend_segment(MpsResendView *self, const MpsEvent *event, MpsResent *out);

/* An acknowledgement of the direction.  @recent are the latest judged segments in order of time:
 * those that it shows to be spurious are marked so. */
void mps_resend_ack(MpsResendView *self, const MpsEvent *event, MpsResent *recent, size_t n);

/* An RTT sample of the direction. */
void mps_resend_rtt(MpsResendView *self, const MpsEvent *event);

void mps_resend_clear(MpsResendView *self);

#endif
