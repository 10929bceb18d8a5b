/* metric_use.c - why an established subflow carried (nearly) nothing. */
#include "metrics/metrics.h"

/* How much data the connection had carried, by direction. */
typedef struct {
    bool known;
    uint64_t data_bytes[2];
} Progress;

typedef struct {
    Progress established; /* when it could have been used */
} State;

static const MpsColumn columns[] = {
    {"use_reason", MPS_TEXT,
     "why it is unused or under-used: late (established within the last 5 % of the data of every "
     "direction, or after it), backup (a host set the B bit, at the join or later), slower (its "
     "handshake RTT or mean RTT is at least 10 % and 1 ms above that of the subflow with most "
     "data); NULL: "
     "none found, or it was used"},
    {0},
};

/* Late: the part of a direction's data that was left. */
static const double LEFT = 0.05;
/* Slower: by less than this factor, or this time, could be chance. */
static const double SLOWER = 1.1, SLOWER_NS = 1e6;
/* RTT samples that make a mean. */
enum { ENOUGH_SAMPLES = 3 };

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    Progress *at = &self->established;

    if (event->signal.what != MPS_SIGNAL_ESTABLISHED)
        return;
    at->known = true;
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++)
        at->data_bytes[side] = event->connection->side[side].data_bytes;
}

static bool is_late(const State *self, const MpsSubject *subject)
{
    const MpsSubflow *subflow = subject->subflow;
    const Progress *at = &self->established;

    if (!at->known || subflow->kind != MPS_KIND_JOIN)
        return false;
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const double all = (double)subject->connection->side[side].data_bytes;

        if (all > 0 && all - (double)at->data_bytes[side] > LEFT * all)
            return false;
    }
    return true;
}

static bool is_backup(const MpsSubflow *subflow)
{
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (subflow->side[side].backup || subflow->side[side].backup_now)
            return true;
    return false;
}

static uint64_t carried(const MpsSubflow *subflow)
{
    return subflow->side[MPS_CLIENT].ledger.data_bytes +
           subflow->side[MPS_SERVER].ledger.data_bytes;
}

static double handshake_rtt(const MpsSubflow *subflow)
{
    if (subflow->syn_to_synack_ns == MPS_NO_TIME || subflow->synack_to_ack_ns == MPS_NO_TIME)
        return 0;
    return (double)subflow->syn_to_synack_ns + (double)subflow->synack_to_ack_ns;
}

static bool is_longer(double rtt_ns, double than_ns)
{
    return rtt_ns > SLOWER * than_ns && rtt_ns > than_ns + SLOWER_NS;
}

static bool is_slower(const MpsSubject *subject)
{
    const GPtrArray *subflows = subject->connection->subflows;
    const MpsSubflow *most = subject->subflow;
    const double own = handshake_rtt(subject->subflow);

    for (guint i = 0; i < subflows->len; i++) {
        const MpsSubflow *each = g_ptr_array_index(subflows, i);

        if (carried(each) > carried(most))
            most = each;
    }
    if (most == subject->subflow)
        return false;
    if (own > 0 && handshake_rtt(most) > 0 && is_longer(own, handshake_rtt(most)))
        return true;
    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const MpsSubflowSide *a = &subject->subflow->side[side], *b = &most->side[side];

        if (a->rtt_samples >= ENOUGH_SAMPLES && b->rtt_samples >= ENOUGH_SAMPLES &&
            is_longer(a->rtt_sum_ns / (double)a->rtt_samples,
                      b->rtt_sum_ns / (double)b->rtt_samples))
            return true;
    }
    return false;
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const MpsUse use = mps_subflow_use(subject->subflow);

    if (use == MPS_UNUSED || use == MPS_UNDER_USED)
        values[0] = mps_text(is_late(state, subject)       ? "late"
                             : is_backup(subject->subflow) ? "backup"
                             : is_slower(subject)          ? "slower"
                                                           : NULL);
}

const MpsMetric mps_metric_use = {
    .name = "use",
    .help = "Why a subflow is unused or under-used, as far as it can be seen.",
    .scope = MPS_SCOPE_SUBFLOW,
    .always = true,
    .columns = columns,
    .state_bytes = sizeof(State),
    .observe = {[MPS_EV_SIGNAL] = {observe}},
    .summarise = summarise,
};
