/* filtering.c - see filtering.h. */
#include "pipeline/filtering.h"

enum { LINKTYPE_ETHERNET = 1 };

MpsFilter *mps_filtering_new(const char *expression, const MpsTrace *trace, GError **error)
{
    g_autoptr(MpsFilter) filter = mps_filter_new(expression);
    bool any = false;

    for (size_t i = 0; i < mps_trace_n_files(trace); i++) {
        const MpsFileInfo file = mps_trace_file(trace, i);

        if (file.link_type < 0)
            continue;
        any = true;
        if (!mps_filter_prepare(filter, file.link_type, error))
            return NULL;
    }
    if (!any && !mps_filter_prepare(filter, LINKTYPE_ETHERNET, error))
        return NULL;
    return g_steal_pointer(&filter);
}
