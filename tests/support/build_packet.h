/* build_packet.h - builds MPTCP packets and whole captures, for unit tests and generators.
 *
 * Three layers, each usable alone:
 *   1. crypto and option encoders: bytes in, bytes out (RFC 8684, RFC 6824);
 *   2. PbPacket and PbCapture: one TCP packet with right lengths and checksums, into memory or into
 *      a classic pcap file with nanosecond time stamps;
 *   3. the script: PbNet, PbConn and PbFlow keep TCP and data sequence state, so that a scenario is
 *      a few lines.
 *
 *      PbNet *net = pb_net_open("x.pcap", PB_RAW, 128, start_ns);
 *      PbConn *conn = pb_conn(net, 1, client_key, server_key);
 *      PbFlow *wifi = pb_flow(conn, PB_CLIENT, "198.51.100.1", 40000, "192.0.2.10", 80);
 *      PbFlow *cell = pb_flow(conn, PB_CLIENT, "203.0.113.1", 40001, "192.0.2.10", 80);
 *      pb_open(wifi);
 *      PbSpan first = pb_send(wifi, PB_CLIENT, 5000);
 *      pb_ack(wifi, PB_SERVER);
 *      pb_open(cell);
 *      pb_reinject(first, cell);                       other subflow: reinjection; same: remapping
 *      pb_transmit(first);                             the same packets again: retransmission
 *      (void)pb_plan(wifi, PB_CLIENT, 1000);           sent, but not captured
 *      pb_close(conn);
 *      pb_net_close(net);
 *
 * A PbSpan is a plain value: a test that needs a lie (a growing, contradictory, infinite or absent
 * mapping) changes its fields before pb_transmit().  A programmer's mistake aborts. */
#ifndef MPS_TESTS_BUILD_PACKET_H
#define MPS_TESTS_BUILD_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mptcpscope/segment.h>

/* ---- 1. crypto: RFC 8684 sections 3.1, 3.2, 3.3.1, 3.4.1; version 0 is SHA-1, 1 is SHA-256 ----
 */

#define PB_DIGEST_MAX 32

/* Return the size of the digest in @out: 20 (version 0) or 32 bytes. */
size_t pb_hash(int version, uint64_t key, uint8_t out[PB_DIGEST_MAX]);
size_t pb_hmac(int version, uint64_t own_key, uint64_t peer_key, const void *message,
               size_t n_bytes, uint8_t out[PB_DIGEST_MAX]);
size_t pb_join_hmac(int version, uint64_t own_key, uint64_t peer_key, uint32_t own_nonce,
                    uint32_t peer_nonce, uint8_t out[PB_DIGEST_MAX]);

uint32_t pb_token(int version, uint64_t key);
uint64_t pb_idsn(int version, uint64_t key);

/* The 8 bytes of a v1 ADD_ADDR; @port 0 means none. */
void pb_add_addr_hmac(uint64_t own_key, uint64_t peer_key, uint8_t address_id, MpsAddress address,
                      uint16_t port, uint8_t out[8]);

/* @dsn is always the 64-bit value; @data_bytes as in the option, DATA_FIN octet included. */
uint16_t pb_dss_checksum(uint64_t dsn, uint32_t ssn, uint16_t data_bytes, const uint8_t *payload,
                         size_t payload_bytes);

/* ---- option encoders: append to @o, abort beyond 40 bytes ---- */

typedef struct {
    uint8_t bytes[40];
    uint8_t n;
} PbOptions;

enum { PB_CAPABLE_A = 0x80, PB_CAPABLE_C = 0x20, PB_CAPABLE_H = 0x01 };

typedef struct {
    bool has_map, has_checksum, data_fin;
    uint8_t ack_bytes; /* 0 (no DATA_ACK), 4, 8 */
    uint8_t dsn_bytes; /* 4, 8 */
    uint64_t data_ack;
    uint64_t dsn;
    uint32_t ssn;
    uint16_t data_bytes;
    uint16_t checksum;
} PbDss;

void pb_opt_raw(PbOptions *o, const void *bytes, size_t n_bytes);
void pb_opt_timestamp(PbOptions *o, uint32_t tsval, uint32_t tsecr); /* with two NOPs: 12 bytes */
/* @n_keys of @keys: 0 to 2; @data_bytes and @checksum are left out if negative. */
void pb_opt_capable(PbOptions *o, int version, uint8_t flags, int n_keys, const uint64_t *keys,
                    int data_bytes, int checksum);
