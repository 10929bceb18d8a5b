/* rules_dss.c - DSS: the data sequence signal (RFC 8684 section 3.3). */
#include "rules/dss.h"

/* A subflow sequence number further from its segment is none (DSS-09): no mapping is longer. */
#define MAX_MAPPING (1 << 16)
/* Data sequence numbers that far below the acknowledgement belong to no window. */
#define HALF_SPACE ((int64_t)1 << 31)

bool dss_is_doubtful(const Check *check)
{
    static const RuleId rules[] = {RULE_OPT_01, RULE_OPT_03, RULE_OPT_06, RULE_MPC_04, RULE_MPC_17,
                                   RULE_MPC_18, RULE_MPC_21, RULE_SEC_02, RULE_DSS_01, RULE_DSS_02,
                                   RULE_DSS_06, RULE_DSS_07, RULE_DSS_09, RULE_DSS_11};

    for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
        if (rule_is_broken(check, rules[i]))
            return true;
    return check->keys_doubtful;
}

/* ---- form ---- */

/* Of a packet that has an option which is not whole. */
static void check_shape(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const MpsMptcpOption *bad = packet_misshapen(packet, MPS_DSS);

    dss_end(packet)->blind |= !packet->options_whole;
    for (int i = 0; i < wire->n_mptcp; i++) {
        if (wire->mptcp[i].subtype != MPS_DSS || wire->mptcp[i].status == MPS_OPT_OK)
            continue;
        dss_end(packet)->blind = true; /* it may map payload */
        if (wire->mptcp[i].status == MPS_OPT_TRUNCATED)
            rule_unchecked(packet->check, RULE_DSS_01, EV_OPT);
    }
    if (bad)
        rule_fault(packet, (Fault){.rule = RULE_DSS_01,
                                   .field = "option length",
                                   .expected = text("a length that follows from flags 0x%02x",
                                                    bad->byte3 & 0x1fu),
                                   .seen = text("%u", bad->length)});
}

static void check_flags(const Packet *packet, const MpsMptcpOption *dss)
{
    const bool lonely_fin = dss->dss.data_fin && !dss->dss.has_map;
    const bool empty = !dss->dss.has_ack && !dss->dss.has_map;

    if (rule_broken(packet, RULE_DSS_02, lonely_fin || empty))
        rule_fault(packet, (Fault){.rule = RULE_DSS_02,
                                   .verdict = lonely_fin ? VIOLATION : WARNING,
                                   .field = "flags of the DSS",
                                   .expected = text(lonely_fin ? "F with a mapping" : "A or M"),
                                   .seen = text("0x%02x", dss->byte3)});
}

/* Without the negotiation the mappings of a connection have to agree at least. */
static void check_presence_alike(const Packet *packet, const MpsMptcpOption *dss)
{
    const DssCheck *state = dss_check(packet->check);

    rule_unchecked(packet->check, RULE_DSS_03, EV_CSN);
    if (dss->dss.has_checksum != state->first_has_checksum)
        rule_fault(packet, (Fault){.rule = RULE_DSS_03,
                                   .verdict = WARNING,
                                   .field = "checksum field",
                                   .expected = text("as in the first mapping"),
                                   .seen = text(dss->dss.has_checksum ? "present" : "missing"),
                                   .earlier = state->first});
}

/* Of MP_CAPABLE with data it is MPC-04 that asks for it. */
static void check_presence(const Packet *packet, const MpsMptcpOption *dss)
{
    const Check *check = packet->check;
    DssCheck *state = dss_check(check);
    const int64_t begin = packet->event->segment.map_offset;

    if (!state->first.packet) {
        state->first = packet_place(packet);
        state->first_has_checksum = dss->dss.has_checksum;
    }
    if (!check->has_checksum) {
        check_presence_alike(packet, dss);
        return;
    }
    if (!rule_broken(packet, RULE_DSS_03, dss->dss.has_checksum != check->checksum)) {
        if (rule_is_broken(check, RULE_DSS_03))
            dss_right_form(packet, begin, begin + dss->dss.data_bytes);
        return;
    }
    rule_fault(packet,
               (Fault){.rule = RULE_DSS_03,
                       .field = "checksum field",
                       .expected = text(check->checksum ? "present, as agreed" : "none, as agreed"),
                       .seen = text("DSS of %u bytes", dss->length)});
    /* RFC 6824 has a superfluous checksum ignored. */
    if (dss->dss.data_bytes > 0 && (check->checksum || check->connection->version == 1))
        dss_wrong_form(packet, begin, begin + dss->dss.data_bytes);
}

