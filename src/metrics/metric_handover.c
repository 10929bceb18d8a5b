/* metric_handover.c - data moves from a subflow that died, or fell silent, to another one for good.
 *
 * Told only with evidence: a subflow that is merely not chosen any more has nothing unanswered and
 * nothing of it is sent again elsewhere.  Data that was acknowledged before it was sent again has
 * not moved: it was there. */
#include "metrics/metrics.h"

#include <string.h>

#define MS_NS ((int64_t)1000 * 1000)

/* Silence that counts, or three RTTs if that is longer; less is enough where the sender gave up
 * the subflow itself, by sending data of it again elsewhere. */
static const int64_t SILENCE_NS = 1000 * MS_NS, SILENCE_GIVEN_UP_NS = 200 * MS_NS;
static const int64_t MOST_RTT_NS = 60 * 1000 * MS_NS;
/* How often silence is looked at. */
static const int64_t LOOK_NS = 10 * MS_NS;

/* What a subflow carried last. */
typedef struct {
    const MpsSubflow *subflow; /* NULL: no data so far */
    uint64_t at;               /* number of its last data segment in the direction */
    int64_t last_ns;           /* when that was */
    bool reinjected;           /* data of it was sent again elsewhere since */
    bool silent;               /* long enough since, while others carried data */

    const MpsSubflow *next; /* who sent the first data after its last sign of life, and where */
    int64_t next_ns;
    uint64_t next_packet;
    uint32_t next_capture_id;
} Carrier;

typedef struct {
    Carrier *carriers; /* by ordinal */
    guint n_carriers;
    uint64_t n_segments; /* with data that this subflow had not carried before */
    int64_t newest_ns, looked_ns;
    uint64_t packet;
    uint32_t capture_id;
} State;

static G_GNUC_NO_INLINE void more_carriers(State *self, guint n)
{
    self->carriers = g_renew(Carrier, self->carriers, n);
    memset(self->carriers + self->n_carriers, 0, (n - self->n_carriers) * sizeof *self->carriers);
    self->n_carriers = n;
}

static int64_t rtt_ns(const MpsSubflowSide *side)
{
    const double mean = side->rtt_samples ? side->rtt_sum_ns / (double)side->rtt_samples : 0;

    return (int64_t)CLAMP(mean, 0, (double)MOST_RTT_NS);
}

/* Marks the subflows that are silent while data goes on elsewhere. */
static G_GNUC_NO_INLINE void look(State *self, MpsDirection sender, int64_t now_ns)
{
    const MpsSide receiver = sender == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;

    self->looked_ns = now_ns;
    for (guint i = 0; i < self->n_carriers; i++) {
        Carrier *each = &self->carriers[i];

        if (!each->subflow || each->silent || self->n_segments < each->at + 2 ||
            each->subflow->closed_ns != MPS_NO_TIME)
            continue;

        const int64_t heard_ns = each->subflow->side[receiver].last_ns;
        const bool unanswered = each->subflow->side[sender].unacked_bytes > 0;
        const int64_t silent_ns = now_ns - (heard_ns == MPS_NO_TIME ? each->last_ns : heard_ns);
        const int64_t least_ns = unanswered && each->reinjected ? SILENCE_GIVEN_UP_NS : SILENCE_NS;

        each->silent = (unanswered || each->reinjected) &&
                       silent_ns > MAX(least_ns, 3 * rtt_ns(&each->subflow->side[sender]));
    }
}

/* The earlier of two times, either of which may be MPS_NO_TIME. */
static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns == MPS_NO_TIME ? b_ns : b_ns == MPS_NO_TIME ? a_ns : MIN(a_ns, b_ns);
}

/* When @sender could not send new data on @subflow any more, or MPS_NO_TIME. */
static int64_t broke_ns(const MpsSubflow *subflow, MpsDirection sender)
{
    const int64_t reset_ns =
        earlier(subflow->side[MPS_CLIENT].rst_ns, subflow->side[MPS_SERVER].rst_ns);

    return earlier(earlier(subflow->closed_ns, subflow->side[sender].fin_ns), reset_ns);
}

/* Whether @each was alive, heard from both ends, after the data that it seemed to have moved to. */
static bool lived_on(const Carrier *each, MpsDirection sender)
{
    const MpsSubflowSide *side = each->subflow->side;
    const int64_t broke = broke_ns(each->subflow, sender);

    return each->next_ns <
           (broke == MPS_NO_TIME ? MIN(side[MPS_CLIENT].last_ns, side[MPS_SERVER].last_ns) : broke);
}

/* The data of @event may be where that of the other subflows moved. */
static void follow(State *self, const MpsEvent *event)
{
    for (guint i = 0; i < self->n_carriers; i++) {
        Carrier *each = &self->carriers[i];

        if (!each->subflow || each->subflow == event->subflow || each->silent ||
            (each->next && !lived_on(each, event->direction)))
            continue;
        each->next = event->subflow;
        each->next_ns = event->ts_ns;
        each->next_packet = event->packet;
        each->next_capture_id = event->capture_id;
    }
}

