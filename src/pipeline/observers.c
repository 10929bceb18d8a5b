/* observers.c - metrics sorted by scope and by event, once, so that an event costs one call for
 * each metric that wants it. */
#include "pipeline/observers.h"

#include <string.h>

typedef struct {
    const MpsMetric *metric;
    size_t at;          /* of its state among those of its scope */
    size_t fed_at;      /* of the state that it feeds; NOT_FED */
    guint first_column; /* of its columns in the scope's table */
} Observer;

#define NOT_FED SIZE_MAX

/* All that an event has to know of an observer: there are dozens of calls for each packet. */
typedef struct {
    void (*observe)(void *state, const MpsEvent *event, MpsRowSink *rows);
    uint32_t at;
    MpsScope scope;
} Call;

/* Sets of segments and, beside them, of events without what some scopes are about: whom to call is
 * looked up with both. */
enum {
    NO_SUBFLOW = MPS_N_SEGMENT_SETS,
    NO_DIRECTION = 2 * MPS_N_SEGMENT_SETS,
    N_SETS = 4 * MPS_N_SEGMENT_SETS
};

struct _MpsObservers {
    GArray *of_scope[MPS_N_SCOPES];      /* Observer */
    GArray *calls[MPS_N_EVENTS][N_SETS]; /* Call */
    size_t state_bytes[MPS_N_SCOPES];
    MpsTable scope_table[MPS_N_SCOPES];
    GArray *columns[MPS_N_SCOPES];  /* MpsColumn, ended by { 0 } */
    MpsValue *values[MPS_N_SCOPES]; /* one row, reused */
    GPtrArray *tables;
};

static const MpsTable scopes[MPS_N_SCOPES] = {
    [MPS_SCOPE_CONNECTION] =
        {"connection",
         "One row per connection: MPTCP, or TCP where MP_CAPABLE was offered and not answered.",
         .primary_key = "connection_id"},
    [MPS_SCOPE_CONNECTION_DIRECTION] =
        {"connection_direction", "Two rows per connection: c2s and s2c, by who sends the data.",
         .primary_key = "connection_id, direction"},
    [MPS_SCOPE_SUBFLOW] = {"subflow",
                           "One row per subflow, also for attempts that came to nothing.",
                           .primary_key = "subflow_id", .index = "connection_id, ordinal"},
    [MPS_SCOPE_SUBFLOW_DIRECTION] = {"subflow_direction", "Two rows per subflow: c2s and s2c.",
                                     .primary_key = "subflow_id, direction"},
};

static guint append_columns(GArray *columns, const MpsColumn *more)
{
    const guint first = columns->len;

    for (; more && more->name; more++)
        g_array_append_val(columns, *more);
    return first;
}

static void add_table(MpsObservers *self, const MpsTable *table)
{
    if (table && !g_ptr_array_find(self->tables, table, NULL))
        g_ptr_array_add(self->tables, (gpointer)(uintptr_t)table);
}

/* Whether events in @set are about an entity of @scope. */
static bool has_entity(unsigned set, MpsScope scope)
{
    const bool of_subflow = scope == MPS_SCOPE_SUBFLOW || scope == MPS_SCOPE_SUBFLOW_DIRECTION;
    const bool directed =
        scope == MPS_SCOPE_CONNECTION_DIRECTION || scope == MPS_SCOPE_SUBFLOW_DIRECTION;

    return !(of_subflow && set & NO_SUBFLOW) && !(directed && set & NO_DIRECTION);
}

/* One that is not @selected leaves its columns NULL and its tables empty. */
static void add_metric(MpsObservers *self, const MpsMetric *metric, bool selected)
{
    const MpsScope scope = metric->scope;
    const Observer observer = {metric, self->state_bytes[scope], NOT_FED,
                               append_columns(self->columns[scope], metric->columns)};

    add_table(self, metric->table);
    add_table(self, metric->histogram);
    if (!selected)
        return;
    /* Each state aligned for anything. */
    self->state_bytes[scope] += (metric->state_bytes + 15) & ~(size_t)15;
    g_array_append_val(self->of_scope[scope], observer);
    for (int kind = 0; kind < MPS_N_EVENTS; kind++) {
        const MpsObserve *wish = &metric->observe[kind];
        const Call call = {wish->call, (uint32_t)observer.at, scope};

        for (unsigned set = 0; set < N_SETS; set++)
            if (wish->call && has_entity(set, scope) && (wish->only == 0 || wish->only & set))
                g_array_append_val(self->calls[kind][set], call);
    }
}

