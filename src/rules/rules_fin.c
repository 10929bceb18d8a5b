/* rules_fin.c - FIN: DATA_FIN and the end of a connection (RFC 8684 section 3.3.3).  All positions
 * are data offsets: the DATA_FIN has that of the byte that would follow the data. */
#include "rules/check.h"

/* The FIN on a host's last open subflow while data was not DATA_ACKed, until it is known whether
 * the capture lacks the DATA_ACK. */
typedef struct {
    Place place;
    const MpsSubflow *subflow;
    int64_t due, acked;
    int64_t end; /* position behind the FIN */
    bool denied; /* the peer said so */
} LastFin;

/* What a host sends, and what its peer says of it. */
typedef struct {
    bool has_fin;
    int64_t fin;
    int64_t fin_begin; /* of the data in the mapping of the DATA_FIN */
    Place first;       /* the DATA_FIN */
    const MpsSubflow *on;
    bool repeated; /* an RTT later, at least */
    bool has_data;
    int64_t highest; /* end of all mappings */
    Place highest_at;
    bool has_acked;
    int64_t acked;
    Place fin_acked;
    const MpsSubflow *fin_acked_on;
    Place denied; /* long after the DATA_FIN the peer still had not got it */
    LastFin last_fin;
} Side;

typedef struct {
    Side side[2];
    bool fastclose, failed; /* MP_FASTCLOSE, RST with MP_FAIL */
} CheckState;

static bool is_over(const Check *check)
{
    return check->fallen_back || check->connection->fallback || check->base_moved;
}

/* Mappings that are lies would be found again by the rules here. */
static bool lies(const Check *check)
{
    return rule_is_broken(check, RULE_DSS_06) || rule_is_broken(check, RULE_DSS_07) ||
           rule_is_broken(check, RULE_DSS_11) || rule_is_broken(check, RULE_DSS_12) ||
           rule_is_broken(check, RULE_SEC_02);
}

/* Numbers further off are of no window; DSS-11 and DSS-16 judge them, or they belong to a
 * connection on the same ports whose SYN the capture lacks. */
static bool is_near(const Side *side, int64_t offset)
{
    const int64_t from = side->has_data ? side->highest : side->has_acked ? side->acked : offset;
    int64_t apart;

    return !__builtin_sub_overflow(offset, from, &apart) && apart < (int64_t)1 << 31 &&
           apart > -((int64_t)1 << 31);
}

/* ---- the DATA_FIN itself ---- */

static void check_bare(const Packet *packet, const MpsMptcpOption *dss)
{
    if (rule_broken(packet, RULE_FIN_01, dss->dss.ssn != 0 || dss->dss.data_bytes != 1))
        rule_fault(packet, (Fault){.rule = RULE_FIN_01,
                                   .field = "mapping of a DATA_FIN without payload",
                                   .expected = text("subflow sequence number 0, length 1"),
                                   .seen = text("subflow sequence number %u, length %u",
                                                dss->dss.ssn, dss->dss.data_bytes)});
}

/* Whether an earlier mapping has all payload of @packet. */
static bool is_mapped(const Packet *packet)
{
    const End *end = packet->sending;
    const int64_t begin = packet->event->segment.seq;
    const int64_t next = begin + packet->wire->payload_bytes;

    for (uint64_t i = 0; i < MIN(end->n_mapped, RECENT_MAPPINGS); i++)
        if (end->recent[i].begin <= begin && next <= end->recent[i].end)
            return true;
    return false;
}

/* A DATA_FIN of its own on a segment whose payload needs a mapping, too. */
static void check_bare_with_payload(const Packet *packet)
{
    const bool mapped = is_mapped(packet);

    rule_fault(packet, (Fault){.rule = RULE_FIN_02,
                               .verdict = mapped ? WARNING : VIOLATION,
                               .field = "mapping of a DATA_FIN with payload",
                               .expected = text("the payload and one octet"),
                               .seen = text(mapped ? "the octet, the payload was mapped before"
                                                   : "the octet, the payload is not mapped"),
                               .needs = mapped ? 0 : EV_NOGAP,
                               .unseen = !end_is_complete(packet->sending)});
}

