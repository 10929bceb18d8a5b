/* metric_reinjection.c - data sent again on another subflow (RFC 8684, section 3.3.6). */
#include "metrics/metrics.h"

static const MpsColumn columns[] = {
    {"ts_ns", MPS_INT, "capture time of the copy"},
    {"capture_id", MPS_INT, "file of the packet", "capture(capture_id)"},
    {"packet", MPS_INT, "number of the packet in its file, from 1"},
    {"connection_id", MPS_INT, "whose data", "connection(connection_id)"},
    {"direction", MPS_TEXT, "c2s or s2c"},
    {"subflow_id", MPS_INT, "subflow that carried the copy", "subflow(subflow_id)"},
    {"from_subflow_id", MPS_INT, "subflow that sent the data first; NULL: too long ago",
     "subflow(subflow_id)"},
    {"data_offset", MPS_INT, "DSN - IDSN - 1 of the first byte"},
    {"bytes", MPS_INT, "length"},
    {"delay_ns", MPS_INT, "time since the first sending"},
    {"acked", MPS_INT, "1 if a DATA_ACK had covered all of it already: useless at send time"},
    {0},
};

static const MpsTable table = {
    .name = "reinjection",
    .help = "One row per stretch of data that a packet carried for the first time on its subflow "
            "and that had been sent before on another one.",
    .columns = columns,
    .index = "connection_id, ts_ns",
};

static void observe(void *state G_GNUC_UNUSED, const MpsEvent *event, MpsRowSink *rows)
{
    const MpsSubflow *from = event->data.from;

    if (event->data.class != MPS_DATA_REINJECTED)
        return;
    rows->add(
        rows, &table,
        (MpsValue[]){
            mps_int(event->ts_ns),
            mps_int(event->capture_id),
            mps_count(event->packet),
            mps_count(event->connection->id),
            mps_text(mps_direction_name(event->direction)),
            mps_count(event->subflow->id),
            mps_int_if(from != NULL, from ? (int64_t)from->id : 0),
            mps_int(event->data.offset),
            mps_count(event->data.bytes),
            mps_int_if(event->data.from_ns != MPS_NO_TIME, event->ts_ns - event->data.from_ns),
            mps_int(event->data.acked),
        });
}

const MpsMetric mps_metric_reinjection = {
    .name = "reinjection",
    .help = "Payload sent for the first time on a subflow whose DSN had been sent before on "
            "another one: captured there, or skipped over and mapped there.  Byte-exact.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .table = &table,
    .wants = MPS_WANTS(MPS_EV_DATA),
    .observe = observe,
};
