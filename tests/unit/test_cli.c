/* test_cli.c - suggestions, output files, and what the program refuses. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include <mptcpscope/error.h>

#include "cli/leftovers.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/suggest.h"
#include "views/views.h"

static void suggestions(void)
{
    static const char *const names[] = {"analyze", "list",   "show", "plot",
                                        "export",  "schema", NULL};
    static const struct {
        const char *typed, *expected;
    } cases[] = {
        {"analize", "analyze"},
        {"analyse", "analyze"},
        {"lsit", "list"},
        {"sohw", "show"},
        {"an", "analyze"},
        {"polt", "plot"},
        {"frobnicate", NULL},
        {"", NULL},
        {"x", NULL},
        {"exports", "export"},
        {"ls", "list"},
        {"lost", "list"},
        {"split", NULL},
        {"merge", NULL},
        {"pair", NULL},
        {"a-name-that-is-much-longer-than-any-command-could-be", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(mps_suggest(cases[i].typed, names), ==, cases[i].expected);
}

static char *directory;

static unsigned n_files(void)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(dir))
        n++;
    return n;
}

/* A file appears when it is committed, whole; it is replaced only when that is wanted. */
static void files(void)
{
    g_autofree char *path = g_build_filename(directory, "out", NULL);
    g_autofree char *content = NULL;
    g_autoptr(GError) error = NULL;
    MpsOutput *out = mps_output_open(path, false, &error);

    g_assert_no_error(error);
    fputs("dropped", out->stream);
    mps_output_free(out);
    g_assert_cmpuint(n_files(), ==, 0);

    out = mps_output_open(path, false, &error);
    fputs("kept", out->stream);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(mps_output_commit(out, &error));
    mps_output_free(out);
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "kept");
    g_assert_cmpuint(n_files(), ==, 1);

    g_assert_null(mps_output_open(path, false, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_OPEN);
    g_clear_error(&error);
    out = mps_output_open(path, true, &error);
    g_assert_no_error(error);
    mps_output_free(out);
    g_assert_cmpuint(n_files(), ==, 1);
    g_unlink(path);
}

/* What was buffered and what went straight out: the reason is the same. */
static void full_disk(void)
{
    g_autofree char *long_text = g_strnfill(100000, 'x');
    const char *const texts[] = {"lost", long_text};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        MpsOutput out = {.stream = g_fopen("/dev/full", "a")};

        if (!out.stream) {
            g_test_skip("no /dev/full");
            return;
        }
        fputs(texts[i], out.stream);
        g_assert_false(mps_output_commit(&out, &error));
        g_assert_error(error, MPS_ERROR, MPS_ERROR_STORE);
        g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
        fclose(out.stream);
    }
}

