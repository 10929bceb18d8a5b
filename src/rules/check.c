/* check.c - runs the families over the packets of each connection, and settles the verdicts. */
#include "rules/check.h"

#include <string.h>

#include "rules/findings.h"

/* Faults of one rule that are kept one by one; more are counted with the last. */
enum { FAULTS_KEPT = 8 };

static const Family *const families[N_FAMILIES] = {
#define FAMILY(name) [FAMILY_##name] = &mps_rules_##name,
#include "rules/families.def"
#undef FAMILY
};

static const RuleInfo catalogue[N_RULES] = {
#define RULE(name, id, title, v1, v0, level, verdict, when, evidence)                              \
    [RULE_##name] = {id, title, v1, v0, level, VERDICT_##verdict, when, evidence},
#include "rules/rules.def"
#undef RULE
};

const RuleInfo *mps_rule_info(RuleId rule)
{
    return &catalogue[rule];
}

/* Each state aligned for anything. */
static size_t aligned(size_t n_bytes)
{
    return (n_bytes + 15) & ~(size_t)15;
}

MpsRules *mps_rules_new(const MpsRuleOptions *options)
{
    MpsRules *self = g_new0(MpsRules, 1);
    size_t run_bytes = 0;

    self->options = *options;
    self->check_bytes = aligned(sizeof(Check));
    self->flow_bytes = aligned(sizeof(Flow));
    self->checks = g_ptr_array_new_with_free_func(g_free);
    self->flows = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < N_FAMILIES; i++) {
        self->at[i].run = run_bytes;
        self->at[i].check = self->check_bytes;
        self->at[i].flow = self->flow_bytes;
        self->ever_quiet |= families[i]->is_quiet ? 1u << i : 0;
        run_bytes += aligned(families[i]->run_bytes);
        self->check_bytes += aligned(families[i]->check_bytes);
        self->flow_bytes += aligned(families[i]->flow_bytes);
    }
    self->states = g_malloc0(run_bytes);
    return self;
}

void mps_rules_free(MpsRules *self)
{
    if (!self)
        return;
    for (int i = 0; i < N_FAMILIES; i++)
        if (families[i]->clear_run)
            families[i]->clear_run(self);
    g_ptr_array_unref(self->checks);
    g_ptr_array_unref(self->flows);
    g_free(self->states);
    g_free(self);
}

/* Zeroed memory for a Check or Flow.  They come and go by thousands, and are too large for malloc()
 * to be quick. */
static void *take_block(GPtrArray *blocks, size_t n_bytes)
{
    return blocks->len > 0
               ? memset(g_ptr_array_steal_index_fast(blocks, blocks->len - 1), 0, n_bytes)
               : g_malloc0(n_bytes);
}

const MpsRuleOptions *rules_options(const MpsRules *rules)
{
    return &rules->options;
}

/* ---- packets ---- */

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

int64_t check_now_ns(const Check *check)
{
    return check->rules->now_ns;
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
    if (check->came_far[MPS_CLIENT] == check->came_far[MPS_SERVER] || check->several_taps)
        return 0;
    return check->came_far[MPS_SERVER] ? MPS_VANTAGE_CLIENT : MPS_VANTAGE_SERVER;
}

MpsVantage check_vantage(const Check *check)
{
    const MpsVantage given = check->rules->options.vantage;
    const MpsVantage by_time = mps_vantage(check->connection), by_hops = vantage_by_hops(check);

    if (given)
        return given;
    if (!by_time || !by_hops)
        return by_time ? by_time : by_hops;
    return by_time == by_hops ? by_time : MPS_VANTAGE_MIDDLE;
}

/* The host next to which a capture of @vantage was taken. */
static MpsSide near_side(MpsVantage vantage)
{
    return vantage == MPS_VANTAGE_CLIENT   ? MPS_CLIENT
           : vantage == MPS_VANTAGE_SERVER ? MPS_SERVER
                                           : MPS_NOBODY;
}

