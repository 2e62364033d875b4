#include "right.h"
#include "number.h"
#include <stdio.h>
#include <stdlib.h>

void right_print(unsigned exponent)
{
    char *text = number_power(3, exponent);
    printf("3^%u = %s\n", exponent, text);
    free(text);
}
