/* trace.c - a reorder window per file, and a heap of files by the time of their next packet.
 *
 * With many files, each is opened once to learn its earliest stamp, closed, and opened again when
 * its turn comes: rotated captures need one file descriptor at a time, whatever their number. */
#include "capture/trace.h"

#include <string.h>

#include "capture/capture.h"

#define WINDOW_PACKETS  1024u /* a power of two */
#define WINDOW_BYTES    (4u << 20)
#define FILES_OPEN_MAX  64u
#define BUCKET_MIN      7u  /* smallest packet buffer: 128 bytes */
#define BUCKET_KEPT_MAX 18u /* buffers above 256 kB are not kept for the next packet */

typedef struct {
    MpsPacket packet; /* bytes points to @buffer */
    uint8_t *buffer;
    unsigned bucket; /* buffer holds 1 << bucket bytes */
} Slot;

typedef struct {
    char *path;
    uint32_t capture_id;
    MpsCapture *capture; /* NULL: at its end, unreadable, or parked */
    bool parked;         /* closed until its turn: @next_ns comes first */
    int64_t next_ns;     /* key of the heap */

    Slot *window; /* ring of WINDOW_PACKETS, in time order from @head on */
    unsigned head;
    unsigned n_slots;
    size_t n_bytes;       /* in the window */
    unsigned barrier;     /* nothing is sorted to before this place of the ring */
    int64_t delivered_ns; /* stamp of the last packet that left the window */

    MpsFileInfo info; /* but what mps_trace_file() adds */
    GError *error;
} Source;

typedef struct FreeBuffer FreeBuffer;
struct FreeBuffer {
    FreeBuffer *next;
};

struct _MpsTrace {
    Source *sources;
    size_t n_sources;
    Source **heap; /* sources with a next packet, the earliest first */
    size_t n_heap;
    bool heap_stale; /* the first of the heap was read from since */
    Slot held;       /* lent to the caller until the next call */
    FreeBuffer *free_buffers[BUCKET_KEPT_MAX + 1];
};

static uint8_t *take_buffer(MpsTrace *self, unsigned bucket)
{
    FreeBuffer *buffer = bucket <= BUCKET_KEPT_MAX ? self->free_buffers[bucket] : NULL;

    if (!buffer)
        return g_malloc((size_t)1 << bucket);
    self->free_buffers[bucket] = buffer->next;
    return (uint8_t *)buffer;
}

static void give_buffer(MpsTrace *self, Slot *slot)
{
    FreeBuffer *buffer = (void *)slot->buffer;

    slot->buffer = NULL;
    if (!buffer)
        return;
    if (slot->bucket > BUCKET_KEPT_MAX) {
        g_free(buffer);
        return;
    }
    buffer->next = self->free_buffers[slot->bucket];
    self->free_buffers[slot->bucket] = buffer;
}

/* What the capture itself knows, as long as it is open. */
static void describe(const MpsCapture *capture, MpsFileInfo *out)
{
    const MpsCaptureInfo info = mps_capture_info(capture);

    out->format = info.format;
    out->link_type = info.link_type;
    out->link_name = info.link_name;
    out->snaplen_bytes = info.snaplen_bytes;
    out->dropped = info.dropped;
    out->bytes_read = info.bytes_read;
    out->bytes_total = info.bytes_total;
}

static void close_source(Source *source)
{
    if (!source->capture)
        return;
    describe(source->capture, &source->info);
    g_clear_pointer(&source->capture, mps_capture_free);
}

/* Puts a copy of @packet behind those of the window that are not later.
 * One that is too late for the window (the clock was set back) stays where it is in the file, and
 * the packets behind it are sorted among themselves. */
