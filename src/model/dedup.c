/* dedup.c - a four-way table of fingerprints; within a set the oldest makes room. */
#include "model/dedup.h"

#include <glib.h>

/* Room for the packets of a second on a link of some hundred Mbit/s; a duplicate mostly comes
 * within microseconds. */
enum { SETS = 1 << 14, WAYS = 4 };

static const int64_t ELSEWHERE_NS = 1000 * 1000 * 1000;
static const int64_t SAME_PLACE_NS = 100 * 1000;
static const int64_t NEVER_NS = INT64_MIN / 2;

/* What every packet is compared with: one cache line. */
typedef struct {
    uint64_t print[WAYS];
    int64_t ts_ns[WAYS];
} Set;

/* What only a repeated packet is compared with. */
typedef struct {
    uint64_t place, packet;
    uint32_t capture_id;
} Where;

struct _MpsDedup {
    const Where *found; /* what the last segment repeats, or NULL */
    Set sets[SETS];
    Where where[SETS][WAYS];
};

MpsDedup *mps_dedup_new(void)
{
    MpsDedup *self = g_new0(MpsDedup, 1);

    for (int i = 0; i < SETS; i++)
        for (int way = 0; way < WAYS; way++)
            self->sets[i].ts_ns[way] = NEVER_NS;
    return self;
}

static bool is_duplicate(const MpsSegment *segment, int64_t before_ns, const Where *before)
{
    const int64_t age_ns = segment->ts_ns - before_ns;
    const bool pure_ack = segment->payload_bytes == 0 &&
                          !(segment->flags & (MPS_TCP_SYN | MPS_TCP_FIN | MPS_TCP_RST));

    if (before->place != segment->place)
        return age_ns <= ELSEWHERE_NS;
    return age_ns <= SAME_PLACE_NS && !(pure_ack && segment->ip_id == 0);
}

bool mps_dedup_seen(MpsDedup *self, const MpsSegment *segment)
{
    const size_t index = segment->print % SETS;
    Set *const set = &self->sets[index];
    int at = 0;

    self->found = NULL;
    for (int way = 0; way < WAYS; way++) {
        if (set->print[way] == segment->print && set->ts_ns[way] != NEVER_NS) {
            if (is_duplicate(segment, set->ts_ns[way], &self->where[index][way])) {
                self->found = &self->where[index][way];
                return true;
            }
            at = way;
            break;
        }
        if (set->ts_ns[way] < set->ts_ns[at])
            at = way;
    }
    set->print[at] = segment->print;
    set->ts_ns[at] = segment->ts_ns;
    self->where[index][at] = (Where){segment->place, segment->packet, segment->capture_id};
    return false;
}

void mps_dedup_found(const MpsDedup *self, uint64_t *packet, uint32_t *capture_id)
{
    *packet = self->found ? self->found->packet : 0;
    *capture_id = self->found ? self->found->capture_id : 0;
}

void mps_dedup_image(MpsDedup *self, MpsImage *image)
{
    MPS_IMAGE(image, self->sets);
    MPS_IMAGE(image, self->where);
}

void mps_dedup_free(MpsDedup *self)
{
    g_free(self);
}
