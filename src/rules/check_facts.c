/* check_facts.c - what families ask of packets, subflows and the capture. */
#include "rules/check.h"

#include <string.h>

const MpsMptcpOption *packet_find_option(const Packet *packet, MpsSubtype subtype)
{
    const MpsSegment *wire = packet->wire;

    for (int i = 0; i < wire->n_mptcp; i++)
        if (wire->mptcp[i].subtype == subtype && wire->mptcp[i].status == MPS_OPT_OK)
            return &wire->mptcp[i];
    return NULL;
}

/* An option that ends beyond the header, or before its subtype, is not misshapen but no option. */
bool option_is_misshapen(const Packet *packet, const MpsMptcpOption *option)
{
    const MpsSegment *wire = packet->wire;
    const bool last = option == &wire->mptcp[wire->n_mptcp - 1];

    return option->status == MPS_OPT_MALFORMED && option->length >= 3 &&
           !(last && wire->options_malformed);
}

const MpsMptcpOption *packet_find_misshapen(const Packet *packet, MpsSubtype subtype)
{
    const MpsSegment *wire = packet->wire;

    if (packet->check->connection->version < 0 && !packet->syn && !packet->synack)
        return NULL;
    for (int i = 0; i < wire->n_mptcp; i++)
        if (wire->mptcp[i].subtype == subtype && option_is_misshapen(packet, &wire->mptcp[i]))
            return &wire->mptcp[i];
    return NULL;
}

bool packet_is_third(const Packet *packet)
{
    const Flow *flow = packet->flow;

    return !packet->syn && !packet->synack && packet->sender == flow->public->opened_by &&
           flow->synack.packet && !flow->third.packet;
}

bool packet_is_out_of_window(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const int64_t window = (int64_t)1 << 30; /* no window is larger, RFC 7323 section 2.3 */

    if (!packet->peer->acked || packet->syn || packet->synack)
        return false;
    return !event->segment.has_seq || event->segment.seq > packet->peer->acked + window ||
           event->segment.seq + window < packet->peer->acked;
}

Echo packet_echo(const Packet *packet)
{
    if (!packet->peer->has_syn_tsval || !(packet->wire->tcp_options & MPS_TCPOPT_TIMESTAMP))
        return ECHO_NONE;
    return packet->wire->tsecr == packet->peer->syn_tsval ? ECHO_SYN : ECHO_LATER;
}

bool flow_stamps_differ(const Flow *flow, MpsSide side)
{
    const MpsSubflow *subflow = flow->public;
    const End *end = &flow->end[side];
    const uint32_t ticks = end->tsval - end->syn_tsval;
    const int64_t rtt_ns = subflow->syn_to_synack_ns + subflow->synack_to_ack_ns;

    if (!end->has_syn_tsval || ticks < 10 || ticks > INT32_MAX || !flow->third_confirms ||
        subflow->syn_to_synack_ns == MPS_NO_TIME || subflow->synack_to_ack_ns == MPS_NO_TIME)
        return false;
    return rtt_ns / 3 > (end->tsval_ns - end->syn_tsval_ns) / (int64_t)ticks;
}

/* Shortest time in which packets went from the tap to @side and were answered; 0: not known. */
static int64_t half_rtt_ns(const Flow *flow, MpsSide side)
{
    const MpsSubflow *subflow = flow->public;
    const int64_t in_handshake =
        side == subflow->opened_by ? subflow->synack_to_ack_ns : subflow->syn_to_synack_ns;
    int64_t half_ns = in_handshake == MPS_NO_TIME ? INT64_MAX : in_handshake;

    if (subflow->side[other(side)].rtt_samples > 0)
        half_ns = MIN(half_ns, subflow->side[other(side)].rtt_min_ns);
    if (side != subflow->opened_by && flow->fourth.packet)
        half_ns = MIN(half_ns, flow->fourth.ts_ns - flow->third.ts_ns);
    return half_ns == INT64_MAX ? 0 : half_ns;
}

/* How long a packet is on its way at least if such were on it for @way_ns.  Paths become faster, if
 * not by much; below what hosts and taps take to order packets it may be. */
static int64_t surely_ns(int64_t way_ns)
{
    return way_ns < ORDER_NS ? way_ns / 4 : way_ns / 4 * 3;
}

