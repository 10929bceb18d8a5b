/* dss.h - what the parts of family DSS share: the mappings of each direction of a subflow, and what
 * is known of each direction of the connection.
 *   rules_dss.c     form of the option, and the family
 *   dss_mappings.c  DSS-06 to DSS-13 where mappings are held against each other and against payload
 *   dss_acks.c      DATA_ACKs and windows: DSS-05, DSS-16 to DSS-22
 *   dss_payload.c   rules that read payload: DSS-04, DSS-14 */
#ifndef MPS_RULES_DSS_H
#define MPS_RULES_DSS_H

#include "rules/check.h"
#include "util/ranges.h"

/* What the payload of a mapping tells. */
typedef struct {
    uint64_t sum; /* DSS-04: one's complement, of the payload so far, */
    uint32_t bytes;
    bool torn;     /* payload is not there, or came in pieces that overlap */
    bool repeated; /* some of it was sent again before all was there */
    bool judged, wrong;
    Place differs; /* DSS-14: payload that differs from an earlier copy, until the sum is known */
} Summed;

typedef struct {
    int64_t seq, offset; /* of the first byte: as MpsEvent.segment.seq, and as data offset */
    uint32_t bytes;      /* of payload: without the DATA_FIN octet */
    uint32_t ssn;
    uint16_t length, checksum; /* as in the option */
    bool data_fin, has_checksum;
    bool dsn_is_64; /* in the option */
    bool has_dsn;   /* the next is known in full */
    uint64_t dsn;
    Place place;
    Summed *summed; /* owned by those that are kept; NULL: payload is not read */
} Mapping;

/* Latest mappings of one direction of a subflow that are kept. */
enum { MAPPINGS_KEPT = 64 };

/* The newest packet of an end, by what it acknowledges and when it was built. */
typedef struct {
    bool valid;
    int64_t seq, ack;
    uint32_t tsval;
} Order;

/* DSS-05: a mapping with a wrong form until its receiver has reacted. */
typedef struct {
    Place place; /* none: it has, or need not */
    int64_t data_begin, data_end, seq_end;
} WrongForm;

/* One direction of a subflow: what its sender announces and acknowledges. */
typedef struct {
    GArray *mappings; /* Mapping; NULL = none; the oldest are overwritten */
    guint next;       /* index to overwrite, once there are MAPPINGS_KEPT */
    guint used;       /* index of the one announced last */
    int64_t mapped_to;
    Place mapped_place;           /* of the mapping that goes there */
    bool blind;                   /* a packet's options are not whole: mappings may be unknown */
    bool overlapping;             /* some mappings have payload in common */
    int64_t bare_begin, bare_end; /* first payload without mapping so far; none if equal */
    Place bare;
    bool has_fin;
    int64_t fin_seq;
    /* What it acknowledges. */
    Order order;
    bool has_ack, has_edge;
    int64_t ack, edge; /* highest DATA_ACK, highest right edge of the window */
    Place ack_place, edge_place;
    int64_t paired_ack, paired_data_ack; /* TCP ACK and DATA_ACK of its latest packet with both */
    /* While the check's epoch is that one: plain packets are judged; the latest acknowledgements
     * and window, the latest mapping broke no rule and, repeated, break none. */
    uint64_t judged_epoch, ack_epoch, mapping_epoch;
    WrongForm *wrong_form; /* NULL = none */
} DssEnd;

typedef struct {
    const Check *check; /* whose data offsets these are */
    DssEnd end[2];      /* by sender */
} DssFlow;

enum { MARKS = 16 };

typedef struct {
    int64_t ts_ns, offset;
} Mark;

/* Bytes of the latest data, for comparing: a window that moves over the data, in pages. */
enum { PAGE_BYTES = 1 << 14, PAGES = 64 };
#define WINDOW_BYTES ((int64_t)PAGE_BYTES * PAGES)

