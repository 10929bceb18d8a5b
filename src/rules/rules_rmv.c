/* rules_rmv.c - RMV: REMOVE_ADDR (RFC 8684 section 3.4.2). */
#include "rules/address_ids.h"

/* A host's removal of its address on a subflow. */
typedef struct {
    Place removal;
    bool working;        /* the other host was heard of on the subflow right before */
    bool was_closing;    /* a FIN of the host was there before */
    bool used, probed;   /* RMV-03, RMV-05: by payload; by a keepalive of the other host */
    Place late;          /* RMV-03: payload when what was queued should be gone */
    bool closed_by_peer; /* RMV-05 is decided */
} Removal;

typedef struct {
    Removal by[2]; /* by MpsSide */
} FlowState;

/* How long after a REMOVE_ADDR what happens is due to it. */
#define DUE_NS RTO_NS
/* How long a queue may take to be empty. */
#define QUEUE_NS (100 * MS_NS)

/* ---- RMV-01 ---- */

static bool has_twins(const MpsMptcpOption *option)
{
    for (int i = 1; i < option->remove_addr.n_ids; i++)
        for (int k = 0; k < i; k++)
            if (option->remove_addr.ids[i] == option->remove_addr.ids[k])
                return true;
    return false;
}

static void check_form(const Packet *packet, const MpsMptcpOption *option)
{
    const bool misshapen = option_is_misshapen(packet, option);
    const bool twins = !misshapen && has_twins(option);
    const unsigned reserved = option->byte2 & 0x0f;

    if (!rule_broken(packet, RULE_RMV_01, misshapen || twins || reserved))
        return;
    rule_fault(packet, (Fault){.rule = RULE_RMV_01,
                               .verdict = misshapen ? VIOLATION : WARNING,
                               .field = misshapen ? "length of REMOVE_ADDR"
                                        : twins   ? "ids of REMOVE_ADDR"
                                                  : "reserved bits of REMOVE_ADDR",
                               .expected = misshapen ? text("at least 4")
                                           : twins   ? text("each one once")
                                                     : text("0"),
                               .seen = misshapen ? text("%u", option->length)
                                       : twins   ? text("one of them twice")
                                                 : text("0x%x", reserved)});
}

/* ---- REMOVE_ADDR ---- */

static void check_known(const Packet *packet, unsigned id)
{
    if (rule_broken(packet, RULE_RMV_02, !address_id_is_known(packet->check, packet->sender, id)))
        rule_fault(packet, (Fault){.rule = RULE_RMV_02,
                                   .verdict = WARNING,
                                   .field = "id of REMOVE_ADDR",
                                   .expected = text("one that the host used or announced"),
                                   .seen = text("%u", id),
                                   .needs = EV_ALL | EV_NOGAP});
}

static void note_removal(const Packet *packet, Flow *flow)
{
    const MpsSide side = packet->sender;
    FlowState *state = flow_state(flow, FAMILY_rmv);
    Removal *by = &state->by[side];
    const int64_t heard_ns = flow->end[other(side)].last.ts_ns;

    if (by->removal.packet || flow->public->established_ns == MPS_NO_TIME ||
        flow->end[MPS_CLIENT].rst.packet || flow->end[MPS_SERVER].rst.packet)
        return;
    by->removal = packet_place(packet);
    by->working = packet->wire->ts_ns - heard_ns <= ANSWER_NS;
    by->was_closing = flow->end[side].fin.packet > 0;
}

static void take_removal(const Packet *packet, const MpsMptcpOption *option)
{
    for (int i = 0; i < option->remove_addr.n_ids; i++) {
        const unsigned id = option->remove_addr.ids[i];

        check_known(packet, id);
        for (guint k = 0; k < check_n_flows(packet->check); k++) {
            Flow *flow = check_flow(packet->check, k);

            if (flow && address_id_on(flow->public, packet->sender) == (int)id)
                note_removal(packet, flow);
        }
        if (address_id_is_known(packet->check, packet->sender, id))
            address_ids_remove(address_ids_of(packet->check), packet, id);
    }
}

