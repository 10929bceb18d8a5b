/* model.c - one segment at a time: finds its subflow and has each part of it looked at in order. */
#include "model/state.h"

#include "model/dedup.h"
#include "util/mix.h"

void mps_emit(MpsModel *model, MpsEvent *event, const Origin *origin)
{
    if (!wanted(model, event->kind))
        return;
    event->ts_ns = origin->ts_ns;
    event->packet = origin->packet;
    event->capture_id = origin->capture_id;
    model->hooks.emit(model->hooks.user, event);
}

void mps_signal(MpsModel *model, Connection *connection, Subflow *subflow, MpsSide sender,
                MpsSignal what, const MpsMptcpOption *option)
{
    MpsEvent event = {
        .kind = MPS_EV_SIGNAL,
        .direction = sender,
        .connection = &connection->public,
        .subflow = subflow ? &subflow->public : NULL,
        .signal = {.what = what, .option = option},
    };
    const Origin here = mps_here(model);

    mps_emit(model, &event, &here);
}

/* The subflow of @segment, which may begin with it.  NULL: nothing to do with MPTCP. */
static Subflow *find_subflow(MpsModel *model, const MpsSegment *segment, MpsSide *sender,
                             bool *late)
{
    const bool first_syn = (segment->flags & (MPS_TCP_SYN | MPS_TCP_ACK)) == MPS_TCP_SYN;
    MpsFlowKey key;
    bool forward;

    mps_flow_key(&segment->src, &segment->dst, &key, &forward);

    Subflow *subflow = mps_flows_find(model->flows, &key);

    if (subflow && first_syn) {
        const MpsSide side = forward ? subflow->forward : other(subflow->forward);
        const SubflowEnd *sending = &subflow->end[side];

        /* The same sequence number is a retransmission, another one a new flow. */
        if (!(sending->started && sending->has_isn && sending->origin == segment->seq)) {
            mps_subflow_closed(model, subflow, MPS_CLOSE_IDLE, MPS_NOBODY);
            mps_flows_remove(model->flows, &key, subflow);
            subflow = NULL;
        }
    }
    if (!subflow) {
        *late = !first_syn && segment->n_mptcp > 0 && mps_is_buried(model, &key);
        if (*late || (!first_syn && segment->n_mptcp == 0 && !model->hooks.tcp))
            return NULL;
        subflow = mps_open_flow(model, segment, key);
        if (!subflow)
            return NULL;
    }
    *sender = forward ? subflow->forward : other(subflow->forward);
    return subflow;
}

static void swap_sides(Subflow *subflow)
{
    const SubflowEnd end = subflow->end[0];
    const MpsSubflowSide side = subflow->public.side[0];
    const MpsEndpoint endpoint = subflow->public.end[0];

    subflow->end[0] = subflow->end[1];
    subflow->end[1] = end;
    subflow->public.side[0] = subflow->public.side[1];
    subflow->public.side[1] = side;
    subflow->public.end[0] = subflow->public.end[1];
    subflow->public.end[1] = endpoint;
    subflow->public.opened_by = other(subflow->public.opened_by);
    subflow->forward = other(subflow->forward);
}

/* The connection that a join names by its token in a SYN that is captured behind the answer to an
 * earlier copy.  NULL: none. */
static Connection *named_late(const MpsModel *model, MpsSide sender, bool *swapped)
{
    const MpsMptcpOption *join = mps_option(model->segment, MPS_MP_JOIN);
    const bool syn = (model->segment->flags & (MPS_TCP_SYN | MPS_TCP_ACK)) == MPS_TCP_SYN;
    Connection *found = syn && join && join->join.form == MPS_JOIN_SYN
                            ? g_hash_table_lookup(model->tokens, GUINT_TO_POINTER(join->join.token))
                            : NULL;

    if (!found || found->orphan)
        return NULL;

    const MpsConnectionSide *client = &found->public.side[MPS_CLIENT];
    const bool by_server = client->has_token && client->token == join->join.token;

    *swapped = sender != (by_server ? MPS_SERVER : MPS_CLIENT);
    return found;
}

/* The connection of @subflow is not known yet: its data sequence numbers may tell; with data it is
 * one of its own. */
static Connection *settle_orphan(MpsModel *model, Subflow *subflow, MpsSide *sender)
{
    Connection *connection = (Connection *)subflow->public.connection;
    bool swapped;
    Connection *named = named_late(model, *sender, &swapped);
    Connection *found = named ? named : mps_match(model, subflow, *sender, &swapped);

    if (found) {
        if (swapped) {
            swap_sides(subflow);
            *sender = other(*sender);
        }
        subflow->inferred = !named;
        mps_move_subflows(model, connection, found);
        return found;
    }
    if (model->segment->payload_bytes > 0)
        mps_connection_adopt(model, connection);
    return connection;
}

/* Whether @segment, of no flow that is followed, is the first SYN of a connection. */
static bool is_new_plain_syn(MpsModel *model, const MpsSegment *segment)
{
    MpsFlowKey key;
    bool forward;

    if ((segment->flags & (MPS_TCP_SYN | MPS_TCP_ACK | MPS_TCP_RST)) != MPS_TCP_SYN)
        return false;
    mps_flow_key(&segment->src, &segment->dst, &key, &forward);

    const uint64_t hash = mps_mix_bytes(segment->seq, &key, sizeof key);
    const uint64_t offer = mps_syn_hash(&key, segment->seq, segment->tsval);
    uint64_t *place = &model->plain_syns[hash % PLAIN_SYNS];

    if (!segment->options_cut)
        model->plain_offers[offer % PLAIN_SYNS] = offer;

    if (*place == hash)
        return false;
    *place = hash;
    return true;
}