static void check_with_payload(const Packet *packet, const MpsMptcpOption *dss)
{
    const MpsEvent *event = packet->event;
    const int64_t mapped_to = event->segment.map_seq + mapped_bytes(dss);
    const int64_t next = event->segment.seq + packet->wire->payload_bytes;

    if (!packet->sending->has_syn || !event->segment.has_map_seq || !event->segment.has_seq) {
        rule_unchecked(packet->check, RULE_FIN_02, EV_SYN);
        return;
    }
    if (dss->dss.ssn == 0 && dss->dss.data_bytes == 1) {
        check_bare_with_payload(packet);
        return;
    }
    if (rule_broken(packet, RULE_FIN_02, next > mapped_to && event->segment.seq <= mapped_to))
        rule_fault(packet,
                   (Fault){.rule = RULE_FIN_02,
                           .field = "data-level length with DATA_FIN",
                           .expected = text("the payload and one octet"),
                           .seen = text("%u, %" G_GINT64_FORMAT " bytes of the payload are outside",
                                        dss->dss.data_bytes, next - mapped_to)});
}

static void note_data_fin(const Packet *packet, Side *side, int64_t fin, int64_t begin)
{
    side->has_fin = true;
    side->fin = fin;
    side->fin_begin = begin;
    side->first = packet_place(packet);
    side->on = packet->flow->public;
    if (side->has_acked && side->acked > fin) {
        side->fin_acked = side->first;
        side->fin_acked_on = side->on;
    }
}

static void take_data_fin(const Packet *packet, const MpsMptcpOption *dss, Side *side)
{
    const int64_t begin = packet->event->segment.map_offset;
    const int64_t fin = begin + mapped_bytes(dss);

    if (dss->dss.data_bytes == 0)
        return; /* DSS-10 */
    if (packet->wire->payload_bytes > 0)
        check_with_payload(packet, dss);
    else
        check_bare(packet, dss);
    if (!side->has_fin) {
        note_data_fin(packet, side, fin, begin);
        return;
    }
    if (packet->wire->ts_ns - side->first.ts_ns >= flow_rtt_ns(packet->flow))
        side->repeated = true;
    if (rule_broken(packet, RULE_FIN_03, fin != side->fin))
        rule_fault(packet, (Fault){.rule = RULE_FIN_03,
                                   .field = "position of the DATA_FIN in the data",
                                   .expected = text("%" G_GINT64_FORMAT, side->fin),
                                   .seen = text("%" G_GINT64_FORMAT, fin),
                                   .earlier = side->first});
}

/* ---- data and its acknowledgement ---- */

static void note_mapped_to(const Packet *packet, Side *side, int64_t end)
{
    if (!side->has_data || end > side->highest) {
        side->has_data = true;
        side->highest = end;
        side->highest_at = packet_place(packet);
    }
}

static void take_mapping(const Packet *packet, Side *side, int64_t offset, uint32_t bytes,
                         bool data_fin)
{
    const int64_t end = offset + bytes;

    if (bytes == 0)
        return;
    if (!side->has_fin || data_fin || end <= side->fin)
        note_mapped_to(packet, side, end);
    if (!side->has_fin || data_fin)
        return;
    if (packet->again && end > side->fin)
        return;
    if (rule_broken(packet, RULE_FIN_04, end > side->fin && !lies(packet->check)))
        rule_fault(
            packet,
            (Fault){.rule = RULE_FIN_04,
                    .field = "end of a mapping in the data",
                    .expected = text("at most that of the DATA_FIN, %" G_GINT64_FORMAT, side->fin),
                    .seen = text("%" G_GINT64_FORMAT, end),
                    .earlier = side->first});
}

/* MP_CAPABLE with data maps the data from the IDSN on: it is no use where offsets count from
 * another number. */
static void take_capable(const Packet *packet, Side *side, const MpsMptcpOption *capable)
{
    if (packet->check->connection->side[packet->sender].has_idsn)
        take_mapping(packet, side, 0, capable->capable.data_bytes, false);
    else
        rule_unchecked(packet->check, RULE_FIN_03, EV_HS);
}