static void check_length_zero(const Packet *packet, const MpsMptcpOption *dss)
{
    if (rule_broken(packet, RULE_DSS_10, dss->dss.data_fin))
        rule_fault(packet, (Fault){.rule = RULE_DSS_10,
                                   .field = "data-level length with DATA_FIN",
                                   .expected = text("at least 1"),
                                   .seen = text("0")});
}

/* ---- numbers ---- */

/* Whether data offsets of @side count from its IDSN, as @dsn at @offset shows. */
static bool is_based(const Check *check, MpsSide side, uint64_t dsn, int64_t offset)
{
    const MpsConnectionSide *public = &check->connection->side[side];

    return public->has_idsn && !check->keys_doubtful &&
           (uint32_t)(public->idsn + 1 + (uint64_t)offset) == (uint32_t)dsn;
}

/* DSS-09.  The DATA_FIN alone is FIN-01's and FIN-02's.  Returns whether it is all right. */
static bool check_ssn(const Packet *packet, const MpsMptcpOption *dss)
{
    const MpsEvent *event = packet->event;
    const bool placed =
        packet->sending->has_syn && event->segment.has_map_seq && event->segment.has_seq;
    const int64_t away = event->segment.map_seq - event->segment.seq;
    const bool zero = dss->dss.ssn == 0;
    const bool far = placed && (away > MAX_MAPPING || away < -MAX_MAPPING);

    if (dss->dss.data_fin && (dss->dss.data_bytes == 1 || packet->wire->payload_bytes == 0))
        return true;
    if (!placed && !zero) {
        rule_unchecked(packet->check, RULE_DSS_09, EV_SYN);
        return true;
    }
    if (!rule_broken(packet, RULE_DSS_09, zero || far))
        return true;
    rule_fault(packet,
               (Fault){.rule = RULE_DSS_09,
                       .field = "subflow sequence number",
                       .expected = zero ? text("at least 1 for data")
                                        : text("near %" G_GINT64_FORMAT, event->segment.seq),
                       .seen = text("%u", dss->dss.ssn)});
    return false;
}

/* DSS-07: a mapping belongs to the payload it comes with.  Returns whether it does. */
static bool check_carrier(const Packet *packet, const MpsMptcpOption *dss)
{
    const MpsEvent *event = packet->event;
    const uint32_t payload_bytes = packet->wire->payload_bytes;
    const uint32_t bytes = dss->dss.data_bytes - (uint32_t)dss->dss.data_fin;
    const int64_t begin = event->segment.map_seq, at = event->segment.seq;

    if (bytes == 0 || (payload_bytes == 0 && dss->dss.data_fin))
        return true;
    if (rule_is_broken(packet->check, RULE_MPC_21))
        return false; /* it counts the payload of the SYN */
    if (payload_bytes == 0) {
        rule_fault(packet, (Fault){.rule = RULE_DSS_07,
                                   .verdict = WARNING,
                                   .field = "payload of a segment with a mapping",
                                   .expected = text("at least 1 byte"),
                                   .seen = text("0")});
        return true;
    }
    if (!packet->sending->has_syn || !event->segment.has_map_seq || !event->segment.has_seq) {
        rule_unchecked(packet->check, RULE_DSS_07, EV_SYN);
        return true;
    }
    if (!rule_broken(packet, RULE_DSS_07, begin >= at + payload_bytes || begin + bytes <= at))
        return true;
    if (rule_is_broken(packet->check, RULE_MPC_21)) /* the data of a SYN were taken for mapped */
        return false;
    rule_fault(packet, (Fault){.rule = RULE_DSS_07,
                               .field = "mapping and segment",
                               .expected = text("a mapping of subflow bytes %" G_GINT64_FORMAT
                                                " to %" G_GINT64_FORMAT,
                                                at, at + payload_bytes - 1),
                               .seen = text("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, begin,
                                            begin + bytes - 1)});
    return false;
}

/* Whether the same payload was mapped before: DSS-06 is about other numbers then. */
static bool is_mapped_before(const Packet *packet, const MpsMptcpOption *dss)
{
    const Mapping *before = packet->event->segment.has_map_seq
                                ? dss_mapping_at(dss_end(packet), packet->event->segment.map_seq)
                                : NULL;

    return before && before->ssn == dss->dss.ssn && before->length == dss->dss.data_bytes;
}

