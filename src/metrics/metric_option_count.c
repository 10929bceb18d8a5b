/* metric_option_count.c - options that no decoder knows: experimental and unassigned MPTCP
 * subtypes, TCP options of extended stacks. */
#include "metrics/metrics.h"

#include <string.h>

#include "util/option_names.h"

/* Different options of one host on a subflow; of further ones without a name the IDs are not told
 * apart.  What looks like an ID may be anything. */
enum { IDS_MAX = 16 };

typedef struct {
    MpsOpaqueIdentity identity;
    uint64_t count;
    int64_t first_ns;
    uint64_t first_packet;
    uint32_t capture_id;
    MpsOpaqueOption first, last;
} Seen;

typedef struct {
    GArray *seen; /* Seen; NULL: none */
} State;

static const MpsColumn columns[] = {
    {"connection_id", MPS_INT, "whose", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "subflow that carried it", "subflow(subflow_id)"},
    {"sent_by", MPS_TEXT, "client or server"},
    {"kind", MPS_INT, "TCP option kind; 30: MPTCP"},
    {"subtype", MPS_INT, "MPTCP subtype; NULL: not MPTCP"},
    {"id", MPS_TEXT,
     "experiment id in hex: that of the name, or the first two bytes of kinds 253 and 254 (RFC "
     "6994) and of MPTCP subtype 15; NULL: none, or too many different ones"},
    {"name", MPS_TEXT, "given by --name-option; NULL: none"},
    {"count", MPS_INT, "how often it was sent, repetitions included"},
    {"first_ns", MPS_INT, "capture time of the first"},
    {"first_capture_id", MPS_INT, "file of the first", "capture(capture_id)"},
    {"first_packet", MPS_INT, "number of the first in its file, from 1"},
    {"first_value", MPS_TEXT, "its value as --name-option says, or its bytes in hex"},
    {"last_value", MPS_TEXT, "the same of the last"},
    {0},
};

static const MpsTable table = {
    .name = "option_count",
    .help = "Options that are not decoded (experimental and unassigned MPTCP subtypes, TCP options "
            "outside IANA's registry, those with a name given by --name-option): how often each "
            "host sent each on each subflow.",
    .columns = columns,
    .index = "connection_id",
};

static Seen *find(GArray *array, const MpsOpaqueIdentity *identity)
{
    for (guint i = 0; i < array->len; i++) {
        Seen *each = &g_array_index(array, Seen, i);

        if (memcmp(&each->identity, identity, sizeof *identity) == 0)
            return each;
    }
    return NULL;
}

static void tell(const MpsEvent *event, const MpsOpaqueOption *option,
                 const MpsOpaqueIdentity *identity, MpsRowSink *rows)
{
    g_autoptr(GString) detail = g_string_new(NULL);
    g_autoptr(GString) value = g_string_new(NULL);
    const char *name = mps_opaque_name(option);
    char id[MPS_OPAQUE_ID_TEXT];

    g_string_append_printf(detail, "{\"kind\":%d", option->kind);
    if (option->kind == MPS_KIND_MPTCP)
        g_string_append_printf(detail, ",\"subtype\":%d", option->subtype);
    if (mps_opaque_id_text(identity, id))
        g_string_append_printf(detail, ",\"id\":\"%s\"", id);
    g_string_append_printf(detail, ",\"length\":%d", option->length);
    if (name)
        g_string_append_printf(detail, ",\"name\":\"%s\"", name);
    mps_opaque_value(value, option);
    if (value->len > 0)
        g_string_append_printf(detail, ",\"value\":\"%s\"", value->str);
    g_string_append_c(detail, '}');
    mps_event_row(rows, event, "unknown_option", detail->str);
}

static void count(State *self, const MpsEvent *event, const MpsOpaqueOption *option,
                  MpsRowSink *rows)
{
    MpsOpaqueIdentity identity = mps_opaque_identity(option);
    Seen *seen;

    if (!self->seen)
        self->seen = g_array_new(FALSE, FALSE, sizeof(Seen));
    seen = find(self->seen, &identity);
    if (!seen && !option->name && self->seen->len >= IDS_MAX) {
        identity = (MpsOpaqueIdentity){.kind = option->kind, .subtype = option->subtype};
        seen = find(self->seen, &identity);
    }
    if (!seen) {
        const Seen fresh = {
            .identity = identity,
            .first_ns = event->ts_ns,
            .first_packet = event->packet,
            .capture_id = event->capture_id,
            .first = *option,
        };

        g_array_append_val(self->seen, fresh);
        seen = &g_array_index(self->seen, Seen, self->seen->len - 1);
        tell(event, option, &identity, rows);
    }
    seen->count++;
    seen->last = *option;
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    const MpsSegment *segment = event->segment.wire;

    for (unsigned i = 0; i < segment->n_opaque; i++)
        if (mps_opaque_is_told(&segment->opaque[i]))
            count(state, event, &segment->opaque[i], rows);
}

static void add_row(const Seen *seen, const MpsSubject *subject, MpsRowSink *rows)
{
    const MpsOpaqueIdentity *identity = &seen->identity;
    g_autoptr(GString) first = g_string_new(NULL);
    g_autoptr(GString) last = g_string_new(NULL);
    char id[MPS_OPAQUE_ID_TEXT];

    mps_opaque_value(first, &seen->first);
    mps_opaque_value(last, &seen->last);
    rows->add(rows, &table,
              (MpsValue[]){
                  mps_count(subject->connection->id),
                  mps_count(subject->subflow->id),
                  mps_text(mps_side_name(subject->direction)),
                  mps_int(identity->kind),
                  mps_int_if(identity->kind == MPS_KIND_MPTCP, identity->subtype),
                  mps_text(mps_opaque_id_text(identity, id)),
                  mps_text(mps_opaque_name(&seen->first)),
                  mps_count(seen->count),
                  mps_int(seen->first_ns),
                  mps_int(seen->capture_id),
                  mps_count(seen->first_packet),
                  mps_text(first->len ? first->str : NULL),
                  mps_text(last->len ? last->str : NULL),
              });
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    const State *self = state;

    for (guint i = 0; self->seen && i < self->seen->len; i++)
        add_row(&g_array_index(self->seen, Seen, i), subject, rows);
}

static void clear(void *state)
{
    State *self = state;

    if (self->seen)
        g_array_unref(self->seen);
}

static const MpsLink option_links[] = {
    MPS_ENTITY(MpsOpaqueOption, name),
    {0},
};

static const MpsLink seen_links[] = {
    MPS_PART(Seen, first, 1, option_links),
    MPS_PART(Seen, last, 1, option_links),
    {0},
};

static const MpsLink links[] = {
    MPS_ARRAY(State, seen, Seen, seen_links),
    {0},
};

const MpsMetric mps_metric_option_count = {
    .name = "option_count",
    .help = "Options that no decoder knows, counted per subflow and host.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .always = true,
    .table = &table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_SEGMENT] = {observe, MPS_SEGMENT_SPECIAL}},
    .finish = finish,
    .clear = clear,
};
