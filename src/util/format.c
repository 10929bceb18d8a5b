/* format.c - see format.h. */
#include "util/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <glib.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* Writes @value, of magnitude below 999.5, with three significant digits. */
static MpsShort three_digits(double value, const char *unit)
{
    const double size = fabs(value);
    MpsShort out;

    g_snprintf(out.text, sizeof out.text, "%.*f %s",
               size < 9.995   ? 2
               : size < 99.95 ? 1
                              : 0,
               value, unit);
    return out;
}

/* Divides by 1000 until the number is short. */
static MpsShort scaled(double value, const char *const *units)
{
    while (fabs(value) >= 999.5 && units[1]) {
        value /= 1000;
        units++;
    }
    return three_digits(value, *units);
}

MpsShort mps_format_bytes(int64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB", NULL};
    MpsShort out;

    if (bytes > -1000 && bytes < 1000) {
        g_snprintf(out.text, sizeof out.text, "%" PRId64 " B", bytes);
        return out;
    }
    return scaled((double)bytes / 1000, units);
}

MpsShort mps_format_rate(double bits_per_second)
{
    static const char *const units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s", NULL};

    if (bits_per_second == 0)
        return (MpsShort){"0 bit/s"};
    return scaled(bits_per_second, units);
}

MpsShort mps_format_duration(int64_t ns)
{
    static const char *const units[] = {"ns", "µs", "ms", "s", NULL};
    const double seconds = (double)ns / (double)NS_PER_S;
    MpsShort out;

    if (ns > -1000 && ns < 1000) {
        g_snprintf(out.text, sizeof out.text, ns ? "%" PRId64 " ns" : "%" PRId64 " s", ns);
        return out;
    }
    if (fabs(seconds) < 59.95)
        return scaled((double)ns, units);

    const char *sign = ns < 0 ? "-" : "";
    const int64_t whole = (int64_t)(fabs(seconds) + 0.5);
    const int64_t minutes = (whole + 30) / 60;
    const int64_t hours = (minutes + 30) / 60;

    if (whole < 3600)
        g_snprintf(out.text, sizeof out.text, "%s%" PRId64 " min %02" PRId64 " s", sign, whole / 60,
                   whole % 60);
    else if (minutes < 24 * 60)
        g_snprintf(out.text, sizeof out.text, "%s%" PRId64 " h %02" PRId64 " min", sign,
                   minutes / 60, minutes % 60);
    else
        g_snprintf(out.text, sizeof out.text, "%s%" PRId64 " d %02" PRId64 " h", sign, hours / 24,
                   hours % 24);
    return out;
}

MpsShort mps_format_percent(double share)
{
    MpsShort out;

    if (share > 0 && share < 0.0005)
        g_strlcpy(out.text, "<0.1 %", sizeof out.text);
    else
        g_snprintf(out.text, sizeof out.text, "%.1f %%", share * 100);
    return out;
}

MpsShort mps_format_time(int64_t ns)
{
    const int64_t second = ns / NS_PER_S - (ns % NS_PER_S < 0);
    const int64_t fraction_us = (ns % NS_PER_S + (ns % NS_PER_S < 0 ? NS_PER_S : 0)) / NS_PER_US;
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(second);
    MpsShort out;

    if (!when) { /* beyond year 9999: a broken clock, not a date */
        g_snprintf(out.text, sizeof out.text, "%" PRId64 " ns", ns);
        return out;
    }
    g_snprintf(out.text, sizeof out.text, "%04d-%02d-%02d %02d:%02d:%02d.%06" PRId64 " UTC",
               g_date_time_get_year(when), g_date_time_get_month(when),
               g_date_time_get_day_of_month(when), g_date_time_get_hour(when),
               g_date_time_get_minute(when), g_date_time_get_second(when), fraction_us);
    return out;
}

MpsShort mps_format_offset(int64_t ns)
{
    const uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    const uint64_t us = (size + 500) / (uint64_t)NS_PER_US;
    MpsShort out;

    g_snprintf(out.text, sizeof out.text, "%c%" PRIu64 ".%06" PRIu64 " s", ns < 0 ? '-' : '+',
               us / 1000000, us % 1000000);
    return out;
}

MpsShort mps_format_token(int64_t token)
{
    MpsShort out;

    g_snprintf(out.text, sizeof out.text, "0x%08" PRIx64, (uint64_t)token);
    return out;
}

MpsShort mps_format_count(int64_t n, const char *noun)
{
    MpsShort out;

    g_snprintf(out.text, sizeof out.text, "%" PRId64 " %s%s", n, noun, n == 1 ? "" : "s");
    return out;
}

MpsShort mps_format_endpoint(const char *address, int64_t port)
{
    const bool v6 = strchr(address, ':') != NULL;
    MpsShort out;

    g_snprintf(out.text, sizeof out.text, "%s%s%s:%" PRId64, v6 ? "[" : "", address, v6 ? "]" : "",
               port);
    /* What another program wrote into the database may be too long: no half of a character. */
    const char *end;

    if (!g_utf8_validate(out.text, -1, &end))
        out.text[end - out.text] = '\0';
    return out;
}

unsigned mps_format_width(const char *text)
{
    unsigned width = 0;

    while (*text) {
        const gunichar c = g_utf8_get_char_validated(text, -1);
        const bool valid = c != (gunichar)-1 && c != (gunichar)-2;

        width += !valid ? 1 : g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
        text = valid ? g_utf8_next_char(text) : text + 1;
    }
    return width;
}

char *mps_format_printable(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *at = text; *at;) {
        const gunichar c = g_utf8_get_char_validated(at, -1);

        if (c != (gunichar)-1 && c != (gunichar)-2 && g_unichar_isprint(c)) {
            g_string_append_unichar(out, c);
            at = g_utf8_next_char(at);
        } else {
            g_string_append_printf(out, "\\x%02x", (unsigned char)*at++);
        }
    }
    return g_string_free(out, FALSE);
}
