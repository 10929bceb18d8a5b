/* rules_fb.c - FB: the fallback to TCP (RFC 8684 section 3.7, RFC 6824 section 3.6).
 *
 * Finds out that a connection fell back and tells the other families; rules_fb_after.c judges what
 * hosts do from then on. */
#include "rules/rules_fb.h"

static FbFlow *flow_state_of(const Packet *packet)
{
    return flow_state(packet->flow, FAMILY_fb);
}

static FbCheck *check_state_of(const Packet *packet)
{
    return check_state(packet->check, FAMILY_fb);
}

/* ---- what the packet is ---- */

static bool is_map(const Packet *packet, const MpsMptcpOption *dss)
{
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);

    return (dss && dss->dss.has_map) || (capable && capable->capable.has_data_length);
}

static bool is_new_data(const Packet *packet)
{
    return packet->wire->payload_bytes > 0 && !packet->again && !packet->rst;
}

/* Whether @packet acknowledges payload of its peer, besides what came with the SYN. */
static bool acks_payload(const Packet *packet)
{
    const End *peer = packet->peer;

    return packet->event->segment.has_ack && !packet->rst && peer->n_data > 0 &&
           packet->event->segment.ack > 1 + (int64_t)peer->syn_taken;
}

/* ---- the handshake ---- */

static void fall_back(const Packet *packet, FbTrigger trigger, bool unproven)
{
    FbCheck *state = check_state_of(packet);

    state->trigger = trigger;
    state->by = trigger == FB_THIRD ? packet->flow->public->opened_by : packet->sender;
    state->subflow_id = packet->flow->public->id;
    state->unproven = unproven;
    packet->check->fallen_back = true;
    packet->check->fallback = packet_place(packet);
    wake_families(packet->check);
}

static void take_handshake(const Packet *packet)
{
    FbFlow *flow = flow_state_of(packet);
    const bool initial = packet->flow->public->kind == MPS_KIND_INITIAL;
    const unsigned wanted = 1u << (initial ? MPS_MP_CAPABLE : MPS_MP_JOIN);

    if (packet->syn) {
        flow->offered |= packet->wire->n_mptcp > 0;
        return;
    }
    flow->accepted |= (packet->subtypes & wanted) != 0;
    if (initial && flow->offered && !packet->flow->synack.packet && fb_is_plain(packet))
        fall_back(packet, FB_SYNACK, false);
}

/* Notes whether the opener confirmed what the SYN/ACK accepted. */
static void take_third(const Packet *packet, FbFlow *flow)
{
    const unsigned confirming = 1u << MPS_MP_CAPABLE | 1u << MPS_MP_JOIN;

    if (packet->sender != packet->flow->public->opened_by || !flow->accepted)
        return;
    if (packet->subtypes & confirming)
        flow->confirmed = true;
    else if (packet_is_third(packet) && fb_is_plain(packet) && !packet->rst)
        flow->third_plain = true;
}

/* ---- FB-01 ---- */

/* Held back to the end: what was never mapped at all is for DSS-08. */
static void note_unmapped(const Packet *packet, FbEnd *end)
{
    if (end->unmapped++ > 0)
        return;
    end->unmapped_at = packet_place(packet);
    end->unmapped_unproven = !end_is_complete(packet->peer);
}

static void check_first_data(const Packet *packet, const MpsMptcpOption *dss, FbFlow *flow)
{
    FbEnd *end = &flow->end[packet->sender];

    if (!flow->confirmed || !is_new_data(packet) || flow->end[other(packet->sender)].data_acked)
        return;
    if (is_map(packet, dss))
        rule_pass(packet->check, RULE_FB_01);
    else if (!packet->options_whole)
        rule_unchecked(packet->check, RULE_FB_01, EV_OPT);
    else if (packet->event->segment.has_seq && packet->event->segment.seq >= end->capable_end &&
             !packet_misshapen(packet, MPS_DSS) && !packet_misshapen(packet, MPS_MP_CAPABLE))
        note_unmapped(packet, end);
}