int64_t flow_unanswered_until_ns(const Flow *flow, MpsSide side)
{
    const MpsSide opener = flow->public->opened_by;
    const int64_t to_opener_ns = half_rtt_ns(flow, opener);
    const int64_t to_acceptor_ns = half_rtt_ns(flow, other(opener));
    const int64_t way_ns = to_acceptor_ns + (side == opener ? to_opener_ns : 0);

    if (!flow->synack.packet || flow->out_of_order || flow->check->several_taps ||
        !flow->third_confirms || flow->end[opener].syn_bytes > 0 || to_acceptor_ns == 0)
        return 0;
    return MAX(flow->synack.ts_ns + surely_ns(to_opener_ns + way_ns),
               flow->third.ts_ns + surely_ns(way_ns));
}

int64_t flow_rtt_ns(const Flow *flow)
{
    const MpsSubflow *subflow = flow->public;
    int64_t rtt_ns = INT64_MAX;

    for (int side = 0; side < 2; side++)
        if (subflow->side[side].rtt_samples > 0)
            rtt_ns = MIN(rtt_ns, subflow->side[side].rtt_min_ns);
    if (subflow->syn_to_synack_ns != MPS_NO_TIME && subflow->synack_to_ack_ns != MPS_NO_TIME)
        rtt_ns = MIN(rtt_ns, subflow->syn_to_synack_ns + subflow->synack_to_ack_ns);
    return rtt_ns == INT64_MAX ? NO_RTT_NS : rtt_ns;
}

int64_t flow_at_once_ns(const Flow *flow)
{
    const int64_t rtt_ns = half_rtt_ns(flow, MPS_CLIENT) + half_rtt_ns(flow, MPS_SERVER);

    return MAX(10 * rtt_ns, 20 * MS_NS);
}

int64_t check_until_ns(const Check *check, int64_t since_ns)
{
    const MpsRules *rules = check->rules;
    int64_t until_ns = rules->now_ns;

    for (guint i = rules->holes->len; i-- > 0;) {
        const int64_t hole_ns = g_array_index(rules->holes, int64_t, i);

        if (hole_ns < since_ns)
            break;
        until_ns = MIN(until_ns, hole_ns);
    }
    return until_ns;
}

bool flow_is_open(const Flow *flow, MpsSide side)
{
    return !flow->end[side].fin.packet && !flow->end[MPS_CLIENT].rst.packet &&
           !flow->end[MPS_SERVER].rst.packet;
}

bool flow_was_open(const Flow *flow, int64_t ts_ns)
{
    if (flow->public->established_ns == MPS_NO_TIME || flow->public->established_ns > ts_ns)
        return false;
    for (int side = 0; side < 2; side++) {
        const End *end = &flow->end[side];

        if ((end->fin.packet && end->fin.ts_ns <= ts_ns) ||
            (end->rst.packet && end->rst.ts_ns <= ts_ns))
            return false;
    }
    return true;
}

bool check_has_keys(const Check *check)
{
    const MpsConnectionSide *side = check->connection->side;

    return side[MPS_CLIENT].has_key && side[MPS_SERVER].has_key &&
           check->connection->version >= 0 && !check->keys_doubtful;
}

/* The host whose packets alone no router has touched yet; 0: not known. */
static MpsVantage vantage_by_hops(const Check *check)
{
    if (check->came_far[MPS_CLIENT] == check->came_far[MPS_SERVER])
        return 0;
    return check->came_far[MPS_SERVER] ? MPS_VANTAGE_CLIENT : MPS_VANTAGE_SERVER;
}

MpsVantage check_vantage(const Check *check)
{
    const MpsVantage given = check->rules->options.vantage;
    const MpsVantage by_time = mps_vantage(check->connection), by_hops = vantage_by_hops(check);

    if (given)
        return given;
    if (check->several_taps) /* which of them has a packet, nobody knows */
        return 0;
    if (!by_time || !by_hops)
        return by_time ? by_time : by_hops;
    return by_time == by_hops ? by_time : MPS_VANTAGE_MIDDLE;
}

bool check_is_near(const Check *check, MpsSide side)
{
    return vantage_side(check_vantage(check)) == side;
}

bool side_is_complete(const Check *check, MpsSide side)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && flow->end[side].n_packets > 0 && !end_is_complete(&flow->end[side]))
            return false;
    }
    return true;
}

bool side_is_cut(const Check *check, MpsSide side)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow && flow->end[side].options_cut)
            return true;
    }
    return false;
}

bool check_has_initial(const Check *check)
{
    const GPtrArray *subflows = check->connection->subflows;

    return subflows->len > 0 &&
           ((const MpsSubflow *)g_ptr_array_index(subflows, 0))->kind == MPS_KIND_INITIAL;
}
