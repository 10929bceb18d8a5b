/* intake.c - batches of packets go round in a ring between who reads and who takes. */
#include "pipeline/intake.h"

#include "decode/decode.h"
#include "pipeline/filtering.h"
#include "pipeline/fragments.h"
#include "pipeline/interrupt.h"
#include "util/thread.h"

/* What waits for its taker is still in a processor's cache. */
enum { BATCH_PACKETS = 128, N_BATCHES = 4 };
/* Batches between two looks at all files, of which there may be thousands. */
enum { STRIDE = 32 };
#define BATCH_BYTES (1u << 20)

/* A file that need not be read again. */
typedef struct {
    uint64_t index;
    MpsFileInfo info;
} Ended;

static const MpsLink ended_links[] = {
    MPS_OTHER(Ended, info.path),
    MPS_OTHER(Ended, info.file),
    MPS_WORD(Ended, info.format),
    MPS_WORD(Ended, info.link_name),
    MPS_WORD(Ended, info.error),
    MPS_OTHER(Ended, info.notes),
    {0},
};

typedef struct {
    unsigned n;
    MpsTaken *packets;           /* BATCH_PACKETS */
    MpsKept kept[BATCH_PACKETS]; /* their bytes */
    uint64_t bytes_read, bytes_total;
    GError *error; /* behind the last packet */
    bool last;
    GArray *ended; /* Ended: files whose last packet it holds, or one before it did */
} Batch;

struct _MpsIntake {
    MpsTrace *trace;
    MpsIntakeOptions options;
    MpsFilter *filter; /* or NULL */
    MpsFragments *fragments;
    bool begun; /* the first packet was read: */
    int64_t since_ns, until_ns;
    uint64_t n_read, n_packets; /* packets, and those of them that were not passed over */
    uint64_t n_fills, bytes_read, bytes_total;
    size_t n_ended; /* files, told of in batches */

    Batch *batch;  /* at hand, or NULL */
    unsigned at;   /* the next packet in it */
    GArray *ended; /* Ended: of the batches that were taken, and of the run before */
    uint64_t n_passed_over;
    unsigned n_batches;
    Batch batches[N_BATCHES];
    MpsRing ring;    /* of them */
    GThread *thread; /* NULL: who takes them reads them */
};

static int64_t moment(MpsMoment wish, int64_t first_ns, int64_t without)
{
    int64_t ns = wish.ns;

    if (!wish.given)
        return without;
    return wish.behind_first && __builtin_add_overflow(first_ns, wish.ns, &ns) ? INT64_MAX : ns;
}

/* Finds out whether @packet is wanted; *last says that it was the end of what is. */
static bool is_wanted(MpsIntake *self, const MpsPacket *packet, bool *last, GError **error)
{
    const MpsSpan *span = &self->options.span;
    const bool known = self->n_read++ < self->options.n_known;
    bool passed = !known;

    if (!self->begun) {
        self->begun = true;
        self->since_ns = moment(span->since, packet->ts_ns, INT64_MIN);
        self->until_ns = moment(span->until, packet->ts_ns, INT64_MAX);
    }
    *last = span->until.given && packet->ts_ns >= self->until_ns;
    if (*last || packet->ts_ns < self->since_ns)
        return false;
    *last = ++self->n_packets == span->n_packets;
    if (passed && self->filter && !mps_filter_packet(self->filter, packet, &passed, error))
        *last = true;
    return passed && !*error;
}

static void decode(MpsIntake *self, MpsTaken *taken)
{
    MpsSegment *segment = &taken->segment;

    taken->decoded = self->options.verify ? mps_decode_verified(&taken->packet, segment)
                                          : mps_decode_packet(&taken->packet, segment);
    if (taken->decoded == MPS_DECODED_TCP && !(segment->damage & MPS_DAMAGED_CHECKSUM))
        mps_option_names_apply(self->options.names, segment);
}

/* Brings the fragments of a segment together: here and not where they are read, so that what is
 * remembered fits the packet at hand. */
static void take_fragment(MpsIntake *self, MpsTaken *taken)
{
    if (taken->segment.damage & MPS_DAMAGED_CHECKSUM)
        return;
    if (taken->decoded == MPS_DECODED_FRAGMENT)
        taken->follows = mps_fragments_later(self->fragments, &taken->segment);
    else if (taken->decoded == MPS_DECODED_TCP && taken->segment.fragment.more)
        mps_fragments_first(self->fragments, &taken->segment);
}

static void give_back(MpsIntake *self, Batch *batch)
{
    for (unsigned i = 0; i < batch->n; i++)
        mps_trace_give_back(self->trace, batch->kept[i]);
    batch->n = 0;
}

/* Tells of the files that ended while @batch was filled.  What the span is counted from, and notes,
 * are in the files. */
static void tell_ended(MpsIntake *self, Batch *batch)
{
    const MpsSpan *span = &self->options.span;

    g_array_set_size(batch->ended, 0);
    for (; self->n_ended < mps_trace_n_ended(self->trace); self->n_ended++) {
        Ended ended = {.index = mps_trace_ended(self->trace, self->n_ended)};

        ended.info = mps_trace_file(self->trace, ended.index);
        if (!ended.info.notes && !span->since.given && !span->until.given && span->n_packets == 0)
            g_array_append_val(batch->ended, ended);
    }
}

