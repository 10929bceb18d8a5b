/* event.h - contract model -> observers: what happened, with the hard part already done.
 *
 * The model tells of connections, subflows, segments and data in events.  An event borrows
 * everything; nothing in it may be kept beyond the call except the entities themselves, which live
 * until their connection is closed and its rows are written.
 *
 * Words: RFC 8684, RFC 9293, and design terms: client = sender of the first SYN with MP_CAPABLE;
 * a direction is named by who sends the data. */
#ifndef MPTCPSCOPE_EVENT_H
#define MPTCPSCOPE_EVENT_H

#include <glib.h>

#include <mptcpscope/row.h>
#include <mptcpscope/segment.h>

/* A host of a connection, and the direction of the data that it sends. */
typedef enum {
    MPS_CLIENT = 0,
    MPS_SERVER = 1,
    MPS_C2S = MPS_CLIENT,
    MPS_S2C = MPS_SERVER,
    MPS_NOBODY = -1, /* unknown */
} MpsSide;
typedef MpsSide MpsDirection;

/* NULL-able small enumerations: 0 is "unknown" and becomes NULL. */
typedef enum { MPS_PROTOCOL_MPTCP = 1, MPS_PROTOCOL_TCP } MpsProtocol;
typedef enum { MPS_HANDSHAKE_NONE = 1, MPS_HANDSHAKE_PARTIAL, MPS_HANDSHAKE_FULL } MpsHandshake;
typedef enum { MPS_KIND_INITIAL = 1, MPS_KIND_JOIN } MpsSubflowKind;
typedef enum { MPS_HMAC_UNCHECKED = 1, MPS_HMAC_VALID, MPS_HMAC_INVALID } MpsHmacState;
typedef enum {
    MPS_FALLBACK_NO_SYNACK = 1, /* no_mp_capable_synack */
    MPS_FALLBACK_NO_ACK,        /* no_mp_capable_ack */
    MPS_FALLBACK_NO_DSS,
    MPS_FALLBACK_MP_FAIL,
    MPS_FALLBACK_INFINITE_MAPPING,
} MpsFallback;
typedef enum {
    MPS_CLOSE_FASTCLOSE = 1,
    MPS_CLOSE_DATA_FIN,
    MPS_CLOSE_FIN,
    MPS_CLOSE_RESET,
    MPS_CLOSE_IDLE,
    MPS_CLOSE_EVICTED,
    MPS_CLOSE_CAPTURE_END,
} MpsClose;
typedef enum {
    MPS_RESULT_ESTABLISHED = 1,
    MPS_RESULT_REFUSED,
    MPS_RESULT_UNREACHABLE,
    MPS_RESULT_NO_REPLY,
    MPS_RESULT_BAD_HMAC,
    MPS_RESULT_UNKNOWN_TOKEN,
    MPS_RESULT_STRIPPED,
    MPS_RESULT_LATE,
} MpsResult;

/* Words of the enumerations as the database spells them; NULL for 0. */
const char *mps_side_name(MpsSide side); /* client, server */
const char *mps_direction_name(MpsDirection direction);
const char *mps_protocol_name(MpsProtocol protocol);
const char *mps_handshake_name(MpsHandshake handshake);
const char *mps_subflow_kind_name(MpsSubflowKind kind);
const char *mps_hmac_state_name(MpsHmacState state);
const char *mps_fallback_name(MpsFallback fallback);
const char *mps_close_name(MpsClose close);
const char *mps_result_name(MpsResult result);

/* What an ICMP error says, in the words of its registry: "host unreachable". */
const char *mps_icmp_words(const MpsIcmpError *icmp);

typedef struct _MpsConnection MpsConnection;
typedef struct _MpsSubflow MpsSubflow;

/* The ledger of one subflow direction: payload bytes by what became of them.
 * payload = unique + retransmitted, always. */
