/* rules_fb_after.c - FB: infinite mappings, and what is sent after a fallback. */
#include "rules/rules_fb.h"

/* So many packets without DSS prove that not just the capture lacks those before them. */
enum { ENOUGH_PLAIN = 3 };

static FbCheck *state_of(const Packet *packet)
{
    return check_state(packet->check, FAMILY_fb);
}

/* ---- FB-06, FB-07: the infinite mapping itself ---- */

static void check_form(const Packet *packet, const MpsMptcpOption *dss, const FbEnd *end)
{
    const bool zero = dss->dss.ssn == 0;
    const bool sum = dss->dss.has_checksum && dss->dss.checksum != 0;
    const bool moved =
        end->has_shift && !fb_same_shift(end, dss->dss.dsn - dss->dss.ssn, dss->dss.dsn_is_64);

    if (!rule_broken(packet, RULE_FB_06, zero || sum || moved))
        return;
    rule_fault(packet, (Fault){.rule = RULE_FB_06,
                               /* Of data sent twice or on several subflows, which was before? */
                               .verdict = zero || sum || !end->many_shifts ? VIOLATION : WARNING,
                               .field = sum    ? "checksum of the infinite mapping"
                                        : zero ? "subflow sequence number of the infinite mapping"
                                               : "DSN - SSN of the infinite mapping",
                               .expected = sum    ? text("0")
                                           : zero ? text("at least 1")
                                                  : text("0x%" G_GINT64_MODIFIER "x", end->shift),
                               .seen = sum    ? text("0x%04x", dss->dss.checksum)
                                       : zero ? text("0")
                                              : text("0x%" G_GINT64_MODIFIER "x",
                                                     dss->dss.dsn - dss->dss.ssn)});
}

/* After MP_FAIL of the other host. */
static void check_start(const Packet *packet, const FbCheck *state)
{
    const MpsSide side = packet->sender;
    const MpsConnectionSide *data = &packet->check->connection->side[side];
    const int64_t acked = (int64_t)data->data_acked_bytes;
    const int64_t start = packet->event->segment.map_offset;

    if (!(state->fail_first & 1u << other(side)))
        return;
    if (!data->has_idsn || !data->has_data_ack || !packet->event->segment.has_map) {
        rule_unchecked(packet->check, RULE_FB_07, EV_HS | EV_BID);
        return;
    }
    if (rule_broken(packet, RULE_FB_07, start > acked))
        rule_fault(packet,
                   (Fault){.rule = RULE_FB_07,
                           .verdict = WARNING,
                           .tolerated = true,
                           .field = "begin of the infinite mapping, as a data offset",
                           .expected = text("at most %" G_GINT64_FORMAT ", the DATA_ACK", acked),
                           .seen = text("%" G_GINT64_FORMAT, start),
                           .earlier = state->fail[other(side)],
                           .unseen = !end_is_complete(packet->peer)});
}

void fb_check_infinite(const Packet *packet, const MpsMptcpOption *dss, const FbFlow *flow)
{
    FbCheck *state = state_of(packet);

    if (!dss || !fb_is_infinite(packet, dss) || packet->again)
        return;
    check_form(packet, dss, &flow->end[packet->sender]);
    if (state->infinite.place.packet)
        return;
    check_start(packet, state);
    state->infinite.place = packet_place(packet);
    state->infinite.by = packet->sender;
    state->infinite.subflow_id = packet->flow->public->id;
    state->infinite.end = packet->event->segment.seq + packet->wire->payload_bytes;
}

/* ---- FB-02, FB-05: the host whose data was acknowledged without DATA_ACK ---- */

/* Whether MPTCP options of @packet are none that a fallback forbids: a RST explains itself, joins
 * are JOIN-17's, and what was sent before may be repeated. */
static bool is_allowed(const Packet *packet, const MpsMptcpOption *dss)
{
    const unsigned allowed = 1u << MPS_MP_JOIN | 1u << MPS_MP_FAIL;

    return packet->rst || packet->again || packet->subtypes & allowed ||
           (dss && fb_is_infinite(packet, dss));
}

static void check_announced(const Packet *packet, FbCheck *state)
{
    const FbFlow *flow = flow_state(packet->flow, FAMILY_fb);
    const bool infinite = state->infinite.place.packet;

    if (state->announced || packet->wire->payload_bytes == 0 || packet->again || packet->rst ||
        !(infinite || fb_is_plain(packet)) || !flow->end[packet->sender].has_shift)
        return;
    state->announced = true;
    if (rule_broken(packet, RULE_FB_05, !infinite)) {
        state->silent = packet_place(packet);
        state->silent_unproven = !end_is_complete(packet->sending);
    }
}

