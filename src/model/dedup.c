/* dedup.c - a four-way table of fingerprints; within a set the oldest makes room. */
#include "model/dedup.h"

#include <glib.h>

enum { SETS = 1 << 15, WAYS = 4 };

static const int64_t ELSEWHERE_NS = 1000 * 1000 * 1000;
static const int64_t SAME_PLACE_NS = 100 * 1000;

typedef struct {
    uint64_t print, place;
    int64_t ts_ns;
    uint64_t packet;
    uint32_t capture_id;
} Entry;

struct _MpsDedup {
    const Entry *found; /* what the last segment repeats, or NULL */
    Entry sets[SETS][WAYS];
};

MpsDedup *mps_dedup_new(void)
{
    MpsDedup *self = g_new0(MpsDedup, 1);

    for (int i = 0; i < SETS; i++)
        for (int way = 0; way < WAYS; way++)
            self->sets[i][way].ts_ns = INT64_MIN / 2;
    return self;
}

bool mps_dedup_seen(MpsDedup *self, const MpsSegment *segment)
{
    Entry *const set = self->sets[segment->print % SETS];
    Entry *oldest = set;

    self->found = NULL;

    for (Entry *entry = set; entry < set + WAYS; entry++) {
        if (entry->print == segment->print && entry->ts_ns > INT64_MIN / 2) {
            const int64_t age_ns = segment->ts_ns - entry->ts_ns;
            const bool pure_ack = segment->payload_bytes == 0 &&
                                  !(segment->flags & (MPS_TCP_SYN | MPS_TCP_FIN | MPS_TCP_RST));

            if ((entry->place != segment->place && age_ns <= ELSEWHERE_NS) ||
                (entry->place == segment->place && age_ns <= SAME_PLACE_NS &&
                 !(pure_ack && segment->ip_id == 0))) {
                self->found = entry;
                return true;
            }
            oldest = entry;
            break;
        }
        if (entry->ts_ns < oldest->ts_ns)
            oldest = entry;
    }
    *oldest = (Entry){segment->print, segment->place, segment->ts_ns, segment->packet,
                      segment->capture_id};
    return false;
}

void mps_dedup_found(const MpsDedup *self, uint64_t *packet, uint32_t *capture_id)
{
    *packet = self->found ? self->found->packet : 0;
    *capture_id = self->found ? self->found->capture_id : 0;
}

void mps_dedup_free(MpsDedup *self)
{
    g_free(self);
}
