/* join_place.c - who may join whom: when, from which address to which, with which ID (RFC 8684
 * sections 3.1, 3.2, 3.4.1 and 3.9). */
#include "rules/join_state.h"
#include "util/address.h"

/* ---- what the connection tells ---- */

/* Where host @side had its end of the initial subflow; NULL if that was not captured. */
static const MpsEndpoint *initial_end(const Check *check, MpsSide side)
{
    const Flow *first = check_n_flows(check) > 0 ? check_flow(check, 0) : NULL;

    if (!first || first->public->kind != MPS_KIND_INITIAL || !first->syn.packet)
        return NULL;
    return &first->public->end[side];
}

static void forget_id(JoinCheck *all, MpsSide side, uint8_t id)
{
    for (guint i = all->named ? all->named->len : 0; i-- > 0;) {
        const Named *named = &g_array_index(all->named, Named, i);

        if (named->side == side && named->id == id)
            g_array_remove_index(all->named, i);
    }
}

/* Remembers @named in place of what was the same. */
static void remember(JoinCheck *all, Named named)
{
    if (!all->named)
        all->named = g_array_new(FALSE, FALSE, sizeof(Named));
    for (guint i = all->named->len; i-- > 0;) {
        const Named *each = &g_array_index(all->named, Named, i);

        if (each->side == named.side && each->announced == named.announced &&
            (each->id == named.id ||
             (same_address(&each->address, &named.address) && each->port == named.port)))
            g_array_remove_index(all->named, i);
    }
    if (all->named->len >= MOST_NAMED)
        g_array_remove_index(all->named, 0);
    g_array_append_val(all->named, named);
}

static void follow_address(const Packet *packet, JoinCheck *all, const MpsMptcpOption *option)
{
    if (option->subtype == MPS_ADD_ADDR && !option->add_addr.echo) {
        remember(all, (Named){.side = packet->sender,
                              .id = option->add_addr.address_id,
                              .announced = true,
                              .has_port = option->add_addr.has_port,
                              .port = option->add_addr.has_port ? option->add_addr.port : 0,
                              .address = option->add_addr.address,
                              .place = packet_place(packet)});
    } else if (option->subtype == MPS_REMOVE_ADDR) {
        for (int i = 0; i < option->remove_addr.n_ids; i++) {
            forget_id(all, packet->sender, option->remove_addr.ids[i]);
            all->removed_first[packet->sender] |= option->remove_addr.ids[i] == 0;
        }
    }
}

static void end_connection(JoinCheck *all, const char *how, Place place, bool unsure)
{
    if (all->ended)
        return;
    all->ended = how;
    all->ended_at = place;
    all->ended_unsure = unsure;
}

static void follow_data_fin(const Packet *packet, JoinCheck *all, const MpsMptcpOption *dss)
{
    const MpsEvent *event = packet->event;
    const MpsSide own = packet->sender, peer = other(own);

    if (dss->dss.data_fin && event->segment.has_map) {
        all->has_fin[own] = true;
        all->fin_end[own] = event->segment.map_offset + dss->dss.data_bytes;
    }
    if (!all->has_fin[peer] || !event->segment.has_data_ack)
        return;
    all->fin_acked[peer] |= event->segment.data_ack >= all->fin_end[peer];
    if (all->fin_acked[own] && all->fin_acked[peer])
        end_connection(all, "DATA_FINs of both hosts", packet_place(packet), false);
}

void join_follow(const Packet *packet, JoinCheck *all)
{
    const MpsSegment *wire = packet->wire;
    const MpsMptcpOption *dss = packet->dss;
    const bool confirms =
        packet->sender == MPS_CLIENT && !packet->syn && packet->subtypes & 1u << MPS_MP_CAPABLE;

    all->options_cut |= wire->options_cut;
    if ((dss || confirms) && !all->first_dss[packet->sender].packet)
        all->first_dss[packet->sender] = packet_place(packet);
    if (dss)
        follow_data_fin(packet, all, dss);
    if (packet->subtypes & (1u << MPS_ADD_ADDR | 1u << MPS_REMOVE_ADDR))
        for (int i = 0; i < wire->n_mptcp; i++)
            if (wire->mptcp[i].status == MPS_OPT_OK)
                follow_address(packet, all, &wire->mptcp[i]);
    if (packet->subtypes & 1u << MPS_MP_FASTCLOSE)
        end_connection(all, "MP_FASTCLOSE", packet_place(packet), false);
}

