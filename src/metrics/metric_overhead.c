/* metric_overhead.c - what carrying the data costs: options, packets without payload, repeated
 * payload; sizes of segments, and runs of tiny ones; time to the first data. */
#include "metrics/metrics.h"

/* Payload below this is tiny; so many in a row are a run. */
enum { TINY_BYTES = 128, RUN = 3 };
/* Classes of sizes: between powers of two. */
enum { CLASSES = 32 };

/* Of a subflow direction, or of a direction of a connection: the same numbers. */
typedef struct {
    uint64_t option_bytes, mptcp_option_bytes;
    uint64_t pure_acks, signals;
    uint64_t n_segments; /* with new payload */
    uint64_t tiny, tiny_runs, tiny_run, longest_tiny_run;
    int64_t first_ns; /* first new payload, if n_segments */
} Counts;

/* Of a subflow direction. */
typedef struct {
    Counts counts;
    uint64_t *n_of_class; /* segments of [2^i, 2^(i+1)) bytes of new payload; NULL: none so far */
} State;

enum {
    OPTIONS,
    MPTCP_OPTIONS,
    PURE_ACKS,
    SIGNALS,
    REPEATED,
    FIRST,
    TINY,
    TINY_RUNS,
    TINY_RUN_MAX,
};

#define OVERHEAD_COLUMNS(repeated_help, first_help)                                                \
    [OPTIONS] = {"option_bytes", MPS_INT, "TCP options of all segments, padding included"},        \
    [MPTCP_OPTIONS] = {"mptcp_option_bytes", MPS_INT,                                              \
                       "of them MPTCP options (as far as captured)"},                              \
    [PURE_ACKS] = {"pure_acks", MPS_INT,                                                           \
                   "segments with ACK and without payload, SYN, FIN and RST"},                     \
    [SIGNALS] = {"signal_packets", MPS_INT,                                                        \
                 "segments without payload that carry an MPTCP option other than DSS, or a "       \
                 "DATA_FIN"},                                                                      \
    [REPEATED] = {"repeated_share", MPS_REAL, repeated_help},                                      \
    [FIRST] = {"first_payload_delay_ns", MPS_INT, first_help},                                     \
    [TINY] = {"tiny_packets", MPS_INT, "segments with 1 to 127 bytes of new payload"},             \
    [TINY_RUNS] = {"tiny_runs", MPS_INT,                                                           \
                   "runs of 3 or more of them without a larger segment of new payload between"},   \
    [TINY_RUN_MAX] = {"tiny_run_max_packets", MPS_INT, "longest of these runs; NULL: none"},       \
    {                                                                                              \
        0                                                                                          \
    }

static const MpsColumn subflow_columns[] = {
    OVERHEAD_COLUMNS("(retransmitted + reinjected + remapped bytes) / payload_bytes",
                     "first SYN of the subflow to first payload of this direction"),
};

static const MpsColumn columns[] = {
    OVERHEAD_COLUMNS("(retransmitted + reinjected + remapped bytes) / payload_bytes",
                     "first MP_CAPABLE SYN to first payload of this direction"),
};

static bool is_signal(const MpsSegment *wire)
{
    for (int i = 0; i < wire->n_mptcp; i++) {
        const MpsMptcpOption *option = &wire->mptcp[i];

        if (option->subtype != MPS_DSS ||
            (option->status == MPS_OPT_OK && option->dss.data_fin && option->dss.has_map))
            return true;
    }
    return false;
}

static void end_of_run(Counts *self)
{
    if (self->tiny_run >= RUN) {
        self->tiny_runs++;
        self->longest_tiny_run = MAX(self->longest_tiny_run, self->tiny_run);
    }
    self->tiny_run = 0;
}

static inline void take_payload(Counts *self, const MpsEvent *event)
{
    const uint32_t bytes = event->segment.unique_bytes;

    if (bytes == 0)
        return;
    if (self->n_segments++ == 0)
        self->first_ns = event->ts_ns;
    if (bytes < TINY_BYTES) {
        self->tiny++;
        self->tiny_run++;
    } else if (self->tiny_run > 0) {
        end_of_run(self);
    }
}

