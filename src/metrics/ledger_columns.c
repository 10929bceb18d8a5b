/* ledger_columns.c - ledgers as rows. */
#include "metrics/ledger_columns.h"

void mps_ledger_add(MpsLedger *sum, const MpsLedger *more)
{
    sum->packets += more->packets;
    sum->payload_packets += more->payload_packets;
    sum->payload_bytes += more->payload_bytes;
    sum->unique_bytes += more->unique_bytes;
    sum->reinjected_bytes += more->reinjected_bytes;
    sum->remapped_bytes += more->remapped_bytes;
    sum->orphaned_bytes += more->orphaned_bytes;
    sum->retransmitted_bytes += more->retransmitted_bytes;
    sum->retransmitted_packets += more->retransmitted_packets;
    sum->hole_filled_bytes += more->hole_filled_bytes;
    sum->hole_filled_packets += more->hole_filled_packets;
    sum->unmapped_bytes += more->unmapped_bytes;
    sum->missing_bytes += more->missing_bytes;
}

void mps_ledger_values(const MpsLedger *ledger, uint64_t data_bytes, MpsValue *values)
{
    values[MPS_LEDGER_PACKETS] = mps_count(ledger->packets);
    values[MPS_LEDGER_PAYLOAD_PACKETS] = mps_count(ledger->payload_packets);
    values[MPS_LEDGER_PAYLOAD] = mps_count(ledger->payload_bytes);
    values[MPS_LEDGER_UNIQUE] = mps_count(ledger->unique_bytes);
    values[MPS_LEDGER_DATA] = mps_count(data_bytes);
    values[MPS_LEDGER_REINJECTED] = mps_count(ledger->reinjected_bytes);
    values[MPS_LEDGER_REMAPPED] = mps_count(ledger->remapped_bytes);
    values[MPS_LEDGER_ORPHANED] = mps_count(ledger->orphaned_bytes);
    values[MPS_LEDGER_RETRANSMITTED] = mps_count(ledger->retransmitted_bytes);
    values[MPS_LEDGER_RETRANSMITTED_PACKETS] = mps_count(ledger->retransmitted_packets);
    values[MPS_LEDGER_HOLE_FILLED] = mps_count(ledger->hole_filled_bytes);
    values[MPS_LEDGER_HOLE_FILLED_PACKETS] = mps_count(ledger->hole_filled_packets);
    values[MPS_LEDGER_MAPPED] = mps_count(ledger->unique_bytes - ledger->unmapped_bytes);
    values[MPS_LEDGER_UNMAPPED] = mps_count(ledger->unmapped_bytes);
    values[MPS_LEDGER_MISSING] = mps_count(ledger->missing_bytes);
}
