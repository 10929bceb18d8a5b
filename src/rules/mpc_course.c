/* mpc_course.c - MPC-15 to MPC-22: what has to follow an MP_CAPABLE, and what must not. */
#include "rules/mpc.h"

static Ids ids_of(const Packet *packet)
{
    const End *end = packet->sending;

    if (end->ip_id_step == 0 || packet->wire->ip_id == 0)
        return IDS_UNKNOWN;
    return end->complete && end->ip_id_step == 1 ? IDS_NEXT : IDS_GAP;
}

static bool is_initial(const Packet *packet)
{
    return packet->flow->public->kind == MPS_KIND_INITIAL;
}

/* Subtypes that only a host that speaks MPTCP sends, MP_CAPABLE apart; a RST may say why. */
static unsigned speech(const Packet *packet)
{
    return packet->rst ? 0 : packet->subtypes & ~(1u << MPS_MP_CAPABLE | 1u << MPS_MP_TCPRST);
}

/* Position of the initiator's first byte in the subflow sequence, behind the data of its SYN. */
static int64_t first_byte(const Flow *flow)
{
    return 1 + (int64_t)flow->end[flow->public->opened_by].syn_taken;
}

/* Whether @packet is the first showing of that byte. */
static bool is_first_data(const Packet *packet)
{
    const MpsEvent *event = packet->event;

    return from_initiator(packet) && !packet->syn && packet->wire->payload_bytes > 0 &&
           !packet->again && event->segment.has_seq &&
           event->segment.seq == first_byte(packet->flow) && packet->flow->syn.packet &&
           packet->flow->synack.packet;
}

/* ---- MPC-15: no MP_CAPABLE in the third packet ---- */

static void note_third(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);

    flow->third_proven = ids_of(packet) == IDS_NEXT;
    if (packet->rst || !flow->step[STEP_SYNACK].good || flow->n_offers == 0)
        return;
    if (!packet->options_whole)
        rule_unchecked(packet->check, RULE_MPC_15, EV_OPT);
    else if (packet->flow->out_of_order)
        rule_unchecked(packet->check, RULE_MPC_15, EV_NOGAP);
    else if (capable)
        rule_pass(packet->check, RULE_MPC_15);
    else if (packet->wire->n_mptcp == 0 || flow->third_proven)
        flow->plain_third = packet_place(packet);
    else /* a later one */
        rule_unchecked(packet->check, RULE_MPC_15, EV_NOGAP);
}

static void check_plain(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);
    const End *initiator = &packet->flow->end[packet->flow->public->opened_by];
    const bool begins = packet_is_third(packet);
    bool proven;

    if (capable && from_initiator(packet)) { /* on data that replaces a lost third packet */
        flow->plain_third.packet = 0;
        rule_pass(packet->check, RULE_MPC_15);
        return;
    }
    if (!speech(packet))
        return;
    proven = flow->third_proven && (begins || end_is_complete(initiator));
    rule_fault(packet,
               (Fault){.rule = RULE_MPC_15,
                       .suspect = from_initiator(packet) ? SUSPECT_SENDER : SUSPECT_RECEIVER,
                       .host = packet->sender,
                       .has_host = true,
                       .field = "MPTCP option after a third packet without MP_CAPABLE",
                       .expected = text("none"),
                       .seen = text("subtype 0x%x", packet->wire->mptcp[0].subtype),
                       .earlier = flow->plain_third,
                       .unseen = !proven});
    flow->plain_third.packet = 0;
}

/* ---- MPC-16: until the listener is known to have the initiator's key ---- */

/* Everything but MP_CAPABLE takes the key: a DATA_ACK, an HMAC, a token; a mapping alone does not,
 * see MPC-22. */
static void note_proof(const Packet *packet)
{
    const MpsMptcpOption *dss = packet->dss;
    const bool mapping_only = dss && !dss->dss.has_ack && is_initial(packet);

    if (speech(packet) && !mapping_only)
        mpc_check(packet->check)->listener_proved = true;
}

/* Whether the initiator cannot have got anything behind the SYN/ACK when it sent the data. */
static bool knew_nothing(const Flow *flow)
{
    const MpsSide opener = flow->public->opened_by;
    const MpcFlow *state = mpc_flow(flow);

    if (state->data_echo == ECHO_LATER)
        return false;
    return (state->data_echo == ECHO_SYN && flow_stamps_differ(flow, other(opener))) ||
           state->unproved_data.ts_ns < flow_unanswered_until_ns(flow, opener);
}

