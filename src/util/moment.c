/* moment.c - see moment.h. */
#include "util/moment.h"

#include <string.h>

#include <glib.h>

static const int64_t NS_PER_S = 1000000000;
static const int64_t MOST_S = 9000000000;

/* Digits, and behind a point more of them, of which nine count: nothing is rounded. */
static bool read_seconds(const char *text, int64_t *ns)
{
    int64_t seconds = 0, unit = NS_PER_S;

    if (!g_ascii_isdigit(*text))
        return false;
    for (; g_ascii_isdigit(*text) && seconds <= MOST_S; text++)
        seconds = 10 * seconds + (*text - '0');
    if (seconds > MOST_S)
        return false;
    *ns = seconds * NS_PER_S;
    if (*text == '.')
        for (text++; g_ascii_isdigit(*text); text++)
            *ns += (*text - '0') * (unit /= 10);
    return !*text;
}

static bool read_date(const char *text, int64_t *ns)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *begin = g_strconcat(text, strpbrk(text, "Tt :") ? "" : "T00:00:00", NULL);
    g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(begin, utc);

    if (!date || ABS(g_date_time_to_unix(date)) > MOST_S)
        return false;
    *ns = g_date_time_to_unix(date) * NS_PER_S + g_date_time_get_microsecond(date) * 1000;
    return true;
}

bool mps_moment_parse(const char *text, MpsMoment *out)
{
    *out = (MpsMoment){.given = true, .behind_first = *text == '+'};
    return out->behind_first ? read_seconds(text + 1, &out->ns)
                             : read_seconds(text, &out->ns) || read_date(text, &out->ns);
}
