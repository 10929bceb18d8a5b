/* check_track.c - what is kept of the packets of a subflow, for the families to look up. */
#include "rules/check_parts.h"

/* Whether the payload of @packet continues what was captured before. */
static bool continues(const Packet *packet)
{
    const MpsEvent *event = packet->event;

    return packet->wire->payload_bytes > 0 && event->segment.has_seq &&
           event->segment.seq == packet->sending->next;
}

/* What @packet's IPv4 identification, or payload, says of packets before it that the capture lacks.
 */
static void track_ip_id(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    End *end = packet->sending;

    if (wire->ip_id == 0) {
        end->n_next += continues(packet);
        return;
    }
    if (end->has_ip_id) {
        const uint16_t step = (uint16_t)(wire->ip_id - end->ip_id);

        /* A packet cut from, or merged into, a large one took several. */
        if (step != 1 && (step == 0 || step > 1 + end->ip_id_bytes / 500)) {
            packet->check->rules->n_broken += end->complete;
            end->complete = false;
        }
        end->n_next += step == 1;
        end->ip_id_step = step;
    } else {
        end->complete = true;
        end->ip_id_from_syn = wire->flags & MPS_TCP_SYN;
    }
    end->has_ip_id = true;
    end->ip_id = wire->ip_id;
    end->ip_id_bytes = wire->payload_bytes;
}

/* Hosts send with a TTL of 64, 128 or 255; every router takes one. */
static void track_hops(const Packet *packet)
{
    const uint8_t hops = packet->wire->hop_limit;

    packet->check->came_far[packet->sender] |= hops != 64 && hops != 128 && hops != 255;
}

static void track_syn(End *end, const Packet *packet)
{
    const MpsSegment *wire = packet->wire;

    /* Behind other packets of its sender it does not tell where positions count from. */
    if (end->has_syn || !packet->options_whole || !packet->event->segment.has_seq ||
        packet->event->segment.seq != 0)
        return;
    end->has_syn = true;
    end->isn = wire->seq;
    end->mss = wire->tcp_options & MPS_TCPOPT_MSS ? wire->mss : 0;
    end->syn_bytes = wire->payload_bytes;
    end->has_wscale = wire->tcp_options & MPS_TCPOPT_WSCALE;
    end->wscale = (uint8_t)MIN(wire->wscale, 14);
}

/* Window scales count only if both SYNs have the option (RFC 7323 section 2.2). */
static void agree_wscale(Flow *flow)
{
    if (flow->end[0].has_syn && flow->end[1].has_syn &&
        !(flow->end[0].has_wscale && flow->end[1].has_wscale))
        flow->end[0].wscale = flow->end[1].wscale = 0;
}

/* Whether @packet comes before, or behind, a step of the handshake that it cannot come before, or
 * behind. */
static bool is_out_of_order(const Packet *packet)
{
    const Flow *flow = packet->flow;

    if (packet->syn)
        return !flow->syn.packet && (packet->sending->n_packets > 0 || packet->peer->n_packets > 0);
    if (!packet->ack || packet->synack || packet->rst)
        return false;
    return packet->sender == flow->public->opened_by
               ? !flow->synack.packet
               : !flow->third.packet && packet->wire->payload_bytes == 0;
}

/* Data offsets count from the IDSN, or from any number as long as that is not known: if it becomes
 * known behind numbers of that side, these are no offsets any more. */
static void track_base(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const MpsConnectionSide *data = packet->check->connection->side;
    Check *check = packet->check;

    if (event->segment.has_map)
        check->unbased[packet->sender] |= !data[packet->sender].has_idsn;
    if (event->segment.has_data_ack)
        check->unbased[other(packet->sender)] |= !data[other(packet->sender)].has_idsn;
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        if (check->base_moved || !check->unbased[side] || !data[side].has_idsn)
            continue;
        check->base_moved = true;
        wake_families(check);
    }
    check->based = data[MPS_CLIENT].has_idsn && data[MPS_SERVER].has_idsn;
}

static void track_syns(const Packet *packet)
{
    End *peer = packet->peer;

    track_hops(packet);
    track_syn(packet->sending, packet);
    agree_wscale(packet->flow);
    if (packet->synack && packet->event->segment.has_ack && peer->syn_bytes > 0)
        peer->syn_taken =
            (uint32_t)CLAMP(packet->event->segment.ack - 1, 0, (int64_t)peer->syn_bytes);
}

