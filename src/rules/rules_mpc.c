/* rules_mpc.c - MPC: MP_CAPABLE and the keys (RFC 8684 section 3.1).  Here: the form of the option
 * itself, MPC-01 to MPC-10. */
#include "rules/mpc.h"

/* The MP_CAPABLE of @packet, even if its length does not fit; NULL if it has none. */
static const MpsMptcpOption *find_capable(const Packet *packet)
{
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);

    return capable ? capable : packet_misshapen(packet, MPS_MP_CAPABLE);
}

static int version_of(const MpsMptcpOption *capable)
{
    return capable->byte2 & 0x0f;
}

static bool has_flags(const MpsMptcpOption *capable)
{
    return capable->length >= 4;
}

/* ---- length ---- */

static void check_length(const Packet *packet, const MpsMptcpOption *capable, RuleId rule,
                         const char *field, unsigned expected)
{
    if (rule_broken(packet, rule, capable->length != expected))
        rule_fault(packet, (Fault){.rule = rule,
                                   .field = field,
                                   .expected = text("%u", expected),
                                   .seen = text("%u", capable->length)});
}

static void check_offer(const Packet *packet, const MpsMptcpOption *capable)
{
    const int version = version_of(capable);

    if (version <= 1)
        check_length(packet, capable, RULE_MPC_01,
                     version == 1 ? "length of version 1's MP_CAPABLE in a SYN"
                                  : "length of version 0's MP_CAPABLE in a SYN",
                     version == 1 ? 4 : 12);
    else
        rule_fault(packet, (Fault){.rule = RULE_MPC_01,
                                   .verdict = WARNING,
                                   .field = "version",
                                   .expected = text("0 or 1"),
                                   .seen = text("%d", version)});
}

static void check_first_mapping(const Packet *packet, const MpsMptcpOption *capable)
{
    const Check *check = packet->check;
    const bool keepalive = packet->event->segment.has_seq && packet->event->segment.seq < 1;
    const bool fits = check->has_checksum ? capable->length == (check->checksum ? 24 : 22)
                                          : capable->length == 22 || capable->length == 24;

    if (keepalive)
        return;
    if (rule_broken(packet, RULE_MPC_04, !fits))
        rule_fault(packet,
                   (Fault){.rule = RULE_MPC_04,
                           .field = "length of MP_CAPABLE with payload",
                           .expected = check->has_checksum ? text("%d", check->checksum ? 24 : 22)
                                                           : text("22 or 24"),
                           .seen = text("%u", capable->length)});
}

static void check_confirmation(const Packet *packet, const MpsMptcpOption *capable)
{
    const int version = packet->check->connection->version;

    if (packet->rst || version < 0)
        return;
    if (version == 1 && packet->wire->payload_bytes > 0)
        check_first_mapping(packet, capable);
    else if (version == 1 || capable->length < 22) /* longer ones of version 0 are OPT-09's */
        check_length(packet, capable, RULE_MPC_03, "length of MP_CAPABLE in an ACK", 20);
}

static void check_form(const Packet *packet, const MpsMptcpOption *capable)
{
    if (has_flags(capable) && capable->byte3 & CAPABLE_B)
        return; /* a form that is yet to be defined */
    if (packet->syn)
        check_offer(packet, capable);
    else if (packet->synack)
        check_length(packet, capable, RULE_MPC_02, "length of MP_CAPABLE in a SYN/ACK", 12);
    else
        check_confirmation(packet, capable);
}

/* ---- MPC-05: offer and answer ---- */

static void note_plain_syn(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    MpcFlow *flow = mpc_flow(packet->flow);

    if (!packet->options_whole) {
        flow->syn_unread = true;
        return;
    }
    flow->has_plain_stamp = wire->tcp_options & MPS_TCPOPT_TIMESTAMP;
    flow->plain_stamp = wire->tsval;
}

static void note_offer(const Packet *packet, const MpsMptcpOption *capable)
{
    MpcFlow *flow = mpc_flow(packet->flow);

    flow->n_offers++;
    flow->offered = (uint8_t)MAX(flow->offered, version_of(capable));
}

static void fault_answer(const Packet *packet, bool proven)
{
    rule_fault(packet, (Fault){.rule = RULE_MPC_05,
                               .field = "MP_CAPABLE in the SYN/ACK",
                               .expected = text("none: the SYN has none"),
                               .seen = text("MP_CAPABLE"),
                               .earlier = packet->flow->syn,
                               .unproven = !proven});
}

