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
         "inferred: subflow_refreshing (subflows closed and opened again between the same "
         "addresses), delayed (joins long after they were possible), fullmesh (joins between "
         "several addresses of both hosts), ndiffports (joins between the same addresses), "
         "signalled (joins to announced addresses), subflow (joins from further addresses of the "
         "opener)"},
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

/* Announcements looked at; hosts announce their addresses early. */
enum { MAX_ANNOUNCED = 64 };

/* A join is late if it had been possible for this many handshake RTTs (kernels join within one or
 * two), and for this long or while this much data went. */
enum { LATE_RTTS = 10, LATE_BYTES = 1000 * 1000 };
static const int64_t LATE_NS = INT64_C(1000) * 1000 * 1000;

/* A join so soon after its host closed another subflow between the same addresses replaces it;
 * fewer of them may be repairs. */
static const int64_t REPLACED_NS = INT64_C(1000) * 1000 * 1000;
enum { LEAST_REPLACED = 2 };

/* A time, and how much data had gone both ways by then. */
typedef struct {
    int64_t ns;
    uint64_t bytes;
} Moment;

typedef struct {
    MpsSide by;
    MpsAddress address;
    bool has_port;
    uint16_t port;
    Moment first;
} Announced;

/* Joins by when their SYN came: soon, or late after it was possible.  An address that was neither
 * the initial one nor announced may not have been there before. */
typedef struct {
    guint soon, late, late_from_new;
    Moment least; /* delay of the earliest, and data meanwhile */
} Timing;

typedef struct {
    uint64_t n_pieces[2];   /* pieces of new data */
    uint64_t n_switches[2]; /* of them, on another subflow than the one before */
    uint32_t last[2];       /* ordinal of the last piece */
    GArray *announced;      /* Announced; NULL = none */
    bool can_join;          /* data was acknowledged: both hosts know that it is MPTCP */
    Moment can_join_since;
    Timing timing;
    uint64_t n_removals[2]; /* REMOVE_ADDR, by sender */
} State;

static Moment moment_of(const MpsEvent *event)
{
    const MpsConnectionSide *side = event->connection->side;

    return (Moment){event->ts_ns, side[MPS_CLIENT].data_bytes + side[MPS_SERVER].data_bytes};
}

static bool same_address(const MpsEndpoint *a, const MpsEndpoint *b)
{
    return memcmp(&a->address, &b->address, sizeof(MpsAddress)) == 0;
}

static void take_announcement(State *self, const MpsEvent *event)
{
    const MpsMptcpOption *option = event->signal.option;
    Announced item = {.by = event->direction,
                      .address = option->add_addr.address,
                      .has_port = option->add_addr.has_port,
                      .port = option->add_addr.port,
                      .first = moment_of(event)};

    if (!self->announced)
        self->announced = g_array_new(FALSE, FALSE, sizeof(Announced));
    if (self->announced->len < MAX_ANNOUNCED)
        g_array_append_val(self->announced, item);
}

/* Since when the other host knows @end of @side, a moment no earlier than *@since; false if that
 * is not visible.  A port matters where a SYN goes to. */
static bool known_since(const State *self, const MpsConnection *connection, const MpsEndpoint *end,
                        MpsSide side, bool port_matters, Moment *since)
{
    if (same_address(end, &connection->end[side]) &&
        (!port_matters || end->port == connection->end[side].port))
        return true;
    for (guint i = 0; self->announced && i < self->announced->len; i++) {
        const Announced *item = &g_array_index(self->announced, Announced, i);

        if (item->by != side || memcmp(&item->address, &end->address, sizeof item->address) != 0 ||
            (port_matters && item->has_port && item->port != end->port))
            continue;
        if (item->first.ns > since->ns)
            *since = item->first;
        return true;
    }
    return false;
}

/* Whether a join came late that had been possible for @delay. */
static bool is_late(const MpsConnection *connection, const Moment *delay)
{
    const MpsSubflow *initial = g_ptr_array_index(connection->subflows, 0);

    return initial->syn_to_synack_ns != MPS_NO_TIME && initial->synack_to_ack_ns != MPS_NO_TIME &&
           delay->ns >= LATE_RTTS * (initial->syn_to_synack_ns + initial->synack_to_ack_ns) &&
           (delay->ns >= LATE_NS || delay->bytes >= LATE_BYTES);
}

static void take_join(State *self, const MpsEvent *event)
{
    const MpsSubflow *join = event->subflow;
    const MpsConnection *connection = event->connection;
    const MpsSide opener = join->opened_by,
                  acceptor = opener == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
    Timing *timing = &self->timing;
    Moment since = self->can_join_since, delay = moment_of(event);
    const bool known =
        known_since(self, connection, &join->end[acceptor], acceptor, true, &since) &&
        known_since(self, connection, &join->end[opener], opener, false, &since);

    delay.ns -= since.ns;
    delay.bytes -= since.bytes;
    if (!self->can_join || !is_late(connection, &delay)) {
        timing->soon++;
        return;
    }
    if (timing->late + timing->late_from_new == 0 || delay.ns < timing->least.ns)
        timing->least = delay;
    timing->late += known;
    timing->late_from_new += !known;
}

