/* rules_rst.c - RST: MP_TCPRST, why a subflow was reset (RFC 8684 section 3.6). */
#include "rules/check.h"

#include <string.h>

/* Reason codes. */
enum {
    REASON_UNSPECIFIED = 0,
    REASON_MPTCP = 1,
    REASON_PROHIBITED = 3,
    REASON_OUTSTANDING = 4,
    REASON_MIDDLEBOX = 6,
    REASON_LAST = 6,
};

/* A subflow that was refused for good, to one who might try again. */
typedef struct {
    Place place;
    MpsEndpoint end[2];
    MpsSide told;
    bool same_port; /* it had opened that subflow: the port counts, too */
} Refusal;

/* The newest are kept. */
enum { MOST_REFUSALS = 8 };

typedef struct {
    unsigned n_refusals;
    Refusal *refusals; /* NULL = none */
} CheckState;

typedef struct {
    Place plain_synack; /* without MP_JOIN */
    Place reasoned[2];  /* first RST with MP_TCPRST of each host */
} FlowState;

/* ---- the option ---- */

static void check_form(const Packet *packet, const MpsMptcpOption *option, bool misshapen)
{
    const bool flags = option->byte2 & 0x0e;
    const char *field = misshapen      ? "length of MP_TCPRST"
                        : !packet->rst ? "carrier of MP_TCPRST"
                                       : "flags U, V and W of MP_TCPRST";

    if (!rule_broken(packet, RULE_RST_01, misshapen || !packet->rst || flags))
        return;
    rule_fault(packet, (Fault){.rule = RULE_RST_01,
                               .field = field,
                               .expected = text(misshapen      ? "4"
                                                : !packet->rst ? "RST"
                                                               : "0"),
                               .seen = misshapen      ? text("%u", option->length)
                                       : !packet->rst ? text("no RST")
                                                      : text("0x%x", option->byte2 & 0x0eu)});
}

static void check_reason(const Packet *packet, uint8_t reason)
{
    if (rule_broken(packet, RULE_RST_02, reason > REASON_LAST))
        rule_fault(packet, (Fault){.rule = RULE_RST_02,
                                   .verdict = WARNING,
                                   .field = "reason of MP_TCPRST",
                                   .expected = text("0 to %d", REASON_LAST),
                                   .seen = text("%u", reason)});
}

/* ---- the cause ---- */

typedef struct {
    const char *words; /* NULL: unknown */
    uint8_t reason, or_reason;
    Place earlier;
} Cause;

/* Whether @rule was broken by what the other host sent on @flow. */
static bool was_broken(const Flow *flow, RuleId rule, MpsSide by)
{
    const GArray *faults = flow->check->faults;

    for (guint i = 0; faults && i < faults->len; i++) {
        const Fault *fault = &g_array_index(faults, Fault, i);

        if (fault->rule == rule && fault->subflow_id == flow->public->id && fault->sender == by)
            return true;
    }
    return false;
}

/* What made the sender of @packet reset the subflow, as far as the capture shows it. */
static Cause cause_of(const Packet *packet)
{
    const Flow *flow = packet->flow;
    const FlowState *state = flow_state(flow, FAMILY_rst);
    const MpsSide peer = other(packet->sender);
    const bool join = flow->public->kind == MPS_KIND_JOIN;
    const bool opener = packet->sender == flow->public->opened_by;

    if (packet->subtypes & 1u << MPS_MP_FAIL)
        return (Cause){"a wrong DSS checksum", REASON_MIDDLEBOX, REASON_MIDDLEBOX, {0}};
    if (packet->subtypes & 1u << MPS_MP_FASTCLOSE)
        return (Cause){0};
    if (packet->peer->has_failed_checksum)
        return (Cause){"a wrong DSS checksum", REASON_MIDDLEBOX, REASON_MIDDLEBOX,
                       packet->peer->failed};
    if (was_broken(flow, RULE_DSS_03, peer))
        return (Cause){"a DSS checksum where none is agreed, or none where one is",
                       REASON_MPTCP,
                       REASON_MPTCP,
                       {0}};
    if (!join || packet->check->keys_doubtful)
        return (Cause){0};
    if (!opener && (was_broken(flow, RULE_SEC_01, peer) || packet->check->connection->id == 0))
        return (Cause){"an unknown token", REASON_MPTCP, REASON_PROHIBITED, flow->syn};
    if (opener && state->plain_synack.packet)
        return (Cause){"a SYN/ACK without MP_JOIN", REASON_MPTCP, REASON_MIDDLEBOX,
                       state->plain_synack};
    if (flow->public->side[peer].hmac == MPS_HMAC_INVALID ||
        was_broken(flow, opener ? RULE_SEC_03 : RULE_SEC_04, peer))
        return (Cause){"a wrong HMAC", REASON_MPTCP, REASON_MPTCP,
                       opener ? flow->synack : flow->third};
    return (Cause){0};
}

static void check_cause(const Packet *packet, uint8_t reason)
{
    const Cause cause = cause_of(packet);

    if (!cause.words)
        return;
    if (rule_broken(packet, RULE_RST_04,
                    reason != REASON_UNSPECIFIED && reason != cause.reason &&
                        reason != cause.or_reason))
        rule_fault(packet, (Fault){.rule = RULE_RST_04,
                                   .field = "reason of MP_TCPRST",
                                   .expected = text("%u after %s", cause.reason, cause.words),
                                   .seen = text("%u", reason),
                                   .earlier = cause.earlier});
}