static void check_answer(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const MpcFlow *flow = mpc_flow(packet->flow);
    const Flow *subflow = packet->flow;
    /* A SYN with the option may have gone before, uncaptured; the time stamp tells which SYN this
     * one answers. */
    const bool answers_plain = flow->has_plain_stamp && wire->tcp_options & MPS_TCPOPT_TIMESTAMP &&
                               wire->tsecr == flow->plain_stamp;

    if (!subflow->syn.packet && subflow->public->plain_syn) {
        fault_answer(packet, wire->tcp_options & MPS_TCPOPT_TIMESTAMP);
        return;
    }
    if (!subflow->syn.packet) {
        rule_unchecked(packet->check, RULE_MPC_05, EV_SYN);
        return;
    }
    if (flow->syn_unread && flow->n_offers == 0) {
        rule_unchecked(packet->check, RULE_MPC_05, EV_OPT);
        return;
    }
    if (rule_broken(packet, RULE_MPC_05, flow->n_offers == 0))
        fault_answer(packet, answers_plain);
}

/* ---- MPC-06: version ---- */

static void check_version(const Packet *packet, const MpsMptcpOption *capable)
{
    const MpcFlow *flow = mpc_flow(packet->flow);
    const Said *synack = &flow->synack[0];
    const int version = version_of(capable);
    const bool known = packet->synack ? flow->n_offers > 0 : flow->n_synacks > 0;
    const bool wrong = packet->synack ? version > flow->offered : version != synack->version;

    if (packet->syn)
        return;
    if (!known) {
        rule_unchecked(packet->check, RULE_MPC_06, EV_HS);
        return;
    }
    if (rule_broken(packet, RULE_MPC_06, wrong))
        rule_fault(packet, (Fault){.rule = RULE_MPC_06,
                                   .field = packet->synack ? "version of the SYN/ACK"
                                                           : "version of the ACK",
                                   .expected = packet->synack ? text("at most %u", flow->offered)
                                                              : text("%u", synack->version),
                                   .seen = text("%d", version),
                                   .earlier = packet->synack ? flow->syn.place : synack->place});
}

/* ---- MPC-07 to MPC-10: flags ---- */

/* The bits that name algorithms: C is one of them in version 0. */
static unsigned algorithms(const MpsMptcpOption *capable, int version)
{
    return capable->byte3 & (version == 0 ? 0x3fu : 0x1fu);
}

static void break_flags(const Packet *packet, RuleId rule, Verdict verdict, const char *expected,
                        uint8_t flags)
{
    rule_fault(packet, (Fault){.rule = rule,
                               .verdict = verdict,
                               .field = "flags of MP_CAPABLE",
                               .expected = text("%s", expected),
                               .seen = text("0x%02x", flags)});
}

/* Whether the SYN/ACK picks one algorithm out of those of the SYN. */
static void check_selection(const Packet *packet, unsigned selected)
{
    const MpcFlow *flow = mpc_flow(packet->flow);
    const unsigned offered = flow->syn.flags & (flow->syn.version == 0 ? 0x3fu : 0x1fu);
    const bool one = (selected & (selected - 1)) == 0;

    if (rule_broken(packet, RULE_MPC_10, !one || (selected & ~offered) != 0))
        rule_fault(packet, (Fault){.rule = RULE_MPC_10,
                                   .field = "algorithms of the SYN/ACK",
                                   .expected = text("one of 0x%02x", offered),
                                   .seen = text("0x%02x", selected),
                                   .earlier = flow->syn.place});
}

static void check_algorithms(const Packet *packet, const MpsMptcpOption *capable, int version)
{
    const unsigned named = algorithms(capable, version);
    const bool more = named & CAPABLE_H && named != CAPABLE_H;
    /* A future one beside HMAC-SHA256 may be offered. */
    const bool superset = packet->syn && more && !(version == 0 && named & CAPABLE_C);
    const bool selects = packet->synack && mpc_flow(packet->flow)->syn.place.packet &&
                         !mpc_flow(packet->flow)->step[STEP_SYN].bad.packet; /* else: MPC-20 */

    if (rule_broken(packet, RULE_MPC_08, named == 0)) {
        break_flags(packet, RULE_MPC_08, VIOLATION, "an algorithm: flag H", capable->byte3);
        return;
    }
    if (packet->synack && !selects)
        rule_unchecked(packet->check, RULE_MPC_10, EV_HS);
    if (selects && (named & CAPABLE_H))
        check_selection(packet, named);
    else if (rule_broken(packet, RULE_MPC_09, named != CAPABLE_H))
        break_flags(packet, RULE_MPC_09, superset ? WARNING : VIOLATION,
                    "no algorithm but that of flag H", capable->byte3);
}

