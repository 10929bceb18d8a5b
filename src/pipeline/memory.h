/* memory.h - keeps an analysis within its memory. */
#ifndef MPS_PIPELINE_MEMORY_H
#define MPS_PIPELINE_MEMORY_H

#include <stdint.h>

#include "model/model.h"
#include "util/limits.h"

typedef struct {
    uint64_t most_bytes; /* that may be allocated */
    uint64_t next;       /* packet before which it is looked at next */
} MpsMemory;

/* Without a limit: half of what this process can get. */
MpsMemory mps_memory_begin(const MpsLimits *limits);

/* Before packet @n: if too much is allocated, closes what @model misses least. */
void mps_memory_keep(MpsMemory *self, uint64_t n, MpsModel *model);

#endif
