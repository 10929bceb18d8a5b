/* ladder.h - what a message sequence chart is made of; private to ladder*.c. */
#ifndef MPS_VIEWS_LADDER_H
#define MPS_VIEWS_LADDER_H

#include "views/packet_views.h"

/* A host's address: a vertical line. */
typedef struct {
    MpsSide side;
    MpsAddress address;
    unsigned place; /* from the left, known after mps_ladder_finish() */
} LadderLane;

typedef enum {
    LADDER_SIGNAL, /* one packet */
    LADDER_DATA,   /* data segments of one subflow and direction, folded */
    LADDER_NOTE,   /* an ICMP error */
} LadderKind;

typedef struct {
    LadderKind kind;
    int64_t ts_ns;
    uint64_t packet; /* the first, if folded */
    uint32_t capture_id;
    uint32_t subflow;  /* ordinal */
    unsigned from, to; /* index of lanes */
    bool alarm;        /* RST, bad HMAC, fallback: drawn in red */
    char *label;
} LadderRow;

/* Different opaque options of a host and subflow whose values are remembered. */
enum { LADDER_OPAQUE_MAX = 8 };

typedef struct {
    unsigned n;
    uint64_t identity[LADDER_OPAQUE_MAX], value[LADDER_OPAQUE_MAX]; /* hashes */
} LadderOpaque;

/* What is known of a subflow, and what of it was drawn. */
typedef struct {
    uint32_t ordinal;
    MpsEndpoint end[2];
    unsigned lane[2];
    bool syn, synack, capable_data;
    bool fin[2], rst[2], data_fin[2];
    bool await_ack; /* the fourth packet of a join */
    LadderOpaque opaque[2];
    MpsSide opener;
} LadderSubflow;

struct _MpsLadder {
    uint64_t connection_id;
    bool name_captures;
    bool found;
    int64_t start_ns, end_ns;
    MpsEndpoint end[2];
    int version;
    GArray *lanes;    /* LadderLane */
    GArray *subflows; /* LadderSubflow */
    GArray *rows;     /* LadderRow */
    GArray *folds;    /* of the data phase at hand; private to ladder.c */
    uint64_t n_left_out;
};

#endif