void join_signal(Check *check, Flow *flow, const MpsEvent *event)
{
    JoinCheck *all = check_state(check, FAMILY_join);
    const Place place = {event->ts_ns, event->packet, event->capture_id};

    (void)flow;
    if (event->signal.what == MPS_SIGNAL_FALLBACK)
        end_connection(all, "the fallback", place,
                       check->connection->fallback != MPS_FALLBACK_INFINITE_MAPPING);
    else if (event->signal.what == MPS_SIGNAL_ADD_ADDR && event->signal.hmac != MPS_HMAC_INVALID &&
             !all->add_addr[event->direction].packet)
        all->add_addr[event->direction] = place;
}

/* ---- when ---- */

bool join_is_after_end(const Flow *flow, const JoinCheck *all)
{
    return all->ended && flow->syn.ts_ns - all->ended_at.ts_ns > ANSWER_NS + flow_rtt_ns(flow);
}

/* JOIN-17: the SYN comes when the connection is over. */
static bool check_ended(const Packet *packet, const JoinCheck *all)
{
    const bool late = all->ended && packet->wire->ts_ns - all->ended_at.ts_ns >
                                        ANSWER_NS + flow_rtt_ns(packet->flow);

    if (rule_broken(packet, RULE_JOIN_17, late))
        rule_fault(packet, (Fault){.rule = RULE_JOIN_17,
                                   .field = "join to a connection that is over",
                                   .expected = text("none after %s", all->ended),
                                   .seen = text("MP_JOIN"),
                                   .earlier = all->ended_at,
                                   .unproven = all->ended_unsure});
    return late;
}

/* JOIN-04: whether a DSS of the other host came before; decided at the end, when it is known
 * whether the capture lacks packets. */
static void note_early(const Packet *packet, const JoinCheck *all, JoinFlow *state)
{
    const MpsSide peer = other(packet->sender);
    const Flow *first = check_n_flows(packet->check) > 0 ? check_flow(packet->check, 0) : NULL;

    if (all->first_dss[peer].packet) {
        rule_pass(packet->check, RULE_JOIN_04);
    } else if (!initial_end(packet->check, peer) || all->options_cut || !first->synack.packet) {
        rule_unchecked(packet->check, RULE_JOIN_04, all->options_cut ? EV_OPT : EV_HS);
    } else {
        state->early = true;
        state->early_announced = all->add_addr[peer].packet;
        state->early_provable =
            end_is_complete(&first->end[peer]) && first->end[peer].ip_id_from_syn;
    }
}

/* Whether the opener of @flow cannot have got any answer on the initial subflow when it sent the
 * SYN. */
static bool is_early_for_sure(const Check *check, const Flow *flow)
{
    const Flow *first = check_flow(check, 0);
    const MpsSide opener = flow->public->opened_by;

    return opener == first->public->opened_by &&
           flow->syn.ts_ns < flow_unanswered_until_ns(first, opener);
}

static void finish_early(Check *check, const Flow *flow, const JoinFlow *state)
{
    const JoinCheck *all = check_state(check, FAMILY_join);
    const MpsSide peer = other(flow->public->opened_by);
    const Place *dss = &all->first_dss[peer];
    const bool sure = state->early && is_early_for_sure(check, flow);

    if (!state->early)
        return;
    if (dss->packet && !sure && dss->ts_ns - flow->syn.ts_ns <= ORDER_NS) {
        rule_pass(check, RULE_JOIN_04);
        return;
    }
    rule_fault_at(check, flow->public, flow->public->opened_by, flow->syn,
                  (Fault){.rule = RULE_JOIN_04,
                          .verdict = state->early_announced ? WARNING : VIOLATION,
                          .tolerated = state->early_announced,
                          .field = "join before a DSS of the other host",
                          .expected = text("a DSS first"),
                          .seen = text(state->early_announced ? "an ADD_ADDR only" : "none"),
                          .earlier = all->add_addr[peer],
                          .needs = sure ? 0 : EV_NOGAP | EV_ALL,
                          .unseen = !sure && !state->early_announced &&
                                    (!state->early_provable ||
                                     !end_is_complete(&check_flow(check, 0)->end[peer]))});
}

