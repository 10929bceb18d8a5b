/* ledger_columns.h - the columns of a ledger, which subflow and connection directions share. */
#ifndef MPS_METRICS_LEDGER_COLUMNS_H
#define MPS_METRICS_LEDGER_COLUMNS_H

#include <mptcpscope/observer.h>

enum {
    MPS_LEDGER_PACKETS,
    MPS_LEDGER_PAYLOAD_PACKETS,
    MPS_LEDGER_PAYLOAD,
    MPS_LEDGER_UNIQUE,
    MPS_LEDGER_DATA,
    MPS_LEDGER_REINJECTED,
    MPS_LEDGER_REMAPPED,
    MPS_LEDGER_ORPHANED,
    MPS_LEDGER_RETRANSMITTED,
    MPS_LEDGER_RETRANSMITTED_PACKETS,
    MPS_LEDGER_HOLE_FILLED,
    MPS_LEDGER_HOLE_FILLED_PACKETS,
    MPS_LEDGER_MAPPED,
    MPS_LEDGER_UNMAPPED,
    MPS_LEDGER_MISSING,
    MPS_LEDGER_N,
};

#define MPS_LEDGER_COLUMNS(base, data_help)                                                        \
    [(base) +                                                                                      \
        MPS_LEDGER_PACKETS] = {"packets", MPS_INT, "segments captured, with or without payload"},  \
        [(base) +                                                                                  \
            MPS_LEDGER_PAYLOAD_PACKETS] = {"payload_packets", MPS_INT, "segments with payload"},   \
        [(base) + MPS_LEDGER_PAYLOAD] = {"payload_bytes", MPS_INT,                                 \
                                         "TCP payload on the wire, all copies"},                   \
        [(base) + MPS_LEDGER_UNIQUE] = {"unique_bytes", MPS_INT,                                   \
                                        "union of the TCP sequence ranges seen"},                  \
        [(base) + MPS_LEDGER_DATA] = {"data_bytes", MPS_INT, data_help},                           \
        [(base) + MPS_LEDGER_REINJECTED] =                                                         \
            {"reinjected_bytes", MPS_INT,                                                          \
             "payload first sent here whose DSN was sent before on another "                       \
             "subflow (RFC 8684 section 3.3.6)"},                                                  \
        [(base) + MPS_LEDGER_REMAPPED] =                                                           \
            {"remapped_bytes", MPS_INT,                                                            \
             "payload of a second mapping of the same DSN on the same subflow"},                   \
        [(base) + MPS_LEDGER_ORPHANED] =                                                           \
            {"orphaned_bytes", MPS_INT,                                                            \
             "data whose first sender skipped it and never showed it to the tap"},                 \
        [(base) +                                                                                  \
            MPS_LEDGER_RETRANSMITTED] = {"retransmitted_bytes", MPS_INT,                           \
                                         "payload whose TCP range had been captured before"},      \
        [(base) + MPS_LEDGER_RETRANSMITTED_PACKETS] = {"retransmitted_packets", MPS_INT,           \
                                                       "segments with such payload"},              \
        [(base) + MPS_LEDGER_HOLE_FILLED] =                                                        \
            {"hole_filled_bytes", MPS_INT,                                                         \
             "payload below the highest sequence number, never captured "                          \
             "before: reordered, or its first copy missed the tap"},                               \
        [(base) + MPS_LEDGER_HOLE_FILLED_PACKETS] = {"hole_filled_packets", MPS_INT,               \
                                                     "segments with such payload"},                \
        [(base) + MPS_LEDGER_MAPPED] = {"mapped_bytes", MPS_INT,                                   \
                                        "unique payload with a data sequence mapping"},            \
        [(base) +                                                                                  \
            MPS_LEDGER_UNMAPPED] = {"unmapped_bytes", MPS_INT,                                     \
                                    "unique payload without a mapping when the connection ended"}, \
        [(base) + MPS_LEDGER_MISSING] = {"missing_bytes", MPS_INT,                                 \
                                         "acknowledged by the peer but never captured"}

/* Adds @more to @sum. */
void mps_ledger_add(MpsLedger *sum, const MpsLedger *more);

/* Fills the MPS_LEDGER_N values. */
void mps_ledger_values(const MpsLedger *ledger, uint64_t data_bytes, MpsValue *values);

#endif
