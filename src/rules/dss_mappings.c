/* dss_mappings.c - mappings against each other, against payload, against the end (RFC 8684 sections
 * 3.3.1, 3.3.3, 3.3.6). */
#include "rules/dss.h"

static Mapping *mapping_of(const DssEnd *end, guint index)
{
    return &g_array_index(end->mappings, Mapping, index);
}

Mapping *dss_find_mapping(const DssEnd *end, int64_t seq)
{
    const guint n = end->mappings ? end->mappings->len : 0;

    if (seq >= end->mapped_to)
        return NULL;
    for (guint i = 0; i < n; i++) {
        /* From the newest to the oldest. */
        Mapping *mapping = mapping_of(end, (end->next + n - 1 - i) % n);

        if (dss_covers(mapping, seq))
            return mapping;
    }
    return NULL;
}

static bool same_option(const Mapping *a, const Mapping *b)
{
    return a->ssn == b->ssn && a->length == b->length && a->offset == b->offset &&
           a->checksum == b->checksum && a->data_fin == b->data_fin &&
           a->has_checksum == b->has_checksum;
}

/* DSS-06: what in @b contradicts @a, which maps some of the same payload; NULL: nothing.  Of DSNs
 * of 4 bytes only as much is compared. */
static const char *contradiction(const Mapping *a, const Mapping *b)
{
    /* As unsigned numbers: offsets of hostile packets are any. */
    const uint64_t change =
        ((uint64_t)a->offset - (uint64_t)a->seq) - ((uint64_t)b->offset - (uint64_t)b->seq);

    if (a->dsn_is_64 && b->dsn_is_64 ? change != 0 : (uint32_t)change != 0)
        return "data sequence number of a mapping";
    if (a->seq != b->seq || a->length != b->length)
        return NULL;
    if (a->data_fin != b->data_fin)
        return "DATA_FIN of a mapping";
    if (a->has_checksum && b->has_checksum && a->checksum != b->checksum)
        return "checksum of a mapping";
    return NULL;
}

FOR_FAULTS static void report_change(const Packet *packet, const char *field, const Mapping *first,
                                     const Mapping *mapping)
{
    rule_fault(packet, (Fault){.rule = RULE_DSS_06,
                               .suspect = SUSPECT_SENDER,
                               .field = field,
                               .expected = text("ssn %u, %u bytes: data byte %" G_GINT64_FORMAT
                                                ", checksum 0x%04x%s",
                                                first->ssn, first->length, first->offset,
                                                first->checksum, first->data_fin ? ", F" : ""),
                               .seen = text("ssn %u, %u bytes: data byte %" G_GINT64_FORMAT
                                            ", checksum 0x%04x%s",
                                            mapping->ssn, mapping->length, mapping->offset,
                                            mapping->checksum, mapping->data_fin ? ", F" : ""),
                               .earlier = first->place});
}

/* Holds @mapping against those that overlap it.  Returns whether it is one to keep; *index is that
 * of an equal one, or the number of mappings.  One that grows takes over the sum so far. */
static bool compare(const Packet *packet, DssEnd *end, Mapping *mapping, guint *index)
{
    const guint n = end->mappings ? end->mappings->len : 0;

    *index = n;
    if (mapping->seq >= end->mapped_to)
        return true;
    for (guint i = 0; i < n; i++) {
        const Mapping *each = mapping_of(end, i);
        const char *field;

        if (each->seq >= mapping->seq + mapping->bytes || each->seq + each->bytes <= mapping->seq)
            continue;
        if (same_option(each, mapping)) {
            *index = i;
            return true;
        }
        field = contradiction(each, mapping);
        if (field) {
            report_change(packet, field, each, mapping);
            return false;
        }
        if (each->seq == mapping->seq && each->bytes <= mapping->bytes)
            mapping->summed = each->summed;
        else
            end->overlapping = true;
    }
    return true;
}

/* A mapping that grows has the sum of what it was so far, but is to be judged again. */
static Summed *begin_sum(const Summed *so_far)
{
    Summed *summed = g_new0(Summed, 1);

    if (so_far)
        *summed = (Summed){.sum = so_far->sum,
                           .bytes = so_far->bytes,
                           .torn = so_far->torn,
                           .repeated = so_far->repeated};
    return summed;
}