void pb_opt_join_syn(PbOptions *o, bool backup, uint8_t address_id, uint32_t token, uint32_t nonce);
void pb_opt_join_synack(PbOptions *o, bool backup, uint8_t address_id, const uint8_t hmac[8],
                        uint32_t nonce);
void pb_opt_join_ack(PbOptions *o, const uint8_t hmac[20]);
void pb_opt_dss(PbOptions *o, const PbDss *dss);
/* @hmac NULL: a v0 option, or the echo of v1. */
void pb_opt_add_addr(PbOptions *o, int version, bool echo, uint8_t address_id, MpsAddress address,
                     uint16_t port, const uint8_t hmac[8]);
void pb_opt_remove_addr(PbOptions *o, const uint8_t *ids, size_t n_ids);
void pb_opt_prio(PbOptions *o, bool backup, int address_id); /* negative: none (v1) */
void pb_opt_fail(PbOptions *o, uint64_t dsn);
void pb_opt_fastclose(PbOptions *o, uint64_t receiver_key);
void pb_opt_tcprst(PbOptions *o, uint8_t flags, uint8_t reason);

/* ---- 2. packets and files ---- */

typedef enum {
    PB_RAW = 12,
    PB_ETHERNET = 1,
    PB_80211 = 105,
    PB_RADIOTAP = 127
} PbLink; /* libpcap's DLT_RAW (file: 101), DLT_EN10MB, DLT_IEEE802_11, _RADIO */

#define PB_HEADERS_MAX (14 + 40 + 60)

/* Encapsulations, each with what belongs to it: UDP, GRE, an Ethernet header within. */
typedef enum {
    PB_VLAN,
    PB_PPPOE,
    PB_MPLS,          /* a second label above */
    PB_MPLS_ETHERNET, /* with a control word */
    PB_GRE,           /* id 0: without key */
    PB_GRE_ETHERNET,
    PB_PPTP, /* GRE version 1 */
    PB_IP,   /* 4 or 41, as is within */
    PB_VXLAN,
    PB_GENEVE, /* with an option */
    PB_GTPU,   /* with an extension header */
    PB_ERSPAN_1,
    PB_ERSPAN_2,
    PB_ERSPAN_3, /* with a platform header */
} PbTunnelKind;

typedef struct {
    PbTunnelKind kind;
    uint32_t id;
    const char *src, *dst; /* ends, for those with an IP header */
} PbTunnel;

typedef struct {
    int64_t ts_ns;
    MpsEndpoint src, dst;
    uint32_t seq, ack;
    uint16_t window, urgent;
    uint16_t ip_id;
    uint8_t flags; /* MPS_TCP_ */
    uint8_t ttl;
    PbOptions options;      /* padded to a multiple of four by the writer */
    const uint8_t *payload; /* NULL: zeros */
    uint32_t payload_bytes;
    const PbTunnel *tunnels; /* outermost first */
    unsigned n_tunnels;
    bool backwards; /* from dst to src of the tunnels */
} PbPacket;

MpsAddress pb_address(const char *text); /* dotted quad or IPv6 */
MpsEndpoint pb_endpoint(const char *address, uint16_t port);

/* Writes the packet's first @out_bytes bytes (never less than PB_HEADERS_MAX) to @out.
 * Returns how many are there; *wire_bytes is the length on the wire. */
uint32_t pb_frame(PbLink link, const PbPacket *packet, uint8_t *out, uint32_t out_bytes,
                  uint32_t *wire_bytes);

/* build_tunnel.c: puts the tunnels and the header of @link, if it is not raw, in front of the @kept
 * bytes of an IP packet at @out; changes *wire_bytes, returns how many bytes are there now. */
uint32_t pb_wrap(PbLink link, const PbPacket *packet, uint8_t *out, uint32_t out_bytes,
                 uint32_t kept, uint32_t *wire_bytes);

typedef struct _PbCapture PbCapture;

