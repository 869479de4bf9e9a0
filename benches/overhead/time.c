/* Times commands against each other, interleaved, so that a busy machine is busy for all of them.
 * usage: time ROUNDS -- PROGRAM ARG... -- PROGRAM ARG... ...     (PROGRAM a path)
 * Prints one line each: median, 10th and 90th percentile in microseconds of spawn to exit. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    char **command[16];
    double *sample[16];
    int count = 0, rounds = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--") == 0) {
            argv[i] = NULL;
            if (count < 16 && i + 1 < argc)
                command[count++] = argv + i + 1;
        }
    if (rounds < 1 || count < 1)
        return 2;

    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);

    for (int c = 0; c < count; c++)
        if (!(sample[c] = malloc(sizeof(double) * rounds)))
            return 1;
    for (int round = -5; round < rounds; round++) /* the first five warm up */
        for (int i = 0; i < count; i++) {
            int c = (i + round + 5) % count; /* no command always follows the same one */
            pid_t child;
            int status;
            double start = now();
            if (posix_spawn(&child, command[c][0], &quiet, NULL, command[c], environ) != 0 ||
                waitpid(child, &status, 0) != child || status != 0) {
                fprintf(stderr, "time: %s failed\n", command[c][0]);
                return 1;
            }
            if (round >= 0)
                sample[c][round] = now() - start;
        }
    for (int c = 0; c < count; c++) {
        qsort(sample[c], rounds, sizeof(double), ascending);
        printf("%.1f %.1f %.1f\n", sample[c][rounds / 2], sample[c][rounds / 10], sample[c][rounds * 9 / 10]);
    }
    return 0;
}
