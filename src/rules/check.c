/* check.c - runs the families over the packets of each connection. */
#include "rules/check_parts.h"

#include <string.h>

#include "rules/findings.h"

const Family *const mps_families[N_FAMILIES] = {
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
    begin_epoch(check);
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

        if (mps_families[family]->is_quiet(packet))
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
        if (mps_families[i]->signal)
            mps_families[i]->signal(check, flow, event);
    begin_epoch(check);
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