typedef struct {
    uint64_t packets; /* segments with or without payload */
    uint64_t payload_packets, payload_bytes;
    uint64_t unique_bytes;                               /* union of TCP sequence ranges */
    uint64_t retransmitted_packets, retransmitted_bytes; /* TCP range captured before */
    uint64_t hole_filled_packets, hole_filled_bytes; /* below the highest, never captured before */
    uint64_t data_bytes;       /* bytes of the data union whose first sender this subflow is */
    uint64_t reinjected_bytes; /* first shown here, sent before on another subflow */
    uint64_t remapped_bytes;   /* second mapping of the same DSN on this subflow */
    uint64_t orphaned_bytes;   /* first sent here but only skipped, shown by another sending */
    uint64_t unmapped_bytes;   /* unique payload that has no mapping (so far) */
    uint64_t missing_bytes;    /* acknowledged, never captured; known when the subflow is closed */
} MpsLedger;

/* One end of a subflow and the direction it sends. */
typedef struct {
    int address_id;         /* -1 unknown */
    bool backup;            /* B bit of its MP_JOIN */
    bool backup_now;        /* the same, or that of its latest MP_PRIO for this subflow */
    int64_t fin_ns;         /* first FIN, or MPS_NO_TIME */
    int64_t rst_ns;         /* first believable RST */
    int64_t last_ns;        /* last packet before the one that an event tells of */
    int64_t zero_window_ns; /* last packet that left no receive window */
    int64_t
        window_opened_ns; /* first packet with a receive window after one without, the last time */
    int64_t acked_ns;     /* last packet of the other end that acknowledged more payload of it */
    int64_t paused_ns;    /* last of these that came more than a second after the one before,
                           * though payload was outstanding all the time */
    int64_t prio_ns;      /* last change of backup_now by MP_PRIO */
    int64_t removed_ns;   /* its host withdrew the address (REMOVE_ADDR) while it was open */
    int window_shift;     /* RFC 7323 scale of the windows it announces; -1 unknown */
    uint64_t unacked_bytes; /* payload captured above the highest acknowledgement so far */
    int64_t unacked_ns;     /* since when there is some, if there is */
    uint64_t flight_bytes; /* sent here and not acknowledged by TCP; 0 once the subflow is closed */
    uint64_t rtt_samples;  /* of what this end sends, by the tcptrace rule */
    int64_t rtt_min_ns;
    double rtt_sum_ns;
    MpsHmacState hmac; /* of the HMAC this end sent; 0 = none seen, or keys unknown */
    MpsLedger ledger;
    void *states; /* observers' states of scope subflow_direction */
} MpsSubflowSide;

struct _MpsSubflow {
    uint64_t id;
    MpsConnection *connection;
    uint32_t ordinal;
    MpsSubflowKind kind;
    MpsSide opened_by;
    MpsEndpoint end[2]; /* by MpsSide */
    MpsSubflowSide side[2];
    int64_t syn_ns;         /* first SYN, or MPS_NO_TIME if the capture lacks it */
    bool plain_syn;         /* it begins with a SYN/ACK that answers a captured SYN without MPTCP */
    int64_t established_ns; /* third ACK with valid HMAC, or data or ACK proving it */
    int64_t end_ns;         /* last packet */
    int64_t closed_ns;      /* both FINs, or a RST; MPS_NO_TIME while open */
    int64_t syn_to_synack_ns, synack_to_ack_ns; /* halves of the handshake RTT at the tap */
    MpsResult result;
    char *result_detail; /* or NULL */
    MpsClose close;
    MpsSide closed_by;
    int reset_reason; /* of MP_TCPRST, -1 = none */
    MpsHmacState hmac;
    void *states; /* observers' states of scope subflow */
    void *check;  /* what the rules keep of it */
};

/* One host of a connection and the direction it sends. */
typedef struct {
    bool has_key, has_token, has_idsn;
    uint64_t key, idsn;
    uint32_t token;
    int64_t data_fin_ns;       /* first DATA_FIN seen, or MPS_NO_TIME */
    uint64_t data_bytes;       /* union of DSN ranges carried as payload */
    uint64_t data_acked_bytes; /* by the other host's DATA_ACKs */
    bool has_data_ack;
    bool has_next;
    int64_t next; /* data offset: all below it was captured, or acknowledged by DATA_ACK */
    bool has_acked;
    int64_t acked; /* all below it is acknowledged: by DATA_ACK, after a fallback by TCP */
    bool has_window;
    int64_t window_end; /* right edge of the receive window: data offset (RFC 8684 section 3.3.4) */
    uint64_t flight_bytes; /* sum of the subflows' */
    uint64_t ofo_bytes;    /* of data_bytes, those above next: a receiver holds them */
    void *states;          /* observers' states of scope connection_direction */
} MpsConnectionSide;

