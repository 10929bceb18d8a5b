/* rules_fail.c - FAIL: MP_FAIL, and what hosts make of wrong checksums (RFC 8684 section 3.7). */
#include "rules/check.h"

/* Data that has to be sent again after a RST with MP_FAIL. */
typedef struct {
    Place place; /* none: nothing to wait for */
    const Flow *flow;
    int64_t offset;
} Lost;

/* A wrong checksum, until its receiver is seen to care. */
typedef struct {
    Place place;
    int64_t begin, end;
    Place acked; /* its last byte, on the subflow */
} Failed;

/* An MP_FAIL on an ACK while other subflows were open: that may have been about to close. */
typedef struct {
    Place place;
    const Flow *flow, *other;
    MpsSide sender;
} Carrier;

typedef struct {
    Lost lost[2]; /* by who sends the data */
    Carrier carrier;
    bool any_failed; /* a checksum */
} CheckState;

typedef struct {
    struct {
        Place fail;      /* first MP_FAIL */
        bool is_answer;  /* it answers that of the peer */
        bool unanswered; /* on an ACK, and nothing came back so far */
        Failed failed;   /* of what this end sent */
    } end[2];
} FlowState;

static CheckState *state_of(const Check *check)
{
    return rare_state(check_state(check, FAMILY_fail), sizeof(CheckState));
}

static FlowState *flow_state_of(const Flow *flow)
{
    return rare_state(flow_state(flow, FAMILY_fail), sizeof(FlowState));
}

/* Whether anything has failed in the connection so far. */
static bool has_begun(const Check *check)
{
    CheckState *const *state = check_state(check, FAMILY_fail);

    return *state;
}

static int checksum_state(const Check *check)
{
    return check->has_checksum ? check->checksum : check->connection->checksum;
}

/* An open subflow besides @flow, or NULL. */
static const Flow *another_open(const Flow *flow, int64_t ts_ns)
{
    const Check *check = flow->check;

    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *each = check_flow(check, i);

        if (each && each != flow && flow_was_open(each, ts_ns))
            return each;
    }
    return NULL;
}

/* ---- the option ---- */

static void check_form(const Packet *packet, const MpsMptcpOption *option, bool misshapen)
{
    if (misshapen) {
        rule_fault(packet, (Fault){.rule = RULE_FAIL_01,
                                   .field = "length of MP_FAIL",
                                   .expected = text("12"),
                                   .seen = text("%u", option->length)});
        return;
    }
    if (rule_broken(packet, RULE_FAIL_01, (option->byte2 & 0x0f) != 0 || option->byte3 != 0))
        rule_fault(packet,
                   (Fault){.rule = RULE_FAIL_01,
                           .verdict = WARNING,
                           .field = "reserved bits of MP_FAIL",
                           .expected = text("0"),
                           .seen = text("bytes 2 and 3: %02x %02x", option->byte2, option->byte3)});
}

static void check_negotiated(const Packet *packet)
{
    const int checksum = checksum_state(packet->check);

    if (checksum < 0)
        rule_unchecked(packet->check, RULE_FAIL_02, EV_CSN);
    else if (rule_broken(packet, RULE_FAIL_02, checksum == 0))
        rule_fault(packet, (Fault){.rule = RULE_FAIL_02,
                                   .verdict = WARNING,
                                   .field = "MP_FAIL",
                                   .expected = text("none: DSS checksums are not in use"),
                                   .seen = text("MP_FAIL")});
}

/* The data offset that @option names, of data that @packet's receiver sent. */
static bool named_offset(const Packet *packet, const MpsMptcpOption *option, int64_t *offset)
{
    const MpsConnectionSide *side = &packet->check->connection->side[other(packet->sender)];

    *offset = (int64_t)(option->fail.dsn - side->idsn) - 1;
    return side->has_idsn && check_has_keys(packet->check);
}

/* The mapping may be right here and damaged later, so every one does. */
static void check_named(const Packet *packet, const MpsMptcpOption *option)
{
    const End *failed = packet->peer;
    int64_t offset, oldest = INT64_MAX;
    bool known = false;

    if (!named_offset(packet, option, &offset)) {
        rule_unchecked(packet->check, RULE_FAIL_03, EV_KEYS);
        return;
    }
    for (uint64_t i = 0; i < MIN(failed->n_mapped, RECENT_MAPPINGS); i++) {
        known = known || failed->recent[i].offset == offset;
        oldest = MIN(oldest, failed->recent[i].offset);
    }
    known = known || (failed->has_failed_checksum && failed->failed_begin == offset);
    if (!known && (failed->n_mapped > RECENT_MAPPINGS ? offset < oldest : failed->n_mapped == 0)) {
        rule_unchecked(packet->check, RULE_FAIL_03, EV_NOGAP);
        return;
    }
    if (rule_broken(packet, RULE_FAIL_03, !known))
        rule_fault(packet, (Fault){.rule = RULE_FAIL_03,
                                   .verdict = WARNING,
                                   .field = "data sequence number of MP_FAIL",
                                   .expected = text("the begin of a mapping on this subflow"),
                                   .seen = text("%" G_GUINT64_FORMAT ", byte %" G_GINT64_FORMAT
                                                " of the data",
                                                option->fail.dsn, offset),
                                   .needs = EV_NOGAP});
}

