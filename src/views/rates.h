/* rates.h - what table series knows of one direction, in equal intervals. */
#ifndef MPS_VIEWS_RATES_H
#define MPS_VIEWS_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "views/query.h"

typedef struct {
    int64_t connection_id, start_ns, end_ns;
    const char *direction;
} MpsRatesSpan;

/* Rows for each interval i since start_ns: i, ordinal (NULL, the last: all subflows), length_ns,
 * payload_bytes, which is estimated, but not less than least_bytes and not more than most_bytes,
 * data_bytes, retransmitted_bytes, reinjected_bytes.  @interval_ns is no shorter than
 * mps_rates_finest() says. */
MpsQuery *mps_rates_new(sqlite3 *db, const MpsRatesSpan *span, int64_t interval_ns);

/* The widest bin: nothing finer is known.  0: there are none. */
bool mps_rates_finest(sqlite3 *db, const MpsRatesSpan *span, int64_t *out_ns, GError **error);

#endif
