/* main.c - finds the subcommand, reads its options, turns its outcome into an exit status. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/limits.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/suggest.h"
#include "store/database.h"
#include "util/format.h"
#include "util/version.h"

#define PROGRAM "mptcpscope"

static const MpsCommand *const commands[] = {
#define COMMAND(name) &mps_command_##name,
#include "cli/commands.def"
#undef COMMAND
};

static gboolean quiet, tcp, no_rules, dss_checksums, verify_checksums, strict_input;
static gboolean want_help, want_version;
static char *vantage, *filter, *metrics;

static MpsOptionNames *option_names;

/* Called for each --name-option, before and behind the command. */
static gboolean name_option(const char *option G_GNUC_UNUSED, const char *spec,
                            gpointer data G_GNUC_UNUSED, GError **error)
{
    return mps_option_names_add(option_names, spec, error);
}

/* The options that stand before the command, and are understood behind it, too: by all, and by
 * those that may read captures. */
static const GOptionEntry common_options[] = {
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "No notes and no progress on standard error",
     NULL},
    {"help", 'h', 0, G_OPTION_ARG_NONE, &want_help, "Show this help", NULL},
    {0},
};
static const GOptionEntry captures_options[] = {
    {"tcp", 0, 0, G_OPTION_ARG_NONE, &tcp, "Captures: analyze plain TCP connections, too", NULL},
    {"metrics", 0, 0, G_OPTION_ARG_STRING, &metrics,
     "Captures: measure only these, or with -NAME,... all but these", "NAME,..."},
    {"no-rules", 0, 0, G_OPTION_ARG_NONE, &no_rules, "Captures: do not check RFC compliance", NULL},
    {"dss-checksums", 0, 0, G_OPTION_ARG_NONE, &dss_checksums,
     "Captures: check DSS checksums and repeated data, too (reads all payload)", NULL},
    {"verify-checksums", 0, 0, G_OPTION_ARG_NONE, &verify_checksums,
     "Captures: ignore packets whose IP or TCP checksum is wrong", NULL},
    {"vantage", 0, 0, G_OPTION_ARG_STRING, &vantage,
     "Captures: taken next to this host; guessed without it", "client|server|middle"},
    {"filter", 0, 0, G_OPTION_ARG_STRING, &filter,
     "Captures: analyze only packets that pass, as in pcap-filter(7)", "EXPRESSION"},
    {"strict-input", 0, 0, G_OPTION_ARG_NONE, &strict_input,
     "Captures: fail at the first that is cut or unreadable", NULL},
    {"name-option", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)name_option,
     "Captures: name and decode an experimental or unknown TCP or MPTCP option", "SPEC"},
    {0},
};
static const GOptionEntry first_options[] = {
    {"version", 'V', 0, G_OPTION_ARG_NONE, &want_version, "Show the version", NULL},
    {0},
};

static const MpsCommand *find_command(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_help(FILE *out)
{
    fprintf(out,
            "%s analyzes captures of Multipath TCP offline.\n\n"
            "Examples:\n"
            "  mptcpscope analyze client.pcapng               what happened, on one page\n"
            "  mptcpscope analyze day1.pcap day2.pcap -o result.db\n"
            "  mptcpscope show result.db -c 3                 all about connection 3\n"
            "  mptcpscope plot result.db -c 3 -o figures      draw it\n\n"
            "Usage:\n"
            "  mptcpscope [-q] COMMAND [OPTION...] ARGUMENT...\n"
            "  mptcpscope help [COMMAND]\n"
            "  mptcpscope --version\n\n"
            "Commands:\n",
            PROGRAM);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->help);
    fputs(
        "  help      Show this help, or that of a command\n\n"
        "SOURCE is a database written by analyze, or one or several captures (pcap, pcapng;\n"
        "compressed, in tar or zip archives, or all of a directory), which are one trace in time\n"
        "order.  - is standard input.\n\n"
        "Exit status: 0 done; 1 failed; 2 wrong usage; 3 check found a violation; 4 done, but "
        "input was\n"
        "cut or unreadable.\n",
        out);
}