/* ---- addresses and IDs ---- */

static void note_conflict(const Packet *packet, JoinFlow *state, RuleId rule, uint8_t id,
                          const MpsAddress *before, Place earlier)
{
    if (!state->conflict.place.packet)
        state->conflict = (Conflict){.rule = rule,
                                     .side = packet->sender,
                                     .id = id,
                                     .before = *before,
                                     .now = packet->wire->src.address,
                                     .place = packet_place(packet),
                                     .earlier = earlier};
}

static void finish_conflict(Check *check, const Flow *flow, const Conflict *conflict)
{
    char before[MPS_ADDRESS_TEXT], now[MPS_ADDRESS_TEXT];

    if (!conflict->place.packet)
        return;
    rule_fault_at(check, flow->public, conflict->side, conflict->place,
                  (Fault){.rule = conflict->rule,
                          .field = "source address of an Address ID",
                          .expected = text("ID %u: %s", conflict->id,
                                           mps_address_text(&conflict->before, before)),
                          .seen = text("%s", mps_address_text(&conflict->now, now)),
                          .earlier = conflict->earlier,
                          .needs = EV_VTX | EV_ALL,
                          .unseen = !side_is_complete(check, conflict->side)});
}

/* An address under another ID than before: between a NAT and the capture, two hosts' addresses may
 * look like one. */
static bool may_be_translated(const Packet *packet)
{
    bool known;
    const MpsSide near = join_near(packet->check, &known);

    return known && near != packet->sender;
}

static void warn_second_id(const Packet *packet, RuleId rule, uint8_t before, uint8_t now,
                           Place earlier)
{
    if (may_be_translated(packet))
        return;
    rule_fault(packet, (Fault){.rule = rule,
                               .verdict = WARNING,
                               .field = "Address ID of a source address",
                               .expected = text("%u", before),
                               .seen = text("%u", now),
                               .earlier = earlier});
}

/* JOIN-13: ID 0 is that of the initial subflow's address. */
static void check_first_id(const Packet *packet, const JoinCheck *all, JoinFlow *state, uint8_t id)
{
    const MpsEndpoint *initial = initial_end(packet->check, packet->sender);

    if (!initial) {
        rule_unchecked(packet->check, RULE_JOIN_13, EV_HS);
        return;
    }

    const bool same = same_address(&initial->address, &packet->wire->src.address);
    const Place first = check_flow(packet->check, 0)->syn;

    if (all->removed_first[packet->sender] || same == (id == 0))
        rule_pass(packet->check, RULE_JOIN_13);
    else if (id == 0)
        note_conflict(packet, state, RULE_JOIN_13, 0, &initial->address, first);
    else
        warn_second_id(packet, RULE_JOIN_13, 0, id, first);
}

/* JOIN-12: one ID, one address. */
static void check_id(const Packet *packet, const JoinCheck *all, JoinFlow *state, uint8_t id)
{
    const MpsEndpoint *initial = initial_end(packet->check, packet->sender);
    const MpsAddress *from = &packet->wire->src.address;

    if (id == 0 || (initial && same_address(&initial->address, from)))
        return; /* JOIN-13 */
    for (guint i = all->named ? all->named->len : 0; i-- > 0;) {
        const Named *named = &g_array_index(all->named, Named, i);

        if (named->side != packet->sender)
            continue;
        if (named->id == id && !same_address(&named->address, from)) {
            note_conflict(packet, state, RULE_JOIN_12, id, &named->address, named->place);
            return;
        }
        if (named->id != id && !named->announced && same_address(&named->address, from)) {
            warn_second_id(packet, RULE_JOIN_12, named->id, id, named->place);
            return;
        }
    }
    rule_pass(packet->check, RULE_JOIN_12);
}

static void take_source(const Packet *packet, JoinCheck *all, JoinFlow *state, uint8_t id)
{
    check_id(packet, all, state, id);
    check_first_id(packet, all, state, id);
    remember(all, (Named){.side = packet->sender,
                          .id = id,
                          .address = packet->wire->src.address,
                          .place = packet_place(packet)});
}

