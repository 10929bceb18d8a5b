/* packets.c - capture, decode, model; then the packet goes on with the events it caused. */
#include "pipeline/packets.h"

#include <unistd.h>

#include "capture/filter.h"
#include "capture/trace.h"
#include "decode/decode.h"
#include "model/model.h"
#include "pipeline/damage.h"
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

/* Decodes @packet, shows it to the model, and describes both in @told. */
static void look(MpsModel *model, const MpsPacket *packet, const MpsOptionNames *names,
                 Collected *collected, MpsSegment *segment, MpsIcmpError *icmp, MpsTold *told)
{
    g_array_set_size(collected->events, 0);
    told->decoded = mps_decode_packet(packet, segment);
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

/* A wrong filter is found before anything is printed, as far as the link types are known. */
static bool prepare(MpsFilter *filter, const MpsTrace *trace, GError **error)
{
    bool any = false;

    for (size_t i = 0; i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo file = mps_trace_file(trace, i);

        if (file.link_type < 0)
            continue;
        any = true;
        if (!mps_filter_prepare(filter, file.link_type, error))
            return false;
    }
    return any || mps_filter_prepare(filter, 1, error); /* Ethernet */
}

static bool read_all(MpsTrace *trace, MpsModel *model, const MpsPacketRun *run, MpsFilter *filter,
                     Collected *collected, MpsProgress *progress, MpsPacketFunc take, void *user,
                     GError **error)
{
    MpsMemory memory = mps_memory_begin(run->limits.memory_bytes);
    MpsPacket packet;
    MpsSegment segment;
    MpsIcmpError icmp;

    for (uint64_t n = 1; mps_trace_next(trace, &packet) == MPS_READ_PACKET; n++) {
        MpsTold told = {.ts_ns = packet.ts_ns,
                        .packet = packet.number,
                        .capture_id = packet.capture_id,
                        .passed = true,
                        .placed = {.sender = MPS_NOBODY}};

        if (filter && !mps_filter_packet(filter, &packet, &told.passed, error))
            return false;
        mps_memory_keep(&memory, n, model);
        look(model, &packet, run->option_names, collected, &segment, &icmp, &told);
        if (!take(user, &told))
            return true;
        if (mps_interrupted())
            return mps_throw(error, MPS_ERROR_READ, "interrupted");
        if (n % STRIDE == 0) {
            uint64_t bytes_read, bytes_total;

            mps_trace_progress(trace, &bytes_read, &bytes_total);
            mps_progress_show(progress, n, bytes_read, bytes_total);
        }
    }
    return true;
}

bool mps_pipeline_packets(const MpsPacketRun *run, MpsPacketFunc take, void *user, bool *damaged,
                          GError **error)
{
    g_autoptr(MpsTrace) trace = mps_trace_open(run->paths, error);
    g_autoptr(MpsFilter) filter = run->filter ? mps_filter_new(run->filter) : NULL;

    if (!trace || (filter && !prepare(filter, trace, error)))
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
    bool done;

    mps_interrupt_begin();
    done = read_all(trace, model, run, filter, &collected, &progress, take, user, error);
    mps_interrupt_end();
    mps_progress_end(&progress);
    if (done)
        *damaged = mps_damage_report(trace, "shown");
    return done;
}
