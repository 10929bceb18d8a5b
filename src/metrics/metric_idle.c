/* metric_idle.c - hosts that send nothing although they could: between data and more data
 * everything is acknowledged, the receive window is open, and no data of the other host is there to
 * wait for. */
#include "metrics/metrics.h"

#define MS_NS ((int64_t)1000 * 1000)

/* A silence counts from here on, or from three RTTs on if that is longer. */
static const int64_t LEAST_NS = 1000 * MS_NS;
/* Rows per host: an interactive session has pauses without end. */
enum { MOST_ROWS = 20 };

typedef struct {
    int64_t ts_ns;
    uint64_t packet;
    uint32_t capture_id;
} Place;

/* One host and the data that it sends. */
typedef struct {
    bool any_sent, any_acked;
    int64_t sent_end, acked; /* data offsets */
    Place done;              /* the DATA_ACK of everything sent so far */
    Place data;              /* last data of it */
    uint64_t n_idle;
    GArray *longest; /* MpsStall, of the longest ones; NULL: none so far */
} Host;

typedef struct {
    Host host[2];
} State;

enum { CLIENT_LONGEST, SERVER_LONGEST, CLIENT_TIMES, SERVER_TIMES };

static const MpsColumn columns[] = {
    [CLIENT_LONGEST] = {"client_longest_idle_ns", MPS_INT,
                        "longest row of table stall of kind idle, c2s; 0: there was none; NULL: no "
                        "data, or no DATA_ACK to judge by"},
    [SERVER_LONGEST] = {"server_longest_idle_ns", MPS_INT, "the same of the server, s2c"},
    [CLIENT_TIMES] = {"client_idle_times", MPS_INT,
                      "how many there were, also those without a row; NULL: as above"},
    [SERVER_TIMES] = {"server_idle_times", MPS_INT, "the same of the server"},
    {0},
};

static MpsSide other(MpsSide side)
{
    return side == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;
}

static Place here(const MpsEvent *event)
{
    return (Place){event->ts_ns, event->packet, event->capture_id};
}

/* Whether @receiver announced a window of 0 at @start_ns or later. */
static bool window_closed(const MpsConnection *connection, MpsSide receiver, int64_t start_ns)
{
    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        const int64_t zero_ns = subflow->side[receiver].zero_window_ns;

        if (zero_ns != MPS_NO_TIME && zero_ns >= start_ns)
            return true;
    }
    return false;
}

/* Whether one subflow could carry data of @sender from @start_ns until now. */
static bool always_usable(const MpsConnection *connection, MpsSide sender, int64_t start_ns)
{
    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        if (subflow->established_ns != MPS_NO_TIME && subflow->established_ns <= start_ns &&
            subflow->closed_ns == MPS_NO_TIME && subflow->side[sender].fin_ns == MPS_NO_TIME)
            return true;
    }
    return false;
}

/* Keeps @idle if it is among the longest. */
static void keep(Host *host, const MpsStall *idle)
{
    guint least = 0;

    host->n_idle++;
    if (!host->longest)
        host->longest = g_array_new(FALSE, FALSE, sizeof *idle);
    if (host->longest->len < MOST_ROWS) {
        g_array_append_val(host->longest, *idle);
        return;
    }
    for (guint i = 1; i < host->longest->len; i++)
        if (g_array_index(host->longest, MpsStall, i).length_ns <
            g_array_index(host->longest, MpsStall, least).length_ns)
            least = i;
    if (g_array_index(host->longest, MpsStall, least).length_ns < idle->length_ns)
        g_array_index(host->longest, MpsStall, least) = *idle;
}

static Place later(Place a, Place b)
{
    return b.ts_ns > a.ts_ns ? b : a;
}

/* New data of @host, of which everything before was acknowledged. */
static void end_of_silence(Host *host, const Host *receiver, const MpsEvent *event)
{
    const MpsConnection *connection = event->connection;
    const MpsSide sender = event->direction;
    const Place sent = later(host->done, host->data);
    const Place start = receiver->any_sent ? later(sent, receiver->data) : sent;
    const MpsStall idle = {
        .direction = sender,
        .kind = "idle",
        .start_ns = start.ts_ns,
        .length_ns = event->ts_ns - start.ts_ns,
        .packet = start.packet,
        .capture_id = start.capture_id,
        .cause = always_usable(connection, sender, start.ts_ns) ? "application or scheduler" : NULL,
        .ended_by = "data"};

    if (idle.length_ns >= MAX(LEAST_NS, 3 * mps_base_rtt_ns(connection)) &&
        !window_closed(connection, other(sender), start.ts_ns))
        keep(host, &idle);
}

static void take_data(State *self, const MpsEvent *event)
{
    Host *host = &self->host[event->direction];
    const int64_t end = event->data.offset + (int64_t)event->data.bytes;

    if (event->data.revised)
        return;
    if (host->any_sent && host->any_acked && host->acked >= host->sent_end && end > host->sent_end)
        end_of_silence(host, &self->host[other(event->direction)], event);
    host->sent_end = host->any_sent ? MAX(host->sent_end, end) : end;
    host->any_sent = true;
    host->data = here(event);
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    Host *host = &self->host[event->direction];

    if (event->connection->fallback) /* no DATA_ACKs any more: what is outstanding is not known */
        return;
    if (event->kind == MPS_EV_DATA) {
        take_data(self, event);
        return;
    }
    host->any_acked = true;
    host->acked = event->data_ack.offset;
    host->done = here(event);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    const State *self = state;

    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const GArray *longest = self->host[side].longest;

        for (guint i = 0; longest && i < longest->len; i++)
            mps_stall_row(rows, subject->connection, &g_array_index(longest, MpsStall, i));
    }
}

static void summarise(const void *state, const MpsSubject *subject G_GNUC_UNUSED, MpsValue *values)
{
    const State *self = state;

    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        const Host *host = &self->host[side];
        int64_t longest_ns = 0;

        for (guint i = 0; host->longest && i < host->longest->len; i++)
            longest_ns = MAX(longest_ns, g_array_index(host->longest, MpsStall, i).length_ns);
        values[CLIENT_LONGEST + side] = mps_int_if(host->any_sent && host->any_acked, longest_ns);
        values[CLIENT_TIMES + side] =
            mps_int_if(host->any_sent && host->any_acked, (int64_t)host->n_idle);
    }
}

static void clear(void *state)
{
    State *self = state;

    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++)
        if (self->host[side].longest)
            g_array_unref(self->host[side].longest);
}

const MpsMetric mps_metric_idle = {
    .name = "idle",
    .help = "Long silences of a host between data and more data with nothing outstanding and an "
            "open receive window; none are told after a fallback.",
    .scope = MPS_SCOPE_CONNECTION,
    .always = true,
    .columns = columns,
    .table = &mps_stall_table,
    .state_bytes = sizeof(State),
    .wants = MPS_WANTS(MPS_EV_DATA) | MPS_WANTS(MPS_EV_DATA_ACK),
    .observe = observe,
    .finish = finish,
    .summarise = summarise,
    .clear = clear,
};
