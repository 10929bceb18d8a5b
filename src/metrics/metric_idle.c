/* metric_idle.c - times without data of a host though everything it sent is acknowledged: idle, it
 * sends nothing although it could, the receive window is open, and no data of the other host is
 * there to wait for; closed_window, it must not send. */
#include "metrics/metrics.h"

#include "util/vantage.h"

#define MS_NS ((int64_t)1000 * 1000)

/* A silence counts from here on, or from three RTTs on if that is longer. */
static const int64_t LEAST_IDLE_NS = 1000 * MS_NS, LEAST_CLOSED_NS = 200 * MS_NS;
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
    GArray *closed;  /* the same of closed windows */
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

/* After a fallback there are none: what is outstanding is not known. */
static bool has_data_acks(const MpsEvent *event)
{
    return !event->connection->fallback;
}

static Place here(const MpsEvent *event)
{
    return (Place){event->ts_ns, event->packet, event->capture_id};
}

/* When @receiver announced a window of 0 last, and (if it did) another window first after that. */
static void window_times(const MpsConnection *connection, MpsSide receiver, int64_t *zero_ns,
                         int64_t *opened_ns)
{
    *zero_ns = *opened_ns = MPS_NO_TIME;
    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        *zero_ns = MAX(*zero_ns, subflow->side[receiver].zero_window_ns);
    }
    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);
        const int64_t each_ns = subflow->side[receiver].window_opened_ns;

        if (each_ns > *zero_ns && (*opened_ns == MPS_NO_TIME || each_ns < *opened_ns))
            *opened_ns = each_ns;
    }
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

/* Keeps @stall in @list if it is among the longest. */
static void keep(GArray **list, const MpsStall *stall)
{
    guint least = 0;

    if (!*list)
        *list = g_array_new(FALSE, FALSE, sizeof *stall);
    if ((*list)->len < MOST_ROWS) {
        g_array_append_val(*list, *stall);
        return;
    }
    for (guint i = 1; i < (*list)->len; i++)
        if (g_array_index(*list, MpsStall, i).length_ns <
            g_array_index(*list, MpsStall, least).length_ns)
            least = i;
    if (g_array_index(*list, MpsStall, least).length_ns < stall->length_ns)
        g_array_index(*list, MpsStall, least) = *stall;
}

static Place later(Place a, Place b)
{
    return b.ts_ns > a.ts_ns ? b : a;
}

/* A window that was closed from @start to @end_ns while everything was acknowledged. */
static void closed_window(Host *host, const MpsConnection *connection, MpsDirection direction,
                          Place start, int64_t end_ns, const char *ended_by)
{
    const MpsStall closed = {.direction = direction,
                             .kind = "closed_window",
                             .start_ns = start.ts_ns,
                             .length_ns = end_ns - start.ts_ns,
                             .packet = start.packet,
                             .capture_id = start.capture_id,
                             .cause = "zero window",
                             .ended_by = ended_by};

    if (closed.length_ns >= MAX(LEAST_CLOSED_NS, 3 * mps_base_rtt_ns(connection)))
        keep(&host->closed, &closed);
}

/* New data of @host, of which everything before was acknowledged. */
static void end_of_silence(Host *host, const Host *receiver, const MpsEvent *event)
{
    const MpsConnection *connection = event->connection;
    const MpsSide sender = event->direction;
    const MpsVantage near = sender == MPS_CLIENT ? MPS_VANTAGE_CLIENT : MPS_VANTAGE_SERVER;
    const Place sent = later(host->done, host->data);
    const Place start = receiver->any_sent ? later(sent, receiver->data) : sent;
    const MpsStall idle = {.direction = sender,
                           .kind = "idle",
                           .start_ns = start.ts_ns,
                           .length_ns = event->ts_ns - start.ts_ns,
                           .packet = start.packet,
                           .capture_id = start.capture_id,
                           .cause = !always_usable(connection, sender, start.ts_ns) ? NULL
                                    : mps_vantage(connection) == near
                                        ? "application or scheduler"
                                        : "application or scheduler (or loss before the tap)",
                           .ended_by = "data"};
    int64_t zero_ns, opened_ns;

    if (event->ts_ns - host->done.ts_ns < LEAST_CLOSED_NS)
        return;
    window_times(connection, other(sender), &zero_ns, &opened_ns);
    if (zero_ns >= host->done.ts_ns && opened_ns != MPS_NO_TIME)
        closed_window(host, connection, sender, host->done, opened_ns, "window");
    if (idle.length_ns >= MAX(LEAST_IDLE_NS, 3 * mps_base_rtt_ns(connection)) &&
        zero_ns < start.ts_ns) {
        host->n_idle++;
        keep(&host->longest, &idle);
    }
}

