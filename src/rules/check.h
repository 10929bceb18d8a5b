/* check.h - what the families of rules share: a packet in its context, what is kept of subflows and
 * connections, and how a family reports.  Nobody outside src/rules includes it.
 *
 * A family says of each application of a rule how it went:
 *   rule_pass()       it held
 *   rule_fault()      it was broken, with the packet, what was expected, what was seen
 *   rule_unchecked()  it applied, but evidence is missing
 * The verdict is settled when the connection is over (check_verdict.c): a violation becomes a
 * warning, or not checkable, where evidence that the fault needs turns out to be missing. */
#ifndef MPS_RULES_CHECK_H
#define MPS_RULES_CHECK_H

#include <mptcpscope/event.h>

#include "rules/rules.h"
#include "util/crypto.h"
#include "util/image.h"
#include "util/vantage.h"

typedef enum {
#define RULE(name, id, title, v1, v0, level, verdict, when, evidence) RULE_##name,
#include "rules/rules.def"
#undef RULE
    N_RULES
} RuleId;

/* Evidence a rule needs; NULL-able where a rule "needs" nothing. */
typedef enum {
    EV_OPT = 1 << 0,   /* the complete TCP options of the packet */
    EV_PAY = 1 << 1,   /* all payload bytes in question */
    EV_SYN = 1 << 2,   /* the SYN of the subflow */
    EV_HS = 1 << 3,    /* SYN and SYN/ACK of the initial subflow, with their options */
    EV_KEYS = 1 << 4,  /* both keys */
    EV_CSN = 1 << 5,   /* the checksum negotiation */
    EV_JHS = 1 << 6,   /* MP_JOIN SYN and SYN/ACK */
    EV_BID = 1 << 7,   /* both directions of the subflow */
    EV_ALL = 1 << 8,   /* all subflows of the connection */
    EV_NOGAP = 1 << 9, /* proof that no packet of the range is missing from the capture */
    EV_VTX = 1 << 10,  /* taken next to the sender of the packet at fault */
    EV_VRX = 1 << 11,  /* taken next to its receiver */
} Evidence;

typedef enum {
    VERDICT_PASS = 1,
    VERDICT_WARNING,
    VERDICT_VIOLATION,
    VERDICT_NOT_CHECKABLE,
} Verdict;
#define WARNING   VERDICT_WARNING
#define VIOLATION VERDICT_VIOLATION

typedef enum { SUSPECT_SENDER = 1, SUSPECT_RECEIVER, SUSPECT_PATH } Suspect;

/* Time limits of rules that wait for a reaction. */
#define MS_NS     ((int64_t)1000 * 1000)
#define SECOND_NS (1000 * MS_NS)
#define ANSWER_NS SECOND_NS        /* an answer to a signal, besides one RTT */
#define RTO_NS    (3 * SECOND_NS)  /* a retransmission of what is not acknowledged */
#define CLOSE_NS  (60 * SECOND_NS) /* the end of subflows after the end of the data */
#define ORDER_NS  MS_NS            /* stamps of different interfaces may be off by that much */
#define NO_RTT_NS (100 * MS_NS)    /* an RTT where none was measured */

typedef struct {
    int64_t ts_ns;
    uint64_t packet; /* 0: none */
    uint32_t capture_id;
} Place;

typedef struct _Check Check;
typedef struct _Flow Flow;

/* A mapping as it was announced: positions @begin to @end carry the data from @offset on. */
typedef struct {
    int64_t begin, end, offset, ts_ns;
} Mapped;

/* What a packet with a DSS says, besides its payload: the first line as in MpsEvent. */
typedef struct {
    int64_t map_offset, map_seq, data_ack, ack;
    uint64_t dsn;
    uint32_t ssn;
    uint16_t data_bytes, checksum, window;
    uint8_t flags; /* of the DSS */
} Numbers;

/* That many latest mappings are kept of each end. */
#define RECENT_MAPPINGS 32