static char *in_directory(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

/* Neither a source, by whatever name, nor anything but a regular file is ever replaced. */
static void targets(void)
{
    g_autofree char *source = in_directory("source"), *soft = in_directory("soft");
    g_autofree char *hard = in_directory("hard"), *fifo = in_directory("fifo");
    g_autofree char *soft_fifo = in_directory("soft-fifo"), *new = in_directory("new");
    g_autofree char *other = in_directory("other"), *soft_other = in_directory("soft-other");
    g_autofree char *dangling = in_directory("dangling");
    char *const sources[] = {(char *)"-", source, NULL};
    const char *const bad[] = {source,   soft,       hard,      fifo, soft_fifo,
                               dangling, soft_other, directory, ""};
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(source, "x", 1, NULL));
    g_assert_true(g_file_set_contents(other, "x", 1, NULL));
    g_assert_cmpint(symlink("source", soft), ==, 0);
    g_assert_cmpint(link(source, hard), ==, 0);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(symlink("fifo", soft_fifo), ==, 0);
    g_assert_cmpint(symlink("other", soft_other), ==, 0);
    g_assert_cmpint(symlink("nowhere", dangling), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(mps_output_check(bad[i], true, sources, &error));
        g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
        g_clear_error(&error);
    }
    g_assert_null(mps_output_open(fifo, true, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_true(mps_output_check(new, false, sources, &error));
    g_assert_true(mps_output_check(other, true, sources, &error));
    g_assert_false(mps_output_check(other, false, sources, &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_OPEN);
    g_clear_error(&error);
    g_assert_true(mps_output_check_directory(directory, &error));
    g_assert_true(mps_output_check_directory(new, &error));
    g_assert_false(mps_output_check_directory(source, &error));
    g_clear_error(&error);
    g_assert_false(mps_output_check_directory("", &error));
    for (size_t i = 0; i < 7; i++)
        g_unlink(bad[i]);
    g_unlink(other);
}

static void connection_numbers(void)
{
    static const char *const bad[] = {"0", "-1",  "-9223372036854775808", "x", "1x",
                                      "",  "1.5", "9223372036854775808"};
    g_autoptr(GError) error = NULL;
    int64_t number = 0;

    g_assert_true(mps_source_connection(NULL, &number, &error));
    g_assert_cmpint(number, ==, MPS_ALL_CONNECTIONS);
    g_assert_true(mps_source_connection("17", &number, &error));
    g_assert_cmpint(number, ==, 17);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(mps_source_connection(bad[i], &number, &error));
        g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
        g_clear_error(&error);
    }
}

/* A child that is ended by @number while it writes; what it says about itself. */
static int end_by(int number, const char *path, const char *subdirectory)
{
    const pid_t child = fork();
    int status = 0;

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        g_autoptr(GError) error = NULL;
        MpsOutput *out = mps_output_open(path, false, &error);

        g_mkdir(subdirectory, 0700);
        mps_leftovers_add(subdirectory);
        fputs("half of it", out->stream);
        fflush(out->stream);
        raise(number);
        _exit(n_files() == 2 ? 0 : 9); /* the signal is ignored */
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return status;
}

/* Neither half a file nor a temporary directory outlives a signal. */
static void interrupted(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    g_autofree char *path = in_directory("out"), *subdirectory = in_directory("sub");

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        const int status = end_by(numbers[i], path, subdirectory);

        g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
        g_assert_cmpuint(n_files(), ==, 0);
    }
    signal(SIGHUP, SIG_IGN); /* as under nohup */
    g_assert_cmpint(end_by(SIGHUP, path, subdirectory), ==, 0);
    signal(SIGHUP, SIG_DFL);
    g_assert_cmpuint(n_files(), ==, 2);
    g_rmdir(subdirectory);

    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);

    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *file = in_directory(name);

        g_unlink(file);
    }
}

/* The program itself, beside the tests; @line is split at spaces, % is the directory. */
static void assert_run(const char *line, int expected, const char *message)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *here = g_path_get_dirname(self ? self : ".");
    g_autofree char *program = g_build_filename(here, "..", "..", "mptcpscope", NULL);
    g_auto(GStrv) parts = g_strsplit(line, "%", -1);
    g_autofree char *whole = g_strjoinv(directory, parts);
    g_autofree char *command = g_strconcat(program, " ", whole, NULL);
    g_auto(GStrv) argv = NULL;
    g_autofree char *words = NULL, *text = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
        g_test_skip("the program is not built");
        return;
    }
    g_assert_true(g_shell_parse_argv(command, NULL, &argv, &error));
    g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, &words, &status, &error);
    g_assert_no_error(error);
    if (WEXITSTATUS(status) != expected || !strstr(words, message))
        g_error("%s: exit %d: %s", line, WEXITSTATUS(status), words);
}