/* One direction of the connection, by the sender of its data. */
typedef struct {
    bool based;       /* data offsets count from the IDSN */
    bool has_mapping; /* the next is known */
    int64_t highest;  /* end of all mappings, DATA_FIN included */
    int64_t sent_to;  /* end of all payload */
    bool has_fin;
    int64_t fin; /* data offset of the DATA_FIN octet */
    bool fin_is_64;
    /* Of its receiver. */
    bool has_data_ack; /* of data that was mapped before */
    bool has_edge, scale_unknown;
    int64_t data_ack, edge, unit;
    Place edge_place;
    /* DSS-16: the DATA_ACK furthest beyond what was mapped at that time. */
    Place beyond_place;
    int64_t beyond;
    const MpsSubflow *beyond_subflow;
    /* DSS-18: the first payload that was mapped with an 8-byte DSN. */
    const Flow *wide_flow;
    int64_t wide_offset, wide_end_seq;
    bool wide_acked; /* by TCP */
    Place wide_place;
    /* DSS-19: how far mappings with 4-byte DSNs had come at some times. */
    Mark *marks; /* a ring of MARKS; NULL = none */
    unsigned n_marks;
    /* DSS-14 */
    uint8_t **page; /* PAGES of them; NULL = none */
    int64_t floor;  /* data offset where the window begins */
    MpsRanges held;
    int64_t doubt_begin, doubt_end; /* data of mappings with a wrong checksum */
} DssSide;

typedef struct {
    bool over; /* nothing more is judged: a fallback, or a key in doubt */
    DssSide side[2];
    Place first; /* DSS-03 where the negotiation is not known: the first mapping, */
    bool first_has_checksum;
} DssCheck;

typedef struct {
    unsigned n_pages; /* of all connections */
} DssRun;

static inline DssFlow *dss_flow(const Flow *flow)
{
    return flow_state(flow, FAMILY_dss);
}

static inline DssCheck *dss_check(const Check *check)
{
    return check_state(check, FAMILY_dss);
}

/* The flow with that index; NULL if nothing is known of it in this connection. */
static inline Flow *dss_flow_in(const Check *check, guint index)
{
    Flow *flow = check_flow(check, index);

    return flow && dss_flow(flow)->check == check ? flow : NULL;
}

static inline DssEnd *dss_end(const Packet *packet)
{
    return &dss_flow(packet->flow)->end[packet->sender];
}

static inline DssSide *dss_side(const Packet *packet)
{
    return &dss_check(packet->check)->side[packet->sender];
}

/* The highest DATA_ACK, also one that is not to be believed. */
static inline int64_t dss_acked_to(const DssSide *side)
{
    return MAX(side->data_ack, side->beyond);
}

/* Whether mappings were broken before: what is concluded from them is not judged. */
bool dss_is_doubtful(const Check *check);

/* A mapping announced by @packet; takes it over.  Returns whether no earlier one contradicts it. */
bool dss_announce(const Packet *packet, DssEnd *end, Mapping *mapping);
/* The one announced last, or NULL. */
static inline Mapping *dss_last_mapping(const DssEnd *end)
{
    return end->mappings ? &g_array_index(end->mappings, Mapping, end->used) : NULL;
}
static inline bool dss_covers(const Mapping *mapping, int64_t seq)
{
    return mapping->seq <= seq && seq < mapping->seq + mapping->bytes;
}
/* The mapping of the subflow position @seq, or NULL. */
Mapping *dss_find_mapping(const DssEnd *end, int64_t seq);
static inline Mapping *dss_mapping_at(const DssEnd *end, int64_t seq)
{
    Mapping *last = dss_last_mapping(end);

    return last && dss_covers(last, seq) ? last : dss_find_mapping(end, seq);
}
/* Payload of @packet: whether it is mapped, and how far the data has come. */
void dss_mapped_payload(const Packet *packet, DssEnd *end, const DssEnd *receiver, DssSide *side);
void dss_mappings_finish(Check *check);
void dss_end_clear(DssEnd *end);

/* What @packet acknowledges: @end is what its sender says on the subflow, @side the data. */
void dss_acks(const Packet *packet, DssEnd *end, DssSide *side);
/* Payload of @packet is data from @begin to @end of @side. */
void dss_window(const Packet *packet, const DssEnd *receiver, DssSide *side, int64_t begin,
                int64_t end);
void dss_wrong_form(const Packet *packet, int64_t data_begin, int64_t data_end);
void dss_watch_wrong_forms(const Packet *packet);
void dss_right_form(const Packet *packet, int64_t data_begin, int64_t data_end);
void dss_narrow(const Packet *packet, int64_t offset);
void dss_acks_finish(Check *check);

/* A mapping that is judged at once: the DATA_FIN alone. */
void dss_bare_checksum(const Packet *packet, const Mapping *bare);
void dss_read_payload(const Packet *packet);
void dss_payload_finish(Check *check);
void dss_payload_clear(Check *check);

#endif