static void report_last_fin(Check *check, MpsSide sender, Side *side)
{
    const LastFin *fin = &side->last_fin;
    const bool proved = fin->denied || side_is_complete(check, other(sender));

    if (!proved) {
        rule_unchecked(check, RULE_FIN_07, side_is_cut(check, other(sender)) ? EV_OPT : EV_NOGAP);
    } else {
        rule_fault_at(check, fin->subflow, sender, fin->place,
                      (Fault){.rule = RULE_FIN_07,
                              .field = "DATA_ACK before the FIN on the last open subflow",
                              .expected = text("of all data up to %" G_GINT64_FORMAT, fin->due),
                              .seen = text("%" G_GINT64_FORMAT, fin->acked),
                              .needs = fin->denied ? EV_ALL : EV_ALL | EV_VTX});
    }
    side->last_fin.place.packet = 0;
}

/* What the next DATA_ACK on the subflow of the last FIN tells of the time of the FIN.  One that
 * comes at once may have been there before. */
static void judge_last_fin(const Packet *packet, Side *side, MpsSide data_sender)
{
    const MpsEvent *event = packet->event;
    LastFin *fin = &side->last_fin;
    const bool denied = event->segment.data_ack < fin->due;
    const bool at_once = packet->wire->ts_ns - fin->place.ts_ns <= ORDER_NS;
    const bool has_fin = event->segment.has_ack && event->segment.ack >= fin->end;

    if (at_once && !has_fin && denied)
        return;
    if (at_once && !denied) {
        rule_pass(packet->check, RULE_FIN_07);
        fin->place.packet = 0;
        return;
    }
    fin->denied = denied && !packet->check->several_taps;
    report_last_fin(packet->check, data_sender, side);
}

static void note_acked(Side *side, int64_t data_ack)
{
    if (!side->has_acked || data_ack > side->acked)
        side->acked = data_ack;
    side->has_acked = true;
}

/* What the peer says of data that @data_sender has sent. */
static void take_data_ack(const Packet *packet, Side *side, MpsSide data_sender)
{
    const int64_t data_ack = packet->event->segment.data_ack;

    note_acked(side, data_ack);
    if (side->last_fin.place.packet && side->last_fin.subflow == packet->flow->public)
        judge_last_fin(packet, side, data_sender);
    if (!side->has_fin || side->fin_acked.packet)
        return;
    if (data_ack > side->fin) {
        side->fin_acked = packet_place(packet);
        side->fin_acked_on = packet->flow->public;
    } else if (packet->wire->ts_ns - side->first.ts_ns > RTO_NS + flow_rtt_ns(packet->flow)) {
        side->denied = packet_place(packet);
    }
}

/* ---- FIN ---- */

/* Whether @side could send data on a subflow other than @flow. */
static bool has_another(const Flow *flow, MpsSide side)
{
    const Check *check = flow->check;

    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *each = check_flow(check, i);

        if (each && each != flow && flow_is_open(each, side) &&
            (each->public->established_ns != MPS_NO_TIME || !each->syn.packet))
            return true;
    }
    return false;
}

static void check_last_fin(const Packet *packet, Side *side)
{
    const int64_t due = side->has_fin ? MIN(side->fin_begin, side->highest) : side->highest;

    if (packet->sending->fin.packet || lies(packet->check) ||
        has_another(packet->flow, packet->sender))
        return;
    if (!side->has_data || (side->has_acked && side->acked >= due)) {
        rule_pass(packet->check, RULE_FIN_07);
    } else if (!side->has_acked) {
        rule_unchecked(packet->check, RULE_FIN_07, EV_BID);
    } else {
        side->last_fin =
            (LastFin){.place = packet_place(packet),
                      .subflow = packet->flow->public,
                      .due = due,
                      .acked = side->acked,
                      .end = packet->event->segment.seq + (int64_t)packet->wire->payload_bytes + 1};
    }
}

static void segment(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    CheckState *state = check_state(packet->check, FAMILY_fin);
    Side *side = &state->side[packet->sender];

    if ((packet->wire->n_mptcp == 0 && !packet->fin) || is_over(packet->check))
        return;

    const MpsMptcpOption *dss = packet->dss;
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);

    if (packet->subtypes & 1u << MPS_MP_FASTCLOSE)
        state->fastclose = true;
    if (packet->rst && packet->subtypes & 1u << MPS_MP_FAIL)
        state->failed = true;
    if (event->segment.has_data_ack &&
        is_near(&state->side[other(packet->sender)], event->segment.data_ack))
        take_data_ack(packet, &state->side[other(packet->sender)], other(packet->sender));
    if (capable && capable->capable.has_data_length)
        take_capable(packet, side, capable);
    if (dss && event->segment.has_map && is_near(side, event->segment.map_offset)) {
        take_mapping(packet, side, event->segment.map_offset, mapped_bytes(dss), dss->dss.data_fin);
        if (dss->dss.data_fin)
            take_data_fin(packet, dss, side);
    }
    if (packet->fin && !state->fastclose)
        check_last_fin(packet, side);
}

