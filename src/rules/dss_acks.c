/* dss_acks.c - DATA_ACKs, the window they open, and how senders keep to it (RFC 8684 sections 3.3.1
 * to 3.3.5). */
#include "rules/dss.h"

/* Longest life of a segment (RFC 9293 section 3.4.1), within which 4-byte DSNs must not wrap. */
#define MSL_NS    (120 * SECOND_NS)
#define DSN_SPACE ((int64_t)1 << 32)

/* Whether @packet was certainly built after all packets of its sender that are noted in @order:
 * nothing in it is older, something newer.  Notes it then. */
static bool is_newer(Order *order, const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const uint32_t tsval = packet->wire->tsval;
    const int64_t seq = event->segment.seq, ack = event->segment.ack;
    const Order before = *order;

    if (packet->again || !event->segment.has_seq || !event->segment.has_ack)
        return false;
    if (before.valid &&
        (seq < before.seq || ack < before.ack || (int32_t)(tsval - before.tsval) < 0))
        return false;
    *order = (Order){true, seq, ack, tsval};
    return before.valid && (seq > before.seq || ack > before.ack || tsval != before.tsval);
}

/* ---- DATA_ACK ---- */

/* DSS-16.  Returns whether the DATA_ACK may be believed: the capture may lack the mappings of what
 * lies beyond those so far, but nothing is concluded from such a DATA_ACK. */
static bool check_range(const Packet *packet, const MpsMptcpOption *dss, int64_t data_ack)
{
    Check *check = packet->check;
    const MpsSide sender = other(packet->sender);
    const MpsConnectionSide *public = &check->connection->side[sender];
    DssSide *side = &dss_check(check)->side[sender];
    const bool based =
        public->has_idsn && !check->keys_doubtful &&
        (uint32_t)(public->idsn + 1 + (uint64_t)data_ack) == (uint32_t)dss->dss.data_ack;

    if (!based) {
        rule_unchecked(check, RULE_DSS_16, EV_KEYS);
    } else if (data_ack < 0) {
        if (!rule_is_broken(check, RULE_SEC_06))
            rule_fault(packet, (Fault){.rule = RULE_DSS_16,
                                       .field = "DATA_ACK",
                                       .expected = text("at least IDSN + 1"),
                                       .seen = text("IDSN %+" G_GINT64_FORMAT, data_ack + 1)});
        return false;
    }
    if (data_ack > 0 && data_ack > side->highest && data_ack > side->beyond) {
        side->beyond = data_ack;
        side->beyond_place = packet_place(packet);
        side->beyond_subflow = packet->flow->public;
    } else if (based) {
        rule_pass(check, RULE_DSS_16);
    }
    return !side->has_mapping || data_ack <= side->highest;
}

/* DSS-17.  Returns whether it did not go back. */
static bool check_monotonic(const Packet *packet, DssEnd *end, int64_t data_ack, bool newer)
{
    const bool back = end->has_ack && data_ack < end->ack;

    if (end->has_ack && newer && rule_broken(packet, RULE_DSS_17, back))
        rule_fault(packet,
                   (Fault){.rule = RULE_DSS_17,
                           .field = "DATA_ACK",
                           .expected = text("at least IDSN + %" G_GINT64_FORMAT, end->ack + 1),
                           .seen = text("IDSN %+" G_GINT64_FORMAT, data_ack + 1),
                           .earlier = end->ack_place});
    if (!end->has_ack || (newer && data_ack > end->ack)) {
        end->has_ack = true;
        end->ack = data_ack;
        end->ack_place = packet_place(packet);
    }
    return !back;
}

/* Whether the sender of @packet has acknowledged the first payload with an 8-byte DSN. */
static bool has_wide(const Packet *packet, const DssSide *side)
{
    const MpsEvent *event = packet->event;
    int64_t acked;

    if (!side->wide_flow)
        return false;
    acked = side->wide_flow->end[packet->sender].acked;
    if (side->wide_flow == packet->flow && event->segment.has_ack)
        acked = MAX(acked, event->segment.ack);
    return acked >= side->wide_end_seq;
}

