/* rules_sec.c - SEC: tokens, initial data sequence numbers, HMACs and nonces (RFC 8684 sections
 * 3.1, 3.2 and 3.4.1). */
#include <inttypes.h>
#include <string.h>

#include "rules/join.h"

typedef struct {
    bool met; /* its hosts were told to known.c */
    bool has_nonce[2], has_synack, has_ack;
    bool meant; /* the token was found to be wrong */
    uint32_t token, nonce[2];
    int reset_reason; /* 1 + that of the answer to the SYN; 0 = none */
} FlowState;

typedef struct {
    struct {
        bool astray; /* offsets do not count from the IDSN: it was not known in time */
        bool has_map, has_first;
        bool has_ack;
        /* The first mapping, if it does not begin at IDSN + 1. */
        Place first_fault;
        const MpsSubflow *first_on;
        int64_t first_offset;
        bool first_proven; /* no other subflow can have carried what is before it */
    } end[2];
    bool keys_told; /* to known.c */
    Place burst;    /* the join that made a burst, and the host it went to */
    const MpsSubflow *bursting;
    MpsAddress target;
} CheckState;

/* ---- hosts ---- */

/* Tells known.c of the hosts of @packet's flow, once it is clear whether their keys are known. */
static void meet_hosts(const Packet *packet, FlowState *state)
{
    const MpsConnection *connection = packet->check->connection;
    const bool keys = connection->side[0].has_key && connection->side[1].has_key;
    const bool begins = packet->syn || packet->synack || packet->rst;
    const bool judged = connection->id == 0 && packet->flow->syn.packet;

    if (!keys &&
        (begins || judged || connection->fallback || connection->protocol == MPS_PROTOCOL_TCP))
        return;
    known_meet(known_of(packet->check), &packet->wire->src.address, !keys);
    known_meet(known_of(packet->check), &packet->wire->dst.address, !keys);
    state->met = true;
}

static void tell_keys(const Check *check)
{
    CheckState *state = check_state(check, FAMILY_sec);

    if (state->keys_told || !check_has_keys(check))
        return;
    state->keys_told = true;
    known_keys(known_of(check), check->connection);
}

/* ---- joins ---- */

static void check_nonce(const Packet *packet, const MpsMptcpOption *join)
{
    const MpsSegment *wire = packet->wire;
    Attempt earlier;
    const Attempt attempt = {.token = join->join.token,
                             .nonce = join->join.nonce,
                             .isn = wire->seq,
                             .from = wire->src.address,
                             .to = wire->dst.address,
                             .place = packet_place(packet)};
    const bool repeated = known_nonce(known_of(packet->check), &attempt, &earlier);

    if (rule_broken(packet, RULE_SEC_07, repeated))
        rule_fault(packet, (Fault){.rule = RULE_SEC_07,
                                   .field = "nonce of the MP_JOIN",
                                   .expected = text("one that no other attempt has"),
                                   .seen = text("0x%08x again%s", attempt.nonce,
                                                same_address(&earlier.from, &attempt.from)
                                                    ? ""
                                                    : ", from another address: an attack?"),
                                   .earlier = earlier.place});
}

static void check_burst(const Packet *packet)
{
    CheckState *state = check_state(packet->check, FAMILY_sec);
    const MpsSegment *wire = packet->wire;

    if (packet->check->connection->id != 0) {
        rule_pass(packet->check, RULE_SEC_08);
        return;
    }

    Target *target = known_target(known_of(packet->check), &wire->dst.address);

    if (known_target_joined(target, &wire->src.address, packet_place(packet))) {
        state->burst = packet_place(packet);
        state->bursting = packet->flow->public;
        state->target = wire->dst.address;
    }
}