static void finish_first_data(Check *check, const Flow *flow)
{
    const MpcFlow *state = mpc_flow(flow);
    const bool sure = knew_nothing(flow);

    if (!sure && (state->before_data == IDS_GAP || state->data_echo == ECHO_LATER)) {
        rule_unchecked(check, RULE_MPC_16, EV_NOGAP);
        return;
    }
    rule_fault_at(check, flow->public, flow->public->opened_by, state->unproved_data,
                  (Fault){.rule = RULE_MPC_16,
                          .field = "first data",
                          .expected = text("MP_CAPABLE: the listener has not shown the key"),
                          .seen = text("DSS"),
                          .earlier = state->ack.place,
                          .needs = sure ? 0 : EV_ALL | EV_NOGAP,
                          .unseen = !sure && state->before_data != IDS_NEXT});
}

/* The listener's next packet shows whether one was missing before the data. */
static void settle_first_data(const Packet *packet)
{
    const Flow *flow = packet->flow;
    const bool broken = !flow->end[flow->public->opened_by].complete && packet->wire->ip_id != 0;
    const Ids ids = broken ? IDS_GAP : ids_of(packet);
    const int64_t late_ns = packet->wire->ts_ns - mpc_flow(flow)->unproved_data.ts_ns;
    const bool ordered = check_n_flows(packet->check) == 1 && late_ns > ORDER_NS;

    mpc_flow(flow)->before_data = ids == IDS_NEXT && !ordered ? IDS_UNKNOWN : ids;
}

static void check_first_data(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);
    const MpsMptcpOption *dss = packet->dss;

    flow->first_data_seen = true;
    if (packet->check->connection->version != 1 || !flow->ack.place.packet)
        return;
    if (capable || mpc_check(packet->check)->listener_proved)
        rule_pass(packet->check, RULE_MPC_16);
    else if (dss && dss->dss.has_map) { /* without any mapping it is FB-01's */
        flow->unproved_data = packet_place(packet);
        flow->data_echo = packet_echo(packet);
    }
}

/* ---- MPC-17, MPC-18: where MP_CAPABLE may be ---- */

static void break_place(const Packet *packet, RuleId rule, const char *field, char *expected,
                        char *seen)
{
    rule_fault(packet, (Fault){.rule = rule, .field = field, .expected = expected, .seen = seen});
}

/* The mapping of an MP_CAPABLE begins at the first byte. */
static void check_mapping(const Packet *packet, const MpsMptcpOption *capable)
{
    const MpsEvent *event = packet->event;
    const int64_t begin = first_byte(packet->flow), end = begin + capable->capable.data_bytes;
    const int64_t seq = event->segment.seq;
    const bool beyond = seq >= end && mpc_flow(packet->flow)->data_acked;

    if (!packet->sending->has_syn || !event->segment.has_seq) {
        rule_unchecked(packet->check, RULE_MPC_17, EV_SYN);
        return;
    }
    if (capable->capable.data_bytes == 0) {
        break_place(packet, RULE_MPC_17, "data-level length", text("at least 1"), text("0"));
        return;
    }
    if (rule_broken(packet, RULE_MPC_18, beyond)) {
        break_place(packet, RULE_MPC_18, "MP_CAPABLE on later data",
                    text("none: the first mapping was acknowledged"),
                    text("at subflow sequence number %" G_GINT64_FORMAT, seq - begin + 1));
        return;
    }
    if (rule_broken(packet, RULE_MPC_17,
                    seq >= end || seq + (int64_t)packet->wire->payload_bytes <= begin))
        break_place(
            packet, RULE_MPC_17, "subflow sequence number of the segment",
            text("inside the mapping of the MP_CAPABLE: 1 to %u", capable->capable.data_bytes),
            text("%" G_GINT64_FORMAT, seq - begin + 1));
}

