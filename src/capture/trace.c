/* trace.c - a reorder window per file, and a heap of files by the time of their next packet.
 *
 * With many files, each is opened once to learn its earliest stamp, closed, and opened again when
 * its turn comes: rotated captures need one file descriptor at a time, whatever their number.  So
 * are the members of an archive; a reader that stands before the member wanted is used again, so
 * that an archive in time order is unpacked twice, not once per member. */
#include "capture/trace.h"

#include <string.h>

#include "capture/capture.h"
#include "capture/inputs.h"
#include "capture/packed.h"
#include "util/format.h"

#define WINDOW_PACKETS  1024u /* a power of two */
#define WINDOW_BYTES    (4u << 20)
#define FILES_OPEN_MAX  64u
#define PACKED_OPEN_MAX 8u /* each has a thread, and xz and zstd want megabytes */
#define HOLE_MIN_NS     ((int64_t)1000 * 1000 * 1000) /* less is what files of a rotated set leave */
#define BUCKET_MIN      7u                            /* smallest packet buffer: 128 bytes */
#define BUCKET_KEPT_MAX 18u /* buffers above 256 kB are not kept for the next packet */

typedef struct {
    MpsPacket packet; /* its bytes are these: */
    MpsKept buffer;
} Slot;

/* An archive whose members are captures. */
typedef struct {
    char *path;
    MpsPacked *idle; /* a reader that nobody uses, or NULL */
} Archive;

typedef struct {
    char *path;
    char *name; /* for people: with the name in the archive */
    uint32_t capture_id;
    unsigned argument;
    Archive *archive;  /* NULL: a file of its own */
    unsigned member;   /* of the archive */
    MpsPacked *reader; /* of the archive, while the member is open */
    bool live;
    MpsCapture *capture; /* NULL: at its end, unreadable, or parked */
    MpsNotes *notes;     /* of the capture that was closed */
    bool parked;         /* closed until its turn: @next_ns comes first */
    int64_t next_ns;     /* key of the heap */

    Slot *window;  /* ring of WINDOW_PACKETS, in time order from @head on */
    uint64_t head; /* counts all that left it */
    unsigned n_slots;
    size_t n_bytes;       /* in the window */
    uint64_t barrier;     /* nothing is sorted to before this place; below @head: there is none */
    int64_t latest_ns;    /* of all stamps that came into the window */
    int64_t delivered_ns; /* stamp of the last packet that left it */

    MpsFileInfo info; /* but what mps_trace_file() adds */
    GError *error;
} Source;

typedef struct FreeBuffer FreeBuffer;
struct FreeBuffer {
    FreeBuffer *next;
};

struct _MpsTrace {
    GPtrArray *sources;  /* Source */
    GPtrArray *archives; /* Archive */
    int stop_fd;
    size_t n_inputs;
    size_t n_damaged, n_left_out;
    bool live;
    Source **heap; /* sources with a next packet, the earliest first */
    size_t n_heap;
    size_t n_begun;    /* of them those that gave packets */
    int64_t latest_ns; /* stamp of all packets delivered, and of files that are passed over */
    GArray *ended;     /* guint: indexes of sources that left it */
    bool heap_stale;   /* the first of the heap was read from since */
    MpsKept held;      /* lent to the caller until the next call */
    FreeBuffer *free_buffers[BUCKET_KEPT_MAX + 1];
};

static MpsKept take_buffer(MpsTrace *self, unsigned bucket)
{
    FreeBuffer *buffer = bucket <= BUCKET_KEPT_MAX ? self->free_buffers[bucket] : NULL;

    if (!buffer)
        return (MpsKept){g_malloc((size_t)1 << bucket), bucket};
    self->free_buffers[bucket] = buffer->next;
    return (MpsKept){(uint8_t *)buffer, bucket};
}