static void check_token(const Packet *packet, const MpsMptcpOption *join)
{
    const MpsConnection *connection = packet->check->connection;
    const MpsSide receiver = other(packet->sender);

    if (connection->id == 0)
        return; /* decided when all of the capture is known */
    if (!connection->side[receiver].has_key || packet->check->keys_doubtful) {
        rule_unchecked(packet->check, RULE_SEC_01, EV_KEYS);
        return;
    }
    if (rule_broken(packet, RULE_SEC_01, join_names_itself(packet->flow)))
        rule_fault(packet,
                   (Fault){.rule = RULE_SEC_01,
                           .host = join_host(packet->flow, packet->sender),
                           .has_host = true,
                           .field = "token of the MP_JOIN",
                           .expected = text("0x%08x", connection->side[packet->sender].token),
                           .seen = text("0x%08x, the sender's own", join->join.token)});
}

static void take_join_syn(const Packet *packet, const MpsMptcpOption *join, FlowState *state)
{
    if (state->has_nonce[packet->sender])
        return;
    state->has_nonce[packet->sender] = true;
    state->nonce[packet->sender] = join->join.nonce;
    state->token = join->join.token;
    check_token(packet, join);
    check_nonce(packet, join);
    check_burst(packet);
}

/* What a wrong HMAC of @n_bytes may be instead; the whole of the right one is @right. */
static const char *known_error(const Packet *packet, const FlowState *state, const uint8_t *seen,
                               size_t n_bytes, const uint8_t *right, size_t n_right)
{
    const MpsConnection *connection = packet->check->connection;
    const MpsSide own = packet->sender, peer = other(own);

    if (memcmp(seen, right + n_right - n_bytes, n_bytes) == 0)
        return ": the rightmost instead of the leftmost bytes";
    if (mps_join_hmac_valid(connection->version, connection->side[peer].key,
                            connection->side[own].key, state->nonce[own], state->nonce[peer], seen,
                            n_bytes))
        return ": the keys are swapped";
    if (mps_join_hmac_valid(connection->version, connection->side[own].key,
                            connection->side[peer].key, state->nonce[peer], state->nonce[own], seen,
                            n_bytes))
        return ": the nonces are swapped";
    return "";
}

/* A join whose token is of no connection: the HMAC may show which one was meant. */
static void check_meant(const Packet *packet, FlowState *state, const MpsMptcpOption *join)
{
    const Flow *flow = packet->flow;
    MpsSide opener;
    const Keys *keys;

    if (packet->check->connection->side[MPS_SERVER].has_key || !flow->syn.packet ||
        !state->has_nonce[0] || !state->has_nonce[1])
        return;
    keys = known_keys_of(known_of(packet->check), flow->public, state->nonce, join->join.hmac, 20,
                         &opener);
    if (!keys || keys->token[other(opener)] == state->token)
        return;
    state->meant = true;
    rule_fault_at(packet->check, flow->public, packet->sender, flow->syn,
                  (Fault){.rule = RULE_SEC_01,
                          .field = "token of the MP_JOIN",
                          .expected = text("0x%08x, of the connection whose keys made the HMAC",
                                           keys->token[other(opener)]),
                          .seen = text("0x%08x", state->token),
                          .earlier = packet_place(packet)});
}

/* Whether the model has found the HMAC on @packet right: nothing went before but the SYN, or that
 * and one SYN/ACK, so there is no other. */
static bool is_known_right(const Packet *packet)
{
    return packet->flow->public->side[packet->sender].hmac == MPS_HMAC_VALID &&
           packet->peer->n_packets == 1 && packet->sending->n_packets == (packet->synack ? 0 : 1);
}

/* What only who has the keys can have made is no router's work. */
static Suspect hmac_suspect(const Check *check, MpsSide sender, const char *known_error)
{
    return *known_error ? SUSPECT_SENDER : check_suspect(check, sender);
}

