/* page.c - see page.h. */
#include "views/page.h"

#include <string.h>

#include "util/version.h"

/* 'sha256-...' as Content Security Policy Level 3 section 2.3.1 writes it. */
static char *hash_source(const char *text)
{
    guint8 digest[32];
    gsize n_bytes = sizeof digest;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(checksum, (const guchar *)text, -1);
    g_checksum_get_digest(checksum, digest, &n_bytes);
    g_checksum_free(checksum);

    g_autofree char *base64 = g_base64_encode(digest, n_bytes);

    return g_strdup_printf("'sha256-%s'", base64);
}

void mps_page_open(GString *out, const char *title)
{
    g_autofree char *style = hash_source(mps_page_css);
    g_autofree char *script = hash_source(mps_page_js);

    g_string_append_printf(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src %s;"
        " script-src %s; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"generator\" content=\"mptcpscope " MPS_VERSION "\">\n<title>",
        style, script);
    mps_page_text(out, title);
    g_string_append_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n", mps_page_css);
}

void mps_page_close(GString *out)
{
    g_string_append_printf(out, "<script>%s</script>\n</body>\n</html>\n", mps_page_js);
}

void mps_page_text(GString *out, const char *text)
{
    g_autofree char *printable = mps_format_printable(text);

    for (const char *at = printable; *at; at++)
        switch (*at) {
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        case '\'':
            g_string_append(out, "&#39;");
            break;
        default:
            g_string_append_c(out, *at);
        }
}

void mps_page_element(GString *out, const char *tag, const char *text)
{
    g_string_append_printf(out, "<%s>", tag);
    mps_page_text(out, text);
    g_string_append_printf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

void mps_page_number(GString *out, MpsQuery *query, const char *column, MpsShort words)
{
    g_string_append_printf(out, "<td class=\"n\" data-v=\"%s\">", mps_query_text(query, column));
    mps_page_text(out, words.text);
    g_string_append(out, "</td>");
}
