/// Serves the viewer's page and one results file to browsers on this machine.
///
/// Only on the loopback address, only for reading, and only to those who know the address with its random part: other
/// users of the machine, and other pages in the same browser, do not.
#ifndef GANSWEEP_VIEW_SERVER_H
#define GANSWEEP_VIEW_SERVER_H

#include "gansweep/store.h"

enum { GS_VIEW_ADDRESS_BYTES = 96 };

typedef struct gs_view gs_view;

/// @param results  must outlive the view
/// @param path  of the same file; its last part is the name that the page shows
/// @param page  [page_bytes] the page; must outlive the view
/// @param port  0: any that is free
/// @param address  [GS_VIEW_ADDRESS_BYTES] filled: "http://127.0.0.1:40123/0f8e.../"
/// @return GS_ERROR_INPUT when the port is taken; GS_ERROR_RUN
gs_status gs_view_start(const gs_results *results, const char *path, const char *page, size_t page_bytes, int port,
                        gs_view **view, char address[GS_VIEW_ADDRESS_BYTES], gs_error *error);
void gs_view_end(gs_view *view);

/// First and last byte that a Range header asks for: "bytes=0-499", "bytes=500-", "bytes=-500" (RFC 9110, section 14).
/// @param bytes  of the file, above 0
/// @return whether it is one range of this file; of several ranges none is served
bool gs_view_range(const char *header, int64_t bytes, int64_t *first, int64_t *last);

#endif