static void check_hmac(const Packet *packet, const FlowState *state, RuleId rule,
                       const MpsMptcpOption *join, size_t n_bytes)
{
    const MpsConnection *connection = packet->check->connection;
    const MpsSide own = packet->sender, peer = other(own);
    uint8_t right[MPS_HMAC_BYTES];
    const uint32_t nonces[2] = {GUINT32_TO_BE(state->nonce[own]),
                                GUINT32_TO_BE(state->nonce[peer])};

    if (!state->has_nonce[own] || !state->has_nonce[peer] || !check_has_keys(packet->check)) {
        rule_unchecked(packet->check, rule,
                       check_has_keys(packet->check) ? EV_JHS : EV_KEYS | EV_JHS);
        return;
    }
    if (is_known_right(packet)) {
        rule_pass(packet->check, rule);
        return;
    }

    const size_t n_right =
        mps_hmac(connection->version, connection->side[own].key, connection->side[peer].key,
                 (const uint8_t *)nonces, sizeof nonces, right);

    if (rule_broken(packet, rule, memcmp(join->join.hmac, right, n_bytes) != 0)) {
        g_autofree char *hex = join_hex(join->join.hmac, n_bytes);
        const char *error = known_error(packet, state, join->join.hmac, n_bytes, right, n_right);

        rule_fault(packet, (Fault){.rule = rule,
                                   .field = "HMAC of the MP_JOIN",
                                   .expected = join_hex(right, n_bytes),
                                   .seen = text("%s%s", hex, error),
                                   .suspect = hmac_suspect(packet->check, own, error),
                                   .earlier = packet->flow->syn});
    }
}

static void take_join(const Packet *packet, FlowState *state)
{
    const MpsMptcpOption *join = packet_option(packet, MPS_MP_JOIN);
    const MpsSide opener = packet->flow->public->opened_by;

    if (!join || packet->flow->public->kind != MPS_KIND_JOIN)
        return;
    if (packet->syn && join->join.form == MPS_JOIN_SYN) {
        take_join_syn(packet, join, state);
        return;
    }
    if (join_names_itself(packet->flow))
        return;
    if (packet->synack && join->join.form == MPS_JOIN_SYNACK && !state->has_synack &&
        packet->sender != opener && packet->event->segment.ack == 1) {
        state->has_synack = true;
        state->has_nonce[packet->sender] = true;
        state->nonce[packet->sender] = join->join.nonce;
        check_hmac(packet, state, RULE_SEC_03, join, 8);
    } else if (!packet->syn && !packet->synack && join->join.form == MPS_JOIN_ACK &&
               !state->has_ack && packet->sender == opener) {
        state->has_ack = true;
        check_hmac(packet, state, RULE_SEC_04, join, 20);
        check_meant(packet, state, join);
    }
}

/* Follows joins to tokens of no connection: whether they succeed, and how they are refused. */
static void follow_unknown(const Packet *packet, FlowState *state)
{
    const Flow *flow = packet->flow;

    if (packet->check->connection->id != 0 && packet->check->connection->side[0].has_key)
        return;
    if (packet->sender == flow->public->opened_by || flow->public->kind != MPS_KIND_JOIN)
        return;
    if (packet->rst && !flow->synack.packet) {
        const MpsMptcpOption *why = packet_option(packet, MPS_MP_TCPRST);

        state->reset_reason = why ? 1 + why->tcprst.reason : 0;
    } else if (!packet->rst && flow->third.packet) {
        known_of(packet->check)->any_doubtful = true;
        known_target(known_of(packet->check), &packet->wire->src.address)->completed = true;
    }
}

/* ---- data sequence numbers ---- */

/* Whether @packet's subflow was the only one that could carry data so far. */
static bool is_alone(const Packet *packet)
{
    for (guint i = 0; i < check_n_flows(packet->check); i++) {
        const Flow *flow = check_flow(packet->check, i);

        if (flow && flow != packet->flow && flow->third.packet)
            return false;
    }
    return true;
}

/* Whether the bytes before the first mapping are all that was acknowledged and never captured: then
 * the numbers began too high, and nothing is missing. */