static void keep(DssEnd *end, const Mapping *mapping)
{
    if (!end->mappings)
        end->mappings = g_array_new(FALSE, FALSE, sizeof(Mapping));
    if (end->mappings->len < MAPPINGS_KEPT) {
        g_array_append_val(end->mappings, *mapping);
        end->used = end->mappings->len - 1;
        end->next = end->mappings->len % MAPPINGS_KEPT;
    } else {
        g_free(mapping_of(end, end->next)->summed);
        *mapping_of(end, end->next) = *mapping;
        end->used = end->next;
        end->next = (end->next + 1) % MAPPINGS_KEPT;
    }
    if (mapping->seq + mapping->bytes > end->mapped_to) {
        end->mapped_to = mapping->seq + mapping->bytes;
        end->mapped_place = mapping->place;
    }
}

bool dss_announce(const Packet *packet, DssEnd *end, Mapping *mapping)
{
    guint index;

    if (end->mappings && same_option(mapping_of(end, end->used), mapping)) {
        rule_pass(packet->check, RULE_DSS_06);
        return true;
    }
    if (!compare(packet, end, mapping, &index))
        return false;
    rule_pass(packet->check, RULE_DSS_06);
    if (end->mappings && index < end->mappings->len) {
        end->used = index;
    } else {
        if (rules_options(packet->check->rules)->checksums)
            mapping->summed = begin_sum(mapping->summed);
        keep(end, mapping);
    }
    if (end->bare_begin < end->bare_end && dss_covers(mapping, end->bare_begin))
        end->bare_begin = MIN(end->bare_end, mapping->seq + mapping->bytes);
    return true;
}

void dss_mapped_payload(const Packet *packet, DssEnd *end, const DssEnd *receiver, DssSide *side)
{
    const MpsEvent *event = packet->event;
    const int64_t begin = event->segment.seq;
    const int64_t until = begin + packet->wire->payload_bytes;
    const Mapping *mapping;

    if (!event->segment.has_seq)
        return;
    mapping = dss_mapping_at(end, begin);
    if (mapping)
        dss_window(packet, receiver, side, mapping->offset + begin - mapping->seq,
                   mapping->offset + until - mapping->seq);
    else if (end->bare_begin >= end->bare_end && !packet->again) {
        end->bare_begin = begin;
        end->bare_end = until;
        end->bare = packet_place(packet);
    }
    if (rules_options(packet->check->rules)->checksums)
        dss_read_payload(packet);
}

/* ---- the end ---- */

/* DSS-08.  The model keeps count of payload without mapping; here is known where it began. */
static void check_all_mapped(Check *check, const Flow *flow, MpsSide side)
{
    const End *end = &flow->end[side], *peer = &flow->end[other(side)];
    const DssEnd *state = &dss_flow(flow)->end[side];
    const MpsLedger *ledger = &flow->public->side[side].ledger;

    if (end->n_data == 0)
        return;
    if (!end->has_syn || peer->n_packets == 0 || state->blind) {
        rule_unchecked(check, RULE_DSS_08, state->blind ? EV_OPT : !end->has_syn ? EV_SYN : EV_BID);
        return;
    }
    if (ledger->unmapped_bytes == 0) {
        rule_pass(check, RULE_DSS_08);
        return;
    }
    /* As long as nobody acknowledged it, a fallback may have been on its way. */
    if (!state->bare.packet || peer->acked <= state->bare_begin)
        return;
    rule_fault_at(check, flow->public, side, state->bare,
                  (Fault){.rule = RULE_DSS_08,
                          .suspect = check_suspect(check, side),
                          .field = "payload without a mapping",
                          .expected = text("none"),
                          .seen = text("%" G_GUINT64_FORMAT " bytes", ledger->unmapped_bytes),
                          .needs = EV_NOGAP,
                          .unseen = !end_is_complete(end)});
}

/* DSS-12: the FIN ends the subflow behind all that was mapped. */
static void check_all_sent(Check *check, const Flow *flow, MpsSide side)
{
    const End *end = &flow->end[side];
    const DssEnd *state = &dss_flow(flow)->end[side];

    if (!state->has_fin || !state->mappings || end->rst.packet)
        return;
    if (!end->has_syn) {
        rule_unchecked(check, RULE_DSS_12, EV_SYN);
    } else if (state->mapped_to <= state->fin_seq) {
        rule_pass(check, RULE_DSS_12);
    } else {
        rule_fault_at(check, flow->public, side, end->fin,
                      (Fault){.rule = RULE_DSS_12,
                              .field = "subflow sequence number of the FIN",
                              .expected = text("at least %" G_GINT64_FORMAT, state->mapped_to),
                              .seen = text("%" G_GINT64_FORMAT, state->fin_seq),
                              .earlier = state->mapped_place,
                              .needs = EV_NOGAP});
    }
}