/* Whether the connection never had a subflow besides @flow, as far as the capture goes back. */
static bool was_always_alone(const Flow *flow)
{
    const Check *check = flow->check;

    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *each = check_flow(check, i);

        if (each != flow && (!each || each->public->established_ns != MPS_NO_TIME))
            return false;
    }
    return flow->syn.packet != 0;
}

static void check_carrier(const Packet *packet, CheckState *state)
{
    const Flow *other_flow = another_open(packet->flow, packet->wire->ts_ns);

    if (other_flow && !packet->rst) {
        if (!state->carrier.place.packet)
            state->carrier =
                (Carrier){packet_place(packet), packet->flow, other_flow, packet->sender};
        return;
    }
    if (rule_broken(packet, RULE_FAIL_04, packet->rst && was_always_alone(packet->flow)))
        rule_fault(packet, (Fault){.rule = RULE_FAIL_04,
                                   .verdict = WARNING,
                                   .field = "carrier of MP_FAIL on the only subflow",
                                   .expected = text("an ACK: data in flight is contiguous"),
                                   .seen = text("RST"),
                                   .needs = EV_ALL});
}

/* A RST with MP_FAIL: from there on the data has to come on another subflow. */
static void note_lost(const Packet *packet, const MpsMptcpOption *option, CheckState *state)
{
    Lost *lost = &state->lost[other(packet->sender)];
    int64_t offset;

    if (lost->place.packet || !another_open(packet->flow, packet->wire->ts_ns))
        return;
    if (named_offset(packet, option, &offset))
        *lost = (Lost){packet_place(packet), packet->flow, offset};
    else
        rule_unchecked(packet->check, RULE_FAIL_07, EV_KEYS);
}

static void take_fail(const Packet *packet, const MpsMptcpOption *option, CheckState *state,
                      FlowState *flow)
{
    const MpsSide sender = packet->sender;
    const bool is_answer = flow->end[other(sender)].fail.packet;

    if (flow->end[sender].fail.packet)
        return; /* a repetition */
    flow->end[sender].fail = packet_place(packet);
    if (flow->end[other(sender)].unanswered) {
        flow->end[other(sender)].unanswered = false;
        rule_pass(packet->check, RULE_FAIL_05);
    }
    if (is_answer) {
        rule_pass(packet->check, RULE_FAIL_03);
        return;
    }
    check_negotiated(packet);
    check_named(packet, option);
    check_carrier(packet, state);
    if (packet->rst)
        note_lost(packet, option, state);
    else
        flow->end[sender].unanswered = !another_open(packet->flow, packet->wire->ts_ns);
}

/* ---- the answer ---- */

static void check_answer(const Packet *packet, FlowState *flow)
{
    const MpsSide failing = other(packet->sender);
    const Place fail = flow->end[failing].fail;
    const bool late = packet->wire->ts_ns - fail.ts_ns > RTO_NS + flow_rtt_ns(packet->flow);

    if (!packet->rst && !late)
        return;
    flow->end[failing].unanswered = false;
    rule_fault(packet, (Fault){.rule = RULE_FAIL_05,
                               .verdict = packet->rst ? WARNING : VIOLATION,
                               .suspect = SUSPECT_RECEIVER,
                               .host = packet->sender,
                               .has_host = true,
                               .field = "answer to MP_FAIL",
                               .expected = text("MP_FAIL"),
                               .seen = text(packet->rst ? "RST" : "none, packets go on"),
                               .earlier = fail,
                               .needs = EV_NOGAP | EV_VTX,
                               .unseen = !end_is_complete(packet->sending)});
}

/* ---- wrong checksums ---- */

/* Whether the data of @failed was sent another time. */
static bool was_sent_again(const Check *check, const Flow *flow, MpsSide sender,
                           const Failed *failed)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *each = check_flow(check, i);
        const End *end = each ? &each->end[sender] : NULL;

        for (uint64_t k = 0; end && k < MIN(end->n_mapped, RECENT_MAPPINGS); k++) {
            const Mapped *mapped = &end->recent[k];
            const bool itself = each == flow && mapped->offset == failed->begin &&
                                mapped->end - mapped->begin == failed->end - failed->begin;

            if (!itself && mapped->offset < failed->end &&
                mapped->offset + (mapped->end - mapped->begin) > failed->begin)
                return true;
        }
        if (end && each != flow && end->n_mapped > RECENT_MAPPINGS)
            return true; /* the copy may be forgotten */
    }
    return false;
}

