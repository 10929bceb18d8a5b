/* page.h - pieces of a self-contained HTML page.  Every text that comes from a capture or a command
 * line goes through mps_page_text(): it cannot become markup. */
#ifndef MPS_VIEWS_PAGE_H
#define MPS_VIEWS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "views/query.h"

/* page_assets.c */
extern const char mps_page_css[], mps_page_js[];

/* Everything up to and including <body>.  The content security policy allows the style and the
 * script of the page by their hashes, and nothing else. */
void mps_page_open(GString *out, const char *title);
void mps_page_close(GString *out);

/* @text, fit for an element and for a quoted attribute; what cannot be printed becomes \xNN. */
void mps_page_text(GString *out, const char *text);

/* <tag>text</tag>; @tag may have attributes. */
void mps_page_element(GString *out, const char *tag, const char *text);

/* A cell with a number in words, and what it is sorted by: @column of the row at hand. */
void mps_page_number(GString *out, MpsQuery *query, const char *column, MpsShort words);

/* page_figure.c: a figure of gnuplot, fit to stand in a page.  Only elements and attributes that
 * draw are taken over, ids and references to them begin with @prefix, colours are #RRGGBB; @label
 * says what it shows to those who do not see it.  MPS_ERROR_TOOL: @svg is not well-formed. */
bool mps_page_figure(GString *out, const char *svg, const char *prefix, const char *label,
                     GError **error);

#endif