/* Aborts if @path cannot be written.  @snaplen_bytes 0: whole packets. */
PbCapture *pb_capture_open(const char *path, PbLink link, uint32_t snaplen_bytes);
/* Another snapshot length for the next packets. */
void pb_capture_snap(PbCapture *self, uint32_t snaplen_bytes);
void pb_capture_write(PbCapture *self, const PbPacket *packet);
uint64_t pb_capture_packets(const PbCapture *self);
void pb_capture_close(PbCapture *self); /* aborts if not everything could be written */

/* ---- 3. the script ---- */

/* Sides in the words of the connection: in a join opened by the server, PB_SERVER sends the SYN. */
typedef enum { PB_CLIENT, PB_SERVER } PbSide;

static inline PbSide pb_peer(PbSide side)
{
    return side == PB_CLIENT ? PB_SERVER : PB_CLIENT;
}

typedef struct {
    PbCapture *capture;
    void *owned;     /* every PbConn and PbFlow */
    int64_t now_ns;  /* time of the next packet */
    int64_t step_ns; /* added after every packet */
    bool hidden;     /* packets are sent, but not captured */
    bool twice;      /* every packet is captured twice, the second time with a TTL one lower */
    uint64_t captured_payload_bytes[2]; /* by sending side, duplicates of the capture apart */
} PbNet;

typedef struct PbFlow PbFlow;

typedef struct {
    PbNet *net;
    PbFlow *initial; /* the first flow made */
    int version;
    bool checksum;         /* DSS checksums are in use */
    bool timestamps;       /* TCP time stamps on every packet; on by default */
    uint8_t capable_flags; /* of MP_CAPABLE, besides A and H */
    int n_flows;
    uint64_t key[2], idsn[2];
    uint32_t token[2];       /* token[s] is of key[s] */
    uint64_t next_offset[2]; /* data offset (DSN - IDSN - 1) of the next new byte */
    uint64_t received[2];    /* DATA_ACK of that side, as an offset in its peer's data */
    uint8_t dsn_bytes[2];    /* 4 or 8; by default 4 in version 0 and 8 in version 1 */
    uint8_t ack_bytes[2];    /* 0, 4 or 8 */
    uint16_t ip_id[2];       /* IPv4 identifications: one count per host, */
    bool ip_id_per_flow;     /* or one per host and flow, as Linux has it, */
    bool synack_id_0;        /* with 0 for the SYN/ACK, and any number to begin with behind it */
    bool fallen_back;        /* no MPTCP option is sent any more */
} PbConn;

struct PbFlow {
    PbConn *conn;
    PbSide opener; /* who sends the SYN */
    bool backup;
    bool stripped;       /* SYN/ACK and later packets carry no MPTCP option */
    bool forged_hmac[2]; /* that side sends a wrong MP_JOIN HMAC */
    MpsEndpoint at[2];
    uint8_t address_id[2];
    uint8_t ttl[2];
    uint16_t window[2]; /* unscaled */
    uint32_t isn[2], nonce[2], token;
    uint32_t tfo_bytes[2]; /* payload of the SYN, outside the subflow sequence numbers */
    uint32_t next_ssn[2];  /* of the next new byte; SYN is 0 */
    uint32_t received[2];  /* what that side acknowledges of its peer's SSNs; 0: nothing yet */
    uint32_t tsval[2];
    uint16_t ip_id[2];       /* see PbConn */
    const PbTunnel *tunnels; /* its packets are captured in, outermost first, from the client */
    unsigned n_tunnels;
};

typedef enum {
    PB_MAP_ALL,     /* on every packet of the span */
    PB_MAP_FIRST,   /* on the first packet only, as v0 with segmentation offload */
    PB_MAP_LAST,    /* on the last packet only: the mapping comes after its data */
    PB_MAP_NONE,    /* a DATA_ACK only, nothing at all after a fallback */
    PB_MAP_CAPABLE, /* v1: the mapping rides in MP_CAPABLE with data, on every packet */
} PbMapStyle;

