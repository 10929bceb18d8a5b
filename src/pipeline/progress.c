/* progress.c - one line on stderr, wiped at the end. */
#include "pipeline/progress.h"

#include <glib.h>

static const int64_t INTERVAL_US = 100 * 1000;

void mps_progress_show(MpsProgress *self, uint64_t n_packets, uint64_t bytes_read,
                       uint64_t bytes_total)
{
    if (!self->on)
        return;

    const int64_t now_us = g_get_monotonic_time();

    if (self->begin_us == 0)
        self->begin_us = self->last_us = now_us;
    if (now_us - self->last_us < INTERVAL_US)
        return;
    self->last_us = now_us;
    self->shown = true;

    const double elapsed_s = (double)(now_us - self->begin_us) / 1e6;
    const double rate = (double)bytes_read / elapsed_s;

    g_printerr("\r\033[K%.1f MB", (double)bytes_read / 1e6);
    if (bytes_total > 0)
        g_printerr(" of %.1f MB (%.0f %%)", (double)bytes_total / 1e6,
                   100 * (double)bytes_read / (double)bytes_total);
    g_printerr(", %.1f M packets, %.0f MB/s", (double)n_packets / 1e6, rate / 1e6);
    if (bytes_total > bytes_read && rate > 0)
        g_printerr(", %.0f s left", (double)(bytes_total - bytes_read) / rate);
}

void mps_progress_end(MpsProgress *self)
{
    if (self->shown)
        g_printerr("\r\033[K");
    self->shown = false;
}