/* No DATA_FIN or FIN is there to be held against. */
static bool is_quiet(const Packet *packet)
{
    const Check *check = packet->check;
    const Side *side = ((const CheckState *)check_state(check, FAMILY_fin))->side;

    return check->based && !check->base_moved && !side[0].has_fin && !side[1].has_fin &&
           !side[0].last_fin.place.packet && !side[1].last_fin.place.packet;
}

static void note(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    CheckState *state = check_state(packet->check, FAMILY_fin);
    Side *own = &state->side[packet->sender], *peer = &state->side[other(packet->sender)];

    if (event->segment.has_data_ack && is_near(peer, event->segment.data_ack))
        note_acked(peer, event->segment.data_ack);
    if (event->segment.has_map && is_near(own, event->segment.map_offset))
        note_mapped_to(packet, own, event->segment.map_offset + packet->dss->dss.data_bytes);
}

/* ---- the end ---- */

/* FIN-03: behind all data that any subflow carried.  Hosts announce it ahead of data that is still
 * queued; whether such data was ever to come, the capture does not tell (DSS-13 asks for it where
 * all subflows were closed regularly). */
static void finish_position(Check *check, MpsSide sender, const Side *side)
{
    if (!side->has_data || lies(check) || rule_is_broken(check, RULE_FIN_02) ||
        rule_is_broken(check, RULE_FIN_03))
        return;
    if (side->highest == side->fin)
        rule_pass(check, RULE_FIN_03);
    else if (side->highest < side->fin)
        rule_unchecked(check, RULE_FIN_03, side_is_cut(check, sender) ? EV_OPT : EV_ALL | EV_NOGAP);
    else
        rule_fault_at(
            check, side->on, sender, side->first,
            (Fault){.rule = RULE_FIN_03,
                    .field = "position of the DATA_FIN in the data",
                    .expected = text("%" G_GINT64_FORMAT ", the end of the data", side->highest),
                    .seen = text("%" G_GINT64_FORMAT, side->fin),
                    .earlier = side->highest_at});
}

/* Whether the data from @begin to @end, which @entry of @flow did not deliver, may have come some
 * other way. */
static bool came_elsewhere(const Check *check, const Flow *flow, MpsSide sender,
                           const Mapped *entry, int64_t begin, int64_t end)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *each = check_flow(check, i);
        const End *sending = each ? &each->end[sender] : NULL;
        int64_t oldest_ns = INT64_MAX;

        for (uint64_t k = 0; sending && k < MIN(sending->n_mapped, RECENT_MAPPINGS); k++) {
            const Mapped *copy = &sending->recent[k];
            const bool delivered = each != flow || copy->begin < each->end[other(sender)].acked;

            oldest_ns = MIN(oldest_ns, copy->ts_ns);
            if (copy != entry && delivered && copy->offset < end &&
                copy->offset + (copy->end - copy->begin) > begin)
                return true;
        }
        if (sending && sending->n_mapped > RECENT_MAPPINGS && oldest_ns > entry->ts_ns)
            return true; /* the copy may be forgotten */
    }
    return false;
}

/* Data below the DATA_FIN that the receiver, by its acknowledgements on @flow, never got. */
static bool never_came(const Check *check, const Flow *flow, MpsSide sender, const Side *side,
                       int64_t *begin, int64_t *end)
{
    const End *sending = &flow->end[sender], *receiving = &flow->end[other(sender)];
    const int64_t patience_ns = ANSWER_NS + flow_rtt_ns(flow);

    if (receiving->acked == 0 || sending->next <= receiving->acked ||
        receiving->acked_ns - side->fin_acked.ts_ns <= patience_ns)
        return false;
    for (uint64_t i = 0; i < MIN(sending->n_mapped, RECENT_MAPPINGS); i++) {
        const Mapped *entry = &sending->recent[i];
        const int64_t shift = entry->offset - entry->begin;

        *begin = MAX(entry->begin, receiving->acked) + shift;
        *end = MIN(MIN(entry->end, sending->next) + shift, side->fin);
        if (*begin < *end && !came_elsewhere(check, flow, sender, entry, *begin, *end))
            return true;
    }
    return false;
}

