/* rules_join.c - JOIN: MP_JOIN (RFC 8684 section 3.2).  The form of its options is judged here;
 * what follows from them in join_reaction.c, who joins whom in join_place.c. */
#include <string.h>

#include "rules/join_state.h"

/* ---- form ---- */

typedef struct {
    RuleId rule;
    uint8_t length;
    uint8_t reserved2, reserved3; /* bits of bytes 2 and 3 */
} Form;

static Form form_of(const Packet *packet)
{
    if (packet->syn)
        return (Form){RULE_JOIN_01, MPS_JOIN_SYN, 0x0e, 0};
    if (packet->synack)
        return (Form){RULE_JOIN_02, MPS_JOIN_SYNACK, 0x0e, 0};
    return (Form){RULE_JOIN_03, MPS_JOIN_ACK, 0x0f, 0xff};
}

static void check_form(const Packet *packet, const MpsMptcpOption *join)
{
    const Form form = form_of(packet);
    const Flow *flow = packet->flow;
    const bool initial = flow->public->kind == MPS_KIND_INITIAL && flow->syn.packet;
    const bool strange = form.rule == RULE_JOIN_03 && flow->syn.packet &&
                         (initial || packet->sender != flow->public->opened_by);
    Fault fault = {.rule = form.rule};

    if (join->length != form.length) {
        fault.field = "option length";
        fault.expected = text("%u", form.length);
        fault.seen = text("%u", join->length);
    } else if (join->byte2 & form.reserved2 || join->byte3 & form.reserved3) {
        /* RFC 6824 draws those of the third packet as reserved, and does not say that they are 0:
         * only version 1 does. */
        fault.verdict =
            packet->check->connection->version != 1 && form.rule == RULE_JOIN_03 ? WARNING : 0;
        fault.field = "reserved bits";
        fault.expected = text("0");
        fault.seen = text("bytes 2 and 3: %02x %02x", join->byte2, join->byte3);
    } else if (packet->syn && packet->wire->payload_bytes > 0) {
        fault.field = "payload of the SYN";
        fault.expected = text("none");
        fault.seen = text("%u bytes", packet->wire->payload_bytes);
    } else if (strange) {
        fault.field = "sender of the third MP_JOIN";
        fault.expected = text("the opener of a join");
        fault.seen = text(initial ? "on the initial subflow" : "the other host");
    }
    if (rule_broken(packet, form.rule, fault.field))
        rule_fault(packet, fault);
}

static void check_forms(const Packet *packet)
{
    const MpsMptcpOption *join = packet_option(packet, MPS_MP_JOIN);

    if (!join)
        join = packet_misshapen(packet, MPS_MP_JOIN);
    if (join)
        check_form(packet, join);
}

/* ---- copies ---- */

static void check_copy(const Packet *packet, const char *different, Place first)
{
    if (rule_broken(packet, RULE_JOIN_19, different))
        rule_fault(packet, (Fault){.rule = RULE_JOIN_19,
                                   .field = "MP_JOIN sent again",
                                   .expected = text("the same %s", different),
                                   .seen = text("another"),
                                   .earlier = first});
}

static void take_syn(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state)
{
    state->n_syns++;
    state->last_syn_ns = packet->wire->ts_ns;
    if (!join || join->join.form != MPS_JOIN_SYN)
        return;
    if (state->has_syn) {
        check_copy(packet,
                   join->join.token != state->token                   ? "token"
                   : join->join.nonce != state->nonce[packet->sender] ? "nonce"
                   : join->join.address_id != state->syn_id           ? "Address ID"
                                                                      : NULL,
                   packet->flow->syn);
        return;
    }
    state->has_syn = true;
    state->token = join->join.token;
    state->nonce[packet->sender] = join->join.nonce;
    state->syn_id = join->join.address_id;
    join_place_syn(packet, join, state);
}

