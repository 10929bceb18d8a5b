/* check.c - runs the families over the packets of each connection. */
#include "rules/check_parts.h"

#include <string.h>

#include "rules/findings.h"
#include "rules/known.h"

const Family *const mps_families[N_FAMILIES] = {
#define FAMILY(name, quiet) [FAMILY_##name] = &mps_rules_##name,
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
    self->holes = g_array_new(FALSE, FALSE, sizeof(int64_t));
    for (int i = 0; i < N_FAMILIES; i++) {
        self->at[i].run = run_bytes;
        self->at[i].check = self->check_bytes;
        self->at[i].flow = self->flow_bytes;
        self->ever_quiet |= mps_families[i]->is_quiet ? 1u << i : 0;
        run_bytes += aligned(mps_families[i]->run_bytes);
        self->check_bytes += aligned(mps_families[i]->check_bytes);
        self->flow_bytes += aligned(mps_families[i]->flow_bytes);
    }
    self->states = g_malloc0(run_bytes);
    return self;
}

void mps_rules_free(MpsRules *self)
{
    if (!self)
        return;
    for (int i = 0; i < N_FAMILIES; i++)
        if (mps_families[i]->clear_run)
            mps_families[i]->clear_run(self);
    g_ptr_array_unref(self->checks);
    g_ptr_array_unref(self->flows);
    g_array_unref(self->holes);
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

Check *new_check(MpsRules *rules, MpsConnection *connection)
{
    Check *check = take_block(rules->checks, rules->check_bytes);

    check->rules = rules;
    check->connection = connection;
    connection->check = check;
    return check;
}

Flow *new_flow(MpsRules *rules, MpsSubflow *subflow)
{
    Flow *flow = take_block(rules->flows, rules->flow_bytes);

    flow->public = subflow;
    subflow->check = flow;
    return flow;
}

static Check *check_of(MpsRules *rules, MpsConnection *connection)
{
    Check *check = connection->check;

    if (check)
        return check;
    check = new_check(rules, connection);
    wake_families(check);
    return check;
}

/* A subflow may have moved to another connection since its last packet. */
static Flow *flow_in(Check *check, MpsSubflow *subflow)
{
    Flow *flow = subflow->check ? subflow->check : new_flow(check->rules, subflow);

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

/* Whether MP_CAPABLE, which comes with the first data at the latest, is behind data that was seen,
 * and with another key.  With a SYN it is known where the data begins: MPC-13 judges then. */
static bool begins_anew(const Packet *packet)
{
    const MpsConnectionSide *side = &packet->check->connection->side[packet->sender];
    const MpsMptcpOption *capable = packet_option(packet, MPS_MP_CAPABLE);

    return !packet->sending->has_syn && packet->sending->n_data > 0 &&
           packet->event->segment.seq >= packet->sending->next && capable->capable.has_sender_key &&
           side->has_key && capable->capable.sender_key != side->key;
}

/* Whether @packet belongs to a later connection with the same addresses and ports, whose SYN the
 * capture lacks. */
static bool is_of_another(const Packet *packet)
{
    const Flow *flow = packet->flow;
    const End *peer = packet->peer;

    if (!(packet->subtypes & 1u << MPS_MP_CAPABLE) || packet->syn)
        return false;
    if (packet->synack && peer->has_syn)
        return packet->wire->ack - peer->isn - 1 > peer->syn_bytes &&
               peer->next > 1 + (int64_t)peer->syn_bytes;
    return flow->end[0].rst.packet || flow->end[1].rst.packet ||
           (flow->end[0].fin.packet && flow->end[1].fin.packet) || is_far(packet) ||
           begins_anew(packet);
}

static G_GNUC_NO_INLINE void note_all_options(Packet *packet)
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

/* Most packets have one. */
static void note_options(Packet *packet)
{
    const MpsMptcpOption *first = packet->wire->mptcp;
    const uint8_t n_mptcp = packet->wire->n_mptcp;

    if (n_mptcp == 1 && first->status == MPS_OPT_OK) {
        packet->subtypes = 1u << first->subtype;
        packet->dss = first->subtype == MPS_DSS ? first : NULL;
    } else if (n_mptcp > 0) {
        note_all_options(packet);
    }
}

/* Of a packet that takes a step in the life of its subflow. */
static G_GNUC_NO_INLINE void note_step(Packet *packet)
{
    const Flow *flow = packet->flow;
    const uint8_t flags = packet->wire->flags, syns = flags & (MPS_TCP_SYN | MPS_TCP_ACK);

    packet->syn = syns == MPS_TCP_SYN;
    packet->synack = syns == (MPS_TCP_SYN | MPS_TCP_ACK);
    packet->rst = flags & MPS_TCP_RST;
    packet->fin = flags & MPS_TCP_FIN;
    packet->again |= (packet->syn && flow->syn.packet) || (packet->synack && flow->synack.packet);
}

static bool is_plain_dss(const Packet *packet, const MpsMptcpOption *dss)
{
    const MpsEvent *event = packet->event;

    if ((dss->byte2 & 0x0f) || (dss->byte3 & 0xe0) || dss->dss.data_fin ||
        (event->segment.has_data_ack && event->segment.data_ack < 0))
        return false;
    return !dss->dss.has_map ||
           (dss->dss.data_bytes > 0 && packet->check->has_mapped[packet->sender] &&
            !(event->segment.has_map && event->segment.map_offset < 0));
}

static bool is_in_use(const Packet *packet)
{
    const Check *check = packet->check;

    return !packet->flow->clashes && !check->fallen_back && !check->keys_doubtful &&
           !check->connection->fallback;
}

/* Of a packet that takes no step. */
static bool is_plain(const Packet *packet)
{
    const MpsEvent *event = packet->event;
    const uint8_t n_mptcp = packet->wire->n_mptcp;

    return packet->options_whole && event->segment.has_seq && event->segment.has_ack &&
           (n_mptcp == 0 || (n_mptcp == 1 && packet->dss && is_plain_dss(packet, packet->dss))) &&
           (packet->wire->payload_bytes == 0 || packet->sending->n_data > 0) &&
           (packet->sending->quiet_epoch == packet->check->epoch || is_in_use(packet));
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

static G_GNUC_NO_INLINE void take_other(const Packet *packet)
{
    const unsigned fit = fit_families(packet);

    track_before(packet);
    for (int i = 0; i < N_FAMILIES; i++)
        if (fit & 1u << i)
            mps_families[i]->segment(packet);
    track_after(packet);
    wake_families(packet->check);
}

/* Shows the plain @packet to the families from @first on that are not @quiet; those that are may
 * note it. */
static G_GNUC_NO_INLINE void show_families(const Packet *packet, int first, unsigned quiet)
{
    const uint64_t epoch = packet->check->epoch;

    for (int i = first; i < N_FAMILIES; i++) {
        if (!(quiet & 1u << i))
            mps_families[i]->segment(packet);
        else if (mps_families[i]->note)
            mps_families[i]->note(packet);
        if (packet->check->epoch != epoch) /* a fault wakes up those behind it */
            quiet = 0;
    }
}

/* The same where all are quiet that can be.  Each call has a place of its own in the code: so the
 * processor predicts it. */
static void show_few_families(const Packet *packet)
{
    const uint64_t epoch = packet->check->epoch;

#define SHOW(name, function)                                                                       \
    mps_rules_##name.function(packet);                                                             \
    if (packet->check->epoch != epoch) {                                                           \
        show_families(packet, FAMILY_##name + 1, 0);                                               \
        return;                                                                                    \
    }
#define JUDGES(name) SHOW(name, segment)
#define NOTES(name)                                                                                \
    if (!packet->repeats) {                                                                        \
        SHOW(name, note)                                                                           \
    }
#define SLEEPS(name)
#define FAMILY(name, quiet) quiet(name)
#include "rules/families.def"
#undef FAMILY
#undef SLEEPS
#undef NOTES
#undef JUDGES
#undef SHOW
}

/* Asks those that were not quiet so far: @quiet are, for plain packets of this sender. */
static void ask_families(const Packet *packet, unsigned quiet)
{
    End *sending = packet->sending;

    for (unsigned left = packet->check->rules->ever_quiet & ~quiet; left; left &= left - 1) {
        const int family = __builtin_ctz(left);

        if (mps_families[family]->is_quiet(packet))
            quiet |= 1u << family;
    }
    sending->quiet = quiet;
    sending->quiet_epoch = packet->check->epoch;
}

/* Returns whether the numbers of @packet are @before; puts them there. */
static bool repeats(const Packet *packet, Numbers *before)
{
    const MpsEvent *event = packet->event;
    const MpsMptcpOption *dss = packet->dss;

    if (dss && event->segment.data_ack == before->data_ack &&
        event->segment.map_offset == before->map_offset && event->segment.ack == before->ack &&
        event->segment.map_seq == before->map_seq && packet->wire->window == before->window &&
        dss->dss.dsn == before->dsn && dss->dss.ssn == before->ssn &&
        dss->dss.data_bytes == before->data_bytes && dss->dss.checksum == before->checksum &&
        dss->byte3 == before->flags)
        return true;
    *before = !dss ? (Numbers){0}
                   : (Numbers){.map_offset = event->segment.map_offset,
                               .map_seq = event->segment.map_seq,
                               .data_ack = event->segment.data_ack,
                               .ack = event->segment.ack,
                               .dsn = dss->dss.dsn,
                               .ssn = dss->dss.ssn,
                               .data_bytes = dss->dss.data_bytes,
                               .checksum = dss->dss.checksum,
                               .window = packet->wire->window,
                               .flags = dss->byte3};
    return false;
}

static void take_plain(Packet *packet)
{
    Check *check = packet->check;
    End *sending = packet->sending;

    track_before(packet);

    const uint64_t epoch = check->epoch;
    const unsigned quiet = sending->quiet_epoch == epoch ? sending->quiet : 0;

    if (quiet == check->rules->ever_quiet) {
        packet->repeats = repeats(packet, &sending->numbers);
        check->n_repeats += packet->repeats;
        show_few_families(packet);
    } else {
        sending->numbers = (Numbers){0};
        show_families(packet, 0, quiet);
    }
    track_after(packet);
    if (quiet != check->rules->ever_quiet)
        ask_families(packet, check->epoch == epoch ? quiet : 0);
}

/* The connection that @packet belongs to is one of its hosts' that nothing is known of. */
static G_GNUC_NO_INLINE void give_up(const Packet *packet)
{
    Known *known = known_of(packet->check);

    packet->flow->reused = true;
    known_meet(known, &packet->wire->src.address, true);
    known_meet(known, &packet->wire->dst.address, true);
}

static G_GNUC_NO_INLINE void take_segment(MpsRules *self, const MpsEvent *event)
{
    Check *check = check_of(self, event->connection);
    Flow *flow = flow_in(check, event->subflow);
    const MpsSegment *wire = event->segment.wire;
    const bool step = wire->flags & (MPS_TCP_SYN | MPS_TCP_FIN | MPS_TCP_RST | MPS_TCP_URG);
    Packet packet = {
        .check = check,
        .flow = flow,
        .event = event,
        .wire = wire,
        .sender = event->direction,
        .sending = &flow->end[event->direction],
        .peer = &flow->end[other(event->direction)],
        .ack = wire->flags & MPS_TCP_ACK,
        .options_whole = !wire->options_cut && !wire->options_malformed,
        .again = wire->payload_bytes > 0 && event->segment.unique_bytes == 0,
    };

    self->now_ns = MAX(self->now_ns, event->ts_ns);
    note_options(&packet);
    if (step)
        note_step(&packet);
    if (!flow->reused && is_of_another(&packet))
        give_up(&packet);
    if (flow->reused)
        return;
    packet.plain = !step && is_plain(&packet);
    if (packet.plain)
        take_plain(&packet);
    else
        take_other(&packet);
}

unsigned mps_rules_wants(void)
{
    return MPS_WANTS(MPS_EV_SEGMENT) | MPS_WANTS(MPS_EV_SIGNAL);
}

static G_GNUC_NO_INLINE void take_signal(MpsRules *self, const MpsEvent *event)
{
    Check *check = check_of(self, event->connection);
    Flow *flow = event->subflow ? flow_in(check, event->subflow) : NULL;

    self->now_ns = MAX(self->now_ns, event->ts_ns);
    for (int i = 0; i < N_FAMILIES; i++)
        if (mps_families[i]->signal)
            mps_families[i]->signal(check, flow, event);
    wake_families(check);
}

/* Of most kinds there is nothing to do. */
void mps_rules_event(MpsRules *self, const MpsEvent *event)
{
    if (event->kind == MPS_EV_SEGMENT)
        take_segment(self, event);
    else if (event->kind == MPS_EV_SIGNAL)
        take_signal(self, event);
}

void mps_rules_hole(MpsRules *self, int64_t from_ns)
{
    g_array_append_val(self->holes, from_ns);
}

static void judge(Check *check, MpsRowSink *rows)
{
    for (int i = 0; i < N_FAMILIES; i++)
        if (mps_families[i]->finish)
            mps_families[i]->finish(check);
    settle_faults(check);
    mps_findings_write(check, rows);
}

static void free_flow(Flow *flow)
{
    for (int i = 0; i < N_FAMILIES; i++)
        if (mps_families[i]->clear_flow)
            mps_families[i]->clear_flow(flow);
    for (int side = 0; side < 2; side++)
        g_free(flow->end[side].recent);
    g_ptr_array_add(flow->check->rules->flows, flow);
}

static void free_check(Check *check)
{
    for (int i = 0; i < N_FAMILIES; i++)
        if (mps_families[i]->clear_check)
            mps_families[i]->clear_check(check);
    clear_faults(check);
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
