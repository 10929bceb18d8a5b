/* test_moment.c - points in time as people write them. */
#include <glib.h>

#include "util/moment.h"

static void assert_moment(const char *text, bool behind_first, int64_t ns)
{
    MpsMoment moment;

    g_assert_true(mps_moment_parse(text, &moment));
    g_assert_true(moment.given);
    g_assert_true(moment.behind_first == behind_first);
    g_assert_cmpint(moment.ns, ==, ns);
}

static void test_good(void)
{
    assert_moment("0", false, 0);
    assert_moment("1700000000", false, G_GINT64_CONSTANT(1700000000000000000));
    assert_moment("1700000000.123456789", false, G_GINT64_CONSTANT(1700000000123456789));
    assert_moment("1.5", false, 1500000000);
    assert_moment("1.", false, 1000000000);
    assert_moment("1.0000000019", false, 1000000001);
    assert_moment("+0", true, 0);
    assert_moment("+90.000000001", true, G_GINT64_CONSTANT(90000000001));
    assert_moment("1970-01-01T00:01:00Z", false, G_GINT64_CONSTANT(60000000000));
    assert_moment("1970-01-01 00:01:00.25", false, G_GINT64_CONSTANT(60250000000));
    assert_moment("1970-01-01T01:01:00+01:00", false, G_GINT64_CONSTANT(60000000000));
    assert_moment("1970-01-02", false, G_GINT64_CONSTANT(86400000000000));
    assert_moment("1969-12-31T23:59:59Z", false, -1000000000);
}

static void test_bad(void)
{
    static const char *const texts[] = {
        "",      "+",          "-1",          ".5",
        "+-1",   "1e9",        "1s",          "99999999999999999999",
        "+x",    "noon",       "+1970-01-01", "1970-13-01",
        "1 2",   "1..5",       "+ 1",         "1970-01-01T25:00:00Z",
        "T",     " 1",         "9999-01-01",  "1,5",
        "+1.5.", "9000000001",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        MpsMoment moment;

        if (mps_moment_parse(texts[i], &moment))
            g_error("'%s' was taken", texts[i]);
    }
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/moment/good", test_good);
    g_test_add_func("/moment/bad", test_bad);
    return g_test_run();
}
