/* rules_opt.c - OPT: the structure of MPTCP options (RFC 8684 section 3). */
#include "rules/check.h"

/* A signal on a segment outside the receiver's window, until it is known whether it had an effect.
 */
typedef struct {
    Place place;
    uint8_t subtype, address_id;
} OutOfWindow;

typedef struct {
    bool refused; /* the SYN offered MPTCP, no SYN/ACK accepted it */
    Place refused_at;
    struct {
        unsigned n; /* signalling ACKs in a row */
        uint32_t ack;
        uint16_t window;
        Place first;
        OutOfWindow out;
    } end[2];
} FlowState;

typedef struct {
    uint32_t n_noted; /* packets with a plain DSS: all rules of its form applied and held */
} CheckState;

static FlowState *state_of(const Packet *packet)
{
    return flow_state(packet->flow, FAMILY_opt);
}

static void check_fit(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const MpsMptcpOption *bad = NULL;

    for (int i = 0; i < wire->n_mptcp && !bad; i++)
        if (wire->mptcp[i].status == MPS_OPT_MALFORMED &&
            !option_is_misshapen(packet, &wire->mptcp[i]))
            bad = &wire->mptcp[i];
    if (wire->options_cut)
        rule_unchecked(packet->check, RULE_OPT_01, EV_OPT);
    else if (rule_broken(packet, RULE_OPT_01, bad || wire->options_malformed))
        rule_fault(packet, (Fault){.rule = RULE_OPT_01,
                                   .field = bad ? "option length" : "length of another option",
                                   .expected = text("at least 3, and inside the TCP header"),
                                   .seen = bad ? text("%u", bad->length) : NULL});
}

static void check_subtype(const Packet *packet, const MpsMptcpOption *option)
{
    /* MP_TCPRST is left to OPT-09 where the version does not have it. */
    if (rule_broken(packet, RULE_OPT_02,
                    option->subtype > MPS_MP_TCPRST && option->subtype != MPS_MP_EXPERIMENTAL))
        rule_fault(packet, (Fault){.rule = RULE_OPT_02,
                                   .verdict = WARNING,
                                   .field = "subtype",
                                   .expected = text("0x0 to 0x8, or 0xf"),
                                   .seen = text("0x%x", option->subtype)});
}

static void check_length(const Packet *packet, const MpsMptcpOption *option)
{
    const bool left_to_family =
        packet->check->connection->version >= 0 || packet->syn || packet->synack;
    const bool misshapen = option_is_misshapen(packet, option);

    if (misshapen && left_to_family)
        return;
    if (rule_broken(packet, RULE_OPT_03, misshapen))
        rule_fault(packet, (Fault){.rule = RULE_OPT_03,
                                   .field = "option length",
                                   .expected = text("a length of subtype 0x%x", option->subtype),
                                   .seen = text("%u", option->length)});
}

/* The other subtypes' reserved bits belong to the rules of their form. */
static void check_reserved(const Packet *packet, const MpsMptcpOption *option)
{
    const unsigned reserved = (option->byte2 & 0x0fu) << 8 | (option->byte3 & 0xe0u);

    if (option->subtype != MPS_DSS || option->status != MPS_OPT_OK)
        return;
    if (rule_broken(packet, RULE_OPT_04, reserved != 0))
        rule_fault(packet,
                   (Fault){.rule = RULE_OPT_04,
                           .field = "reserved bits of the DSS",
                           .expected = text("0"),
                           .seen = text("bytes 2 and 3: %02x %02x", option->byte2, option->byte3)});
}

static void check_carrier(const Packet *packet)
{
    const unsigned capable = 1u << MPS_MP_CAPABLE, join = 1u << MPS_MP_JOIN;
    const bool on_syn = packet->syn || packet->synack;
    const bool both = (packet->subtypes & capable) && (packet->subtypes & join);
    /* MP_TCPRST belongs to RST-01. */
    const bool strange =
        on_syn && (packet->subtypes & ~(capable | join | 1u << MPS_MP_TCPRST)) != 0;

    if (rule_broken(packet, RULE_OPT_05, both || strange))
        rule_fault(packet, (Fault){.rule = RULE_OPT_05,
                                   .field = "MPTCP options of the packet",
                                   .expected = text(both ? "MP_CAPABLE or MP_JOIN"
                                                         : "on a SYN: MP_CAPABLE or MP_JOIN only"),
                                   .seen = text(both ? "both" : "another one")});
}

static bool same_value(const MpsMptcpOption *a, const MpsMptcpOption *b)
{
    if (a->subtype == MPS_DSS)
        return a->byte3 == b->byte3 && a->dss.data_ack == b->dss.data_ack &&
               a->dss.dsn == b->dss.dsn && a->dss.ssn == b->dss.ssn &&
               a->dss.data_bytes == b->dss.data_bytes && a->dss.checksum == b->dss.checksum;
    return a->length == b->length && a->byte2 == b->byte2 && a->byte3 == b->byte3;
}