/* ---- RMV-03: the host that removed the address ---- */

static void report_use(Check *check, const Flow *flow, MpsSide side, const Removal *by)
{
    rule_fault_at(check, flow->public, side, by->late,
                  (Fault){.rule = RULE_RMV_03,
                          .field = "data from a removed address",
                          .expected = text("none after what was queued"),
                          .seen = text("new payload"),
                          .earlier = by->removal});
}

/* A join from it is no fault: hosts say so when an address has come back (Linux). */
static void check_use(const Packet *packet, Removal *by)
{
    const int64_t since_ns = packet->wire->ts_ns - by->removal.ts_ns;

    if (by->used || packet->wire->payload_bytes == 0 || packet->again)
        return;
    if (!by->late.packet && since_ns > MAX(flow_at_once_ns(packet->flow), QUEUE_NS))
        by->late = packet_place(packet);
    if (since_ns <= flow_rtt_ns(packet->flow) + ANSWER_NS)
        return;
    by->used = true;
    report_use(packet->check, packet->flow, packet->sender, by);
}

/* The same where the connection did not last as long: the host had data on the subflow, and did not
 * close it before the connection. */
static void finish_use(Check *check, const Flow *flow, MpsSide side, const Removal *by)
{
    const End *end = &flow->end[side];
    const int64_t done_ns = check->connection->side[side].data_fin_ns;

    if (by->used)
        return;
    if (by->late.packet && done_ns != MPS_NO_TIME && !end->rst.packet &&
        (!end->fin.packet || end->fin.ts_ns >= done_ns))
        report_use(check, flow, side, by);
    else
        rule_pass(check, RULE_RMV_03);
}

/* ---- RMV-05, RMV-06: the other host ---- */

/* The entry that says that @side has given up @address; NULL if another one, or none, does not. */
static const AddressId *removed_entry(const Check *check, MpsSide side, const MpsAddress *address)
{
    const AddressIds *ids = address_ids_of(check);
    const AddressId *entry, *found = NULL;

    for (guint i = 0; (entry = address_ids_nth(ids, side, i)); i++) {
        if (!address_id_has(entry, address))
            continue;
        if (!entry->removed)
            return NULL;
        found = entry;
    }
    return found;
}

static void check_join_target(const Packet *packet)
{
    const AddressId *entry =
        removed_entry(packet->check, other(packet->sender), &packet->wire->dst.address);
    const Flow *first = check_flow(packet->check, 0);

    if (!entry || !first || packet->wire->ts_ns <= entry->removal.ts_ns + flow_rtt_ns(first))
        return;
    rule_fault(packet, (Fault){.rule = RULE_RMV_06,
                               .field = "join to a removed address",
                               .expected = text("none"),
                               .seen = text("id %u", entry->id),
                               .earlier = entry->removal});
}

/* A keepalive has no payload, or one old byte (RFC 9293 section 3.8.4). */
static bool is_keepalive(const Packet *packet)
{
    return packet->ack && !packet->rst && !packet->fin && packet->wire->payload_bytes <= 1 &&
           packet->event->segment.has_seq &&
           packet->event->segment.seq == packet->sending->next - 1;
}

static void check_probe(const Packet *packet, Removal *by)
{
    const MpsSide side = other(packet->sender); /* who removed its address */
    const MpsConnectionSide *data = packet->check->connection->side;

    if (by->closed_by_peer)
        return;
    by->probed |= is_keepalive(packet);
    if (!packet->rst && !packet->fin)
        return;
    by->closed_by_peer = true;
    if (packet->wire->ts_ns > by->removal.ts_ns + DUE_NS ||
        data[MPS_CLIENT].data_fin_ns != MPS_NO_TIME || data[MPS_SERVER].data_fin_ns != MPS_NO_TIME)
        return; /* for another reason */
    if (by->probed || packet->peer->fin.packet || packet->peer->rst.packet || !by->working)
        rule_pass(packet->check, RULE_RMV_05);
    else
        rule_fault_at(packet->check, packet->flow->public, side, packet_place(packet),
                      (Fault){.rule = RULE_RMV_05,
                              .suspect = SUSPECT_RECEIVER,
                              .field = "end of a working subflow after REMOVE_ADDR",
                              .expected = text("a keepalive first"),
                              .seen = text("%s", packet->rst ? "RST" : "FIN"),
                              .earlier = by->removal,
                              .needs = EV_VRX});
}