/* JOIN-14: the port of the initial subflow, or one that was announced. */
static void check_port(const Packet *packet, const JoinCheck *all, JoinFlow *state)
{
    const MpsSide peer = other(packet->sender);
    const MpsEndpoint *initial = initial_end(packet->check, peer);
    const MpsEndpoint *to = &packet->wire->dst;
    bool announced = false;

    for (guint i = 0; all->named && i < all->named->len; i++) {
        const Named *named = &g_array_index(all->named, Named, i);

        if (named->side != peer || !named->announced)
            continue;
        announced |= named->has_port && named->port == to->port;
        state->to_announced |= same_address(&named->address, &to->address);
    }
    if (!initial && !announced)
        rule_unchecked(packet->check, RULE_JOIN_14, EV_HS);
    else if (rule_broken(packet, RULE_JOIN_14, !announced && initial->port != to->port))
        rule_fault(packet, (Fault){.rule = RULE_JOIN_14,
                                   .field = "destination port of the join",
                                   .expected = text("%u, or one of an ADD_ADDR", initial->port),
                                   .seen = text("%u", to->port),
                                   .needs = EV_ALL});
}

/* ---- earlier subflows ---- */

static bool same_endpoint(const MpsEndpoint *a, const MpsEndpoint *b)
{
    return a->port == b->port && same_address(&a->address, &b->address);
}

/* Whether the attempt @flow failed for good: refused, wrong HMACs, or no answer to three SYNs. */
static bool has_failed(const Flow *flow, const JoinFlow *state, int64_t until_ns)
{
    if (state->wrong_synack || state->wrong_ack)
        return true;
    if (state->answer == ANSWER_RST)
        return !state->transient;
    return state->answer == ANSWER_NONE && state->n_syns >= 3 &&
           flow->end[other(flow->public->opened_by)].n_packets == 0 &&
           until_ns - state->last_syn_ns > RTO_NS;
}

/* Whether the receiver announced the address of @to after @since. */
static bool is_announced_since(const JoinCheck *all, MpsSide side, const MpsEndpoint *to,
                               int64_t since_ns)
{
    for (guint i = 0; all->named && i < all->named->len; i++) {
        const Named *named = &g_array_index(all->named, Named, i);

        if (named->side == side && named->announced && named->place.ts_ns > since_ns &&
            same_address(&named->address, &to->address))
            return true;
    }
    return false;
}

/* JOIN-16, and notes for JOIN-15. */
static void compare_flow(const Packet *packet, const JoinCheck *all, JoinFlow *state,
                         const Flow *before, const Flow **failed)
{
    const MpsSegment *wire = packet->wire;
    const MpsSide opener = packet->sender, acceptor = other(opener);
    const MpsEndpoint *end = before->public->end;
    const bool over = before->end[0].rst.packet || before->end[1].rst.packet ||
                      (before->end[0].fin.packet && before->end[1].fin.packet);

    if (!same_endpoint(&end[acceptor], &wire->dst) ||
        !same_address(&end[opener].address, &wire->src.address))
        return;
    if (end[opener].port == wire->src.port && before->third.packet && !over)
        state->clash = before;
    if (before->public->kind != MPS_KIND_JOIN || before->public->opened_by != opener)
        return;

    const JoinFlow *attempt = join_flow(before);

    if (has_failed(before, attempt, check_until_ns(packet->check, attempt->last_syn_ns)) &&
        !is_announced_since(all, acceptor, &wire->dst, before->syn.ts_ns))
        *failed = before;
}

static void compare_flows(const Packet *packet, const JoinCheck *all, JoinFlow *state)
{
    const guint n = check_n_flows(packet->check);
    const Flow *failed = NULL;

    for (guint i = n > MOST_COMPARED ? n - MOST_COMPARED : 0; i < n; i++) {
        const Flow *before = check_flow(packet->check, i);

        if (before && before != packet->flow)
            compare_flow(packet, all, state, before, &failed);
    }
    packet->flow->clashes = state->clash;
    if (!state->clash)
        rule_pass(packet->check, RULE_JOIN_15);
    if (rule_broken(packet, RULE_JOIN_16, failed))
        rule_fault(packet, (Fault){.rule = RULE_JOIN_16,
                                   .field = "join after one that failed",
                                   .expected = text("another address or port, or a new ADD_ADDR"),
                                   .seen = text("the same again"),
                                   .earlier = failed->syn,
                                   .needs = EV_ALL});
}

