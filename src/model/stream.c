/* stream.c - the TCP number space of a subflow: unwrapping, what is new, repeated or fills a hole,
 * acknowledgements, FIN and RST (RFC 9293). */
#include <string.h>

#include "model/state.h"

/* No window is larger (RFC 7323 section 2.3): numbers further off are not of this stream. */
#define MAX_WINDOW ((uint64_t)1 << 30)

/* Holes below the acknowledgement are given up when a stream has more than this many ranges. */
enum { MAX_RANGES = 4096, KEEP_RANGES = 2048 };

/* Without acknowledgements of more payload for so long, MpsSubflowSide.acked_since_ns begins anew.
 */
static const int64_t PAUSE_NS = INT64_C(1000) * 1000 * 1000;

static void start(SubflowEnd *end, uint32_t isn, bool is_isn)
{
    end->started = true;
    end->has_isn = is_isn;
    end->origin = isn;
    end->last = POSITION_BASE;
    end->lowest = POSITION_BASE + 1;
    end->highest = POSITION_BASE + 1;
    end->ssn_known = is_isn;
    end->ssn_zero = is_isn ? POSITION_BASE : UINT64_MAX;
}

/* Payload captured above the highest acknowledgement. */
static uint64_t unacked_bytes(const SubflowEnd *sending)
{
    const uint64_t acked = MAX(sending->acked, sending->lowest);

    return sending->highest > acked ? sending->highest - acked : 0;
}

static void set_flight(Subflow *subflow, MpsSide sender, uint64_t flight_bytes)
{
    MpsSubflowSide *side = &subflow->public.side[sender];

    subflow->public.connection->side[sender].flight_bytes += flight_bytes - side->flight_bytes;
    side->flight_bytes = flight_bytes;
}

/* Nothing is in flight on @subflow any more. */
void mps_stream_closed(Subflow *subflow)
{
    set_flight(subflow, MPS_CLIENT, 0);
    set_flight(subflow, MPS_SERVER, 0);
}

/* Brings up to date what of @sender's payload waits for an acknowledgement. */
static void note_unacked(Subflow *subflow, MpsSide sender, int64_t now_ns)
{
    MpsSubflowSide *side = &subflow->public.side[sender];
    const uint64_t bytes = unacked_bytes(&subflow->end[sender]);

    if (side->unacked_bytes == 0)
        side->unacked_ns = now_ns;
    side->unacked_bytes = bytes;
    set_flight(subflow, sender, subflow->public.closed_ns == MPS_NO_TIME ? bytes : 0);
}

/* Learns the number spaces of both ends from @segment, as far as they are not known yet. */
void mps_stream_open(Subflow *subflow, MpsSide sender, const MpsSegment *segment)
{
    SubflowEnd *sending = &subflow->end[sender], *acking = &subflow->end[other(sender)];

    if (sending->started && acking->started)
        return;

    const bool syn = segment->flags & MPS_TCP_SYN;
    const MpsMptcpOption *join = mps_option(segment, MPS_MP_JOIN);
    const MpsMptcpOption *capable = mps_option(segment, MPS_MP_CAPABLE);
    /* The third packet of a handshake follows both SYNs directly. */
    const bool third = !syn && ((join && join->join.form == MPS_JOIN_ACK) ||
                                (capable && capable->capable.has_receiver_key));

    if (segment->flags & MPS_TCP_RST)
        return;
    if (!sending->started) {
        if (syn)
            start(sending, segment->seq, true);
        else
            start(sending, segment->seq - 1, third);
    }
    if (!acking->started && segment->flags & MPS_TCP_ACK) {
        const bool first_ack = sending->has_isn && segment->payload_bytes == 0 &&
                               mps_stream_position(sending, segment->seq) == POSITION_BASE + 1;

        start(acking, segment->ack - 1, syn || third || first_ack);
    }
}

