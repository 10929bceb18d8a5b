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
    bool newer;

    if (packet->again || (!packet->plain && (!event->segment.has_seq || !event->segment.has_ack)))
        return false;
    if (order->valid &&
        (seq < order->seq || ack < order->ack || (int32_t)(tsval - order->tsval) < 0))
        return false;
    newer = order->valid && (seq > order->seq || ack > order->ack || tsval != order->tsval);
    order->valid = true;
    order->seq = seq;
    order->ack = ack;
    order->tsval = tsval;
    return newer;
}

/* ---- DATA_ACK ---- */

FOR_FAULTS static void report_below(const Packet *packet, int64_t data_ack)
{
    if (!rule_is_broken(packet->check, RULE_SEC_06))
        rule_fault(packet, (Fault){.rule = RULE_DSS_16,
                                   .field = "DATA_ACK",
                                   .expected = text("at least IDSN + 1"),
                                   .seen = text("IDSN %+" G_GINT64_FORMAT, data_ack + 1)});
}

/* DSS-16.  Returns whether the DATA_ACK may be believed: the capture may lack the mappings of what
 * lies beyond those so far, but nothing is concluded from such a DATA_ACK. */
static bool check_range(const Packet *packet, DssSide *side, int64_t data_ack)
{
    Check *check = packet->check;
    const MpsConnectionSide *public = &check->connection->side[other(packet->sender)];
    const bool based =
        public->has_idsn && !check->keys_doubtful &&
        (uint32_t)(public->idsn + 1 + (uint64_t)data_ack) == (uint32_t)packet->dss->dss.data_ack;

    if (!based) {
        rule_unchecked(check, RULE_DSS_16, EV_KEYS);
    } else if (data_ack < 0) {
        report_below(packet, data_ack);
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

FOR_FAULTS static void report_back(const Packet *packet, const DssEnd *end, int64_t data_ack)
{
    rule_fault(packet, (Fault){.rule = RULE_DSS_17,
                               .field = "DATA_ACK",
                               .expected = text("at least IDSN + %" G_GINT64_FORMAT, end->ack + 1),
                               .seen = text("IDSN %+" G_GINT64_FORMAT, data_ack + 1),
                               .earlier = end->ack_place});
}

/* DSS-17.  Returns whether it did not go back. */
static bool check_monotonic(const Packet *packet, DssEnd *end, int64_t data_ack, bool newer)
{
    const bool back = end->has_ack && data_ack < end->ack;

    if (end->has_ack && newer && rule_broken(packet, RULE_DSS_17, back))
        report_back(packet, end, data_ack);
    if (!end->has_ack || (newer && data_ack > end->ack)) {
        end->has_ack = true;
        end->ack = data_ack;
        end->ack_place = packet_place(packet);
    }
    return !back;
}

/* Whether the sender of @packet has acknowledged the first payload with an 8-byte DSN. */
static bool has_wide(const Packet *packet, DssSide *side)
{
    const MpsEvent *event = packet->event;
    int64_t acked;

    if (side->wide_acked || !side->wide_flow)
        return side->wide_acked;
    acked = side->wide_flow->end[packet->sender].acked;
    if (side->wide_flow == packet->flow && event->segment.has_ack)
        acked = MAX(acked, event->segment.ack);
    side->wide_acked = acked >= side->wide_end_seq;
    return side->wide_acked;
}

FOR_FAULTS static void report_narrow(const Packet *packet, const DssSide *side, bool covers_wide)
{
    rule_fault(packet, (Fault){.rule = RULE_DSS_18,
                               .verdict = covers_wide ? VIOLATION : WARNING,
                               .tolerated = !covers_wide,
                               .field = covers_wide ? "DATA_ACK of data with 8-byte DSNs"
                                                    : "DATA_ACK of a DATA_FIN with 8-byte DSN",
                               .expected = text("8 bytes"),
                               .seen = text("4 bytes"),
                               .earlier = covers_wide ? side->wide_place : (Place){0}});
}

/* DSS-18 */
static void check_width(const Packet *packet, DssSide *side, int64_t data_ack)
{
    const bool covers_wide = data_ack > side->wide_offset && has_wide(packet, side);
    const bool covers_fin =
        !side->wide_flow && side->has_fin && side->fin_is_64 && data_ack == side->fin + 1;

    if ((covers_wide || covers_fin) &&
        rule_broken(packet, RULE_DSS_18, !packet->dss->dss.ack_is_64))
        report_narrow(packet, side, covers_wide);
}

/* ---- window ---- */

FOR_FAULTS static void report_shrunk(const Packet *packet, const DssEnd *end, int64_t edge)
{
    rule_fault(packet, (Fault){.rule = RULE_DSS_20,
                               .suspect = check_suspect(packet->check, packet->sender),
                               .field = "right edge of the receive window",
                               .expected = text("at least data byte %" G_GINT64_FORMAT, end->edge),
                               .seen = text("%" G_GINT64_FORMAT, edge),
                               .earlier = end->edge_place});
}

/* How far below its highest one a right edge may seem to be: windows are announced in units. */
static int64_t unit_of(const Packet *packet)
{
    return (int64_t)1 << packet->sending->wscale;
}

/* DSS-20: the right edge of the window on @packet. */
static void check_edge(const Packet *packet, DssEnd *end, DssSide *side, int64_t data_ack,
                       bool newer)
{
    const int64_t unit = unit_of(packet);
    const int64_t edge = data_ack + (int64_t)packet->wire->window * unit;

    if (!packet->sending->has_syn || !packet->peer->has_syn) {
        rule_unchecked(packet->check, RULE_DSS_20, EV_SYN);
        side->scale_unknown = true;
        return;
    }
    if (end->has_edge && newer && rule_broken(packet, RULE_DSS_20, edge + unit < end->edge))
        report_shrunk(packet, end, edge);
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

FOR_FAULTS static void report_outside(const Packet *packet, const DssSide *side, int64_t end)
{
    rule_fault(packet, (Fault){.rule = RULE_DSS_21,
                               .verdict = WARNING,
                               .field = "end of the payload",
                               .expected = text("at most data byte %" G_GINT64_FORMAT, side->edge),
                               .seen = text("%" G_GINT64_FORMAT, end),
                               .earlier = side->edge_place,
                               .needs = EV_ALL | EV_NOGAP,
                               .unseen = !end_is_complete(packet->peer)});
}

/* DSS-21: new payload that ends at data offset @end. */
static void check_inside_window(const Packet *packet, const DssSide *side, int64_t end)
{
    const bool outside = side->has_edge && end > side->edge + side->unit;

    if (side->scale_unknown)
        rule_unchecked(packet->check, RULE_DSS_21, EV_SYN);
    else if (side->has_edge && !(outside && dss_is_doubtful(packet->check)) &&
             rule_broken(packet, RULE_DSS_21, outside))
        report_outside(packet, side, end);
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

FOR_FAULTS static void report_ahead(const Packet *packet, int64_t in_data, int64_t in_subflow)
{
    if (dss_is_doubtful(packet->check) || was_sent_twice(packet->check, packet->sender) ||
        packet->flow->public->side[packet->sender].ledger.unmapped_bytes > 0)
        return;
    rule_fault(packet,
               (Fault){.rule = RULE_DSS_22,
                       .verdict = WARNING,
                       .field = "bytes ahead of the acknowledgements",
                       .expected = text(
                           "in the subflow no more than in the data: %" G_GINT64_FORMAT, in_data),
                       .seen = text("%" G_GINT64_FORMAT, in_subflow),
                       .needs = EV_ALL | EV_NOGAP});
}

/* DSS-22: what is outstanding on the subflow is outstanding in the data (RFC 8684 section 3.3.4):
 * SSN - subflow acknowledgement <= DSN - DATA_ACK, both of one packet of the receiver. */
static void check_sanity(const Packet *packet, const DssEnd *receiver, int64_t begin)
{
    const int64_t in_subflow = packet->event->segment.seq - receiver->paired_ack;
    const int64_t in_data = begin - receiver->paired_data_ack;

    if (receiver->paired_ack == 0 || in_data < 0)
        return;
    if (!packet->sending->has_syn)
        rule_unchecked(packet->check, RULE_DSS_22, EV_SYN);
    else if (rule_broken(packet, RULE_DSS_22, in_subflow > in_data))
        report_ahead(packet, in_data, in_subflow);
}

void dss_window(const Packet *packet, const DssEnd *receiver, DssSide *side, int64_t begin,
                int64_t end)
{
    if (packet->event->segment.unique_bytes < packet->wire->payload_bytes || end <= side->sent_to)
        return; /* nothing new */
    side->sent_to = end;
    check_inside_window(packet, side, end);
    check_sanity(packet, receiver, begin);
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
static void watch_wrong_form(const Packet *packet, const Flow *flow)
{
    WrongForm *wrong = dss_flow(flow)->end[other(packet->sender)].wrong_form;
    const bool here = flow == packet->flow;
    const bool taken = packet->dss && packet->dss->dss.has_ack &&
                       packet->event->segment.has_data_ack &&
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

void dss_watch_wrong_forms(const Packet *packet)
{
    for (guint i = 0; i < check_n_flows(packet->check); i++) {
        const Flow *flow = dss_flow_in(packet->check, i);
        const WrongForm *wrong =
            flow ? dss_flow(flow)->end[other(packet->sender)].wrong_form : NULL;

        if (wrong && wrong->place.packet)
            watch_wrong_form(packet, flow);
    }
}

/* ---- each packet, and the end ---- */

static void pass_repeated(const Packet *packet, bool newer)
{
    rule_pass(packet->check, RULE_DSS_16);
    if (newer) {
        rule_pass(packet->check, RULE_DSS_17);
        rule_pass(packet->check, RULE_DSS_20);
    }
}

/* Whether the rules hold for what @packet acknowledges and offers, and would if that came again. */
static bool held(const Packet *packet, const DssEnd *end, const DssSide *side)
{
    const MpsEvent *event = packet->event;
    const int64_t data_ack = event->segment.data_ack;

    return event->segment.has_ack && packet->check->based && data_ack >= 0 &&
           data_ack <= side->highest && data_ack == end->ack && end->has_edge &&
           data_ack + (packet->wire->window + 1) * unit_of(packet) >= end->edge &&
           data_ack == end->paired_data_ack && event->segment.ack == end->paired_ack;
}

static G_GNUC_NO_INLINE void take_ack(const Packet *packet, DssEnd *end, DssSide *side, bool newer)
{
    const MpsEvent *event = packet->event;
    const int64_t data_ack = event->segment.data_ack;

    end->ack_epoch = 0;
    if (!check_range(packet, side, data_ack))
        return;
    check_width(packet, side, data_ack);
    if (check_monotonic(packet, end, data_ack, newer))
        check_edge(packet, end, side, data_ack, newer);
    if (event->segment.has_ack && event->segment.ack >= end->paired_ack && !packet->again) {
        end->paired_ack = event->segment.ack;
        end->paired_data_ack = data_ack;
    }
    if (!side->has_data_ack || data_ack > side->data_ack) {
        side->has_data_ack = true;
        side->data_ack = data_ack;
    }
    if (held(packet, end, side))
        end->ack_epoch = packet->check->epoch;
}

void dss_acks(const Packet *packet, DssEnd *end, DssSide *side)
{
    bool newer;

    if (!packet->dss || !packet->event->segment.has_data_ack || packet->rst)
        return;
    newer = is_newer(&end->order, packet);
    if (packet->repeats && end->ack_epoch == packet->check->epoch) {
        pass_repeated(packet, newer);
        check_width(packet, side, packet->event->segment.data_ack);
    } else {
        take_ack(packet, end, side, newer);
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
