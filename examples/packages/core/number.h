#ifndef NUMBER_H
#define NUMBER_H
/* base to the power of exponent, in decimal; the caller frees it. */
char *number_power(unsigned base, unsigned exponent);
#endif