/* DSS-18 */
static void check_width(const Packet *packet, const DssSide *side, const MpsMptcpOption *dss,
                        int64_t data_ack)
{
    const bool covers_wide = data_ack > side->wide_offset && has_wide(packet, side);
    const bool covers_fin =
        !side->wide_flow && side->has_fin && side->fin_is_64 && data_ack == side->fin + 1;

    if (!covers_wide && !covers_fin)
        return;
    if (rule_broken(packet, RULE_DSS_18, !dss->dss.ack_is_64))
        rule_fault(packet, (Fault){.rule = RULE_DSS_18,
                                   .verdict = covers_wide ? VIOLATION : WARNING,
                                   .tolerated = !covers_wide,
                                   .field = covers_wide ? "DATA_ACK of data with 8-byte DSNs"
                                                        : "DATA_ACK of a DATA_FIN with 8-byte DSN",
                                   .expected = text("8 bytes"),
                                   .seen = text("4 bytes"),
                                   .earlier = covers_wide ? side->wide_place : (Place){0}});
}

/* ---- window ---- */

/* DSS-20: the right edge of the window on @packet. */
static void check_edge(const Packet *packet, DssEnd *end, DssSide *side, int64_t data_ack,
                       bool newer)
{
    const int64_t unit = (int64_t)1 << packet->sending->wscale;
    const int64_t edge = data_ack + ((int64_t)packet->wire->window << packet->sending->wscale);

    if (!packet->sending->has_syn || !packet->peer->has_syn) {
        rule_unchecked(packet->check, RULE_DSS_20, EV_SYN);
        side->scale_unknown = true;
        return;
    }
    if (end->has_edge && newer && rule_broken(packet, RULE_DSS_20, edge + unit < end->edge))
        rule_fault(packet,
                   (Fault){.rule = RULE_DSS_20,
                           .suspect = dss_suspect(packet->check, packet->sender),
                           .field = "right edge of the receive window",
                           .expected = text("at least data byte %" G_GINT64_FORMAT, end->edge),
                           .seen = text("%" G_GINT64_FORMAT, edge),
                           .earlier = end->edge_place});
    if (!end->has_edge || (newer && edge > end->edge)) {
        end->has_edge = true;
        end->edge = edge;
        end->edge_place = packet_place(packet);
    }
    if (!side->has_edge || edge > side->edge) {
        side->has_edge = true;
        side->edge = edge;
        side->edge_place = packet_place(packet);
    }
    side->unit = MAX(side->unit, unit);
}

/* DSS-21: new payload that ends at data offset @end. */
static void check_inside_window(const Packet *packet, const DssSide *side, int64_t end)
{
    const bool outside = side->has_edge && end > side->edge + side->unit;

    if (side->scale_unknown) {
        rule_unchecked(packet->check, RULE_DSS_21, EV_SYN);
        return;
    }
    if (!side->has_edge || (outside && dss_is_doubtful(packet->check)))
        return;
    if (rule_broken(packet, RULE_DSS_21, outside))
        rule_fault(packet,
                   (Fault){.rule = RULE_DSS_21,
                           .verdict = WARNING,
                           .field = "end of the payload",
                           .expected = text("at most data byte %" G_GINT64_FORMAT, side->edge),
                           .seen = text("%" G_GINT64_FORMAT, end),
                           .earlier = side->edge_place,
                           .needs = EV_ALL | EV_NOGAP,
                           .unseen = !end_is_complete(packet->peer)});
}

/* Data sent twice is acknowledged out of step with the subflows. */
static bool was_sent_twice(const Check *check, MpsSide sender)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);
        const MpsLedger *ledger = &subflow->side[sender].ledger;

        if (ledger->reinjected_bytes > 0 || ledger->remapped_bytes > 0 ||
            ledger->orphaned_bytes > 0)
            return true;
    }
    return false;
}

/* DSS-22: what is outstanding on the subflow is outstanding in the data (RFC 8684 section 3.3.4):
 * SSN - subflow acknowledgement <= DSN - DATA_ACK, both of one packet of the receiver. */