struct _MpsConnection {
    uint64_t id; /* 0: joins that belong to no connection of this capture */
    MpsProtocol protocol;
    int version;        /* 0, 1, or -1 unknown */
    int checksum;       /* DSS checksums agreed: 0, 1, or -1 unknown */
    MpsEndpoint end[2]; /* of the initial subflow, by MpsSide */
    MpsConnectionSide side[2];
    int64_t start_ns;       /* first MP_CAPABLE SYN, or first packet if the capture lacks it */
    int64_t established_ns; /* third packet of the initial handshake */
    int64_t end_ns;         /* last packet of any subflow */
    MpsHandshake handshake;
    MpsFallback fallback;
    MpsClose close;
    MpsSide closed_by;
    uint32_t subflows_established;
    uint32_t joins_attempted;
    GPtrArray *subflows; /* MpsSubflow, by ordinal */
    void *states;        /* observers' states of scope connection */
    void *check;         /* what the rules keep of it */
};

typedef enum {
    MPS_EV_SEGMENT,   /* a captured segment of a tracked subflow, once per segment */
    MPS_EV_ACK,       /* the same segment, if it acknowledges, for the direction it acknowledges */
    MPS_EV_DATA,      /* payload got its place in the data sequence space */
    MPS_EV_DATA_ACK,  /* the cumulative DATA_ACK of a direction advanced */
    MPS_EV_TCP_ACKED, /* payload of a subflow was acknowledged by TCP for the first time */
    MPS_EV_PROGRESS,  /* more was acknowledged by TCP or DATA_ACK, or more window offered */
    MPS_EV_RTT,       /* an RTT sample of a subflow direction, by the tcptrace rule */
    MPS_EV_SIGNAL,    /* anything worth a line in a timeline */
    MPS_N_EVENTS,
} MpsEventKind;

#define MPS_WANTS(kind) (1u << (kind))

/* Half-open range of data offsets. */
typedef struct {
    int64_t begin, end;
} MpsDataRange;

/* One sending of a byte. */
typedef struct {
    int64_t ts_ns;
    uint32_t tsval; /* RFC 7323, if it carried one */
    uint16_t ip_id; /* IPv4 identification; 0 for IPv6 */
    bool has_tsval;
} MpsSending;

typedef enum {
    MPS_DATA_NEW,           /* the first showing of these DSNs anywhere, by their first sender */
    MPS_DATA_REINJECTED,    /* sent before on another subflow */
    MPS_DATA_REMAPPED,      /* sent before on the same subflow under other subflow numbers */
    MPS_DATA_OVERTAKEN,     /* the first sender's own copy, seen after another subflow's */
    MPS_DATA_RETRANSMITTED, /* TCP retransmission of payload that was shown before */
} MpsDataClass;

typedef enum {
    MPS_SIGNAL_CONNECTION,    /* MP_CAPABLE SYN, or the first sign of a connection */
    MPS_SIGNAL_ESTABLISHED,   /* subflow established */
    MPS_SIGNAL_JOIN,          /* MP_JOIN SYN */
    MPS_SIGNAL_ADD_ADDR,      /* option */
    MPS_SIGNAL_ADD_ADDR_ECHO, /* option */
    MPS_SIGNAL_REMOVE_ADDR,   /* option */
    MPS_SIGNAL_MP_PRIO,       /* option */
    MPS_SIGNAL_MP_FAIL,       /* option */
    MPS_SIGNAL_FASTCLOSE,     /* option, first of each host */
    MPS_SIGNAL_FALLBACK,      /* connection->fallback just got its value */
    MPS_SIGNAL_DATA_FIN,      /* first of each host */
    MPS_SIGNAL_FIN,           /* first of each host and subflow */
    MPS_SIGNAL_RESET,         /* first believable RST of each host and subflow */
    MPS_SIGNAL_UNREACHABLE,   /* icmp: a router answered the SYN */
    MPS_SIGNAL_TRANSLATED,    /* @same once more, with other addresses */
    MPS_SIGNAL_MALFORMED,     /* option: first malformed one per subflow and host */
    MPS_N_SIGNALS,
} MpsSignal;