static GOptionContext *command_context(const MpsCommand *command)
{
    GOptionContext *context = g_option_context_new(NULL);

    g_option_context_set_help_enabled(context, FALSE);
    if (command->options)
        g_option_context_add_main_entries(context, command->options, NULL);
    g_option_context_add_main_entries(context, common_options, NULL);
    if (!command->alone) {
        g_option_context_add_main_entries(context, captures_options, NULL);
        g_option_context_add_main_entries(context, mps_limits_options, NULL);
    }
    return context;
}

/* GLib's text starts with a usage line of its own; the options begin at the first empty line. */
static void print_command_help(const MpsCommand *command, GOptionContext *context, FILE *out)
{
    g_autofree char *generated = g_option_context_get_help(context, TRUE, NULL);
    const char *options = strstr(generated, "\n\n");

    fprintf(out, "%s\n\nExamples:\n%s\nUsage:\n  %s %s [OPTION...] %s\n%s", command->help,
            command->examples, PROGRAM, command->name, command->arguments,
            options ? options + 1 : "");
}

static MpsExit usage_error(const char *command, const char *message)
{
    fprintf(stderr, "%s: %s\n%s: see `%s%s%s --help`\n", PROGRAM, message, PROGRAM, PROGRAM,
            command ? " " : "", command ? command : "");
    return MPS_EXIT_USAGE;
}

static MpsExit unknown_command(const char *name)
{
    const char *names[G_N_ELEMENTS(commands) + 2] = {[G_N_ELEMENTS(commands)] = "help"};
    g_autofree char *printable = mps_format_printable(name);
    g_autofree char *message = NULL;

    if (g_file_test(name, G_FILE_TEST_EXISTS)) {
        message = g_strdup_printf("no command '%s'; did you mean: %s %s %s", printable, PROGRAM,
                                  mps_database_probe(name) ? "show" : "analyze", printable);
        return usage_error(NULL, message);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        names[i] = commands[i]->name;

    const char *nearest = mps_suggest(name, names);

    message = nearest ? g_strdup_printf("no command '%s'; did you mean '%s'?", printable, nearest)
                      : g_strdup_printf("no command '%s'", printable);
    return usage_error(NULL, message);
}

/* A full disk shows at the latest when the buffer is written out. */
static MpsExit finish_stdout(MpsExit status)
{
    const int reason = mps_output_flush(stdout);

    if (reason == 0)
        return status;
    fprintf(stderr, "%s: standard output: %s\n", PROGRAM, g_strerror(reason));
    return MPS_EXIT_FAILED;
}

static bool read_vantage(MpsVantage *out, GError **error)
{
    static const char *const names[] = {[MPS_VANTAGE_CLIENT] = "client",
                                        [MPS_VANTAGE_SERVER] = "server",
                                        [MPS_VANTAGE_MIDDLE] = "middle"};

    for (MpsVantage each = MPS_VANTAGE_CLIENT; vantage && each <= MPS_VANTAGE_MIDDLE; each++) {
        if (strcmp(vantage, names[each]) == 0) {
            *out = each;
            return true;
        }
    }
    return !vantage || mps_throw(error, MPS_ERROR_USAGE,
                                 "--vantage: client, server or middle, not '%s'", vantage);
}

/* Takes what stands behind `--` off @argv; NULL: there is none.  GLib would drop the `--`. */
static char **take_behind(char **argv)
{
    for (; *argv; argv++) {
        if (strcmp(*argv, "--") != 0)
            continue;

        char **behind = g_strdupv(argv + 1);

        for (; *argv; argv++)
            g_clear_pointer(argv, g_free);
        return behind;
    }
    return NULL;
}

/* @argv: the command's name, where a program's would stand, and what is behind it. */
/* What is wrong with the options, beyond what is found where they are used. */
static bool check_settings(const MpsCommand *command, const MpsSettings *settings, GError **error)
{
    const char *option = mps_source_captures_option(settings);

    if (command->alone && option)
        return mps_throw(error, MPS_ERROR_USAGE, "%s goes with captures", option);
    return !metrics || metrics[metrics[0] == '-'] ||
           mps_throw(error, MPS_ERROR_USAGE, "--metrics: NAME,... or -NAME,..., not '%s'", metrics);
}

static MpsExit run_command(const MpsCommand *command, char ***argv, const char *command_line)
{
    g_autoptr(GOptionContext) context = command_context(command);
    g_auto(GStrv) behind = take_behind(*argv);
    g_autoptr(GStrvBuilder) all = g_strv_builder_new();
    g_auto(GStrv) arguments = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_option_context_parse_strv(context, argv, &error))
        return usage_error(command->name, error->message);
    if (want_help) {
        print_command_help(command, context, stdout);
        return finish_stdout(MPS_EXIT_DONE);
    }

    g_strv_builder_addv(all, (const char **)(*argv + 1));
    if (behind)
        g_strv_builder_addv(all, (const char **)behind);
    arguments = g_strv_builder_end(all);

    MpsSettings settings = {.quiet = quiet,
                            .n_behind = behind ? (int)g_strv_length(behind) : -1,
                            .tcp = tcp,
                            .option_names = option_names,
                            .limits = mps_limits_wished(),
                            .metrics = metrics,
                            .no_rules = no_rules,
                            .dss_checksums = dss_checksums,
                            .verify_checksums = verify_checksums,
                            .filter = filter,
                            .strict_input = strict_input,
                            .command_line = command_line};

    if (!read_vantage(&settings.vantage, &error) || !check_settings(command, &settings, &error))
        return usage_error(command->name, error->message);

    const MpsExit status = command->run(arguments, &settings, &error);

    if (error) {
        if (g_error_matches(error, MPS_ERROR, MPS_ERROR_USAGE))
            return usage_error(command->name, error->message);
        fprintf(stderr, "%s: %s\n", PROGRAM, error->message);
        return MPS_EXIT_FAILED;
    }
    return finish_stdout(status);
}

