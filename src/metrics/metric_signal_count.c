/* metric_signal_count.c - how often each host sent each signal on each subflow, and when first. The
 * timeline tells of some only once or not at all; a host's own counters and events follow from
 * these. */
#include "metrics/metrics.h"
#include "metrics/signal_count.h"

enum {
    CAPABLE_SYN,
    PLAIN_SYN,
    CAPABLE_SYNACK,
    CAPABLE_ACK,
    DENY_JOIN,
    JOIN_SYN,
    JOIN_SYN_BACKUP,
    JOIN_SYNACK,
    JOIN_SYNACK_BACKUP,
    JOIN_ACK,
    DATA_ACK,
    INFINITE_MAPPING,
    DATA_FIN,
    ADD_ADDR,
    ADD_ADDR_ECHO,
    ADD_ADDR_PORT,
    REMOVE_ADDR,
    PRIO,
    FAIL,
    FASTCLOSE,
    TCPRST,
    TCPRST_ACTIVE,
    RST,
    N_KINDS,
};

static const char *const names[N_KINDS] = {
    [CAPABLE_SYN] = "mp_capable_syn",
    [PLAIN_SYN] = "plain_syn",
    [CAPABLE_SYNACK] = "mp_capable_synack",
    [CAPABLE_ACK] = "mp_capable_ack",
    [DENY_JOIN] = "deny_join",
    [JOIN_SYN] = "mp_join_syn",
    [JOIN_SYN_BACKUP] = "mp_join_syn_backup",
    [JOIN_SYNACK] = "mp_join_synack",
    [JOIN_SYNACK_BACKUP] = "mp_join_synack_backup",
    [JOIN_ACK] = "mp_join_ack",
    [DATA_ACK] = "data_ack",
    [INFINITE_MAPPING] = "infinite_mapping",
    [DATA_FIN] = "data_fin",
    [ADD_ADDR] = "add_addr",
    [ADD_ADDR_ECHO] = "add_addr_echo",
    [ADD_ADDR_PORT] = "add_addr_port",
    [REMOVE_ADDR] = "remove_addr",
    [PRIO] = "mp_prio",
    [FAIL] = "mp_fail",
    [FASTCLOSE] = "fastclose",
    [TCPRST] = "mp_tcprst",
    [TCPRST_ACTIVE] = "mp_tcprst_active",
    [RST] = "rst",
};

/* Flags of MP_CAPABLE (RFC 8684 section 3.1): no joins to the address of the initial subflow. */
enum { CAPABLE_C = 0x20 };

/* A host sends few of the kinds on any one subflow. */
typedef struct {
    MpsSignalCount *counts;
    uint8_t n_counts, room;
    uint8_t place[N_KINDS]; /* in counts, from 1; 0: none so far */
} State;

static const MpsColumn columns[] = {
    {"connection_id", MPS_INT, "whose", "connection(connection_id)"},
    {"subflow_id", MPS_INT, "subflow that carried it", "subflow(subflow_id)"},
    {"sent_by", MPS_TEXT, "client or server"},
    {"kind", MPS_TEXT,
     "mp_capable_syn, plain_syn (without MP_CAPABLE, initial subflow), mp_capable_synack, "
     "mp_capable_ack (with the peer's key; also with data), deny_join (C flag of MP_CAPABLE), "
     "mp_join_syn, mp_join_syn_backup, mp_join_synack, mp_join_synack_backup, mp_join_ack, "
     "data_ack, "
     "infinite_mapping, data_fin, add_addr, add_addr_echo, add_addr_port (either of them with a "
     "port), "
     "remove_addr, mp_prio, mp_fail, fastclose, mp_tcprst, mp_tcprst_active (the same in a RST "
     "with "
     "ACK that answers no SYN: a socket's own, not the answer to a stray packet), rst, "
     "data_complete (all data and the DATA_FIN of this host captured), or data_fin_ack (the first "
     "DATA_ACK that covers the peer's DATA_FIN)"},
    {"count", MPS_INT, "packets with it; of remove_addr, address ids"},
    {"first_ns", MPS_INT, "capture time of the first"},
    {"first_capture_id", MPS_INT, "file of the first", "capture(capture_id)"},
    {"first_packet", MPS_INT, "number of the first in its file, from 1"},
    {0},
};