static void insert(MpsTrace *self, Source *source, const MpsPacket *packet)
{
    const unsigned bucket = packet->captured_bytes > 1u << BUCKET_MIN
                                ? g_bit_storage(packet->captured_bytes - 1)
                                : BUCKET_MIN;
    Slot slot = {.packet = *packet, .buffer = take_buffer(self, bucket), .bucket = bucket};
    unsigned at = source->head + source->n_slots;

    if (packet->captured_bytes > 0)
        memcpy(slot.buffer, packet->bytes, packet->captured_bytes);
    slot.packet.bytes = slot.buffer;
    slot.packet.capture_id = source->capture_id;
    if (source->barrier - source->head > source->n_slots) /* it was delivered, or there is none */
        source->barrier = source->head;
    if (source->barrier == source->head && packet->ts_ns < source->delivered_ns)
        source->barrier = at;
    while (at != source->barrier) {
        const Slot *before = &source->window[(at - 1) % WINDOW_PACKETS];

        if (before->packet.ts_ns <= packet->ts_ns)
            break;
        source->window[at-- % WINDOW_PACKETS] = *before;
    }
    source->window[at % WINDOW_PACKETS] = slot;
    source->n_slots++;
    source->n_bytes += packet->captured_bytes;
}

/* Reads ahead until the window is full or the file at its end. */
static void fill(MpsTrace *self, Source *source)
{
    MpsPacket packet;

    while (source->capture && source->n_slots < WINDOW_PACKETS && source->n_bytes < WINDOW_BYTES) {
        const MpsReadResult result = mps_capture_next(source->capture, &packet, &source->error);

        if (result == MPS_READ_PACKET) {
            insert(self, source, &packet);
            continue;
        }
        if (result == MPS_READ_FAILED)
            source->info.status = MPS_FILE_CUT;
        close_source(source);
    }
    if (source->n_slots > 0)
        source->next_ns = source->window[source->head % WINDOW_PACKETS].packet.ts_ns;
}

static void drop_window(MpsTrace *self, Source *source)
{
    for (; source->n_slots > 0; source->n_slots--)
        give_buffer(self, &source->window[source->head++ % WINDOW_PACKETS]);
    source->n_bytes = 0;
    g_clear_pointer(&source->window, g_free);
}

/* Opens the file and fills its window; false if it cannot be opened. */
static bool open_source(MpsTrace *self, Source *source)
{
    source->parked = false;
    source->capture = mps_capture_open(source->path, &source->error);
    if (!source->capture) {
        source->info.status = MPS_FILE_UNREADABLE;
        return false;
    }
    source->window = g_new(Slot, WINDOW_PACKETS);
    source->delivered_ns = INT64_MIN;
    fill(self, source);
    return true;
}

/* Forgets what was read; open_source() begins the file anew. */
static void park(MpsTrace *self, Source *source)
{
    close_source(source);
    drop_window(self, source);
    g_clear_error(&source->error);
    source->info.status = MPS_FILE_OK;
    source->info.bytes_read = 0;
    source->parked = true;
}

static bool is_earlier(const Source *a, const Source *b)
{
    if (a->next_ns != b->next_ns)
        return a->next_ns < b->next_ns;
    return a->capture_id < b->capture_id;
}

/* Restores the order below @at after its key grew. */
static void sift_down(MpsTrace *self, size_t at)
{
    Source *moved = self->heap[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < self->n_heap && is_earlier(self->heap[child + 1], self->heap[child]))
            child++;
        if (child >= self->n_heap || !is_earlier(self->heap[child], moved))
            break;
        self->heap[at] = self->heap[child];
        at = child;
    }
    self->heap[at] = moved;
}

