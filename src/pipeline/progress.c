/* progress.c - a line on stderr, wiped at the end, or lines that stay. */
#include "pipeline/progress.h"

#include <unistd.h>

#include <glib.h>

#include "util/format.h"

static const int64_t BAR_US = 100 * 1000, LINE_US = 10 * 1000 * 1000;
static const double NS_PER_S = 1e9, MOST_LEFT_S = 1e9;

MpsProgress mps_progress_begin(bool wanted, const MpsLimits *limits)
{
    const bool on_terminal = isatty(STDERR_FILENO);
    const int64_t now_us = g_get_monotonic_time();

    return (MpsProgress){
        .bar = on_terminal && (wanted || limits->progress),
        .lines = !on_terminal && limits->progress,
        .begin_us = now_us,
        .last_us = now_us,
    };
}

void mps_progress_show(MpsProgress *self, uint64_t n_packets, uint64_t bytes_read,
                       uint64_t bytes_total)
{
    if (!self->bar && !self->lines)
        return;

    const int64_t now_us = g_get_monotonic_time();

    if (now_us - self->last_us < (self->bar ? BAR_US : LINE_US))
        return;
    self->last_us = now_us;
    self->shown = true;

    const double elapsed_s = (double)(now_us - self->begin_us) / 1e6;
    const double rate = (double)bytes_read / elapsed_s;

    g_printerr(self->bar ? "\r\033[K%.1f MB" : "mptcpscope: %.1f MB", (double)bytes_read / 1e6);
    if (bytes_total > 0)
        g_printerr(" of %.1f MB (%.0f %%)", (double)bytes_total / 1e6,
                   100 * (double)bytes_read / (double)bytes_total);
    g_printerr(", %.1f M packets, %.0f MB/s, %.2f M packets/s", (double)n_packets / 1e6, rate / 1e6,
               (double)n_packets / 1e6 / elapsed_s);
    if (bytes_total > bytes_read && rate > 0) {
        const double left_s = MIN((double)(bytes_total - bytes_read) / rate, MOST_LEFT_S);

        g_printerr(", %s left", mps_format_duration((int64_t)(left_s * NS_PER_S)).text);
    }
    if (self->lines)
        g_printerr("\n");
}

void mps_progress_end(MpsProgress *self)
{
    if (self->shown && self->bar)
        g_printerr("\r\033[K");
    self->shown = false;
}