static bool is_shifted(const Check *check, MpsSide side, int64_t offset)
{
    const MpsConnectionSide *host = &check->connection->side[side];

    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        if (subflow->side[side].ledger.missing_bytes > 0)
            return false;
    }
    return offset < 0 || host->data_acked_bytes - host->data_bytes == (uint64_t)offset;
}

static void finish_first_map(Check *check, MpsSide side, const CheckState *state)
{
    const int64_t offset = state->end[side].first_offset;
    const bool shown = check->shift_shown[side];

    if (!state->end[side].first_fault.packet)
        return;
    rule_fault_at(
        check, state->end[side].first_on, side, state->end[side].first_fault,
        (Fault){.rule = RULE_SEC_02,
                .field = "DSN of the first mapping",
                .expected = text("IDSN + 1: 0x%016" PRIx64, check->connection->side[side].idsn + 1),
                .seen = text("IDSN %+" PRId64, offset + 1),
                .suspect = shown ? check_suspect(check, side) : SUSPECT_SENDER,
                .needs = shown || is_shifted(check, side, offset) ? 0 : EV_ALL | EV_NOGAP,
                .unproven = !shown && !state->end[side].first_proven});
}

static void check_first_map(const Packet *packet, const MpsMptcpOption *dss, CheckState *state)
{
    const MpsEvent *event = packet->event;
    const bool has_data = dss->dss.data_bytes > dss->dss.data_fin;
    const bool is_first = packet->flow->public->kind == MPS_KIND_INITIAL && has_data &&
                          event->segment.has_map_seq &&
                          event->segment.map_seq == 1 + (int64_t)packet->sending->syn_taken;

    if (state->end[packet->sender].has_first || !dss->dss.has_map || dss->dss.data_bytes == 0)
        return;
    state->end[packet->sender].has_map = true;
    if (event->segment.map_offset == 0) {
        state->end[packet->sender].has_first = true;
        rule_pass(packet->check, RULE_SEC_02);
    } else if (event->segment.map_offset < 0 || is_first) {
        state->end[packet->sender].has_first = true;
        if (rule_is_broken(packet->check,
                           RULE_MPC_21)) /* the data of a SYN were taken for mapped */
            return;
        state->end[packet->sender].first_fault = packet_place(packet);
        state->end[packet->sender].first_on = packet->flow->public;
        state->end[packet->sender].first_offset = event->segment.map_offset;
        packet->check->shift[packet->sender] = event->segment.map_offset;
        state->end[packet->sender].first_proven = event->segment.map_offset < 0 || is_alone(packet);
    }
}

/* Farther from the IDSN than that is no data that was missed. */
static const int64_t FAR_OFFSET = (int64_t)1 << 40;

static void check_first_ack(const Packet *packet, CheckState *state)
{
    const int64_t data_ack = packet->event->segment.data_ack;
    const MpsSide peer = other(packet->sender);
    const bool first = !state->end[packet->sender].has_ack;

    if (!first && data_ack >= 0)
        return;
    state->end[packet->sender].has_ack = true;
    if (rule_broken(packet, RULE_SEC_06, data_ack < 0 || data_ack > FAR_OFFSET))
        rule_fault(packet, (Fault){.rule = RULE_SEC_06,
                                   .field = first ? "first DATA_ACK" : "DATA_ACK",
                                   .expected = text("%sIDSN + 1 of the peer: 0x%016" PRIx64,
                                                    first ? "" : "at least ",
                                                    packet->check->connection->side[peer].idsn + 1),
                                   .seen = text("IDSN %+" PRId64, data_ack + 1)});
}

