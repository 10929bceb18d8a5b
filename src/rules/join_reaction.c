/* join_reaction.c - what has to follow in the handshake of a join: answers, resets, and the fourth
 * packet (RFC 8684 sections 3.2 and 3.6). */
#include "rules/join_state.h"

/* A RST after a failed check of HMACs, or for an unknown token, comes from MPTCP: it says so. */
static void check_explained(const Packet *packet)
{
    if (packet->check->connection->version != 1)
        return;
    if (!packet->options_whole) {
        rule_unchecked(packet->check, RULE_JOIN_18, EV_OPT);
        return;
    }
    if (rule_broken(packet, RULE_JOIN_18, !(packet->subtypes & 1u << MPS_MP_TCPRST)))
        rule_fault(packet, (Fault){.rule = RULE_JOIN_18,
                                   .host = join_host(packet->flow, packet->sender),
                                   .has_host = true,
                                   .field = "RST that refuses a join",
                                   .expected = text("MP_TCPRST with the reason"),
                                   .seen = text("none")});
}

void join_take_synack(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state)
{
    const MpsSubflow *subflow = packet->flow->public;

    state->answer_at = packet_place(packet);
    if (join) {
        state->answer = ANSWER_JOIN;
        if (subflow->side[packet->sender].hmac == MPS_HMAC_INVALID &&
            check_has_keys(packet->check) && join_token_is_valid(packet->flow)) {
            state->wrong_synack = true;
            state->unverified = "a wrong HMAC";
        }
    } else if (packet->options_whole && !packet_misshapen(packet, MPS_MP_JOIN)) {
        state->answer = ANSWER_PLAIN;
        state->unverified = "no MP_JOIN";
    } else {
        state->answer = ANSWER_CUT;
    }
}

/* JOIN-07: @packet of the opener follows a SYN/ACK that it could not verify. */
static void check_opener_reaction(const Packet *packet, JoinFlow *state)
{
    state->opener_reacted = true;
    if (rule_broken(packet, RULE_JOIN_07, !packet->rst))
        rule_fault(packet, (Fault){.rule = RULE_JOIN_07,
                                   .field = "answer to the SYN/ACK",
                                   .expected = text("RST: the SYN/ACK has %s", state->unverified),
                                   .seen = text(packet->wire->payload_bytes > 0 ? "data" : "ACK"),
                                   .earlier = state->answer_at});
    else if (state->wrong_synack)
        check_explained(packet);
    state->over = true;
}

static void take_join_ack(const Packet *packet, JoinFlow *state)
{
    if (state->n_acks++ > 0)
        return;
    state->first_ack = packet_place(packet);
    state->ack_provable = end_is_complete(packet->peer);
    state->wrong_ack = packet->flow->public->side[packet->sender].hmac == MPS_HMAC_INVALID &&
                       check_has_keys(packet->check);
}

/* JOIN-11: @packet has payload, and the other side did not agree so far. */
static void note_early_data(const Packet *packet, JoinFlow *state)
{
    if (state->early_data.packet)
        return;
    state->early_data = packet_place(packet);
    state->early_by = packet->sender;
    state->early_data_provable = end_is_complete(packet->peer);
    state->early_echo = packet_echo(packet);
}

/* The step that early data should have waited for has come. */
static void note_agreed(const Packet *packet, JoinFlow *state)
{
    if (state->early_data.packet && state->early_by != packet->sender && !state->agreed_late_ns)
        state->agreed_late_ns = MAX(packet->wire->ts_ns - state->early_data.ts_ns, 1);
}

void join_take_opener(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state)
{
    if (!packet->flow->synack.packet || join_names_itself(packet->flow))
        return;
    if (state->unverified && !state->opener_reacted) {
        check_opener_reaction(packet, state);
        return;
    }
    if (packet->rst || packet->fin) {
        state->over = true;
        state->given_up_ns = packet->wire->ts_ns;
    }
    if (packet->rst)
        return;
    note_agreed(packet, state);
    if (join && join->join.form == MPS_JOIN_ACK)
        take_join_ack(packet, state);
    else if (!packet->options_whole || packet_misshapen(packet, MPS_MP_JOIN))
        state->ack_cut = true;
    else if (state->n_acks == 0)
        state->n_bare++;
    if (packet->wire->payload_bytes > 0 && state->n_acks > 0 && !state->answered)
        note_early_data(packet, state);
}