/* One end of a subflow: what it sends.  Positions count as in MpsEvent.segment: the SYN is 0. */
typedef struct {
    bool has_syn;    /* captured, complete options */
    bool has_wscale; /* of its SYN */
    uint8_t wscale;  /* shift that applies to its windows: 0 unless both SYNs had the option */
    uint16_t mss;    /* of its SYN, 0 = none */
    uint32_t isn;
    uint32_t syn_bytes; /* payload of its SYN (TCP Fast Open) */
    uint32_t syn_taken; /* of them acknowledged by the SYN/ACK: subflow sequence numbers begin
                           behind them */
    int64_t next;       /* end of the highest segment seen */
    int64_t acked;      /* highest acknowledgement that it sent; 0 = none */
    int64_t acked_ns;   /* when it last acknowledged something, other than with a RST */
    Place fin, rst;     /* first of each */
    uint64_t n_packets; /* SYNs included */
    uint64_t n_data;    /* packets with payload */
    /* Whether IPv4 identifications prove that the capture lacks none of its packets so far (hosts
     * that count them up; a SYN/ACK and a RST may have 0). */
    bool complete;
    bool has_ip_id;
    bool ip_id_from_syn; /* of its SYN already; else one may be missing before its first packet */
    bool options_cut;    /* of some packet, or ambiguous: what they say is as good as missing */
    uint16_t ip_id;
    uint64_t n_next;      /* packets before which none of its own can be missing */
    uint16_t ip_id_step;  /* from the one before to the latest; 0: it was the first */
    uint32_t ip_id_bytes; /* payload of the packet with that identification */
    /* RFC 7323 time stamps: of its SYN or SYN/ACK, and of the latest packet with one. */
    bool has_syn_tsval;
    uint32_t syn_tsval, tsval;
    int64_t syn_tsval_ns, tsval_ns; /* when they were captured */
    Place last;                     /* its latest packet */
    /* Families that are quiet, bits (1 << FamilyId), while the check's epoch is that one; it is not
     * before a plain packet came. */
    unsigned quiet;
    uint64_t quiet_epoch;
    Numbers numbers; /* of its latest plain packet */
    /* Its latest mappings that differ from the one before, the newest at (n_mapped - 1) modulo
     * RECENT_MAPPINGS. */
    Mapped *recent; /* NULL = none; grows up to RECENT_MAPPINGS */
    uint64_t n_mapped;
    /* The latest mapping whose checksum is wrong in the capture, and the packet that completed it.
     * Family DSS sets it where rules read payload, before the later families see that packet. */
    bool has_failed_checksum;
    int64_t failed_begin, failed_end; /* data offsets, the DATA_FIN octet not counted */
    Place failed;
} End;

/* One subflow. */
struct _Flow {
    Check *check;
    const MpsSubflow *public;
    End end[2]; /* by MpsSide */
    /* First packet of each step of the handshake; third: the opener's first after the SYN/ACK;
     * fourth: the acceptor's first after the third that is not a RST. */
    Place syn, synack, third, fourth;
    /* The capture shows steps of the handshake in another order, or lacks one: nothing follows from
     * what comes first. */
    bool out_of_order;
    /* It has MP_CAPABLE or MP_JOIN and no payload: it was sent at once.  With payload another may
     * have gone before. */
    bool third_confirms;
    bool clashes; /* with an older subflow that was open: packets may be of either */
    bool reused;  /* by a connection whose SYN the capture lacks: nothing is judged any more */
};

/* One connection. */
struct _Check {
    MpsRules *rules;
    const MpsConnection *connection;
    uint32_t passed[N_RULES];
    uint32_t n_repeats;        /* packets that are Packet.repeats */
    uint16_t *missing;         /* [N_RULES]: Evidence that rule_unchecked() named; NULL = none */
    GArray *faults;            /* Fault; NULL = none */
    uint8_t n_faults[N_RULES]; /* kept one by one */
    uint64_t epoch; /* unique in the run; another one after each packet that is not plain, and after
                       each fault */
    bool has_mapped[2]; /* by sender: a mapping was seen */
    /* Set by the families for those after them. */
    bool keys_doubtful;  /* a key was contradicted: what is derived from it is not judged */
    bool unbased[2];     /* numbers of that side were seen before its IDSN was known, */
    bool base_moved;     /* and then it was: data offsets are not judged */
    bool based;          /* both IDSNs are known */
    bool fallen_back;    /* MPTCP was given up: only the rules of a fallback go on */
    Place fallback;      /* what made it so */
    uint32_t capture_id; /* of the latest packet */
    bool several_taps;   /* captures run side by side: the path may change packets between them */
    bool came_far[2];    /* a SYN or SYN/ACK of the host has a TTL that no host begins with */
    /* By sender: how far its first mapping is from IDSN + 1, and whether checksums show that the
     * data sequence numbers were changed by so much. */
    int64_t shift[2];
    bool shift_shown[2];
    bool has_checksum; /* the checksum negotiation is known, */
    bool checksum;     /* and this is its result */
};

