/* rules_prio.c - PRIO: backup subflows and MP_PRIO (RFC 8684 section 3.3.8, RFC 6824
 * section 3.3.8).
 */
#include "rules/address_ids.h"

typedef struct {
    bool has_backup;    /* some subflow is, or was, to be a backup */
    int64_t highest[2]; /* end of the data that each host has mapped so far */
} CheckState;

typedef struct {
    int64_t since_ns[2]; /* when each host last said whether it is a backup; 0: in MP_JOIN */
} FlowState;

/* A subflow that was heard of within this time works. */
#define WORKING_NS SECOND_NS

/* ---- PRIO-01 ---- */

static void check_form(const Packet *packet, const MpsMptcpOption *option)
{
    const bool wrong_length = option_is_misshapen(packet, option) ||
                              (option->status == MPS_OPT_OK && option->length == 4 &&
                               packet->check->connection->version == 1);
    const unsigned reserved = option->byte2 & 0x0e;
    const Flow *flow = packet->flow;
    const bool early = flow->public->kind == MPS_KIND_JOIN &&
                       packet->sender == flow->public->opened_by && flow->synack.packet &&
                       !flow->fourth.packet;

    if (!rule_broken(packet, RULE_PRIO_01, wrong_length || reserved || early))
        return;
    rule_fault(
        packet,
        (Fault){.rule = RULE_PRIO_01,
                .verdict = wrong_length ? VIOLATION : WARNING,
                .field = wrong_length ? "length of MP_PRIO"
                         : reserved   ? "reserved bits of MP_PRIO"
                                      : "MP_PRIO on a subflow that is not established",
                .expected = wrong_length
                                ? text(packet->check->connection->version == 0 ? "3 or 4" : "3")
                            : reserved ? text("0")
                                       : text("none before the fourth packet"),
                .seen = wrong_length ? text("%u", option->length)
                        : reserved   ? text("0x%x", reserved)
                                     : NULL});
}

/* ---- PRIO-02 ---- */

static void check_target(const Packet *packet, const MpsMptcpOption *option)
{
    if (!option->prio.has_address_id) {
        rule_pass(packet->check, RULE_PRIO_02);
        return;
    }
    if (rule_broken(packet, RULE_PRIO_02,
                    !address_id_is_known(packet->check, packet->sender, option->prio.address_id)))
        rule_fault(packet, (Fault){.rule = RULE_PRIO_02,
                                   .verdict = WARNING,
                                   .field = "address id of MP_PRIO",
                                   .expected = text("one that the host used or announced"),
                                   .seen = text("%u", option->prio.address_id),
                                   .needs = EV_ALL});
}

static void note_request(const Packet *packet, const MpsMptcpOption *option)
{
    CheckState *state = check_state(packet->check, FAMILY_prio);

    state->has_backup |= option->prio.backup;
    for (guint i = 0; i < check_n_flows(packet->check); i++) {
        Flow *flow = check_flow(packet->check, i);

        if (!flow || (option->prio.has_address_id
                          ? address_id_on(flow->public, packet->sender) != option->prio.address_id
                          : flow != packet->flow))
            continue;
        ((FlowState *)flow_state(flow, FAMILY_prio))->since_ns[packet->sender] =
            packet->wire->ts_ns;
    }
}

/* ---- PRIO-03 ---- */

/* Since when @side has wanted @flow to be a backup; MPS_NO_TIME: it has not. */
static int64_t backup_since_ns(const Flow *flow, MpsSide side)
{
    const FlowState *state = flow_state(flow, FAMILY_prio);

    if (!flow->public->side[side].backup_now)
        return MPS_NO_TIME;
    return MAX(state->since_ns[side], flow->public->established_ns);
}

/* Whether @flow, no backup, would take data of the sender of @packet now: everything sent on it is
 * acknowledged, has been for a while, and its peer was heard of lately. */