static void report_unmapped(Check *check, const Flow *flow, MpsSide side)
{
    const FbCheck *state = check_state(check, FAMILY_fb);
    const FbEnd *end = &((const FbFlow *)flow_state(flow, FAMILY_fb))->end[side];

    if (end->unmapped == 0 || rule_is_broken(check, RULE_DSS_08) ||
        any_rule_is_broken(check, RULE_MPC_01, RULE_MPC_22) || state->trigger == FB_THIRD ||
        state->trigger == FB_NO_DSS)
        return;
    if (!flow->syn.packet || flow->out_of_order) {
        rule_unchecked(check, RULE_FB_01, flow->syn.packet ? EV_NOGAP : EV_SYN);
        return;
    }
    rule_fault_at(
        check, flow->public, side, end->unmapped_at,
        (Fault){.rule = RULE_FB_01,
                .verdict = check->connection->version == 0 ? WARNING : VIOLATION,
                .tolerated = check->connection->version == 0,
                .field = "data segments without a mapping before the first DATA_ACK",
                .expected = text("0"),
                .seen = text("%u", end->unmapped),
                .needs = EV_NOGAP,
                .unseen = end->unmapped_unproven || !end_is_complete(&flow->end[other(side)])});
}

/* ---- FB-03 ---- */

/* A joined subflow whose first data was acknowledged without DATA_ACK is to be reset. */
static void check_joined(const Packet *packet, FbFlow *flow)
{
    const Place place = packet_place(packet);

    if (!flow->no_dss.packet || packet->sender != flow->no_dss_sender || flow->no_dss_done)
        return;
    if (packet->rst) {
        rule_pass(packet->check, RULE_FB_03);
        flow->no_dss_done = true;
    } else if (packet->wire->payload_bytes > 0 &&
               place.ts_ns > flow->no_dss.ts_ns + fb_flight_ns(packet->flow)) {
        rule_fault(packet, (Fault){.rule = RULE_FB_03,
                                   .field = "answer to an ACK of data without DATA_ACK",
                                   .expected = text("RST"),
                                   .seen = text("data"),
                                   .earlier = flow->no_dss,
                                   .needs = EV_NOGAP | EV_VTX,
                                   .unseen = flow->no_dss_unproven});
        flow->no_dss_done = true;
    }
}

static void report_not_reset(Check *check, const Flow *flow)
{
    const FbFlow *state = flow_state(flow, FAMILY_fb);

    if (!state->no_dss.packet || state->no_dss_done || !flow_is_open(flow, state->no_dss_sender) ||
        check_until_ns(check, state->no_dss.ts_ns) - state->no_dss.ts_ns < RTO_NS)
        return;
    rule_fault_at(check, flow->public, state->no_dss_sender, state->no_dss,
                  (Fault){.rule = RULE_FB_03,
                          .verdict = WARNING,
                          .field = "answer to an ACK of data without DATA_ACK",
                          .expected = text("RST"),
                          .seen = text("nothing"),
                          .needs = EV_NOGAP});
}

/* ---- FB-10 ---- */

/* How long a run of unmapped data has to go on, besides that it fills a window. */
#define LOST_NS RTO_NS

static void check_lost_sender(const Packet *packet, const MpsMptcpOption *dss, FbFlow *flow)
{
    FbEnd *end = &flow->end[packet->sender];
    const FbEnd *peer = &flow->end[other(packet->sender)];

    if (is_map(packet, dss)) {
        end->lost.packet = 0;
        return;
    }
    if (!is_new_data(packet) || !fb_is_plain(packet) || !peer->data_acked || !end->mapped_end ||
        !packet->event->segment.has_seq || packet->event->segment.seq < end->mapped_end ||
        end->lost.packet)
        return;
    wake_families(packet->check);
    end->lost = packet_place(packet);
    end->lost_until = packet->event->segment.seq + peer->window;
}

