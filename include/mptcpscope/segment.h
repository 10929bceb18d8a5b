/* segment.h - contract decode -> model: one TCP segment, its MPTCP options as typed values.
 *
 * Everything but the payload is a plain value: no pointer into packet bytes, so a segment without
 * its payload outlives its packet.
 * Numbers are as on the wire (host byte order); the model unwraps them.
 * Sources: RFC 9293 (TCP), RFC 7323 (time stamps, window scale), RFC 2018 (SACK),
 * RFC 8684 (MPTCP v1), RFC 6824 (MPTCP v0). */
#ifndef MPTCPSCOPE_SEGMENT_H
#define MPTCPSCOPE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <mptcpscope/damage.h>

typedef struct {
    uint8_t bytes[16]; /* IPv4 in the first four, the rest zero */
    uint8_t family;    /* 4 or 6 */
} MpsAddress;

typedef struct {
    MpsAddress address;
    uint16_t port;
} MpsEndpoint;

/* One encapsulation that a packet was captured in. */
typedef struct {
    const char *name;    /* as in tunnels.def; static */
    uint32_t id;         /* PPPoE session, MPLS label, GRE key, VNI, TEID, ERSPAN session */
    bool has_id;         /* the header has one */
    MpsAddress src, dst; /* of the tunnel's ends; family 0: it has none of its own */
} MpsTunnel;

/* More of them inside each other are refused as malformed. */
#define MPS_TUNNELS_MAX 6

/* A piece of an IP datagram (RFC 791, RFC 8200 section 4.5). */
typedef struct {
    uint32_t id;
    uint32_t offset_bytes; /* in what follows the IP header */
    bool more;             /* not the last */
    bool fin;              /* of the first: the segment's FIN, which stands behind the last */
} MpsFragment;

enum {
    MPS_TCP_FIN = 0x01,
    MPS_TCP_SYN = 0x02,
    MPS_TCP_RST = 0x04,
    MPS_TCP_PSH = 0x08,
    MPS_TCP_ACK = 0x10,
    MPS_TCP_URG = 0x20,
};

/* State of one decoded option.  Only MPS_OPT_OK options may be believed field by field. */
typedef enum {
    MPS_OPT_OK,
    MPS_OPT_TRUNCATED, /* the capture (snaplen) ends inside the option */
    MPS_OPT_MALFORMED, /* length does not fit subtype and flags, or leaves the option area */
} MpsOptionStatus;

/* RFC 8684 section 3, table 2. */
typedef enum {
    MPS_MP_CAPABLE = 0x0,
    MPS_MP_JOIN = 0x1,
    MPS_DSS = 0x2,
    MPS_ADD_ADDR = 0x3,
    MPS_REMOVE_ADDR = 0x4,
    MPS_MP_PRIO = 0x5,
    MPS_MP_FAIL = 0x6,
    MPS_MP_FASTCLOSE = 0x7,
    MPS_MP_TCPRST = 0x8,
    MPS_MP_EXPERIMENTAL = 0xf,
} MpsSubtype;

/* Longest REMOVE_ADDR id list that fits into a TCP header: 40 - 3. */
#define MPS_REMOVE_ADDR_MAX 37