static void take_synack(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state)
{
    if (packet->event->segment.ack != 1 || packet->sender == packet->flow->public->opened_by)
        return; /* answers another SYN */
    if (join && join->join.form != MPS_JOIN_SYNACK)
        return;
    if (state->answer == ANSWER_NONE)
        join_take_synack(packet, join, state);
    if (!join || (state->has_synack && state->synack_seq != packet->wire->seq))
        return;
    if (state->has_synack) {
        check_copy(packet,
                   join->join.nonce != state->nonce[packet->sender] ? "nonce"
                   : memcmp(join->join.hmac, state->synack_hmac, sizeof state->synack_hmac) != 0
                       ? "HMAC"
                   : join->join.address_id != state->synack_id ? "Address ID"
                                                               : NULL,
                   packet->flow->synack);
        return;
    }
    state->has_synack = true;
    state->synack_seq = packet->wire->seq;
    state->synack_id = join->join.address_id;
    state->nonce[packet->sender] = join->join.nonce;
    memcpy(state->synack_hmac, join->join.hmac, sizeof state->synack_hmac);
    if (packet->check->connection->id != 0 && !join_names_itself(packet->flow))
        join_place_synack(packet, join, state);
}

static void take_ack(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state)
{
    if (packet->sender != packet->flow->public->opened_by || join->join.form != MPS_JOIN_ACK)
        return;
    if (state->has_ack)
        check_copy(packet,
                   memcmp(join->join.hmac, state->ack_hmac, sizeof state->ack_hmac) != 0 ? "HMAC"
                                                                                         : NULL,
                   state->first_ack);
    else
        memcpy(state->ack_hmac, join->join.hmac, sizeof state->ack_hmac);
    state->has_ack = true;
}

/* ---- the family ---- */

static void segment(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const MpsMptcpOption *join = packet_option(packet, MPS_MP_JOIN);
    JoinFlow *state;

    if (wire->n_mptcp > 0) {
        check_forms(packet);
        join_follow(packet, check_state(packet->check, FAMILY_join));
    }
    if (packet->flow->public->kind != MPS_KIND_JOIN)
        return;
    state = join_flow(packet->flow);
    if (state->over && !join)
        return;
    if (packet->syn) {
        take_syn(packet, join, state);
        return;
    }
    if (packet->synack) {
        take_synack(packet, join, state);
        return;
    }
    join_place_later(packet, state);
    if (packet->sender == packet->flow->public->opened_by)
        join_take_opener(packet, join, state);
    else
        join_take_acceptor(packet, state);
    if (join)
        take_ack(packet, join, state);
}

static void finish(Check *check)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (!flow || flow->public->kind != MPS_KIND_JOIN)
            continue;
        join_place_finish(check, flow, join_flow(flow));
        join_reaction_finish(check, flow, join_flow(flow));
    }
    join_place_end(check);
}

static void clear_flow(Flow *flow)
{
    JoinFlow **state = flow_state(flow, FAMILY_join);

    g_free(*state);
}

static void clear_check(Check *check)
{
    JoinCheck *all = check_state(check, FAMILY_join);

    g_clear_pointer(&all->named, g_array_unref);
}

/* The subflow is established, and no DATA_FIN has to be acknowledged. */
static bool is_quiet(const Packet *packet)
{
    const JoinCheck *all = check_state(packet->check, FAMILY_join);

    return all->first_dss[packet->sender].packet && !all->has_fin[other(packet->sender)] &&
           (packet->flow->public->kind != MPS_KIND_JOIN || join_flow(packet->flow)->over);
}

static const MpsLink check_links[] = {
    MPS_WORD(JoinCheck, ended),
    MPS_ARRAY(JoinCheck, named, Named, NULL),
    {0},
};

static const MpsLink state_links[] = {
    MPS_ENTITY(JoinFlow, clash),
    MPS_WORD(JoinFlow, unverified),
    {0},
};

static const MpsLink flow_links[] = {
    MPS_RARE(JoinFlow, state_links),
    {0},
};

const Family mps_rules_join = {
    .check_bytes = sizeof(JoinCheck),
    .flow_bytes = sizeof(JoinFlow *),
    .check_links = check_links,
    .flow_links = flow_links,
    .segment = segment,
    .is_quiet = is_quiet,
    .signal = join_signal,
    .finish = finish,
    .clear_flow = clear_flow,
    .clear_check = clear_check,
};