/* The first segment of a host that should have had an option, and had none. */
typedef struct {
    const char *word; /* plain_syn, plain_synack, plain_third, no_data_ack, no_mapping (never one),
                       * mapping_lost (in mid-stream) */
    MpsSide by;
    uint64_t packet;
    uint32_t capture_id;
} MpsFallbackCause;

typedef struct {
    MpsEventKind kind;
    int64_t ts_ns;
    uint64_t packet;
    uint32_t capture_id;
    MpsDirection
        direction; /* ACK, DATA_ACK, PROGRESS, RTT: direction of the data; SIGNAL: sender */
    MpsConnection *connection;
    MpsSubflow *subflow; /* NULL where the event belongs to no single subflow */
    union {
        struct { /* SEGMENT, ACK */
            const MpsSegment *wire;
            uint32_t unique_bytes, retransmitted_bytes, hole_filled_bytes;
            bool has_seq, has_ack; /* the next two are known, and near what was seen before */
            int64_t seq, ack;      /* unwrapped, 0 = the SYN, or the byte before the first seen */
            /* The first DSS, its numbers expanded (RFC 8684 section 3.3.1) however absurd: whether
             * and as which data offset; @map_seq is where the mapping begins, counted as @seq. */
            bool has_map, has_map_seq, has_data_ack;
            int64_t map_offset, map_seq, data_ack;
            /* The latest captured sending, before this one, of the first repeated byte; without it
             * none is repeated, or that is forgotten. */
            bool has_before;
            MpsSending before;
        } segment;
        struct {
            MpsDataClass class;
            int64_t offset; /* DSN - IDSN - 1, or from the first DSN seen if the IDSN is unknown */
            uint64_t bytes;
            uint64_t union_bytes;   /* how many of them are new to the direction's data union */
            const MpsSubflow *from; /* REINJECTED: the very first sender */
            int64_t from_ns;        /* REINJECTED: when that was */
            /* REINJECTED, RETRANSMITTED: the packet of the first sending of the first byte; 0 if it
             * was not captured, or is forgotten. */
            uint64_t from_packet;
            uint32_t from_capture_id;
            bool revised; /* this showing was told of before, as something else */
            bool filled;  /* NEW: this subflow had skipped them before */
            bool acked;   /* REINJECTED: a DATA_ACK had covered them already */
        } data;
        struct {
            int64_t offset; /* all data below it is acknowledged (DATA_FIN not counted) */
        } data_ack;
        struct {
            bool selective; /* by SACK: parts may be told of again; else by the ACK number: */
            uint64_t bytes; /* how many; the first ACK in mid-stream tells of 0 */
            const MpsDataRange *data; /* what they carry, as far as they are mapped so far */
            size_t n_data;
        } tcp_acked;
        struct {
            int64_t rtt_ns;
        } rtt;
        struct {
            MpsSignal what;
            const MpsMptcpOption *option;  /* or NULL */
            const MpsIcmpError *icmp;      /* or NULL */
            MpsHmacState hmac;             /* ADD_ADDR: what its HMAC is; 0: it has none */
            const MpsFallbackCause *cause; /* FALLBACK: what of the other options was not there */
            const MpsSubflow *same;        /* TRANSLATED: captured on the other side of a NAT */
            /* RESET: TTL or hop limit of the RST, and of the sender's last packet before it that
             * had another one; 0 if it had none, or the same. */
            uint8_t hop_limit, usual_hop_limit;
        } signal;
    };
} MpsEvent;

#endif
