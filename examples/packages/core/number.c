#include "number.h"
#include <gmp.h>

char *number_power(unsigned base, unsigned exponent)
{
    mpz_t number;
    mpz_init(number);
    mpz_ui_pow_ui(number, base, exponent);
    char *text = mpz_get_str(NULL, 10, number);
    mpz_clear(number);
    return text;
}