static void take_segment(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    Counts *self = state;
    const MpsSegment *wire = event->segment.wire;

    self->option_bytes += wire->option_bytes;
    for (int i = 0; i < wire->n_mptcp; i++)
        self->mptcp_option_bytes += wire->mptcp[i].length;
    if (wire->payload_bytes > 0) {
        take_payload(self, event);
        return;
    }
    self->pure_acks +=
        (wire->flags & (MPS_TCP_ACK | MPS_TCP_SYN | MPS_TCP_FIN | MPS_TCP_RST)) == MPS_TCP_ACK;
    self->signals += is_signal(wire);
}

static void take_subflow_segment(void *state, const MpsEvent *event, MpsRowSink *rows)
{
    State *self = state;
    const uint32_t bytes = event->segment.unique_bytes;

    if (bytes > 0 && !self->n_of_class)
        self->n_of_class = g_new0(uint64_t, CLASSES);
    if (bytes > 0)
        self->n_of_class[g_bit_storage(bytes) - 1]++;
    take_segment(&self->counts, event, rows);
}

static void finish(void *state, const MpsSubject *subject G_GNUC_UNUSED,
                   MpsRowSink *rows G_GNUC_UNUSED)
{
    end_of_run(state);
}

static void finish_subflow(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    State *self = state;

    end_of_run(&self->counts);
    if (self->counts.n_segments < MPS_DISTRIBUTION_LEAST)
        return;
    for (int i = 0; i < CLASSES; i++)
        if (self->n_of_class[i] > 0)
            mps_distribution_row(rows, subject, "segment_bytes", INT64_C(1) << i, INT64_C(2) << i,
                                 self->n_of_class[i]);
}

static void clear(void *state)
{
    g_free(((State *)state)->n_of_class);
}

static void fill(const Counts *self, uint64_t payload_bytes, uint64_t repeated_bytes,
                 int64_t syn_ns, MpsValue *values)
{
    values[OPTIONS] = mps_count(self->option_bytes);
    values[MPTCP_OPTIONS] = mps_count(self->mptcp_option_bytes);
    values[PURE_ACKS] = mps_count(self->pure_acks);
    values[SIGNALS] = mps_count(self->signals);
    if (payload_bytes > 0)
        values[REPEATED] = mps_real((double)repeated_bytes / (double)payload_bytes);
    if (self->n_segments > 0 && syn_ns != MPS_NO_TIME)
        values[FIRST] = mps_int(self->first_ns - syn_ns);
    values[TINY] = mps_count(self->tiny);
    values[TINY_RUNS] = mps_count(self->tiny_runs);
    values[TINY_RUN_MAX] = mps_int_if(self->tiny_runs > 0, (int64_t)self->longest_tiny_run);
}

static uint64_t repeated(const MpsLedger *ledger)
{
    return ledger->retransmitted_bytes + ledger->reinjected_bytes + ledger->remapped_bytes;
}

static void summarise_subflow(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const MpsLedger *ledger = &subject->subflow->side[subject->direction].ledger;

    fill(&((const State *)state)->counts, ledger->payload_bytes, repeated(ledger),
         subject->subflow->syn_ns, values);
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const GPtrArray *subflows = subject->connection->subflows;
    uint64_t payload_bytes = 0, repeated_bytes = 0;
    int64_t syn_ns = MPS_NO_TIME;

    for (guint i = 0; i < subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(subflows, i);
        const MpsLedger *ledger = &subflow->side[subject->direction].ledger;

        payload_bytes += ledger->payload_bytes;
        repeated_bytes += repeated(ledger);
        if (subflow->kind == MPS_KIND_INITIAL)
            syn_ns = subflow->syn_ns;
    }
    fill(state, payload_bytes, repeated_bytes, syn_ns, values);
}

static const MpsLink links[] = {
    MPS_ITEMS(State, n_of_class, CLASSES, NULL),
    {0},
};

const MpsMetric mps_metric_overhead = {
    .name = "overhead",
    .help = "Options, packets without payload, repeated payload, tiny segments, and the time to "
            "the first payload, of a subflow direction; sizes of its segments with new payload.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .columns = subflow_columns,
    .table = &mps_distribution_table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_SEGMENT] = {take_subflow_segment}},
    .finish = finish_subflow,
    .summarise = summarise_subflow,
    .clear = clear,
};

const MpsMetric mps_metric_connection_overhead = {
    .name = "connection_overhead",
    .help = "The same numbers over all subflows of a connection.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .state_bytes = sizeof(Counts),
    .observe = {[MPS_EV_SEGMENT] = {take_segment}},
    .finish = finish,
    .summarise = summarise,
};
