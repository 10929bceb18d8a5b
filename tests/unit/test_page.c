/* test_page.c - what gets into a page, and what does not. */
#include <string.h>

#include <glib.h>

#include <mptcpscope/error.h>

#include "views/page.h"

static void test_text(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    mps_page_text(out, "<img src=x onerror='a()'> \"&\" \xff\n→");
    g_assert_cmpstr(out->str, ==,
                    "&lt;img src=x onerror=&#39;a()&#39;&gt; &quot;&amp;&quot; \\xff\\x0a→");
}

static void test_element(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    mps_page_element(out, "td class=\"n\"", "1 < 2");
    g_assert_cmpstr(out->str, ==, "<td class=\"n\">1 &lt; 2</td>");
}

/* The policy names the hashes of what stands in the page. */
static void test_policy(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GRegex) hash =
        g_regex_new("default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}=';"
                    " script-src 'sha256-[A-Za-z0-9+/]{43}=';",
                    0, 0, NULL);

    mps_page_open(out, "</title><script>");
    g_assert_true(g_regex_match(hash, out->str, 0, NULL));
    g_assert_null(strstr(out->str, "unsafe"));
    g_assert_nonnull(strstr(out->str, "<title>&lt;/title&gt;&lt;script&gt;</title>"));
}

typedef struct {
    const char *name, *svg, *html;
} Case;

static const Case cases[] = {
    {"colors",
     "<g fill=\"rgb( 32,  33, 36)\" stroke='#dfe3e8' color='black'><path d='M1,2\n\t\tL3,4 '/></g>",
     "<g fill=\"#202124\" stroke=\"#DFE3E8\" color=\"black\"><path d=\"M1,2 L3,4\"></path></g>\n"},
    {"references", "<path id='a' fill='url(#b)'/><use xlink:href='#a'/>",
     "<path id=\"p-a\" fill=\"url(#p-b)\"></path><use href=\"#p-a\"></use>"},
    {"text", "<text>a &lt;b&gt; &amp; c</text>", "<text>a &lt;b&gt; &amp; c</text>\n"},
    {"empty group", "<g fill='none'>\n</g><g><g color='red'> </g><rect/></g>",
     "<g><rect></rect></g>\n"},
    {"script", "<script>x<![CDATA[y]]></script><g onload='x()'><circle onclick='x()' r='1'/></g>",
     "<g><circle r=\"1\"></circle></g>\n"},
    {"style", "<style>* { fill: url(http://a/) }</style><rect style='fill:red' width='1'/>",
     "<rect width=\"1\"></rect>"},
    {"foreign",
     "<foreignObject><text>a</text></foreignObject><image xlink:href='http://a/'/>"
     "<a xlink:href='http://a/'><text>b</text></a>",
     ""},
    {"reference out of the page",
     "<use xlink:href='http://a/#b'/><rect fill='url(http://a/#b)' clip-path='url( #b)'/>",
     "<use></use><rect></rect>"},
    {"title", "<title>Gnuplot</title><desc>a <b>c</b></desc><rect/>", "<rect></rect>"},
};

static void test_figure(gconstpointer user)
{
    const Case *const each = user;
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *svg = g_strdup_printf("<?xml version=\"1.0\"?>\n<svg viewBox='0 0 1 1' "
                                           "xmlns='http://www.w3.org/2000/svg'>%s</svg>\n",
                                           each->svg);
    g_autofree char *html = g_strdup_printf(
        "<svg viewBox=\"0 0 1 1\" role=\"img\" aria-label=\"&lt;it&gt;\">%s</svg>", each->html);

    g_assert_true(mps_page_figure(out, svg, "p-", "<it>", &error));
    g_assert_no_error(error);
    g_assert_cmpstr(out->str, ==, html);
}

static void test_figure_cut(void)
{
    g_autoptr(GString) out = g_string_new("before");
    g_autoptr(GError) error = NULL;

    g_assert_false(mps_page_figure(out, "<svg><g><path", "p-", "", &error));
    g_assert_error(error, MPS_ERROR, MPS_ERROR_TOOL);
    g_assert_cmpstr(out->str, ==, "before");
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/page/text", test_text);
    g_test_add_func("/page/element", test_element);
    g_test_add_func("/page/policy", test_policy);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/page/figure/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_figure);
    }
    g_test_add_func("/page/figure/cut", test_figure_cut);
    return g_test_run();
}
