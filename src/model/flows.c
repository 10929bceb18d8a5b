/* flows.c - open addressing: a flow stands in the first place that was free from its hash on.  The
 * hash is seeded at random, so that nobody can forge collisions.  No result depends on the order.
 */
#include "model/flows.h"

#include <string.h>

#include <glib.h>

#include "util/mix.h"
#include "util/seed.h"

enum { FEWEST_PLACES = 64 };

typedef struct {
    uint64_t hash;
    const MpsFlowKey *key; /* NULL: free */
    void *flow;
} Place;

struct _MpsFlows {
    Place *places;
    size_t mask; /* a power of two of them, less one */
    size_t n_flows;
    uint64_t seed;
};

static uint64_t word(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t hash(const MpsFlows *self, const MpsFlowKey *key)
{
    uint64_t h = mps_mix_at(self->seed, key->address[0]);

    h = mps_mix_at(h, key->address[0] + 8);
    h = mps_mix_at(h, key->address[1]);
    h = mps_mix_at(h, key->address[1] + 8);
    return mps_mix(h, key->ports);
}

static bool equal(const MpsFlowKey *a, const MpsFlowKey *b)
{
    return a->ports == b->ports && memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* Any order will do: the words are compared as this machine reads them. */
static bool is_first(const MpsEndpoint *a, const MpsEndpoint *b)
{
    for (size_t at = 0; at < sizeof a->address.bytes; at += 8) {
        const uint64_t one = word(a->address.bytes + at), two = word(b->address.bytes + at);

        if (one != two)
            return one < two;
    }
    return a->port <= b->port;
}

void mps_flow_key(const MpsEndpoint *src, const MpsEndpoint *dst, MpsFlowKey *key, bool *forward)
{
    const MpsEndpoint *first = src, *second = dst;

    *forward = is_first(src, dst);
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

    self->seed = mps_seed();
    self->mask = FEWEST_PLACES - 1;
    self->places = g_new0(Place, FEWEST_PLACES);
    return self;
}

/* The place of @key, or the free one where it would stand. */
static Place *find(const MpsFlows *self, const MpsFlowKey *key, uint64_t h)
{
    for (size_t at = h & self->mask;; at = (at + 1) & self->mask) {
        Place *place = &self->places[at];

        if (!place->key || (place->hash == h && equal(place->key, key)))
            return place;
    }
}

void *mps_flows_find(const MpsFlows *self, const MpsFlowKey *key)
{
    return find(self, key, hash(self, key))->flow;
}

static void resize(MpsFlows *self, size_t n_places)
{
    Place *const old = self->places;
    const size_t n_old = self->mask + 1;

    self->places = g_new0(Place, n_places);
    self->mask = n_places - 1;
    for (const Place *each = old; each < old + n_old; each++)
        if (each->key)
            *find(self, each->key, each->hash) = *each;
    g_free(old);
}

void mps_flows_put(MpsFlows *self, const MpsFlowKey *key, void *flow)
{
    const uint64_t h = hash(self, key);
    Place *place = find(self, key, h);

    self->n_flows += !place->key;
    *place = (Place){h, key, flow};
    if (self->n_flows > self->mask / 2)
        resize(self, 2 * (self->mask + 1));
}

void mps_flows_remove(MpsFlows *self, const MpsFlowKey *key, const void *flow)
{
    Place *const places = self->places;
    const size_t mask = self->mask;
    Place *place = find(self, key, hash(self, key));

    if (!place->key || place->flow != flow)
        return;

    size_t hole = (size_t)(place - places);

    /* What stands behind it moves up, unless that is before its own first place. */
    for (size_t at = (hole + 1) & mask; places[at].key; at = (at + 1) & mask)
        if (((at - places[at].hash) & mask) >= ((at - hole) & mask)) {
            places[hole] = places[at];
            hole = at;
        }
    places[hole] = (Place){0};
    if (--self->n_flows < mask / 16 && mask >= 2 * FEWEST_PLACES)
        resize(self, (mask + 1) / 2);
}

void mps_flows_free(MpsFlows *self)
{
    if (!self)
        return;
    g_free(self->places);
    g_free(self);
}