/* Data on @own again: whatever it is, nothing has moved from there for good. */
static void revive(Carrier *own)
{
    own->next = NULL;
    own->reinjected = own->silent = false;
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const bool again = event->data.class == MPS_DATA_REINJECTED;

    if (event->data.revised || event->data.class == MPS_DATA_RETRANSMITTED ||
        event->data.class == MPS_DATA_OVERTAKEN)
        return;
    if (again && !event->data.acked && event->data.from &&
        event->data.from->ordinal < self->n_carriers)
        self->carriers[event->data.from->ordinal].reinjected = true;
    if (self->n_segments > 0 &&
        (event->ts_ns < self->newest_ns ||
         (event->packet == self->packet && event->capture_id == self->capture_id)))
        return;

    if (event->subflow->ordinal >= self->n_carriers)
        more_carriers(self, event->subflow->ordinal + 1);

    Carrier *own = &self->carriers[event->subflow->ordinal];

    revive(own);
    if (again && event->data.acked)
        return;
    own->subflow = event->subflow;
    own->at = ++self->n_segments;
    own->last_ns = event->ts_ns;
    self->newest_ns = event->ts_ns;
    self->packet = event->packet;
    self->capture_id = event->capture_id;
    follow(self, event);
    if (event->ts_ns - self->looked_ns >= LOOK_NS)
        look(self, event->direction, event->ts_ns);
}

/* Whether the sender of @from was never heard there again although data went on elsewhere for long
 * and the subflow that it moved to was closed in the end: @from itself is never closed. */
static bool is_gone(const State *self, const Carrier *from, MpsDirection sender)
{
    const MpsSubflowSide *side = &from->subflow->side[sender];

    return from->next->closed_ns != MPS_NO_TIME && side->last_ns <= from->next_ns &&
           self->newest_ns - from->next_ns >= MAX(SILENCE_NS, 3 * rtt_ns(side));
}

/* Why data moved away from @from for good, or NULL if it did not, or for no reason that shows.  A
 * subflow closed by FIN is at its normal end if its sender is done (DATA_FIN), unless its data had
 * to be sent again elsewhere; a reset just before the whole connection is reset is part of that. */
static const char *reason(const State *self, const Carrier *from, MpsDirection direction)
{
    const MpsSubflow *subflow = from->subflow;
    int64_t done_ns;

    if (!subflow || !from->next || self->n_segments < from->at + 2 ||
        subflow->established_ns == MPS_NO_TIME)
        return NULL;
    if (from->silent || (subflow->closed_ns == MPS_NO_TIME && is_gone(self, from, direction)))
        return "silent";
    if (subflow->closed_ns == MPS_NO_TIME || subflow->closed_ns >= self->newest_ns ||
        lived_on(from, direction))
        return NULL;
    done_ns = subflow->connection->side[direction].data_fin_ns;
    if (subflow->close == MPS_CLOSE_FIN)
        return from->reinjected || done_ns == MPS_NO_TIME || done_ns > subflow->closed_ns ? "closed"
                                                                                          : NULL;
    if (subflow->close != MPS_CLOSE_RESET)
        return NULL;
    return (subflow->connection->close == MPS_CLOSE_RESET ||
            subflow->connection->close == MPS_CLOSE_FASTCLOSE) &&
                   self->newest_ns - subflow->closed_ns <= SILENCE_NS
               ? NULL
               : "reset";
}

/* Whether another subflow was there when @from carried its last data, or was closed; the one that
 * data moved to is open, whatever its own end. */
static bool had_another(const Carrier *from, const MpsConnection *connection,
                        MpsDirection direction)
{
    const int64_t last_ns = from->silent || from->subflow->closed_ns == MPS_NO_TIME
                                ? from->last_ns
                                : broke_ns(from->subflow, direction);

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *each = g_ptr_array_index(connection->subflows, i);

        if (each != from->subflow && each->established_ns != MPS_NO_TIME &&
            each->established_ns <= last_ns &&
            (each == from->next || each->closed_ns == MPS_NO_TIME || each->closed_ns > last_ns))
            return true;
    }
    return false;
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    const State *self = state;
    const MpsConnection *connection = subject->connection;

    if (connection->fallback)
        return;
    for (guint i = 0; i < self->n_carriers; i++) {
        const Carrier *from = &self->carriers[i];
        const char *why = reason(self, from, subject->direction);
        char detail[128];

        if (!why)
            continue;
        g_snprintf(detail, sizeof detail,
                   "{\"from\":%u,\"to\":%u,\"break_before_make\":%d,\"reason\":\"%s\","
                   "\"direction\":\"%s\"}",
                   from->subflow->ordinal, from->next->ordinal,
                   !had_another(from, connection, subject->direction), why,
                   mps_direction_name(subject->direction));
        mps_event_row(rows,
                      &(MpsEvent){.ts_ns = from->next_ns,
                                  .packet = from->next_packet,
                                  .capture_id = from->next_capture_id,
                                  .direction = subject->direction,
                                  .connection = (MpsConnection *)(uintptr_t)connection,
                                  .subflow = (MpsSubflow *)(uintptr_t)from->next},
                      "handover", detail);
    }
}

static void clear(void *state)
{
    g_free(((State *)state)->carriers);
}

static size_t n_carriers(const void *state)
{
    return ((const State *)state)->n_carriers;
}

static const MpsLink carrier_links[] = {
    MPS_ENTITY(Carrier, subflow),
    MPS_ENTITY(Carrier, next),
    {0},
};

static const MpsLink links[] = {
    MPS_COUNTED(State, carriers, n_carriers, carrier_links),
    {0},
};

const MpsMetric mps_metric_handover = {
    .name = "handover",
    .help = "Events of kind handover: data moved to another subflow for good, the old one was "
            "closed or fell silent; packet is the first data on the other.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .always = true,
    .table = &mps_event_table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_DATA] = {observe}},
    .finish = finish,
    .clear = clear,
};
