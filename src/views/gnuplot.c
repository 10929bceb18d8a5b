/* gnuplot.c - the scripts of plots/ and the program that runs them. */
#include "views/gnuplot.h"

#include <signal.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <mptcpscope/error.h>

/* Where the scripts are installed; the Makefile knows better. */
#ifndef MPS_PLOTS_DIR
#define MPS_PLOTS_DIR "/usr/local/share/mptcpscope/plots"
#endif

char *mps_gnuplot_scripts(GError **error)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *built = program ? g_path_get_dirname(program) : g_strdup(".");
    g_autofree char *in_tree = g_build_filename(built, "..", "..", "plots", NULL);
    const char *const environment = g_getenv("MPTCPSCOPE_PLOTS");
    const char *const chosen = environment && *environment ? environment : NULL;
    const char *const places[] = {chosen ? chosen : in_tree, chosen ? NULL : MPS_PLOTS_DIR, NULL};

    for (const char *const *place = places; *place; place++) {
        g_autofree char *file = g_build_filename(*place, "figures.sql", NULL);

        if (g_file_test(file, G_FILE_TEST_IS_REGULAR))
            return g_canonicalize_filename(*place, NULL);
    }
    return mps_throw_null(error, MPS_ERROR_TOOL,
                          "%s: no figure scripts there; MPTCPSCOPE_PLOTS may name another place",
                          chosen ? chosen : MPS_PLOTS_DIR);
}

bool mps_gnuplot_check(const char *name, GError **error)
{
    g_autofree char *path = g_find_program_in_path(name);

    return path || mps_throw(error, MPS_ERROR_TOOL, "%s is not installed; figures need it", name);
}

bool mps_gnuplot_is_complete(const char *file, const char *format)
{
    static const char png_end[] = "IEND\xae\x42\x60\x82";
    g_autofree char *content = NULL;
    gsize n_bytes = 0;

    if (!g_file_get_contents(file, &content, &n_bytes, NULL))
        return false;
    if (strcmp(format, "png") == 0)
        return n_bytes > sizeof png_end &&
               memcmp(content + n_bytes - (sizeof png_end - 1), png_end, sizeof png_end - 1) == 0;
    if (strcmp(format, "pdf") == 0) /* the end counts from the end: bytes before may be 0 */
        return n_bytes > 6 && memcmp(content + n_bytes - 6, "%%EOF\n", 6) == 0;
    return g_str_has_suffix(g_strchomp(content), "</svg>");
}

/* Between fork and exec: whoever ends this program does not leave gnuplot behind. */
static void die_with_parent(void *user G_GNUC_UNUSED)
{
#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

bool mps_gnuplot_blame(char *words, GError **error)
{
    g_strstrip(words);

    const char *last = strrchr(words, '\n');

    return mps_throw(error, MPS_ERROR_TOOL, "gnuplot failed: %s",
                     last     ? last + 1
                     : *words ? words
                              : "the picture is not complete");
}

GSubprocessLauncher *mps_gnuplot_launcher(GSubprocessFlags flags)
{
    GSubprocessLauncher *const launcher = g_subprocess_launcher_new(flags);

    g_subprocess_launcher_setenv(launcher, "LC_ALL", "C.UTF-8", TRUE);
    g_subprocess_launcher_set_child_setup(launcher, die_with_parent, NULL, NULL);
    return launcher;
}
