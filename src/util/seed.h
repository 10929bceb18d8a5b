/* seed.h - a random number that nobody outside can know: what packets fill hashes with it, so that
 * they cannot be made to collide.  No result may depend on it. */
#ifndef MPS_UTIL_SEED_H
#define MPS_UTIL_SEED_H

#include <stdint.h>

/* The same for the whole run. */
uint64_t mps_seed(void);

/* For GHashTable keys that are numbers. */
unsigned mps_seeded_hash(const void *number);

#endif
