#ifndef RIGHT_H
#define RIGHT_H
/* Prints a power of 3. */
void right_print(unsigned exponent);
#endif