static void check_numbers(const Packet *packet, CheckState *state)
{
    const MpsConnection *connection = packet->check->connection;
    const MpsMptcpOption *dss = packet->dss;
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);
    const MpsSide side = packet->sender;

    if (capable && capable->capable.has_data_length && !state->end[side].has_first) {
        state->end[side].has_first = true;
        rule_pass(packet->check, RULE_SEC_02);
    }
    if (!dss || connection->fallback || packet->check->fallen_back)
        return;
    if (dss->dss.has_map && !connection->side[side].has_idsn)
        state->end[side].astray = true;
    if (dss->dss.has_ack && !connection->side[other(side)].has_idsn)
        state->end[other(side)].astray = true;
    if (packet->check->keys_doubtful) {
        state->end[0].astray = state->end[1].astray = true;
        return;
    }
    if (packet->event->segment.has_map && !state->end[side].astray)
        check_first_map(packet, dss, state);
    if (packet->event->segment.has_data_ack && !state->end[other(side)].astray)
        check_first_ack(packet, state);
}

/* ---- the family ---- */

static void segment(const Packet *packet)
{
    FlowState *flow = flow_state(packet->flow, FAMILY_sec);

    if (!flow->met)
        meet_hosts(packet, flow);
    tell_keys(packet->check);
    follow_unknown(packet, flow);
    if (packet->wire->n_mptcp == 0)
        return;
    take_join(packet, flow);
    check_numbers(packet, check_state(packet->check, FAMILY_sec));
}

/* Linux until the middle of 2020 sent the leftmost bytes. */
static bool is_leftmost(const Check *check, MpsSide sender, const MpsMptcpOption *option)
{
    const MpsConnectionSide *side = check->connection->side;
    const MpsAddress *address = &option->add_addr.address;
    const size_t n_address = address->family == 6 ? 16 : 4;
    const uint16_t port =
        GUINT16_TO_BE((uint16_t)(option->add_addr.has_port ? option->add_addr.port : 0));
    uint8_t message[1 + 16 + sizeof port], right[MPS_HMAC_BYTES];

    message[0] = option->add_addr.address_id;
    memcpy(message + 1, address->bytes, n_address);
    memcpy(message + 1 + n_address, &port, sizeof port);
    mps_hmac(1, side[sender].key, side[other(sender)].key, message, 1 + n_address + sizeof port,
             right);
    return memcmp(option->add_addr.hmac, right, sizeof option->add_addr.hmac) == 0;
}

static void take_signal(Check *check, Flow *flow, const MpsEvent *event)
{
    const MpsMptcpOption *option = event->signal.option;

    if (event->signal.what != MPS_SIGNAL_ADD_ADDR || !event->signal.hmac || !flow ||
        check->connection->version == 0)
        return;
    if (event->signal.hmac == MPS_HMAC_UNCHECKED || !check_has_keys(check)) {
        rule_unchecked(check, RULE_SEC_05, EV_KEYS);
    } else if (event->signal.hmac == MPS_HMAC_VALID) {
        rule_pass(check, RULE_SEC_05);
    } else {
        g_autofree char *hex = join_hex(option->add_addr.hmac, sizeof option->add_addr.hmac);
        const char *error =
            is_leftmost(check, event->direction, option) ? ": the leftmost 64 bits" : "";

        rule_fault_at(check, flow->public, event->direction,
                      (Place){event->ts_ns, event->packet, event->capture_id},
                      (Fault){.rule = RULE_SEC_05,
                              .field = "HMAC of the ADD_ADDR",
                              .expected = text("the rightmost 64 bits of the HMAC"),
                              .seen = text("%s%s", hex, error),
                              .suspect = hmac_suspect(check, event->direction, error)});
    }
}

/* A join with a token that no connection has.  For a violation its receiver has to say so, too; of
 * a sender that the capture shows for the first time, only the receiver can know. */
