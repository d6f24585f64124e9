/// How to make a file's trials again: what was run, with which program, from which seeds.
#ifndef REPORT_PAGE_REPRODUCE_H
#define REPORT_PAGE_REPRODUCE_H

#include "report/page/figure.h"

void gs_page_reproduce(const gs_page *page);

#endif
