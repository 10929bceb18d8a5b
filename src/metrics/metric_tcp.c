/* metric_tcp.c - what the TCP headers of each subflow direction say: the counts of tcptrace's long
 * output that the ledger does not have. */
#include "metrics/metrics.h"

typedef struct {
    bool any_segment, any_payload, any_acked;
    bool closed;                /* the other end's latest window is zero */
    bool syn_seen, options_cut; /* of the first SYN */
    uint8_t syn_options;        /* MPS_TCPOPT_ */
    uint8_t syn_wscale;
    uint16_t syn_mss;
    uint8_t sack_blocks_max;

    uint64_t acks, pushed;
    int64_t last_ns, idle_ns;
    int64_t first_payload_ns, last_payload_ns;
    uint32_t segment_min, segment_max;
    uint64_t windows, windows_zero; /* announced; of them zero */
    uint64_t window_min, window_max, window_sum;
    uint64_t truncated_packets, truncated_bytes;
    uint64_t initial_packets, initial_bytes;

    uint64_t resets, syns, fins, sacks, dsacks, urgent;
    int64_t fin_seq; /* end of the stream, if any fins */
    uint64_t closed_packets, closed_bytes;
} State;

enum {
    ACKS,
    RESETS,
    SYNS,
    FINS,
    SACKS,
    DSACKS,
    SACK_BLOCKS,
    PUSHED,
    URGENT,
    MSS,
    WSCALE,
    SACK_PERMITTED,
    TIMESTAMPS,
    SEGMENT_MIN,
    SEGMENT_MAX,
    WINDOW_MIN,
    WINDOW_MEAN,
    WINDOW_MAX,
    WINDOW_ZERO,
    CLOSED_PACKETS,
    CLOSED_BYTES,
    INITIAL_PACKETS,
    INITIAL_BYTES,
    STREAM,
    TRUNCATED_PACKETS,
    TRUNCATED_BYTES,
    FIRST_PAYLOAD,
    LAST_PAYLOAD,
    IDLE,
};

static const MpsColumn columns[] = {
    [ACKS] = {"ack_packets", MPS_INT, "segments with ACK"},
    [RESETS] = {"rst_packets", MPS_INT, "segments with RST"},
    [SYNS] = {"syn_packets", MPS_INT, "segments with SYN"},
    [FINS] = {"fin_packets", MPS_INT, "segments with FIN"},
    [SACKS] = {"sack_packets", MPS_INT, "segments with SACK blocks"},
    [DSACKS] = {"dsack_packets", MPS_INT,
                "of them, those whose first block is a D-SACK (RFC 2883)"},
    [SACK_BLOCKS] = {"sack_blocks_max", MPS_INT, "most blocks in a segment"},
    [PUSHED] = {"pushed_packets", MPS_INT, "segments with payload and PSH"},
    [URGENT] = {"urgent_packets", MPS_INT, "segments with URG"},
    [MSS] = {"syn_mss_bytes", MPS_INT, "MSS announced in the SYN; NULL: none, or no SYN captured"},
    [WSCALE] = {"syn_window_scale", MPS_INT,
                "window scale in the SYN; NULL: none, or no SYN captured"},
    [SACK_PERMITTED] = {"syn_sack_permitted", MPS_INT,
                        "1 if the SYN permits SACK; NULL: no SYN captured"},
    [TIMESTAMPS] = {"syn_timestamps", MPS_INT,
                    "1 if the SYN has a time stamp; NULL: no SYN captured"},
    [SEGMENT_MIN] = {"segment_min_bytes", MPS_INT, "smallest payload of a segment with any"},
    [SEGMENT_MAX] = {"segment_max_bytes", MPS_INT, "largest payload of a segment"},
    [WINDOW_MIN] = {"announced_window_min_bytes", MPS_INT,
                    "smallest window but zero that this end announced, scaled, SYN and RST apart; "
                    "NULL: none, or the scale is not known"},
    [WINDOW_MEAN] = {"announced_window_mean_bytes", MPS_REAL, "mean of all of them"},
    [WINDOW_MAX] = {"announced_window_max_bytes", MPS_INT, "largest of them"},
    [WINDOW_ZERO] = {"announced_window_zero_packets", MPS_INT,
                     "segments, SYN and RST apart, that announce no window"},
    [CLOSED_PACKETS] = {"closed_window_packets", MPS_INT,
                        "segments with payload, SYN or FIN while the latest window of the other "
                        "end was zero"},
    [CLOSED_BYTES] = {"closed_window_bytes", MPS_INT, "their payload"},
    [INITIAL_PACKETS] = {"initial_window_packets", MPS_INT,
                         "segments with new payload before the first acknowledgement of any"},
    [INITIAL_BYTES] = {"initial_window_bytes", MPS_INT, "their new payload"},
    [STREAM] = {"stream_bytes", MPS_INT,
                "bytes between SYN and FIN by their sequence numbers; NULL: not both captured"},
    [TRUNCATED_PACKETS] = {"truncated_packets", MPS_INT,
                           "segments whose payload was not captured entirely"},
    [TRUNCATED_BYTES] = {"truncated_bytes", MPS_INT, "payload on the wire, but not in the file"},
    [FIRST_PAYLOAD] = {"first_payload_ns", MPS_INT, "first segment with payload [ns since epoch]"},
    [LAST_PAYLOAD] = {"last_payload_ns", MPS_INT, "last segment with payload [ns since epoch]"},
    [IDLE] = {"packet_gap_max_ns", MPS_INT, "longest time between two segments of this direction"},
    {0},
};