static void report_once(MpsModel *model, Subflow *subflow, MpsSide sender, MpsSignal what)
{
    unsigned *reported = &subflow->end[sender].reported;

    if (*reported & 1u << what)
        return;
    *reported |= 1u << what;
    mps_signal(model, (Connection *)subflow->public.connection, subflow, sender, what,
               mps_option(model->segment, MPS_MP_TCPRST));
}

static void take_fin(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t position)
{
    SubflowEnd *sending = &subflow->end[sender];

    sending->fin = position;
    if (subflow->public.side[sender].fin_ns == MPS_NO_TIME)
        subflow->public.side[sender].fin_ns = model->segment->ts_ns;
    report_once(model, subflow, sender, MPS_SIGNAL_FIN);
    if (subflow->end[other(sender)].fin)
        mps_subflow_closed(model, subflow, MPS_CLOSE_FIN, other(sender));
}

/* TTL or hop limit of what @sender sent last on @subflow; of the same address on another subflow,
 * if nothing came here. */
static uint8_t usual_hop_limit(const Subflow *subflow, MpsSide sender)
{
    const GPtrArray *subflows = subflow->public.connection->subflows;
    const MpsAddress *address = &subflow->public.end[sender].address;
    uint8_t usual = subflow->end[sender].hop_limit;

    for (guint i = 0; usual == 0 && i < subflows->len; i++) {
        const Subflow *each = g_ptr_array_index(subflows, i);

        if (memcmp(&each->public.end[sender].address, address, sizeof *address) == 0)
            usual = each->end[sender].hop_limit;
    }
    return usual;
}

/* The first RST of @sender. */
static void report_reset(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    unsigned *reported = &subflow->end[sender].reported;
    const Origin here = mps_here(model);
    const uint8_t hop_limit = model->segment->hop_limit;
    MpsEvent event = {
        .kind = MPS_EV_SIGNAL,
        .direction = sender,
        .connection = subflow->public.connection,
        .subflow = &subflow->public,
        .signal = {.what = MPS_SIGNAL_RESET, .option = mps_option(model->segment, MPS_MP_TCPRST)},
    };

    if (*reported & 1u << MPS_SIGNAL_RESET)
        return;
    *reported |= 1u << MPS_SIGNAL_RESET;
    if (usual_hop_limit(subflow, sender) != hop_limit) {
        event.signal.hop_limit = hop_limit;
        event.signal.usual_hop_limit = usual_hop_limit(subflow, sender);
    }
    mps_emit(model, &event, &here);
}

/* Payload [begin, end): what of it is new, what fills a hole, what is repeated.  Bytes below the
 * first sequence number are keep-alive probes and count as repeated. */