static void report_silent(Check *check, const FbCheck *state, const MpsSubflow *subflow)
{
    if (!state->silent.packet)
        return;
    rule_fault_at(check, subflow, other(state->by), state->silent,
                  (Fault){.rule = RULE_FB_05,
                          .verdict = WARNING,
                          .tolerated = true,
                          .field = "first data after an ACK of data without DATA_ACK",
                          .expected = text("an infinite mapping"),
                          .seen = text("no MPTCP option"),
                          .earlier = check->fallback,
                          .unseen = state->unproven || state->silent_unproven});
}

static void check_noticed(const Packet *packet, const MpsMptcpOption *dss, FbCheck *state)
{
    const Place place = packet_place(packet);
    const bool late = place.ts_ns > packet->check->fallback.ts_ns + fb_flight_ns(packet->flow);

    if (state->infinite.place.packet || fb_is_plain(packet)) {
        rule_pass(packet->check, RULE_FB_02);
        state->plain_answer = true;
    } else if (packet->wire->n_mptcp > 0 && late && !is_allowed(packet, dss) &&
               state->n_kept++ == 0) {
        state->kept = place;
    }
}

static void report_kept(Check *check, const FbCheck *state, const MpsSubflow *subflow)
{
    if (state->n_kept == 0)
        return;
    rule_fault_at(check, subflow, other(state->by), state->kept,
                  (Fault){.rule = RULE_FB_02,
                          .field = "MPTCP options after an ACK of data without DATA_ACK",
                          .expected = text("none but an infinite mapping"),
                          .seen = text("%u packets with some", state->n_kept),
                          .earlier = check->fallback,
                          .needs = EV_NOGAP | EV_VTX,
                          .unseen = state->unproven});
}

/* ---- FB-04, FB-09: nothing of MPTCP any more ---- */

/* Since when the sender of @packet has known of the fallback; MPS_NO_TIME: not for sure. */
static int64_t known_since_ns(const Packet *packet, const FbCheck *state, unsigned *needs)
{
    const bool infinite = state->infinite.place.packet;

    *needs = 0;
    if (infinite && packet->sender == state->infinite.by)
        return state->infinite.place.ts_ns;
    if (infinite)
        return state->infinite.acked_ns ? state->infinite.acked_ns : MPS_NO_TIME;
    *needs = EV_VTX;
    if (state->trigger == FB_FAIL ||
        (state->trigger == FB_NO_DSS && packet->sender == state->by && state->plain_answer))
        return packet->check->fallback.ts_ns;
    return MPS_NO_TIME;
}

/* Whether DATA_ACKs are all that @packet has of MPTCP. */
static bool only_acks(const Packet *packet, const MpsMptcpOption *dss)
{
    return packet->wire->n_mptcp == 1 && dss && !dss->dss.has_map;
}

static void report_option(const Packet *packet, const FbCheck *state, unsigned needs)
{
    rule_fault(packet, (Fault){.rule = RULE_FB_04,
                               .field = "MPTCP option after the fallback",
                               .expected = text("none"),
                               .seen = text("subtype 0x%x", packet->wire->mptcp[0].subtype),
                               .earlier = state->infinite.place.packet ? state->infinite.place
                                                                       : packet->check->fallback,
                               .needs = needs,
                               .unseen = state->unproven});
}

static void check_silence(const Packet *packet, const MpsMptcpOption *dss, const FbCheck *state)
{
    const bool infinite = state->infinite.place.packet;
    const bool receiver = infinite && packet->sender != state->infinite.by;
    unsigned needs;
    const int64_t since_ns = known_since_ns(packet, state, &needs);

    if (since_ns == MPS_NO_TIME || packet->wire->ts_ns <= since_ns + fb_flight_ns(packet->flow) ||
        is_allowed(packet, dss))
        return;
    if (fb_is_plain(packet)) {
        rule_pass(packet->check, RULE_FB_04);
        if (receiver)
            rule_pass(packet->check, RULE_FB_09);
    } else if (packet->wire->n_mptcp == 0 || rule_is_broken(packet->check, RULE_FB_08)) {
        return; /* cut by the capture, or the consequence of another subflow */
    } else if (receiver && only_acks(packet, dss)) {
        rule_fault(packet, (Fault){.rule = RULE_FB_09,
                                   .field = "DATA_ACK after an infinite mapping",
                                   .expected = text("none"),
                                   .seen = text("one"),
                                   .earlier = state->infinite.place});
    } else if (infinite || !dss) { /* until the infinite mapping, DSS are FAIL-05's */
        report_option(packet, state, needs);
    }
}