static void report_far(const Packet *packet, bool ahead)
{
    const int64_t offset = packet->event->segment.map_offset;

    rule_fault(packet, (Fault){.rule = RULE_DSS_11,
                               .field = "data sequence number",
                               .expected = text("within 2^31 of the DATA_ACK"),
                               .seen = text("IDSN %+" G_GINT64_FORMAT, offset + 1),
                               .needs = ahead ? EV_ALL | EV_NOGAP : 0});
}

/* DSS-11.  What lies beyond the DATA_FIN is FIN-04's. */
static bool check_dsn(const Packet *packet, const MpsMptcpOption *dss, DssSide *side)
{
    Check *check = packet->check;
    const int64_t offset = packet->event->segment.map_offset;
    const bool old = side->has_data_ack && offset < side->data_ack - HALF_SPACE;
    const bool ahead = dss->dss.dsn_is_64 && (side->has_data_ack || side->beyond_subflow) &&
                       offset > dss_acked_to(side) + HALF_SPACE;

    side->based = is_based(check, packet->sender, dss->dss.dsn, offset);
    if (rule_is_broken(check, RULE_SEC_02))
        return offset >= 0;
    if (old || ahead) {
        if (is_mapped_before(packet, dss))
            return true;
        report_far(packet, ahead);
        return false;
    }
    if (!side->based) {
        rule_unchecked(check, RULE_DSS_11, EV_KEYS);
        return true;
    }
    if (!rule_broken(packet, RULE_DSS_11, offset < 0))
        return true;
    rule_fault(packet, (Fault){.rule = RULE_DSS_11,
                               .field = "data sequence number",
                               .expected = text("IDSN + 1 or more"),
                               .seen = text("IDSN %+" G_GINT64_FORMAT, offset + 1)});
    return false;
}

/* DSS-23 */
static void check_urgent(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const Mapping *mapping;
    bool inside, ends_inside;

    if (!packet->sending->has_syn || !event->segment.has_seq) {
        rule_unchecked(packet->check, RULE_DSS_23, EV_SYN);
        return;
    }
    mapping = dss_mapping_at(dss_end(packet), event->segment.seq);
    inside = mapping && mapping->seq < event->segment.seq;
    ends_inside =
        mapping && event->segment.seq + packet->wire->urgent < mapping->seq + mapping->bytes;
    if (rule_broken(packet, RULE_DSS_23, inside || (ends_inside && packet->wire->urgent > 0)))
        rule_fault(
            packet,
            (Fault){.rule = RULE_DSS_23,
                    /* As it is cut into segments, it may be at the begin alone. */
                    .verdict = inside ? VIOLATION : WARNING,
                    .field = inside ? "URG inside a mapping" : "urgent pointer inside a mapping",
                    .expected = text("not before subflow byte %" G_GINT64_FORMAT,
                                     mapping->seq + mapping->bytes),
                    .seen = text("at %" G_GINT64_FORMAT,
                                 event->segment.seq + (inside ? 0 : packet->wire->urgent)),
                    .earlier = mapping->place});
}

/* ---- the family ---- */

static void take_mapping(const Packet *packet, const MpsMptcpOption *dss, DssEnd *end,
                         DssSide *side)
{
    const MpsEvent *event = packet->event;
    Mapping mapping = {
        .seq = event->segment.map_seq,
        .offset = event->segment.map_offset,
        .bytes = dss->dss.data_bytes - (uint32_t)dss->dss.data_fin,
        .ssn = dss->dss.ssn,
        .length = dss->dss.data_bytes,
        .checksum = dss->dss.checksum,
        .data_fin = dss->dss.data_fin,
        .has_checksum = dss->dss.has_checksum,
        .dsn_is_64 = dss->dss.dsn_is_64,
        .has_dsn = dss->dss.dsn_is_64,
        .dsn = dss->dss.dsn,
        .place = packet_place(packet),
    };
    const bool sound = check_ssn(packet, dss) && check_carrier(packet, dss);

    if (!check_dsn(packet, dss, side) || !sound)
        return;
    if (!mapping.has_dsn && side->based) {
        mapping.has_dsn = true;
        mapping.dsn =
            packet->check->connection->side[packet->sender].idsn + 1 + (uint64_t)mapping.offset;
    }
    if (mapping.data_fin && !side->has_fin) {
        side->has_fin = true;
        side->fin = mapping.offset + mapping.bytes;
        side->fin_is_64 = dss->dss.dsn_is_64 && mapping.bytes == 0;
    }
    if (!dss->dss.dsn_is_64)
        dss_narrow(packet, mapping.offset + mapping.length);
    if (mapping.bytes == 0)
        dss_bare_checksum(packet, &mapping);
    else if (event->segment.has_map_seq && !dss_announce(packet, end, &mapping))
        return;
    if (!side->has_mapping || mapping.offset + mapping.length > side->highest)
        side->highest = mapping.offset + mapping.length;
    side->has_mapping = true;
    if (dss->dss.dsn_is_64 && !side->wide_flow && packet->wire->payload_bytes > 0) {
        side->wide_flow = packet->flow;
        side->wide_offset = mapping.offset;
        side->wide_end_seq = event->segment.seq + packet->wire->payload_bytes;
        side->wide_place = mapping.place;
    }
}