MpsTrace *mps_trace_open(const char *const *paths, GError **error)
{
    g_autoptr(MpsTrace) self = g_new0(MpsTrace, 1);
    size_t n_opened = 0;

    while (paths[self->n_sources])
        self->n_sources++;
    if (self->n_sources == 0)
        return mps_throw_null(error, MPS_ERROR_USAGE, "no capture given");
    self->sources = g_new0(Source, self->n_sources);
    self->heap = g_new0(Source *, self->n_sources);
    for (size_t i = 0; i < self->n_sources; i++) {
        Source *source = &self->sources[i];

        source->path = g_strdup(paths[i]);
        source->capture_id = (uint32_t)i + 1;
        source->info.link_type = -1;
        source->info.dropped = -1;
        if (!open_source(self, source))
            continue;
        n_opened++;
        if (source->n_slots == 0) { /* nothing but a header */
            drop_window(self, source);
            continue;
        }
        self->heap[self->n_heap++] = source;
        if (self->n_sources > FILES_OPEN_MAX && strcmp(source->path, "-") != 0)
            park(self, source);
    }
    if (n_opened == 0) {
        g_propagate_error(error, g_steal_pointer(&self->sources[0].error));
        return NULL;
    }
    for (size_t i = self->n_heap / 2; i-- > 0;)
        sift_down(self, i);
    return g_steal_pointer(&self);
}

/* Brings the heap's first up to date: reads on, opens it if it is parked, takes it out if done. */
static void refresh_first(MpsTrace *self)
{
    Source *source = self->heap[0];

    if (source->parked)
        open_source(self, source);
    else
        fill(self, source);
    if (source->n_slots == 0) {
        drop_window(self, source);
        self->heap[0] = self->heap[--self->n_heap];
    }
    if (self->n_heap > 1)
        sift_down(self, 0);
}

MpsReadResult mps_trace_next(MpsTrace *self, MpsPacket *out)
{
    give_buffer(self, &self->held);
    if (self->heap_stale)
        refresh_first(self);
    self->heap_stale = false;
    while (self->n_heap > 0 && self->heap[0]->parked)
        refresh_first(self);
    if (self->n_heap == 0)
        return MPS_READ_END;

    Source *source = self->heap[0];
    MpsFileInfo *info = &source->info;

    self->held = source->window[source->head % WINDOW_PACKETS];
    source->head++;
    source->n_slots--;
    source->delivered_ns = self->held.packet.ts_ns;
    source->n_bytes -= self->held.packet.captured_bytes;
    self->heap_stale = true;
    *out = self->held.packet;
    info->first_ns = info->n_packets > 0 ? MIN(info->first_ns, out->ts_ns) : out->ts_ns;
    info->last_ns = info->n_packets > 0 ? MAX(info->last_ns, out->ts_ns) : out->ts_ns;
    info->n_packets++;
    return MPS_READ_PACKET;
}

size_t mps_trace_n_files(const MpsTrace *self)
{
    return self->n_sources;
}

MpsFileInfo mps_trace_file(const MpsTrace *self, size_t index)
{
    g_assert(index < self->n_sources);

    const Source *source = &self->sources[index];
    MpsFileInfo info = source->info;

    if (source->capture)
        describe(source->capture, &info);
    info.path = source->path;
    info.error = source->error ? source->error->message : NULL;
    return info;
}

void mps_trace_progress(const MpsTrace *self, uint64_t *bytes_read, uint64_t *bytes_total)
{
    bool all_known = true;

    *bytes_read = 0;
    *bytes_total = 0;
    for (size_t i = 0; i < self->n_sources; i++) {
        const MpsFileInfo info = mps_trace_file(self, i);

        *bytes_read += info.bytes_read;
        *bytes_total += info.bytes_total;
        all_known = all_known && (info.bytes_total > 0 || info.status == MPS_FILE_UNREADABLE);
    }
    if (!all_known)
        *bytes_total = 0;
}

void mps_trace_free(MpsTrace *self)
{
    if (!self)
        return;
    g_free(self->held.buffer);
    for (size_t i = 0; i < self->n_sources; i++) {
        Source *source = &self->sources[i];

        drop_window(self, source);
        mps_capture_free(source->capture);
        g_clear_error(&source->error);
        g_free(source->path);
    }
    for (size_t bucket = 0; bucket <= BUCKET_KEPT_MAX; bucket++)
        while (self->free_buffers[bucket]) {
            FreeBuffer *next = self->free_buffers[bucket]->next;

            g_free(self->free_buffers[bucket]);
            self->free_buffers[bucket] = next;
        }
    g_free(self->heap);
    g_free(self->sources);
    g_free(self);
}