static void check_sanity(const Packet *packet, int64_t begin)
{
    const DssEnd *receiver = &dss_flow(packet->flow)->end[other(packet->sender)];
    const int64_t seq = packet->event->segment.seq;
    const bool failing = seq - receiver->paired_ack > begin - receiver->paired_data_ack;

    if (receiver->paired_ack == 0 || begin < receiver->paired_data_ack)
        return;
    if (!packet->sending->has_syn) {
        rule_unchecked(packet->check, RULE_DSS_22, EV_SYN);
        return;
    }
    if (failing &&
        (dss_is_doubtful(packet->check) || was_sent_twice(packet->check, packet->sender) ||
         packet->flow->public->side[packet->sender].ledger.unmapped_bytes > 0))
        return;
    if (rule_broken(packet, RULE_DSS_22, failing))
        rule_fault(packet, (Fault){.rule = RULE_DSS_22,
                                   .verdict = WARNING,
                                   .field = "bytes ahead of the acknowledgements",
                                   .expected = text(
                                       "in the subflow no more than in the data: %" G_GINT64_FORMAT,
                                       begin - receiver->paired_data_ack),
                                   .seen = text("%" G_GINT64_FORMAT, seq - receiver->paired_ack),
                                   .needs = EV_ALL | EV_NOGAP});
}

void dss_window(const Packet *packet, int64_t begin, int64_t end)
{
    DssSide *side = dss_side(packet);

    if (packet->event->segment.unique_bytes < packet->wire->payload_bytes || end <= side->sent_to)
        return; /* nothing new */
    side->sent_to = end;
    check_inside_window(packet, side, end);
    check_sanity(packet, begin);
}

/* ---- DSS-19 ---- */

void dss_narrow(const Packet *packet, int64_t offset)
{
    DssSide *side = dss_side(packet);
    const int64_t now_ns = packet->wire->ts_ns;
    const unsigned last = (side->n_marks + MARKS - 1) % MARKS;
    int64_t begin = offset;

    if (side->has_mapping && offset <= side->highest)
        return;
    if (!side->marks)
        side->marks = g_new0(Mark, MARKS);
    if (side->n_marks == 0 || now_ns - side->marks[last].ts_ns >= MSL_NS / MARKS) {
        side->marks[side->n_marks++ % MARKS] = (Mark){now_ns, offset};
        rule_pass(packet->check, RULE_DSS_19);
    }
    for (unsigned i = 0; i < MIN(side->n_marks, MARKS); i++)
        if (now_ns - side->marks[i].ts_ns <= MSL_NS)
            begin = MIN(begin, side->marks[i].offset);
    if (offset - begin > DSN_SPACE)
        rule_fault(packet, (Fault){.rule = RULE_DSS_19,
                                   .field = "data with 4-byte DSNs in 120 s",
                                   .expected = text("at most 2^32 bytes"),
                                   .seen = text("%" G_GINT64_FORMAT, offset - begin),
                                   .needs = EV_NOGAP});
}

/* ---- DSS-05 ---- */

/* @packet has a mapping of [data_begin, data_end) with a checksum where none was agreed, or
 * without: its receiver has to reset the subflow. */
void dss_wrong_form(const Packet *packet, int64_t data_begin, int64_t data_end)
{
    DssEnd *end = dss_end(packet);

    if (!end->wrong_form)
        end->wrong_form = g_new0(WrongForm, 1);
    if (end->wrong_form->place.packet)
        return;
    *end->wrong_form = (WrongForm){
        .place = packet_place(packet),
        .data_begin = data_begin,
        .data_end = data_end,
        .seq_end = packet->event->segment.seq + (int64_t)packet->wire->payload_bytes,
    };
}

/* The same data was mapped rightly: it may be acknowledged. */
void dss_right_form(const Packet *packet, int64_t data_begin, int64_t data_end)
{
    for (guint i = 0; i < check_n_flows(packet->check); i++) {
        const Flow *flow = dss_flow_in(packet->check, i);
        WrongForm *wrong = flow ? dss_flow(flow)->end[packet->sender].wrong_form : NULL;

        if (wrong && data_begin < wrong->data_end && wrong->data_begin < data_end)
            wrong->place.packet = 0;
    }
}

