/* mpc.h - what the files of family MPC share: what the MP_CAPABLE options of a connection said. */
#ifndef MPS_RULES_MPC_H
#define MPS_RULES_MPC_H

#include "rules/check.h"

/* Flags of MP_CAPABLE (RFC 8684 section 3.1).  D-G have no algorithm; version 0 has none for C. */
enum { CAPABLE_A = 0x80, CAPABLE_B = 0x40, CAPABLE_C = 0x20, CAPABLE_H = 0x01 };

/* One MP_CAPABLE. */
typedef struct {
    Place place; /* of the first one, packet 0: none */
    uint64_t key;
    uint32_t isn;      /* of the packet, where it is a SYN */
    unsigned n_syns;   /* SYNs captured before it */
    uint32_t answered; /* time stamp of the SYN that a SYN/ACK answers; 0: none */
    uint8_t version, flags;
    bool has_key;
} Said;

/* What the IPv4 identifications say of the packet before one. */
typedef enum {
    IDS_PENDING, /* that one has not come yet */
    IDS_UNKNOWN, /* the sender does not count them up, or it is IPv6 */
    IDS_GAP,     /* the capture lacks something in between */
    IDS_NEXT,    /* it is the sender's next packet, and nothing was missing before */
} Ids;

/* SYN/ACKs with different sequence numbers: a listener that keeps no state may send such. */
enum { SYNACKS_KEPT = 4 };

/* One step of the handshake, for MPC-20: an MP_CAPABLE that has to be ignored, and no right one. */
typedef struct {
    Place bad;
    const char *why;
    bool good;
} Step;

typedef struct {
    Said syn, ack; /* ack: the initiator's first one after its SYN */
    Said synack[SYNACKS_KEPT];
    unsigned n_synacks, n_syns, n_offers; /* offers: SYNs with MP_CAPABLE */
    uint8_t offered;                      /* highest version of all SYNs */
    bool syn_unread;                      /* a SYN whose options are cut */
    bool has_plain_stamp;
    uint32_t plain_stamp; /* TCP time stamp of a SYN without MP_CAPABLE */
    /* Another key than that of connection->side was seen: in a SYN/ACK; in any other packet. */
    bool varied, contradicted, confirmed;
    Step step[3];
    bool first_data_seen, data_acked;
    bool third_proven; /* IPv4 identifications: it is the first after the SYN */
    Place plain_third; /* MPC-15 */
    /* MPC-16, MPC-22: what the other side's next packet shows of the time before. */
    Place unproved_data, early_data_ack;
    Ids before_data, before_data_ack;
    Echo data_echo;
} MpcFlow;

enum { STEP_SYN, STEP_SYNACK, STEP_ACK };

typedef struct _LiveKey LiveKey;

/* The latest keys of a host.  Hosts that fall into the same place forget each other. */
enum { HOSTS_KEPT = 256 };

typedef struct {
    MpsAddress address;
    unsigned n_keys;
    uint64_t key, step; /* @step: to @key from the one before */
} HostKeys;

/* Per run, for MPC-14: keys of the connections in memory, and of the hosts seen lately. */
typedef struct {
    GHashTable *live; /* token -> LiveKey */
    HostKeys host[HOSTS_KEPT];
} MpcRun;

typedef struct {
    bool inferred;     /* the checksum negotiation is known from a DSS only */
    bool contradicted; /* it is unknown for good */
    LiveKey *live[2];
    bool listener_proved; /* that it has the initiator's key */
    bool said[2];         /* an MP_CAPABLE of that side was seen */
    Place no_join[2];     /* flag C, by who set it */
    bool announced[2];    /* the address of its end of the initial subflow, in an ADD_ADDR */
} MpcCheck;

/* Of the initial subflow; others only need it if an MP_CAPABLE goes astray there. */
static inline MpcFlow *mpc_flow(const Flow *flow)
{
    return rare_state(flow_state(flow, FAMILY_mpc), sizeof(MpcFlow));
}

static inline MpcCheck *mpc_check(const Check *check)
{
    return check_state(check, FAMILY_mpc);
}

static inline bool from_initiator(const Packet *packet)
{
    return packet->sender == packet->flow->public->opened_by;
}

/* An MP_CAPABLE of any of the handshake's packets on the initial subflow. */
static inline bool in_handshake(const Packet *packet)
{
    return packet->flow->public->kind == MPS_KIND_INITIAL &&
           (packet->synack ? !from_initiator(packet) : from_initiator(packet));
}

bool mpc_same_address(const MpsAddress *a, const MpsAddress *b);

/* mpc_keys.c: keys, the checksum flag, and what follows from them. */
void mpc_take_capable(const Packet *packet, const MpsMptcpOption *capable);
void mpc_infer_checksum(const Packet *packet);
void mpc_keys_finish(Check *check);
void mpc_keys_clear(Check *check);
void mpc_keys_clear_run(MpsRules *rules);
void mpc_keys_image_run(MpsRules *rules, MpsImage *image);

/* mpc_course.c: what has to follow an MP_CAPABLE, or must not.  @capable may be misshapen. */
void mpc_course_segment(const Packet *packet, const MpsMptcpOption *capable);
/* Whether plain packets on the initial subflow @flow decide nothing any more. */
bool mpc_course_is_over(const Flow *flow);
void mpc_course_finish(Check *check);

#endif