bool check_is_near(const Check *check, MpsSide side)
{
    return near_side(check_vantage(check)) == side;
}

/* ---- tracking ---- */

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
        const uint32_t most = 1 + end->ip_id_bytes / 500;

        if (step == 0 || step > most) {
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

static void track_stamp(End *end, const Packet *packet)
{
    const MpsSegment *wire = packet->wire;

    if (!(wire->tcp_options & MPS_TCPOPT_TIMESTAMP))
        return;
    if (packet->syn || packet->synack) {
        end->has_syn_tsval = !end->has_syn_tsval || wire->tsval == end->syn_tsval;
        end->syn_tsval = wire->tsval;
        end->syn_tsval_ns = wire->ts_ns;
    }
    end->tsval = wire->tsval;
    end->tsval_ns = wire->ts_ns;
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
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        check->base_moved |= check->unbased[side] && data[side].has_idsn;
    check->based = data[MPS_CLIENT].has_idsn && data[MPS_SERVER].has_idsn;
}

/* What has to be known before the families look at the packet. */
static void track_before(const Packet *packet)
{
    Flow *flow = packet->flow;

    track_ip_id(packet);
    flow->out_of_order |= is_out_of_order(packet);
    /* Without the SYN/ACK nobody knows where behind the data of a SYN the numbers begin. */
    if (packet->sending->syn_bytes > 0 && !flow->synack.packet && !packet->syn)
        packet->sending->has_syn = false;
    packet->check->several_taps |= packet->wire->capture_id < packet->check->capture_id;
    packet->check->capture_id = packet->wire->capture_id;
    packet->sending->options_cut |=
        !packet->options_whole || packet->ambiguous || flow->clashes || packet->check->several_taps;
    if (packet->wire->n_mptcp > 0 && !packet->check->based)
        track_base(packet);
    if (packet->syn || packet->synack) {
        track_hops(packet);
        track_syn(packet->sending, packet);
        agree_wscale(flow);
    }
    if (packet->synack && packet->event->segment.has_ack && packet->peer->syn_bytes > 0)
        packet->peer->syn_taken =
            (uint32_t)CLAMP(packet->event->segment.ack - 1, 0, (int64_t)packet->peer->syn_bytes);
}

static bool same_mapping(const Mapped *a, const Mapped *b)
{
    return a->begin == b->begin && a->end == b->end && a->offset == b->offset;
}

static void keep_mapping(End *end, const Mapped *mapped)
{
    const uint64_t n = end->n_mapped;

    if (n > 0 && same_mapping(&end->recent[(n - 1) % RECENT_MAPPINGS], mapped))
        return;
    if (n < RECENT_MAPPINGS && (n & (n - 1)) == 0) /* full: there is room for a power of two */
        end->recent = g_renew(Mapped, end->recent, MAX(2 * n, 1));
    end->recent[n % RECENT_MAPPINGS] = *mapped;
    end->n_mapped++;
}

static void track_mapping(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const MpsMptcpOption *dss = packet->dss;
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);
    End *end = packet->sending;
    Mapped mapped = {.ts_ns = event->ts_ns};

    if (dss && event->segment.has_map_seq && mapped_bytes(dss) > 0) {
        mapped.begin = event->segment.map_seq;
        mapped.end = mapped.begin + mapped_bytes(dss);
        mapped.offset = event->segment.map_offset;
    } else if (capable && capable->capable.has_data_length && end->has_syn &&
               packet->check->connection->side[packet->sender].has_idsn) {
        mapped.begin = 1 + (int64_t)end->syn_taken;
        mapped.end = mapped.begin + capable->capable.data_bytes;
    } else {
        return;
    }
    keep_mapping(end, &mapped);
}