static void check_place(const Packet *packet, const MpsMptcpOption *capable)
{
    const bool on_join = packet->flow->public->kind == MPS_KIND_JOIN;

    if (on_join && packet->syn)
        return; /* both: OPT-05 */
    if (on_join ? !packet->flow->syn.packet
                : !packet->flow->syn.packet && !packet->flow->synack.packet) {
        rule_unchecked(packet->check, RULE_MPC_18, EV_SYN);
        return;
    }
    if (!on_join && (packet->syn || packet->synack))
        return;
    if (on_join)
        break_place(packet, RULE_MPC_18, "MP_CAPABLE on a joined subflow", text("none"), NULL);
    else if (!from_initiator(packet))
        break_place(packet, RULE_MPC_18, "MP_CAPABLE of the listener", text("on its SYN/ACK only"),
                    NULL);
    else if (capable->status == MPS_OPT_OK && capable->capable.has_data_length &&
             packet->wire->payload_bytes > 0)
        check_mapping(packet, capable);
    else
        rule_pass(packet->check, RULE_MPC_18);
}

/* ---- MPC-19: flag C ---- */

static void note_no_join(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcCheck *state = mpc_check(packet->check);
    const bool has_flag = capable->status == MPS_OPT_OK && capable->capable.version == 1 &&
                          capable->capable.flags & CAPABLE_C;

    if (has_flag && !state->no_join[packet->sender].packet)
        state->no_join[packet->sender] = packet_place(packet);
}

/* A host may announce the very address that its flag was about. */
static void note_announcement(const Packet *packet)
{
    const MpsMptcpOption *option = packet_option(packet, MPS_ADD_ADDR);
    const MpsEndpoint *end = &packet->check->connection->end[packet->sender];

    if (!option->add_addr.echo && mpc_same_address(&option->add_addr.address, &end->address) &&
        (!option->add_addr.has_port || option->add_addr.port == end->port))
        mpc_check(packet->check)->announced[packet->sender] = true;
}

static void check_target(const Packet *packet)
{
    const MpcCheck *state = mpc_check(packet->check);
    const MpsSide target = other(packet->sender);
    const MpsEndpoint *end = &packet->check->connection->end[target], *dst = &packet->wire->dst;

    if (!state->said[target]) {
        rule_unchecked(packet->check, RULE_MPC_19, EV_SYN);
        return;
    }
    if (!state->no_join[target].packet)
        return;
    if (rule_broken(packet, RULE_MPC_19,
                    mpc_same_address(&end->address, &dst->address) && end->port == dst->port &&
                        !state->announced[target]))
        rule_fault(packet, (Fault){.rule = RULE_MPC_19,
                                   .field = "destination of the MP_JOIN",
                                   .expected = text("another address or port: flag C"),
                                   .seen = text("that of the initial subflow"),
                                   .earlier = state->no_join[target]});
}

/* ---- MPC-20: an MP_CAPABLE that has to be ignored ---- */

/* What is wrong with @capable, or NULL.  Of the lengths, those that leave out a key. */
static const char *defect(const Packet *packet, const MpsMptcpOption *capable)
{
    const int version = capable->byte2 & 0x0f;
    const unsigned algorithms = capable->byte3 & (version == 0 ? 0x3fu : 0x1fu);
    const unsigned expected = packet->syn ? version == 1 ? 4 : 12 : packet->synack ? 12 : 20;

    if (version > 1)
        return NULL;
    if (capable->length >= 4 && capable->byte3 & CAPABLE_B)
        return "flag B";
    if (capable->length >= 4 && algorithms == 0)
        return "no algorithm";
    return packet->syn || packet->synack ? capable->length == expected ? NULL : "wrong length"
           : capable->status == MPS_OPT_OK && capable->length >= expected ? NULL
                                                                          : "wrong length";
}

static void note_step(const Packet *packet, const MpsMptcpOption *capable)
{
    Step *step = &mpc_flow(packet->flow)
                      ->step[packet->syn      ? STEP_SYN
                             : packet->synack ? STEP_SYNACK
                                              : STEP_ACK];
    const char *why = defect(packet, capable);

    if (!why) {
        step->good = true;
    } else if (!step->bad.packet) {
        step->bad = packet_place(packet);
        step->why = why;
    }
}