/* MP_CAPABLE with data maps subflow byte 1 to IDSN + 1 (RFC 8684 section 3.1). */
static void take_capable(const Packet *packet)
{
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);
    const MpsConnectionSide *public = &packet->check->connection->side[packet->sender];
    DssSide *side = dss_side(packet);

    if (!capable || !capable->capable.has_data_length || capable->capable.data_bytes == 0 ||
        !packet->sending->has_syn || !public->has_idsn || packet->check->keys_doubtful ||
        packet->wire->payload_bytes == 0)
        return;

    Mapping mapping = {
        .seq = 1 + (int64_t)packet->sending->syn_taken,
        .bytes = capable->capable.data_bytes,
        .ssn = 1,
        .length = capable->capable.data_bytes,
        .checksum = capable->capable.checksum,
        .has_checksum = capable->capable.has_checksum,
        .dsn_is_64 = true,
        .has_dsn = true,
        .dsn = public->idsn + 1,
        .place = packet_place(packet),
    };

    dss_announce(packet, dss_end(packet), &mapping);
    side->highest = side->has_mapping ? MAX(side->highest, (int64_t)mapping.bytes) : mapping.bytes;
    side->has_mapping = true;
}

/* A subflow may have moved to another connection: data offsets are others then. */
static void settle_flow(const Packet *packet)
{
    DssFlow *state = dss_flow(packet->flow);

    for (int i = 0; state->check && i < 2; i++) {
        dss_end_clear(&state->end[i]);
        state->end[i] = (DssEnd){0};
    }
    state->check = packet->check;
}

/* Whether the mapping of @packet broke no rule, and would not if it came again, as far as that does
 * not depend on payload and DATA_ACKs. */
static bool held(const Packet *packet, const DssEnd *end, const DssSide *side)
{
    const MpsEvent *event = packet->event;
    const Check *check = packet->check;
    const Mapping *last = dss_last_mapping(end);

    return packet->plain && event->segment.has_map_seq && packet->sending->has_syn && side->based &&
           last && last->offset == event->segment.map_offset &&
           last->seq == event->segment.map_seq && last->length == packet->dss->dss.data_bytes &&
           (side->wide_flow || !packet->dss->dss.dsn_is_64) && check->has_checksum &&
           !rule_is_broken(check, RULE_DSS_03) && !rule_is_broken(check, RULE_MPC_21) &&
           !rule_is_broken(check, RULE_SEC_02);
}

/* Whether that is the mapping of the packet before, and right for this one, too. */
static bool repeats_mapping(const Packet *packet, const DssEnd *end, const DssSide *side)
{
    const int64_t at = packet->event->segment.seq, begin = packet->event->segment.map_seq;
    const int64_t offset = packet->event->segment.map_offset;

    return packet->repeats && end->mapping_epoch == packet->check->epoch &&
           at < begin + packet->dss->dss.data_bytes && begin < at + packet->wire->payload_bytes &&
           packet->wire->payload_bytes > 0 && side->has_data_ack &&
           offset >= side->data_ack - HALF_SPACE && offset <= side->data_ack + HALF_SPACE;
}

static void pass_repeated(Check *check)
{
    rule_pass(check, RULE_DSS_03);
    rule_pass(check, RULE_DSS_06);
    rule_pass(check, RULE_DSS_07);
    rule_pass(check, RULE_DSS_09);
    rule_pass(check, RULE_DSS_11);
}

static void take_option(const Packet *packet, const MpsMptcpOption *dss, DssEnd *end, DssSide *side)
{
    rule_pass(packet->check, RULE_DSS_01);
    check_flags(packet, dss);
    if (!dss->dss.has_map || !packet->event->segment.has_map)
        return;
    if (repeats_mapping(packet, end, side)) {
        pass_repeated(packet->check);
        return;
    }
    check_presence(packet, dss);
    if (dss->dss.data_bytes == 0) {
        check_length_zero(packet, dss);
    } else {
        take_mapping(packet, dss, end, side);
        end->mapping_epoch = held(packet, end, side) ? packet->check->epoch : 0;
    }
}