/* FIN-05: what is DATA_ACKed was acknowledged on a subflow.  The DATA_ACK may travel faster than
 * the acknowledgement, so only one that lags for long tells. */
static void finish_delivered(Check *check, MpsSide sender, const Side *side)
{
    int64_t begin, end;

    if (lies(check))
        return;
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (!flow || !never_came(check, flow, sender, side, &begin, &end))
            continue;
        rule_fault_at(check, side->fin_acked_on, other(sender), side->fin_acked,
                      (Fault){.rule = RULE_FIN_05,
                              .field = "data that no subflow delivered",
                              .expected = text("no DATA_ACK of the DATA_FIN without it"),
                              .seen = text("bytes %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                                           " not acknowledged on subflow %u",
                                           begin, end, flow->public->ordinal),
                              .earlier = side->first,
                              .needs = EV_ALL | EV_NOGAP | EV_VTX});
        return;
    }
    rule_pass(check, RULE_FIN_05);
}

/* Whether the host can still send on @flow at @ts_ns, if only acknowledgements. */
static bool is_alive(const Flow *flow, int64_t ts_ns)
{
    const End *end = flow->end;
    const bool reset = (end[0].rst.packet && end[0].rst.ts_ns <= ts_ns) ||
                       (end[1].rst.packet && end[1].rst.ts_ns <= ts_ns);
    const bool closed = end[0].fin.packet && end[0].fin.ts_ns <= ts_ns && end[1].fin.packet &&
                        end[1].fin.ts_ns <= ts_ns;

    return flow->public->established_ns != MPS_NO_TIME && !reset && !closed;
}

/* FIN-06.  Proof that nothing was missed: long after the DATA_FIN the peer still acknowledges less,
 * and the identifications of the sender's packets leave no room up to later ones. */
static void finish_repeated(Check *check, MpsSide sender, const Side *side)
{
    const int64_t limit_ns = side->first.ts_ns + RTO_NS + flow_rtt_ns(flow_of(side->on));
    const int64_t until_ns = check_until_ns(check, side->first.ts_ns);
    bool alive = false, proved = side->denied.packet && side_is_complete(check, sender);

    if (side->fin_acked.packet || side->repeated) {
        rule_pass(check, RULE_FIN_06);
        return;
    }
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && is_alive(flow, limit_ns)) {
            alive = true;
            proved = proved && flow->end[sender].last.ts_ns > limit_ns;
        }
    }
    if (!alive || until_ns <= limit_ns)
        return;
    rule_fault_at(check, side->on, sender, side->first,
                  (Fault){.rule = RULE_FIN_06,
                          .field = "DATA_FIN that is not DATA_ACKed",
                          .expected = text("repeated"),
                          .seen = text("once in %.1f s",
                                       (double)(until_ns - side->first.ts_ns) / (double)SECOND_NS),
                          .needs = EV_VTX,
                          .unproven = !proved});
}

/* Whether the FIN of @side on @flow was sent, captured or not: its octet was acknowledged. */
static bool has_fin(const Flow *flow, MpsSide side)
{
    return flow->end[side].fin.packet || flow->end[other(side)].acked > flow->end[side].next;
}

static void check_flow_closed(Check *check, const Flow *flow, int64_t done_ns)
{
    const MpsSubflow *subflow = flow->public;
    const Place last[] = {flow->end[0].rst, flow->end[1].rst};
    const MpsSide by = last[0].packet ? MPS_CLIENT : MPS_SERVER;
    const int64_t limit_ns = done_ns + CLOSE_NS, until_ns = check_until_ns(check, done_ns);

    if (has_fin(flow, MPS_CLIENT) && has_fin(flow, MPS_SERVER)) {
        rule_pass(check, RULE_FIN_08);
        return;
    }
    if (last[by].packet) {
        if (subflow->reset_reason != 4)
            rule_fault_at(check, subflow, by, last[by],
                          (Fault){.rule = RULE_FIN_08,
                                  .verdict = WARNING,
                                  .field = "end of a subflow after both DATA_FINs",
                                  .expected = text("FIN of both hosts"),
                                  .seen = text("RST"),
                                  .needs = EV_ALL});
        return;
    }
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const End *end = &flow->end[side];
        const bool silent = end->last.ts_ns <= done_ns && !has_fin(flow, other(side));

        if (has_fin(flow, side) || until_ns <= limit_ns)
            continue;
        rule_fault_at(check, subflow, side, end->last,
                      (Fault){.rule = RULE_FIN_08,
                              .field = "end of a subflow after both DATA_FINs",
                              .expected = text("FIN of both hosts"),
                              .seen = text("no FIN of the %s in %.0f s", mps_side_name(side),
                                           (double)(until_ns - done_ns) / (double)SECOND_NS),
                              .needs = EV_ALL | EV_VTX,
                              .unproven = !silent && end->last.ts_ns <= limit_ns});
    }
}