static void note_data(Host *host, const MpsEvent *event)
{
    const int64_t end = event->data.offset + (int64_t)event->data.bytes;

    host->sent_end = host->any_sent ? MAX(host->sent_end, end) : end;
    host->any_sent = true;
    host->data = here(event);
}

/* Data, when everything sent before was acknowledged. */
static G_GNUC_NO_INLINE void take_more(State *self, const MpsEvent *event)
{
    Host *host = &self->host[event->direction];

    if (event->data.offset + (int64_t)event->data.bytes > host->sent_end)
        end_of_silence(host, &self->host[other(event->direction)], event);
    note_data(host, event);
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    Host *host = &self->host[event->direction];

    if (event->data.revised || !has_data_acks(event))
        return;
    if (host->any_sent && host->any_acked && host->acked >= host->sent_end)
        take_more(self, event);
    else
        note_data(host, event);
}

static void take_data_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    Host *host = &((State *)state)->host[event->direction];

    if (!has_data_acks(event))
        return;
    host->any_acked = true;
    host->acked = event->data_ack.offset;
    host->done = here(event);
}

/* A window that stays closed though the host has not said that it is done. */
static void still_closed(Host *host, const MpsConnection *connection, MpsDirection direction)
{
    const char *ended_by =
        connection->close == MPS_CLOSE_CAPTURE_END ? "capture_end"
        : connection->close == MPS_CLOSE_FASTCLOSE || connection->close == MPS_CLOSE_RESET ? "close"
                                                                                           : NULL;
    int64_t zero_ns, opened_ns;

    if (!host->any_sent || !host->any_acked || host->acked < host->sent_end ||
        connection->fallback || connection->side[direction].data_fin_ns != MPS_NO_TIME)
        return;
    window_times(connection, other(direction), &zero_ns, &opened_ns);
    if (zero_ns >= host->done.ts_ns && opened_ns == MPS_NO_TIME)
        closed_window(host, connection, direction, host->done, connection->end_ns, ended_by);
}

static void add_rows(const MpsConnection *connection, const GArray *list, MpsRowSink *rows)
{
    for (guint i = 0; list && i < list->len; i++)
        mps_stall_row(rows, connection, &g_array_index(list, MpsStall, i));
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    State *self = state;

    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        Host *host = &self->host[side];

        still_closed(host, subject->connection, side);
        add_rows(subject->connection, host->longest, rows);
        add_rows(subject->connection, host->closed, rows);
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

    for (int side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        g_clear_pointer(&self->host[side].longest, g_array_unref);
        g_clear_pointer(&self->host[side].closed, g_array_unref);
    }
}

static const MpsLink stall_links[] = {
    MPS_ENTITY(MpsStall, subflow),
    MPS_WORD(MpsStall, kind),
    MPS_WORD(MpsStall, cause),
    MPS_WORD(MpsStall, ended_by),
    {0},
};

static const MpsLink host_links[] = {
    MPS_ARRAY(Host, longest, MpsStall, stall_links),
    MPS_ARRAY(Host, closed, MpsStall, stall_links),
    {0},
};

static const MpsLink links[] = {
    MPS_PART(State, host, 2, host_links),
    {0},
};

const MpsMetric mps_metric_idle = {
    .name = "idle",
    .help = "Long silences of a host with nothing outstanding: between data and more data with an "
            "open receive window, or because it is closed; none are told after a fallback.",
    .scope = MPS_SCOPE_CONNECTION,
    .always = true,
    .columns = columns,
    .table = &mps_stall_table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_DATA_ACK] = {take_data_ack},
        },
    .finish = finish,
    .summarise = summarise,
    .clear = clear,
};
