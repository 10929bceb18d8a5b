/* metric_tunnel.c - what the packets of a subflow were captured in: the encapsulations between the
 * tap and the hosts. */
#include "metrics/metrics.h"

#include "util/address.h"

typedef struct {
    char *text[2]; /* by sender */
} State;

static const MpsColumn columns[] = {
    {"client_tunnel", MPS_TEXT,
     "encapsulation of the client's first packet that had one, outermost first: 'vxlan 42 10.0.0.1 "
     "-> 10.0.0.2' with the id (PPPoE session, MPLS label at the bottom, GRE key, VNI, TEID, "
     "ERSPAN "
     "session) and the ends, where it has them; NULL: none"},
    {"server_tunnel", MPS_TEXT, "the same of the server"},
    {0},
};

static char *in_words(const MpsSegment *segment)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < segment->n_tunnels; i++) {
        const MpsTunnel *tunnel = &segment->tunnel[i];
        char src[MPS_ADDRESS_TEXT], dst[MPS_ADDRESS_TEXT];

        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", tunnel->name);
        if (tunnel->has_id)
            g_string_append_printf(out, " %u", tunnel->id);
        if (tunnel->src.family)
            g_string_append_printf(out, " %s -> %s", mps_address_text(&tunnel->src, src),
                                   mps_address_text(&tunnel->dst, dst));
    }
    return g_string_free(out, FALSE);
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsSegment *segment = event->segment.wire;

    if (segment->n_tunnels > 0 && !self->text[event->direction])
        self->text[event->direction] = in_words(segment);
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;

    values[0] = mps_text(self->text[MPS_CLIENT]);
    values[1] = mps_text(self->text[MPS_SERVER]);
}

static void clear(void *state)
{
    State *self = state;

    g_free(self->text[MPS_CLIENT]);
    g_free(self->text[MPS_SERVER]);
}

static const MpsLink links[] = {
    MPS_OWN_TEXT(State, text[0]),
    MPS_OWN_TEXT(State, text[1]),
    {0},
};

const MpsMetric mps_metric_tunnel = {
    .name = "tunnel",
    .help = "Encapsulations that the packets of a subflow were captured in.",
    .scope = MPS_SCOPE_SUBFLOW,
    .always = true,
    .columns = columns,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_SEGMENT] = {observe, MPS_SEGMENT_SPECIAL}},
    .summarise = summarise,
    .clear = clear,
};