/* Whether the host that got @step behaves as if it had been right. */
static void check_ignored(const Packet *packet, Step *step, bool accepts)
{
    if (!step->bad.packet || step->good)
        return;
    if (accepts)
        rule_fault(packet, (Fault){.rule = RULE_MPC_20,
                                   .suspect = SUSPECT_RECEIVER,
                                   .host = packet->sender,
                                   .has_host = true,
                                   .field = "answer to an MP_CAPABLE that has to be ignored",
                                   .expected = text("no MPTCP: %s", step->why),
                                   .seen = text("MPTCP option"),
                                   .earlier = step->bad});
    else if (packet->synack)
        rule_pass(packet->check, RULE_MPC_20);
    if (accepts || packet->synack)
        step->bad.packet = 0;
}

static void check_ignoring(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);
    const bool accepts = capable || speech(packet);

    if (packet->syn || packet->rst)
        return;
    if (packet->synack)
        check_ignored(packet, &flow->step[STEP_SYN], capable);
    else if (from_initiator(packet))
        check_ignored(packet, &flow->step[STEP_SYNACK], accepts);
    else if (packet->peer->syn_bytes == 0) /* it may speak before it got the third packet */
        check_ignored(packet, &flow->step[STEP_ACK], accepts);
}

/* ---- MPC-21, MPC-22: TCP Fast Open (RFC 8684 appendix B) ---- */

/* The initiator's first mapping must neither number nor contain the data of the SYN. */
static void check_after_fast_open(const Packet *packet, const MpsMptcpOption *capable)
{
    const Check *check = packet->check;
    const MpsMptcpOption *dss = packet->dss;
    const uint32_t taken = packet->sending->syn_taken;
    const int64_t offset = packet->event->segment.map_offset;
    bool numbered, contained;

    if (capable) {
        rule_pass(packet->check, RULE_MPC_21);
        return;
    }
    if (!dss || !dss->dss.has_map || dss->dss.data_bytes == 0)
        return;
    if (!check_has_keys(check))
        rule_unchecked(packet->check, RULE_MPC_21, EV_KEYS);
    numbered = taken > 0 && dss->dss.ssn == taken + 1;
    contained = taken > 0 && check_has_keys(check) && check_n_flows(check) == 1 && offset == taken;
    if (rule_broken(packet, RULE_MPC_21, numbered || contained))
        rule_fault(packet,
                   (Fault){.rule = RULE_MPC_21,
                           .field = "mapping of the first data after that of the SYN",
                           .expected = text("subflow sequence number 1, DSN IDSN + 1"),
                           .seen = text("%u, IDSN + %" G_GINT64_FORMAT, dss->dss.ssn, offset + 1),
                           .earlier = packet->flow->syn});
}

static void check_fast_open_ack(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const int64_t taken = packet->peer->syn_taken;
    const bool nothing_else = event->segment.has_ack && event->segment.ack == 1 + taken &&
                              check_n_flows(packet->check) == 1;

    if (taken == 0 || !nothing_else || !check_has_keys(packet->check))
        return;
    if (rule_broken(packet, RULE_MPC_21, event->segment.data_ack == taken))
        rule_fault(packet, (Fault){.rule = RULE_MPC_21,
                                   .field = "DATA_ACK for the data of the SYN",
                                   .expected = text("IDSN + 1"),
                                   .seen = text("IDSN + %" G_GINT64_FORMAT, taken + 1),
                                   .earlier = packet->flow->syn,
                                   .needs = EV_ALL});
}

static void check_early_dss(const Packet *packet)
{
    const MpcFlow *flow = mpc_flow(packet->flow);
    const MpsEvent *event = packet->event;

    if (flow->ack.place.packet || packet->check->connection->version != 1 ||
        !event->segment.has_ack || event->segment.ack > 1 + (int64_t)packet->peer->syn_bytes ||
        !packet->flow->synack.packet || packet->flow->third.packet)
        return;
    if (event->segment.has_data_ack)
        mpc_flow(packet->flow)->early_data_ack = packet_place(packet);
    else
        rule_pass(packet->check, RULE_MPC_22);
}

