#ifndef LEFT_H
#define LEFT_H
/* Prints a power of 2. */
void left_print(unsigned exponent);
#endif
