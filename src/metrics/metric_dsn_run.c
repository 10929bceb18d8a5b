/* metric_dsn_run.c - the time-sequence picture in bounded space: segments that follow each other in
 * data sequence and time become one run; when there are too many runs, the tolerance doubles. */
#include "metrics/metrics.h"

enum { NEW, RETRANSMISSION, REINJECTION, N_KINDS };
enum { MAX_RUNS = 2048 }; /* per kind and subflow direction */

static const char *const kind_names[N_KINDS] = {"new", "retransmission", "reinjection"};

typedef struct {
    int64_t first_ns, last_ns;
    int64_t begin, end; /* data offsets */
    uint64_t bytes;     /* carried; less than end - begin if the run spans holes */
    uint64_t packets;
} Run;

typedef struct {
    GArray *runs[N_KINDS]; /* Run */
    int64_t time_ns[N_KINDS];
    int64_t hole_bytes[N_KINDS];
} State;

static const int64_t FIRST_TIME_NS = 500 * 1000;

static const MpsColumn columns[] = {
    {"connection_id", MPS_INT, "whose data", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "subflow that carried it", "subflow(subflow_id)"},
    {"direction", MPS_TEXT, "c2s or s2c"},
    {"first_ns", MPS_INT, "first segment of the run"},
    {"last_ns", MPS_INT, "last segment of the run"},
    {"data_offset", MPS_INT, "DSN - IDSN - 1 of the first byte"},
    {"bytes", MPS_INT, "payload carried"},
    {"kind", MPS_TEXT,
     "new; retransmission (on the same subflow, also by a second mapping); reinjection; as then "
     "known: where another subflow shows data before its first sender does, both runs are new; "
     "where its first sender never shows it, none is; see the byte counts of subflow_direction"},
    {"end_offset", MPS_INT,
     "behind its highest byte; more than data_offset + bytes if the run "
     "spans holes, that other subflows may fill"},
    {"packets", MPS_INT, "segments that the run stands for"},
    {0},
};

static const MpsTable table = {
    .name = "dsn_run",
    .help =
        "Time-sequence picture: runs of segments that follow each other in data sequence and "
        "time, at most 2048 per subflow direction and kind; to stay below that, a run is merged "
        "with the next across holes and pauses, to runs of an ever longer time.",
    .columns = columns,
    .index = "connection_id, direction, subflow_id",
};

/* Only a run without pauses and holes may last longer than is tolerated: traffic of a regular
 * pattern would become a single run otherwise. */
static bool joins(const State *self, int kind, const Run *left, const Run *right)
{
    const int64_t hole_bytes = ABS(right->begin - left->end);

    if (hole_bytes == 0 && right->first_ns - left->last_ns <= FIRST_TIME_NS)
        return true;
    return hole_bytes <= self->hole_bytes[kind] &&
           right->last_ns - left->first_ns <= self->time_ns[kind];
}

static void append(Run *run, const Run *more)
{
    run->last_ns = MAX(run->last_ns, more->last_ns);
    run->begin = MIN(run->begin, more->begin);
    run->end = MAX(run->end, more->end);
    run->bytes += more->bytes;
    run->packets += more->packets;
}

static void coarsen(State *self, int kind)
{
    GArray *runs = self->runs[kind];

    while (runs->len > MAX_RUNS / 2) {
        guint n = 1;

        self->time_ns[kind] = MIN(2 * self->time_ns[kind], INT64_MAX / 4);
        self->hole_bytes[kind] = MIN(2 * self->hole_bytes[kind] + 64, INT64_MAX / 4);
        for (guint i = 1; i < runs->len; i++) {
            Run *last = &g_array_index(runs, Run, n - 1);
            const Run *next = &g_array_index(runs, Run, i);

            if (joins(self, kind, last, next))
                append(last, next);
            else
                g_array_index(runs, Run, n++) = *next;
        }
        g_array_set_size(runs, n);
    }
}

static Run run_of(const MpsEvent *event)
{
    const int64_t begin = event->data.offset, end = begin + (int64_t)event->data.bytes;

    return (Run){event->ts_ns, event->ts_ns, begin, end, event->data.bytes, 1};
}

static G_GNUC_NO_INLINE void begin_run(State *self, int kind, const MpsEvent *event)
{
    const Run run = run_of(event);
    GArray *runs = self->runs[kind];

    if (!runs) {
        runs = self->runs[kind] = g_array_new(FALSE, FALSE, sizeof(Run));
        self->time_ns[kind] = FIRST_TIME_NS;
    }
    g_array_append_val(runs, run);
    if (runs->len > MAX_RUNS)
        coarsen(self, kind);
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    if (event->data.revised) /* it is in the picture already */
        return;

    static const int kinds[] = {[MPS_DATA_NEW] = NEW,
                                [MPS_DATA_OVERTAKEN] = NEW,
                                [MPS_DATA_REMAPPED] = RETRANSMISSION,
                                [MPS_DATA_RETRANSMITTED] = RETRANSMISSION,
                                [MPS_DATA_REINJECTED] = REINJECTION};
    State *self = state;
    const int kind = kinds[event->data.class];
    const Run run = run_of(event);
    const GArray *runs = self->runs[kind];
    Run *last = runs ? &g_array_index(runs, Run, runs->len - 1) : NULL;

    if (last && joins(self, kind, last, &run))
        append(last, &run);
    else
        begin_run(self, kind, event);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    const State *self = state;

    for (int kind = 0; kind < N_KINDS; kind++) {
        for (guint i = 0; self->runs[kind] && i < self->runs[kind]->len; i++) {
            const Run *run = &g_array_index(self->runs[kind], Run, i);

            rows->add(rows, &table,
                      (MpsValue[]){
                          mps_count(subject->connection->id),
                          mps_count(subject->subflow->id),
                          mps_text(mps_direction_name(subject->direction)),
                          mps_int(run->first_ns),
                          mps_int(run->last_ns),
                          mps_int(run->begin),
                          mps_count(run->bytes),
                          mps_text(kind_names[kind]),
                          mps_int(run->end),
                          mps_count(run->packets),
                      });
        }
    }
}

static void clear(void *state)
{
    State *self = state;

    for (int kind = 0; kind < N_KINDS; kind++)
        if (self->runs[kind])
            g_array_unref(self->runs[kind]);
}

static const MpsLink links[] = {
    MPS_ARRAY(State, runs[0], Run, NULL),
    MPS_ARRAY(State, runs[1], Run, NULL),
    MPS_ARRAY(State, runs[2], Run, NULL),
    {0},
};

const MpsMetric mps_metric_dsn_run = {
    .name = "dsn_run",
    .help = "Which subflow carried which data when, as new data, retransmission or reinjection.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .table = &table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_DATA] = {observe}},
    .finish = finish,
    .clear = clear,
};