static bool is_within(const MpsSegment *wire, int inner, int outer)
{
    return (int32_t)(wire->sack[inner].begin - wire->sack[outer].begin) >= 0 &&
           (int32_t)(wire->sack[inner].end - wire->sack[outer].end) <= 0;
}

static void take_sack(State *self, const MpsSegment *wire)
{
    self->sacks++;
    self->sack_blocks_max = MAX(self->sack_blocks_max, wire->n_sack);
    self->dsacks += (int32_t)(wire->sack[0].begin - wire->ack) < 0 ||
                    (wire->n_sack > 1 && is_within(wire, 0, 1));
}

/* Flags that few segments have. */
static G_GNUC_NO_INLINE void take_flags(State *self, const MpsEvent *event)
{
    const MpsSegment *wire = event->segment.wire;

    self->resets += (wire->flags & MPS_TCP_RST) != 0;
    self->syns += (wire->flags & MPS_TCP_SYN) != 0;
    self->fins += (wire->flags & MPS_TCP_FIN) != 0;
    self->urgent += (wire->flags & MPS_TCP_URG) != 0;
    if (wire->flags & MPS_TCP_FIN && event->segment.has_seq)
        self->fin_seq = event->segment.seq + wire->payload_bytes;
    if (!(wire->flags & MPS_TCP_SYN) || self->syn_seen)
        return;
    self->syn_seen = true;
    self->options_cut = wire->options_cut;
    self->syn_options = wire->tcp_options;
    self->syn_mss = wire->mss;
    self->syn_wscale = wire->wscale;
}

static void take_window(State *self, const MpsSegment *wire, int shift)
{
    const uint64_t window = (uint64_t)wire->window << MAX(shift, 0);

    self->windows++;
    self->window_sum += window;
    if (window > self->window_max)
        self->window_max = window;
    if (window == 0)
        self->windows_zero++;
    else if (self->window_min == 0 || window < self->window_min)
        self->window_min = window;
}

static void take_payload(State *self, const MpsEvent *event)
{
    const MpsSegment *wire = event->segment.wire;
    const uint32_t bytes = wire->payload_bytes;

    if (!self->any_payload) {
        self->first_payload_ns = event->ts_ns;
        self->segment_min = bytes;
    }
    self->any_payload = true;
    self->last_payload_ns = event->ts_ns;
    if (bytes < self->segment_min)
        self->segment_min = bytes;
    if (bytes > self->segment_max)
        self->segment_max = bytes;
    self->pushed += (wire->flags & MPS_TCP_PSH) != 0;
    if (!self->any_acked && event->segment.unique_bytes > 0) {
        self->initial_packets++;
        self->initial_bytes += event->segment.unique_bytes;
    }
    if (wire->captured_bytes < bytes) {
        self->truncated_packets++;
        self->truncated_bytes += bytes - wire->captured_bytes;
    }
}

static G_GNUC_NO_INLINE void take_closed_window(State *self, const MpsSegment *wire)
{
    if (wire->payload_bytes == 0 && !(wire->flags & (MPS_TCP_SYN | MPS_TCP_FIN)))
        return;
    self->closed_packets++;
    self->closed_bytes += wire->payload_bytes;
}

