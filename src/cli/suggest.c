/* suggest.c - nearest name by optimal string alignment (Damerau 1964): insertions, deletions and
 * transpositions of neighbours, and substitutions, which count twice. */
#include "cli/suggest.h"

#include <stddef.h>
#include <string.h>

#include <glib.h>

#define NAME_MAX_BYTES 32

static unsigned distance(const char *a, const char *b)
{
    const size_t n_a = strlen(a), n_b = strlen(b);
    unsigned d[NAME_MAX_BYTES + 1][NAME_MAX_BYTES + 1];

    if (n_a > NAME_MAX_BYTES || n_b > NAME_MAX_BYTES)
        return G_MAXUINT;
    for (unsigned i = 0; i <= n_a; i++)
        d[i][0] = i;
    for (unsigned j = 0; j <= n_b; j++)
        d[0][j] = j;
    for (unsigned i = 1; i <= n_a; i++) {
        for (unsigned j = 1; j <= n_b; j++) {
            const unsigned other = a[i - 1] != b[j - 1] ? 2 : 0;

            d[i][j] = MIN(d[i - 1][j - 1] + other, MIN(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n_a][n_b];
}

const char *mps_suggest(const char *typed, const char *const *names)
{
    const char *best = NULL;
    unsigned best_distance = G_MAXUINT;

    for (; *names; names++) {
        const unsigned d = distance(typed, *names);

        if (strlen(typed) >= 2 && g_str_has_prefix(*names, typed))
            return *names;
        if (d < best_distance) {
            best_distance = d;
            best = *names;
        }
    }
    /* One letter of a short name may be another; "split" is not "plot" mistyped. */
    return best && best_distance <= MAX(2, strlen(best) / 3) ? best : NULL;
}