static void take_reset(const Packet *packet, JoinFlow *state)
{
    const MpsMptcpOption *why = packet_option(packet, MPS_MP_TCPRST);

    if (state->answer == ANSWER_NONE && packet->options_whole) {
        state->answer = ANSWER_RST;
        state->answer_at = packet_place(packet);
        state->reasoned = why;
        state->transient = why && why->tcprst.flags & 1;
        if (join_names_itself(packet->flow))
            check_explained(packet);
    } else if (state->wrong_ack && !state->acceptor_reacted) {
        state->acceptor_reacted = true;
        rule_pass(packet->check, RULE_JOIN_08);
        check_explained(packet);
    } else if (state->n_acks > 0) {
        rule_pass(packet->check, RULE_JOIN_09);
    } else if (state->n_bare > 0) {
        rule_pass(packet->check, RULE_JOIN_08);
    }
    state->over = true;
}

static void fault_accepted(const Packet *packet, JoinFlow *state, const char *why, bool proven)
{
    state->acceptor_reacted = true;
    rule_fault(packet,
               (Fault){.rule = RULE_JOIN_08,
                       .field = "answer to the third packet",
                       .expected = text("RST: it has %s", why),
                       .seen = text(packet->wire->payload_bytes > 0 ? "data" : "DSS"),
                       .earlier = state->n_acks > 0 ? state->first_ack : packet->flow->third,
                       .needs = EV_NOGAP,
                       .unseen = !proven});
}

/* The fourth packet of the handshake. */
static void take_fourth(const Packet *packet, JoinFlow *state)
{
    state->answered = true;
    note_agreed(packet, state);
    if (packet->wire->ts_ns - state->first_ack.ts_ns <=
            MAX(ANSWER_NS, 3 * flow_rtt_ns(packet->flow)) ||
        state->n_acks < 3)
        rule_pass(packet->check, RULE_JOIN_09);
    else
        rule_fault(packet, (Fault){.rule = RULE_JOIN_09,
                                   .verdict = WARNING,
                                   .field = "time until the fourth packet",
                                   .expected = text("at most 1 s, or 3 RTTs"),
                                   .seen = text("%.3f s", (double)(packet->wire->ts_ns -
                                                                   state->first_ack.ts_ns) /
                                                              SECOND_NS),
                                   .earlier = state->first_ack});
    rule_pass(packet->check, RULE_JOIN_10);
    if (!state->early_data.packet)
        rule_pass(packet->check, RULE_JOIN_11);
    state->over = true;
}

void join_take_acceptor(const Packet *packet, JoinFlow *state)
{
    const bool accepts = packet->wire->payload_bytes > 0 || packet->subtypes & 1u << MPS_DSS;

    if (packet->rst) {
        take_reset(packet, state);
        return;
    }
    if (state->answer != ANSWER_JOIN || join_names_itself(packet->flow) || state->unverified)
        return;
    if (packet->wire->payload_bytes > 0 && !packet->flow->third.packet)
        note_early_data(packet, state);
    if (state->wrong_ack && accepts && !state->acceptor_reacted)
        fault_accepted(packet, state, "a wrong HMAC", true);
    else if (state->n_acks == 0 && state->n_bare >= 2 && !state->ack_cut && accepts &&
             !state->acceptor_reacted && !packet->flow->out_of_order)
        fault_accepted(packet, state, "no MP_JOIN", end_is_complete(packet->peer));
    else if (state->n_acks > 0 && !state->wrong_ack)
        take_fourth(packet, state);
}

/* ---- the end ---- */

/* JOIN-05: the token of @flow is @why.  Where it is only the capture that knows no such connection,
 * SEC-01 says all there is to say of a silent receiver. */