static void take_segment(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsSegment *wire = event->segment.wire;

    if (self->any_segment && event->ts_ns - self->last_ns > self->idle_ns)
        self->idle_ns = event->ts_ns - self->last_ns;
    self->any_segment = true;
    self->last_ns = event->ts_ns;
    self->acks += (wire->flags & MPS_TCP_ACK) != 0;
    if (wire->flags & (MPS_TCP_SYN | MPS_TCP_FIN | MPS_TCP_RST | MPS_TCP_URG))
        take_flags(self, event);
    if (wire->tcp_options & MPS_TCPOPT_SACK && wire->n_sack > 0)
        take_sack(self, wire);
    if (!(wire->flags & (MPS_TCP_SYN | MPS_TCP_RST)))
        take_window(self, wire, event->subflow->side[event->direction].window_shift);
    if (wire->payload_bytes > 0)
        take_payload(self, event);
    if (self->closed)
        take_closed_window(self, wire);
}

static void take_ack(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;
    const MpsSegment *wire = event->segment.wire;

    if (!(wire->flags & MPS_TCP_RST))
        self->closed = wire->window == 0;
}

static void take_tcp_acked(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    ((State *)state)->any_acked |= !event->tcp_acked.selective;
}

static void syn_values(const State *self, MpsValue *values)
{
    const bool known = self->syn_seen && !self->options_cut;

    values[MSS] = mps_int_if(self->syn_options & MPS_TCPOPT_MSS, self->syn_mss);
    values[WSCALE] = mps_int_if(self->syn_options & MPS_TCPOPT_WSCALE, self->syn_wscale);
    values[SACK_PERMITTED] =
        mps_int_if(known, (self->syn_options & MPS_TCPOPT_SACK_PERMITTED) != 0);
    values[TIMESTAMPS] = mps_int_if(known, (self->syn_options & MPS_TCPOPT_TIMESTAMP) != 0);
}

static void window_values(const State *self, int shift, MpsValue *values)
{
    values[WINDOW_ZERO] = mps_count(self->windows_zero);
    values[CLOSED_PACKETS] = mps_count(self->closed_packets);
    values[CLOSED_BYTES] = mps_count(self->closed_bytes);
    if (self->windows == 0 || shift < 0)
        return;
    values[WINDOW_MIN] = mps_int_if(self->window_min > 0, (int64_t)self->window_min);
    values[WINDOW_MEAN] = mps_real((double)self->window_sum / (double)self->windows);
    values[WINDOW_MAX] = mps_count(self->window_max);
}

static void summarise(const void *state, const MpsSubject *subject, MpsValue *values)
{
    const State *self = state;

    values[ACKS] = mps_count(self->acks);
    values[RESETS] = mps_count(self->resets);
    values[SYNS] = mps_count(self->syns);
    values[FINS] = mps_count(self->fins);
    values[SACKS] = mps_count(self->sacks);
    values[DSACKS] = mps_count(self->dsacks);
    values[SACK_BLOCKS] = mps_count(self->sack_blocks_max);
    values[PUSHED] = mps_count(self->pushed);
    values[URGENT] = mps_count(self->urgent);
    syn_values(self, values);
    window_values(self, subject->subflow->side[subject->direction].window_shift, values);
    values[INITIAL_PACKETS] = mps_count(self->initial_packets);
    values[INITIAL_BYTES] = mps_count(self->initial_bytes);
    values[TRUNCATED_PACKETS] = mps_count(self->truncated_packets);
    values[TRUNCATED_BYTES] = mps_count(self->truncated_bytes);
    values[STREAM] = mps_int_if(self->syn_seen && self->fins > 0, self->fin_seq - 1);
    values[IDLE] = mps_int_if(self->any_segment, self->idle_ns);
    if (!self->any_payload)
        return;
    values[SEGMENT_MIN] = mps_count(self->segment_min);
    values[SEGMENT_MAX] = mps_count(self->segment_max);
    values[FIRST_PAYLOAD] = mps_int(self->first_payload_ns);
    values[LAST_PAYLOAD] = mps_int(self->last_payload_ns);
}

const MpsMetric mps_metric_tcp = {
    .name = "tcp",
    .help = "What the TCP headers of a subflow direction say: flags, SACK and the SYN's options, "
            "announced windows, sizes of segments, the initial window, length of the stream, "
            "payload that was not captured, and pauses.  As in tcptrace's long output.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .columns = columns,
    .state_bytes = sizeof(State),
    .observe =
        {
            [MPS_EV_SEGMENT] = {take_segment},
            [MPS_EV_ACK] = {take_ack},
            [MPS_EV_TCP_ACKED] = {take_tcp_acked},
        },
    .summarise = summarise,
};
