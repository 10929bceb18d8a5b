/* packets.c - capture, decode, model; then the packet goes on with the events it caused. */
#include "pipeline/packets.h"

#include <unistd.h>

#include "capture/filter.h"
#include "capture/trace.h"
#include "decode/decode.h"
#include "model/model.h"
#include "pipeline/damage.h"
#include "pipeline/filtering.h"
#include "pipeline/fragments.h"
#include "pipeline/interrupt.h"
#include "pipeline/memory.h"
#include "pipeline/progress.h"

/* Packets between two looks at the progress bar. */
enum { STRIDE = 4096 };

/* Events caused by the packet at hand. */
typedef struct {
    GArray *events; /* MpsEvent */
} Collected;

static void collect(void *user, const MpsEvent *event)
{
    Collected *collected = user;

    g_array_append_vals(collected->events, event, 1);
}

/* Its entities are about to be freed: what was said of them cannot be passed on. */
static void closed(void *user, MpsConnection *connection)
{
    Collected *collected = user;

    for (guint i = collected->events->len; i-- > 0;)
        if (g_array_index(collected->events, MpsEvent, i).connection == connection)
            g_array_remove_index(collected->events, i);
}

/* Leaves only events of @connection. */
static void keep_own(Collected *collected, const MpsConnection *connection)
{
    for (guint i = collected->events->len; i-- > 0;)
        if (g_array_index(collected->events, MpsEvent, i).connection != connection)
            g_array_remove_index(collected->events, i);
}

/* Decodes @packet; a later fragment becomes a segment, one with a wrong checksum is malformed. */
static MpsDecoded decode(MpsFragments *fragments, const MpsPacket *packet, bool verify,
                         MpsSegment *segment)
{
    const MpsDecoded decoded =
        verify ? mps_decode_verified(packet, segment) : mps_decode_packet(packet, segment);

    if (segment->damage & MPS_DAMAGED_CHECKSUM)
        return MPS_DECODED_MALFORMED;
    if (decoded == MPS_DECODED_TCP && segment->fragment.more)
        mps_fragments_first(fragments, segment);
    if (decoded == MPS_DECODED_FRAGMENT && mps_fragments_later(fragments, segment))
        return MPS_DECODED_TCP;
    return decoded;
}

/* Shows @packet, decoded, to the model, and describes both in @told. */
static void look(MpsModel *model, const MpsPacket *packet, const MpsOptionNames *names,
                 Collected *collected, MpsSegment *segment, MpsIcmpError *icmp, MpsTold *told)
{
    g_array_set_size(collected->events, 0);
    if (told->decoded == MPS_DECODED_TCP) {
        told->segment = segment;
        mps_option_names_apply(names, segment);
        told->seen = mps_model_segment(model, segment);
        told->placed = mps_model_placed(model, segment);
        keep_own(collected, told->placed.connection);
    } else if (told->decoded == MPS_DECODED_ICMP && mps_decode_icmp_error(packet, icmp)) {
        told->icmp = icmp;
        mps_model_icmp(model, icmp);
        if (collected->events->len > 0) {
            const MpsEvent *event = &g_array_index(collected->events, MpsEvent, 0);

            told->placed.connection = event->connection;
            told->placed.subflow = event->subflow;
        }
    }
    told->events = (const MpsEvent *)(void *)collected->events->data;
    told->n_events = collected->events->len;
}

/* A packet that the run shall not see is skipped. */
static bool filter_packet(MpsFilter *filter, const MpsPacket *packet, bool *passed, GError **error)
{
    *passed = true;
    return !filter || mps_filter_packet(filter, packet, passed, error);
}

/* What a run works with. */
typedef struct {
    MpsTrace *trace;
    MpsModel *model;
    MpsFilter *seen, *shown; /* or NULL */
    Collected *collected;
    MpsProgress *progress;
} Work;

static bool read_all(const MpsPacketRun *run, const Work *work, MpsPacketFunc take, void *user,
                     GError **error)
{
    MpsTrace *trace = work->trace;
    MpsMemory memory = mps_memory_begin(run->limits.memory_bytes);
    MpsPacket packet;
    MpsSegment segment;
    MpsIcmpError icmp;
    g_autoptr(MpsFragments) fragments = mps_fragments_new();
    bool seen;

    for (uint64_t n = 1; mps_trace_next(trace, &packet) == MPS_READ_PACKET; n++) {
        MpsTold told = {.ts_ns = packet.ts_ns,
                        .packet = packet.number,
                        .capture_id = packet.capture_id,
                        .placed = {.sender = MPS_NOBODY}};

        if (!filter_packet(work->seen, &packet, &seen, error) ||
            !filter_packet(work->shown, &packet, &told.passed, error))
            return false;
        mps_memory_keep(&memory, n, work->model);
        if (seen) {
            told.decoded = decode(fragments, &packet, run->verify_checksums, &segment);
            look(work->model, &packet, run->option_names, work->collected, &segment, &icmp, &told);
            if (!take(user, &told))
                return true;
        }
        if (mps_interrupted(mps_trace_is_live(trace)))
            break;
        if (run->strict && mps_trace_n_damaged(trace) > 0)
            break;
        if (n % STRIDE == 0) {
            uint64_t bytes_read, bytes_total;

            mps_trace_progress(trace, &bytes_read, &bytes_total);
            mps_progress_show(work->progress, n, bytes_read, bytes_total);
        }
    }
    if (mps_interrupted(mps_trace_is_live(trace)))
        return mps_throw(error, MPS_ERROR_INTERRUPTED, "interrupted");
    return !run->strict || mps_damage_check(trace, error);
}

static bool show_packets(const MpsPacketRun *run, MpsPacketFunc take, void *user, bool *damaged,
                         GError **error)
{
    g_autoptr(MpsTrace) trace = mps_trace_open(run->paths, mps_interrupt_fd(), error);

    if (!trace)
        return false;

    g_autoptr(MpsFilter) seen = NULL, shown = NULL;

    if (run->filter && !(seen = mps_filtering_new(run->filter, trace, error)))
        return false;
    if (run->show && !(shown = mps_filtering_new(run->show, trace, error)))
        return false;

    g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(MpsEvent));
    Collected collected = {events};
    const MpsModelHooks hooks = {
        .wants = MPS_WANTS(MPS_EV_SEGMENT) | MPS_WANTS(MPS_EV_DATA) | MPS_WANTS(MPS_EV_SIGNAL),
        .timeouts = run->limits.timeouts,
        .emit = collect,
        .closed = closed,
        .user = &collected,
    };
    g_autoptr(MpsModel) model = mps_model_new(&hooks);
    MpsProgress progress = {.on = run->progress && isatty(STDERR_FILENO)};
    const Work work = {trace, model, seen, shown, &collected, &progress};
    const bool done = read_all(run, &work, take, user, error);

    mps_progress_end(&progress);
    if (done)
        *damaged = mps_damage_report(trace, "shown");
    return done;
}

bool mps_pipeline_packets(const MpsPacketRun *run, MpsPacketFunc take, void *user, bool *damaged,
                          GError **error)
{
    bool done;

    mps_interrupt_begin();
    done = show_packets(run, take, user, damaged, error);
    mps_interrupt_end();
    return done;
}