typedef struct {
    uint8_t subtype; /* MpsSubtype, or an unassigned value 0x9..0xe */
    uint8_t status;  /* MpsOptionStatus */
    uint8_t length;  /* the option's length byte, as sent */
    uint8_t byte2;   /* third byte as sent: subtype and the low nibble (version, flags, reserved) */
    uint8_t byte3;   /* fourth byte as sent, 0 if the option has none */
    bool is_opaque;  /* experimental or unassigned: what is known of it is in MpsSegment.opaque */
    union {
        struct { /* RFC 8684 section 3.1 */
            uint8_t version;
            uint8_t flags;         /* A 0x80 checksum, B 0x40, C 0x20, D-H */
            bool has_sender_key;   /* length >= 12 */
            bool has_receiver_key; /* length >= 20 */
            bool has_data_length;  /* length >= 22: MP_CAPABLE with data */
            bool has_checksum;     /* length 24 */
            uint16_t data_bytes;   /* data-level length */
            uint16_t checksum;
            uint64_t sender_key;
            uint64_t receiver_key;
        } capable;
        struct { /* RFC 8684 section 3.2; the length tells the form */
            enum { MPS_JOIN_SYN = 12, MPS_JOIN_SYNACK = 16, MPS_JOIN_ACK = 24 } form;
            bool backup;        /* SYN, SYN/ACK */
            uint8_t address_id; /* SYN, SYN/ACK */
            uint32_t token;     /* SYN: of the receiver's key */
            uint32_t nonce;     /* SYN, SYN/ACK */
            uint8_t hmac[20];   /* SYN/ACK: 8 bytes; ACK: 20 bytes */
        } join;
        struct { /* RFC 8684 section 3.3 */
            bool has_ack, ack_is_64;
            bool has_map, dsn_is_64;
            bool data_fin, has_checksum;
            uint16_t data_bytes; /* data-level length, DATA_FIN octet included */
            uint16_t checksum;
            uint32_t ssn;      /* subflow sequence number, relative to the ISN */
            uint64_t data_ack; /* 4 or 8 bytes as sent, not expanded */
            uint64_t dsn;      /* 4 or 8 bytes as sent, not expanded */
        } dss;
        struct {             /* RFC 8684 section 3.4.1, RFC 6824 section 3.4.1 */
            uint8_t version; /* the form's version: 0 if the low nibble is an IP version */
            bool echo;       /* v1 only */
            bool has_port, has_hmac;
            uint8_t address_id;
            uint16_t port;
            MpsAddress address;
            uint8_t hmac[8];
        } add_addr;
        struct { /* RFC 8684 section 3.4.2 */
            uint8_t n_ids;
            uint8_t ids[MPS_REMOVE_ADDR_MAX];
        } remove_addr;
        struct { /* RFC 8684 section 3.3.8; the address id exists in v0 only */
            bool backup, has_address_id;
            uint8_t address_id;
        } prio;
        struct { /* RFC 8684 section 3.7 */
            uint64_t dsn;
        } fail;
        struct { /* RFC 8684 section 3.5 */
            uint64_t receiver_key;
        } fastclose;
        struct {           /* RFC 8684 section 3.6 */
            uint8_t flags; /* U 0x8 V 0x4 W 0x2 T 0x1 (transient) */
            uint8_t reason;
        } tcprst;
    };
} MpsMptcpOption;

/* What the user calls an option (util/option_names.h). */
typedef struct _MpsOptionName MpsOptionName;

/* An option that no decoder knows: a TCP option of another kind, or an MPTCP option of experimental
 * or unassigned subtype.  Its meaning is what a user may say it is. */
typedef struct {
    const MpsOptionName *name; /* NULL: none was given; borrowed for the run */
    uint8_t kind;              /* MPS_KIND_MPTCP, or of the TCP option */
    uint8_t subtype;           /* MPTCP: MPS_MP_EXPERIMENTAL or unassigned; else 0 */
    uint8_t length;            /* the option's length byte, as sent */
    uint8_t status;            /* MPS_OPT_OK or MPS_OPT_TRUNCATED */
    uint8_t n_bytes;           /* captured behind the length byte */
    uint8_t bytes[38];         /* them; of MPTCP, the first holds the subtype */
} MpsOpaqueOption;

/* TCP option kind of all MPTCP options. */
#define MPS_KIND_MPTCP 30

/* Most options that fit into 40 bytes, two bytes each. */
#define MPS_OPAQUE_OPTIONS_MAX 20

/* Most options of kind 30 that fit into 40 bytes of TCP options, three bytes each. */
#define MPS_MPTCP_OPTIONS_MAX 13
#define MPS_SACK_BLOCKS_MAX   4

