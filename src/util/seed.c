/* seed.c - from the kernel, once. */
#include "util/seed.h"

#include <sys/random.h>

#include <glib.h>

#include "util/mix.h"

static gpointer draw(gpointer data G_GNUC_UNUSED)
{
    static uint64_t seed;

    /* Only an old kernel that has just booted refuses. */
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = (uint64_t)g_random_int() << 32 | g_random_int();
    return &seed;
}

uint64_t mps_seed(void)
{
    static GOnce once = G_ONCE_INIT;

    return *(const uint64_t *)g_once(&once, draw, NULL);
}

unsigned mps_seeded_hash(const void *number)
{
    return (unsigned)mps_mix(mps_seed(), (uintptr_t)number);
}
