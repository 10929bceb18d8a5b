/* metric_flight.c - data in flight, the receive window, and what kept the sender from sending more.
 *
 * Limits are a heuristic in the spirit of T-RAT (Zhang, Breslau, Paxson, Shenker: On the
 * characteristics and origins of Internet flow rates, 2002), on what is in flight at the tap. */
#include "metrics/bins.h"
#include "metrics/metrics.h"

#include "util/vantage.h"

#define MS_NS ((int64_t)1000 * 1000)

/* A segment, where sizes are counted in segments: the MSS of Ethernet. */
enum { SEGMENT_BYTES = 1460 };

/* The window limits when less than this is left of it. */
enum { WINDOW_BYTES = 3 * SEGMENT_BYTES };

/* The path limits from this flight on, if it is at least PATH_PERCENT of its recent maximum. */
enum { PATH_BYTES = 4 * SEGMENT_BYTES, PATH_PERCENT = 90 };

/* Recent: 4 RTTs, at least 200 ms; at least that, at most twice as long. */
enum { RECENT_RTTS = 4 };
static const int64_t RECENT_NS = 200 * MS_NS;

/* Nothing outstanding for longer than 3 RTTs, and than 50 ms, is idleness: the gap that ends an
 * application burst. */
enum { IDLE_RTTS = 3 };
static const int64_t IDLE_NS = 50 * MS_NS;

typedef enum { EMPTY, WINDOW, PATH, APPLICATION, N_LIMITS } Limit;

/* A quantity over time. */
typedef struct {
    int64_t value, max;
    double sum_ns; /* value times time */
} Level;

typedef struct {
    MpsBins *series; /* or NULL */
    bool started, has_window;
    int64_t first_ns, now_ns;
    int64_t sent_end; /* data offset */
    Level data, tcp, window;
    int64_t window_ns; /* since when it is known */

    int64_t zero_since_ns; /* valid while window.value is 0 */
    uint64_t zero_windows;
    int64_t zero_ns, zero_max_ns;

    Limit limit; /* since now_ns */
    int64_t empty_since_ns;
    int64_t limit_ns[N_LIMITS]; /* EMPTY: not used */
    int64_t rtt_ns;             /* smoothed as in RFC 6298 */
    bool recovering;
    int64_t recover_end; /* data offset: recovered when it is acknowledged */
    int64_t recent_since_ns;
    int64_t recent_max, before_max; /* TCP flight since then, and as long before */
} State;

enum {
    SENDER_VIEW,
    FLIGHT_MEAN,
    FLIGHT_MAX,
    TCP_FLIGHT_MEAN,
    TCP_FLIGHT_MAX,
    WINDOW_MEAN,
    WINDOW_MAX,
    WINDOW_EDGE,
    ZERO_WINDOWS,
    ZERO_WINDOW,
    ZERO_WINDOW_MAX,
    LIMITED_WINDOW,
    LIMITED_PATH,
    LIMITED_APPLICATION,
    LIMITED_IDLE,
};

static const MpsColumn columns[] = {
    [SENDER_VIEW] = {"sender_view", MPS_INT,
                     "1: captured near the sender, so that flight_ and tcp_flight_ are the "
                     "sender's; 0: elsewhere, they are the tap's; NULL: not known where"},
    [FLIGHT_MEAN] = {"flight_mean_bytes", MPS_REAL,
                     "data sent and not acknowledged by a DATA_ACK (after a fallback, by TCP): "
                     "time-weighted mean from the first data on"},
    [FLIGHT_MAX] = {"flight_max_bytes", MPS_INT, "maximum of it"},
    [TCP_FLIGHT_MEAN] = {"tcp_flight_mean_bytes", MPS_REAL,
                         "sent and not acknowledged by TCP, sum of the subflows: time-weighted "
                         "mean"},
    [TCP_FLIGHT_MAX] = {"tcp_flight_max_bytes", MPS_INT, "maximum of it"},
    [WINDOW_MEAN] = {"window_mean_bytes", MPS_REAL,
                     "receive window: right edge - DATA_ACK, time-weighted mean; NULL: a SYN "
                     "with the window scale was not captured"},
    [WINDOW_MAX] = {"window_max_bytes", MPS_INT, "maximum of it"},
    [WINDOW_EDGE] = {"window_edge_bytes", MPS_INT,
                     "right edge of the window at the end, as data offset: highest DATA_ACK + "
                     "scaled window"},
    [ZERO_WINDOWS] = {"zero_windows", MPS_INT, "times that the window became zero"},
    [ZERO_WINDOW] = {"zero_window_ns", MPS_INT, "how long it was zero altogether"},
    [ZERO_WINDOW_MAX] = {"zero_window_max_ns", MPS_INT, "longest time that it was zero"},
    [LIMITED_WINDOW] = {"limited_window", MPS_REAL,
                        "share of the connection's life, 0 to 1, in which the receive window kept "
                        "the sender from sending more; NULL: not captured near the sender"},
    [LIMITED_PATH] = {"limited_path", MPS_REAL,
                      "in which the paths did: recovering, or flight at its recent maximum"},
    [LIMITED_APPLICATION] = {"limited_application", MPS_REAL,
                             "in which the application did: nothing more to send"},
    [LIMITED_IDLE] = {"limited_idle", MPS_REAL,
                      "in which nothing was going on; sums to 1 with "
                      "the other three"},
    {0},
};

