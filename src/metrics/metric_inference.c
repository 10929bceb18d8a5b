/* metric_inference.c - which path manager opened the subflows and which scheduler filled them, as
 * far as their traces tell.  Always an inference: with the evidence in words and a confidence; NULL
 * where nothing points one way. */
#include "metrics/metrics.h"

#include <string.h>

enum {
    PATH_MANAGER,
    PATH_MANAGER_CONFIDENCE,
    PATH_MANAGER_EVIDENCE,
    SCHEDULER,
    SCHEDULER_CONFIDENCE,
    SCHEDULER_EVIDENCE,
};

static const MpsColumn columns[] = {
    [PATH_MANAGER] =
        {"path_manager", MPS_TEXT,
         "inferred: fullmesh (joins between several addresses of both hosts), "
         "ndiffports (joins between the same addresses), signalled (joins to announced "
         "addresses), subflow (joins from further addresses of the opener)"},
    [PATH_MANAGER_CONFIDENCE] = {"path_manager_confidence", MPS_REAL, "0 to 1"},
    [PATH_MANAGER_EVIDENCE] = {"path_manager_evidence", MPS_TEXT, "what it is inferred from"},
    [SCHEDULER] = {"scheduler", MPS_TEXT,
                   "inferred for the direction with more data: single_path, backup, redundant, "
                   "round_robin or lowest_rtt"},
    [SCHEDULER_CONFIDENCE] = {"scheduler_confidence", MPS_REAL, "0 to 1"},
    [SCHEDULER_EVIDENCE] = {"scheduler_evidence", MPS_TEXT, "what it is inferred from"},
    {0},
};

/* Fewer pieces of data than this say nothing about a scheduler. */
enum { LEAST_PIECES = 50 };

/* What one direction did on one subflow. */
typedef struct {
    uint64_t n_rtt;
    double sum_rtt_ns;
} Path;

typedef struct {
    GArray *paths[2];       /* Path, by ordinal */
    uint64_t n_pieces[2];   /* pieces of new data */
    uint64_t n_switches[2]; /* of them, on another subflow than the one before */
    uint32_t last[2];       /* ordinal of the last piece */
} State;

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsDirection direction = event->direction;
    const uint32_t ordinal = event->subflow->ordinal;

    if (event->kind == MPS_EV_DATA) {
        if (event->data.union_bytes == 0)
            return;
        self->n_switches[direction] +=
            self->n_pieces[direction] > 0 && self->last[direction] != ordinal;
        self->n_pieces[direction]++;
        self->last[direction] = ordinal;
        return;
    }
    if (!self->paths[direction])
        self->paths[direction] = g_array_new(FALSE, TRUE, sizeof(Path));
    if (ordinal >= self->paths[direction]->len)
        g_array_set_size(self->paths[direction], ordinal + 1);

    Path *path = &g_array_index(self->paths[direction], Path, ordinal);

    path->n_rtt++;
    path->sum_rtt_ns += (double)event->rtt.rtt_ns;
}

static bool same_address(const MpsSubflow *a, const MpsSubflow *b, MpsSide side)
{
    return memcmp(&a->end[side].address, &b->end[side].address, sizeof(MpsAddress)) == 0;
}

static void infer_path_manager(const MpsConnection *connection, MpsValue *values)
{
    const MpsSubflow *initial =
        connection->subflows->len ? g_ptr_array_index(connection->subflows, 0) : NULL;
    guint n = 0, same = 0, other_opener = 0, other_acceptor = 0, both = 0;
    static char evidence[160]; /* borrowed by the row */
    const char *name;
    double confidence;

    if (!initial || initial->kind != MPS_KIND_INITIAL)
        return;
    for (guint i = 1; i < connection->subflows->len; i++) {
        const MpsSubflow *join = g_ptr_array_index(connection->subflows, i);
        const MpsSide opener = join->opened_by;

        if (join->kind != MPS_KIND_JOIN)
            continue;

        const bool opener_differs = !same_address(join, initial, opener);
        const MpsSide acceptor = opener == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
        /* Another port of the acceptor has to be announced like another address. */
        const bool acceptor_differs = !same_address(join, initial, acceptor) ||
                                      (opener == initial->opened_by &&
                                       join->end[acceptor].port != initial->end[acceptor].port);

        n++;
        same += !opener_differs && !acceptor_differs;
        other_opener += opener_differs && !acceptor_differs;
        other_acceptor += !opener_differs && acceptor_differs;
        both += opener_differs && acceptor_differs;
    }
    if (n == 0)
        return;
    if (same == n) {
        name = "ndiffports";
        confidence = n > 1 ? 0.9 : 0.6;
    } else if (other_opener > 0 && other_acceptor > 0) {
        name = "fullmesh";
        confidence = both > 0 ? 0.9 : 0.6;
    } else if (other_acceptor + both == n) {
        name = "signalled";
        confidence = 0.7;
    } else if (other_opener == n) {
        name = "subflow";
        confidence = 0.7;
    } else {
        return;
    }
    (void)g_snprintf(evidence, sizeof evidence,
                     "%u join%s: %u between the initial addresses, %u from another, %u to another "
                     "address or port, "
                     "%u both",
                     n, n == 1 ? "" : "s", same, other_opener, other_acceptor, both);
    values[PATH_MANAGER] = mps_text(name);
    values[PATH_MANAGER_CONFIDENCE] = mps_real(confidence);
    values[PATH_MANAGER_EVIDENCE] = mps_text(evidence);
}

