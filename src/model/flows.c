/* flows.c - GHashTable with a mixing hash, seeded at random so that nobody can forge collisions.
 * No result depends on its order. */
#include "model/flows.h"

#include <stdbool.h>
#include <string.h>

#include "util/mix.h"
#include "util/seed.h"

struct _MpsFlows {
    GHashTable *table;
};

static uint64_t seed; /* of all tables; here, because hash functions get nothing but the key */

static guint hash(gconstpointer key)
{
    return (guint)mps_mix_bytes(seed, key, sizeof(MpsFlowKey));
}

static gboolean equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(MpsFlowKey)) == 0;
}

void mps_flow_key(const MpsEndpoint *src, const MpsEndpoint *dst, MpsFlowKey *key, bool *forward)
{
    const MpsEndpoint *first = src, *second = dst;
    int order = memcmp(first->address.bytes, second->address.bytes, sizeof first->address.bytes);

    if (order == 0)
        order = (int)first->port - (int)second->port;
    *forward = order <= 0;
    if (!*forward) {
        first = dst;
        second = src;
    }
    memcpy(key->address[0], first->address.bytes, sizeof key->address[0]);
    memcpy(key->address[1], second->address.bytes, sizeof key->address[1]);
    key->ports = (uint64_t)first->port << 48 | (uint64_t)second->port << 32 | src->address.family;
}

MpsFlows *mps_flows_new(void)
{
    MpsFlows *self = g_new0(MpsFlows, 1);

    seed = mps_seed();
    self->table = g_hash_table_new(hash, equal);
    return self;
}

void *mps_flows_find(const MpsFlows *self, const MpsFlowKey *key)
{
    return g_hash_table_lookup(self->table, key);
}

void mps_flows_put(MpsFlows *self, const MpsFlowKey *key, void *flow)
{
    g_hash_table_replace(self->table, (gpointer)(uintptr_t)key, flow);
}

void mps_flows_remove(MpsFlows *self, const MpsFlowKey *key, const void *flow)
{
    if (g_hash_table_lookup(self->table, key) == flow)
        g_hash_table_remove(self->table, key);
}

void mps_flows_free(MpsFlows *self)
{
    if (!self)
        return;
    g_hash_table_destroy(self->table);
    g_free(self);
}
