/* memory.c - asks the allocator, seldom: the less room is left, the sooner again. */
#include "pipeline/memory.h"

#include <malloc.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib.h>

/* What one packet takes at the most, when it begins a connection. */
enum { BYTES_PER_PACKET = 32 * 1024 };
/* Packets between two looks. */
enum { LEAST_PACKETS = 64, MOST_PACKETS = 1 << 16 };
/* Connections closed between two looks. */
enum { AT_A_TIME = 32 };
/* The program itself, and its libraries. */
static const uint64_t PROGRAM_BYTES = UINT64_C(12) << 20;

/* The number in the first line of @path that begins with @label; UINT64_MAX: none there. */
static uint64_t read_number(const char *path, const char *label)
{
    g_autofree char *text = NULL;
    const char *at = NULL;

    if (g_file_get_contents(path, &text, NULL, NULL))
        at = g_str_has_prefix(text, label) ? text : strstr(text, label);
    if (!at)
        return UINT64_MAX;
    at += strlen(label);
    while (*at == ' ')
        at++;
    return g_ascii_isdigit(*at) ? g_ascii_strtoull(at, NULL, 10) : UINT64_MAX;
}

static uint64_t available_bytes(void)
{
    const uint64_t free_kb = read_number("/proc/meminfo", "MemAvailable:");
    const uint64_t in_group = read_number("/sys/fs/cgroup/memory.max", "");
    uint64_t bytes = MIN(free_kb == UINT64_MAX ? UINT64_MAX : free_kb * 1024, in_group);
    struct rlimit address_space;

    if (getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
        const uint64_t pages = read_number("/proc/self/statm", "");
        const uint64_t taken = pages == UINT64_MAX ? 0 : pages * (uint64_t)sysconf(_SC_PAGESIZE);

        bytes = MIN(bytes, address_space.rlim_cur > taken ? address_space.rlim_cur - taken : 0);
    }
    return bytes;
}

MpsMemory mps_memory_begin(const MpsLimits *limits)
{
    const uint64_t limit = (limits->memory_bytes ? limits->memory_bytes : available_bytes() / 2) /
                           MAX(limits->n_shares, 1);
    const uint64_t heap = limit > PROGRAM_BYTES ? limit - PROGRAM_BYTES : 0;

    return (MpsMemory){.most_bytes = heap - heap / 6}; /* the rest lies between what is in use */
}

static uint64_t allocated_bytes(void)
{
    const struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

void mps_memory_keep(MpsMemory *self, uint64_t n, MpsModel *model)
{
    uint64_t bytes;

    if (n < self->next)
        return;
    bytes = allocated_bytes();
    while (bytes > self->most_bytes) {
        int closed = 0;

        while (closed < AT_A_TIME && mps_model_evict(model))
            closed++;
        if (closed == 0) {
            self->next = n + MOST_PACKETS; /* it is not the connections */
            return;
        }
        bytes = allocated_bytes();
    }
    self->next =
        n + CLAMP((self->most_bytes - bytes) / BYTES_PER_PACKET, LEAST_PACKETS, MOST_PACKETS);
}