/* Whether @packet is judged.  The one that shows a fallback is the last to be. */
static bool is_judged(const Packet *packet, DssCheck *state)
{
    Check *check = packet->check;

    if (state->over || packet->syn || packet->synack ||
        check->connection->protocol == MPS_PROTOCOL_TCP)
        return false;
    if (dss_flow(packet->flow)->check != check)
        settle_flow(packet);
    if (check->keys_doubtful || check->base_moved) { /* perhaps even another connection's packets */
        rule_unchecked(check, RULE_DSS_11, EV_KEYS);
        rule_unchecked(check, RULE_DSS_16, EV_KEYS);
        state->over = true;
        return false;
    }
    state->over = check->fallen_back || check->connection->fallback;
    return !check->fallen_back || packet->wire->n_mptcp > 0;
}

static void take_end(const Packet *packet, DssEnd *end)
{
    if (packet->wire->flags & MPS_TCP_URG && packet->wire->payload_bytes > 0)
        check_urgent(packet);
    if (packet->fin && packet->event->segment.has_seq) {
        end->has_fin = true;
        end->fin_seq = packet->event->segment.seq + packet->wire->payload_bytes;
    }
}

static void segment(const Packet *packet)
{
    DssCheck *state = dss_check(packet->check);
    DssFlow *flow = dss_flow(packet->flow);
    const MpsSide sender = packet->sender, receiver = other(sender);
    DssEnd *end = &flow->end[sender];
    DssSide *side = &state->side[sender];

    if (!packet->plain || end->judged_epoch != packet->check->epoch) {
        if (!is_judged(packet, state))
            return;
        end->judged_epoch = packet->check->epoch;
    }
    if (!packet->plain && (packet->has_unwhole || !packet->options_whole))
        check_shape(packet);
    if (packet->dss)
        take_option(packet, packet->dss, end, side);
    if (!packet->plain)
        take_capable(packet);
    if (packet->wire->payload_bytes > 0 && !packet->rst)
        dss_mapped_payload(packet, end, &flow->end[receiver], side);
    if (!packet->plain && !packet->rst)
        take_end(packet, end);
    if (rule_is_broken(packet->check, RULE_DSS_03))
        dss_watch_wrong_forms(packet);
    dss_acks(packet, end, &state->side[receiver]);
}

static void finish(Check *check)
{
    dss_acks_finish(check);
    if (rules_options(check->rules)->checksums)
        dss_payload_finish(check);
    if (!check->connection->fallback && !check->fallen_back)
        dss_mappings_finish(check);
}

static void clear_check(Check *check)
{
    for (int i = 0; i < 2; i++)
        g_free(dss_check(check)->side[i].marks);
    dss_payload_clear(check);
}

static void clear_flow(Flow *flow)
{
    DssFlow *state = dss_flow(flow);

    for (int i = 0; i < 2; i++)
        dss_end_clear(&state->end[i]);
}

static const MpsLink mapping_links[] = {
    MPS_ITEMS(Mapping, summed, 1, NULL),
    {0},
};

static const MpsLink end_links[] = {
    MPS_ARRAY(DssEnd, mappings, Mapping, mapping_links),
    MPS_ITEMS(DssEnd, wrong_form, 1, NULL),
    {0},
};

static const MpsLink flow_links[] = {
    MPS_ENTITY(DssFlow, check),
    MPS_PART(DssFlow, end, 2, end_links),
    {0},
};

static const MpsLink page_links[] = {
    MPS_RARE(uint8_t[PAGE_BYTES], NULL),
    {0},
};

static const MpsLink side_links[] = {
    MPS_ENTITY(DssSide, beyond_subflow),          MPS_ENTITY(DssSide, wide_flow),
    MPS_ITEMS(DssSide, marks, MARKS, NULL),       MPS_ITEMS(DssSide, page, PAGES, page_links),
    MPS_PART(DssSide, held, 1, mps_ranges_links), {0},
};

static const MpsLink check_links[] = {
    MPS_PART(DssCheck, side, 2, side_links),
    {0},
};

const Family mps_rules_dss = {
    .run_bytes = sizeof(DssRun),
    .check_bytes = sizeof(DssCheck),
    .flow_bytes = sizeof(DssFlow),
    .check_links = check_links,
    .flow_links = flow_links,
    .segment = segment,
    .finish = finish,
    .clear_flow = clear_flow,
    .clear_check = clear_check,
};