/* Whether @packet, of the receiver, shows what became of the wrong mapping on @flow. */
static void watch_wrong_form(const Packet *packet, const Flow *flow, const MpsMptcpOption *dss)
{
    WrongForm *wrong = dss_flow(flow)->end[other(packet->sender)].wrong_form;
    const bool here = flow == packet->flow;
    const bool taken = dss && dss->dss.has_ack && packet->event->segment.has_data_ack &&
                       packet->event->segment.data_ack >= wrong->data_end;
    const bool idle = here && packet->event->segment.has_ack &&
                      packet->event->segment.ack >= wrong->seq_end &&
                      packet->wire->ts_ns - wrong->place.ts_ns > ANSWER_NS + flow_rtt_ns(flow);

    if (here && packet->rst) {
        rule_pass(packet->check, RULE_DSS_05);
    } else if (taken || idle) {
        rule_fault(packet, (Fault){.rule = RULE_DSS_05,
                                   .field = "answer to a mapping with the wrong checksum field",
                                   .expected = text("RST of the subflow"),
                                   .seen = text(taken ? "DATA_ACK of the data" : "none"),
                                   .earlier = wrong->place,
                                   .needs = EV_VTX});
    } else {
        return;
    }
    wrong->place.packet = 0;
}

static void watch_wrong_forms(const Packet *packet, const MpsMptcpOption *dss)
{
    if (!rule_is_broken(packet->check, RULE_DSS_03))
        return;
    for (guint i = 0; i < check_n_flows(packet->check); i++) {
        const Flow *flow = dss_flow_in(packet->check, i);
        const WrongForm *wrong =
            flow ? dss_flow(flow)->end[other(packet->sender)].wrong_form : NULL;

        if (wrong && wrong->place.packet)
            watch_wrong_form(packet, flow, dss);
    }
}

/* ---- each packet, and the end ---- */

void dss_acks(const Packet *packet, const MpsMptcpOption *dss)
{
    DssEnd *end = dss_end(packet);
    DssSide *side = &dss_check(packet->check)->side[other(packet->sender)];
    const int64_t data_ack = packet->event->segment.data_ack;
    bool newer;

    watch_wrong_forms(packet, dss);
    if (!dss || !packet->event->segment.has_data_ack || packet->rst)
        return;
    newer = is_newer(&end->order, packet);
    if (!check_range(packet, dss, data_ack))
        return;
    check_width(packet, side, dss, data_ack);
    if (check_monotonic(packet, end, data_ack, newer))
        check_edge(packet, end, side, data_ack, newer);
    if (packet->event->segment.has_ack && packet->event->segment.ack >= end->paired_ack &&
        !packet->again) {
        end->paired_ack = packet->event->segment.ack;
        end->paired_data_ack = data_ack;
    }
    if (!side->has_data_ack || data_ack > side->data_ack) {
        side->has_data_ack = true;
        side->data_ack = data_ack;
    }
}

/* DSS-16: a DATA_ACK beyond the DATA_FIN is wrong whatever the capture lacks; beyond all mappings
 * that were captured there may have been others. */
static void check_beyond(Check *check, MpsSide sender)
{
    const DssSide *side = &dss_check(check)->side[sender];
    const bool past_fin =
        side->has_fin && side->highest == side->fin + 1 && side->beyond > side->fin + 1;

    if (side->beyond <= side->highest || dss_is_doubtful(check))
        return;
    rule_fault_at(check, side->beyond_subflow, other(sender), side->beyond_place,
                  (Fault){.rule = RULE_DSS_16,
                          .field = "DATA_ACK",
                          .expected = text("at most IDSN + %" G_GINT64_FORMAT, side->highest + 1),
                          .seen = text("IDSN + %" G_GINT64_FORMAT, side->beyond + 1),
                          .needs = past_fin ? 0 : EV_ALL | EV_NOGAP});
}

void dss_acks_finish(Check *check)
{
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (dss_check(check)->side[side].beyond_subflow &&
            dss_check(check)->side[side].has_mapping && !check->connection->fallback)
            check_beyond(check, side);
}
