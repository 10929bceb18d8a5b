/* leftovers.c - see leftovers.h. */
#include "cli/leftovers.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

enum { SLOTS = 4 };

/* A handler may come between any two lines: a slot is set when its text is complete, and empty
 * before that is freed. */
static char *volatile slots[SLOTS];

/* Calls nothing that a handler may not (signal-safety(7)). */
static void sweep(int number)
{
    for (int i = SLOTS - 1; i >= 0; i--)
        if (slots[i] && unlink(slots[i]) != 0)
            (void)rmdir(slots[i]);
    raise(number); /* SA_RESETHAND: now for good */
}

void mps_leftovers_watch(void)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        struct sigaction action = {.sa_handler = sweep, .sa_flags = (int)SA_RESETHAND};
        struct sigaction before;

        sigemptyset(&action.sa_mask);
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

void mps_leftovers_add(const char *path)
{
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i])
            continue;
        slots[i] = g_strdup(path);
        mps_leftovers_watch();
        return;
    }
    g_assert_not_reached();
}

void mps_leftovers_drop(const char *path)
{
    for (int i = 0; i < SLOTS; i++) {
        char *text = slots[i];

        if (!text || strcmp(text, path) != 0)
            continue;
        slots[i] = NULL;
        g_free(text);
    }
}
