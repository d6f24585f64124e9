/// How the page looks: one style sheet, for light and dark screens and for paper.
#ifndef REPORT_PAGE_STYLE_H
#define REPORT_PAGE_STYLE_H

extern const char gs_page_style[];

/// The base64 of its SHA-256, by which the page's policy lets this style sheet in and no other:
/// openssl dgst -sha256 -binary | base64
extern const char gs_page_style_hash[];

#endif
