/* damage.c - see damage.h. */
#include "pipeline/damage.h"

/* A capture may well be silent for a night. */
static const int64_t JUMP_NS = INT64_C(24) * 3600 * 1000 * 1000 * 1000;

bool mps_damage_report(const MpsTrace *trace, const char *done)
{
    bool damaged = false;

    for (size_t i = 0; i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo file = mps_trace_file(trace, i);

        if (file.status == MPS_FILE_OK)
            continue;
        damaged = true;
        if (file.status == MPS_FILE_CUT)
            g_printerr("mptcpscope: %s; the packets before it are %s\n", file.error, done);
        else
            g_printerr("mptcpscope: %s\n", file.error);
    }
    return damaged;
}

bool mps_damage_check(const MpsTrace *trace, GError **error)
{
    for (size_t i = 0; mps_trace_n_damaged(trace) > 0 && i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo file = mps_trace_file(trace, i);

        if (file.status != MPS_FILE_OK)
            return mps_throw(error, MPS_ERROR_READ, "%s", file.error);
    }
    return true;
}

void mps_damages_add(MpsDamages *self, uint64_t kinds, uint64_t packet)
{
    for (int kind = 0; kinds != 0; kind++, kinds >>= 1) {
        if (!(kinds & 1))
            continue;
        if (self->of[kind].packets++ == 0 || packet < self->of[kind].first_packet)
            self->of[kind].first_packet = packet;
    }
}

void mps_damages_order(MpsDamages *self, const MpsPacket *packet)
{
    if (self->any && packet->number < self->highest_packet)
        mps_damages_add(self, MPS_DAMAGED(BACKWARDS), packet->number);
    if (self->any && packet->ts_ns < self->latest_ns)
        mps_damages_add(self, MPS_DAMAGED(DISORDER), packet->number);
    /* As unsigned numbers: stamps of hostile files are any. */
    else if (self->any && (uint64_t)packet->ts_ns - (uint64_t)self->latest_ns > (uint64_t)JUMP_NS)
        mps_damages_add(self, MPS_DAMAGED(JUMP), packet->number);
    self->highest_packet = MAX(self->highest_packet, packet->number);
    self->latest_ns = self->any ? MAX(self->latest_ns, packet->ts_ns) : packet->ts_ns;
    self->any = true;
}

static const MpsColumn columns[] = {
    {"capture_id", MPS_INT, "which file", "capture(capture_id)"},
    {"kind", MPS_TEXT, "what is wrong with them, in a word"},
    {"packets", MPS_INT, "how many; a packet may count under several kinds"},
    {"first_packet", MPS_INT, "lowest number of one of them"},
    {"serious", MPS_INT, "1 if numbers may suffer from it; the summary tells of these"},
    {"meaning", MPS_TEXT, "the kind in words"},
    {0},
};

const MpsTable mps_damages_table = {
    .name = "damage",
    .help = "Packets that are not as they should be, per file and kind; no row: there are none.",
    .columns = columns,
    .primary_key = "capture_id, kind",
};

void mps_damages_write(const MpsDamages *self, int64_t capture_id, MpsRowSink *rows)
{
    static const struct {
        const char *word, *help;
        bool serious;
    } kinds[MPS_N_DAMAGES] = {
#define MPS_DAMAGE(NAME, word, serious, help) [MPS_DAMAGE_##NAME] = {word, help, serious},
#include <mptcpscope/damage.def>
#undef MPS_DAMAGE
    };

    for (int kind = 0; kind < MPS_N_DAMAGES; kind++)
        if (self->of[kind].packets > 0)
            rows->add(rows, &mps_damages_table,
                      (MpsValue[]){
                          mps_int(capture_id),
                          mps_text(kinds[kind].word),
                          mps_count(self->of[kind].packets),
                          mps_count(self->of[kind].first_packet),
                          mps_int(kinds[kind].serious),
                          mps_text(kinds[kind].help),
                      });
}