static void program(void)
{
    g_autofree char *capture = in_directory("a.pcap"), *database = in_directory("r.db");
    g_autofree char *before = NULL, *after = NULL;
    gsize n_before = 0, n_after = 0;

    if (!g_file_get_contents("testdata/gen/remap.pcap", &before, &n_before, NULL)) {
        g_test_skip("capture is not there");
        return;
    }
    g_assert_true(g_file_set_contents(capture, before, (gssize)n_before, NULL));
    assert_run("analyze -q %/a.pcap -o %/r.db", 0, "");
    assert_run("export %/a.pcap --format json -o %/a.pcap --force", 2, "one of the captures");
    assert_run("export %/r.db --format json -o %/r.db --force", 2, "the source itself");
    assert_run("export %/a.pcap --format csv -o %/a.pcap --force", 2, "not a directory");
    assert_run("export %/a.pcap -t event --format csv -o % --force", 2, "is a directory");
    assert_run("analyze %/a.pcap -o %/a.pcap --force", 2, "one of the captures");
    assert_run("analyze %/a.pcap -o ''", 2, "name of the output is empty");
    assert_run("analyze --each %/a.pcap -o %/a.pcap", 2, "not a directory");
    assert_run("plot %/a.pcap -o %/a.pcap", 2, "not a directory");
    assert_run("plot %/a.pcap -o ''", 2, "name of the output is empty");
    assert_run("plot %/a.pcap -c -1 -o %", 2, "no connection -1");
    assert_run("plot %/a.pcap -l 10.0.0.1 -o %", 2, "not PREFIX=NAME");
    assert_run("plot %/a.pcap --term -o %", 2, "writes no files");
    assert_run("plot %/a.pcap --term -k share", 2, "no figure 'share' in the terminal");
    assert_run("study %/a.pcap", 2, "-o DIR is missing");
    assert_run("study %/a.pcap -o % -k nothing", 2, "there are overview, ");
    assert_run("study %/a.pcap -o % -a 10.0.0", 2, "address '10.0.0'");
    assert_run("study %/a.pcap -o % --from yesterday", 2, "time 'yesterday'");
    assert_run("study %/a.pcap -o % -p 70000", 2, "no port 70000");
    assert_run("study %/a.pcap -o % --geo %/a.pcap", 1, "a.pcap: ");
    assert_run("compare %/a.pcap --by colour", 2, "one of protocol, ");
    assert_run("compare %/a.pcap --by protocol --group a=b", 2, "exclude each other");
    assert_run("compare %/a.pcap %/a.pcap --format svg", 2, "-o DIR is missing");
    assert_run("show %/a.pcap --interval -1", 2, "no interval of '-1' s");
    assert_run("show %/a.pcap -i 0", 2, "no interval of '0' s");
    assert_run("show %/a.pcap -i nan", 2, "no interval of 'nan' s");
    assert_run("show %/a.pcap -i 1e-5", 2, "no interval of '1e-5' s");
    assert_run("list %/a.pcap --metrics ''", 2, "--metrics: NAME,... or -NAME,..., not ''");
    assert_run("list %/a.pcap --metrics -", 2, "--metrics: NAME,... or -NAME,..., not '-'");
    assert_run("rules --threads 3", 2, "Unknown option --threads");
    assert_run("--filter x schema", 2, "--filter goes with captures");
    assert_run("--name-option tcp:253=x rules", 2, "--name-option goes with captures");
    assert_run("show %/a.pcap --interval 1 --json", 2, "is for people");
    assert_run("show %/a.pcap -c -1", 2, "no connection -1");
    assert_run("show %/a.pcap -c 99", 1, "no connection 99");
    assert_run("%/a.pcap", 2, "did you mean: mptcpscope analyze ");
    assert_run("-q %/r.db", 2, "did you mean: mptcpscope show ");
    assert_run("split %/a.pcap", 2, "no command 'split'\n");
    assert_run("help analyze foo", 2, "one command at a time");
    assert_run("help analyze", 0, "");
    assert_run("help --help", 0, "");
    assert_run("dump %/a.pcap -c 99", 1, "no connection 99");
    assert_run("dump %/a.pcap -c -1", 2, "no connection -1");
    assert_run("ladder %/a.pcap -c 0", 2, "no connection 0");
    assert_run("events %/a.pcap -c -1", 2, "no connection -1");
    assert_run("dump %/a.pcap -c 1 port 1", 0, "connection 1 passes the filter");
    assert_run("export %/r.db --format mptcptrace", 2, "needs -o DIR");
    assert_run("export %/r.db --format tcptrace -t meta", 2, "--table is for csv and json");
    assert_run("export %/r.db --format json -t meta", 0, ""); /* still a database */
    g_assert_true(g_file_get_contents(capture, &after, &n_after, NULL));
    g_assert_true(n_after == n_before && memcmp(before, after, n_before) == 0);
    g_assert_cmpuint(n_files(), <=, 2);
    g_unlink(capture);
    g_unlink(database);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("mptcpscope-XXXXXX", NULL);
    g_test_add_func("/cli/suggestions", suggestions);
    g_test_add_func("/cli/output/files", files);
    g_test_add_func("/cli/output/full-disk", full_disk);
    g_test_add_func("/cli/output/targets", targets);
    g_test_add_func("/cli/output/interrupted", interrupted);
    g_test_add_func("/cli/connection-numbers", connection_numbers);
    g_test_add_func("/cli/program", program);

    const int status = g_test_run();

    g_rmdir(directory);
    g_free(directory);
    return status;
}