static void finish_unknown(Check *check, const Flow *flow, const JoinFlow *state, const char *why)
{
    const MpsSide opener = flow->public->opened_by, acceptor = other(opener);
    Fault fault = {.rule = RULE_JOIN_05,
                   .host = join_host(flow, acceptor),
                   .has_host = true,
                   .field = "answer to the MP_JOIN SYN",
                   .earlier = flow->syn};

    if (state->answer == ANSWER_RST) {
        rule_pass(check, RULE_JOIN_05);
    } else if (state->answer == ANSWER_JOIN) {
        fault.expected = text("RST: the token is %s", why);
        fault.seen = text("SYN/ACK with MP_JOIN");
        rule_fault_at(check, flow->public, acceptor, state->answer_at, fault);
    } else if (state->answer == ANSWER_NONE && check->connection->id != 0 &&
               check_until_ns(check, flow->syn.ts_ns) - flow->syn.ts_ns > RTO_NS) {
        fault.verdict = WARNING;
        fault.suspect = SUSPECT_RECEIVER;
        fault.expected = text("RST: the token is %s", why);
        fault.seen = text("none");
        fault.unproven = true;
        fault.earlier = (Place){0};
        rule_fault_at(check, flow->public, opener, flow->syn, fault);
    }
}

/* JOIN-06: a valid token. */
static void finish_valid(Check *check, const Flow *flow, const JoinFlow *state)
{
    const MpsSide acceptor = other(flow->public->opened_by);
    bool known;
    const bool near = join_near(check, &known) == acceptor;
    Fault fault = {
        .rule = RULE_JOIN_06, .field = "answer to the MP_JOIN SYN", .earlier = flow->syn};

    if (state->answer == ANSWER_PLAIN) {
        fault.verdict = near ? VIOLATION : WARNING;
        fault.suspect = near ? SUSPECT_SENDER : SUSPECT_PATH;
        fault.expected = text("MP_JOIN or RST");
        fault.seen = text("SYN/ACK without MP_JOIN");
        rule_fault_at(check, flow->public, acceptor, state->answer_at, fault);
    } else if (state->answer == ANSWER_RST && state->to_announced && !state->reasoned &&
               check->connection->version == 1) {
        fault.expected = text("MP_JOIN: the address was announced");
        fault.seen = text("RST without MP_TCPRST: no listener there?");
        rule_fault_at(check, flow->public, acceptor, state->answer_at, fault);
    } else if (state->answer == ANSWER_RST || state->answer == ANSWER_JOIN) {
        rule_pass(check, RULE_JOIN_06);
    } else if (state->answer == ANSWER_CUT) {
        rule_unchecked(check, RULE_JOIN_06, EV_OPT);
    }
}

static void finish_answer(Check *check, const Flow *flow, const JoinFlow *state)
{
    const JoinCheck *all = check_state(check, FAMILY_join);
    const MpsEndpoint *to = &flow->public->end[other(flow->public->opened_by)];

    if (!state->has_syn)
        return;
    if (join_names_itself(flow))
        finish_unknown(check, flow, state, "its sender's own");
    else if (join_token_is_unknown(flow, state->token)) {
        if (!state->answered && !known_target(known_of(check), &to->address)->burst)
            finish_unknown(check, flow, state, "of no connection");
    } else if (!join_token_is_valid(flow))
        rule_unchecked(check, RULE_JOIN_06, EV_KEYS);
    else if (all->ended && join_is_after_end(flow, all))
        finish_unknown(check, flow, state, "of a connection that is over");
    else
        finish_valid(check, flow, state);
}

/* JOIN-07, JOIN-08: nobody reacted. */
static void finish_unverified(Check *check, const Flow *flow, const JoinFlow *state)
{
    const MpsSide opener = flow->public->opened_by;
    const bool synack = state->unverified && !state->opener_reacted;
    const bool ack = state->wrong_ack && !state->acceptor_reacted;
    const Place place = synack ? state->answer_at : state->first_ack;

    if ((!synack && !ack) || check_until_ns(check, place.ts_ns) - place.ts_ns <= RTO_NS ||
        state->over)
        return;
    rule_fault_at(
        check, flow->public, synack ? other(opener) : opener, place,
        (Fault){.rule = synack ? RULE_JOIN_07 : RULE_JOIN_08,
                .suspect = SUSPECT_RECEIVER,
                .field = "reaction to an unverified packet",
                .expected = text("RST: it has %s", synack ? state->unverified : "a wrong HMAC"),
                .seen = text("none"),
                .unproven = true});
}