void mps_trace_give_back(MpsTrace *self, MpsKept kept)
{
    FreeBuffer *buffer = (void *)kept.bytes;

    if (!buffer)
        return;
    if (kept.bucket > BUCKET_KEPT_MAX) {
        g_free(buffer);
        return;
    }
    buffer->next = self->free_buffers[kept.bucket];
    self->free_buffers[kept.bucket] = buffer;
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
    out->notes = info.notes;
    out->bytes_read = info.bytes_read;
    out->bytes_total = info.bytes_total;
}

static void close_source(Source *source)
{
    if (!source->capture)
        return;
    describe(source->capture, &source->info);
    source->notes = mps_notes_ref(mps_capture_info(source->capture).notes);
    g_clear_pointer(&source->capture, mps_capture_free);
    if (!source->reader)
        return;
    mps_packed_unref(source->archive->idle);
    source->archive->idle = g_steal_pointer(&source->reader);
}

static void set_status(MpsTrace *self, Source *source, MpsFileStatus status)
{
    self->n_damaged -= source->info.status != MPS_FILE_OK;
    self->n_damaged += status != MPS_FILE_OK;
    source->info.status = status;
}

/* Puts the packet of place @at, just read, behind those of the window that are not later.
 * One that is too late for the window (the clock was set back) stays where it is in the file, and
 * the packets behind it are sorted among themselves. */
static void sort_in(Source *source, uint64_t at)
{
    const Slot slot = source->window[at % WINDOW_PACKETS];

    if (source->barrier < source->head) /* it was delivered, or there is none */
        source->barrier = source->head;
    if (source->barrier == source->head && slot.packet.ts_ns < source->delivered_ns)
        source->barrier = at;
    for (; at != source->barrier; at--) {
        const Slot *before = &source->window[(at - 1) % WINDOW_PACKETS];

        if (before->packet.ts_ns <= slot.packet.ts_ns)
            break;
        source->window[at % WINDOW_PACKETS] = *before;
    }
    source->window[at % WINDOW_PACKETS] = slot;
}

/* Keeps the bytes of the packet of @slot, just read, and gives it its place in the window. */
static void take_in(MpsTrace *self, Source *source, Slot *slot)
{
    MpsPacket *packet = &slot->packet;
    const unsigned bucket = packet->captured_bytes > 1u << BUCKET_MIN
                                ? g_bit_storage(packet->captured_bytes - 1)
                                : BUCKET_MIN;

    slot->buffer = take_buffer(self, bucket);
    if (packet->captured_bytes > 0)
        memcpy(slot->buffer.bytes, packet->bytes, packet->captured_bytes);
    packet->bytes = slot->buffer.bytes;
    source->n_bytes += packet->captured_bytes;
    if (G_LIKELY(packet->ts_ns >= source->latest_ns)) /* stays behind them all */
        source->latest_ns = packet->ts_ns;
    else
        sort_in(source, source->head + source->n_slots);
    source->n_slots++;
}

/* What an archive from a pipe holds behind its first capture is not read, and not concealed. */
static void look_behind(MpsTrace *self, Source *source)
{
    MpsPacked *reader = source->archive->idle;

    while (mps_packed_next(reader, NULL)) {
        g_autoptr(MpsCapture) other = mps_capture_open_packed(reader, "", NULL);

        if (!other)
            continue;
        set_status(self, source, MPS_FILE_CUT);
        mps_throw(&source->error, MPS_ERROR_READ,
                  "%s: only the first capture of an archive is read from a pipe", source->name);
        return;
    }
}

/* Reads ahead until the window is full or the file at its end. */
static void fill(MpsTrace *self, Source *source)
{
    while (source->capture && source->n_slots < WINDOW_PACKETS && source->n_bytes < WINDOW_BYTES) {
        Slot *slot = &source->window[(source->head + source->n_slots) % WINDOW_PACKETS];
        const MpsReadResult result =
            mps_capture_next(source->capture, &slot->packet, &source->error);

        if (result == MPS_READ_PACKET) {
            take_in(self, source, slot);
            continue;
        }
        if (result == MPS_READ_FAILED)
            set_status(self, source, MPS_FILE_CUT);
        close_source(source);
        if (source->live && source->archive && !source->error)
            look_behind(self, source);
    }
    if (source->n_slots > 0)
        source->next_ns = source->window[source->head % WINDOW_PACKETS].packet.ts_ns;
}