static void check_flags(const Packet *packet, const MpsMptcpOption *capable)
{
    const int agreed = packet->check->connection->version;
    const int version = packet->syn || packet->synack || agreed < 0 ? version_of(capable) : agreed;

    if (!has_flags(capable) || version > 1)
        return;
    if (rule_broken(packet, RULE_MPC_07, capable->byte3 & CAPABLE_B))
        break_flags(packet, RULE_MPC_07, VIOLATION, "flag B 0", capable->byte3);
    else
        check_algorithms(packet, capable, version);
}

/* ---- */

/* What rules say nothing of because the capture ends inside the option. */
static void note_cut(const Packet *packet)
{
    static const RuleId of_packet[] = {RULE_MPC_07, RULE_MPC_08, RULE_MPC_09};
    const RuleId form = packet->syn                        ? RULE_MPC_01
                        : packet->synack                   ? RULE_MPC_02
                        : packet->wire->payload_bytes == 0 ? RULE_MPC_03
                                                           : RULE_MPC_04;

    rule_unchecked(packet->check, form, EV_OPT);
    for (guint i = 0; i < G_N_ELEMENTS(of_packet); i++)
        rule_unchecked(packet->check, of_packet[i], EV_OPT);
}

static bool is_cut(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;

    for (int i = 0; i < wire->n_mptcp; i++)
        if (wire->mptcp[i].subtype == MPS_MP_CAPABLE && wire->mptcp[i].length >= 3 &&
            wire->mptcp[i].status == MPS_OPT_TRUNCATED)
            return true;
    return false;
}

static void check_capable(const Packet *packet, const MpsMptcpOption *capable)
{
    check_flags(packet, capable);
    check_version(packet, capable);
    if (packet->synack)
        check_answer(packet);
    if (packet->syn)
        note_offer(packet, capable);
    check_form(packet, capable);
    if (capable->status == MPS_OPT_OK)
        mpc_take_capable(packet, capable);
}

static void segment(const Packet *packet)
{
    const MpsMptcpOption *capable = packet->wire->n_mptcp > 0 ? find_capable(packet) : NULL;
    const bool initial = packet->flow->public->kind == MPS_KIND_INITIAL;

    if (initial && packet->syn)
        mpc_flow(packet->flow)->n_syns++;
    if (capable && in_handshake(packet))
        check_capable(packet, capable);
    else if (!capable && initial && packet->syn)
        note_plain_syn(packet);
    if (!capable && packet->wire->n_mptcp > 0 && in_handshake(packet) && is_cut(packet))
        note_cut(packet);
    if (packet->wire->n_mptcp > 0)
        mpc_infer_checksum(packet);
    mpc_course_segment(packet, capable);
}

static void finish(Check *check)
{
    mpc_keys_finish(check);
    mpc_course_finish(check);
}

static void clear_flow(Flow *flow)
{
    MpcFlow **state = flow_state(flow, FAMILY_mpc);

    g_free(*state);
}

/* The handshake is over, and shown to be. */
static bool is_quiet(const Packet *packet)
{
    const MpcCheck *state = mpc_check(packet->check);
    const bool negotiated =
        (packet->check->has_checksum && !state->inferred) || state->contradicted;

    return negotiated && state->listener_proved &&
           (packet->flow->public->kind == MPS_KIND_JOIN || mpc_course_is_over(packet->flow));
}

static const MpsLink run_links[] = {
    MPS_OTHER(MpcRun, live),
    {0},
};

static const MpsLink check_links[] = {
    MPS_OTHER(MpcCheck, live[0]),
    MPS_OTHER(MpcCheck, live[1]),
    {0},
};

static const MpsLink step_links[] = {
    MPS_WORD(Step, why),
    {0},
};

static const MpsLink state_links[] = {
    MPS_PART(MpcFlow, step, 3, step_links),
    {0},
};

static const MpsLink flow_links[] = {
    MPS_RARE(MpcFlow, state_links),
    {0},
};

const Family mps_rules_mpc = {
    .run_bytes = sizeof(MpcRun),
    .check_bytes = sizeof(MpcCheck),
    .flow_bytes = sizeof(MpcFlow *),
    .run_links = run_links,
    .check_links = check_links,
    .flow_links = flow_links,
    .image_run = mpc_keys_image_run,
    .segment = segment,
    .is_quiet = is_quiet,
    .finish = finish,
    .clear_flow = clear_flow,
    .clear_check = mpc_keys_clear,
    .clear_run = mpc_keys_clear_run,
};