void track_before(const Packet *packet)
{
    Flow *flow = packet->flow;
    Check *check = packet->check;
    const uint32_t capture_id = packet->wire->capture_id;

    track_ip_id(packet);
    if (!flow->fourth.packet || !packet->plain)
        flow->out_of_order |= is_out_of_order(packet);
    /* Without the SYN/ACK nobody knows where behind the data of a SYN the numbers begin. */
    if (packet->sending->syn_bytes > 0 && !flow->synack.packet && !packet->syn)
        packet->sending->has_syn = false;
    if (capture_id != check->capture_id) {
        check->several_taps |= capture_id < check->capture_id;
        check->capture_id = capture_id;
    }
    packet->sending->options_cut |=
        check->several_taps ||
        (!packet->plain && (!packet->options_whole || packet->ambiguous || flow->clashes));
    if (packet->wire->n_mptcp > 0 && !check->based)
        track_base(packet);
    if (!packet->plain && (packet->syn || packet->synack))
        track_syns(packet);
}

static G_GNUC_NO_INLINE void append_mapping(End *end, Mapped mapped)
{
    const uint64_t n = end->n_mapped;

    if (n < RECENT_MAPPINGS && (n & (n - 1)) == 0) /* full: there is room for a power of two */
        end->recent = g_renew(Mapped, end->recent, MAX(2 * n, 1));
    end->recent[n % RECENT_MAPPINGS] = mapped;
    end->n_mapped++;
}

/* Keeps the mapping of @n_bytes from position @begin on, unless it is that of the packet before. */
static void keep_mapping(End *end, int64_t begin, uint32_t n_bytes, int64_t offset, int64_t ts_ns)
{
    const Mapped *last =
        end->n_mapped > 0 ? &end->recent[(end->n_mapped - 1) % RECENT_MAPPINGS] : NULL;

    if (!last || last->begin != begin || last->end != begin + n_bytes || last->offset != offset)
        append_mapping(end, (Mapped){begin, begin + n_bytes, offset, ts_ns});
}

/* MP_CAPABLE with data maps the first of it. */
static void track_capable(const Packet *packet, const MpsMptcpOption *capable)
{
    End *end = packet->sending;

    if (capable->capable.has_data_length && end->has_syn &&
        packet->check->connection->side[packet->sender].has_idsn)
        keep_mapping(end, 1 + (int64_t)end->syn_taken, capable->capable.data_bytes, 0,
                     packet->event->ts_ns);
}

static void track_mapping(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const MpsMptcpOption *dss = packet->dss;
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);

    if (dss && event->segment.has_map_seq && mapped_bytes(dss) > 0)
        keep_mapping(packet->sending, event->segment.map_seq, mapped_bytes(dss),
                     event->segment.map_offset, event->ts_ns);
    else if (capable)
        track_capable(packet, capable);
}

/* Which step of the handshake @packet is the first of. */
static void track_step(const Packet *packet)
{
    Flow *flow = packet->flow;

    if (packet->syn && !flow->syn.packet) {
        flow->syn = packet_place(packet);
    } else if (packet->synack && !flow->synack.packet) {
        flow->synack = packet_place(packet);
    } else if (packet_is_third(packet)) {
        flow->third = packet_place(packet);
        flow->third_confirms = packet->subtypes & (1u << MPS_MP_CAPABLE | 1u << MPS_MP_JOIN) &&
                               packet->wire->payload_bytes == 0;
    } else if (!packet->synack && !packet->rst && packet->sender != flow->public->opened_by &&
               flow->third.packet && !flow->fourth.packet) {
        flow->fourth = packet_place(packet);
    }
}

/* What a packet that is not plain tells besides. */
static void track_other(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const MpsEvent *event = packet->event;
    End *sending = packet->sending;

    track_step(packet);
    if (packet->fin && !sending->fin.packet)
        sending->fin = packet_place(packet);
    if (packet->rst && !sending->rst.packet)
        sending->rst = packet_place(packet);
    if (wire->tcp_options & MPS_TCPOPT_TIMESTAMP && (packet->syn || packet->synack)) {
        sending->has_syn_tsval = !sending->has_syn_tsval || wire->tsval == sending->syn_tsval;
        sending->syn_tsval = wire->tsval;
        sending->syn_tsval_ns = wire->ts_ns;
    }
    packet->check->has_mapped[packet->sender] |= event->segment.has_map;
}

void track_after(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const MpsEvent *event = packet->event;
    End *sending = packet->sending;

    if (!packet->plain)
        track_other(packet);
    else if (!packet->flow->fourth.packet)
        track_step(packet);
    if (event->segment.has_seq && !packet->rst)
        sending->next = MAX(sending->next, event->segment.seq + wire->payload_bytes +
                                               (packet->syn || packet->synack) + packet->fin);
    if (event->segment.has_ack && !packet->rst) {
        sending->acked = MAX(sending->acked, event->segment.ack);
        sending->acked_ns = wire->ts_ns;
    }
    if (wire->n_mptcp > 0 && !packet->repeats)
        track_mapping(packet);
    if (wire->tcp_options & MPS_TCPOPT_TIMESTAMP) {
        sending->tsval = wire->tsval;
        sending->tsval_ns = wire->ts_ns;
    }
    sending->n_packets++;
    sending->n_data += wire->payload_bytes > 0;
    sending->last = packet_place(packet);
}