static void finish_closed(Check *check, const CheckState *state)
{
    const int64_t done_ns = MAX(state->side[0].fin_acked.ts_ns, state->side[1].fin_acked.ts_ns);

    if (!state->side[0].fin_acked.packet || !state->side[1].fin_acked.packet || state->fastclose)
        return;
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (!flow || flow->public->established_ns == MPS_NO_TIME)
            continue;
        /* One that had ended before does not matter. */
        if (flow->public->closed_ns == MPS_NO_TIME || flow->public->closed_ns >= done_ns)
            check_flow_closed(check, flow, done_ns);
    }
}

static char *ways(const Check *check)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        if (subflow->result == MPS_RESULT_ESTABLISHED)
            g_string_append_printf(out, "%ssubflow %u: %s", out->len ? ", " : "", subflow->ordinal,
                                   mps_close_name(subflow->close));
    }
    return g_string_free(out, FALSE);
}

/* FIN-09.  What MP_FAIL, an MP_TCPRST with a reason or a broken rule explains is not said again. */
static void finish_regular(Check *check, const CheckState *state)
{
    const MpsConnection *connection = check->connection;
    const bool abnormal =
        connection->close == MPS_CLOSE_FIN || connection->close == MPS_CLOSE_RESET;
    const Flow *last = NULL;

    if (!abnormal) {
        if (connection->close == MPS_CLOSE_DATA_FIN)
            rule_pass(check, RULE_FIN_09);
        return;
    }
    if (state->fastclose || state->failed || check->faults || connection->version < 0 ||
        connection->subflows_established == 0)
        return;
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && flow->public->closed_ns != MPS_NO_TIME &&
            (!last || flow->public->closed_ns >= last->public->closed_ns))
            last = flow;
    }
    if (!last || last->public->closed_by == MPS_NOBODY || last->public->reset_reason > 0)
        return;

    const End *by = &last->end[last->public->closed_by];

    rule_fault_at(check, last->public, last->public->closed_by, by->rst.packet ? by->rst : by->fin,
                  (Fault){.rule = RULE_FIN_09,
                          .verdict = WARNING,
                          .field = "end of the connection",
                          .expected = text("DATA_FIN of both hosts, or MP_FASTCLOSE"),
                          .seen = ways(check),
                          .needs = EV_ALL | EV_NOGAP});
}

static void finish(Check *check)
{
    CheckState *state = check_state(check, FAMILY_fin);

    if (is_over(check) || check->connection->id == 0)
        return;
    for (MpsSide sender = MPS_CLIENT; sender <= MPS_SERVER; sender++) {
        Side *side = &state->side[sender];

        if (side->last_fin.place.packet)
            report_last_fin(check, sender, side);
        if (!side->has_fin)
            continue;
        finish_position(check, sender, side);
        if (side->fin_acked.packet)
            finish_delivered(check, sender, side);
        if (!state->fastclose)
            finish_repeated(check, sender, side);
    }
    finish_closed(check, state);
    finish_regular(check, state);
}

static const MpsLink side_links[] = {
    MPS_ENTITY(Side, on),
    MPS_ENTITY(Side, fin_acked_on),
    MPS_ENTITY(Side, last_fin.subflow),
    {0},
};

static const MpsLink check_links[] = {
    MPS_PART(CheckState, side, 2, side_links),
    {0},
};

const Family mps_rules_fin = {
    .check_bytes = sizeof(CheckState),
    .check_links = check_links,
    .segment = segment,
    .is_quiet = is_quiet,
    .note = note,
    .finish = finish,
};
