/* signal_count.h - the table of signals that two metrics fill: most of it is counted per subflow
 * direction, what needs both directions per connection. */
#ifndef MPS_METRICS_SIGNAL_COUNT_H
#define MPS_METRICS_SIGNAL_COUNT_H

#include <mptcpscope/observer.h>

/* How often @subflow's host @sender sent a kind of signal, and where it was first seen. */
typedef struct {
    uint64_t count;
    int64_t first_ns;
    uint64_t first_packet;
    uint32_t capture_id;
} MpsSignalCount;

/* Counts @n more of them in @event's packet. */
void mps_signal_count(MpsSignalCount *self, const MpsEvent *event, uint64_t n);

void mps_signal_count_row(const MpsSignalCount *self, const MpsConnection *connection,
                          uint64_t subflow_id, MpsSide sender, const char *kind, MpsRowSink *rows);

extern const MpsTable mps_signal_count_table;

#endif