static void check_lost_receiver(const Packet *packet, FbFlow *flow)
{
    FbEnd *end = &flow->end[other(packet->sender)];

    if (!end->lost.packet || end->lost_done)
        return;
    if (packet->rst) {
        rule_pass(packet->check, RULE_FB_10);
        end->lost_done = true;
    } else if (packet->event->segment.has_ack && packet->event->segment.ack >= end->lost_until &&
               packet->wire->ts_ns - end->lost.ts_ns > LOST_NS) {
        rule_fault_at(packet->check, packet->flow->public, other(packet->sender),
                      packet_place(packet),
                      (Fault){.rule = RULE_FB_10,
                              .suspect = SUSPECT_RECEIVER,
                              .field = "answer to a window of data without mapping",
                              .expected = text("RST"),
                              .seen = text("ACK"),
                              .earlier = end->lost,
                              .needs = EV_NOGAP | EV_VRX});
        end->lost_done = true;
    }
}

/* ---- what makes a connection fall back ---- */

static bool has_joins(const Check *check)
{
    return check->connection->subflows_established > 1;
}

/* An ACK of data without DSS, before any DATA_ACK of data on the subflow.  A full option space
 * (SACK) and the last ACKs, after a FIN, say nothing. */
static void watch_acks(const Packet *packet, FbFlow *flow)
{
    const FbEnd *end = &flow->end[packet->sender];
    const bool unproven = !end_is_complete(packet->sending);

    if (end->data_acked || !fb_is_plain(packet) || !flow->accepted || !acks_payload(packet) ||
        packet->wire->tcp_options & MPS_TCPOPT_SACK || packet->peer->fin.packet)
        return;
    if (packet->flow->public->kind == MPS_KIND_JOIN) {
        if (flow->confirmed && !flow->no_dss.packet) {
            wake_families(packet->check);
            flow->no_dss = packet_place(packet);
            flow->no_dss_sender = other(packet->sender);
            flow->no_dss_unproven = unproven;
        }
    } else if (flow->confirmed && !has_joins(packet->check)) {
        fall_back(packet, FB_NO_DSS, unproven);
    }
}

/* Plain data after a third packet without MP_CAPABLE. */
static void watch_third(const Packet *packet, const FbFlow *flow)
{
    const Flow *subflow = packet->flow;
    const bool opener = packet->sender == subflow->public->opened_by;
    const End *end = opener ? packet->sending : packet->peer;

    if (subflow->public->kind == MPS_KIND_INITIAL && flow->third_plain && !flow->confirmed &&
        fb_is_plain(packet) && is_new_data(packet))
        fall_back(packet, FB_THIRD, !end_is_complete(end));
}

/* Whether the subflow of @packet alone carries the connection. */
static bool is_alone(const Packet *packet)
{
    for (guint i = 0; i < check_n_flows(packet->check); i++) {
        const Flow *flow = check_flow(packet->check, i);

        if (flow && flow != packet->flow && flow->public->established_ns != MPS_NO_TIME &&
            (flow_is_open(flow, MPS_CLIENT) || flow_is_open(flow, MPS_SERVER)))
            return false;
    }
    return true;
}

static void watch_fail(const Packet *packet)
{
    FbCheck *state = check_state_of(packet);

    if (packet->rst || !packet_option(packet, MPS_MP_FAIL) || !is_alone(packet))
        return;
    if (state->fail[other(packet->sender)].packet && !packet->check->fallen_back)
        fall_back(packet, FB_FAIL, false);
    if (!state->fail[packet->sender].packet) {
        state->fail[packet->sender] = packet_place(packet);
        state->fail_first |= !state->fail[other(packet->sender)].packet ? 1u << packet->sender : 0;
    }
}

static void watch(const Packet *packet, const MpsMptcpOption *dss, FbFlow *flow)
{
    if (packet->subtypes & 1u << MPS_MP_FAIL)
        watch_fail(packet);
    if (packet->check->fallen_back)
        return;
    if (dss && fb_is_infinite(packet, dss)) {
        fall_back(packet, FB_INFINITE, false);
        return;
    }
    watch_third(packet, flow);
    if (!packet->check->fallen_back)
        watch_acks(packet, flow);
}

