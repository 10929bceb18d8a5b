/* rules_fb.h - state of family FB, shared by its two files. */
#ifndef MPS_RULES_FB_H
#define MPS_RULES_FB_H

#include "rules/check.h"

/* What made a connection fall back. */
typedef enum {
    FB_NONE,
    FB_SYNACK,   /* SYN/ACK without MP_CAPABLE */
    FB_THIRD,    /* plain data after a third packet without MP_CAPABLE */
    FB_NO_DSS,   /* ACK of data without DSS, on the initial subflow, before any other */
    FB_FAIL,     /* MP_FAIL both ways */
    FB_INFINITE, /* infinite mapping */
} FbTrigger;

typedef struct {
    FbTrigger trigger;
    MpsSide by;          /* who sent it */
    uint64_t subflow_id; /* where */
    bool unproven;       /* the capture may lack the packets that would make it none */
    bool plain_answer;   /* the other host was seen to have noticed */
    Place fail[2];       /* first MP_FAIL of each host that is no RST */
    unsigned fail_first; /* bit (1 << MpsSide) of the host that began with it */
    uint8_t n_plain;     /* packets of that host without any option since, while unproven */
    bool announced;      /* FB-05 is decided: */
    Place silent;        /* data without an infinite mapping */
    bool silent_unproven;
    Place kept; /* FB-02: first MPTCP option that should not be, */
    uint32_t n_kept;
    struct { /* the first infinite mapping of the connection */
        Place place;
        MpsSide by;
        uint64_t subflow_id;
        int64_t end;      /* of its segment */
        int64_t acked_ns; /* when its receiver acknowledged it; 0: not so far */
    } infinite;
} FbCheck;

/* What one end of a subflow sent. */
typedef struct {
    bool data_acked;     /* a DATA_ACK together with an ACK of payload */
    bool has_shift;      /* of its mappings: */
    bool many_shifts;    /* there were several */
    bool shift_is_64;    /* else only its low 32 bits count */
    uint64_t shift;      /* DSN - SSN of the latest */
    int64_t capable_end; /* end of the mapping of MP_CAPABLE with data */
    int64_t mapped_end;  /* end of the highest mapping; 0 = none known */
    int64_t window;      /* its latest receive window */
    uint32_t unmapped;   /* FB-01: segments without a mapping */
    Place unmapped_at;
    bool unmapped_unproven;
    Place lost;         /* FB-10: begin of data without mappings, */
    int64_t lost_until; /* which fills the receive window here */
    bool lost_done;
} FbEnd;

typedef struct {
    bool offered;     /* the SYN carried an MPTCP option */
    bool accepted;    /* so did the SYN/ACK, MP_CAPABLE or MP_JOIN */
    bool confirmed;   /* and a packet of the opener thereafter */
    bool third_plain; /* the first of them did not */
    FbEnd end[2];
    Place no_dss; /* FB-03: ACK of data without DSS on a joined subflow, */
    MpsSide no_dss_sender;
    bool no_dss_unproven, no_dss_done;
} FbFlow;

/* How long packets of the time before may still come along. */
static inline int64_t fb_flight_ns(const Flow *flow)
{
    return flow_rtt_ns(flow) + ORDER_NS;
}

/* Whether @dss is an infinite mapping; with DATA_FIN it is none, and DSS-10's. */
static inline bool fb_is_infinite(const Packet *packet, const MpsMptcpOption *dss)
{
    return dss->dss.has_map && dss->dss.data_bytes == 0 && !dss->dss.data_fin &&
           packet->wire->payload_bytes > 0;
}

/* Whether no MPTCP option is in @packet, nor was cut from it. */
static inline bool fb_is_plain(const Packet *packet)
{
    return packet->options_whole && packet->wire->n_mptcp == 0;
}

/* Whether a difference of DSN and SSN is that of the mappings before. */
static inline bool fb_same_shift(const FbEnd *end, uint64_t shift, bool is_64)
{
    return is_64 && end->shift_is_64 ? shift == end->shift
                                     : (uint32_t)shift == (uint32_t)end->shift;
}

/* Notes the difference of DSN and SSN of a mapping. */
static inline void fb_note_shift(FbEnd *end, uint64_t shift, bool is_64)
{
    if (end->has_shift && !fb_same_shift(end, shift, is_64))
        end->many_shifts = true;
    end->has_shift = true;
    end->shift = shift;
    end->shift_is_64 = is_64;
}

/* Judges an infinite mapping; @dss may be NULL. */
void fb_check_infinite(const Packet *packet, const MpsMptcpOption *dss, const FbFlow *flow);

/* Judges a packet of a connection that has fallen back. */
void fb_check_after(const Packet *packet, const MpsMptcpOption *dss);

void fb_finish(Check *check);

#endif
