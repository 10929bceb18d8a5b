/* state.h - the model's own state behind the public entities; nobody else includes it. */
#ifndef MPS_MODEL_STATE_H
#define MPS_MODEL_STATE_H

#include <mptcpscope/event.h>

#include "model/flows.h"
#include "model/mapping.h"
#include "model/model.h"
#include "model/sendlog.h"
#include "util/ranges.h"

typedef struct _Connection Connection;
typedef struct _Subflow Subflow;

/* Where a packet came from, for events that tell of it later. */
typedef struct {
    int64_t ts_ns;
    uint64_t order; /* of segments in the trace: tells first from second where stamps are equal */
    uint64_t packet;
    uint32_t capture_id;
} Origin;

/* Subflow positions are unwrapped sequence numbers: the SYN is at POSITION_BASE, the first payload
 * byte at POSITION_BASE + 1, and there is room below for hostile or early numbers. */
#define POSITION_BASE ((uint64_t)1 << 32)

/* Payload, or a stretch that payload went on beyond, whose mapping has not been seen yet. */
typedef struct {
    uint64_t begin, end;
    Origin origin;
} Pending;

typedef struct {
    Pending *items; /* disjoint, sorted */
    MpsRoom room;
} PendingList;

/* The mapping of a DSS as sent. */
typedef struct {
    uint64_t dsn;
    uint32_t ssn;
    uint16_t data_bytes;
    bool data_fin, dsn_is_64;
} RawMapping;

/* What one end of a subflow sends. */
typedef struct {
    bool started;      /* the number space is known */
    uint8_t hop_limit; /* of its last packet but RSTs; 0 = none so far */
    bool has_isn;      /* from the SYN, or worked out from the handshake */
    bool has_payload;
    uint32_t origin;  /* sequence number at POSITION_BASE */
    uint64_t last;    /* latest position: reference for unwrapping */
    uint64_t lowest;  /* lowest position known to belong to the stream */
    uint64_t highest; /* end of the highest payload seen */
    uint64_t stray;   /* position of payload too far off to be of this stream, 0 = none */
    uint64_t fin;     /* position of the FIN, 0 = none */
    uint64_t acked;   /* highest acknowledgement by the other end, 0 = none */
    uint64_t sacked_begin, sacked_end; /* SACK block told of last */
    uint32_t n_syns;                   /* SYN or SYN/ACK packets */
    MpsRanges seen;                    /* payload positions */
    uint64_t filled_holes_bytes;       /* missing bytes of holes given up for bounded memory */
    MpsSendLog log;

    bool dss_sent;       /* it sent a DSS */
    bool ssn_known;      /* position of subflow sequence number 0 is known */
    uint64_t ssn_zero;   /* that position, or its upper bound so far */
    uint32_t syn_bytes;  /* payload of the SYN (TCP Fast Open, RFC 7413) */
    bool syn_data_taken; /* the SYN/ACK acknowledged it, and its mapping is made */
    MpsMappings mappings;
    RawMapping last_mapping; /* to skip repeats fast */
    bool has_last_mapping;
    bool waits;            /* payload was left outstanding by the last acknowledgement of more */
    GArray *held;          /* RawMapping, while ssn_zero is not known; NULL = none */
    uint32_t ssn_zero_low; /* lower bound of ssn_zero, low 32 bits */
    unsigned n_agree;      /* mappings whose first captured segment gives the same upper bound */
    bool implied;          /* after a fallback: unmapped payload continues at implied_shift */
    int64_t implied_shift;
    PendingList unmapped; /* captured */
    PendingList skipped;  /* not captured */
    MpsRanges
        shown_again;   /* data offsets (biased) shown here by another than their first sending */
    unsigned reported; /* bit per once-only MpsSignal */
} SubflowEnd;

struct _Subflow {
    MpsSubflow public;
    MpsFlowKey key;
    SubflowEnd end[2]; /* by MpsSide */
    MpsSide forward;   /* MpsSide of the flow key's first endpoint */

