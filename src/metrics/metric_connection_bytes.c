/* metric_connection_bytes.c - the ledger of one direction of a connection, and its rates. */
#include "metrics/ledger_columns.h"
#include "metrics/metrics.h"

enum { ID, DIRECTION, LEDGER, DATA_ACKED = LEDGER + MPS_LEDGER_N, GOODPUT, THROUGHPUT };

static const MpsColumn columns[] = {
    [ID] = {"connection_id", MPS_INT, "whose direction", "connection(connection_id)"},
    [DIRECTION] = {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    MPS_LEDGER_COLUMNS(LEDGER, "union of the DSN ranges carried as payload; DATA_FIN never counts"),
    [DATA_ACKED] =
        {"data_acked_bytes", MPS_INT,
         "highest DATA_ACK - IDSN - 1, less the DATA_FIN; NULL: no DATA_ACK or no key seen"},
    [GOODPUT] = {"goodput_bps", MPS_REAL, "data_bytes over the connection's duration [bit/s]"},
    [THROUGHPUT] = {"throughput_bps", MPS_REAL,
                    "payload_bytes over the connection's duration [bit/s]"},
    {0},
};

static void summarise(const void *state G_GNUC_UNUSED, const MpsSubject *subject, MpsValue *values)
{
    const MpsConnection *connection = subject->connection;
    const MpsConnectionSide *side = &connection->side[subject->direction];
    const double duration_s = (double)(connection->end_ns - connection->start_ns) / 1e9;
    MpsLedger sum = {0};

    for (guint i = 0; i < connection->subflows->len; i++) {
        const MpsSubflow *subflow = g_ptr_array_index(connection->subflows, i);

        mps_ledger_add(&sum, &subflow->side[subject->direction].ledger);
    }
    values[ID] = mps_count(connection->id);
    values[DIRECTION] = mps_text(mps_direction_name(subject->direction));
    mps_ledger_values(&sum, side->data_bytes, values + LEDGER);
    values[DATA_ACKED] =
        mps_int_if(side->has_data_ack && side->has_idsn, (int64_t)side->data_acked_bytes);
    if (duration_s > 0) {
        values[GOODPUT] = mps_real((double)side->data_bytes * 8 / duration_s);
        values[THROUGHPUT] = mps_real((double)sum.payload_bytes * 8 / duration_s);
    }
}

const MpsMetric mps_metric_connection_bytes = {
    .name = "connection_bytes",
    .help = "Bytes of a direction by what became of them; for every direction, exactly: "
            "unique - unmapped - remapped = data + reinjected - orphaned.",
    .scope = MPS_SCOPE_CONNECTION_DIRECTION,
    .always = true,
    .columns = columns,
    .summarise = summarise,
};
