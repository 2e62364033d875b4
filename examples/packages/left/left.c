#include "left.h"
#include "number.h"
#include <stdio.h>
#include <stdlib.h>

void left_print(unsigned exponent)
{
    char *text = number_power(2, exponent);
    printf("2^%u = %s\n", exponent, text);
    free(text);
}
