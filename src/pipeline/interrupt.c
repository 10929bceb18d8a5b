/* interrupt.c - a count and an event, set by signal handlers. */
#include "pipeline/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <glib.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[G_N_ELEMENTS(signals)];
static volatile sig_atomic_t n_caught;
static int event = -1;

static void note(int number G_GNUC_UNUSED)
{
    const int reason = errno;

    if (n_caught < 2)
        n_caught = n_caught + 1;
    (void)eventfd_write(event, 1);
    errno = reason;
}

void mps_interrupt_begin(void)
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: an open() of a pipe ends */

    n_caught = 0;
    event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sigemptyset(&action.sa_mask);
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) /* nohup */
            sigaction(signals[i], &action, NULL);
    }
}

void mps_interrupt_end(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &before[i], NULL);
    if (event >= 0)
        close(event);
    event = -1;
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
    return n_caught > (reads_pipe ? 1 : 0);
}
