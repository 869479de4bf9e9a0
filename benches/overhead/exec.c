/* The least that a shim can do: become the real program. Built static with musl, it is the floor
 * that agentguard's own shim is compared with. usage: exec PROGRAM ARG... (PROGRAM a path) */
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    execve(argv[1], argv + 1, environ);
    return 127;
}