/* A stretch of payload on one subflow: what it carries, how it is cut, how it is announced. */
typedef struct {
    PbFlow *flow;
    PbSide from;
    uint64_t offset; /* data offset of its first byte */
    uint32_t ssn;    /* of its first byte */
    uint32_t bytes;
    uint32_t segments; /* packets it is cut into, the last takes the rest */
    PbMapStyle style;
    uint64_t map_offset; /* the announced mapping; length 0 is the infinite mapping */
    uint32_t map_ssn;
    uint16_t map_bytes;
    bool data_fin;          /* the mapping counts one octet more */
    bool wrong_checksum;    /* as if a middlebox had changed the payload, */
    uint32_t dsn_added;     /* or had added that to the data sequence number */
    const uint8_t *payload; /* borrowed, for the whole mapping; NULL: a pattern of the offset */
} PbSpan;

PbNet *pb_net_open(const char *path, PbLink link, uint32_t snaplen_bytes, int64_t start_ns);
void pb_net_close(PbNet *net);
void pb_wait(PbNet *net, int64_t ns);

/* Connections and flows belong to the net.  ISNs and nonces are made from keys and ports. */
PbConn *pb_conn(PbNet *net, int version, uint64_t client_key, uint64_t server_key);
PbFlow *pb_flow(PbConn *conn, PbSide opener, const char *client_address, uint16_t client_port,
                const char *server_address, uint16_t server_port);

/* Opening: MP_CAPABLE on the first flow of a connection, MP_JOIN on all others. */
void pb_syn(PbFlow *flow);
void pb_syn_with_data(PbFlow *flow, uint32_t payload_bytes); /* TCP Fast Open, RFC 8684 B */
void pb_synack(PbFlow *flow);
void pb_third_ack(PbFlow *flow);
void pb_open(PbFlow *flow); /* all of it; for a join with the fourth ACK */

/* Data.  Planning takes sequence numbers; only pb_transmit() puts packets into the capture. */
PbSpan pb_plan(PbFlow *flow, PbSide from, uint32_t bytes);
PbSpan pb_plan_again(PbSpan span,
                     PbFlow *on); /* the same data under new subflow sequence numbers */
PbSpan pb_part(PbSpan span, uint32_t skip_bytes, uint32_t bytes); /* keeps the mapping */
PbSpan pb_own_map(PbSpan span); /* announces exactly what it carries */
void pb_transmit(PbSpan span);
PbSpan pb_send(PbFlow *flow, PbSide from, uint32_t bytes); /* one packet */
PbSpan pb_send_cut(PbFlow *flow, PbSide from, uint32_t bytes, uint32_t segments, PbMapStyle style);
PbSpan pb_send_last(PbFlow *flow, PbSide from, uint32_t bytes);     /* DATA_FIN with payload */
PbSpan pb_send_infinite(PbFlow *flow, PbSide from, uint32_t bytes); /* then falls back */
PbSpan pb_reinject(PbSpan span, PbFlow *on);
uint8_t pb_pattern(PbSide from, uint64_t offset); /* the payload byte where a span gives none */

/* A pure ACK for everything planned so far, or up to the given numbers. */
void pb_ack(PbFlow *flow, PbSide from);
void pb_ack_at(PbFlow *flow, PbSide from, uint32_t ssn, uint64_t offset);

/* Ends. */
void pb_data_fin(PbFlow *flow, PbSide from); /* on a packet without payload */
void pb_fin(PbFlow *flow, PbSide from);
void pb_fin_exchange(PbFlow *flow, PbSide first);
void pb_close(PbConn *conn); /* DATA_FINs, then FINs of the initial subflow, client first */
void pb_rst(PbFlow *flow, PbSide from, int reason); /* negative: without MP_TCPRST */
void pb_fastclose(PbFlow *flow, PbSide from, bool reset);
void pb_mp_fail(PbFlow *flow, PbSide from, uint64_t offset); /* in the data of its peer */

/* Addresses, priority, anything else: options on a pure ACK. */
void pb_add_addr(PbFlow *flow, PbSide from, uint8_t id, const char *address, uint16_t port);
void pb_add_addr_echo(PbFlow *flow, PbSide from, uint8_t id, const char *address, uint16_t port);
void pb_remove_addr(PbFlow *flow, PbSide from, uint8_t id);
void pb_prio(PbFlow *flow, PbSide from, bool backup);
void pb_raw(PbFlow *flow, PbSide from, uint8_t flags, const void *options, size_t n_bytes);
/* The next @bytes of payload, with these options only: no mapping unless they have it. */
void pb_raw_data(PbFlow *flow, PbSide from, uint32_t bytes, const PbOptions *options);

#endif
