/* metric_subflow_flight.c - what TCP has in flight on each subflow. */
#include "metrics/metrics.h"

typedef struct {
    bool started;
    int64_t first_ns, now_ns;
    uint64_t value_bytes, max_bytes;
    double byte_ns; /* value over time */
} State;

static const MpsColumn columns[] = {
    {"flight_mean_bytes", MPS_REAL,
     "sent and not acknowledged by TCP: time-weighted mean from the first payload to the last "
     "payload or acknowledgement"},
    {"flight_max_bytes", MPS_INT, "maximum of it"},
    {0},
};

/* The flight as it was lasted until now. */
static void look(State *self, const MpsEvent *event)
{
    if (event->ts_ns > self->now_ns) {
        self->byte_ns += (double)self->value_bytes * (double)(event->ts_ns - self->now_ns);
        self->now_ns = event->ts_ns;
    }
    self->value_bytes = event->subflow->side[event->direction].flight_bytes;
    if (self->value_bytes > self->max_bytes)
        self->max_bytes = self->value_bytes;
}

static void take_payload(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (!self->started)
        self->first_ns = self->now_ns = event->ts_ns;
    self->started = true;
    look(self, event);
}

static void take_progress(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (self->started)
        look(self, event);
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;

    if (!self->started)
        return;
    if (self->now_ns > self->first_ns)
        values[0] = mps_real(self->byte_ns / (double)(self->now_ns - self->first_ns));
    values[1] = mps_count(self->max_bytes);
}

const MpsMetric mps_metric_subflow_flight = {
    .name = "subflow_flight",
    .help = "TCP flight of a subflow direction: from its highest acknowledgement to the end of its "
            "payload, as seen at the tap; 0 once the subflow is closed.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .columns = columns,
    .state_bytes = sizeof(State),
    .observe =
        {
            [MPS_EV_SEGMENT] = {take_payload, MPS_SEGMENT_PAYLOAD},
            [MPS_EV_PROGRESS] = {take_progress},
        },
    .summarise = summarise,
};