static void take_payload(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t begin,
                         uint64_t end, MpsEvent *event)
{
    SubflowEnd *sending = &subflow->end[sender];
    MpsLedger *ledger = &subflow->public.side[sender].ledger;
    const bool first = !sending->has_payload && !sending->has_isn;
    const uint64_t highest = first ? begin : sending->highest;
    const uint64_t floor = sending->has_isn ? POSITION_BASE + 1 : begin;
    const uint64_t total = end - begin;
    uint64_t first_repeated, hole_filled = 0, unique = 0;

    begin = MIN(MAX(begin, floor), end);
    first_repeated = begin;

    if (first || (!sending->has_isn && begin < sending->lowest))
        sending->lowest = MIN(sending->lowest, begin);
    if (((Connection *)subflow->public.connection)->plain)
        mps_map_plain(sending, begin);
    sending->has_payload = true;
    if (begin > highest) /* the payload between was sent, but the tap has not seen it (so far) */
        mps_map_payload(model, subflow, sender, highest, begin, true);
    if (begin >= highest) { /* nothing of it was seen */
        unique = end - begin;
        first_repeated = end;
    } else {
        uint64_t at = begin, gap_end;

        while (mps_ranges_next_gap(&sending->seen, &at, end, &gap_end)) {
            unique += gap_end - at;
            if (at == first_repeated)
                first_repeated = gap_end;
            if (at < highest)
                hole_filled += gap_end - at;
            at = gap_end;
        }
    }

    const uint64_t repeated = total - unique;

    ledger->payload_packets++;
    ledger->payload_bytes += total;
    ledger->unique_bytes += unique;
    ledger->retransmitted_bytes += repeated;
    ledger->retransmitted_packets += repeated > 0;
    ledger->hole_filled_bytes += hole_filled;
    ledger->hole_filled_packets += hole_filled > 0;
    event->segment.unique_bytes = (uint32_t)unique;
    event->segment.retransmitted_bytes = (uint32_t)repeated;
    event->segment.hole_filled_bytes = (uint32_t)hole_filled;
    if (repeated > 0) {
        const MpsSent *sent = mps_sendlog_find(&sending->log, first_repeated);

        event->segment.has_before = sent != NULL;
        if (sent)
            event->segment.before = sent->latest;
    }

    for (uint64_t at = begin; at < end;) {
        uint64_t gap = at, until = end;

        if (begin < highest && !mps_ranges_next_gap(&sending->seen, &gap, end, &until))
            gap = until = end;
        if (at < gap)
            mps_map_repeat(model, subflow, sender, at, gap);
        if (gap < until)
            mps_map_payload(model, subflow, sender, gap, until, false);
        at = until;
    }
    mps_ranges_add(&sending->seen, begin, end);
    sending->highest = MAX(highest, end);
    note_unacked(subflow, sender, model->now_ns);
    if (sending->seen.room.n_items > MAX_RANGES) /* twice as many where nobody acknowledges */
        sending->filled_holes_bytes += mps_ranges_fill_holes(
            &sending->seen,
            sending->seen.room.n_items > 2 * MAX_RANGES ? sending->highest : sending->acked,
            KEEP_RANGES);
}

/* Whether payload at @position, too far from all that was seen, is not of this stream; believed
 * when a second one confirms it. */
static bool is_stray(SubflowEnd *end, uint64_t position)
{
    const uint64_t before = end->stray;

    end->stray = position;
    return before == 0 || position > before + MAX_WINDOW || position + MAX_WINDOW < before;
}

/* Whether @position can be of the stream, as far as it is known. */
static bool is_near(const SubflowEnd *end, uint64_t position)
{
    return position - end->last + MAX_WINDOW <= 2 * MAX_WINDOW; /* either way */
}

MpsRelative mps_stream_relative(const SubflowEnd *sending, const SubflowEnd *acked,
                                const MpsSegment *segment)
{
    const uint64_t seq = mps_stream_position(sending, segment->seq);
    const uint64_t ack = mps_stream_position(acked, segment->ack);

    return (MpsRelative){
        .has_seq = sending->started && is_near(sending, seq),
        .has_ack = segment->flags & MPS_TCP_ACK && acked->started && is_near(acked, ack),
        .seq = (int64_t)(seq - POSITION_BASE),
        .ack = (int64_t)(ack - POSITION_BASE),
    };
}

static void number(MpsEvent *event, const SubflowEnd *sending, const SubflowEnd *acked,
                   const MpsSegment *segment)
{
    const MpsRelative relative = mps_stream_relative(sending, acked, segment);

    event->segment.has_seq = relative.has_seq;
    event->segment.seq = relative.seq;
    event->segment.has_ack = relative.has_ack;
    event->segment.ack = relative.ack;
}

static MpsSending this_sending(const MpsSegment *segment)
{
    return (MpsSending){.ts_ns = segment->ts_ns,
                        .tsval = segment->tsval,
                        .ip_id = segment->ip_id,
                        .has_tsval = segment->tcp_options & MPS_TCPOPT_TIMESTAMP};
}

/* Once to the direction that the segment is sent in, once to that which it acknowledges. */
static void tell_segment(MpsModel *model, MpsEvent *event)
{
    const Origin here = mps_here(model);

    mps_emit(model, event, &here);
    if (!(event->segment.wire->flags & MPS_TCP_ACK))
        return;
    event->kind = MPS_EV_ACK;
    event->direction = other(event->direction);
    mps_emit(model, event, &here);
}