/* ---- all ---- */

static void take_join(const Packet *packet)
{
    if (packet_option(packet, MPS_MP_JOIN) && !packet->again && packet->check->connection->id != 0)
        check_join_target(packet);
}

static void take_options(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const MpsMptcpOption *misshapen = packet_misshapen(packet, MPS_REMOVE_ADDR);

    if (misshapen)
        check_form(packet, misshapen);
    if (!(packet->subtypes & 1u << MPS_REMOVE_ADDR) || packet_is_out_of_window(packet))
        return;
    for (int i = 0; i < wire->n_mptcp; i++) {
        const MpsMptcpOption *option = &wire->mptcp[i];

        if (option->subtype == MPS_REMOVE_ADDR && option->status == MPS_OPT_OK) {
            check_form(packet, option);
            take_removal(packet, option);
        }
    }
}

static void segment(const Packet *packet)
{
    FlowState *state = flow_state(packet->flow, FAMILY_rmv);

    if (packet->check->fallen_back)
        return;
    if (state->by[packet->sender].removal.packet)
        check_use(packet, &state->by[packet->sender]);
    if (state->by[other(packet->sender)].removal.packet)
        check_probe(packet, &state->by[other(packet->sender)]);
    if (packet->wire->n_mptcp == 0)
        return;
    if (packet->syn)
        take_join(packet);
    else if (!packet->synack)
        take_options(packet);
}

/* ---- RMV-04 ---- */

static void check_closed(Check *check, const Flow *flow, MpsSide side)
{
    const FlowState *state = flow_state(flow, FAMILY_rmv);
    const Removal *by = &state->by[side];
    const End *end = &flow->end[side];
    const bool finished = end->fin.packet && end->fin.ts_ns <= by->removal.ts_ns + CLOSE_NS;

    if (!by->removal.packet)
        return;
    finish_use(check, flow, side, by);
    if (!by->working || flow->end[other(side)].rst.packet)
        return;
    if (finished || by->was_closing) {
        rule_pass(check, RULE_RMV_04);
        return;
    }
    if (!end->rst.packet &&
        check_until_ns(check, by->removal.ts_ns) < by->removal.ts_ns + DUE_NS + flow_rtt_ns(flow))
        return; /* it may still come */
    rule_fault_at(check, flow->public, side, by->removal,
                  (Fault){.rule = RULE_RMV_04,
                          .verdict = end->rst.packet ? WARNING : VIOLATION,
                          .field = "end of a working subflow whose address is removed",
                          .expected = text("FIN"),
                          .seen = text("%s", end->rst.packet ? "RST" : "none"),
                          .needs = EV_ALL | EV_VTX,
                          .unseen = !end_is_complete(end)});
}

/* A removed address to which nobody joined again. */
static void check_left_alone(Check *check, MpsSide side)
{
    const AddressIds *ids = address_ids_of(check);
    const AddressId *entry;

    for (guint i = 0; (entry = address_ids_nth(ids, side, i)); i++)
        if (entry->removed && !rule_is_broken(check, RULE_RMV_06))
            rule_pass(check, RULE_RMV_06);
}

static void finish(Check *check)
{
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        for (guint i = 0; i < check_n_flows(check); i++) {
            const Flow *flow = check_flow(check, i);

            if (flow)
                check_closed(check, flow, side);
        }
        check_left_alone(check, side);
    }
}

static bool is_quiet(const Packet *packet)
{
    const FlowState *state = flow_state(packet->flow, FAMILY_rmv);

    return !state->by[0].removal.packet && !state->by[1].removal.packet;
}

const Family mps_rules_rmv = {
    .flow_bytes = sizeof(FlowState),
    .segment = segment,
    .is_quiet = is_quiet,
    .finish = finish,
};