/* Whether data first sent on @flow was sent again on another subflow. */
static bool was_reinjected(const Check *check, const Flow *flow, MpsSide side)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *each = g_ptr_array_index(check->connection->subflows, i);

        if (each != flow->public && each->side[side].ledger.reinjected_bytes > 0)
            return true;
    }
    return flow->public->side[side].ledger.orphaned_bytes > 0;
}

/* DSS-15: what is missing when the FIN comes has to follow, though the data may have gone another
 * way, as long as the peer is there to wait for it. */
static void check_completed(Check *check, const Flow *flow, MpsSide side)
{
    const End *end = &flow->end[side], *peer = &flow->end[other(side)];
    const DssEnd *state = &dss_flow(flow)->end[side];
    const MpsLedger *ledger = &flow->public->side[side].ledger;
    const int64_t hole = state->fin_seq - 1 - (int64_t)ledger->unique_bytes;

    if (!state->has_fin || (hole <= 0 && !was_reinjected(check, flow, side)))
        return;
    if (!end->has_syn || peer->n_packets == 0) {
        rule_unchecked(check, RULE_DSS_15, end->has_syn ? EV_BID : EV_SYN);
        return;
    }
    if (hole <= 0) {
        rule_pass(check, RULE_DSS_15);
        return;
    }
    if (end->rst.packet || peer->rst.packet || peer->acked > state->fin_seq ||
        peer->last.ts_ns - end->fin.ts_ns < RTO_NS)
        return;
    rule_fault_at(check, flow->public, side, end->fin,
                  (Fault){.rule = RULE_DSS_15,
                          .field = "payload before the FIN",
                          .expected = text("all, also what was sent on another subflow"),
                          .seen = text("%" G_GINT64_FORMAT " bytes never sent", hole),
                          .needs = EV_NOGAP | EV_VTX,
                          .unseen = !end_is_complete(end)});
}

/* Whether every subflow ended with FINs. */
static bool all_closed_by_fin(const Check *check)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = dss_flow_in(check, i);

        if (flow && flow->synack.packet &&
            !(flow->end[0].fin.packet && flow->end[1].fin.packet && !flow->end[0].rst.packet &&
              !flow->end[1].rst.packet))
            return false;
    }
    return true;
}

/* DSS-13: below the DATA_FIN no data is left out. */
static void check_hole(Check *check, MpsSide sender)
{
    const DssSide *side = &dss_check(check)->side[sender];
    const MpsConnectionSide *public = &check->connection->side[sender];
    Place last = {0};

    if (!side->has_fin)
        return;
    if (!side->based) {
        rule_unchecked(check, RULE_DSS_13, EV_KEYS);
        return;
    }
    if ((int64_t) public->data_bytes >= side->fin) {
        rule_pass(check, RULE_DSS_13);
        return;
    }
    if (dss_acked_to(side) > side->fin) {
        rule_unchecked(check, RULE_DSS_13, EV_ALL | EV_NOGAP); /* it arrived, somehow */
        return;
    }
    if (!all_closed_by_fin(check))
        return;
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = dss_flow_in(check, i);

        if (flow && flow->end[sender].fin.ts_ns > last.ts_ns)
            last = flow->end[sender].fin;
    }
    rule_fault_at(check, NULL, sender, last,
                  (Fault){.rule = RULE_DSS_13,
                          .verdict = WARNING,
                          .field = "data below the DATA_FIN",
                          .expected = text("%" G_GINT64_FORMAT " bytes", side->fin),
                          .seen = text("%" G_GUINT64_FORMAT, public->data_bytes),
                          .needs = EV_ALL | EV_NOGAP});
}

void dss_mappings_finish(Check *check)
{
    if (dss_is_doubtful(check))
        return;
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        for (guint i = 0; i < check_n_flows(check); i++) {
            const Flow *flow = dss_flow_in(check, i);

            if (!flow)
                continue;
            check_all_mapped(check, flow, side);
            check_all_sent(check, flow, side);
            check_completed(check, flow, side);
        }
        check_hole(check, side);
    }
}

void dss_end_clear(DssEnd *end)
{
    for (guint i = 0; end->mappings && i < end->mappings->len; i++)
        g_free(mapping_of(end, i)->summed);
    g_clear_pointer(&end->mappings, g_array_unref);
    g_free(end->wrong_form);
}