/* Takes sequence number, payload and FIN of the model's segment. */
void mps_stream_segment(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    const MpsSegment *segment = model->segment;
    SubflowEnd *sending = &subflow->end[sender];
    const bool syn = segment->flags & MPS_TCP_SYN, fin = segment->flags & MPS_TCP_FIN;
    MpsEvent *event = &model->told;

    event->direction = sender;
    event->connection = subflow->public.connection;
    event->subflow = &subflow->public;
    number(event, sending, &subflow->end[other(sender)], segment);
    subflow->public.side[sender].ledger.packets++;
    if (sending->started && !(segment->flags & MPS_TCP_RST)) {
        const uint64_t position = (uint64_t)event->segment.seq + POSITION_BASE;
        const uint64_t begin = position + syn, end = begin + segment->payload_bytes;
        const bool other_isn = syn && position != POSITION_BASE;

        if (!other_isn && (segment->payload_bytes == 0 || event->segment.has_seq ||
                           !is_stray(sending, position))) {
            sending->last = MAX(sending->last, end);
            if (segment->payload_bytes > 0)
                take_payload(model, subflow, sender, begin, end, event);
            if (end + fin > position) {
                const MpsSent sent = {.first_ns = segment->ts_ns,
                                      .order = model->order,
                                      .packet = segment->packet,
                                      .capture_id = segment->capture_id,
                                      .latest = this_sending(segment)};

                mps_sendlog_add(&sending->log, position, end + fin, &sent);
            }
            if (fin)
                take_fin(model, subflow, sender, end);
        }
    }
    tell_segment(model, event);
}

/* Notes that data was acknowledged by TCP, joining it with what was noted last. */
static void note_acked(MpsModel *model, int64_t begin, int64_t end)
{
    const size_t n = model->n_tcp_acked;

    if (n > 0 && model->tcp_acked[n - 1].end == begin) {
        model->tcp_acked[n - 1].end = end;
        return;
    }
    if (n == model->tcp_acked_room) {
        model->tcp_acked_room = MAX(2 * n, 16);
        model->tcp_acked = g_renew(MpsDataRange, model->tcp_acked, model->tcp_acked_room);
    }
    model->tcp_acked[model->n_tcp_acked++] = (MpsDataRange){begin, end};
}

/* Tells of acknowledged payload at the positions [begin, end). */
static void tell_acked(MpsModel *model, Subflow *subflow, MpsSide direction, uint64_t begin,
                       uint64_t end, uint64_t bytes, bool selective)
{
    const SubflowEnd *acked = &subflow->end[direction];
    const Origin here = mps_here(model);
    MpsEvent event = {
        .kind = MPS_EV_TCP_ACKED,
        .direction = direction,
        .connection = subflow->public.connection,
        .subflow = &subflow->public,
        .tcp_acked = {.bytes = bytes, .selective = selective},
    };

    model->n_tcp_acked = 0;
    while (begin < end) {
        const MpsMapping *mapping = mps_mappings_find(&acked->mappings, begin);
        const bool mapped = mapping && mapping->begin <= begin;
        const uint64_t until = mapping ? MIN(end, mapped ? mapping->end : mapping->begin) : end;
        const int64_t shift = mapped ? mapping->shift : acked->implied_shift;

        if (mapped || acked->implied)
            note_acked(model, (int64_t)begin + shift, (int64_t)until + shift);
        begin = until;
    }
    event.tcp_acked.data = model->tcp_acked;
    event.tcp_acked.n_data = model->n_tcp_acked;
    mps_emit(model, &event, &here);
}

/* The payload that @ack is the first to acknowledge. */
static void newly_acked(MpsModel *model, Subflow *subflow, MpsSide direction, uint64_t ack)
{
    const SubflowEnd *acked = &subflow->end[direction];
    const uint64_t begin = MAX(acked->acked, acked->lowest);
    const uint64_t end = MIN(ack, acked->fin ? acked->fin : MAX(acked->highest, acked->lowest));

    if (acked->has_payload && begin < end)
        tell_acked(model, subflow, direction, begin, end,
                   acked->acked > 0 || acked->has_isn ? end - begin : 0, false);
}