static void fill(MpsIntake *self, Batch *batch)
{
    size_t n_bytes = 0;

    give_back(self, batch);
    while (!batch->last && batch->n < BATCH_PACKETS && n_bytes < BATCH_BYTES) {
        MpsTaken *taken = &batch->packets[batch->n];

        if (mps_trace_next(self->trace, &taken->packet) != MPS_READ_PACKET ||
            (self->options.strict && mps_trace_n_damaged(self->trace) > 0)) {
            batch->last = true;
            break;
        }
        taken->passed = is_wanted(self, &taken->packet, &batch->last, &batch->error);
        if (taken->passed)
            decode(self, taken);
        batch->kept[batch->n++] = mps_trace_keep(self->trace);
        n_bytes += taken->packet.captured_bytes;
    }
    tell_ended(self, batch);
    if (self->n_fills++ % STRIDE == 0)
        mps_trace_progress(self->trace, &self->bytes_read, &self->bytes_total);
    batch->bytes_read = self->bytes_read;
    batch->bytes_total = self->bytes_total;
}

static gpointer read_ahead(gpointer user)
{
    MpsIntake *self = user;
    bool last = false;
    int slot;

    while (!last && (slot = mps_ring_wait_empty(&self->ring)) >= 0) {
        fill(self, &self->batches[slot]);
        last = self->batches[slot].last;
        mps_ring_fill(&self->ring);
    }
    mps_ring_end(&self->ring);
    return NULL;
}

MpsIntake *mps_intake_new(MpsTrace *trace, const MpsIntakeOptions *options, GError **error)
{
    g_autoptr(MpsIntake) self = g_new0(MpsIntake, 1);

    self->trace = trace;
    self->options = *options;
    self->fragments = mps_fragments_new();
    self->n_batches = options->ahead ? N_BATCHES : 1;
    mps_ring_begin(&self->ring, self->n_batches);
    self->ended = g_array_new(FALSE, FALSE, sizeof(Ended));
    for (unsigned i = 0; i < self->n_batches; i++) {
        self->batches[i].packets = g_new(MpsTaken, BATCH_PACKETS);
        self->batches[i].ended = g_array_new(FALSE, FALSE, sizeof(Ended));
    }
    if (options->filter && !(self->filter = mps_filtering_new(options->filter, trace, error)))
        return NULL;
    return g_steal_pointer(&self);
}

/* Goes to the next batch; false: the one at hand is the last. */
static bool next_batch(MpsIntake *self)
{
    int slot = 0;

    if (self->batch && self->batch->last)
        return false;
    self->at = 0;
    if (self->batch)
        g_array_append_vals(self->ended, self->batch->ended->data, self->batch->ended->len);
    if (self->options.ahead && !self->thread)
        self->thread = mps_thread_start("read", read_ahead, self);
    if (!self->thread) {
        self->batch = &self->batches[0];
        fill(self, self->batch);
        return true;
    }
    if (self->batch)
        mps_ring_empty(&self->ring);
    slot = mps_ring_wait_full(&self->ring);
    g_assert(slot >= 0); /* the last batch says so */
    self->batch = &self->batches[slot];
    return true;
}

MpsTaken *mps_intake_next(MpsIntake *self, GError **error)
{
    while (!self->batch || self->at == self->batch->n) {
        if (next_batch(self))
            continue;
        if (self->batch->error)
            g_propagate_error(error, g_steal_pointer(&self->batch->error));
        return NULL;
    }

    MpsTaken *taken = &self->batch->packets[self->at++];

    taken->follows = false;
    if (taken->passed)
        take_fragment(self, taken);
    return taken;
}

void mps_intake_image(MpsIntake *self, MpsImage *image)
{
    guint n = self->ended->len;

    mps_fragments_image(self->fragments, image);
    MPS_IMAGE(image, n);
    if (mps_image_restores(image))
        g_array_set_size(self->ended, n);
    for (guint i = 0; i < n; i++) {
        Ended *ended = &g_array_index(self->ended, Ended, i);

        mps_image_structure(image, ended, sizeof *ended, ended_links);
        if (mps_image_restores(image)) {
            mps_trace_pass_over(self->trace, ended->index, &ended->info);
            self->n_passed_over += ended->info.n_packets;
        }
    }
    if (mps_image_restores(image))
        self->n_read = self->n_passed_over;
}

uint64_t mps_intake_n_passed_over(const MpsIntake *self)
{
    return self->n_passed_over;
}

void mps_intake_progress(const MpsIntake *self, uint64_t *bytes_read, uint64_t *bytes_total)
{
    *bytes_read = self->batch ? self->batch->bytes_read : 0;
    *bytes_total = self->batch ? self->batch->bytes_total : 0;
}

void mps_intake_free(MpsIntake *self)
{
    if (!self)
        return;
    if (self->thread) {
        mps_ring_stop(&self->ring);
        mps_interrupt_reading();
        g_thread_join(self->thread);
    }
    for (unsigned i = 0; i < self->n_batches; i++) {
        give_back(self, &self->batches[i]);
        g_free(self->batches[i].packets);
        g_array_unref(self->batches[i].ended);
        g_clear_error(&self->batches[i].error);
    }
    mps_ring_clear(&self->ring);
    g_array_unref(self->ended);
    mps_fragments_free(self->fragments);
    mps_filter_free(self->filter);
    g_free(self);
}