static void report_failed(const Packet *packet, const Flow *flow, Failed *failed,
                          const char *expected, const char *seen, Fault fault)
{
    fault.rule = RULE_FAIL_06;
    fault.suspect = SUSPECT_RECEIVER;
    fault.host = packet->sender;
    fault.has_host = true;
    fault.field = "reaction to a wrong DSS checksum";
    fault.expected = text("%s", expected);
    fault.seen = text("%s", seen);
    fault.earlier = failed->place;
    rule_fault_at(packet->check, flow->public, packet->sender, packet_place(packet), fault);
    failed->place.packet = 0;
}

/* A packet of the receiver of @failed, on its subflow. */
static void check_reaction(const Packet *packet, Failed *failed)
{
    const int64_t limit_ns = failed->acked.ts_ns + RTO_NS + flow_rtt_ns(packet->flow);

    if (packet->subtypes & 1u << MPS_MP_FAIL) {
        rule_pass(packet->check, RULE_FAIL_06);
        failed->place.packet = 0;
    } else if (packet->rst) {
        report_failed(packet, packet->flow, failed, "MP_FAIL", "RST without MP_FAIL",
                      (Fault){.verdict = WARNING, .needs = EV_VTX});
    } else if (!failed->acked.packet) {
        if (packet->event->segment.has_ack && packet->event->segment.ack >= packet->peer->next)
            failed->acked = packet_place(packet);
    } else if (packet->wire->ts_ns > limit_ns) {
        report_failed(
            packet, packet->flow, failed, "MP_FAIL", "none, packets go on",
            (Fault){.needs = EV_NOGAP | EV_VTX, .unseen = !end_is_complete(packet->sending)});
    }
}

/* A DATA_ACK, on whatever subflow. */
static void check_data_ack(const Packet *packet)
{
    const Check *check = packet->check;
    const MpsSide failing = other(packet->sender);

    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);
        Failed *failed = flow ? &flow_state_of(flow)->end[failing].failed : NULL;

        if (!failed || !failed->place.packet || packet->event->segment.data_ack < failed->end)
            continue;
        if (was_sent_again(check, flow, failing, failed))
            failed->place.packet = 0; /* that copy may be what is acknowledged */
        else
            report_failed(packet, flow, failed, "no DATA_ACK of the data", "DATA_ACK",
                          (Fault){.needs = EV_ALL | EV_NOGAP | EV_VTX});
    }
}

/* A retransmission may bring what was damaged before the receiver's TCP took it. */
static void note_failed(const Packet *packet, CheckState *state, FlowState *flow)
{
    const End *end = packet->sending;
    Failed *failed = &flow->end[packet->sender].failed;

    if (packet->again && packet->wire->payload_bytes > 0)
        failed->place.packet = 0;
    if (!end->has_failed_checksum || end->failed.packet != packet->wire->packet ||
        end->failed.capture_id != packet->wire->capture_id || packet->check->connection->fallback ||
        flow->end[other(packet->sender)].fail.packet)
        return;
    state->any_failed = true;
    *failed = (Failed){.place = end->failed, .begin = end->failed_begin, .end = end->failed_end};
}

/* ---- data that is sent again ---- */

static void watch_lost(const Packet *packet, CheckState *state)
{
    const MpsEvent *event = packet->event;
    const MpsMptcpOption *dss = packet->dss;
    Lost *own = &state->lost[packet->sender], *peer = &state->lost[other(packet->sender)];
    const bool again = own->place.packet && packet->flow != own->flow && event->segment.has_map &&
                       event->segment.map_offset <= own->offset &&
                       event->segment.map_offset + mapped_bytes(dss) > own->offset;

    if (again)
        rule_pass(packet->check, RULE_FAIL_07);
    if (again)
        own->place.packet = 0;
    if (peer->place.packet && event->segment.has_data_ack && event->segment.data_ack > peer->offset)
        peer->place.packet = 0; /* it had come already */
}