/* Where the states are that the metrics of a scope feed. */
static void find_fed(const MpsObservers *self, MpsScope scope)
{
    const GArray *observers = self->of_scope[scope];

    for (guint i = 0; i < observers->len; i++) {
        Observer *observer = &g_array_index(observers, Observer, i);

        for (guint k = 0; observer->metric->feeds && k < observers->len; k++) {
            const Observer *fed = &g_array_index(observers, Observer, k);

            if (fed->metric == observer->metric->feeds)
                observer->fed_at = fed->at;
        }
    }
}

MpsObservers *mps_observers_new(MpsMetricSet selected)
{
    MpsObservers *self = g_new0(MpsObservers, 1);

    self->tables = g_ptr_array_new();
    for (int kind = 0; kind < MPS_N_EVENTS; kind++)
        for (unsigned set = 0; set < N_SETS; set++)
            self->calls[kind][set] = g_array_new(FALSE, FALSE, sizeof(Call));
    for (int scope = 0; scope < MPS_N_SCOPES; scope++) {
        self->of_scope[scope] = g_array_new(FALSE, FALSE, sizeof(Observer));
        self->columns[scope] = g_array_new(TRUE, TRUE, sizeof(MpsColumn));
        g_ptr_array_add(self->tables, &self->scope_table[scope]);
    }
    for (size_t i = 0; mps_metrics[i]; i++)
        add_metric(self, mps_metrics[i], selected & UINT64_C(1) << i);
    for (int scope = 0; scope < MPS_N_SCOPES; scope++)
        find_fed(self, (MpsScope)scope);
    for (int scope = 0; scope < MPS_N_SCOPES; scope++) {
        self->scope_table[scope] = scopes[scope];
        self->scope_table[scope].columns = (const MpsColumn *)(void *)self->columns[scope]->data;
        self->values[scope] = g_new0(MpsValue, self->columns[scope]->len);
    }
    g_ptr_array_add(self->tables, NULL);
    return self;
}

const MpsTable *const *mps_observers_tables(const MpsObservers *self)
{
    return (const MpsTable *const *)self->tables->pdata;
}

void *mps_observers_states(const MpsObservers *self, MpsScope scope)
{
    const GArray *observers = self->of_scope[scope];
    char *states = g_malloc0(MAX(self->state_bytes[scope], 1));

    for (guint i = 0; i < observers->len; i++) {
        const Observer *observer = &g_array_index(observers, Observer, i);

        if (observer->fed_at != NOT_FED)
            *(void **)(void *)(states + observer->at) = states + observer->fed_at;
    }
    return states;
}

unsigned mps_observers_wants(const MpsObservers *self)
{
    unsigned wants = 0;

    for (int kind = 0; kind < MPS_N_EVENTS; kind++)
        for (unsigned set = 0; set < N_SETS; set++)
            wants |= self->calls[kind][set]->len ? MPS_WANTS(kind) : 0;
    return wants;
}

/* Fills the states, by scope, of the entities that something is about; NULL if there is none. */
static inline void find_states(char *states[MPS_N_SCOPES], const MpsConnection *connection,
                               const MpsSubflow *subflow, MpsDirection direction)
{
    const bool directed = direction != MPS_NOBODY;

    states[MPS_SCOPE_CONNECTION] = connection->states;
    states[MPS_SCOPE_CONNECTION_DIRECTION] = directed ? connection->side[direction].states : NULL;
    states[MPS_SCOPE_SUBFLOW] = subflow ? subflow->states : NULL;
    states[MPS_SCOPE_SUBFLOW_DIRECTION] =
        subflow && directed ? subflow->side[direction].states : NULL;
}

static unsigned set_of(const MpsSegment *wire)
{
    const bool payload = wire->payload_bytes > 0;
    const bool special = wire->flags & (MPS_TCP_SYN | MPS_TCP_FIN | MPS_TCP_RST) ||
                         wire->n_opaque > 0 || wire->n_tunnels > 0 || wire->n_mptcp > 1 ||
                         (wire->n_mptcp == 1 && wire->mptcp[0].subtype != MPS_DSS);

    return (payload ? MPS_SEGMENT_PAYLOAD : 0) | (special ? MPS_SEGMENT_SPECIAL : 0);
}

