#include "experiment/number.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/log_exp.h"

enum {
    MAX_NUMBER_LENGTH = 64,
    MAX_EXPONENT = 9999,
};
#define LARGEST_DOUBLE 0x1.fffffffffffffp1023

/// A decimal number as it is written: 0.digits... times 10^exponent.
typedef struct {
    bool negative;
    char digits[MAX_NUMBER_LENGTH + 1]; ///< of the whole and the fraction, in order
    int digit_count;
    int exponent; ///< the decimal point stands before digits[exponent]
} decimal;

/// Appends the digits at `c` and returns where they end.
static const char *take_digits(const char *c, decimal *number) {
    while (*c >= '0' && *c <= '9') {
        number->digits[number->digit_count++] = *c++;
    }
    return c;
}

/// [+-] digits [. digits] [e [+-] digits], at least one digit before the exponent, nothing else.
static bool parse_decimal(const char *text, decimal *number) {
    memset(number, 0, sizeof *number);
    if (strlen(text) > MAX_NUMBER_LENGTH) {
        return false;
    }
    const char *c = text;
    if (*c == '+' || *c == '-') {
        number->negative = *c++ == '-';
    }
    c = take_digits(c, number);
    number->exponent = number->digit_count;
    if (*c == '.') {
        c = take_digits(c + 1, number);
    }
    if (number->digit_count == 0) {
        return false;
    }
    if (*c == 'e' || *c == 'E') {
        c++;
        const int sign = *c == '-' ? -1 : 1;
        if (*c == '+' || *c == '-') {
            c++;
        }
        if (*c < '0' || *c > '9') {
            return false;
        }
        int exponent = 0;
        for (; *c >= '0' && *c <= '9'; c++) {
            exponent = exponent * 10 + (*c - '0');
            if (exponent > MAX_EXPONENT) {
                return false;
            }
        }
        number->exponent += sign * exponent;
    }
    return *c == '\0';
}

/// strtod in the C locale.
static double decimal_to_double(const char *text) {
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const double value = strtod_l(text, NULL, plain);
    freelocale(plain);
    return value;
}

bool gs_parse_real(const char *text, double *value) {
    decimal number;
    if (!parse_decimal(text, &number)) {
        return false;
    }
    *value = decimal_to_double(text);
    return *value >= -LARGEST_DOUBLE && *value <= LARGEST_DOUBLE;
}

bool gs_parse_integer(const char *text, int64_t *value) {
    decimal number;
    if (!parse_decimal(text, &number)) {
        return false;
    }
    int64_t result = 0;
    for (int i = 0; i < number.digit_count; i++) {
        const int digit = number.digits[i] - '0';
        if (i < number.exponent) {
            // towards the sign, so that the smallest integer is met too
            if (__builtin_mul_overflow(result, 10, &result) ||
                __builtin_add_overflow(result, number.negative ? -digit : digit, &result)) {
                return false;
            }
        } else if (digit != 0) {
            return false;
        }
    }
    for (int i = number.digit_count; i < number.exponent && result != 0; i++) {
        if (__builtin_mul_overflow(result, 10, &result)) {
            return false;
        }
    }
    *value = result;
    return true;
}

double gs_round_to_digits(double x) {
    char text[40];
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = uselocale(plain);
    (void)snprintf(text, sizeof text, "%.11e", x);
    (void)uselocale(before);
    freelocale(plain);
    return decimal_to_double(text);
}

double gs_grid_point(double first, double last, int64_t count, bool logarithmic, int64_t index) {
    const int64_t steps = count - 1;
    if (index == 0) {
        return first;
    }
    if (index == steps) {
        return last;
    }
    const double from_first = (double)index / (double)steps, to_last = (double)(steps - index) / (double)steps;
    const double point =
        logarithmic ? gs_exp(gs_log(first) * to_last + gs_log(last) * from_first) : first * to_last + last * from_first;
    return gs_round_to_digits(point);
}
