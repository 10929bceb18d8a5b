/* flows.h - the flow table: four-tuple to subflow, one look-up per packet. */
#ifndef MPS_MODEL_FLOWS_H
#define MPS_MODEL_FLOWS_H

#include <stdbool.h>

#include <mptcpscope/segment.h>

/* A four-tuple with its smaller endpoint first, so that both directions meet in one look-up. */
typedef struct {
    uint8_t address[2][16];
    uint64_t ports; /* both, and the family: one word, so that hashing it need not wait for parts */
} MpsFlowKey;

typedef struct _MpsFlows MpsFlows;

/* Makes the key of a segment from @src to @dst.  @forward tells whether the sender is the key's
 * first endpoint. */
void mps_flow_key(const MpsEndpoint *src, const MpsEndpoint *dst, MpsFlowKey *key, bool *forward);

MpsFlows *mps_flows_new(void);
void *mps_flows_find(const MpsFlows *self, const MpsFlowKey *key);
/* @key must live as long as it is in the table; it replaces an entry with the same key. */
void mps_flows_put(MpsFlows *self, const MpsFlowKey *key, void *flow);
/* Removes the entry of @key if it still is @flow. */
void mps_flows_remove(MpsFlows *self, const MpsFlowKey *key, const void *flow);
void mps_flows_free(MpsFlows *self);

#endif