static void segment(const Packet *packet)
{
    const MpsMptcpOption *misshapen = packet_misshapen(packet, MPS_MP_FAIL);
    const MpsMptcpOption *fail = packet_option(packet, MPS_MP_FAIL);
    const MpsSide peer = other(packet->sender);
    CheckState *state;
    FlowState *flow;

    if (!misshapen && !fail && !packet->sending->has_failed_checksum && !has_begun(packet->check))
        return;
    state = state_of(packet->check);
    flow = flow_state_of(packet->flow);
    note_failed(packet, state, flow);
    if (misshapen || fail)
        check_form(packet, misshapen ? misshapen : fail, misshapen);
    if (flow->end[peer].failed.place.packet)
        check_reaction(packet, &flow->end[peer].failed);
    if (state->any_failed && packet->event->segment.has_data_ack)
        check_data_ack(packet);
    if (fail)
        take_fail(packet, fail, state, flow);
    else if (flow->end[peer].unanswered)
        check_answer(packet, flow);
    if (packet->subtypes & 1u << MPS_DSS)
        watch_lost(packet, state);
}

/* ---- the end ---- */

/* FAIL-04: whether @place was long before @flow ended, if it did. */
static bool stayed_open(const Flow *flow, Place place)
{
    return flow_was_open(flow, place.ts_ns + ANSWER_NS);
}

static void finish_carrier(Check *check, const Carrier *carrier)
{
    if (!carrier->place.packet)
        return;
    if (!stayed_open(carrier->other, carrier->place)) {
        rule_pass(check, RULE_FAIL_04);
        return;
    }
    rule_fault_at(
        check, carrier->flow->public, carrier->sender, carrier->place,
        (Fault){.rule = RULE_FAIL_04,
                .field = "carrier of MP_FAIL with several subflows",
                .expected = text("RST"),
                .seen = text("ACK, and subflow %u is open", carrier->other->public->ordinal)});
}

static void finish_lost(Check *check, MpsSide data_sender, const Lost *lost)
{
    const int64_t limit_ns = lost->place.ts_ns + RTO_NS;

    if (!lost->place.packet || !another_open(lost->flow, limit_ns) ||
        check_until_ns(check, lost->place.ts_ns) <= limit_ns)
        return;
    rule_fault_at(check, lost->flow->public, other(data_sender), lost->place,
                  (Fault){.rule = RULE_FAIL_07,
                          .verdict = WARNING,
                          .suspect = SUSPECT_RECEIVER,
                          .field = "data that MP_FAIL and RST stopped",
                          .expected = text("sent again on another subflow"),
                          .seen = text("not sent from byte %" G_GINT64_FORMAT " on", lost->offset),
                          .needs = EV_ALL | EV_NOGAP});
}

static void finish_answer(Check *check, const Flow *flow)
{
    const FlowState *state = flow_state_of(flow);

    for (MpsSide failing = MPS_CLIENT; failing <= MPS_SERVER; failing++) {
        const Place fail = state->end[failing].fail;
        const int64_t limit_ns = fail.ts_ns + RTO_NS + flow_rtt_ns(flow);

        if (!state->end[failing].unanswered || check_until_ns(check, fail.ts_ns) <= limit_ns ||
            !flow_was_open(flow, limit_ns))
            continue;
        rule_fault_at(check, flow->public, failing, fail,
                      (Fault){.rule = RULE_FAIL_05,
                              .suspect = SUSPECT_RECEIVER,
                              .field = "answer to MP_FAIL",
                              .expected = text("MP_FAIL"),
                              .seen = text("silence"),
                              .needs = EV_NOGAP,
                              .unproven = true});
    }
}

static void finish(Check *check)
{
    const CheckState *state;

    if (!has_begun(check))
        return;
    state = state_of(check);
    finish_carrier(check, &state->carrier);
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        finish_lost(check, side, &state->lost[side]);
    for (guint i = 0; i < check_n_flows(check); i++)
        if (check_flow(check, i))
            finish_answer(check, check_flow(check, i));
}

static bool is_quiet(const Packet *packet)
{
    return !has_begun(packet->check);
}

static void clear_flow(Flow *flow)
{
    FlowState **state = flow_state(flow, FAMILY_fail);

    g_free(*state);
}

static void clear_check(Check *check)
{
    CheckState **state = check_state(check, FAMILY_fail);

    g_free(*state);
}

static const MpsLink lost_links[] = {
    MPS_ENTITY(Lost, flow),
    {0},
};

static const MpsLink state_links[] = {
    MPS_PART(CheckState, lost, 2, lost_links),
    MPS_ENTITY(CheckState, carrier.flow),
    MPS_ENTITY(CheckState, carrier.other),
    {0},
};

static const MpsLink check_links[] = {
    MPS_RARE(CheckState, state_links),
    {0},
};

static const MpsLink flow_links[] = {
    MPS_RARE(FlowState, NULL),
    {0},
};

const Family mps_rules_fail = {
    .check_bytes = sizeof(CheckState *),
    .flow_bytes = sizeof(FlowState *),
    .check_links = check_links,
    .flow_links = flow_links,
    .segment = segment,
    .is_quiet = is_quiet,
    .finish = finish,
    .clear_flow = clear_flow,
    .clear_check = clear_check,
};