/* JOIN-15: packets on the same addresses and ports go on where the older subflow was. */
void join_place_later(const Packet *packet, JoinFlow *state)
{
    const Flow *clash = state->clash;

    if (!clash || packet->rst || packet->sender != packet->flow->public->opened_by)
        return;

    const End *old = &clash->end[packet->sender];
    const uint32_t from_old = packet->wire->seq - (old->isn + (uint32_t)old->next);
    const uint32_t from_new = packet->wire->seq - packet->sending->isn;
    const uint32_t near = 1 << 20;

    state->clash_lives |= old->has_syn && from_old + near < 2 * near && from_new > near;
}

static void finish_clash(Check *check, const Flow *flow, const JoinFlow *state)
{
    const Flow *clash = state->clash;
    const MpsSide opener = flow->public->opened_by;

    if (!clash)
        return;
    if (!state->clash_lives && flow->syn.ts_ns - clash->end[opener].last.ts_ns > SECOND_NS) {
        rule_pass(check, RULE_JOIN_15);
        return;
    }
    rule_fault_at(check, flow->public, opener, flow->syn,
                  (Fault){.rule = RULE_JOIN_15,
                          .field = "addresses and ports of the join",
                          .expected = text("not those of a subflow in use"),
                          .seen = text("the same"),
                          .earlier = clash->end[opener].last,
                          .unproven = !state->clash_lives});
}

/* ---- the steps ---- */

/* Whether this SYN, with its token, nonce and ISN, was seen on other addresses before. */
static bool is_translated(const Packet *packet, const JoinFlow *state)
{
    const guint n = check_n_flows(packet->check);
    const MpsSide opener = packet->sender;

    for (guint i = n > MOST_COMPARED ? n - MOST_COMPARED : 0; i < n; i++) {
        const Flow *each = check_flow(packet->check, i);
        const JoinFlow *other_join = NULL;

        if (!each || each == packet->flow || each->public->kind != MPS_KIND_JOIN)
            continue;
        other_join = join_flow(each);
        if (other_join->has_syn && other_join->token == state->token &&
            other_join->nonce[opener] == state->nonce[opener] &&
            each->end[opener].isn == packet->wire->seq)
            return true;
    }
    return false;
}

void join_place_syn(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state)
{
    JoinCheck *all = check_state(packet->check, FAMILY_join);

    state->translated = is_translated(packet, state);
    if (state->translated)
        return;

    if (packet->check->connection->id == 0 || join_names_itself(packet->flow) ||
        check_ended(packet, all))
        return;
    note_early(packet, all, state);
    take_source(packet, all, state, join->join.address_id);
    check_port(packet, all, state);
    compare_flows(packet, all, state);
}

void join_place_synack(const Packet *packet, const MpsMptcpOption *join, JoinFlow *state)
{
    JoinCheck *all = check_state(packet->check, FAMILY_join);

    if (!state->translated && !join_is_after_end(packet->flow, all))
        take_source(packet, all, state, join->join.address_id);
}

/* A join to a token of no connection that the capture has any more. */
static void finish_forgotten(Check *check, const Flow *flow, const JoinFlow *state)
{
    const Ended *ended = known_ended(known_of(check), state->token);

    if (!ended || check->connection->id != 0 || !state->has_syn ||
        flow->syn.ts_ns - ended->place.ts_ns <= ANSWER_NS + NO_RTT_NS)
        return;
    rule_fault_at(check, flow->public, flow->public->opened_by, flow->syn,
                  (Fault){.rule = RULE_JOIN_17,
                          .field = "join to a connection that is over",
                          .expected = text("none after %s", ended->how),
                          .seen = text("MP_JOIN"),
                          .earlier = ended->place});
}

void join_place_finish(Check *check, const Flow *flow, const JoinFlow *state)
{
    finish_forgotten(check, flow, state);
    finish_early(check, flow, state);
    finish_conflict(check, flow, &state->conflict);
    finish_clash(check, flow, state);
}

/* The tokens of a connection that is over stay known. */
void join_place_end(Check *check)
{
    const JoinCheck *all = check_state(check, FAMILY_join);

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (all->ended && !all->ended_unsure && check->connection->side[side].has_token)
            known_end(known_of(check), check->connection->side[side].token, all->ended,
                      all->ended_at);
}