/* What counts from the next packet on. */
static void track_after(const Packet *packet)
{
    const MpsSegment *wire = packet->wire;
    const MpsEvent *event = packet->event;
    Flow *flow = packet->flow;
    End *sending = packet->sending;
    const Place place = packet_place(packet);

    if (packet->syn && !flow->syn.packet)
        flow->syn = place;
    else if (packet->synack && !flow->synack.packet)
        flow->synack = place;
    else if (packet_is_third(packet)) {
        flow->third = place;
        flow->third_confirms = packet->subtypes & (1u << MPS_MP_CAPABLE | 1u << MPS_MP_JOIN);
    } else if (!packet->synack && !packet->rst && packet->sender != flow->public->opened_by &&
               flow->third.packet && !flow->fourth.packet)
        flow->fourth = place;
    if (event->segment.has_seq && !packet->rst)
        sending->next = MAX(sending->next, event->segment.seq + wire->payload_bytes +
                                               (packet->syn || packet->synack) + packet->fin);
    if (event->segment.has_ack && !packet->rst)
        sending->acked = MAX(sending->acked, event->segment.ack);
    if (wire->n_mptcp > 0)
        track_mapping(packet);
    if (packet->fin && !sending->fin.packet)
        sending->fin = place;
    if (packet->rst && !sending->rst.packet)
        sending->rst = place;
    track_stamp(sending, packet);
    sending->n_packets++;
    sending->n_data += wire->payload_bytes > 0;
    sending->last = place;
}

/* ---- events ---- */

/* What families said of plain packets holds no longer. */
static void begin_epoch(Check *check)
{
    check->epoch = ++check->rules->epochs;
}

static Check *check_of(MpsRules *rules, MpsConnection *connection)
{
    Check *check = connection->check;

    if (check)
        return check;
    check = take_block(rules->checks, rules->check_bytes);
    check->rules = rules;
    check->connection = connection;
    begin_epoch(check);
    connection->check = check;
    return check;
}

/* A subflow may have moved to another connection since its last packet. */
static Flow *flow_in(Check *check, MpsSubflow *subflow)
{
    Flow *flow = subflow->check;

    if (!flow) {
        flow = take_block(check->rules->flows, check->rules->flow_bytes);
        flow->public = subflow;
        subflow->check = flow;
    }
    flow->check = check;
    return flow;
}

/* Whether @packet is far beyond what its sender, or acknowledges what is far beyond what its peer,
 * is known to have sent. */
static bool is_far(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const int64_t missed = 1 << 20; /* the capture may lack as much */

    return (packet->sending->n_packets > 0 &&
            (!event->segment.has_seq || event->segment.seq > packet->sending->next + missed)) ||
           (packet->ack && packet->peer->n_packets > 0 &&
            (!event->segment.has_ack || event->segment.ack > packet->peer->next + missed));
}

/* Whether @packet belongs to a later connection with the same addresses and ports, whose SYN the
 * capture lacks. */
static bool is_of_another(const Packet *packet)
{
    const Flow *flow = packet->flow;
    const bool closed = flow->end[0].rst.packet || flow->end[1].rst.packet ||
                        (flow->end[0].fin.packet && flow->end[1].fin.packet);
    const uint32_t answered = packet->wire->ack - packet->peer->isn - 1;

    if (!(packet->subtypes & 1u << MPS_MP_CAPABLE) || packet->syn)
        return false;
    if (packet->synack && packet->peer->has_syn)
        return answered > packet->peer->syn_bytes &&
               packet->peer->next > 1 + (int64_t)packet->peer->syn_bytes;
    return closed || is_far(packet);
}

static void note_options(Packet *packet)
{
    const MpsSegment *wire = packet->wire;

    for (int i = 0; i < wire->n_mptcp; i++) {
        const MpsMptcpOption *option = &wire->mptcp[i];

        if (option->status != MPS_OPT_OK) {
            packet->has_unwhole = true;
            continue;
        }
        if (option->subtype == MPS_DSS && packet->dss)
            packet->ambiguous = true;
        else if (option->subtype == MPS_DSS)
            packet->dss = option;
        packet->subtypes |= 1u << option->subtype;
    }
}

