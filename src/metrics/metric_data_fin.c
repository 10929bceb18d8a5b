/* metric_data_fin.c - when all data of a host and its DATA_FIN had been captured, and when the
 * other host's DATA_ACK covered them (RFC 8684 section 3.3.3).  A DATA_FIN alone says less, it may
 * be ahead of data that is still missing. */
#include "metrics/metrics.h"
#include "metrics/signal_count.h"

typedef struct {
    MpsSignalCount first;
    uint64_t subflow_id;
} First;

typedef struct {
    bool has_fin[2];   /* by the host that sent it */
    uint32_t fin[2];   /* low 32 bits of the DSN after the DATA_FIN */
    First complete[2]; /* by the host that sent the data */
    First ack[2];      /* by the host that acknowledged */
} State;

static void note(First *self, const MpsEvent *event)
{
    if (self->first.count > 0)
        return;
    mps_signal_count(&self->first, event, 1);
    self->subflow_id = event->subflow->id;
}

/* Whether all data of @side, whose DATA_FIN is known, has been captured. */
static bool is_complete(const State *self, const MpsConnection *connection, MpsSide side)
{
    const MpsConnectionSide *host = &connection->side[side];
    const uint32_t bytes = self->fin[side] - 1 - ((uint32_t)host->idsn + 1);

    return host->has_idsn && (int32_t)((uint32_t)host->data_bytes - bytes) >= 0;
}

static bool has_data_fin(const MpsSegment *segment)
{
    for (int i = 0; i < segment->n_mptcp; i++)
        if (segment->mptcp[i].subtype == MPS_DSS && segment->mptcp[i].dss.data_fin)
            return true;
    return false;
}

/* From the first DATA_FIN of the connection on. */
static G_GNUC_NO_INLINE void take_end(State *self, const MpsEvent *event)
{
    const MpsSegment *segment = event->segment.wire;
    const MpsSide sender = event->direction, peer = sender == MPS_CLIENT ? MPS_SERVER : MPS_CLIENT;

    for (int i = 0; i < segment->n_mptcp; i++) {
        const MpsMptcpOption *option = &segment->mptcp[i];

        if (option->subtype != MPS_DSS || option->status != MPS_OPT_OK)
            continue;
        if (option->dss.data_fin && option->dss.has_map && !self->has_fin[sender]) {
            self->has_fin[sender] = true;
            self->fin[sender] = (uint32_t)option->dss.dsn + option->dss.data_bytes;
        }
        if (self->has_fin[peer] && option->dss.has_ack &&
            (int32_t)((uint32_t)option->dss.data_ack - self->fin[peer]) >= 0)
            note(&self->ack[sender], event);
    }
    if (self->has_fin[sender] && is_complete(self, event->connection, sender))
        note(&self->complete[sender], event);
}

static void observe(void *state, const MpsEvent *event, MpsRowSink *rows G_GNUC_UNUSED)
{
    State *self = state;

    if (self->has_fin[MPS_CLIENT] || self->has_fin[MPS_SERVER] || has_data_fin(event->segment.wire))
        take_end(self, event);
}

static void finish(void *state, const MpsSubject *subject, MpsRowSink *rows)
{
    const State *self = state;

    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        mps_signal_count_row(&self->complete[side].first, subject->connection,
                             self->complete[side].subflow_id, side, "data_complete", rows);
        mps_signal_count_row(&self->ack[side].first, subject->connection,
                             self->ack[side].subflow_id, side, "data_fin_ack", rows);
    }
}

const MpsMetric mps_metric_data_fin = {
    .name = "data_fin",
    .help = "When all data and the DATA_FIN of a host had been captured, and when the other host "
            "acknowledged them (RFC 8684 section 3.3.3).",
    .scope = MPS_SCOPE_CONNECTION,
    .always = true,
    .table = &mps_signal_count_table,
    .state_bytes = sizeof(State),
    .observe = {[MPS_EV_SEGMENT] = {observe}},
    .finish = finish,
};