/* ---- state ---- */

static bool is_payload_map(const MpsMptcpOption *dss)
{
    return dss->dss.has_map && dss->dss.data_bytes > dss->dss.data_fin;
}

static void track_mapping(const Packet *packet, const MpsMptcpOption *dss, FbEnd *end)
{
    fb_note_shift(end, dss->dss.dsn - dss->dss.ssn, dss->dss.dsn_is_64);
    if (packet->event->segment.has_map_seq)
        end->mapped_end =
            MAX(end->mapped_end, packet->event->segment.map_seq + dss->dss.data_bytes);
}

static void track_capable(const Packet *packet, const MpsMptcpOption *capable, FbEnd *end)
{
    const MpsConnectionSide *side = &packet->check->connection->side[packet->sender];

    if (!capable->capable.has_data_length || !packet->event->segment.has_seq)
        return;
    if (side->has_idsn)
        fb_note_shift(end, side->idsn, true);
    end->capable_end = packet->event->segment.seq + capable->capable.data_bytes;
    end->mapped_end = MAX(end->mapped_end, end->capable_end);
}

static void track_dss(const Packet *packet, const MpsMptcpOption *dss, FbEnd *end)
{
    if (!end->data_acked)
        end->data_acked = dss->dss.has_ack && acks_payload(packet);
    if (is_payload_map(dss))
        track_mapping(packet, dss, end);
}

static void track_window(const Packet *packet, FbEnd *end)
{
    end->window = (int64_t)packet->wire->window << packet->sending->wscale;
}

static void track(const Packet *packet, const MpsMptcpOption *dss, FbFlow *flow)
{
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);
    FbEnd *end = &flow->end[packet->sender];

    if (dss)
        track_dss(packet, dss, end);
    if (capable && !(dss && is_payload_map(dss)))
        track_capable(packet, capable, end);
    /* It does speak MPTCP: what seemed to be without was not all there was. */
    if (flow->no_dss_unproven && flow->no_dss_sender != packet->sender && dss &&
        ((dss->dss.has_ack && acks_payload(packet)) || dss->dss.has_map))
        flow->no_dss.packet = 0;
    if (!packet->rst)
        track_window(packet, end);
}

static void segment(const Packet *packet)
{
    FbFlow *flow = flow_state_of(packet);
    const MpsMptcpOption *dss = packet->dss;

    if (packet->syn || packet->synack) {
        take_handshake(packet);
        return;
    }
    fb_check_infinite(packet, dss, flow);
    if (packet->check->fallen_back) {
        fb_check_after(packet, dss);
    } else {
        if (!flow->confirmed)
            take_third(packet, flow);
        check_joined(packet, flow);
        check_first_data(packet, dss, flow);
        check_lost_receiver(packet, flow);
        check_lost_sender(packet, dss, flow);
    }
    watch(packet, dss, flow);
    track(packet, dss, flow);
}

/* A DSS decides nothing that is waited for on the subflow. */
static bool is_quiet(const Packet *packet)
{
    const FbFlow *flow = flow_state_of(packet);

    return flow->confirmed && !flow->no_dss.packet && !flow->end[MPS_CLIENT].lost.packet &&
           !flow->end[MPS_SERVER].lost.packet &&
           (packet->sending->n_data == 0 || flow->end[other(packet->sender)].data_acked);
}

static void note(const Packet *packet)
{
    FbEnd *end = &flow_state_of(packet)->end[packet->sender];

    if (packet->dss) {
        track_dss(packet, packet->dss, end);
        track_window(packet, end);
    } else {
        segment(packet);
    }
}

static void finish(Check *check)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (!flow)
            continue;
        for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
            report_unmapped(check, flow, side);
        report_not_reset(check, flow);
    }
    fb_finish(check);
}

const Family mps_rules_fb = {
    .check_bytes = sizeof(FbCheck),
    .flow_bytes = sizeof(FbFlow),
    .segment = segment,
    .is_quiet = is_quiet,
    .note = note,
    .finish = finish,
};