/* How long an answer to the third packet may have come, until something ended. */
static int64_t waited_for_answer_ns(const Check *check, const JoinFlow *state)
{
    const JoinCheck *all = check_state(check, FAMILY_join);
    int64_t until_ns = check_until_ns(check, state->first_ack.ts_ns);

    if (all->ended)
        until_ns = MIN(until_ns, all->ended_at.ts_ns);
    if (state->given_up_ns)
        until_ns = MIN(until_ns, state->given_up_ns);
    return until_ns - state->first_ack.ts_ns;
}

/* JOIN-09, JOIN-10: the third packet was not answered. */
static void finish_unanswered(Check *check, const Flow *flow, const JoinFlow *state)
{
    const MpsSide opener = flow->public->opened_by;
    const int64_t waited_ns = waited_for_answer_ns(check, state);

    if (state->n_acks == 0 || state->answered || (state->over && !state->given_up_ns) ||
        state->wrong_ack)
        return;
    if (state->n_acks > 1 && waited_ns > MAX(ANSWER_NS, 3 * flow_rtt_ns(flow)))
        rule_fault_at(check, flow->public, opener, state->first_ack,
                      (Fault){.rule = RULE_JOIN_09,
                              .suspect = SUSPECT_RECEIVER,
                              .field = "answer to the third packet",
                              .expected = text("an ACK"),
                              .seen = text("none to %u copies", state->n_acks),
                              .needs = EV_VRX,
                              .unproven = state->n_acks < 3});
    if (state->n_acks > 1)
        rule_pass(check, RULE_JOIN_10);
    else if (waited_ns > RTO_NS && !state->early_data.packet)
        rule_fault_at(check, flow->public, opener, state->first_ack,
                      (Fault){.rule = RULE_JOIN_10,
                              .field = "repetition of the MP_JOIN",
                              .expected = text("copies until the other host answers"),
                              .seen = text("none"),
                              .needs = EV_VTX | EV_NOGAP,
                              .unseen = !state->ack_provable ||
                                        !end_is_complete(&flow->end[other(opener)]) ||
                                        !end_is_complete(&flow->end[opener])});
}

/* Whether the sender of the early data cannot have got what agrees to it: it came too soon for
 * that, or its time stamps say so. */
static bool is_early_for_sure(const Flow *flow, const JoinFlow *state)
{
    const MpsSide by = state->early_by;

    if (state->early_echo == ECHO_LATER)
        return false;
    return (state->early_echo == ECHO_SYN && flow_stamps_differ(flow, other(by))) ||
           state->early_data.ts_ns < flow_unanswered_until_ns(flow, by);
}

/* Whether it is early by the order of the capture, where nothing is missing. */
static bool is_early_by_order(const JoinFlow *state)
{
    return state->early_echo != ECHO_LATER &&
           (!state->agreed_late_ns || state->agreed_late_ns > ORDER_NS);
}

/* JOIN-11: data before the other side had agreed. */
static void finish_early_data(Check *check, const Flow *flow, const JoinFlow *state)
{
    const MpsSide opener = flow->public->opened_by;
    const bool by_opener = state->early_by == opener;
    const bool sure = state->early_data.packet && is_early_for_sure(flow, state);

    if (!state->early_data.packet || state->wrong_ack || flow->out_of_order)
        return;
    rule_fault_at(
        check, flow->public, state->early_by, state->early_data,
        (Fault){.rule = RULE_JOIN_11,
                .field = "data in the handshake of a join",
                .expected = text(by_opener ? "none before the fourth packet"
                                           : "none before the third packet"),
                .seen = text("payload"),
                .earlier = by_opener ? state->first_ack : state->answer_at,
                .needs = sure ? 0 : EV_NOGAP,
                .unproven = !sure && !is_early_by_order(state),
                .unseen = !sure && !(state->early_data_provable &&
                                     end_is_complete(&flow->end[other(state->early_by)]))});
}

void join_reaction_finish(Check *check, const Flow *flow, const JoinFlow *state)
{
    finish_answer(check, flow, state);
    if (join_names_itself(flow))
        return;
    finish_unverified(check, flow, state);
    finish_unanswered(check, flow, state);
    finish_early_data(check, flow, state);
}
