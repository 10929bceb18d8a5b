/* limits.h - what bounds an analysis, as wished on the command line. */
#ifndef MPS_UTIL_LIMITS_H
#define MPS_UTIL_LIMITS_H

#include <stdint.h>

/* When silence ends what; 0: the default. */
typedef struct {
    int64_t handshake_ns; /* without a completed handshake; 180 s */
    int64_t idle_ns;      /* established; 7440 s */
    int64_t
        close_ns; /* after the last subflow closed; 60 s, but 10 s where nothing can revive it */
} MpsTimeouts;

typedef struct {
    MpsTimeouts timeouts;
    uint64_t memory_bytes; /* 0: from what is available */
} MpsLimits;

#endif
