/* damage.c - see damage.h. */
#include "pipeline/damage.h"

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
