/* metric_backup.c - data on backup subflows while a regular one could have carried it (RFC 8684
 * section 3.3.8). */
#include "metrics/metrics.h"

/* The B bit binds who receives it (RFC 8684 section 3.3.8); some stacks heed their own, too. */
typedef struct {
    uint64_t data_bytes, reinjected_bytes;
} Bytes;

typedef struct {
    Bytes all;   /* whoever set the bit */
    Bytes asked; /* of these: by request of the data's receiver */
} State;

enum { DATA, REINJECTED, ASKED_DATA, ASKED_REINJECTED };

static const MpsColumn columns[] = {
    [DATA] = {"backup_data_bytes", MPS_INT,
              "data first sent here while this subflow was a backup (latest B bit of either host, "
              "of MP_JOIN or MP_PRIO) and a regular one was established and not closed, whether or "
              "not that one still answered"},
    [REINJECTED] = {"backup_reinjected_bytes", MPS_INT, "reinjected here at such times"},
    [ASKED_DATA] = {"backup_asked_data_bytes", MPS_INT,
                    "of backup_data_bytes: while the latest B bit of the data's receiver was set, "
                    "which binds the sender (RFC 8684 section 3.3.8); of the rest only the sender "
                    "itself had set it, which binds its peer (Linux heeds either)"},
    [ASKED_REINJECTED] = {"backup_asked_reinjected_bytes", MPS_INT,
                          "the same of backup_reinjected_bytes"},
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

static void count(Bytes *self, const MpsEvent *event)
{
    const MpsDataClass class = event->data.class;

    if (class == MPS_DATA_NEW || class == MPS_DATA_OVERTAKEN)
        self->data_bytes += event->data.bytes;
    else if (class == MPS_DATA_REINJECTED)
        self->reinjected_bytes += event->data.bytes;
}

/* Told before as new data, and of which priority it was then is not known. */
static void revise(Bytes *self, const MpsEvent *event)
{
    const uint64_t moved = MIN(event->data.bytes, self->data_bytes);

    self->data_bytes -= moved;
    self->reinjected_bytes += moved;
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsSubflow *subflow = event->subflow;
    const MpsSide receiver = event->direction == MPS_C2S ? MPS_SERVER : MPS_CLIENT;

    if (event->data.revised) {
        if (event->data.class == MPS_DATA_REINJECTED) {
            revise(&self->all, event);
            revise(&self->asked, event);
        }
        return;
    }
    if (!is_backup(subflow) || !regular_usable(subflow, event->direction))
        return;
    count(&self->all, event);
    if (subflow->side[receiver].backup_now)
        count(&self->asked, event);
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;

    values[DATA] = mps_count(self->all.data_bytes);
    values[REINJECTED] = mps_count(self->all.reinjected_bytes);
    values[ASKED_DATA] = mps_count(self->asked.data_bytes);
    values[ASKED_REINJECTED] = mps_count(self->asked.reinjected_bytes);
}

const MpsMetric mps_metric_backup = {
    .name = "backup",
    .help = "Data that a backup subflow carried although a regular one was usable.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .always = true,
    .columns = columns,
    .state_bytes = sizeof(State),
    .observe = {[MPS_EV_DATA] = {observe}},
    .summarise = summarise,
};
