/* plot_labels.h - names that the user gives to addresses: "10.0.1.0/24=Wi-Fi". */
#ifndef MPS_VIEWS_PLOT_LABELS_H
#define MPS_VIEWS_PLOT_LABELS_H

#include <stdint.h>

#include <glib.h>
#include <sqlite3.h>

/* SQL that fills table `label` of plots/figures.sql with the addresses of the connection that
 * @labels (checked, or NULL) name; the first match counts.  Newly allocated, NULL on error. */
char *mps_labels_sql(sqlite3 *db, const char *const *labels, int64_t connection_id, GError **error);

#endif
