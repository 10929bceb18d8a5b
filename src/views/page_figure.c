/* page_figure.c - reads the SVG of gnuplot element by element and writes again what draws.  A name
 * that is not in the lists below, be it a script, a style, an event handler or a reference to
 * another file, does not get into the page. */
#include "views/page.h"

#include <stdio.h>
#include <string.h>

#include <mptcpscope/error.h>

static const char *const elements[] = {
    "svg",     "g",    "defs",  "path", "rect",    "circle",         "line", "ellipse",  "polyline",
    "polygon", "text", "tspan", "use",  "pattern", "linearGradient", "stop", "clipPath", NULL};

static const char *const attributes[] = {"viewBox",
                                         "id",
                                         "d",
                                         "x",
                                         "y",
                                         "dx",
                                         "dy",
                                         "x1",
                                         "x2",
                                         "y1",
                                         "y2",
                                         "cx",
                                         "cy",
                                         "r",
                                         "rx",
                                         "ry",
                                         "width",
                                         "height",
                                         "points",
                                         "transform",
                                         "fill",
                                         "fill-opacity",
                                         "color",
                                         "stroke",
                                         "stroke-width",
                                         "stroke-opacity",
                                         "stroke-linecap",
                                         "stroke-linejoin",
                                         "stroke-dasharray",
                                         "opacity",
                                         "clip-path",
                                         "font-family",
                                         "font-size",
                                         "font-weight",
                                         "font-style",
                                         "text-anchor",
                                         "patternUnits",
                                         "offset",
                                         "stop-color",
                                         "xlink:href",
                                         NULL};

typedef struct {
    GString *out;
    const char *prefix, *label;
    unsigned depth;   /* of open elements */
    unsigned skipped; /* depth of the element that is left out with all in it; 0: none is */
    bool in_text;     /* white space matters */
    gsize group_at;   /* where the latest start tag of a group begins, */
    gsize group_end;  /* and where it ends */
} Writer;

/* Written as it is, or as gnuplot's "rgb( 32,  33,  36)": #202124. */
static void append_color(GString *out, const char *value)
{
    unsigned red, green, blue;

    if (sscanf(value, " rgb( %u , %u , %u )", &red, &green, &blue) == 3)
        g_string_append_printf(out, "#%02X%02X%02X", red & 255, green & 255, blue & 255);
    else if (*value == '#')
        for (; *value; value++)
            g_string_append_c(out, g_ascii_isxdigit(*value) ? g_ascii_toupper(*value) : '#');
    else
        mps_page_text(out, value);
}

/* Whether @value points out of the figure. */
static bool is_foreign(const char *name, const char *value)
{
    const char *url = strstr(value, "url(");

    return strcmp(name, "xlink:href") == 0 ? *value != '#' : url && !g_str_has_prefix(url, "url(#");
}

static void write_attribute(const Writer *self, const char *name, const char *value)
{
    GString *out = self->out;
    const bool is_reference = strcmp(name, "xlink:href") == 0;

    if (!g_strv_contains(attributes, name) || is_foreign(name, value))
        return;
    g_string_append_printf(out, " %s=\"", is_reference ? "href" : name);
    if (strcmp(name, "id") == 0)
        g_string_append(out, self->prefix);
    if (is_reference || g_str_has_prefix(value, "url(#")) {
        const char *mark = strchr(value, '#') + 1;

        g_string_append_printf(out, "%.*s%s", (int)(mark - value), value, self->prefix);
        value = mark;
    }
    if (strcmp(name, "fill") == 0 || strcmp(name, "color") == 0 || strcmp(name, "stroke") == 0) {
        append_color(out, value);
    } else {
        g_auto(GStrv) words = g_strsplit_set(value, " \t\n", -1);
        const char *before = "";

        for (char **word = words; *word; word++) /* paths are indented */
            if (**word) {
                g_string_append(out, before);
                mps_page_text(out, *word);
                before = " ";
            }
    }
    g_string_append_c(out, '"');
}

static void start(GMarkupParseContext *context G_GNUC_UNUSED, const char *name, const char **names,
                  const char **values, gpointer user, GError **error G_GNUC_UNUSED)
{
    Writer *self = user;
    const bool is_root = self->depth++ == 0;

    if (!self->skipped && !g_strv_contains(elements, name))
        self->skipped = self->depth;
    if (self->skipped)
        return;
    self->group_at = self->out->len;
    g_string_append_printf(self->out, "<%s", name);
    for (; *names; names++, values++)
        write_attribute(self, *names, *values);
    if (is_root) {
        g_string_append(self->out, " role=\"img\" aria-label=\"");
        mps_page_text(self->out, self->label);
        g_string_append_c(self->out, '"');
    }
    g_string_append_c(self->out, '>');
    self->group_end = self->out->len;
    self->in_text |= strcmp(name, "text") == 0;
}

static void end(GMarkupParseContext *context G_GNUC_UNUSED, const char *name, gpointer user,
                GError **error G_GNUC_UNUSED)
{
    Writer *self = user;
    GString *out = self->out;

    if (self->skipped == self->depth--) {
        self->skipped = 0;
    } else if (!self->skipped && strcmp(name, "g") == 0 && out->len == self->group_end) {
        g_string_truncate(out, self->group_at); /* gnuplot writes many empty groups */
    } else if (!self->skipped) {
        g_string_append_printf(out, "</%s>", name);
        if (strcmp(name, "text") == 0 || strcmp(name, "g") == 0)
            g_string_append_c(out, '\n');
    }
    if (strcmp(name, "text") == 0)
        self->in_text = false;
}

static void text(GMarkupParseContext *context G_GNUC_UNUSED, const char *words, gsize n_bytes,
                 gpointer user, GError **error G_GNUC_UNUSED)
{
    Writer *self = user;
    g_autofree char *copy = g_strndup(words, n_bytes);

    if (self->in_text && !self->skipped)
        mps_page_text(self->out, copy);
}

bool mps_page_figure(GString *out, const char *svg, const char *prefix, const char *label,
                     GError **error)
{
    static const GMarkupParser parser = {.start_element = start, .end_element = end, .text = text};
    Writer writer = {.out = out, .prefix = prefix, .label = label};
    const gsize before = out->len;
    g_autoptr(GError) reason = NULL;
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, G_MARKUP_DEFAULT_FLAGS, &writer, NULL);

    if (g_markup_parse_context_parse(context, svg, -1, &reason) &&
        g_markup_parse_context_end_parse(context, &reason))
        return true;
    g_string_truncate(out, before);
    return mps_throw(error, MPS_ERROR_TOOL, "figure: %s", reason->message);
}