static void finish_token(Check *check, const Flow *flow)
{
    const FlowState *state = flow_state(flow, FAMILY_sec);
    const MpsSide opener = flow->public->opened_by;
    const bool refused = state->reset_reason == 2;
    const bool met = known_wholly(known_of(check), &flow->public->end[opener].address, true);

    /* A connection that began before the capture may be of the same hosts, at other addresses. */
    if (state->meant || flow->synack.packet || !join_token_is_unknown(flow, state->token) ||
        !(refused || (met && !known_of(check)->any_doubtful)) ||
        known_target(known_of(check), &flow->public->end[other(opener)].address)->burst)
        return;
    rule_fault_at(check, flow->public, opener, flow->syn,
                  (Fault){.rule = RULE_SEC_01,
                          .verdict = refused && met ? VIOLATION : WARNING,
                          .field = "token of the MP_JOIN",
                          .expected = text("that of a connection of the receiver"),
                          .seen = text("0x%08x, of no connection%s", state->token,
                                       refused ? ", reset with reason 1" : "")});
}

static void finish_burst(Check *check, const CheckState *state)
{
    if (!state->burst.packet || check_n_flows(check) == 0)
        return;

    const Target *target = known_target(known_of(check), &state->target);

    if (!target->burst || target->completed)
        return;
    rule_fault_at(check, state->bursting, MPS_CLIENT, state->burst,
                  (Fault){.rule = RULE_SEC_08,
                          .field = "joins with unknown tokens to one host",
                          .expected = text("at most %d in a second", BURST_JOINS),
                          .seen = text("more: %u in all, from at least %d addresses",
                                       target->n_joins, __builtin_popcountll(target->sources)),
                          .earlier = target->first});
}

/* A connection that fell silent may go on: its token stays in use. */
static void finish_hosts(const Check *check)
{
    const MpsConnection *connection = check->connection;

    if (connection->id == 0 ||
        (connection->close != MPS_CLOSE_IDLE && connection->close != MPS_CLOSE_EVICTED))
        return;
    known_meet(known_of(check), &connection->end[MPS_CLIENT].address, true);
    known_meet(known_of(check), &connection->end[MPS_SERVER].address, true);
}

static void finish(Check *check)
{
    CheckState *state = check_state(check, FAMILY_sec);

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        finish_first_map(check, side, state);
        if (state->end[side].astray) {
            rule_unchecked(check, RULE_SEC_02, EV_KEYS);
            rule_unchecked(check, RULE_SEC_06, EV_KEYS);
        } else if (state->end[side].has_map && !state->end[side].has_first) {
            rule_unchecked(check, RULE_SEC_02, EV_NOGAP);
        }
    }
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && check->connection->id == 0)
            finish_token(check, flow);
    }
    finish_burst(check, state);
    finish_hosts(check);
}

static void clear_run(MpsRules *rules)
{
    known_clear(run_state(rules, FAMILY_sec));
}

/* Both keys are known, and the first data sequence number, if any, and DATA_ACK of the sender. */
static bool is_quiet(const Packet *packet)
{
    const CheckState *state = check_state(packet->check, FAMILY_sec);
    const FlowState *flow = flow_state(packet->flow, FAMILY_sec);
    const MpsConnection *connection = packet->check->connection;

    return flow->met && state->keys_told && connection->id != 0 &&
           connection->side[MPS_CLIENT].has_idsn && connection->side[MPS_SERVER].has_idsn &&
           (state->end[packet->sender].has_first || !packet->check->has_mapped[packet->sender]) &&
           state->end[packet->sender].has_ack;
}

static const MpsLink check_links[] = {
    MPS_ENTITY(CheckState, end[0].first_on),
    MPS_ENTITY(CheckState, end[1].first_on),
    MPS_ENTITY(CheckState, bursting),
    {0},
};

static void image_run(MpsRules *rules, MpsImage *image)
{
    known_image(run_state(rules, FAMILY_sec), image);
}

const Family mps_rules_sec = {
    .run_bytes = sizeof(Known),
    .check_bytes = sizeof(CheckState),
    .flow_bytes = sizeof(FlowState),
    .run_links = known_links,
    .check_links = check_links,
    .image_run = image_run,
    .segment = segment,
    .is_quiet = is_quiet,
    .signal = take_signal,
    .finish = finish,
    .clear_run = clear_run,
};
