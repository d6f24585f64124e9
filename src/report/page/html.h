/// HTML that any text can be put into.
///
/// What is written is well-formed XML, too: every element is closed and every attribute in quotes.
#ifndef REPORT_PAGE_HTML_H
#define REPORT_PAGE_HTML_H

#include <stdio.h>

#include "report/table.h"

/// Writes a text as content or as the value of an attribute. What is not UTF-8, control characters but ends of lines
/// and tabs, characters that no document may have, and those that turn the direction of writing around become U+FFFD.
void gs_html_text(const char *text, FILE *stream);

/// The same, formatted as printf does, up to some thousand bytes.
void gs_html_print(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

gs_table_printer gs_html_table; ///< a <table> with the heading as caption, which scrolls sideways where it is too wide

#endif