static void take_signal(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (event->signal.what == MPS_SIGNAL_ADD_ADDR)
        take_announcement(self, event);
    else if (event->signal.what == MPS_SIGNAL_JOIN)
        take_join(self, event);
    else if (event->signal.what == MPS_SIGNAL_REMOVE_ADDR)
        self->n_removals[event->direction]++;
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsDirection direction = event->direction;
    const uint32_t ordinal = event->subflow->ordinal;

    if (event->data.union_bytes == 0)
        return;
    self->n_switches[direction] +=
        self->n_pieces[direction] > 0 && self->last[direction] != ordinal;
    self->n_pieces[direction]++;
    self->last[direction] = ordinal;
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (!self->can_join)
        self->can_join_since = moment_of(event);
    self->can_join = true;
}

/* Joins by the addresses they are between, compared with the initial subflow. */
typedef struct {
    guint n, same, other_opener, other_acceptor, both;
} Joins;

static Joins joins_of(const MpsConnection *connection)
{
    const MpsSubflow *initial = g_ptr_array_index(connection->subflows, 0);
    Joins joins = {0};

    for (guint i = 1; i < connection->subflows->len; i++) {
        const MpsSubflow *join = g_ptr_array_index(connection->subflows, i);
        const MpsSide opener = join->opened_by;
        const MpsSide acceptor = opener == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;

        if (join->kind != MPS_KIND_JOIN)
            continue;

        const bool opener_differs = !same_address(&join->end[opener], &initial->end[opener]);
        /* Another port of the acceptor has to be announced like another address. */
        const bool acceptor_differs =
            !same_address(&join->end[acceptor], &initial->end[acceptor]) ||
            (opener == initial->opened_by &&
             join->end[acceptor].port != initial->end[acceptor].port);

        joins.n++;
        joins.same += !opener_differs && !acceptor_differs;
        joins.other_opener += opener_differs && !acceptor_differs;
        joins.other_acceptor += !opener_differs && acceptor_differs;
        joins.both += opener_differs && acceptor_differs;
    }
    return joins;
}

static int64_t end_by(const MpsSubflow *subflow, MpsSide side)
{
    const int64_t fin_ns = subflow->side[side].fin_ns, rst_ns = subflow->side[side].rst_ns;

    return fin_ns == MPS_NO_TIME ? rst_ns : rst_ns == MPS_NO_TIME ? fin_ns : MIN(fin_ns, rst_ns);
}

/* Whether @join came soon after its opener had closed @subflow, which worked between the same
 * addresses. */
static bool replaces(const MpsSubflow *join, const MpsSubflow *subflow)
{
    const MpsSide opener = join->opened_by, peer = opener == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
    const int64_t closed_ns = end_by(subflow, opener), peer_ns = end_by(subflow, peer);

    return subflow->result == MPS_RESULT_ESTABLISHED && closed_ns != MPS_NO_TIME &&
           (peer_ns == MPS_NO_TIME || peer_ns >= closed_ns) && join->syn_ns >= closed_ns &&
           join->syn_ns - closed_ns <= REPLACED_NS &&
           same_address(&join->end[MPS_CLIENT], &subflow->end[MPS_CLIENT]) &&
           same_address(&join->end[MPS_SERVER], &subflow->end[MPS_SERVER]);
}

/* Joins that replace a subflow, each another one; @removals: REMOVE_ADDR sent by their openers. */
static guint replacements_of(const State *self, const MpsConnection *connection, uint64_t *removals)
{
    enum { LOOK_BACK = 64 };
    const GPtrArray *subflows = connection->subflows;
    g_autofree bool *replaced = g_new0(bool, subflows->len);
    bool by[2] = {false, false};
    guint n = 0;

    for (guint i = 1; i < subflows->len; i++) {
        const MpsSubflow *join = g_ptr_array_index(subflows, i);

        for (guint k = i > LOOK_BACK ? i - LOOK_BACK : 0; k < i; k++) {
            if (replaced[k] || !replaces(join, g_ptr_array_index(subflows, k)))
                continue;
            replaced[k] = by[join->opened_by] = true;
            n++;
            break;
        }
    }
    *removals = (by[MPS_CLIENT] ? self->n_removals[MPS_CLIENT] : 0) +
                (by[MPS_SERVER] ? self->n_removals[MPS_SERVER] : 0);
    return n;
}