MpsSeen mps_model_segment(MpsModel *self, const MpsSegment *segment)
{
    MpsSide sender = MPS_CLIENT;
    bool late = false;

    if (mps_dedup_seen(self->dedup, segment))
        return MPS_SEEN_DUPLICATE;
    self->segment = segment;
    self->told = (MpsEvent){.kind = MPS_EV_SEGMENT, .segment = {.wire = segment}};
    self->dss_told = false;
    self->ack_is_news = false;
    self->missed = false;
    self->now_ns = segment->ts_ns;
    self->order++;
    self->crowded = false;
    if (watched_ns(self) > self->due_ns)
        mps_expire(self);

    Subflow *subflow = find_subflow(self, segment, &sender, &late);

    if (!subflow)
        return late                              ? MPS_SEEN_LATE
               : self->crowded                   ? MPS_SEEN_CROWDED
               : is_new_plain_syn(self, segment) ? MPS_SEEN_PLAIN_SYN
                                                 : MPS_SEEN_PLAIN;

    Connection *connection = (Connection *)subflow->public.connection;
    MpsSubflowSide *side;

    if (connection->orphan)
        connection = settle_orphan(self, subflow, &sender);
    subflow->public.end_ns = segment->ts_ns;
    mps_stream_open(subflow, sender, segment);
    mps_handshake(self, subflow, sender);
    if (segment->n_mptcp > 0)
        mps_options(self, subflow, sender);
    mps_stream_segment(self, subflow, sender);
    mps_stream_ack(self, subflow, sender);
    if (segment->flags & MPS_TCP_RST)
        mps_stream_reset(self, subflow, sender);
    side = &subflow->public.side[sender];
    side->last_ns = segment->ts_ns;
    if (!(segment->flags & MPS_TCP_RST))
        subflow->end[sender].hop_limit = segment->hop_limit;
    if (segment->window == 0 && !(segment->flags & (MPS_TCP_SYN | MPS_TCP_RST)))
        side->zero_window_ns = segment->ts_ns;
    else if (side->zero_window_ns > side->window_opened_ns && segment->window > 0)
        side->window_opened_ns = segment->ts_ns;
    if (segment->n_mptcp == 0 && !connection->public.fallback && !connection->plain)
        mps_watch_fallback(self, subflow, sender);
    mps_connection_touch(self, connection);
    return MPS_SEEN_TRACKED;
}

bool mps_model_missed(const MpsModel *self)
{
    return self->missed;
}

MpsPlaced mps_model_placed(const MpsModel *self, const MpsSegment *segment)
{
    MpsPlaced placed = {.sender = MPS_NOBODY};
    MpsFlowKey key;
    bool forward;

    mps_flow_key(&segment->src, &segment->dst, &key, &forward);
    mps_dedup_found(self->dedup, &placed.copy_of_packet, &placed.copy_of_capture_id);

    Subflow *subflow = mps_flows_find(self->flows, &key);

    if (!subflow) {
        const Grave *grave = mps_flows_find(self->buried, &key);

        placed.late_connection_id = grave ? grave->connection_id : 0;
        return placed;
    }
    placed.subflow = &subflow->public;
    placed.connection = subflow->public.connection;
    placed.sender = forward ? subflow->forward : other(subflow->forward);
    if (placed.copy_of_packet)
        placed.copy = mps_stream_relative(&subflow->end[placed.sender],
                                          &subflow->end[other(placed.sender)], segment);
    return placed;
}

/* Errors that end an attempt to connect: unreachable (but not "fragmentation needed", code 4 of
 * RFC 792), and time exceeded. */
static bool ends_attempt(const MpsIcmpError *icmp)
{
    if (icmp->router.family == 6)
        return icmp->type == 1 || icmp->type == 3;
    return (icmp->type == 3 && icmp->code != 4) || icmp->type == 11;
}

/* Whether @sending sent something that began at @seq. */
static bool is_of_stream(const SubflowEnd *sending, uint32_t seq)
{
    const uint64_t position = sending->started ? mps_stream_position(sending, seq) : 0;

    return position >= POSITION_BASE && position <= MAX(sending->highest, sending->last);
}

void mps_model_icmp(MpsModel *self, const MpsIcmpError *icmp)
{
    MpsFlowKey key;
    bool forward;

    mps_flow_key(&icmp->src, &icmp->dst, &key, &forward);

    Subflow *subflow = mps_flows_find(self->flows, &key);

    if (!subflow || !ends_attempt(icmp) || subflow->icmp)
        return;

    const MpsSide sender = forward ? subflow->forward : other(subflow->forward);
    const SubflowEnd *sending = &subflow->end[sender];
    const Origin here = {icmp->ts_ns, self->order, icmp->packet, icmp->capture_id};
    MpsEvent event = {
        .kind = MPS_EV_SIGNAL,
        .direction = MPS_NOBODY,
        .connection = subflow->public.connection,
        .subflow = &subflow->public,
        .signal = {.what = MPS_SIGNAL_UNREACHABLE, .icmp = icmp},
    };

    if (subflow->synack_seen || !subflow->syn_seen) {
        if (is_of_stream(sending, icmp->seq) && !subflow->unreachable_told) {
            subflow->unreachable_told = true;
            mps_emit(self, &event, &here);
        }
        return;
    }
    if (sender != subflow->public.opened_by || sending->origin != icmp->seq)
        return;
    subflow->icmp = g_memdup2(icmp, sizeof *icmp);
    mps_emit(self, &event, &here);
}
