#include "left.h"
#include "right.h"
#include "version.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    unsigned exponent = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
    printf("app " VERSION "\n");
    left_print(exponent);
    right_print(exponent);
    return 0;
}