/* A packet in its context. */
typedef struct {
    Check *check;
    Flow *flow;
    const MpsEvent *event; /* MPS_EV_SEGMENT */
    const MpsSegment *wire;
    MpsSide sender;
    /* As they were before this packet, but for has_syn, isn, wscale, mss, and complete: that counts
     * what is missing right before this packet. */
    End *sending, *peer;
    unsigned subtypes;               /* bit (1 << MpsSubtype) for each option with status OK */
    const MpsMptcpOption *dss;       /* the first with status OK, or NULL */
    bool syn, synack, ack, rst, fin; /* syn: SYN without ACK; synack: with */
    bool options_whole;              /* not cut by the capture, not malformed */
    bool has_unwhole;                /* some MPTCP option has another status than OK */
    bool ambiguous; /* several DSS: none is taken for true, only OPT-06 is said of the packet */
    bool again;     /* carries only sequence space that was seen before: a retransmission */
    /* As most packets of a transfer are: whole, no SYN, FIN, RST or URG, no MPTCP option but one
     * DSS, and that without DATA_FIN or infinite mapping, reserved bits or numbers below the IDSN;
     * with numbers near those before; not the first mapping of its sender, nor its first payload on
     * the subflow, which clashes with none; MPTCP is in use. */
    bool plain;
    bool repeats; /* the numbers of the one before of its sender on the subflow, while all families
                     are quiet that can be: nothing is to be noted */
} Packet;

/* A family of rules.  Its state is zeroed memory: one per run, per connection, per subflow. */
typedef struct {
    size_t run_bytes, check_bytes, flow_bytes;
    const MpsLink *run_links, *check_links, *flow_links; /* of these states */
    /* What the links of the run's state leave to it (MPS_LINK_OTHER), behind all connections. */
    void (*image_run)(MpsRules *rules, MpsImage *image);
    /* Each captured segment of a subflow that the family may say something of; the tracked state is
     * that before the segment. */
    void (*segment)(const Packet *packet);
    /* Asked behind a plain packet: whether the family has nothing to judge in the plain packets of
     * this sender on this subflow any more, whatever plain ones come from others, until there is
     * one that is not plain, a signal or a fault in the connection, or wake_families() is called.
     * NULL: never. */
    bool (*is_quiet)(const Packet *packet);
    /* Instead of @segment while it is quiet: what is to be kept of a plain packet, unless it
     * repeats the one before.  NULL: nothing. */
    void (*note)(const Packet *packet);
    /* MPS_EV_SIGNAL; or NULL. */
    void (*signal)(Check *check, Flow *flow, const MpsEvent *event);
    /* The connection is over: what only the end decides; or NULL.  check_flows() iterates. */
    void (*finish)(Check *check);
    /* Releases what the states own; or NULL. */
    void (*clear_flow)(Flow *flow);
    void (*clear_check)(Check *check);
    void (*clear_run)(MpsRules *rules);
} Family;

typedef enum {
#define FAMILY(name, quiet) FAMILY_##name,
#include "rules/families.def"
#undef FAMILY
    N_FAMILIES
} FamilyId;

#define FAMILY(name, quiet) extern const Family mps_rules_##name;
#include "rules/families.def"
#undef FAMILY

struct _MpsRules {
    MpsRuleOptions options;
    int64_t now_ns;
    GArray *holes;   /* int64_t: when the capture paused, in order of time */
    uint64_t epochs; /* given to checks so far */
    /* Of the connections judged so far: packets before which none of their sender can be missing;
     * times at which some are. */
    uint64_t n_next, n_broken;
    unsigned ever_quiet; /* families that have is_quiet, bits (1 << FamilyId) */
    char *states;
    size_t check_bytes, flow_bytes; /* with all families' states */
    GPtrArray *checks, *flows;      /* blocks of that size, to be used again */
    struct {
        size_t run, check, flow;
    } at[N_FAMILIES]; /* where theirs begin: behind the Check or Flow, in the same block */
};

static inline const MpsRuleOptions *rules_options(const MpsRules *rules)
{
    return &rules->options;
}

/* What families said of plain packets of the connection holds no longer. */
static inline void wake_families(Check *check)
{
    check->epoch = ++check->rules->epochs;
}

/* The states of a family; several times a packet. */
static inline void *run_state(const MpsRules *rules, FamilyId family)
{
    return rules->states + rules->at[family].run;
}
static inline void *check_state(const Check *check, FamilyId family)
{
    return (char *)check + check->rules->at[family].check;
}
static inline void *flow_state(const Flow *flow, FamilyId family)
{
    return (char *)flow + flow->check->rules->at[family].flow;
}

/* A part of a state that few connections or subflows need, which is at *part: made of @n_bytes
 * zeros when it is first asked for.  The family frees it. */
static inline void *rare_state(void **part, size_t n_bytes)
{
    if (!*part)
        *part = g_malloc0(n_bytes);
    return *part;
}

