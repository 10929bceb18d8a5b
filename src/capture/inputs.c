/* inputs.c - see inputs.h. */
#include "capture/inputs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

static void clear(gpointer input)
{
    g_free(((MpsInput *)input)->path);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *names_in(const char *path)
{
    GPtrArray *names;
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);

    if (!directory)
        return NULL;
    names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(directory));)
        if (name[0] != '.')
            g_ptr_array_add(names, g_build_filename(path, name, NULL));
    g_ptr_array_sort(names, by_name);
    return names;
}

static void add(GArray *inputs, const char *path, unsigned argument, bool found)
{
    const MpsInput input = {g_strdup(path), argument, found};

    g_array_append_val(inputs, input);
}

/* Links are not followed, so there is an end to it.  What cannot be looked into is added: opening
 * it says what is wrong. */
static void walk(GArray *inputs, const char *path, unsigned argument)
{
    g_autoptr(GPtrArray) names = names_in(path);

    if (!names)
        add(inputs, path, argument, true);
    for (guint i = 0; names && i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        GStatBuf link, file;

        if (g_lstat(name, &link) == 0 && S_ISDIR(link.st_mode))
            walk(inputs, name, argument);
        else if (g_stat(name, &file) == 0 ? S_ISREG(file.st_mode) : errno != ENOENT)
            add(inputs, name, argument, true);
    }
}

GArray *mps_inputs_find(const char *const *paths)
{
    GArray *inputs = g_array_new(FALSE, FALSE, sizeof(MpsInput));

    g_array_set_clear_func(inputs, clear);
    for (unsigned i = 0; paths[i]; i++) {
        const guint n_before = inputs->len;

        if (strcmp(paths[i], "-") != 0 && g_file_test(paths[i], G_FILE_TEST_IS_DIR))
            walk(inputs, paths[i], i + 1);
        if (inputs->len == n_before) /* a file; or opening the directory says what is wrong */
            add(inputs, paths[i], i + 1, false);
    }
    return inputs;
}

bool mps_inputs_is_named_capture(const char *path)
{
    const char *slash = strrchr(path, '/');
    g_autofree char *name = g_ascii_strdown(slash ? slash + 1 : path, -1);

    return strstr(name, ".pcap") || strstr(name, ".cap") || strstr(name, ".dmp");
}