static bool is_plain_dss(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const MpsMptcpOption *dss = packet->dss;

    return packet->wire->n_mptcp == 1 && dss && !dss->dss.data_fin &&
           !(dss->dss.has_map && dss->dss.data_bytes == 0) &&
           !(event->segment.has_map && event->segment.map_offset < 0) &&
           !(event->segment.has_data_ack && event->segment.data_ack < 0);
}

static bool is_plain(const Packet *packet)
{
    const uint8_t steps = MPS_TCP_SYN | MPS_TCP_FIN | MPS_TCP_RST;
    const Check *check = packet->check;

    return !(packet->wire->flags & steps) && packet->options_whole &&
           (packet->wire->n_mptcp == 0 || is_plain_dss(packet)) && !check->fallen_back &&
           !check->keys_doubtful && !check->connection->fallback;
}

/* Bits (1 << FamilyId) of all families. */
#define ALL_FAMILIES ((1u << N_FAMILIES) - 1)

/* Those that may say something of @packet. */
static unsigned fit_families(const Packet *packet)
{
    return packet->ambiguous       ? 1u << FAMILY_opt
           : packet->flow->clashes ? 1u << FAMILY_opt | 1u << FAMILY_join
                                   : ALL_FAMILIES;
}

/* Those with something to do for @packet. */
static unsigned loud_families(const Packet *packet)
{
    const End *sending = packet->sending;

    return packet->plain && sending->quiet_epoch == packet->check->epoch
               ? fit_families(packet) & ~sending->quiet
               : fit_families(packet);
}

/* Each call has a place of its own in the code: so the processor predicts it. */
static void show_families(const Packet *packet)
{
    const uint64_t epoch = packet->check->epoch;
    unsigned loud = loud_families(packet);

#define FAMILY(name)                                                                               \
    if (loud & 1u << FAMILY_##name) {                                                              \
        mps_rules_##name.segment(packet);                                                          \
        if (packet->check->epoch != epoch) /* a fault wakes up those behind it */                  \
            loud = fit_families(packet);                                                           \
    }
#include "rules/families.def"
#undef FAMILY
}

static void ask_families(const Packet *packet)
{
    End *sending = packet->sending;
    unsigned left = loud_families(packet) & packet->check->rules->ever_quiet;

    if (!left)
        return;
    sending->quiet = packet->check->rules->ever_quiet & ~left;
    sending->quiet_epoch = packet->check->epoch;
    for (; left; left &= left - 1) {
        const int family = __builtin_ctz(left);

        if (families[family]->is_quiet(packet))
            sending->quiet |= 1u << family;
    }
}

static void take_segment(Check *check, Flow *flow, const MpsEvent *event)
{
    const MpsSegment *wire = event->segment.wire;
    const uint8_t syns = wire->flags & (MPS_TCP_SYN | MPS_TCP_ACK);
    Packet packet = {
        .check = check,
        .flow = flow,
        .event = event,
        .wire = wire,
        .sender = event->direction,
        .sending = &flow->end[event->direction],
        .peer = &flow->end[other(event->direction)],
        .syn = syns == MPS_TCP_SYN,
        .synack = syns == (MPS_TCP_SYN | MPS_TCP_ACK),
        .ack = wire->flags & MPS_TCP_ACK,
        .rst = wire->flags & MPS_TCP_RST,
        .fin = wire->flags & MPS_TCP_FIN,
        .options_whole = !wire->options_cut && !wire->options_malformed,
    };

    note_options(&packet);
    packet.again = (wire->payload_bytes > 0 && event->segment.unique_bytes == 0) ||
                   (packet.syn && flow->syn.packet) || (packet.synack && flow->synack.packet);
    flow->reused |= is_of_another(&packet);
    if (flow->reused)
        return;
    packet.plain = is_plain(&packet);
    track_before(&packet);
    show_families(&packet);
    track_after(&packet);
    if (packet.plain)
        ask_families(&packet);
    else
        begin_epoch(check);
}

unsigned mps_rules_wants(void)
{
    return MPS_WANTS(MPS_EV_SEGMENT) | MPS_WANTS(MPS_EV_SIGNAL);
}

