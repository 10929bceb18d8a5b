/* dedup.c - a four-way table of fingerprints; within a set the oldest makes room. */
#include "model/dedup.h"

#include <glib.h>

/* Room for the packets of a second on a link of some hundred Mbit/s; a duplicate mostly comes
 * within microseconds. */
enum { SETS = 1 << 14, WAYS = 4, RECENT = SETS * WAYS, CACHE_LINE_BYTES = 64 };

static const int64_t ELSEWHERE_NS = 1000 * 1000 * 1000;
static const int64_t SAME_PLACE_NS = 100 * 1000;

/* What every packet is compared with: one cache line. */
typedef struct {
    uint64_t print[WAYS];
    uint64_t order[WAYS]; /* of the packets kept: 1, 2, ...; 0: none */
} Set;

/* What only a repeated packet is compared with.  It is written in order, not at places all over the
 * memory for which each packet would have to wait. */
typedef struct {
    int64_t ts_ns;
    uint64_t place, packet;
    uint32_t capture_id;
} Where;

struct _MpsDedup {
    Set *sets;          /* SETS */
    Where *recent;      /* RECENT, a ring by order */
    const Where *found; /* what the last segment repeats, or NULL */
    uint64_t n_kept;
};

MpsDedup *mps_dedup_new(void)
{
    MpsDedup *self = g_new0(MpsDedup, 1);

    G_STATIC_ASSERT(sizeof(Set) == CACHE_LINE_BYTES);
    self->sets = g_aligned_alloc0(SETS, sizeof(Set), CACHE_LINE_BYTES);
    self->recent = g_new0(Where, RECENT);
    return self;
}

static bool is_duplicate(const MpsSegment *segment, const Where *before)
{
    const int64_t age_ns = segment->ts_ns - before->ts_ns;
    const bool pure_ack = segment->payload_bytes == 0 &&
                          !(segment->flags & (MPS_TCP_SYN | MPS_TCP_FIN | MPS_TCP_RST));

    if (before->place != segment->place)
        return age_ns <= ELSEWHERE_NS;
    return age_ns <= SAME_PLACE_NS && !(pure_ack && segment->ip_id == 0);
}

bool mps_dedup_seen(MpsDedup *self, const MpsSegment *segment)
{
    Set *const set = &self->sets[segment->print % SETS];
    int at = 0;

    self->found = NULL;
    for (int way = 0; way < WAYS; way++) {
        if (G_UNLIKELY(set->print[way] == segment->print && set->order[way] > 0)) {
            const Where *before = &self->recent[set->order[way] % RECENT];

            if (self->n_kept - set->order[way] < RECENT && is_duplicate(segment, before)) {
                self->found = before;
                return true;
            }
            at = way;
            break;
        }
        if (set->order[way] < set->order[at])
            at = way;
    }
    set->print[at] = segment->print;
    set->order[at] = ++self->n_kept;
    self->recent[self->n_kept % RECENT] =
        (Where){segment->ts_ns, segment->place, segment->packet, segment->capture_id};
    return false;
}

void mps_dedup_found(const MpsDedup *self, uint64_t *packet, uint32_t *capture_id)
{
    *packet = self->found ? self->found->packet : 0;
    *capture_id = self->found ? self->found->capture_id : 0;
}

void mps_dedup_free(MpsDedup *self)
{
    if (!self)
        return;
    g_aligned_free(self->sets);
    g_free(self->recent);
    g_free(self);
}