static void finish_early_dss(Check *check, const Flow *flow)
{
    const MpcFlow *state = mpc_flow(flow);
    const MpsSide listener = other(flow->public->opened_by);
    const bool sure = state->early_data_ack.ts_ns < flow_unanswered_until_ns(flow, listener);
    const int64_t ahead_ns = flow->third.ts_ns - state->early_data_ack.ts_ns;

    if (!sure && flow->third.packet && ahead_ns <= ORDER_NS)
        return;
    if (!sure && state->before_data_ack == IDS_GAP) {
        rule_unchecked(check, RULE_MPC_22, EV_NOGAP);
        return;
    }
    rule_fault_at(check, flow->public, other(flow->public->opened_by), state->early_data_ack,
                  (Fault){.rule = RULE_MPC_22,
                          .field = "DATA_ACK before the initiator's key was sent",
                          .expected = text("none"),
                          .seen = text("one"),
                          .earlier = flow->synack,
                          .needs = sure ? 0 : EV_NOGAP,
                          .unseen = !sure && state->before_data_ack != IDS_NEXT});
}

static void check_fast_open(const Packet *packet, const MpsMptcpOption *capable)
{
    if (is_first_data(packet))
        check_after_fast_open(packet, capable);
    if (from_initiator(packet) || packet->synack || !(packet->subtypes & 1u << MPS_DSS))
        return;
    if (packet->event->segment.has_data_ack)
        check_fast_open_ack(packet);
    check_early_dss(packet);
}

/* ---- */

/* What packets without MPTCP options decide, too. */
static void settle(const Packet *packet, MpcFlow *flow, const MpsMptcpOption *capable)
{
    if (flow->unproved_data.packet && !flow->before_data && !from_initiator(packet) &&
        !packet->synack)
        settle_first_data(packet);
    /* The initiator's next packet shows whether its third one is missing. */
    if (flow->early_data_ack.packet && !flow->before_data_ack && from_initiator(packet) &&
        !packet->syn)
        flow->before_data_ack = ids_of(packet);
    if (packet_is_third(packet))
        note_third(packet, capable);
}

static void follow(const Packet *packet, MpcFlow *flow, const MpsMptcpOption *capable)
{
    if (flow->plain_third.packet)
        check_plain(packet, capable);
    if (!flow->first_data_seen && is_first_data(packet))
        check_first_data(packet, capable);
    if (packet->flow->end[packet->flow->public->opened_by].syn_bytes > 0)
        check_fast_open(packet, capable);
    check_ignoring(packet, capable);
    if (capable && in_handshake(packet))
        note_step(packet, capable);
    if (!flow->data_acked && !from_initiator(packet) && packet->event->segment.has_data_ack)
        flow->data_acked = packet->event->segment.data_ack > 0;
}

void mpc_course_segment(const Packet *packet, const MpsMptcpOption *capable)
{
    if (is_initial(packet))
        settle(packet, mpc_flow(packet->flow), capable);
    if (packet->wire->n_mptcp == 0 && !packet->synack)
        return;
    if (capable)
        check_place(packet, capable);
    if (capable && in_handshake(packet))
        note_no_join(packet, capable);
    if (is_initial(packet))
        follow(packet, mpc_flow(packet->flow), capable);
    else if (packet->syn && packet->subtypes & 1u << MPS_MP_JOIN)
        check_target(packet);
    if (packet->subtypes & 1u << MPS_ADD_ADDR)
        note_announcement(packet);
    if (packet->sender == MPS_SERVER && !mpc_check(packet->check)->listener_proved)
        note_proof(packet);
}

bool mpc_course_is_over(const Flow *flow)
{
    const MpcFlow *state = mpc_flow(flow);

    for (int i = STEP_SYN; i <= STEP_ACK; i++)
        if (state->step[i].bad.packet && !state->step[i].good)
            return false;
    return flow->third.packet && !state->plain_third.packet && state->first_data_seen &&
           state->data_acked && (!state->unproved_data.packet || state->before_data) &&
           (!state->early_data_ack.packet || state->before_data_ack) &&
           flow->end[flow->public->opened_by].syn_bytes == 0;
}

static void finish_flow(Check *check, const Flow *flow)
{
    const MpcFlow *state = mpc_flow(flow);

    if (state->plain_third.packet)
        rule_pass(check, RULE_MPC_15);
    if (state->unproved_data.packet)
        finish_first_data(check, flow);
    if (state->early_data_ack.packet)
        finish_early_dss(check, flow);
    for (int i = STEP_SYNACK; i <= STEP_ACK; i++)
        if (state->step[i].bad.packet && !state->step[i].good)
            rule_pass(check, RULE_MPC_20);
}

void mpc_course_finish(Check *check)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && flow->public->kind == MPS_KIND_INITIAL)
            finish_flow(check, flow);
    }
}