static void drop_window(MpsTrace *self, Source *source)
{
    for (; source->n_slots > 0; source->n_slots--)
        mps_trace_give_back(self, source->window[source->head++ % WINDOW_PACKETS].buffer);
    source->n_bytes = 0;
    g_clear_pointer(&source->window, g_free);
}

static void begin_window(MpsTrace *self, Source *source)
{
    source->window = g_new(Slot, WINDOW_PACKETS);
    source->latest_ns = source->delivered_ns = INT64_MIN;
    fill(self, source);
}

/* A reader of the archive that stands at @member; NULL, and the reason if one is known. */
static MpsPacked *find_member(const MpsTrace *self, Archive *archive, unsigned member,
                              GError **error)
{
    g_autoptr(MpsPacked) reader = g_steal_pointer(&archive->idle);

    if (!reader || !mps_packed_can_reach(reader, member)) {
        g_clear_pointer(&reader, mps_packed_unref);
        mps_capture_free(mps_capture_open(archive->path, self->stop_fd, &reader, error));
    }
    while (reader && mps_packed_member(reader) < member)
        if (!mps_packed_next(reader, error))
            return NULL;
    return g_steal_pointer(&reader);
}

/* Opens a parked file and fills its window. */
static void open_again(MpsTrace *self, Source *source)
{
    source->parked = false;
    if (source->archive) {
        source->reader = find_member(self, source->archive, source->member, &source->error);
        if (source->reader)
            source->capture = mps_capture_open_packed(source->reader, source->name, &source->error);
    } else {
        MpsPacked *archive = NULL;

        source->capture = mps_capture_open(source->path, self->stop_fd, &archive, &source->error);
        mps_packed_unref(archive);
    }
    if (source->capture) {
        begin_window(self, source);
        return;
    }
    set_status(self, source, MPS_FILE_UNREADABLE);
    if (!source->error) /* another file by now, or so damaged that nothing in it is found twice */
        mps_throw(&source->error, MPS_ERROR_READ, "%s: not found when it was to be read again",
                  source->name);
}