static MpsExit help_command(char **arguments)
{
    static const char *const itself[] = {"help", "--help", "-h", NULL};

    if (!arguments[0] || (g_strv_contains(itself, arguments[0]) && !arguments[1])) {
        print_help(stdout);
        return finish_stdout(MPS_EXIT_DONE);
    }

    const MpsCommand *command = find_command(arguments[0]);

    if (!command)
        return unknown_command(arguments[0]);
    if (arguments[1])
        return usage_error(NULL, "help explains one command at a time");

    g_autoptr(GOptionContext) context = command_context(command);

    print_command_help(command, context, stdout);
    return finish_stdout(MPS_EXIT_DONE);
}

static MpsExit run(char ***argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *command_line = g_strjoinv(" ", *argv);
    g_autoptr(GError) error = NULL;

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_add_main_entries(context, common_options, NULL);
    g_option_context_add_main_entries(context, captures_options, NULL);
    g_option_context_add_main_entries(context, mps_limits_options, NULL);
    g_option_context_add_main_entries(context, first_options, NULL);
    if (!g_option_context_parse_strv(context, argv, &error))
        return usage_error(NULL, error->message);
    if (want_version) {
        puts(PROGRAM " " MPS_VERSION);
        return finish_stdout(MPS_EXIT_DONE);
    }

    const char *name = (*argv)[0] ? (*argv)[1] : NULL;

    if (!name && want_help)
        return help_command(*argv + 1);
    if (!name) {
        print_help(stderr);
        return MPS_EXIT_USAGE;
    }
    if (strcmp(name, "help") == 0)
        return help_command(*argv + 2);

    const MpsCommand *command = find_command(name);

    if (!command)
        return unknown_command(name);

    g_auto(GStrv) rest = g_strdupv(*argv + 1);

    return run_command(command, &rest, command_line);
}

int main(int argc, char *argv[])
{
    g_auto(GStrv) arguments = NULL;

    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_DFL); /* `mptcpscope list x.db | head` ends quietly */
    if (argc > 0)
        arguments = g_strdupv(argv);
    else
        arguments = g_strdupv((char *[]){(char *)PROGRAM, NULL});
    g_set_prgname(PROGRAM);
    option_names = mps_option_names_new();

    const MpsExit status = run(&arguments);

    mps_option_names_free(option_names);
    return (int)status;
}