static void pass(Level *level, int64_t elapsed_ns)
{
    level->sum_ns += (double)level->value * (double)elapsed_ns;
}

static void set(Level *level, int64_t value)
{
    level->value = value;
    level->max = MAX(level->max, value);
}

/* ---- limits ---- */

static void remember_flight(State *self)
{
    const int64_t recent_ns = MAX(RECENT_RTTS * self->rtt_ns, RECENT_NS);

    if (self->now_ns - self->recent_since_ns >= recent_ns) {
        const bool long_ago = self->now_ns - self->recent_since_ns >= 2 * recent_ns;

        self->before_max = long_ago ? 0 : self->recent_max;
        self->recent_max = 0;
        self->recent_since_ns = self->now_ns;
    }
    self->recent_max = MAX(self->recent_max, self->tcp.value);
}

static Limit limit_now(const State *self, const MpsConnectionSide *side)
{
    const int64_t recent_max = MAX(self->recent_max, self->before_max);
    const bool outstanding = self->data.value > 0 || self->tcp.value > 0;
    const int64_t room = side->window_end - self->sent_end;

    if (side->has_window && (outstanding ? room < WINDOW_BYTES : self->window.value == 0))
        return WINDOW;
    if (!outstanding)
        return EMPTY;
    if (self->recovering ||
        (self->tcp.value >= PATH_BYTES && self->tcp.value * 100 >= recent_max * PATH_PERCENT))
        return PATH;
    return APPLICATION;
}

/* A gap in which nothing was outstanding is over. */
static void end_gap(State *self)
{
    const int64_t gap_ns = self->now_ns - self->empty_since_ns;

    if (gap_ns <= MAX(IDLE_RTTS * self->rtt_ns, IDLE_NS))
        self->limit_ns[APPLICATION] += gap_ns;
}

static void judge(State *self, const MpsConnectionSide *side)
{
    const Limit limit = limit_now(self, side);

    if (limit == EMPTY && self->limit != EMPTY)
        self->empty_since_ns = self->now_ns;
    if (limit != EMPTY && self->limit == EMPTY)
        end_gap(self);
    self->limit = limit;
}

/* ---- what happens ---- */

/* Everything stayed as it was until @ts_ns. */
static void advance(State *self, int64_t ts_ns)
{
    const int64_t elapsed_ns = ts_ns - self->now_ns;

    if (elapsed_ns <= 0)
        return;
    pass(&self->data, elapsed_ns);
    pass(&self->tcp, elapsed_ns);
    if (self->has_window)
        pass(&self->window, elapsed_ns);
    self->limit_ns[self->limit] += elapsed_ns;
    self->now_ns = ts_ns;
}

static void end_zero_window(State *self)
{
    const int64_t zero_ns = self->now_ns - self->zero_since_ns;

    self->zero_ns += zero_ns;
    self->zero_max_ns = MAX(self->zero_max_ns, zero_ns);
}

static void take_window(State *self, const MpsConnectionSide *side)
{
    const int64_t window = MAX(side->window_end - side->acked, 0);
    const bool was_zero = self->has_window && self->window.value == 0;

    if (!side->has_window || !side->has_acked)
        return;
    if (!self->has_window)
        self->window_ns = self->now_ns;
    self->has_window = true;
    set(&self->window, window);
    if (window > 0 && was_zero)
        end_zero_window(self);
    if (window > 0 || was_zero)
        return;
    self->zero_windows++;
    self->zero_since_ns = self->now_ns;
}

/* Something was sent or acknowledged: looks at it all anew. */
static void look(State *self, const MpsEvent *event)
{
    const MpsConnectionSide *side = &event->connection->side[event->direction];

    take_window(self, side);
    set(&self->data, side->has_acked ? MAX(self->sent_end - side->acked, 0) : self->sent_end);
    set(&self->tcp, (int64_t)side->flight_bytes);
    if (self->recovering && side->has_acked && side->acked >= self->recover_end) {
        self->recovering = false;
        self->recent_max = self->before_max = 0;
    }
    remember_flight(self);
    judge(self, side);
    if (self->series && event->kind != MPS_EV_PROGRESS)
        mps_bin_tcp_flight(mps_bins_whole_at(self->series, event->ts_ns), side->flight_bytes);
}