/* The flow of @subflow; NULL if no segment of it was seen. */
static inline Flow *flow_of(const MpsSubflow *subflow)
{
    return subflow->check;
}

/* Number of subflows of the connection, and each of them (NULL if no segment of it was seen).  One
 * may have come from another connection, without a segment since. */
static inline guint check_n_flows(const Check *check)
{
    return check->connection->subflows->len;
}
static inline Flow *check_flow(const Check *check, guint index)
{
    Flow *flow = flow_of(g_ptr_array_index(check->connection->subflows, index));

    if (flow)
        flow->check = check->connection->check;
    return flow;
}

static inline MpsSide other(MpsSide side)
{
    return side == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
}

/* ---- packets ---- */

/* The first option of @subtype that is whole, or NULL. */
const MpsMptcpOption *packet_find_option(const Packet *packet, MpsSubtype subtype);
static inline const MpsMptcpOption *packet_option(const Packet *packet, MpsSubtype subtype)
{
    return packet->subtypes & 1u << subtype ? packet_find_option(packet, subtype) : NULL;
}

/* Whether @option fits into the header, but its length not to its subtype. */
bool option_is_misshapen(const Packet *packet, const MpsMptcpOption *option);

/* The first option of @subtype whose length does not fit it, or NULL.  As long as the version is
 * not known, on packets after the SYNs, OPT-03 takes care of it and this returns NULL. */
const MpsMptcpOption *packet_find_misshapen(const Packet *packet, MpsSubtype subtype);
static inline const MpsMptcpOption *packet_misshapen(const Packet *packet, MpsSubtype subtype)
{
    return packet->has_unwhole ? packet_find_misshapen(packet, subtype) : NULL;
}

static inline Place packet_place(const Packet *packet)
{
    return (Place){packet->wire->ts_ns, packet->wire->packet, packet->wire->capture_id};
}

/* Payload bytes that the mapping of @option counts, the DATA_FIN octet left out. */
static inline uint32_t mapped_bytes(const MpsMptcpOption *option)
{
    return option->dss.has_map ? option->dss.data_bytes -
                                     (uint32_t)(option->dss.data_fin && option->dss.data_bytes > 0)
                               : 0;
}

/* Whether @packet is the first of its sender on the subflow after both SYNs. */
bool packet_is_third(const Packet *packet);

/* Whether the receiver of @packet has to take it for out of its window (RFC 9293 section
 * 3.10.7.4). */
bool packet_is_out_of_window(const Packet *packet);

/* What the time stamps of @packet tell of when it was built. */
typedef enum {
    ECHO_NONE,  /* nothing: not both SYN and it have them */
    ECHO_SYN,   /* its sender may have got nothing of its peer but the SYN or SYN/ACK */
    ECHO_LATER, /* it had got more */
} Echo;
Echo packet_echo(const Packet *packet);

/* When a packet of @side can be captured at the earliest that it sent after it got what follows the
 * SYN/ACK of @flow: the third packet, or an answer to that.  Before it the captured packets are all
 * that it can know of, whatever the capture lacks.  0: that cannot be told. */
int64_t flow_unanswered_until_ns(const Flow *flow, MpsSide side);

/* Whether packets that @side sends an RTT after its SYN or SYN/ACK have another time stamp for
 * sure: who echoes that of the SYN (ECHO_SYN) has got none of them. */
bool flow_stamps_differ(const Flow *flow, MpsSide side);

static inline bool packet_is_pure_ack(const Packet *packet)
{
    return packet->ack && !packet->syn && !packet->synack && !packet->rst && !packet->fin &&
           packet->wire->payload_bytes == 0;
}

/* ---- time ---- */

/* Smallest RTT measured on the subflow, or NO_RTT_NS. */
int64_t flow_rtt_ns(const Flow *flow);
/* How long hosts take at most to do what they do at once, on @flow: some RTTs of the whole way. */
int64_t flow_at_once_ns(const Flow *flow);
/* How long the capture goes on without a pause that was running at @since_ns: up to the latest
 * packet of the whole run, mostly. */
int64_t check_until_ns(const Check *check, int64_t since_ns);
/* Whether @subflow can still carry packets of @side: no RST, no FIN of that side so far. */
bool flow_is_open(const Flow *flow, MpsSide side);
/* Whether the subflow was established at @ts_ns, and nobody had sent a FIN or RST. */
bool flow_was_open(const Flow *flow, int64_t ts_ns);

/* ---- crypto, from the keys in the capture ---- */