/* Forgets what was read; open_again() begins the file anew. */
static void park(MpsTrace *self, Source *source)
{
    close_source(source);
    drop_window(self, source);
    g_clear_error(&source->error);
    set_status(self, source, MPS_FILE_OK);
    g_clear_pointer(&source->notes, mps_notes_unref);
    source->info.notes = NULL;
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

static Source *new_source(MpsTrace *self, const char *path, unsigned argument)
{
    Source *source = g_new0(Source, 1);

    source->path = g_strdup(path);
    source->name = g_strdup(path);
    source->argument = argument;
    source->next_ns = INT64_MAX;
    source->info.link_type = -1;
    source->info.dropped = -1;
    g_ptr_array_add(self->sources, source);
    return source;
}

/* Takes the source in whose capture was opened, or was not. */
static void settle(MpsTrace *self, Source *source, bool can_park)
{
    if (!source->capture) {
        g_clear_pointer(&source->reader, mps_packed_unref);
        set_status(self, source, MPS_FILE_UNREADABLE);
        return;
    }
    source->live = mps_capture_is_live(source->capture);
    self->live = self->live || source->live;
    begin_window(self, source);
    if (source->n_slots == 0) /* nothing but a header */
        drop_window(self, source);
    else if (can_park && !source->live)
        park(self, source);
}

/* Whether a file that was found, not named, is none of our business. */
static bool is_alien(const char *name, const GError *error)
{
    return g_error_matches(error, MPS_ERROR, MPS_ERROR_FORMAT) &&
           !mps_inputs_is_named_capture(name);
}

/* Adds the member at which @reader stands. */
static void add_member(MpsTrace *self, Archive *archive, MpsPacked *reader, unsigned argument)
{
    g_autofree char *printable = mps_format_printable(mps_packed_name(reader));
    g_autofree char *name = g_strconcat(archive->path, "/", printable, NULL);
    g_autoptr(GError) error = NULL;
    MpsCapture *capture = mps_capture_open_packed(reader, name, &error);

    if (!capture && is_alien(name, error)) {
        self->n_left_out++;
        return;
    }

    Source *source = new_source(self, archive->path, argument);

    g_free(source->name);
    source->name = g_steal_pointer(&name);
    source->archive = archive;
    source->member = mps_packed_member(reader);
    source->reader = mps_packed_ref(reader);
    source->capture = capture;
    source->error = g_steal_pointer(&error);
    settle(self, source, true);
}

static void add_failure(MpsTrace *self, const char *path, unsigned argument, GError *error)
{
    Source *source = new_source(self, path, argument);

    source->error = error;
    set_status(self, source, MPS_FILE_UNREADABLE);
}

/* Looks into all members to learn their time.  One from a pipe is there once only: what is read
 * first is read to its end. */
static void add_archive(MpsTrace *self, const char *path, unsigned argument, MpsPacked *reader)
{
    const guint n_before = self->sources->len;
    Archive *archive = g_new0(Archive, 1);
    GError *error = NULL;
    bool more;

    archive->path = g_strdup(path);
    g_ptr_array_add(self->archives, archive);
    do {
        add_member(self, archive, reader, argument);
        if (self->live && self->sources->len > n_before)
            return;
        more = mps_packed_next(reader, &error);
    } while (more);
    if (!error && self->sources->len == n_before)
        mps_throw(&error, MPS_ERROR_FORMAT, "%s: no capture in it", path);
    if (error)
        add_failure(self, path, argument, error);
}

static void add_input(MpsTrace *self, const MpsInput *input)
{
    g_autoptr(MpsPacked) archive = NULL;
    g_autoptr(GError) error = NULL;
    MpsCapture *capture = mps_capture_open(input->path, self->stop_fd, &archive, &error);

    if (archive) {
        add_archive(self, input->path, input->argument, archive);
        return;
    }
    if (!capture && input->found && is_alien(input->path, error)) {
        self->n_left_out++;
        return;
    }

    Source *source = new_source(self, input->path, input->argument);

    source->capture = capture;
    source->error = g_steal_pointer(&error);
    settle(self, source,
           self->n_inputs > FILES_OPEN_MAX ||
               (capture && mps_capture_is_packed(capture) && self->n_inputs > PACKED_OPEN_MAX));
}

/* Those of one argument by their time: names of rotated files do not always sort that way. */
static int by_time(gconstpointer a, gconstpointer b)
{
    const Source *one = *(Source *const *)a, *two = *(Source *const *)b;

    if (one->argument != two->argument)
        return one->argument < two->argument ? -1 : 1;
    return one->next_ns < two->next_ns ? -1 : one->next_ns > two->next_ns;
}

/* A directory without captures is told of like a file that is none. */
static void add_inputs(MpsTrace *self, const char *const *paths, GArray *inputs)
{
    for (guint i = 0; i < inputs->len; i++) {
        const MpsInput *input = &g_array_index(inputs, MpsInput, i);
        const bool last = i + 1 == inputs->len || input->argument != (input + 1)->argument;

        add_input(self, input);
        if (last &&
            (self->sources->len == 0 ||
             ((Source *)g_ptr_array_index(self->sources, self->sources->len - 1))->argument !=
                 input->argument)) {
            GError *error = NULL;
            const char *path = paths[input->argument - 1];

            mps_throw(&error, MPS_ERROR_FORMAT, "%s: no capture in it", path);
            add_failure(self, path, input->argument, error);
        }
    }
}

static void order_heap(MpsTrace *self)
{
    for (size_t i = self->n_heap / 2; i-- > 0;)
        sift_down(self, i);
}

/* Gives the files their numbers and their place in the heap.  Returns whether any can be read. */
static bool build_heap(MpsTrace *self)
{
    bool any = false;

    g_ptr_array_sort(self->sources, by_time);
    self->heap = g_new0(Source *, self->sources->len);
    for (guint i = 0; i < self->sources->len; i++) {
        Source *source = g_ptr_array_index(self->sources, i);

        source->capture_id = i + 1;
        any = any || source->info.status != MPS_FILE_UNREADABLE;
        if (source->parked || source->n_slots > 0)
            self->heap[self->n_heap++] = source;
    }
    order_heap(self);
    return any;
}

static void free_source(gpointer user)
{
    Source *source = user;

    mps_capture_free(source->capture);
    mps_notes_unref(source->notes);
    mps_packed_unref(source->reader);
    g_clear_error(&source->error);
    g_free(source->path);
    g_free(source->name);
    g_free(source);
}

static void free_archive(gpointer user)
{
    Archive *archive = user;

    mps_packed_unref(archive->idle);
    g_free(archive->path);
    g_free(archive);
}

MpsTrace *mps_trace_open(const char *const *paths, int stop_fd, GError **error)
{
    g_autoptr(MpsTrace) self = g_new0(MpsTrace, 1);
    g_autoptr(GArray) inputs = mps_inputs_find(paths);

    self->stop_fd = stop_fd;
    self->n_inputs = inputs->len;
    self->sources = g_ptr_array_new_with_free_func(free_source);
    self->archives = g_ptr_array_new_with_free_func(free_archive);
    self->ended = g_array_new(FALSE, FALSE, sizeof(guint));
    self->latest_ns = INT64_MIN;
    if (inputs->len == 0)
        return mps_throw_null(error, MPS_ERROR_USAGE, "no capture given");
    add_inputs(self, paths, inputs);
    if (!build_heap(self)) {
        Source *first = g_ptr_array_index(self->sources, 0);

        g_propagate_error(error, g_steal_pointer(&first->error));
        return NULL;
    }
    return g_steal_pointer(&self);
}

/* Brings the heap's first up to date: reads on, opens it if it is parked, takes it out if done. */
static void refresh_first(MpsTrace *self)
{
    Source *source = self->heap[0];

    if (source->parked)
        open_again(self, source);
    else
        fill(self, source);
    if (source->n_slots == 0) {
        const guint index = source->capture_id - 1;

        drop_window(self, source);
        self->heap[0] = self->heap[--self->n_heap];
        self->n_begun -= source->info.n_packets > 0;
        g_array_append_val(self->ended, index);
    }
    if (self->n_heap > 1)
        sift_down(self, 0);
}

/* From one packet to the next, which may be far apart in a hostile file. */
static int64_t pause_of(int64_t before_ns, int64_t ns)
{
    int64_t pause_ns;

    return __builtin_sub_overflow(ns, before_ns, &pause_ns) ? 0 : MAX(0, pause_ns);
}

/* For how long nothing was captured before @ts_ns, the first stamp of a file: all files begun so
 * far were at their end.  What goes on in a file that is being read was captured, if silence. */
static int64_t hole_before(const MpsTrace *self, int64_t ts_ns)
{
    const int64_t hole_ns =
        self->n_begun > 0 || self->latest_ns == INT64_MIN ? 0 : pause_of(self->latest_ns, ts_ns);

    return hole_ns > HOLE_MIN_NS ? hole_ns : 0;
}

static void note_delivered(Source *source, int64_t ts_ns)
{
    MpsFileInfo *info = &source->info;

    if (info->n_packets++ == 0) {
        info->first_ns = info->last_ns = ts_ns;
    } else {
        info->longest_pause_ns = MAX(info->longest_pause_ns, pause_of(source->delivered_ns, ts_ns));
        info->first_ns = MIN(info->first_ns, ts_ns);
        info->last_ns = MAX(info->last_ns, ts_ns);
    }
    source->delivered_ns = ts_ns;
}

MpsReadResult mps_trace_next(MpsTrace *self, MpsPacket *out)
{
    mps_trace_give_back(self, mps_trace_keep(self));
    while (self->n_heap > 0 && (self->heap_stale || self->heap[0]->parked)) {
        refresh_first(self);
        self->heap_stale = false;
    }
    if (self->n_heap == 0)
        return MPS_READ_END;

    Source *source = self->heap[0];
    const Slot *slot = &source->window[source->head % WINDOW_PACKETS];

    *out = slot->packet;
    out->capture_id = source->capture_id;
    self->held = slot->buffer;
    source->head++;
    source->n_slots--;
    source->n_bytes -= out->captured_bytes;
    out->hole_ns = 0;
    if (source->info.n_packets == 0) {
        out->hole_ns = hole_before(self, out->ts_ns);
        self->n_begun++;
    }
    self->latest_ns = MAX(self->latest_ns, out->ts_ns);
    note_delivered(source, out->ts_ns);
    self->heap_stale = true;
    return MPS_READ_PACKET;
}

MpsKept mps_trace_keep(MpsTrace *self)
{
    const MpsKept kept = self->held;

    self->held = (MpsKept){0};
    return kept;
}

size_t mps_trace_n_files(const MpsTrace *self)
{
    return self->sources->len;
}

bool mps_trace_is_live(const MpsTrace *self)
{
    return self->live;
}

size_t mps_trace_n_damaged(const MpsTrace *self)
{
    return self->n_damaged;
}

size_t mps_trace_n_left_out(const MpsTrace *self)
{
    return self->n_left_out;
}

MpsFileInfo mps_trace_file(const MpsTrace *self, size_t index)
{
    const Source *source = g_ptr_array_index(self->sources, index);
    MpsFileInfo info = source->info;

    if (source->capture)
        describe(source->capture, &info);
    info.path = source->name;
    info.file = source->path;
    info.argument = source->argument;
    info.error = source->error ? source->error->message : NULL;
    return info;
}

size_t mps_trace_n_ended(const MpsTrace *self)
{
    return self->ended->len;
}

size_t mps_trace_ended(const MpsTrace *self, size_t i)
{
    return g_array_index(self->ended, guint, i);
}

void mps_trace_pass_over(MpsTrace *self, size_t index, const MpsFileInfo *info)
{
    Source *source = g_ptr_array_index(self->sources, index);

    for (size_t i = 0; i < self->n_heap; i++)
        if (self->heap[i] == source)
            self->heap[i--] = self->heap[--self->n_heap];
    order_heap(self);
    close_source(source);
    drop_window(self, source);
    g_clear_error(&source->error);
    set_status(self, source, info->status);
    source->info = *info;
    if (info->n_packets > 0)
        self->latest_ns = MAX(self->latest_ns, info->last_ns);
    if (info->error)
        mps_throw(&source->error, MPS_ERROR_READ, "%s", info->error);
}

void mps_trace_progress(const MpsTrace *self, uint64_t *bytes_read, uint64_t *bytes_total)
{
    bool all_known = true;

    *bytes_read = 0;
    *bytes_total = 0;
    for (size_t i = 0; i < self->sources->len; i++) {
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
    g_free(self->held.bytes);
    for (guint i = 0; i < self->sources->len; i++)
        drop_window(self, g_ptr_array_index(self->sources, i));
    for (size_t bucket = 0; bucket <= BUCKET_KEPT_MAX; bucket++)
        while (self->free_buffers[bucket]) {
            FreeBuffer *next = self->free_buffers[bucket]->next;

            g_free(self->free_buffers[bucket]);
            self->free_buffers[bucket] = next;
        }
    g_ptr_array_unref(self->sources);
    g_ptr_array_unref(self->archives);
    g_array_unref(self->ended);
    g_free(self->heap);
    g_free(self);
}