void mps_rules_event(MpsRules *self, const MpsEvent *event)
{
    if (event->kind != MPS_EV_SEGMENT && event->kind != MPS_EV_SIGNAL)
        return;

    Check *check = check_of(self, event->connection);
    Flow *flow = event->subflow ? flow_in(check, event->subflow) : NULL;

    self->now_ns = MAX(self->now_ns, event->ts_ns);
    if (event->kind == MPS_EV_SEGMENT) {
        take_segment(check, flow, event);
        return;
    }
    for (int i = 0; i < N_FAMILIES; i++)
        if (families[i]->signal)
            families[i]->signal(check, flow, event);
    begin_epoch(check);
}

/* ---- evidence ---- */

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

/* ---- reports ---- */

char *text(const char *format, ...)
{
    va_list arguments;
    char *made;

    va_start(arguments, format);
    made = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return made;
}

static bool same_fault(const Fault *a, const Fault *b)
{
    return a->rule == b->rule && a->subflow_id == b->subflow_id && a->verdict == b->verdict &&
           a->host == b->host && a->field == b->field && a->unproven == b->unproven;
}

void rule_fault_at(Check *check, const MpsSubflow *subflow, MpsSide sender, Place place,
                   Fault fault)
{
    Fault *before = NULL;

    begin_epoch(check);
    if (!check->faults)
        check->faults = g_array_new(FALSE, FALSE, sizeof(Fault));
    fault.verdict = fault.verdict ? fault.verdict : catalogue[fault.rule].verdict;
    fault.suspect = fault.suspect ? fault.suspect : SUSPECT_SENDER;
    if (!fault.has_host)
        fault.host = fault.suspect == SUSPECT_RECEIVER && sender != MPS_NOBODY ? other(sender)
                     : fault.suspect == SUSPECT_PATH                           ? MPS_NOBODY
                                                                               : sender;
    fault.subflow_id = subflow ? subflow->id : 0;
    fault.sender = sender;
    fault.place = place;
    fault.count = 1;
    for (guint i = check->faults->len; i-- > 0 && !before;) {
        Fault *each = &g_array_index(check->faults, Fault, i);

        if (same_fault(each, &fault) ||
            (each->rule == fault.rule && check->n_faults[fault.rule] >= FAULTS_KEPT))
            before = each;
    }
    if (before) {
        before->count++;
        g_free(fault.expected);
        g_free(fault.seen);
        return;
    }
    check->n_faults[fault.rule]++;
    g_array_append_val(check->faults, fault);
}

void rule_fault(const Packet *packet, Fault fault)
{
    rule_fault_at(packet->check, packet->flow->public, packet->sender, packet_place(packet), fault);
}

/* ---- the end ---- */

bool check_has_initial(const Check *check)
{
    const GPtrArray *subflows = check->connection->subflows;

    return subflows->len > 0 &&
           ((const MpsSubflow *)g_ptr_array_index(subflows, 0))->kind == MPS_KIND_INITIAL;
}

/* Whether packets of the connection were acknowledged, but not captured. */
static bool is_broken(const Check *check)
{
    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        if (subflow->side[MPS_C2S].ledger.missing_bytes > 0 ||
            subflow->side[MPS_S2C].ledger.missing_bytes > 0)
            return true;
    }
    return false;
}

/* Payload that may be data, but nobody knows which. */
static uint64_t unmapped_bytes(const Check *check, MpsSide side)
{
    uint64_t n_bytes = 0;

    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        n_bytes += subflow->side[side].ledger.unmapped_bytes;
    }
    return n_bytes;
}