/* The payload that the segment's first SACK block tells of, which is the one that grew last (RFC
 * 2018 section 4), unless that reports a duplicate (RFC 2883 section 4). */
static void newly_sacked(MpsModel *model, Subflow *subflow, MpsSide direction, uint64_t ack)
{
    const MpsSegment *segment = model->segment;
    SubflowEnd *acked = &subflow->end[direction];

    for (int i = 0; i < segment->n_sack && i < 2; i++) {
        uint64_t begin = mps_stream_position(acked, segment->sack[i].begin);
        const uint64_t end = mps_stream_position(acked, segment->sack[i].end);
        const bool inside = i == 0 && segment->n_sack > 1 &&
                            begin >= mps_stream_position(acked, segment->sack[1].begin) &&
                            end <= mps_stream_position(acked, segment->sack[1].end);

        if (begin < ack || end > acked->highest || begin >= end || inside)
            continue;

        const uint64_t block = begin;

        if (begin >= acked->sacked_begin && begin <= acked->sacked_end)
            begin = MAX(begin, acked->sacked_end);
        acked->sacked_begin = block;
        acked->sacked_end = end;
        if (begin < end)
            tell_acked(model, subflow, direction, begin, end, 0, true);
        return;
    }
}

/* More payload of @side, whose stream is @acked, is acknowledged, up to @ack. */
static void note_progress(SubflowEnd *acked, MpsSubflowSide *side, uint64_t ack, int64_t now_ns)
{
    if (acked->waits && now_ns - side->acked_ns > PAUSE_NS)
        side->paused_ns = now_ns;
    acked->waits = ack < acked->highest;
    side->acked_ns = now_ns;
}

/* After a fallback the acknowledgement of the subflow is that of the data. */
static void implied_ack(MpsModel *model, Subflow *subflow, MpsSide sender, uint64_t ack)
{
    const MpsSide direction = other(sender);
    const SubflowEnd *acked = &subflow->end[direction];
    Connection *connection = (Connection *)subflow->public.connection;
    MpsConnectionSide *side = &connection->public.side[direction];
    const uint64_t position = acked->fin ? MIN(ack, acked->fin) : ack;
    const int64_t offset = (int64_t)position + acked->implied_shift;

    side->acked = side->has_acked ? MAX(side->acked, offset) : offset;
    side->has_acked = true;
    mps_space_acked(connection, direction, side->acked);
    mps_window(model, subflow, sender, offset);
}

/* Takes the acknowledgement number of the model's segment, which mps_stream_segment() has told. */
void mps_stream_ack(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    const MpsSegment *segment = model->segment;
    const MpsSide direction = other(sender);
    SubflowEnd *acked = &subflow->end[direction];
    int64_t rtt_ns;

    if (!model->told.segment.has_ack)
        return;

    const uint64_t ack = (uint64_t)model->told.segment.ack + POSITION_BASE;

    if (mps_sendlog_ack(&acked->log, ack, segment->ts_ns, &rtt_ns)) {
        MpsSubflowSide *side = &subflow->public.side[direction];
        MpsEvent event = {
            .kind = MPS_EV_RTT,
            .direction = direction,
            .connection = subflow->public.connection,
            .subflow = &subflow->public,
            .rtt = {.rtt_ns = rtt_ns},
        };
        const Origin here = mps_here(model);

        side->rtt_min_ns = side->rtt_samples++ ? MIN(side->rtt_min_ns, rtt_ns) : rtt_ns;
        side->rtt_sum_ns += (double)rtt_ns;
        mps_emit(model, &event, &here);
    }
    if (segment->flags & MPS_TCP_RST)
        return;
    if (wanted(model, MPS_EV_TCP_ACKED)) {
        newly_acked(model, subflow, direction, ack);
        newly_sacked(model, subflow, direction, MAX(ack, acked->acked));
    }
    if (acked->has_payload && acked->acked < acked->highest && ack > acked->acked)
        note_progress(acked, &subflow->public.side[direction], ack, segment->ts_ns);
    model->ack_is_news |= ack > acked->acked;
    /* One beyond may be a FIN. */
    model->missed = acked->has_payload && ack > MAX(acked->highest, acked->acked) + 1;
    acked->acked = MAX(acked->acked, ack);
    note_unacked(subflow, direction, model->now_ns);
    acked->last = MAX(acked->last, ack); /* the capture may lack the data for long */
    if (acked->implied)
        implied_ack(model, subflow, sender, ack);
    if (model->ack_is_news && wanted(model, MPS_EV_PROGRESS)) {
        MpsEvent event = {
            .kind = MPS_EV_PROGRESS,
            .direction = direction,
            .connection = subflow->public.connection,
            .subflow = &subflow->public,
        };
        const Origin here = mps_here(model);

        mps_emit(model, &event, &here);
    }
}

