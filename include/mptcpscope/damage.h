/* damage.h - what can be wrong with packets, as decode finds it and the pipeline counts it. */
#ifndef MPTCPSCOPE_DAMAGE_H
#define MPTCPSCOPE_DAMAGE_H

#include <stdint.h>

typedef enum {
#define MPS_DAMAGE(NAME, word, told, help) MPS_DAMAGE_##NAME,
#include <mptcpscope/damage.def>
#undef MPS_DAMAGE
    MPS_N_DAMAGES,
} MpsDamage;

/* Sets of them. */
#define MPS_DAMAGED(NAME) (UINT64_C(1) << MPS_DAMAGE_##NAME)

/* With these a packet proves nothing. */
#define MPS_DAMAGED_CHECKSUM (MPS_DAMAGED(IP_CHECKSUM) | MPS_DAMAGED(TCP_CHECKSUM))

#endif