    /* Handshake.  The opener is public.opened_by. */
    bool syn_seen, synack_seen, ack_seen;
    bool synack_has_option, ack_has_option;
    bool options_cut; /* some packet's options were cut: absence of options proves nothing */
    uint32_t nonce[2];
    bool has_nonce[2];
    uint8_t synack_hmac[8], ack_hmac[20];
    bool has_synack_hmac, has_ack_hmac;
    int64_t synack_ns;
    Origin ack;              /* third packet */
    bool inferred;           /* belongs to its connection by data sequence numbers only */
    bool proven;             /* payload on it: it was established, whatever the capture lacks */
    bool acceptor_confirmed; /* the acceptor sent something but RST after the third ACK */
    bool opener_reset, opener_reset_reasoned, acceptor_reset;
    uint32_t join_token;
    uint32_t n_join_acks;  /* third packets with MP_JOIN, until something came back */
    bool unreachable_told; /* an ICMP error about more than the SYN */
    MpsIcmpError *icmp;    /* answered the SYN; NULL = none */

    bool strange_syn;     /* the SYN has MPTCP options, but only those of later packets */
    bool dss_seen;        /* any DSS on it */
    Origin plain_syn;     /* initial: first repeated SYN without MP_CAPABLE; packet 0 = none */
    bool plain_third_ack; /* initial: the client's first packet after the SYN/ACK had no option */
    bool third_without_capable; /* or another one than MP_CAPABLE, which came on none later */
    bool confirmed;             /* initial: the client repeated an MPTCP option after the SYN/ACK */
};

/* One stretch of a direction's data space and who sent it first. */
typedef struct {
    int64_t begin, end;   /* data offsets */
    int64_t shift;        /* data offset = position + shift, in the first sending */
    Subflow *first;       /* very first sender */
    uint64_t first_order; /* as first_ns */
    int64_t first_ns;     /* of the stretch's first byte; exact for stretches that were skipped */
    bool skipped;  /* the first sending counts from the payload beyond it on: first_ns is exact */
    bool shown;    /* the first sending was captured, at once or later */
    bool in_union; /* some sending was captured */
} Run;

typedef struct {
    bool has_base;   /* offset 0 is known */
    bool mapped;     /* some data has its place: offset 0 stays where it is */
    bool base_is_32; /* only its low 32 bits are */
    uint64_t base;   /* DSN of data offset 0 */
    int64_t last;    /* highest data offset mapped: reference for 4-byte DSNs */
    bool has_acked;
    int64_t acked; /* highest DATA_ACK, as data offset */
    bool has_fin;
    int64_t fin; /* data offset of the DATA_FIN */
    Run *runs;   /* disjoint, sorted */
    MpsRoom room;
    int64_t forgotten; /* runs below it are no longer known; INT64_MIN = none */
} DataSpace;

struct _Connection {
    MpsConnection public;
    DataSpace space[2];
    bool registered[2]; /* token is in the index */
    uint32_t registered_token[2];
    bool orphan; /* joins to a token of no known connection, without data so far */
    bool options_cut;
    bool plain;           /* TCP without an offer of MPTCP */
    int64_t last_ns;      /* of watched_ns() */
    int64_t data_fins_ns; /* when the second host's DATA_FIN was seen */
    MpsSide first_data_fin;
    int64_t fastclose_ns;
    bool fastclose_late; /* both DATA_FINs had been acknowledged by then */
    MpsSide fastclose_by;
    int64_t ended_ns; /* nothing is open any more; MPS_NO_TIME */
    uint32_t n_open;  /* subflows not closed */
    uint32_t n_joins; /* ordinals given */
    struct _Lifetime *queue;
    GList link; /* in queue */
};

/* A flow that is no longer known: a late packet of it is not the begin of anything. */
typedef struct {
    MpsFlowKey key;
    int64_t until_ns;
    uint64_t connection_id;
    GList link; /* in graves, oldest first */
} Grave;

/* Connections that share a timeout, least recently active first. */
typedef struct _Lifetime {
    GQueue queue;
    int64_t timeout_ns;
    guint most; /* more than these do not wait for the timeout; 0: any number */
} Lifetime;

/* SYNs of plain TCP that are remembered: more than come while a host repeats one. */
enum { PLAIN_SYNS = 1 << 14 };