static bool is_idle(const Packet *packet, const Flow *flow)
{
    const MpsSide side = packet->sender;
    const End *sending = &flow->end[side], *peer = &flow->end[other(side)];
    const int64_t quiet_ns = packet->wire->ts_ns - peer->last.ts_ns;
    const MpsSubflow *subflow = flow->public;

    return subflow->established_ns != MPS_NO_TIME && !subflow->side[other(side)].backup_now &&
           flow_is_open(flow, MPS_CLIENT) && flow_is_open(flow, MPS_SERVER) &&
           peer->acked >= sending->next && quiet_ns < WORKING_NS &&
           quiet_ns > flow_rtt_ns(flow) + ORDER_NS &&
           packet->wire->ts_ns - sending->last.ts_ns > flow_rtt_ns(flow) + ORDER_NS &&
           subflow->side[other(side)].zero_window_ns != peer->last.ts_ns;
}

static const Flow *idle_flow(const Packet *packet)
{
    for (guint i = 0; i < check_n_flows(packet->check); i++) {
        const Flow *flow = check_flow(packet->check, i);

        if (flow && flow != packet->flow && is_idle(packet, flow))
            return flow;
    }
    return NULL;
}

static void check_honoured(const Packet *packet)
{
    const Flow *flow = packet->flow;
    const int64_t since_ns = backup_since_ns(flow, other(packet->sender));
    const bool settled =
        since_ns != MPS_NO_TIME && packet->wire->ts_ns > since_ns + flow_rtt_ns(flow) + ORDER_NS;

    if (since_ns != MPS_NO_TIME && !settled)
        return;

    const Flow *idle = settled ? idle_flow(packet) : NULL;

    if (rule_broken(packet, RULE_PRIO_03, idle))
        rule_fault(packet,
                   (Fault){.rule = RULE_PRIO_03,
                           .field = "new data on a backup subflow",
                           .expected = text("on subflow %u, which is idle", idle->public->ordinal),
                           .seen = text("%u bytes", packet->wire->payload_bytes),
                           .earlier = idle->end[other(packet->sender)].last,
                           .needs = EV_NOGAP});
}

/* Whether @packet maps data that none before it has. */
static bool maps_more(const Packet *packet, CheckState *state)
{
    const MpsMptcpOption *dss = packet->dss;
    int64_t end;

    if (!dss || !packet->event->segment.has_map || dss->dss.data_bytes == 0)
        return false;
    end = packet->event->segment.map_offset + dss->dss.data_bytes - dss->dss.data_fin;
    if (end <= state->highest[packet->sender])
        return false;
    state->highest[packet->sender] = end;
    return packet->wire->payload_bytes > 0 && !packet->again;
}

/* ---- all ---- */

static void take_prio(const Packet *packet)
{
    const MpsMptcpOption *misshapen = packet_misshapen(packet, MPS_MP_PRIO);
    const MpsMptcpOption *prio = packet_option(packet, MPS_MP_PRIO);

    if (misshapen)
        check_form(packet, misshapen);
    if (!prio)
        return;
    check_form(packet, prio);
    if (prio->prio.has_address_id && packet->check->connection->version == 1)
        return; /* has no such form */
    check_target(packet, prio);
    note_request(packet, prio);
}

static void segment(const Packet *packet)
{
    CheckState *state;

    if (packet->wire->n_mptcp == 0 || packet->check->fallen_back)
        return;
    state = check_state(packet->check, FAMILY_prio);
    if (packet->syn || packet->synack) {
        const MpsMptcpOption *join = packet_option(packet, MPS_MP_JOIN);

        state->has_backup |= join && join->join.backup;
        return;
    }
    if (packet->subtypes != 1u << MPS_DSS)
        take_prio(packet);
    if (maps_more(packet, state) && state->has_backup)
        check_honoured(packet);
}

static bool is_quiet(const Packet *packet)
{
    const CheckState *state = check_state(packet->check, FAMILY_prio);

    return !state->has_backup;
}

static void note(const Packet *packet)
{
    maps_more(packet, check_state(packet->check, FAMILY_prio));
}

const Family mps_rules_prio = {
    .check_bytes = sizeof(CheckState),
    .flow_bytes = sizeof(FlowState),
    .segment = segment,
    .is_quiet = is_quiet,
    .note = note,
};