/* Evidence that the capture turned out to lack. */
static unsigned lacking(const Check *check, const Fault *fault, MpsVantage vantage)
{
    const MpsSide near = near_side(vantage);
    unsigned lacking = check_has_initial(check) ? 0 : EV_ALL, needs = fault->needs;

    if (is_broken(check))
        lacking |= EV_NOGAP;

    /* What rests on the absence of packets rests on that of options. */
    if (needs & EV_NOGAP) {
        needs |= EV_OPT;
        if (side_is_cut(check, MPS_CLIENT) || side_is_cut(check, MPS_SERVER))
            lacking |= EV_OPT;
    }

    for (guint i = 0; i < check_n_flows(check); i++) {
        const MpsSubflow *subflow = g_ptr_array_index(check->connection->subflows, i);

        if (subflow->syn_ns == MPS_NO_TIME)
            lacking |= EV_ALL;
    }
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (check->connection->side[side].data_acked_bytes >
            check->connection->side[side].data_bytes +
                (fault->rule == RULE_DSS_08 ? unmapped_bytes(check, side) : 0))
            lacking |= EV_ALL | EV_NOGAP; /* acknowledged, never captured */
    if (near == MPS_NOBODY || near != fault->sender)
        lacking |= EV_VTX;
    if (near == MPS_NOBODY || near == fault->sender)
        lacking |= EV_VRX;
    return lacking & needs;
}

/* What the connection tells of the run. */
static void sum_up(Check *check)
{
    check->rules->n_broken += is_broken(check);
    for (guint i = 0; i < check_n_flows(check); i++) {
        const Flow *flow = check_flow(check, i);

        if (flow)
            check->rules->n_next += flow->end[MPS_CLIENT].n_next + flow->end[MPS_SERVER].n_next;
    }
}

/* Packets before which nothing is missing, so many that a capture that lacks one somewhere would
 * hardly lack just the one that matters. */
enum { WHOLE_PACKETS = 512 };

static bool is_whole(const Check *check)
{
    return check->rules->n_next >= WHOLE_PACKETS && check->rules->n_broken == 0;
}

static void settle(const Check *check, Fault *fault, MpsVantage vantage)
{
    const unsigned missing = lacking(check, fault, vantage);

    fault->needs = missing;
    fault->unproven |= fault->unseen && !is_whole(check);
    if (missing & (EV_NOGAP | EV_ALL | EV_OPT))
        fault->verdict = VERDICT_NOT_CHECKABLE;
    else if (missing || fault->unproven)
        fault->verdict = VERDICT_WARNING;
}

static void judge(Check *check, MpsRowSink *rows)
{
    const MpsVantage vantage = check_vantage(check);

    for (int i = 0; i < N_FAMILIES; i++)
        if (families[i]->finish)
            families[i]->finish(check);
    sum_up(check);
    for (guint i = 0; check->faults && i < check->faults->len; i++)
        settle(check, &g_array_index(check->faults, Fault, i), vantage);
    mps_findings_write(check, rows);
}

static void free_flow(Flow *flow)
{
    for (int i = 0; i < N_FAMILIES; i++)
        if (families[i]->clear_flow)
            families[i]->clear_flow(flow);
    for (int side = 0; side < 2; side++)
        g_free(flow->end[side].recent);
    g_ptr_array_add(flow->check->rules->flows, flow);
}

static void free_check(Check *check)
{
    for (int i = 0; i < N_FAMILIES; i++)
        if (families[i]->clear_check)
            families[i]->clear_check(check);
    for (guint i = 0; check->faults && i < check->faults->len; i++) {
        g_free(g_array_index(check->faults, Fault, i).expected);
        g_free(g_array_index(check->faults, Fault, i).seen);
    }
    if (check->faults)
        g_array_unref(check->faults);
    g_free(check->missing);
    g_ptr_array_add(check->rules->checks, check);
}

void mps_rules_closed(MpsRules *self, MpsConnection *connection, MpsRowSink *rows)
{
    Check *check = check_of(self, connection);

    judge(check, rows);
    for (guint i = 0; i < connection->subflows->len; i++) {
        MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        Flow *flow = check_flow(check, i);

        if (flow)
            free_flow(flow);
        subflow->check = NULL;
    }
    free_check(check);
    connection->check = NULL;
}