static void start(State *self, const MpsEvent *event)
{
    self->started = true;
    self->first_ns = self->now_ns = self->recent_since_ns = event->ts_ns;
    self->empty_since_ns = event->ts_ns;
    self->sent_end = event->data.offset;
}

static void recover(State *self)
{
    self->recovering = true;
    self->recover_end = self->sent_end;
}

static void take_data(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const bool first = !self->started && !event->data.revised;

    if (self->started)
        advance(self, event->ts_ns);
    if (event->data.revised)
        return;
    if (first)
        start(self, event);
    self->sent_end = MAX(self->sent_end, event->data.offset + (int64_t)event->data.bytes);
    if (event->data.class != MPS_DATA_NEW)
        recover(self);
    if (first) /* its segment may have come before its mapping */
        look(self, event);
}

/* A segment with payload, or progress. */
static void take_change(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (!self->started)
        return;
    advance(self, event->ts_ns);
    look(self, event);
}

static void take_rtt(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    self->rtt_ns += self->rtt_ns ? (event->rtt.rtt_ns - self->rtt_ns) / 8 : event->rtt.rtt_ns;
}

/* ---- results ---- */

static void limit_values(const State *self, const MpsConnection *connection, MpsValue *values)
{
    const double life_ns = (double)(connection->end_ns - connection->start_ns);
    double busy = 0;

    if (life_ns <= 0)
        return;
    for (Limit limit = WINDOW; limit < N_LIMITS; limit++) {
        const double share = (double)self->limit_ns[limit] / life_ns;

        values[LIMITED_WINDOW + (limit - WINDOW)] = mps_real(share);
        busy += share;
    }
    values[LIMITED_IDLE] = mps_real(MAX(1 - busy, 0));
}

static void window_values(const State *self, const MpsConnectionSide *side, MpsValue *values)
{
    const bool zero = self->window.value == 0;
    const int64_t open_ns = zero ? self->now_ns - self->zero_since_ns : 0;

    if (self->now_ns > self->window_ns)
        values[WINDOW_MEAN] =
            mps_real(self->window.sum_ns / (double)(self->now_ns - self->window_ns));
    values[WINDOW_MAX] = mps_int(self->window.max);
    values[WINDOW_EDGE] = mps_int(side->window_end);
    values[ZERO_WINDOWS] = mps_count(self->zero_windows);
    values[ZERO_WINDOW] = mps_int(self->zero_ns + open_ns);
    values[ZERO_WINDOW_MAX] = mps_int(MAX(self->zero_max_ns, open_ns));
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const State *self = state;
    const MpsVantage vantage = mps_vantage(subject->connection);
    const MpsVantage near = subject->direction == MPS_C2S ? MPS_VANTAGE_CLIENT : MPS_VANTAGE_SERVER;

    if (!self->started)
        return;
    values[SENDER_VIEW] = mps_int_if(vantage != 0, vantage == near);
    if (self->now_ns > self->first_ns) {
        const double life_ns = (double)(self->now_ns - self->first_ns);

        values[FLIGHT_MEAN] = mps_real(self->data.sum_ns / life_ns);
        values[TCP_FLIGHT_MEAN] = mps_real(self->tcp.sum_ns / life_ns);
    }
    values[FLIGHT_MAX] = mps_int(self->data.max);
    values[TCP_FLIGHT_MAX] = mps_int(self->tcp.max);
    if (!self->has_window)
        return;
    window_values(self, &subject->connection->side[subject->direction], values);
    if (vantage == near)
        limit_values(self, subject->connection, values);
}

const MpsMetric mps_metric_flight = {
    .name = "flight",
    .help =
        "Data in flight is what was sent and not covered by a DATA_ACK; TCP flight is from the "
        "highest acknowledgement of a subflow to the end of its payload.  The receive window "
        "reaches from the highest DATA_ACK to the right edge, the largest DATA_ACK + window seen, "
        "scaled as the SYNs of the subflow say.  Limits, in this order: window, if less than 3 "
        "segments of 1460 bytes are left of it (with nothing outstanding, if it is zero); path, if "
        "data was sent again and the DATA_ACK has not covered all that was sent by then, or if TCP "
        "flight, of at least 4 segments, is 90 % or more of its maximum of the last 4 RTTs or "
        "200 ms or, in part, of as long before; application, if anything else is outstanding, or "
        "nothing for up to 3 RTTs or 50 ms, whichever is longer; idle, the rest of the "
        "connection's life.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .columns = columns,
    .feeds = &mps_metric_series_acked,
    .state_bytes = sizeof(State),
    .observe =
        {
            [MPS_EV_DATA] = {take_data},
            [MPS_EV_SEGMENT] = {take_change, MPS_SEGMENT_PAYLOAD},
            [MPS_EV_PROGRESS] = {take_change},
            [MPS_EV_RTT] = {take_rtt},
        },
    .summarise = summarise,
};
