/* limits.h - what bounds an analysis, as wished on the command line. */
#ifndef MPS_UTIL_LIMITS_H
#define MPS_UTIL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* When silence ends what; 0: the default. */
typedef struct {
    int64_t handshake_ns; /* without a completed handshake; 180 s */
    int64_t idle_ns;      /* established; 7440 s */
    int64_t
        close_ns; /* after the last subflow closed; 60 s, but 10 s where nothing can revive it */
} MpsTimeouts;

/* A point in time: since the epoch, or behind the first packet. */
typedef struct {
    bool given, behind_first;
    int64_t ns;
} MpsMoment;

/* What is read of a trace; zeroed: all. */
typedef struct {
    MpsMoment since;    /* what comes before is passed over */
    MpsMoment until;    /* reading ends with the first packet of this time or a later one */
    uint64_t n_packets; /* reading ends with so many that were not passed over; 0: it does not */
} MpsSpan;

typedef struct {
    MpsTimeouts timeouts;
    uint64_t memory_bytes; /* 0: from what is available */
    unsigned n_shares;     /* so many runs have the memory together; 0: one */
    MpsSpan span;
    bool progress;      /* is told also where stderr is no terminal */
    unsigned n_threads; /* 1: reads, analyzes and stores; 2: storing has its own; 3: reading, too;
                           0: as the machine is */
} MpsLimits;

#endif