/* Whether the capture has the initial subflow; one seen from its middle may have moved to another
 * connection, and this one be left with none. */
bool check_has_initial(const Check *check);

/* Both keys and the version are known, and nothing contradicts them. */
bool check_has_keys(const Check *check);

/* ---- evidence ---- */

/* Where the capture was taken: as the user says, else as handshakes and hop limits tell so far.  0:
 * not known. */
MpsVantage check_vantage(const Check *check);
/* The host next to which a capture of @vantage was taken. */
static inline MpsSide vantage_side(MpsVantage vantage)
{
    return vantage == MPS_VANTAGE_CLIENT   ? MPS_CLIENT
           : vantage == MPS_VANTAGE_SERVER ? MPS_SERVER
                                           : MPS_NOBODY;
}
/* Whether it was taken next to @side. */
bool check_is_near(const Check *check, MpsSide side);
/* Who is to blame for what a middlebox may have changed. */
static inline Suspect check_suspect(const Check *check, MpsSide sender)
{
    return check_is_near(check, sender) ? SUSPECT_SENDER : SUSPECT_PATH;
}

/* Whether the capture holds every packet that the end has sent so far, with its options, as far as
 * can be proved. */
static inline bool end_is_complete(const End *end)
{
    return end->complete && end->has_ip_id && !end->options_cut;
}

/* The same for all subflows of @side. */
bool side_is_complete(const Check *check, MpsSide side);

/* Whether options were cut from a packet of @side, on any subflow. */
bool side_is_cut(const Check *check, MpsSide side);

/* ---- reports ---- */

typedef struct {
    RuleId rule;
    Verdict verdict; /* WARNING or VIOLATION; 0: by the rule's level */
    bool tolerated;  /* a deviation of widely deployed stacks: a violation in the strict profile */
    Suspect suspect; /* 0: sender */
    MpsSide host;    /* who is suspected, if a host is; MPS_NOBODY by the packet's sender */
    bool has_host;
    const char *field;     /* static: what was looked at */
    char *expected, *seen; /* owned, made with text(); NULL: nothing to say */
    Place earlier;         /* the packet that created the state; or none */
    unsigned needs;        /* Evidence besides what the family checked: EV_ALL, EV_NOGAP, EV_VTX,
                              EV_VRX; missing at the end: less than a violation */
    bool unproven;         /* never more than a warning: there may be another reason for it */
    bool unseen; /* rests on the absence of a packet, which the capture may lack: a warning, unless
                    nothing is missing from it anywhere */
    /* Filled by rule_fault(). */
    Place place;
    const MpsSubflow *subflow;
    uint64_t subflow_id;
    MpsSide sender; /* of the packet at fault: EV_VTX and EV_VRX are about it */
    uint32_t count;
} Fault;

/* A function that only faults need: it stays out of the way of the many packets that have none. */
#define FOR_FAULTS __attribute__((cold, noinline))

/* printf() into a string that a Fault owns. */
char *text(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* The rule applied to @packet and held. */
static inline void rule_pass(Check *check, RuleId rule)
{
    check->passed[rule]++;
}

/* The rule was broken by @packet.  Takes @fault's strings. */
void rule_fault(const Packet *packet, Fault fault);

/* Counts a pass unless @broken, so that texts are only made for faults:
 *   if (rule_broken(packet, RULE_X, condition))
 *       rule_fault(packet, (Fault){.rule = RULE_X, .field = ..., .seen = text(...)}); */
static inline bool rule_broken(const Packet *packet, RuleId rule, bool broken)
{
    if (!broken)
        rule_pass(packet->check, rule);
    return broken;
}

/* The same for what is found out later than at the packet, or of no packet: at @place of @subflow
 * (NULL: of no single one), sent by @sender. */
void rule_fault_at(Check *check, const MpsSubflow *subflow, MpsSide sender, Place place,
                   Fault fault);

/* The rule applied, but @missing (Evidence) is not in the capture. */
static inline void rule_unchecked(Check *check, RuleId rule, unsigned missing)
{
    if (!check->missing)
        check->missing = g_new0(uint16_t, N_RULES);
    check->missing[rule] |= (uint16_t)missing;
}

/* Whether the rule was broken already in this connection: for rules that need not cascade. */
static inline bool rule_is_broken(const Check *check, RuleId rule)
{
    return check->n_faults[rule] > 0;
}

/* Whether any of the rules from @first to @last was. */
static inline bool any_rule_is_broken(const Check *check, RuleId first, RuleId last)
{
    for (int rule = (int)first; rule <= (int)last; rule++)
        if (check->n_faults[rule] > 0)
            return true;
    return false;
}

#endif
