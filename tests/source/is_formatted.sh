#!/bin/sh
# is_formatted.sh CLANG_FORMAT: every C file has the form that .clang-format states. To give it to them:
#   find include src tests examples bench -name '*.[ch]' -exec clang-format -i {} +
set -eu
find include src tests examples bench -name '*.[ch]' -exec "$1" --dry-run -Werror {} +