/* ---- permanent means no retry ---- */

static void note_refusal(const Packet *packet, const MpsMptcpOption *option, CheckState *state)
{
    const Flow *flow = packet->flow;
    const MpsSide told = other(packet->sender);

    if (option->tcprst.flags & 1 || option->tcprst.reason == REASON_UNSPECIFIED ||
        option->tcprst.reason == REASON_OUTSTANDING)
        return;
    if (!state->refusals)
        state->refusals = g_new0(Refusal, MOST_REFUSALS);
    state->refusals[state->n_refusals++ % MOST_REFUSALS] =
        (Refusal){.place = packet_place(packet),
                  .end = {flow->public->end[0], flow->public->end[1]},
                  .told = told,
                  .same_port = told == flow->public->opened_by};
}

static bool same_address(const MpsAddress *a, const MpsAddress *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool is_retry(const Refusal *refusal, const MpsSubflow *subflow)
{
    const MpsSide peer = other(refusal->told);

    return refusal->place.packet &&
           same_address(&refusal->end[0].address, &subflow->end[0].address) &&
           same_address(&refusal->end[1].address, &subflow->end[1].address) &&
           (!refusal->same_port || refusal->end[peer].port == subflow->end[peer].port);
}

/* A join of @packet's sender.  One that JOIN-16 has called a retry needs no second verdict. */
static void check_retry(const Packet *packet, CheckState *state)
{
    for (unsigned i = 0; i < MIN(state->n_refusals, MOST_REFUSALS); i++) {
        Refusal *refusal = &state->refusals[i];

        if (packet->sender != refusal->told || !is_retry(refusal, packet->flow->public))
            continue;
        if (!was_broken(packet->flow, RULE_JOIN_16, packet->sender))
            rule_fault(packet, (Fault){.rule = RULE_RST_03,
                                       .field = "join between addresses that were refused for good",
                                       .expected = text("none"),
                                       .seen = text("MP_JOIN"),
                                       .earlier = refusal->place});
        refusal->place.packet = 0;
        return;
    }
}

/* The refusing host announces an address: that is welcome again. */
static void forget_refusals(const Packet *packet, const MpsMptcpOption *option, CheckState *state)
{
    for (unsigned i = 0; i < MIN(state->n_refusals, MOST_REFUSALS); i++) {
        Refusal *refusal = &state->refusals[i];

        if (refusal->told != packet->sender &&
            same_address(&refusal->end[packet->sender].address, &option->add_addr.address))
            refusal->place.packet = 0;
    }
}

static void take_reset(const Packet *packet, const MpsMptcpOption *option, CheckState *state)
{
    FlowState *flow = flow_state(packet->flow, FAMILY_rst);

    check_reason(packet, option->tcprst.reason);
    if (!packet->rst || flow->reasoned[packet->sender].packet)
        return;
    flow->reasoned[packet->sender] = packet_place(packet);
    check_cause(packet, option->tcprst.reason);
    if (!packet->peer->rst.packet) /* a RST that answers a RST refuses nothing */
        note_refusal(packet, option, state);
}

static void note_synack(const Packet *packet)
{
    FlowState *flow = flow_state(packet->flow, FAMILY_rst);
    const bool plain = packet->options_whole && packet->wire->n_mptcp == 0;

    if (packet->flow->public->kind == MPS_KIND_JOIN)
        flow->plain_synack = plain ? packet_place(packet) : (Place){0};
}

static void segment(const Packet *packet)
{
    CheckState *state = check_state(packet->check, FAMILY_rst);

    if (packet->synack)
        note_synack(packet);
    if (packet->wire->n_mptcp == 0)
        return;
    if (packet->syn && packet->subtypes & 1u << MPS_MP_JOIN && !packet->again &&
        state->n_refusals > 0)
        check_retry(packet, state);
    if (packet->subtypes & 1u << MPS_ADD_ADDR && state->n_refusals > 0) {
        const MpsMptcpOption *add_addr = packet_option(packet, MPS_ADD_ADDR);

        if (!add_addr->add_addr.echo)
            forget_refusals(packet, add_addr, state);
    }
    if (packet->check->connection->version == 0)
        return; /* has no MP_TCPRST: OPT-09 */

    const MpsMptcpOption *misshapen = packet_misshapen(packet, MPS_MP_TCPRST);
    const MpsMptcpOption *option = packet_option(packet, MPS_MP_TCPRST);

    if (misshapen || option)
        check_form(packet, misshapen ? misshapen : option, misshapen);
    if (option)
        take_reset(packet, option, state);
}

static void finish(Check *check)
{
    const CheckState *state = check_state(check, FAMILY_rst);

    for (unsigned i = 0; i < MIN(state->n_refusals, MOST_REFUSALS); i++)
        if (state->refusals[i].place.packet)
            rule_pass(check, RULE_RST_03);
}

/* Only resets, joins and other options matter. */
static bool is_quiet(const Packet *packet)
{
    (void)packet;
    return true;
}

static void clear_check(Check *check)
{
    CheckState *state = check_state(check, FAMILY_rst);

    g_free(state->refusals);
}

static const MpsLink check_links[] = {
    MPS_ITEMS(CheckState, refusals, MOST_REFUSALS, NULL),
    {0},
};

const Family mps_rules_rst = {
    .check_bytes = sizeof(CheckState),
    .flow_bytes = sizeof(FlowState),
    .check_links = check_links,
    .segment = segment,
    .is_quiet = is_quiet,
    .finish = finish,
    .clear_check = clear_check,
};
