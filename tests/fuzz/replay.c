/* replay.c - runs a fuzz target over files and directories of inputs, one TAP line for each file:
 * in `make check` every past finding stays a regression test, on machines without a fuzzer too. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static int n_run;

static void run_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    gsize n_bytes;

    if (!g_file_get_contents(path, &bytes, &n_bytes, &error))
        g_error("%s", error->message);

    g_autofree uint8_t *own =
        g_memdup2(bytes, n_bytes); /* without the final 0: ASan sees overreads */

    (void)LLVMFuzzerTestOneInput(own, n_bytes);
    printf("ok %d - %s\n", ++n_run, path);
    fflush(stdout);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void run_path(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (!directory) {
        run_file(path);
        return;
    }
    while ((name = g_dir_read_name(directory)))
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++)
        run_path(g_ptr_array_index(names, i));
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("1..%d\n", n_run);
    return 0;
}