const MpsTable mps_signal_count_table = {
    .name = "signal_count",
    .help = "How often each host sent each signal on each subflow, repetitions included, and when "
            "first.",
    .columns = columns,
    .index = "connection_id, kind",
};

void mps_signal_count(MpsSignalCount *self, const MpsEvent *event, uint64_t n)
{
    if (n == 0)
        return;
    if (self->count == 0) {
        self->first_ns = event->ts_ns;
        self->first_packet = event->packet;
        self->capture_id = event->capture_id;
    }
    self->count += n;
}

void mps_signal_count_row(const MpsSignalCount *self, const MpsConnection *connection,
                          uint64_t subflow_id, MpsSide sender, const char *kind, MpsRowSink *rows)
{
    if (self->count > 0)
        rows->add(rows, &mps_signal_count_table,
                  (MpsValue[]){
                      mps_count(connection->id),
                      mps_count(subflow_id),
                      mps_text(mps_side_name(sender)),
                      mps_text(kind),
                      mps_count(self->count),
                      mps_int(self->first_ns),
                      mps_int(self->capture_id),
                      mps_count(self->first_packet),
                  });
}

/* The first of its kind: it gets a place. */
static void begin(State *self, int kind, const MpsEvent *event, uint64_t n)
{
    if (self->n_counts == self->room) {
        self->room = (uint8_t)(self->room ? 2 * self->room : 2);
        self->counts = g_renew(MpsSignalCount, self->counts, self->room);
    }
    self->counts[self->n_counts] = (MpsSignalCount){0};
    mps_signal_count(&self->counts[self->n_counts++], event, n);
    self->place[kind] = self->n_counts;
}

/* Counts @n more of @kind. */
static void count(State *self, int kind, const MpsEvent *event, uint64_t n)
{
    if (n == 0)
        return;
    if (self->place[kind] == 0)
        begin(self, kind, event, n);
    else
        self->counts[self->place[kind] - 1].count += n;
}

static void count_capable(State *self, const MpsEvent *event, const MpsMptcpOption *option)
{
    const uint8_t flags = event->segment.wire->flags;
    int kind = CAPABLE_ACK;

    if (flags & MPS_TCP_SYN)
        kind = flags & MPS_TCP_ACK ? CAPABLE_SYNACK : CAPABLE_SYN;
    else if (!option->capable.has_receiver_key)
        return;
    count(self, kind, event, 1);
    count(self, DENY_JOIN, event, (option->capable.flags & CAPABLE_C) != 0);
}

static void count_join(State *self, const MpsEvent *event, const MpsMptcpOption *option)
{
    switch (option->join.form) {
    case MPS_JOIN_SYN:
        count(self, JOIN_SYN, event, 1);
        count(self, JOIN_SYN_BACKUP, event, option->join.backup);
        break;
    case MPS_JOIN_SYNACK:
        count(self, JOIN_SYNACK, event, 1);
        count(self, JOIN_SYNACK_BACKUP, event, option->join.backup);
        break;
    case MPS_JOIN_ACK:
        count(self, JOIN_ACK, event, 1);
        break;
    }
}

static void count_dss(State *self, const MpsEvent *event, const MpsMptcpOption *option)
{
    count(self, DATA_ACK, event, option->dss.has_ack);
    count(self, INFINITE_MAPPING, event,
          option->dss.has_map && option->dss.data_bytes == 0 &&
              event->segment.wire->payload_bytes > 0);
    count(self, DATA_FIN, event, option->dss.data_fin);
}

