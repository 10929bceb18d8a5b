/* metric_backup.c - data on backup subflows while a regular one could have carried it (RFC 8684
 * section 3.3.8). */
#include "metrics/metrics.h"

typedef struct {
    uint64_t data_bytes, reinjected_bytes;
} State;

enum { DATA, REINJECTED };

static const MpsColumn columns[] = {
    [DATA] = {"backup_data_bytes", MPS_INT,
              "data first sent here while this subflow was a backup (latest B bit of either host, "
              "of MP_JOIN or MP_PRIO) and a regular one was established and not closed, whether or "
              "not that one still answered"},
    [REINJECTED] = {"backup_reinjected_bytes", MPS_INT, "reinjected here at such times"},
    {0},
};

static bool is_backup(const MpsSubflow *subflow)
{
    return subflow->side[MPS_CLIENT].backup_now || subflow->side[MPS_SERVER].backup_now;
}

/* Whether another subflow could carry data of @direction and is not a backup. */
static bool regular_usable(const MpsSubflow *but, MpsDirection direction)
{
    const GPtrArray *subflows = but->connection->subflows;

    for (guint i = 0; i < subflows->len; i++) {
        const MpsSubflow *each = g_ptr_array_index(subflows, i);

        if (each != but && each->established_ns != MPS_NO_TIME && each->closed_ns == MPS_NO_TIME &&
            each->side[direction].fin_ns == MPS_NO_TIME && !is_backup(each))
            return true;
    }
    return false;
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsDataClass class = event->data.class;

    if (event->data.revised) { /* told before, and of which priority it was then is not known */
        if (class == MPS_DATA_REINJECTED) {
            const uint64_t moved = MIN(event->data.bytes, self->data_bytes);

            self->data_bytes -= moved;
            self->reinjected_bytes += moved;
        }
        return;
    }
    if (!is_backup(event->subflow) || !regular_usable(event->subflow, event->direction))
        return;
    if (class == MPS_DATA_NEW || class == MPS_DATA_OVERTAKEN)
        self->data_bytes += event->data.bytes;
    else if (class == MPS_DATA_REINJECTED)
        self->reinjected_bytes += event->data.bytes;
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;

    values[DATA] = mps_count(self->data_bytes);
    values[REINJECTED] = mps_count(self->reinjected_bytes);
}

const MpsMetric mps_metric_backup = {
    .name = "backup",
    .help = "Data that a backup subflow carried although a regular one was usable.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .columns = columns,
    .state_bytes = sizeof(State),
    .wants = MPS_WANTS(MPS_EV_DATA),
    .observe = observe,
    .summarise = summarise,
};