void mps_observers_emit(const MpsObservers *self, const MpsEvent *event, MpsRowSink *rows)
{
    const bool of_segment = event->kind == MPS_EV_SEGMENT || event->kind == MPS_EV_ACK;
    unsigned set = of_segment ? set_of(event->segment.wire) : 0;
    char *states[MPS_N_SCOPES];

    find_states(states, event->connection, event->subflow, event->direction);
    if (G_UNLIKELY(!event->subflow))
        set |= NO_SUBFLOW;
    if (G_UNLIKELY(event->direction == MPS_NOBODY))
        set |= NO_DIRECTION;

    const GArray *calls = self->calls[event->kind][set];
    const Call *call = (const Call *)(void *)calls->data, *end = call + calls->len;

    for (; call < end; call++)
        call->observe(states[call->scope] + call->at, event, rows);
}

static void write_row(const MpsObservers *self, MpsScope scope, const MpsSubject *subject,
                      MpsRowSink *rows)
{
    const GArray *observers = self->of_scope[scope];
    char *all_states[MPS_N_SCOPES];
    MpsValue *values = self->values[scope];

    find_states(all_states, subject->connection, subject->subflow, subject->direction);

    char *states = all_states[scope];

    memset(values, 0, self->columns[scope]->len * sizeof *values);
    for (guint i = 0; i < observers->len; i++) {
        const Observer *observer = &g_array_index(observers, Observer, i);
        const MpsMetric *metric = observer->metric;
        void *state = states + observer->at;

        if (metric->finish && subject->connection->id != 0)
            metric->finish(state, subject, rows);
        if (metric->summarise)
            metric->summarise(state, subject, values + observer->first_column);
    }
    if (subject->connection->id != 0 || scope == MPS_SCOPE_SUBFLOW ||
        scope == MPS_SCOPE_SUBFLOW_DIRECTION)
        rows->add(rows, &self->scope_table[scope], values);
    for (guint i = 0; i < observers->len; i++) { /* the row may borrow from the states */
        const Observer *observer = &g_array_index(observers, Observer, i);

        if (observer->metric->clear)
            observer->metric->clear(states + observer->at);
    }
}

void mps_observers_closed(const MpsObservers *self, MpsConnection *connection, MpsRowSink *rows)
{
    write_row(self, MPS_SCOPE_CONNECTION, &(MpsSubject){connection, NULL, MPS_NOBODY}, rows);
    for (MpsDirection direction = MPS_C2S; direction <= MPS_S2C; direction++)
        write_row(self, MPS_SCOPE_CONNECTION_DIRECTION, &(MpsSubject){connection, NULL, direction},
                  rows);
    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        write_row(self, MPS_SCOPE_SUBFLOW, &(MpsSubject){connection, subflow, MPS_NOBODY}, rows);
        for (MpsDirection direction = MPS_C2S; direction <= MPS_S2C; direction++)
            write_row(self, MPS_SCOPE_SUBFLOW_DIRECTION,
                      &(MpsSubject){connection, subflow, direction}, rows);
    }
}

static void image_states(const MpsObservers *self, MpsScope scope, char *states, MpsImage *image)
{
    const GArray *observers = self->of_scope[scope];

    for (guint i = 0; i < observers->len; i++) {
        const Observer *observer = &g_array_index(observers, Observer, i);

        mps_image_structure(image, states + observer->at, observer->metric->state_bytes,
                            observer->metric->links);
    }
}

void mps_observers_image(const MpsObservers *self, MpsConnection *connection, MpsImage *image)
{
    image_states(self, MPS_SCOPE_CONNECTION, connection->states, image);
    for (MpsDirection direction = MPS_C2S; direction <= MPS_S2C; direction++)
        image_states(self, MPS_SCOPE_CONNECTION_DIRECTION, connection->side[direction].states,
                     image);
    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        image_states(self, MPS_SCOPE_SUBFLOW, subflow->states, image);
        for (MpsDirection direction = MPS_C2S; direction <= MPS_S2C; direction++)
            image_states(self, MPS_SCOPE_SUBFLOW_DIRECTION, subflow->side[direction].states, image);
    }
}

void mps_observers_free(MpsObservers *self)
{
    if (!self)
        return;
    for (int kind = 0; kind < MPS_N_EVENTS; kind++)
        for (unsigned set = 0; set < N_SETS; set++)
            g_array_unref(self->calls[kind][set]);
    for (int scope = 0; scope < MPS_N_SCOPES; scope++) {
        g_array_unref(self->of_scope[scope]);
        g_array_unref(self->columns[scope]);
        g_free(self->values[scope]);
    }
    g_ptr_array_unref(self->tables);
    g_free(self);
}
