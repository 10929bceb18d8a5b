/* known.c - tables over all connections, of fixed size. */
#include "rules/known.h"

#include <stdlib.h>
#include <string.h>

#include "util/mix.h"
#include "util/seed.h"

enum { MOST_HOSTS = 1 << 16 };
enum { MET = 1, DOUBTFUL = 2 };

static uint64_t hash_of(const MpsAddress *address)
{
    return mps_mix_bytes(address->family, address->bytes, sizeof address->bytes);
}

Known *known_of(const Check *check)
{
    return run_state(check->rules, FAMILY_sec);
}

void known_clear(Known *known)
{
    g_clear_pointer(&known->hosts, g_hash_table_unref);
}

static const MpsLink ended_links[] = {MPS_WORD(Ended, how), {0}};

const MpsLink known_links[] = {
    MPS_OTHER(Known, hosts),
    MPS_PART(Known, ended, KNOWN_ENDED, ended_links),
    {0},
};

static int by_key(gconstpointer a, gconstpointer b)
{
    const uintptr_t one = (uintptr_t) * (gpointer const *)a,
                    two = (uintptr_t) * (gpointer const *)b;

    return one < two ? -1 : one > two;
}

void known_image(Known *known, MpsImage *image)
{
    guint n = 0;
    g_autofree gpointer *keys =
        known->hosts ? g_hash_table_get_keys_as_array(known->hosts, &n) : NULL;

    if (n > 0)
        qsort(keys, n, sizeof *keys, by_key);
    MPS_IMAGE(image, n);
    if (n > 0 && mps_image_restores(image))
        known->hosts = g_hash_table_new(mps_seeded_hash, NULL);
    for (guint i = 0; i < n; i++) {
        uint64_t key = keys ? (uintptr_t)keys[i] : 0;
        gpointer met = keys ? g_hash_table_lookup(known->hosts, keys[i]) : NULL;

        MPS_IMAGE(image, key);
        MPS_IMAGE(image, met);
        if (!keys)
            g_hash_table_insert(known->hosts, (gpointer)(uintptr_t)key, met);
    }
}

void known_meet(Known *known, const MpsAddress *address, bool doubtful)
{
    const gpointer key = (gpointer)(uintptr_t)hash_of(address);

    if (!known->hosts)
        known->hosts = g_hash_table_new(mps_seeded_hash, NULL);
    known->any_doubtful |= doubtful;

    const guint before = GPOINTER_TO_UINT(g_hash_table_lookup(known->hosts, key));

    if (before == 0 && g_hash_table_size(known->hosts) >= MOST_HOSTS)
        known->hosts_full = true;
    else
        g_hash_table_insert(known->hosts, key,
                            GUINT_TO_POINTER(before | (doubtful ? DOUBTFUL : MET)));
}

bool known_wholly(const Known *known, const MpsAddress *address, bool met)
{
    const gpointer key = (gpointer)(uintptr_t)hash_of(address);
    const guint flags = known->hosts ? GPOINTER_TO_UINT(g_hash_table_lookup(known->hosts, key)) : 0;

    return !known->hosts_full && !(flags & DOUBTFUL) && (!met || flags & MET);
}

void known_end(Known *known, uint32_t token, const char *how, Place place)
{
    known->ended[known->n_ended++ % KNOWN_ENDED] = (Ended){token, how, place};
}

const Ended *known_ended(const Known *known, uint32_t token)
{
    for (unsigned i = 0; i < MIN(known->n_ended, KNOWN_ENDED); i++)
        if (known->ended[i].token == token)
            return &known->ended[i];
    return NULL;
}

/* The same nonce by chance is likely only between attempts that have nothing else in common. */
bool known_nonce(Known *known, const Attempt *attempt, Attempt *earlier)
{
    Attempt *place = &known->attempts[mps_mix(0, attempt->nonce) % KNOWN_NONCES];
    const bool repeated =
        place->place.packet && place->nonce == attempt->nonce && place->isn != attempt->isn &&
        (place->token == attempt->token ||
         (same_address(&place->to, &attempt->to) && !same_address(&place->from, &attempt->from)));

    *earlier = *place;
    *place = *attempt;
    return repeated;
}

Target *known_target(Known *known, const MpsAddress *to)
{
    Target *target = &known->targets[hash_of(to) % KNOWN_TARGETS];

    if (!same_address(&target->to, to))
        *target = (Target){.to = *to};
    return target;
}

bool known_target_joined(Target *target, const MpsAddress *from, Place place)
{
    int64_t *oldest = &target->ts_ns[target->n_joins % BURST_JOINS];
    const bool many = target->n_joins >= BURST_JOINS && place.ts_ns - *oldest <= SECOND_NS;
    const bool begins = many && !target->burst;

    if (target->n_joins == 0)
        target->first = place;
    *oldest = place.ts_ns;
    target->n_joins++;
    target->sources |= UINT64_C(1) << hash_of(from) % 64;
    target->burst |= many;
    return begins;
}

void known_keys(Known *known, const MpsConnection *connection)
{
    Keys *keys = &known->keys[known->n_keys++ % KNOWN_KEYS];

    keys->version = connection->version;
    for (MpsSide side = MPS_CLIENT; side <= MPS_SERVER; side++) {
        keys->key[side] = connection->side[side].key;
        keys->token[side] = connection->side[side].token;
        keys->at[side] = connection->end[side].address;
    }
}

/* A join has one address in common with its connection at least, unless both hosts are at others.
 */
static bool may_belong(const Keys *keys, const MpsSubflow *subflow)
{
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++)
            if (same_address(&keys->at[a], &subflow->end[b].address))
                return true;
    return false;
}

const Keys *known_keys_of(const Known *known, const MpsSubflow *subflow, const uint32_t nonce[2],
                          const uint8_t *hmac, size_t n_bytes, MpsSide *opener)
{
    const MpsSide own = subflow->opened_by;

    for (unsigned i = 0; i < MIN(known->n_keys, KNOWN_KEYS); i++) {
        const Keys *keys = &known->keys[(known->n_keys - 1 - i) % KNOWN_KEYS];

        if (!may_belong(keys, subflow))
            continue;
        for (*opener = MPS_CLIENT; *opener <= MPS_SERVER; (*opener)++)
            if (mps_join_hmac_valid(keys->version, keys->key[*opener], keys->key[other(*opener)],
                                    nonce[own], nonce[other(own)], hmac, n_bytes))
                return keys;
    }
    return NULL;
}
