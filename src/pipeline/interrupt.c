/* interrupt.c - a flag set by signal handlers. */
#include "pipeline/interrupt.h"

#include <signal.h>

#include <glib.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[G_N_ELEMENTS(signals)];
static volatile sig_atomic_t caught;

static void note(int number)
{
    caught = number;
}

void mps_interrupt_begin(void)
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: a read from a pipe ends */

    caught = 0;
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
}

bool mps_interrupted(void)
{
    return caught != 0;
}
