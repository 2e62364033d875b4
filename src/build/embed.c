/* src/build/embed.c: a program of the build: files as C arrays.
 *
 *   embed --strip dhall/ dhall/dice/v1.dhall ...  > packages_data.c
 *
 * Stands alone: it runs before the library is there. */
#include <stdio.h>
#include <string.h>

static int array_print(const char *path, int number)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    (void)printf("static const unsigned char file_%d[] = {", number);
    size_t count = 0;
    int c = fgetc(file);
    while (c != EOF) {
        (void)printf("%s%d,", count % 24 == 0 ? "\n    " : "", c);
        count++;
        c = fgetc(file);
    }
    (void)printf("\n};\n");
    int failed = ferror(file);
    return fclose(file) != 0 || failed != 0 || count == 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc < 4 || strcmp(argv[1], "--strip") != 0) {
        (void)fprintf(stderr, "usage: embed --strip PREFIX FILE...\n");
        return 2;
    }
    size_t prefix_len = strlen(argv[2]);
    (void)printf("/* Made by src/build/embed.c. */\n#include \"build/packages.h\"\n\n");
    for (int i = 3; i < argc; i++) {
        if (array_print(argv[i], i - 3) != 0) {
            (void)fprintf(stderr, "embed: cannot read %s\n", argv[i]);
            return 1;
        }
    }
    (void)printf("const struct package_file package_files[] = {\n");
    for (int i = 3; i < argc; i++) {
        const char *name = argv[i]; /* behind the last PREFIX in it */
        for (const char *at = strstr(name, argv[2]); at != NULL; at = strstr(name, argv[2])) {
            name = at + prefix_len;
        }
        (void)printf("    {\"%s\", file_%d, sizeof file_%d},\n", name, i - 3, i - 3);
    }
    (void)printf("};\nconst size_t package_file_count = %d;\n", argc - 3);
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}