/* Shares and RTTs of the subflows that could carry data. */
typedef struct {
    guint usable, used, backup;
    double smallest_share, largest_share; /* of the used ones */
    double best_rtt_ns, worst_rtt_ns;
    double best_share, worst_share; /* of the ones with these RTTs */
    uint64_t reinjected_bytes;
} Shares;

static Shares shares_of(const State *self, const MpsConnection *connection, MpsDirection direction)
{
    const double all = (double)connection->side[direction].data_bytes;
    const GArray *paths = self->paths[direction];
    Shares shares = {.smallest_share = 2};

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        const double share = (double)subflow->side[direction].ledger.data_bytes / all;
        const Path *path = paths && subflow->ordinal < paths->len
                               ? &g_array_index(paths, Path, subflow->ordinal)
                               : NULL;

        shares.reinjected_bytes += subflow->side[direction].ledger.reinjected_bytes;
        if (subflow->result != MPS_RESULT_ESTABLISHED)
            continue;
        shares.usable++;
        shares.backup += subflow->side[0].backup || subflow->side[1].backup;
        if (share <= 0)
            continue;
        shares.used++;
        shares.smallest_share = MIN(shares.smallest_share, share);
        shares.largest_share = MAX(shares.largest_share, share);
        if (!path || path->n_rtt < 3)
            continue;

        const double rtt_ns = path->sum_rtt_ns / (double)path->n_rtt;

        if (shares.best_rtt_ns == 0 || rtt_ns < shares.best_rtt_ns) {
            shares.best_rtt_ns = rtt_ns;
            shares.best_share = share;
        }
        if (rtt_ns > shares.worst_rtt_ns) {
            shares.worst_rtt_ns = rtt_ns;
            shares.worst_share = share;
        }
    }
    return shares;
}

static void infer_scheduler(const State *self, const MpsConnection *connection, MpsValue *values)
{
    const MpsDirection direction =
        connection->side[MPS_S2C].data_bytes > connection->side[MPS_C2S].data_bytes ? MPS_S2C
                                                                                    : MPS_C2S;
    const uint64_t n = self->n_pieces[direction];
    static char evidence[240]; /* borrowed by the row */
    const char *name;
    double confidence;

    if (n < LEAST_PIECES)
        return;

    const Shares shares = shares_of(self, connection, direction);
    const double repeated =
        (double)shares.reinjected_bytes / (double)connection->side[direction].data_bytes;
    const double switching = (double)self->n_switches[direction] / (double)n;

    if (shares.usable < 2)
        return;
    if (shares.used == 1) {
        name = shares.backup > 0 ? "backup" : "single_path";
        confidence = 0.8;
    } else if (repeated > 0.5) {
        name = "redundant";
        confidence = MIN(repeated, 1) * 0.9;
    } else if (shares.worst_rtt_ns < 1.5 * shares.best_rtt_ns) {
        return; /* on equal paths schedulers look alike */
    } else if (shares.largest_share - shares.smallest_share < 0.05 && switching > 0.5) {
        name = "round_robin";
        confidence = 0.6;
    } else if (shares.best_share > shares.worst_share) {
        name = "lowest_rtt";
        confidence = 0.5;
    } else {
        return;
    }
    (void)g_snprintf(
        evidence, sizeof evidence,
        "%s: %u of %u subflows carried data, shares %.0f to %.0f %%, %.0f %% of %" G_GUINT64_FORMAT
        " pieces on another subflow than the one before, %.0f %% sent again, mean RTT %.1f to %.1f "
        "ms",
        direction == MPS_C2S ? "c2s" : "s2c", shares.used, shares.usable,
        100 * MIN(shares.smallest_share, 1), 100 * shares.largest_share, 100 * switching, n,
        100 * repeated, shares.best_rtt_ns / 1e6, shares.worst_rtt_ns / 1e6);
    values[SCHEDULER] = mps_text(name);
    values[SCHEDULER_CONFIDENCE] = mps_real(confidence);
    values[SCHEDULER_EVIDENCE] = mps_text(evidence);
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    infer_path_manager(subject->connection, values);
    infer_scheduler(state, subject->connection, values);
}

static void clear(void *state)
{
    State *self = state;

    for (int i = 0; i < 2; i++)
        if (self->paths[i])
            g_array_unref(self->paths[i]);
}

const MpsMetric mps_metric_inference = {
    .name = "inference",
    .help = "Path manager and scheduler as inferred from addresses, shares, RTTs and the order of "
            "the data; with evidence and confidence, never asserted.",
    .scope = MPS_SCOPE_CONNECTION,
    .columns = columns,
    .state_bytes = sizeof(State),
    .wants = MPS_WANTS(MPS_EV_DATA) | MPS_WANTS(MPS_EV_RTT),
    .observe = observe,
    .summarise = summarise,
    .clear = clear,
};
