/* packets.c - capture, decode, model; then the packet goes on with the events it caused. */
#include "pipeline/packets.h"

#include "capture/filter.h"
#include "capture/trace.h"
#include "decode/decode.h"
#include "model/model.h"
#include "pipeline/damage.h"
#include "pipeline/filtering.h"
#include "pipeline/intake.h"
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

/* What was taken, in words of a packet alone: a later fragment is a segment, one with a wrong
 * checksum malformed. */
static MpsDecoded decoded_as(const MpsTaken *taken)
{
    if (taken->segment.damage & MPS_DAMAGED_CHECKSUM)
        return MPS_DECODED_MALFORMED;
    return taken->follows ? MPS_DECODED_TCP : taken->decoded;
}

/* Shows @taken to the model, and describes both in @told. */
static void look(MpsModel *model, const MpsTaken *taken, Collected *collected, MpsIcmpError *icmp,
                 MpsTold *told)
{
    g_array_set_size(collected->events, 0);
    told->decoded = decoded_as(taken);
    if (told->decoded == MPS_DECODED_TCP) {
        told->segment = &taken->segment;
        told->seen = mps_model_segment(model, &taken->segment);
        told->placed = mps_model_placed(model, &taken->segment);
        keep_own(collected, told->placed.connection);
    } else if (told->decoded == MPS_DECODED_ICMP && mps_decode_icmp_error(&taken->packet, icmp)) {
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

/* What a run works with. */
typedef struct {
    MpsTrace *trace;
    MpsIntake *intake;
    MpsModel *model;
    MpsFilter *shown; /* or NULL */
    Collected *collected;
    MpsProgress *progress;
} Work;

static bool read_all(const MpsPacketRun *run, const Work *work, bool live, MpsPacketFunc take,
                     void *user, GError **error)
{
    MpsMemory memory = mps_memory_begin(&run->limits);
    const MpsTaken *taken;
    MpsIcmpError icmp;

    for (uint64_t n = 1; (taken = mps_intake_next(work->intake, error)); n++) {
        MpsTold told = {.ts_ns = taken->packet.ts_ns,
                        .packet = taken->packet.number,
                        .capture_id = taken->packet.capture_id,
                        .passed = true,
                        .placed = {.sender = MPS_NOBODY}};

        if (work->shown && !mps_filter_packet(work->shown, &taken->packet, &told.passed, error))
            return false;
        mps_memory_keep(&memory, n, work->model);
        if (taken->packet.hole_ns)
            mps_model_hole(work->model, taken->packet.ts_ns, taken->packet.hole_ns);
        if (taken->passed) {
            look(work->model, taken, work->collected, &icmp, &told);
            if (!take(user, &told))
                return true;
        }
        if (mps_interrupted(live))
            break;
        if (n % STRIDE == 0) {
            uint64_t bytes_read, bytes_total;

            mps_intake_progress(work->intake, &bytes_read, &bytes_total);
            mps_progress_show(work->progress, n, bytes_read, bytes_total);
        }
    }
    if (*error)
        return false;
    if (mps_interrupted(live))
        return mps_throw(error, MPS_ERROR_INTERRUPTED, "interrupted");
    return !run->strict || mps_damage_check(work->trace, error);
}

/* *live says whether a pipe is read. */
static bool show_packets(const MpsPacketRun *run, MpsPacketFunc take, void *user, bool *damaged,
                         bool *live, GError **error)
{
    g_autoptr(MpsTrace) trace = mps_trace_open(run->paths, mps_interrupt_fd(), error);

    if (!trace)
        return false;
    *live = mps_trace_is_live(trace);

    const MpsIntakeOptions options = {
        .filter = run->filter,
        .names = run->option_names,
        .verify = run->verify_checksums,
        .strict = run->strict,
        .span = run->limits.span,
    };
    g_autoptr(MpsIntake) intake = mps_intake_new(trace, &options, error);
    g_autoptr(MpsFilter) shown = NULL;

    if (!intake)
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
    MpsProgress progress = mps_progress_begin(run->progress, &run->limits);
    const Work work = {trace, intake, model, shown, &collected, &progress};
    const bool done = read_all(run, &work, *live, take, user, error);

    mps_progress_end(&progress);
    if (done)
        *damaged = mps_damage_report(trace, "shown");
    return done;
}

bool mps_pipeline_packets(const MpsPacketRun *run, MpsPacketFunc take, void *user, bool *damaged,
                          GError **error)
{
    bool live = false, done;

    mps_interrupt_begin();
    done = show_packets(run, take, user, damaged, &live, error);
    mps_interrupt_end(done, live);
    return done;
}