struct _MpsModel {
    MpsModelHooks hooks;
    MpsFlows *flows;
    GHashTable *tokens; /* token -> Connection */
    struct _MpsDedup *dedup;
    Lifetime opening, open, over, finished;
    MpsFlows *buried; /* flow key -> Grave */
    GQueue graves;
    uint64_t n_connections, n_subflows; /* ids given */
    uint64_t plain_syns[PLAIN_SYNS];    /* hashes of those seen last, to tell repeats */
    uint64_t plain_offers[PLAIN_SYNS];  /* with their time stamps, to tell what is answered */
    int64_t now_ns;
    int64_t holes_ns; /* time so far in which nothing was captured */
    int64_t due_ns;   /* up to it, nothing has been silent for too long: see watched_ns() */
    bool crowded;     /* the segment being worked on would have begun one subflow too many */
    uint64_t order;   /* segments so far */
    const MpsSegment *segment; /* the one being worked on */
    bool missed;               /* it acknowledges payload that had not been captured before */
    bool ack_is_news;          /* it acknowledges more, or offers more window, than any before */
    MpsDataRange *tcp_acked;   /* what its acknowledgement covers first; reused */
    size_t n_tcp_acked, tcp_acked_room;
    MpsEvent told; /* SEGMENT of it: complete when mps_stream_segment() tells it */
    bool dss_told; /* that has the numbers of its first DSS */
};

/* --- model.c */
static inline bool wanted(const MpsModel *model, MpsEventKind kind)
{
    return model->hooks.wants & MPS_WANTS(kind);
}
void mps_emit(MpsModel *model, MpsEvent *event, const Origin *origin);
void mps_signal(MpsModel *model, Connection *connection, Subflow *subflow, MpsSide sender,
                MpsSignal what, const MpsMptcpOption *option);

/* Where the segment being worked on comes from; at the end of the capture, nowhere. */
static inline Origin mps_here(const MpsModel *model)
{
    const MpsSegment *segment = model->segment;

    return segment ? (Origin){segment->ts_ns, model->order, segment->packet, segment->capture_id}
                   : (Origin){.ts_ns = model->now_ns, .order = model->order};
}

/* The clock of silence, which stands still where nothing was captured. */
static inline int64_t watched_ns(const MpsModel *model)
{
    return model->now_ns - model->holes_ns;
}

static inline const MpsMptcpOption *mps_option(const MpsSegment *segment, MpsSubtype subtype)
{
    for (int i = 0; i < segment->n_mptcp; i++)
        if (segment->mptcp[i].subtype == subtype && segment->mptcp[i].status == MPS_OPT_OK)
            return &segment->mptcp[i];
    return NULL;
}

static inline MpsSide other(MpsSide side)
{
    return side == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
}

/* --- lifetime.c: entities come and go */
Connection *mps_connection_new(MpsModel *model, const MpsSegment *segment, bool orphan);
Subflow *mps_subflow_new(MpsModel *model, Connection *connection, const MpsSegment *segment,
                         MpsSubflowKind kind, MpsSide sender, MpsSide opener);
void mps_connection_adopt(MpsModel *model, Connection *connection);
void mps_connection_touch(MpsModel *model, Connection *connection);
void mps_move_subflows(MpsModel *model, Connection *from, Connection *to);
void mps_subflow_closed(MpsModel *model, Subflow *subflow, MpsClose how, MpsSide by);
void mps_subflow_established(MpsModel *model, Subflow *subflow, const Origin *when);
void mps_register_token(MpsModel *model, Connection *connection, MpsSide side, uint32_t token);
void mps_expire(MpsModel *model);
bool mps_room_for_connection(MpsModel *model);
bool mps_room_for_subflow(MpsModel *model, const Connection *connection);
bool mps_is_buried(const MpsModel *model, const MpsFlowKey *key);

/* --- handshake.c: keys, tokens, MP_CAPABLE, MP_JOIN */
uint64_t mps_syn_hash(const MpsFlowKey *key, uint32_t seq, uint32_t tsval);
Subflow *mps_open_flow(MpsModel *model, const MpsSegment *segment, MpsFlowKey key);
void mps_handshake(MpsModel *model, Subflow *subflow, MpsSide sender);
void mps_tell_translated(MpsModel *model, Subflow *subflow, const Subflow *twin);
void mps_learn_key(MpsModel *model, Connection *connection, MpsSide side, uint64_t key);
void mps_check_join(Subflow *subflow);
MpsHmacState mps_check_add_addr(const Connection *connection, MpsSide sender,
                                const MpsMptcpOption *option);