/* What the addresses of the joins tell; NULL: nothing. */
static const char *by_addresses(const Joins *joins, double *confidence)
{
    if (joins->same == joins->n) {
        *confidence = joins->n > 1 ? 0.9 : 0.6;
        return "ndiffports";
    }
    if (joins->other_opener > 0 && joins->other_acceptor > 0) {
        *confidence = joins->both > 0 ? 0.9 : 0.6;
        return "fullmesh";
    }
    *confidence = 0.7;
    return joins->other_acceptor + joins->both == joins->n ? "signalled"
           : joins->other_opener == joins->n               ? "subflow"
                                                           : NULL;
}

/* What the time of the joins tells, in words added to @evidence; NULL: nothing. */
static const char *by_time(const Timing *timing, guint n, double *confidence, GString *evidence)
{
    if (timing->late + timing->late_from_new < n)
        return NULL;
    g_string_append_printf(evidence,
                           "; none earlier than %.3f s and %" G_GUINT64_FORMAT
                           " bytes after joins were possible",
                           (double)timing->least.ns / 1e9, timing->least.bytes);
    if (timing->late_from_new > 0)
        g_string_append_printf(evidence,
                               "; %u with an address not seen before, and one that came up late "
                               "looks the same",
                               timing->late_from_new);
    if (timing->late == 0)
        return NULL;
    *confidence = timing->late_from_new == 0 && timing->least.ns >= LATE_NS ? 0.6 : 0.4;
    return "delayed";
}

/* What the replacement of subflows tells, in words added to @evidence; NULL: nothing. */
static const char *by_replacement(const State *self, const MpsConnection *connection,
                                  double *confidence, GString *evidence)
{
    uint64_t removals;
    const guint n = replacements_of(self, connection, &removals);

    if (n < LEAST_REPLACED)
        return NULL;
    g_string_append_printf(evidence,
                           "; %u came within 1 s after their opener had closed another subflow "
                           "between the same addresses",
                           n);
    if (removals > 0)
        g_string_append_printf(evidence,
                               "; it removed addresses %" G_GUINT64_FORMAT
                               " times, and one that comes and goes looks the same",
                               removals);
    *confidence = removals > 0 ? 0.4 : n > LEAST_REPLACED ? 0.8 : 0.6;
    return "subflow_refreshing";
}

static void infer_path_manager(const State *self, const MpsConnection *connection, MpsValue *values)
{
    const MpsSubflow *initial =
        connection->subflows->len ? g_ptr_array_index(connection->subflows, 0) : NULL;
    static char evidence[512]; /* borrowed by the row */
    g_autoptr(GString) words = g_string_new(NULL);
    double confidence;

    if (!initial || initial->kind != MPS_KIND_INITIAL)
        return;

    const Joins joins = joins_of(connection);

    if (joins.n == 0)
        return;
    g_string_printf(words,
                    "%u join%s: %u between the initial addresses, %u from another, %u to another "
                    "address or port, %u both",
                    joins.n, joins.n == 1 ? "" : "s", joins.same, joins.other_opener,
                    joins.other_acceptor, joins.both);

    const char *name = by_replacement(self, connection, &confidence, words);

    if (!name)
        name = by_time(&self->timing, joins.n, &confidence, words);
    if (!name)
        name = by_addresses(&joins, &confidence);
    if (!name)
        return;
    (void)g_strlcpy(evidence, words->str, sizeof evidence);
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

static Shares shares_of(const MpsConnection *connection, MpsDirection direction)
{
    const double all = (double)connection->side[direction].data_bytes;
    Shares shares = {.smallest_share = 2};

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        const MpsSubflowSide *side = &subflow->side[direction];
        const double share = (double)side->ledger.data_bytes / all;

        shares.reinjected_bytes += side->ledger.reinjected_bytes;
        if (subflow->result != MPS_RESULT_ESTABLISHED)
            continue;
        shares.usable++;
        shares.backup += subflow->side[0].backup || subflow->side[1].backup;
        if (share <= 0)
            continue;
        shares.used++;
        shares.smallest_share = MIN(shares.smallest_share, share);
        shares.largest_share = MAX(shares.largest_share, share);
        if (side->rtt_samples < 3)
            continue;

        const double rtt_ns = side->rtt_sum_ns / (double)side->rtt_samples;

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

    const Shares shares = shares_of(connection, direction);
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
    infer_path_manager(state, subject->connection, values);
    infer_scheduler(state, subject->connection, values);
}

static void clear(void *state)
{
    State *self = state;

    if (self->announced)
        g_array_unref(self->announced);
}

static const MpsLink links[] = {
    MPS_ARRAY(State, announced, Announced, NULL),
    {0},
};

const MpsMetric mps_metric_inference = {
    .name = "inference",
    .help =
        "Path manager and scheduler as inferred from addresses, the time of joins, shares, RTTs "
        "and the order of the data; with evidence and confidence, never asserted.",
    .scope = MPS_SCOPE_CONNECTION,
    .always = true,
    .columns = columns,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_DATA_ACK] = {take_data_ack},
            [MPS_EV_SIGNAL] = {take_signal},
        },
    .summarise = summarise,
    .clear = clear,
};
