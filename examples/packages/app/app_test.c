/* app_test PROGRAM: PROGRAM 64 prints the version and 2^64. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int fds[2];
    char text[4096];
    if (argc != 2 || pipe(fds) != 0) {
        return 1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        execl(argv[1], argv[1], "64", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    size_t len = 0;
    ssize_t n;
    while ((n = read(fds[0], text + len, sizeof text - 1 - len)) > 0) {
        len += (size_t)n;
    }
    text[len] = '\0';
    int status = 1;
    waitpid(pid, &status, 0);
    const char *want = "app 1.2.3\n2^64 = 18446744073709551616\n3^64 = ";
    if (status != 0 || strncmp(text, want, strlen(want)) != 0) {
        printf("status %d, output:\n%s", status, text);
        return 1;
    }
    return 0;
}
