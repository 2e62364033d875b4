#include <stdio.h>

int main(void)
{
    puts("Hello from a sandbox.");
    return 0;
}
