/* metric_interface.c - where a subflow was captured: at a host with several paths, the name of the
 * interface is the name of the path. */
#include "metrics/metrics.h"

typedef struct {
    const char *name; /* borrowed for the run */
} State;

static const MpsColumn columns[] = {
    {"interface", MPS_TEXT,
     "name of the interface on which its first packet was captured that had one, as a pcapng file "
     "says; NULL: none says"},
    {0},
};

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (!self->name)
        self->name = event->segment.wire->interface_name;
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    values[0] = mps_text(((const State *)state)->name);
}

static const MpsLink links[] = {
    MPS_WORD(State, name),
    {0},
};

const MpsMetric mps_metric_interface = {
    .name = "interface",
    .help = "Interface on which a subflow was captured, by its name in the capture.",
    .scope = MPS_SCOPE_SUBFLOW,
    .always = true,
    .columns = columns,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_SEGMENT] = {observe}},
    .summarise = summarise,
};