/* Whether a RST can be of this subflow (RFC 9293 section 3.5.2, 3.10.7): stray ones in SYN-SENT
 * carry neither an acknowledgement of the SYN nor a number near it. */
static bool believable_reset(const Subflow *subflow, MpsSide sender, const MpsSegment *segment)
{
    const SubflowEnd *sending = &subflow->end[sender], *acked = &subflow->end[other(sender)];

    if (!sending->started || (subflow->syn_seen && !subflow->synack_seen)) {
        if (sender == subflow->public.opened_by && sending->started)
            return segment->seq != 0 &&
                   mps_stream_position(sending, segment->seq) - POSITION_BASE <=
                       1 + sending->syn_bytes;
        return segment->flags & MPS_TCP_ACK && acked->started &&
               mps_stream_position(acked, segment->ack) - (POSITION_BASE + 1) <= acked->syn_bytes;
    }

    const uint64_t position = mps_stream_position(sending, segment->seq);

    return position + MAX_WINDOW >= sending->last && position <= sending->last + MAX_WINDOW;
}

void mps_stream_reset(MpsModel *model, Subflow *subflow, MpsSide sender)
{
    const MpsSegment *segment = model->segment;
    const MpsMptcpOption *reason = mps_option(segment, MPS_MP_TCPRST);
    const bool fastclose = mps_option(segment, MPS_MP_FASTCLOSE);

    if (!believable_reset(subflow, sender, segment))
        return;
    if (reason && subflow->public.reset_reason < 0)
        subflow->public.reset_reason = reason->tcprst.reason;
    if (subflow->public.side[sender].rst_ns == MPS_NO_TIME) {
        subflow->public.side[sender].rst_ns = segment->ts_ns;
        if (sender == subflow->public.opened_by) {
            subflow->opener_reset = subflow->public.closed_ns == MPS_NO_TIME;
            subflow->opener_reset_reasoned = reason != NULL;
        } else {
            subflow->acceptor_reset = subflow->public.closed_ns == MPS_NO_TIME;
        }
    }
    report_reset(model, subflow, sender);
    mps_subflow_closed(model, subflow, fastclose ? MPS_CLOSE_FASTCLOSE : MPS_CLOSE_RESET, sender);
}

/* Bytes below the highest acknowledgement that were never captured.  One acknowledged byte beyond
 * everything captured is read as a FIN that the capture lacks. */
uint64_t mps_stream_missing(const SubflowEnd *end)
{
    uint64_t limit = end->acked;

    if (limit == 0)
        return 0;
    if (end->fin)
        limit = MIN(limit, end->fin);
    else if (limit == end->highest + 1)
        limit--;
    if (limit <= end->lowest)
        return end->filled_holes_bytes;
    return limit - end->lowest - mps_ranges_covered(&end->seen, end->lowest, limit) +
           end->filled_holes_bytes;
}