static void check_repetition(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const unsigned many = 1u << MPS_ADD_ADDR | 1u << MPS_REMOVE_ADDR | 1u << MPS_MP_EXPERIMENTAL;

    for (int i = 1; i < wire->n_mptcp; i++) {
        for (int k = 0; k < i; k++) {
            const MpsMptcpOption *a = &wire->mptcp[k], *b = &wire->mptcp[i];

            if (a->subtype != b->subtype || a->status != MPS_OPT_OK || b->status != MPS_OPT_OK ||
                1u << a->subtype & many)
                continue;
            rule_fault(packet,
                       (Fault){.rule = RULE_OPT_06,
                               .verdict = same_value(a, b) ? WARNING : VIOLATION,
                               .field = "options of one subtype in a segment",
                               .expected = text("one"),
                               .seen = text(same_value(a, b) ? "two, alike" : "two, different")});
            return;
        }
    }
    rule_pass(packet->check, RULE_OPT_06);
}

/* Notes whether the SYN/ACK accepted what the SYN offered; a later one may still do so. */
static void note_refusal(const Packet *packet, FlowState *state)
{
    const unsigned answers = 1u << MPS_MP_CAPABLE | 1u << MPS_MP_JOIN;

    if (packet->subtypes & answers || packet->wire->n_mptcp > 0) {
        state->refused = false;
    } else if (packet->flow->syn.packet && !packet->flow->synack.packet && packet->options_whole) {
        state->refused = true;
        state->refused_at = packet_place(packet);
    }
}

static void check_negotiated(const Packet *packet, const FlowState *state)
{
    const Flow *flow = packet->flow;

    if (!flow->syn.packet || !flow->synack.packet) {
        rule_unchecked(packet->check, RULE_OPT_07,
                       flow->public->kind == MPS_KIND_JOIN ? EV_JHS : EV_HS);
        return;
    }
    if (packet->rst && packet->subtypes == 1u << MPS_MP_TCPRST)
        return; /* says why the subflow is refused */
    if (flow->public->kind == MPS_KIND_JOIN && state->refused)
        return; /* JOIN-07 */
    if (rule_broken(packet, RULE_OPT_07, state->refused))
        rule_fault(packet, (Fault){.rule = RULE_OPT_07,
                                   .field = "MPTCP option",
                                   .expected = text("none: the SYN/ACK accepted no MPTCP"),
                                   .seen = text("subtype 0x%x", packet->wire->mptcp[0].subtype),
                                   .earlier = state->refused_at});
}

/* Signals that travel on duplicate ACKs; MP_JOIN and MP_CAPABLE are repeated for good reason. */
static bool is_signal(const Packet *packet)
{
    return packet->subtypes &
           (1u << MPS_ADD_ADDR | 1u << MPS_REMOVE_ADDR | 1u << MPS_MP_PRIO | 1u << MPS_MP_FAIL);
}

static void check_signalling(const Packet *packet, FlowState *state)
{
    const MpsSegment *wire = packet->wire;
    const MpsSide side = packet->sender;
    const bool counts =
        packet_is_pure_ack(packet) && is_signal(packet) && !(wire->tcp_options & MPS_TCPOPT_SACK);

    if (wire->payload_bytes > 0) /* of either side: the next ACK is no duplicate */
        state->end[0].n = state->end[1].n = 0;
    if (!counts)
        return;
    if (wire->ack != state->end[side].ack || wire->window != state->end[side].window)
        state->end[side].n = 0;
    if (state->end[side].n++ == 0)
        state->end[side].first = packet_place(packet);
    state->end[side].ack = wire->ack;
    state->end[side].window = wire->window;
    if (rule_broken(packet, RULE_OPT_08, state->end[side].n > 2))
        rule_fault(packet, (Fault){.rule = RULE_OPT_08,
                                   .field = "signalling ACKs in a row",
                                   .expected = text("at most 2"),
                                   .seen = text("%u", state->end[side].n),
                                   .earlier = state->end[side].first});
}

static const char *form_of_other_version(const MpsMptcpOption *option, int version)
{
    if (option->status != MPS_OPT_OK)
        return NULL;
    if (option->subtype == MPS_ADD_ADDR && option->add_addr.version != version)
        return version == 1 ? "ADD_ADDR with an IP version and without HMAC"
                            : "ADD_ADDR with HMAC or E bit";
    if (version == 0 && option->subtype == MPS_MP_TCPRST)
        return "MP_TCPRST";
    if (version == 0 && option->subtype == MPS_MP_CAPABLE && option->length >= 22)
        return "MP_CAPABLE with a data-level length";
    return NULL;
}

