/* interrupt.c - a count and an event, set by signal handlers. */
#include "pipeline/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[G_N_ELEMENTS(signals)];
/* Handlers may run in several threads at a time. */
static _Atomic int n_wishes, latest;
static _Atomic int64_t wished_ns; /* when the latest wish came */
static int event = -1;

/* timeout(1) signals its child, then its process group, of which that is one. */
enum { ONE_WISH_NS = 100000000 };

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void note(int number)
{
    const int reason = errno;
    const int64_t at_ns = now_ns();

    if (n_wishes == 0 || (n_wishes == 1 && at_ns - wished_ns >= ONE_WISH_NS)) {
        wished_ns = at_ns;
        latest = number;
        n_wishes++;
    }
    (void)eventfd_write(event, 1);
    errno = reason;
}

void mps_interrupt_begin(void)
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: an open() of a pipe ends */

    n_wishes = 0;
    event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sigemptyset(&action.sa_mask);
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) /* nohup */
            sigaction(signals[i], &action, NULL);
    }
}

/* Until no signal can come any more that belongs to the one wish there was. */
static void wait_for_rest(void)
{
    int64_t left_ns;

    while (n_wishes == 1 && (left_ns = wished_ns + ONE_WISH_NS - now_ns()) > 0)
        g_usleep((gulong)(left_ns / 1000 + 1));
}

void mps_interrupt_end(bool done, bool reads_pipe)
{
    if (!done || reads_pipe)
        wait_for_rest();
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &before[i], NULL);
    if (event >= 0)
        close(event);
    event = -1;
    if (done && mps_interrupted(reads_pipe))
        raise(latest);
}

int mps_interrupt_fd(void)
{
    return event;
}

void mps_interrupt_reading(void)
{
    (void)eventfd_write(event, 1);
}

bool mps_interrupted(bool reads_pipe)
{
    return n_wishes > (reads_pipe ? 1 : 0);
}