/* ---- FB-08: only one subflow survives ---- */

static void check_other_subflow(const Packet *packet, const FbCheck *state)
{
    const bool knows = packet->sender == state->infinite.by;

    if (packet->wire->payload_bytes == 0 || packet->again || packet->rst ||
        packet->wire->ts_ns <= state->infinite.place.ts_ns + fb_flight_ns(packet->flow))
        return;
    rule_fault(packet, (Fault){.rule = RULE_FB_08,
                               .field = "data on another subflow after an infinite mapping",
                               .expected = text("none"),
                               .seen = text("%u bytes", packet->wire->payload_bytes),
                               .earlier = state->infinite.place,
                               .needs = knows ? 0 : EV_VTX});
}

/* Whether @flow was there before the infinite mapping, and its sender did nothing to end it. */
static bool is_survivor(const Flow *flow, const FbCheck *state)
{
    return flow && flow->public->id != state->infinite.subflow_id &&
           flow->public->established_ns != MPS_NO_TIME &&
           flow->public->established_ns < state->infinite.place.ts_ns &&
           flow_is_open(flow, MPS_CLIENT) && flow_is_open(flow, MPS_SERVER);
}

static void check_survivors(Check *check, const FbCheck *state)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (!is_survivor(flow, state))
            continue;
        if (check_until_ns(check, state->infinite.place.ts_ns) - state->infinite.place.ts_ns <
            ANSWER_NS + flow_rtt_ns(flow))
            return; /* the end may still come */
        rule_fault_at(check, flow->public, state->infinite.by, state->infinite.place,
                      (Fault){.rule = RULE_FB_08,
                              .field = "another subflow after an infinite mapping",
                              .expected = text("RST or FIN"),
                              .seen = text("neither"),
                              .earlier = flow->synack,
                              .unseen = !end_is_complete(&flow->end[MPS_CLIENT]) ||
                                        !end_is_complete(&flow->end[MPS_SERVER])});
        return;
    }
    rule_pass(check, RULE_FB_08);
}

/* ---- all of it ---- */

/* What an incomplete capture made look like a fallback was none: the host speaks MPTCP. */
static bool was_none(const Packet *packet, const MpsMptcpOption *dss, FbCheck *state)
{
    if (!state->unproven || packet->sender != state->by || !dss || packet->again)
        return false;
    *state = (FbCheck){0};
    packet->check->fallen_back = false;
    packet->check->fallback = (Place){0};
    return true;
}

void fb_check_after(const Packet *packet, const MpsMptcpOption *dss)
{
    FbCheck *state = state_of(packet);
    const bool infinite = state->infinite.place.packet;
    const uint64_t subflow_id = infinite ? state->infinite.subflow_id : state->subflow_id;

    if (state->trigger == FB_SYNACK || was_none(packet, dss, state))
        return; /* OPT-07 goes on */
    if (state->unproven && packet->sender == state->by && fb_is_plain(packet) &&
        ++state->n_plain >= ENOUGH_PLAIN)
        state->unproven = false;
    if (packet->flow->public->id != subflow_id) {
        if (infinite)
            check_other_subflow(packet, state);
        return;
    }
    if (state->trigger == FB_NO_DSS && packet->sender != state->by) {
        check_announced(packet, state);
        check_noticed(packet, dss, state);
    }
    if (state->trigger != FB_THIRD) /* MPC-15 */
        check_silence(packet, dss, state);
    if (infinite && packet->sender != state->infinite.by && !state->infinite.acked_ns &&
        packet->event->segment.has_ack && packet->event->segment.ack >= state->infinite.end)
        state->infinite.acked_ns = packet->wire->ts_ns;
}

void fb_finish(Check *check)
{
    const FbCheck *state = check_state(check, FAMILY_fb);
    const MpsSubflow *subflow = NULL;

    for (guint i = 0; i < check_n_flows(check) && !subflow; i++) {
        const MpsSubflow *each = g_ptr_array_index(check->connection->subflows, i);

        if (each->id == state->subflow_id)
            subflow = each;
    }
    report_kept(check, state, subflow);
    report_silent(check, state, subflow);
    if (state->infinite.place.packet && !rule_is_broken(check, RULE_FB_08) &&
        !rule_is_broken(check, RULE_DSS_10))
        check_survivors(check, state);
}
