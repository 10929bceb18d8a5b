/* known.h - what the rules of joins remember beyond one connection: which hosts have connections
 * that the capture lacks the begin of, tokens of ended connections, joins to unknown tokens.
 * All of it is bounded. */
#ifndef MPS_RULES_KNOWN_H
#define MPS_RULES_KNOWN_H

#include <string.h>

#include "rules/check.h"

/* More joins to unknown tokens of one host within a second than that are a burst. */
enum { BURST_JOINS = 5 };
enum { KNOWN_ENDED = 256, KNOWN_NONCES = 4096, KNOWN_TARGETS = 256, KNOWN_KEYS = 64 };

/* A connection that is over, by a token of it. */
typedef struct {
    uint32_t token;
    const char *how; /* static */
    Place place;
} Ended;

/* An attempt to join. */
typedef struct {
    uint32_t token, nonce, isn;
    MpsAddress from, to;
    Place place; /* packet 0: entry not in use */
} Attempt;

/* Keys of a connection. */
typedef struct {
    int version;
    uint64_t key[2]; /* by MpsSide */
    uint32_t token[2];
    MpsAddress at[2]; /* of the initial subflow */
} Keys;

/* A host that joins with unknown tokens go to. */
typedef struct {
    MpsAddress to;
    int64_t ts_ns[BURST_JOINS]; /* of the latest ones, a ring */
    Place first;                /* of those, when the burst was noticed */
    uint64_t sources;           /* one bit for some of the source addresses */
    uint32_t n_joins;
    bool burst, completed;
} Target;

typedef struct {
    GHashTable *hosts; /* hash of the address -> 1: met with keys, 2: met without */
    bool hosts_full;
    bool any_doubtful; /* some host has a connection whose keys the capture lacks */
    Ended ended[KNOWN_ENDED];
    unsigned n_ended;
    Attempt attempts[KNOWN_NONCES];
    Target targets[KNOWN_TARGETS];
    Keys keys[KNOWN_KEYS]; /* of the latest connections, a ring */
    unsigned n_keys;
} Known;

Known *known_of(const Check *check);
void known_clear(Known *known);
extern const MpsLink known_links[];
/* The hosts. */
void known_image(Known *known, MpsImage *image);

static inline bool same_address(const MpsAddress *a, const MpsAddress *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* The host at @address has a connection; @doubtful: one whose keys the capture lacks. */
void known_meet(Known *known, const MpsAddress *address, bool doubtful);
/* Whether all connections of the host at @address, as far as seen, are known by their keys;
 * @met: and there is one. */
bool known_wholly(const Known *known, const MpsAddress *address, bool met);

void known_end(Known *known, uint32_t token, const char *how, Place place);
/* NULL: no ended connection had that token. */
const Ended *known_ended(const Known *known, uint32_t token);

void known_keys(Known *known, const MpsConnection *connection);
/* The latest connection with an address of @subflow whose keys make the @n_bytes of @hmac, which
 * the opener of @subflow sent; *opener is its side in that connection.  NULL: none. */
const Keys *known_keys_of(const Known *known, const MpsSubflow *subflow, const uint32_t nonce[2],
                          const uint8_t *hmac, size_t n_bytes, MpsSide *opener);

/* Remembers @attempt; returns whether an earlier one had its nonce, and which. */
bool known_nonce(Known *known, const Attempt *attempt, Attempt *earlier);

/* The entry of the host at @to, made if there is none; one entry may replace another. */
Target *known_target(Known *known, const MpsAddress *to);
/* Counts a join; true if it makes a burst of what came before. */
bool known_target_joined(Target *target, const MpsAddress *from, Place place);

#endif
