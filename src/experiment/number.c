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
// gs_round_to_digits() does without text between these
#define LEAST_SCALED 1e-10
#define LARGEST_SCALED 1e32
#define LEAST_DIGITS 1e11 // the least integer of 12 digits
#define NEAR_A_TIE 1e-3
#define LOG10_OF_2 0.30102999566398120
#define LARGEST_DOUBLE 0x1.fffffffffffffp1023

/// Those that a double holds exactly.
static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { LARGEST_POWER = sizeof powers_of_ten / sizeof *powers_of_ten - 1 };

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

/// Through the decimal text: exact, and slow.
static double round_text_to_digits(double x) {
    char text[40];
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = uselocale(plain);
    (void)snprintf(text, sizeof text, "%.11e", x);
    (void)uselocale(before);
    freelocale(plain);
    return decimal_to_double(text);
}

/// x times 10^power, rounded once.
static double scaled(double x, int power) {
    return power >= 0 ? x * powers_of_ten[power] : x / powers_of_ten[-power];
}

/// The power of ten with which x has 12 digits before the point; beyond the table's ends where there is none.
static int power_for_digits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int exponent = (int)(bits >> 52) - 1023; // of 2, for a positive x
    int power = 11 - (int)((double)exponent * LOG10_OF_2);
    for (int i = 0; i < 2 && power >= -LARGEST_POWER && power <= LARGEST_POWER; i++) {
        const double digits = scaled(x, power);
        if (digits >= LEAST_DIGITS && digits < 10 * LEAST_DIGITS) {
            return power;
        }
        power += digits < LEAST_DIGITS ? 1 : -1;
    }
    return power;
}

double gs_round_to_digits(double x) {
    const int power = x >= LEAST_SCALED && x <= LARGEST_SCALED ? power_for_digits(x) : LARGEST_POWER + 1;
    if (power < -LARGEST_POWER || power > LARGEST_POWER) {
        return round_text_to_digits(x);
    }
    // An error of at most 10^12 2^-53 can't turn the nearest integer into another one, unless the next is as near. The
    // integer and the power of ten are exact, so that the last operation rounds like the reading of the decimal.
    const double digits = scaled(x, power);
    const double whole = (double)(int64_t)digits, rest = digits - whole;
    if (!(digits >= LEAST_DIGITS) || (rest > 0.5 - NEAR_A_TIE && rest < 0.5 + NEAR_A_TIE)) {
        return round_text_to_digits(x);
    }
    return scaled(rest < 0.5 ? whole : whole + 1, -power);
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
