/* join_state.h - what family JOIN keeps, for its files. */
#ifndef MPS_RULES_JOIN_STATE_H
#define MPS_RULES_JOIN_STATE_H

#include "rules/join.h"

/* An address that a host named with an ID: by ADD_ADDR, or as the source of a join. */
typedef struct {
    MpsSide side;
    uint8_t id;
    bool announced, has_port;
    uint16_t port;
    MpsAddress address;
    Place place;
} Named;

/* Addresses of a connection that are remembered. */
enum { MOST_NAMED = 64 };
/* Earlier subflows that a join is compared with. */
enum { MOST_COMPARED = 64 };

typedef struct {
    Place first_dss[2]; /* by its sender; of the client, MP_CAPABLE after the SYN counts */
    Place add_addr[2];  /* the first whose HMAC is not known to be wrong */
    bool options_cut;
    bool has_fin[2], fin_acked[2];
    int64_t fin_end[2];    /* data offset behind the DATA_FIN */
    bool removed_first[2]; /* REMOVE_ADDR of ID 0 */
    const char *ended;     /* static: why no join may follow; NULL: it may */
    Place ended_at;
    bool ended_unsure; /* by the absence of options */
    GArray *named;     /* Named; NULL = none */
} JoinCheck;

typedef enum { ANSWER_NONE, ANSWER_RST, ANSWER_JOIN, ANSWER_PLAIN, ANSWER_CUT } Answer;

/* An ID and an address that do not go together. */
typedef struct {
    RuleId rule;
    MpsSide side; /* MPS_NOBODY with no place: none */
    uint8_t id;
    MpsAddress before, now;
    Place place, earlier;
} Conflict;

typedef struct {
    bool has_syn, has_synack, has_ack; /* their options */
    uint32_t token, nonce[2], synack_seq;
    uint8_t syn_id, synack_id, synack_hmac[8], ack_hmac[20];
    unsigned n_syns;
    int64_t last_syn_ns;

    bool early, early_announced; /* JOIN-04: no DSS came before; but an ADD_ADDR did */
    bool early_provable;
    bool translated;   /* shown on other addresses before: taken on both sides of a NAT */
    bool to_announced; /* it goes to an address that was announced */
    const Flow *clash; /* JOIN-15: a live subflow with the same addresses and ports; NULL: none */
    bool clash_lives;  /* its opener went on */
    Conflict conflict; /* JOIN-12, JOIN-13 */

    Answer answer; /* to the SYN */
    Place answer_at;
    bool transient, reasoned;     /* MP_TCPRST of an ANSWER_RST */
    const char *unverified;       /* static: why the SYN/ACK is no good; NULL */
    bool wrong_synack, wrong_ack; /* the HMAC */
    bool opener_reacted, acceptor_reacted;

    bool ack_cut;                /* the MP_JOIN may have been cut off some packet */
    unsigned n_bare, n_acks;     /* packets of the opener without and with it */
    Place first_ack, early_data; /* early_data: before the other side had agreed */
    MpsSide early_by;
    bool ack_provable, early_data_provable;
    Echo early_echo;        /* of the early data */
    int64_t agreed_late_ns; /* how long behind it the other side agreed; 0: it did not */
    bool answered;          /* the fourth packet, or a RST, came */
    bool over;              /* either side gave up, or all is settled */
    int64_t given_up_ns;    /* when the opener closed it, nothing being settled; 0: it did not */
} JoinFlow;

/* The state of a joined subflow; the initial one needs none. */
static inline JoinFlow *join_flow(const Flow *flow)
{
    return rare_state(flow_state(flow, FAMILY_join), sizeof(JoinFlow));
}

/* join_place.c: where joins come from and go to, and when. */
void join_follow(const Packet *packet, JoinCheck *all);
void join_signal(Check *check, Flow *flow, const MpsEvent *event);
void join_place_syn(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state);
void join_place_synack(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state);
void join_place_later(const Packet *packet, JoinFlow *state);
void join_place_finish(Check *check, const Flow *flow, const JoinFlow *state);
void join_place_end(Check *check);
/* Whether @flow was opened after the end of its connection, beyond doubt. */
bool join_is_after_end(const Flow *flow, const JoinCheck *all);

/* join_reaction.c: what has to follow. */
void join_take_synack(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state);
void join_take_opener(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state);
void join_take_acceptor(const Packet *packet, JoinFlow *state);
void join_reaction_finish(Check *check, const Flow *flow, const JoinFlow *state);

#endif
