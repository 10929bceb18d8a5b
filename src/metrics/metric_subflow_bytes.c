/* metric_subflow_bytes.c - the ledger of one direction of a subflow, and its share of the data. */
#include "metrics/ledger_columns.h"
#include "metrics/metrics.h"

enum { ID, DIRECTION, LEDGER, SHARE = LEDGER + MPS_LEDGER_N };

static const MpsColumn columns[] = {
    [ID] = {"subflow_id", MPS_INT, "whose direction", "subflow(subflow_id)"},
    [DIRECTION] = {"direction", MPS_TEXT, "c2s or s2c: who sends the data"},
    MPS_LEDGER_COLUMNS(LEDGER, "bytes of the direction's data whose first sender is this subflow"),
    [SHARE] = {"share", MPS_REAL,
               "data_bytes over those of the direction, 0 to 1; NULL: no data at all"},
    {0},
};

static void summarise(const void *state G_GNUC_UNUSED, const MpsSubject *subject, MpsValue *values)
{
    const MpsLedger *ledger = &subject->subflow->side[subject->direction].ledger;
    const uint64_t all = subject->connection->side[subject->direction].data_bytes;

    values[ID] = mps_count(subject->subflow->id);
    values[DIRECTION] = mps_text(mps_direction_name(subject->direction));
    mps_ledger_values(ledger, ledger->data_bytes, values + LEDGER);
    if (all > 0)
        values[SHARE] = mps_real((double)ledger->data_bytes / (double)all);
}

const MpsMetric mps_metric_subflow_bytes = {
    .name = "subflow_bytes",
    .help = "Bytes of a subflow direction by what became of them; payload = unique + "
            "retransmitted, exactly.",
    .scope = MPS_SCOPE_SUBFLOW_DIRECTION,
    .always = true,
    .columns = columns,
    .summarise = summarise,
};