static void check_version_forms(const Packet *packet, const MpsMptcpOption *option)
{
    const int version = packet->check->connection->version;

    if (version < 0) {
        rule_unchecked(packet->check, RULE_OPT_09, EV_SYN);
        return;
    }

    const char *form = form_of_other_version(option, version);

    if (rule_broken(packet, RULE_OPT_09, form))
        rule_fault(packet,
                   (Fault){.rule = RULE_OPT_09,
                           .verdict = option->subtype == MPS_MP_TCPRST ? WARNING : VIOLATION,
                           .field = "option form",
                           .expected = text("one of version %d", version),
                           .seen = text("%s", form)});
}

static void note_out_of_window(const Packet *packet, FlowState *state)
{
    const MpsMptcpOption *add_addr = packet_option(packet, MPS_ADD_ADDR);
    const MpsMptcpOption *fastclose = packet_option(packet, MPS_MP_FASTCLOSE);
    OutOfWindow *out = &state->end[packet->sender].out;

    if (!(add_addr && !add_addr->add_addr.echo) && !fastclose)
        return;
    if (packet_is_out_of_window(packet))
        *out = (OutOfWindow){packet_place(packet), fastclose ? MPS_MP_FASTCLOSE : MPS_ADD_ADDR,
                             add_addr ? add_addr->add_addr.address_id : 0};
    else
        out->place.packet = 0; /* said again as it should be: an effect is right */
}

/* Whether @packet is the effect of what its receiver sent out of window. */
static bool is_effect(const Packet *packet, const OutOfWindow *out)
{
    const MpsMptcpOption *echo = packet_option(packet, MPS_ADD_ADDR);

    if (out->subtype == MPS_MP_FASTCLOSE)
        return packet->rst;
    return echo && echo->add_addr.echo && echo->add_addr.address_id == out->address_id;
}

static void check_out_of_window(const Packet *packet, FlowState *state)
{
    OutOfWindow *out = &state->end[other(packet->sender)].out;

    note_out_of_window(packet, state);
    if (!out->place.packet)
        return;
    if (is_effect(packet, out)) {
        rule_fault(packet, (Fault){.rule = RULE_OPT_10,
                                   .verdict = WARNING,
                                   .suspect = SUSPECT_RECEIVER,
                                   .host = packet->sender,
                                   .has_host = true,
                                   .field = "effect of a signal outside the window",
                                   .expected = text("none"),
                                   .seen = text(packet->rst ? "RST" : "echo"),
                                   .earlier = out->place});
        out->place.packet = 0;
    } else if (packet->wire->ts_ns - out->place.ts_ns > ANSWER_NS) {
        rule_pass(packet->check, RULE_OPT_10);
        out->place.packet = 0;
    }
}

static void segment(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    FlowState *state = state_of(packet);

    if (packet->synack)
        note_refusal(packet, state);
    check_signalling(packet, state);
    check_out_of_window(packet, state);
    if (wire->n_mptcp == 0)
        return;
    check_fit(packet);
    for (int i = 0; i < wire->n_mptcp; i++) {
        const MpsMptcpOption *option = &wire->mptcp[i];

        if (option->status == MPS_OPT_TRUNCATED || option->length < 3)
            continue;
        check_subtype(packet, option);
        check_length(packet, option);
        check_reserved(packet, option);
        if (!packet->syn)
            check_version_forms(packet, option);
    }
    check_carrier(packet);
    check_repetition(packet);
    if (!packet->syn && !packet->synack)
        check_negotiated(packet, state);
}

/* Every rule of the form of a DSS applies to the plain ones, and they are part of no signalling. */
static bool is_quiet(const Packet *packet)
{
    const FlowState *state = state_of(packet);
    const Flow *flow = packet->flow;

    return packet->check->connection->version >= 0 && flow->syn.packet && flow->synack.packet &&
           !state->refused && state->end[0].n == 0 && state->end[1].n == 0 &&
           !state->end[other(packet->sender)].out.place.packet;
}

static void note(const Packet *packet)
{
    CheckState *state = check_state(packet->check, FAMILY_opt);

    state->n_noted += packet->dss != NULL;
}

static void pass_noted(Check *check)
{
    static const RuleId rules[] = {RULE_OPT_01, RULE_OPT_02, RULE_OPT_03, RULE_OPT_04,
                                   RULE_OPT_05, RULE_OPT_06, RULE_OPT_07, RULE_OPT_09};
    const CheckState *state = check_state(check, FAMILY_opt);

    for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
        check->passed[rules[i]] += state->n_noted + check->n_repeats;
}

static void finish(Check *check)
{
    pass_noted(check);
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);
        const FlowState *state = flow ? flow_state(flow, FAMILY_opt) : NULL;

        for (int side = 0; state && side < 2; side++)
            if (state->end[side].out.place.packet)
                rule_pass(check, RULE_OPT_10);
    }
}

const Family mps_rules_opt = {
    .check_bytes = sizeof(CheckState),
    .flow_bytes = sizeof(FlowState),
    .segment = segment,
    .is_quiet = is_quiet,
    .note = note,
    .finish = finish,
};