/* Flags of MpsSegment.tcp_options: which of the fields below are filled. */
enum {
    MPS_TCPOPT_MSS = 0x01,
    MPS_TCPOPT_WSCALE = 0x02,
    MPS_TCPOPT_SACK_PERMITTED = 0x04,
    MPS_TCPOPT_SACK = 0x08,
    MPS_TCPOPT_TIMESTAMP = 0x10,
};

typedef struct {
    int64_t ts_ns;
    uint64_t packet;            /* number in its file */
    uint32_t capture_id;        /* which file */
    const char *interface_name; /* of the interface it was captured on, NULL: not said; borrowed
                                   for the run */

    MpsEndpoint src, dst;
    uint64_t place;    /* where it was captured: interface, link-layer addresses and direction, TTL;
                          equal values mean "same place" and nothing else */
    uint64_t print;    /* fingerprint of IP and TCP header without TTL and checksums, for finding
                          packets captured twice */
    uint16_t ip_id;    /* IPv4 identification; 0 for IPv6 */
    uint8_t hop_limit; /* or TTL, of the same header as the addresses */
    uint64_t damage;   /* MPS_DAMAGED() set; filled whatever became of the packet */
    MpsFragment fragment; /* more: this is the first; the others carry the rest of the payload */

    uint32_t seq, ack;
    uint16_t window;         /* unscaled */
    uint16_t urgent;         /* urgent pointer, of use with MPS_TCP_URG */
    uint8_t flags;           /* MPS_TCP_ */
    uint8_t tcp_options;     /* MPS_TCPOPT_ */
    bool options_cut;        /* the capture ends inside the TCP options: absence proves nothing */
    bool options_malformed;  /* an option length of 0 or 1, or beyond the header */
    uint8_t option_bytes;    /* TCP options, padding included: the header is 20 bytes longer */
    uint32_t payload_bytes;  /* from IP or wire length, never from the captured length */
    uint32_t captured_bytes; /* how much of it is at @payload: at most payload_bytes */
    const uint8_t *payload;  /* borrowed: dies with the packet */

    uint16_t mss;
    uint8_t wscale;
    uint32_t tsval, tsecr;

    /* Of the arrays, what these count is filled; what most packets lack stands behind. */
    uint8_t n_mptcp, n_sack, n_tunnels, n_opaque;
    MpsMptcpOption mptcp[MPS_MPTCP_OPTIONS_MAX]; /* in order of appearance */
    struct {
        uint32_t begin, end;
    } sack[MPS_SACK_BLOCKS_MAX];
    MpsTunnel tunnel[MPS_TUNNELS_MAX];              /* outermost first */
    MpsOpaqueOption opaque[MPS_OPAQUE_OPTIONS_MAX]; /* in order of appearance */
} MpsSegment;

/* An ICMP or ICMPv6 error about a TCP segment (RFC 792, RFC 4443).  A router quotes the IP header
 * and at least the first eight bytes of TCP. */
typedef struct {
    int64_t ts_ns;
    uint64_t packet;
    uint32_t capture_id;
    MpsAddress router;    /* who sent the error */
    MpsEndpoint src, dst; /* of the quoted segment */
    uint32_t seq;         /* of the quoted segment */
    uint8_t type, code;
} MpsIcmpError;

/* What became of a packet. */
typedef enum {
    MPS_DECODED_TCP,       /* the segment is filled */
    MPS_DECODED_ICMP,      /* ICMP or ICMPv6: see mps_decode_icmp_error() */
    MPS_DECODED_FRAGMENT,  /* later fragment of TCP: see mps_decode_packet() for what is filled */
    MPS_DECODED_OTHER,     /* sound, but not TCP */
    MPS_DECODED_TRUNCATED, /* the capture ends before the fixed TCP header does */
    MPS_DECODED_MALFORMED, /* lengths that contradict each other */
    MPS_DECODED_LINK,      /* link type this program does not read */
} MpsDecoded;

#endif