static void count_option(State *self, const MpsEvent *event, const MpsMptcpOption *option)
{
    const MpsSegment *segment = event->segment.wire;
    const bool answers_syn = segment->seq == 0; /* RFC 9293 section 3.5.2 */

    switch (option->subtype) {
    case MPS_MP_CAPABLE:
        count_capable(self, event, option);
        break;
    case MPS_MP_JOIN:
        count_join(self, event, option);
        break;
    case MPS_ADD_ADDR:
        count(self, option->add_addr.echo ? ADD_ADDR_ECHO : ADD_ADDR, event, 1);
        count(self, ADD_ADDR_PORT, event, option->add_addr.has_port);
        break;
    case MPS_REMOVE_ADDR:
        count(self, REMOVE_ADDR, event, option->remove_addr.n_ids);
        break;
    case MPS_MP_PRIO:
        count(self, PRIO, event, 1);
        break;
    case MPS_MP_FAIL:
        count(self, FAIL, event, 1);
        break;
    case MPS_MP_FASTCLOSE:
        count(self, FASTCLOSE, event, 1);
        break;
    case MPS_MP_TCPRST:
        count(self, TCPRST, event, 1);
        count(self, TCPRST_ACTIVE, event, segment->flags & MPS_TCP_ACK && !answers_syn);
        break;
    default:
        break;
    }
}

static G_GNUC_NO_INLINE void count_segment(State *self, const MpsEvent *event)
{
    const MpsSegment *segment = event->segment.wire;
    const bool syn = (segment->flags & (MPS_TCP_SYN | MPS_TCP_ACK)) == MPS_TCP_SYN;

    if (segment->flags & MPS_TCP_RST)
        count(self, RST, event, 1);
    if (syn && segment->n_mptcp == 0 && !segment->options_cut &&
        event->subflow->kind == MPS_KIND_INITIAL)
        count(self, PLAIN_SYN, event, 1);
    for (int i = 0; i < segment->n_mptcp; i++) {
        const MpsMptcpOption *option = &segment->mptcp[i];

        if (option->status != MPS_OPT_OK)
            continue;
        if (option->subtype == MPS_DSS)
            count_dss(self, event, option);
        else
            count_option(self, event, option);
    }
}

/* Whether a DATA_ACK, which nearly all have, is all that can be counted of @segment. */
static bool has_data_ack_alone(const MpsSegment *segment)
{
    const MpsMptcpOption *option = &segment->mptcp[0];

    return segment->n_mptcp == 1 && option->subtype == MPS_DSS && option->status == MPS_OPT_OK &&
           option->dss.has_ack && !option->dss.data_fin &&
           !(option->dss.has_map && option->dss.data_bytes == 0) &&
           !(segment->flags & (MPS_TCP_SYN | MPS_TCP_RST));
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (self->place[DATA_ACK] && has_data_ack_alone(event->segment.wire))
        self->counts[self->place[DATA_ACK] - 1].count++;
    else
        count_segment(self, event);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    const State *self = state;

    for (int kind = 0; kind < N_KINDS; kind++)
        if (self->place[kind])
            mps_signal_count_row(&self->counts[self->place[kind] - 1], subject->connection,
                                 subject->subflow->id, subject->direction, names[kind], rows);
}

static void clear(void *state)
{
    State *self = state;

    g_free(self->counts);
}

static size_t n_counts(const void *state)
{
    return ((const State *)state)->n_counts;
}

static size_t room_for(const void *state)
{
    return ((const State *)state)->room;
}

static const MpsLink links[] = {
    MPS_GROWING(State, counts, n_counts, room_for, NULL),
    {0},
};

const MpsMetric mps_metric_signal_count = {
    .name = "signal_count",
    .help = "Signals counted per subflow and host (RFC 8684 section 3).",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .always = true,
    .table = &mps_signal_count_table,
    .state_bytes = sizeof(State),
    .links = links,
    .observe = {[MPS_EV_SEGMENT] = {observe}},
    .finish = finish,
    .clear = clear,
};
