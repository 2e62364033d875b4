/* make_header FILE: the version in FILE as a C header. */
#include <stdio.h>

int main(int argc, char **argv)
{
    int major, minor, patch;
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (file == NULL || fscanf(file, "%d.%d.%d", &major, &minor, &patch) != 3) {
        fprintf(stderr, "make_header: no version in %s\n", argc == 2 ? argv[1] : "nothing");
        return 1;
    }
    printf("#ifndef VERSION_H\n#define VERSION_H\n#define VERSION \"%d.%d.%d\"\n#endif\n", major, minor,
        patch);
    return 0;
}