/* --- match.c: subflows without handshake */
Connection *mps_match(const MpsModel *model, const Subflow *subflow, MpsSide sender, bool *swapped);

/* --- stream.c: TCP number space */
void mps_stream_open(Subflow *subflow, MpsSide sender, const MpsSegment *segment);
/* The position of a sequence number, the one next to the latest. */
static inline uint64_t mps_stream_position(const SubflowEnd *end, uint32_t seq)
{
    return end->last + (uint64_t)(int64_t)(int32_t)(seq - (end->origin + (uint32_t)end->last));
}
/* The numbers of @segment, as far as they can be of the stream. */
MpsRelative mps_stream_relative(const SubflowEnd *sending, const SubflowEnd *acked,
                                const MpsSegment *segment);
void mps_stream_segment(MpsModel *model, Subflow *subflow, MpsSide sender);
void mps_stream_ack(MpsModel *model, Subflow *subflow, MpsSide sender);
void mps_stream_closed(Subflow *subflow);
void mps_stream_reset(MpsModel *model, Subflow *subflow, MpsSide sender);
uint64_t mps_stream_missing(const SubflowEnd *end);

/* --- signals.c: the options of a segment */
void mps_options(MpsModel *model, Subflow *subflow, MpsSide sender);
void mps_data_acked(MpsModel *model, Connection *connection, MpsDirection direction,
                    int64_t offset);
void mps_window(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t offset);
void mps_watch_fallback(MpsModel *model, Subflow *subflow, MpsSide sender);

/* --- mapped.c: from subflow positions to the data space */

/* The same of a subflow sequence number. */
static inline uint64_t mps_ssn_position(const SubflowEnd *end, uint32_t ssn)
{
    return end->last +
           (uint64_t)(int64_t)(int32_t)(ssn + (uint32_t)end->ssn_zero - (uint32_t)end->last);
}
void mps_map(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t begin, uint64_t end,
             int64_t shift);
void mps_map_payload(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t begin,
                     uint64_t end, bool skipped);
void mps_map_repeat(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t begin,
                    uint64_t end);
void mps_map_syn_data(MpsModel *model, Subflow *subflow);
void mps_map_plain(SubflowEnd *end, uint64_t begin);
void mps_map_fallback(MpsModel *model, Subflow *subflow);
void mps_map_clear(SubflowEnd *end);
/* @cause: without a word where an option itself tells of the fallback. */
void mps_set_fallback(MpsModel *model, Subflow *subflow, MpsFallback kind,
                      const MpsFallbackCause *cause);
/* The cause @word, that is the packet of @origin, sent by @by. */
MpsFallbackCause mps_fallback_cause(const char *word, MpsSide by, const Origin *origin);
/* Why the server never took MPTCP as confirmed although the client has no doubt of it: the client's
 * first packet after the SYN/ACK, as captured, has no MP_CAPABLE. */
bool mps_lacks_capable_ack(const Subflow *subflow);
/* Payload of @direction that has no mapping. */
MpsFallbackCause mps_no_mapping(const Subflow *subflow, MpsDirection direction);

/* --- dataspace.c: the data sequence space of a direction and its ledger */
void mps_space_idsn(DataSpace *space, uint64_t idsn);
bool mps_space_dsn(DataSpace *space, uint64_t dsn, bool is_64, int64_t *offset);
bool mps_space_data_ack(DataSpace *space, uint64_t dsn, bool is_64, int64_t *offset);
void mps_space_shown(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t begin, int64_t end,
                     int64_t shift, const Origin *origin);
void mps_space_skipped(MpsModel *model, Subflow *subflow, MpsSide sender, int64_t begin,
                       int64_t end, int64_t shift, const Origin *origin);
void mps_space_acked(Connection *connection, MpsDirection direction, int64_t offset);
void mps_space_clear(DataSpace *space);

#endif
