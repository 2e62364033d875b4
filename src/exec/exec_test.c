/* src/exec/exec_test.c: sandboxes, from outside.
 *
 * One program, three roles: the tests; "exec_user_test", the same ones as an ordinary user; and
 * "probe NAME", what runs inside (exec_probe.c). The sandbox's toolchain is this program itself and
 * the libraries that it runs with. */
#include "base/file.h"
#include "base/test.h"
#include "exec/exec.h"
#include "exec/exec_probe.h"
#include "exec/exec_world.h"
#include "exec/namespace/seccomp.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Files that several tests give to an action: small, large (bound), executable, link, folder. */
static size_t some_inputs(struct tree_entry ret_inputs[5])
{
    static char large[100000];
    struct digest small;
    struct digest big;
    memset(large, 'x', sizeof large);
    CHECK(store_put(store, STR("int small;\n"), &small, &diags) == OK);
    CHECK(store_put(store, (struct str){large, sizeof large}, &big, &diags) == OK);
    ret_inputs[0] = (struct tree_entry){.path = STR("a/large"), .kind = TREE_FILE, .digest = big};
    ret_inputs[1] =
        (struct tree_entry){.path = STR("a/small.c"), .kind = TREE_FILE, .digest = small};
    ret_inputs[2] = (struct tree_entry){
        .path = STR("b/link"), .kind = TREE_SYMLINK, .target = STR("../a/small.c")};
    ret_inputs[3] =
        (struct tree_entry){.path = STR("exec/b/tool"), .kind = TREE_EXECUTABLE, .digest = big};
    ret_inputs[4] =
        (struct tree_entry){.path = STR("gen/t"), .kind = TREE_DIRECTORY, .digest = toolchain};
    return 5;
}

static void host_files_are_absent(void)
{
    begin();
    probe_holds("host_files", arena_printf(&arena, "%s/store", top).ptr, NULL);
}

static void host_processes_are_absent(void)
{
    begin();
    probe_holds("host_pids", arena_printf(&arena, "%ld", (long)getpid()).ptr, NULL);
}

/* What does not hold under a filter with this key, a bit each. */
static int key_trial(uint64_t key)
{
    static const uint64_t wrong[] = {1, UINT64_C(1) << 32, UINT64_C(0xffffffff), ~UINT64_C(0),
        UINT64_C(0x100000001), UINT64_C(1) << 63};
    int listener_fd;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ns_filter_install(key, &listener_fd, &diags) != OK) {
        return 1;
    }
    int bad = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t other = key ^ wrong[i];
        bool opens = syscall(SYS_unshare, 0, 0, 0, 0, 0, other) == 0 || errno != EPERM ||
                     syscall(SYS_setns, -1, 0, 0, 0, 0, other) == 0 || errno != EPERM;
        bad |= opens ? 2 : 0;
    }
    bad |= syscall(SYS_setns, -1, 0, 0, 0, 0, key) == 0 || errno != EBADF ? 4 : 0;
    bad |= syscall(SYS_unshare, 0, 0, 0, 0, 0, key) != 0 ? 8 : 0;
    bad |= syscall(SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0, key) == 0 || errno != EPERM ? 16 : 0;
    return bad;
}

static void the_key_counts_whole(void)
{
    begin();
    pid_t pid = fork();
    if (pid == 0) {
        _exit(key_trial(UINT64_C(0x0123456789abcdef)));
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

static void all_but_out_and_tmp_is_read_only(void)
{
    static const char *const paths[] = {
        "a/small.c", "a/large", "exec/b/tool", "gen/t/probe", "b/link"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        begin();
        struct tree_entry inputs[5];
        struct exec_action action = probe_action("read_only", paths[i], NULL);
        action.inputs = inputs;
        action.input_count = some_inputs(inputs);
        enum err err = run(&action);
        CHECK(ran_well(err, &result));
    }
}

/* A listener on the host's loopback; returns its port. */
static unsigned listen_loopback(int *ret_fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    *ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(*ret_fd, (struct sockaddr *)&address, len) == 0 && listen(*ret_fd, 1) == 0);
    CHECK(getsockname(*ret_fd, (struct sockaddr *)&address, &len) == 0);
    return ntohs(address.sin_port);
}

static void there_is_no_network(void)
{
    begin();
    AUTO_CLOSE int fd = -1;
    unsigned port = listen_loopback(&fd);
    probe_holds("network", arena_printf(&arena, "%u", port).ptr, NULL);
}

static void host_sockets_are_absent(void)
{
    begin();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = arena_printf(&arena, "straylight-test-%ld", (long)getpid()).ptr;
    memcpy(address.sun_path + 1, name, strlen(name));
    AUTO_CLOSE int hidden = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(hidden, (struct sockaddr *)&address,
              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == 0);
    CHECK(listen(hidden, 1) == 0);
    AUTO_CLOSE int seen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memset(address.sun_path, 0, sizeof address.sun_path);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", top);
    CHECK(bind(seen, (struct sockaddr *)&address, sizeof address) == 0 && listen(seen, 1) == 0);
    probe_holds("unix_sockets", name, address.sun_path);
    (void)unlink(address.sun_path);
}

/* One of two actions that live at the same time. */
struct meeting {
    const char *mine, *other;
    bool well;
};

static void *meet_one(void *context)
{
    struct meeting *meeting = context;
    struct arena own = {0};
    struct diags own_diags;
    struct exec_result got = {0};
    diags_init(&own_diags, &own, NULL);
    struct str argv[] = {
        STR("/probe"), STR("probe"), STR("meet"), str_of(meeting->mine), str_of(meeting->other)};
    struct exec_action action = {.root = toolchain, .argv = argv, .argv_count = 5};
    enum err err = exec_run(exec, &action, &own, &got, &own_diags);
    meeting->well = err == OK && got.end == EXEC_EXITED && got.code == 0;
    arena_release(&own);
    return NULL;
}

static void two_live_actions_share_nothing(void)
{
    begin();
    struct meeting meetings[2] = {{.mine = "a", .other = "b"}, {.mine = "b", .other = "a"}};
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, meet_one, &meetings[i]) == 0);
    }
    for (size_t i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(meetings[i].well);
    }
}

static void nothing_is_left_for_the_next(void)
{
    begin();
    for (int i = 0; i < 4; i++) { /* more than slots */
        probe_holds("empty", NULL, NULL);
    }
}

/* Any process of any user with this in its command line. */
static bool process_exists(const char *part)
{
    DIR *proc = opendir("/proc");
    bool found = false;
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        char path[300];
        char line[512];
        (void)snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t len = fd < 0 ? 0 : read(fd, line, sizeof line);
        found = found || (len > 0 && memmem(line, (size_t)len, part, strlen(part)) != NULL);
    }
    (void)closedir(proc);
    return found;
}

static void a_daemon_dies_with_its_action(void)
{
    begin();
    const char *mark = arena_printf(&arena, "straylight-daemon-%ld", (long)getpid()).ptr;
    struct exec_action action = probe_action("leave_daemon", mark, NULL);
    struct str output = STR("out/late");
    action.outputs = &output;
    action.output_count = 1;
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
    CHECK(!process_exists(mark));
    CHECK(result.output_count == 1 && blob(&result.outputs[0].digest).len > 0);
}

static void namespaces_cannot_be_entered(void)
{
    begin();
    probe_holds("namespaces", NULL, NULL);
}

static void devices_are_the_least(void)
{
    begin();
    probe_holds("devices", NULL, NULL);
}

static void descriptors_are_three(void)
{
    begin();
    AUTO_CLOSE int inherited = open("/dev/null", O_RDONLY);
    CHECK(inherited > 2);
    probe_holds("descriptors", NULL, NULL);
}

static void kernel_files_are_absent(void)
{
    begin();
    probe_holds("kernel_files", NULL, NULL);
}

static void system_calls_are_few(void)
{
    begin();
    probe_holds("system_calls", NULL, NULL);
}

static void a_child_can_be_traced(void)
{
    begin();
    probe_holds("trace_child", NULL, NULL);
}

static void identity_is_fixed(void)
{
    begin();
    probe_holds("identity", NULL, NULL);
}

static void space_is_bounded(void)
{
    begin();
    probe_holds("fill", NULL, NULL);
}

static void environment_is_as_said(void)
{
    begin();
    struct exec_env env[] = {{STR("A"), STR("b c")}, {STR("PATH"), STR("/usr/bin")}};
    struct exec_action action = probe_action("environment", NULL, NULL);
    action.env = env;
    action.env_count = 2;
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
    CHECK_STR(blob(&result.stdout_digest), STR("HOME=/nonexistent\nLC_ALL=C\nSOURCE_DATE_EPOCH=1\n"
                                               "TZ=UTC\nA=b c\nPATH=/usr/bin\n"));
    env[0].name = STR("HOME");
    CHECK(run(&action) == ERR_INVALID);
    CHECK_TOLD("cannot set the variable HOME");
}

static struct str listing(void)
{
    struct tree_entry inputs[5];
    struct exec_action action = probe_action("list", NULL, NULL);
    action.inputs = inputs;
    action.input_count = some_inputs(inputs);
    struct str output = STR("out/p/q/x");
    action.outputs = &output;
    action.output_count = 1;
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
    CHECK_STR(result.missing, output);
    return blob(&result.stdout_digest);
}

static void two_runs_see_the_same(void)
{
    begin();
    struct str first = listing();
    CHECK(contains(first, "/build/a/small.c 100444 1 1000 1000 11 1.000000000\n"));
    CHECK(contains(first, "/build/exec/b/tool 100555 1 1000 1000 100000 1.000000000\n"));
    CHECK(contains(first, "/build/gen/t/probe 100555 "));
    CHECK(contains(first, "/build/out/p/q 40755 "));
    CHECK_STR(listing(), first);
}

/* Forty files in h/, and what may lie beside or below; three actions list what they see. */
static void a_shared_folder_is_laid_out_once(void)
{
    begin();
    enum {
        FILES = 40,
    };
    struct tree_entry inputs[FILES + 1] = {0};
    struct str texts[3];
    for (size_t i = 0; i < FILES; i++) {
        inputs[i].path = arena_printf(&arena, "h/%02zu.h", i);
        inputs[i].kind = i % 2 == 0 ? TREE_FILE : TREE_EXECUTABLE;
        CHECK(store_put(store, inputs[i].path, &inputs[i].digest, &diags) == OK);
    }
    inputs[FILES] = inputs[0];
    inputs[FILES].path = STR("z.c");
    for (size_t i = 0; i < 3; i++) {
        struct exec_action action = probe_action("list", NULL, NULL);
        action.inputs = inputs;
        action.input_count = FILES + 1;
        enum err err = run(&action);
        CHECK(ran_well(err, &result));
        texts[i] = blob(&result.stdout_digest);
        CHECK(contains(texts[i], "/build/h/00.h 100444 "));
        CHECK(contains(texts[i], "/build/h/39.h 100555 "));
        CHECK(contains(texts[i], "/build/z.c 100444 1 "));
    }
    CHECK(contains(texts[0], "/build/h/00.h 100444 1 1000 1000 6 1.000000000\n")); /* a copy */
    CHECK(contains(texts[1], "/build/h/00.h 100444 2 1000 1000 6 1.000000000\n")); /* a link */
    CHECK_STR(texts[1], texts[2]);
    inputs[FILES].path = STR("h/a/deep.h"); /* now it cannot be one folder */
    struct exec_action action = probe_action("list", NULL, NULL);
    action.inputs = inputs;
    action.input_count = FILES + 1;
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
    CHECK(contains(blob(&result.stdout_digest), "/build/h/00.h 100444 1 "));
    CHECK(contains(blob(&result.stdout_digest), "/build/h/a/deep.h 100444 1 "));
}

static void processes_are_bounded(void)
{
    begin();
    struct exec_action action = probe_action("many_processes", NULL, NULL);
    action.timeout_ms = 15000;
    CHECK(run(&action) == OK && result.end == EXEC_PROCESSES);
    probe_holds("trace", "look", NULL); /* the next is not blamed for it */
}

static void memory_is_bounded(void)
{
    begin();
    static const char *const kinds[] = {"private", "shared"};
    struct exec_action action;
    for (size_t i = 0; i < 2; i++) {
        action = probe_action("much_memory", kinds[i], NULL);
        action.timeout_ms = 15000;
        action.memory_max_bytes = (uint64_t)256 << 20;
        CHECK(run(&action) == OK && result.end == EXEC_MEMORY);
        CHECK(result.memory_max_bytes == (uint64_t)256 << 20);
    }
    action = probe_action("much_in_files", NULL, NULL);
    action.memory_max_bytes = (uint64_t)64 << 20;
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
    action = probe_action("leave", "1", NULL);
    CHECK(run(&action) == OK && result.end == EXEC_EXITED && result.code == 1);
    CHECK(result.memory_max_bytes > (uint64_t)256 << 20);
}

/* In one slot, one after the other. */
static void an_action_leaves_no_trace(void)
{
    begin();
    struct exec *shared = exec;
    CHECK(exec_new(store, 1, &exec, &diags) == OK);
    probe_holds("trace", "look", NULL);
    struct str first = blob(&result.stdout_digest);
    for (int i = 0; i < 3; i++) {
        probe_holds("trace", "leave", NULL);
        probe_holds("trace", "look", NULL);
        CHECK_STR(blob(&result.stdout_digest), first);
    }
    exec_free(exec);
    exec = shared;
}

/* Outputs that are refused: a probe makes them, the message says why. */
static const struct {
    const char *name, *first, *second; /* probe and arguments */
    const char *output;
    bool folder;
    const char *told;
} refused[] = {
    {"make_symlink", "/etc/passwd", "out/x", "out/x", false,
        "output out/x is a symbolic link, not a file"},
    {"make_symlink", "../../x", "out/x", "out/x", false, "is a symbolic link"},
    {"make_detour", "out/d", "/", "out/d/etc/passwd", false, "goes through"},
    {"make_symlink", "/", "out/d", "out/d", true, "is a symbolic link, not a folder"},
    {"make_fifo", "out/x", NULL, "out/x", false, "is a named pipe"},
    {"make_socket", "out/x", NULL, "out/x", false, "is a socket"},
    {"make_folder", "out/x", NULL, "out/x", false, "is a folder, not a file"},
    {"make_file", "out/x", "0644", "out/x", true, "is a file, not a folder"},
    {"make_file", "out/x", "04755", "out/x", false, "set-user-id"},
    {"make_file", "out/x", "02755", "out/x", false, "set-user-id or set-group-id"},
};

static void odd_outputs_are_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        begin();
        struct exec_action action =
            probe_action(refused[i].name, refused[i].first, refused[i].second);
        struct str output = str_of(refused[i].output);
        *(refused[i].folder ? &action.folders : &action.outputs) = &output;
        *(refused[i].folder ? &action.folder_count : &action.output_count) = 1;
        CHECK(run(&action) == ERR_INVALID);
        CHECK_TOLD(refused[i].told);
    }
}

static void outputs_are_kept(void)
{
    begin();
    static const struct {
        const char *mode;
        enum tree_entry_kind kind;
    } cases[] = {{"0644", TREE_FILE}, {"0755", TREE_EXECUTABLE}, {"0100", TREE_EXECUTABLE},
        {"0000", TREE_FILE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exec_action action = probe_action("make_file", "out/a/b/x", cases[i].mode);
        struct str output = STR("out/a/b/x");
        action.outputs = &output;
        action.output_count = 1;
        enum err err = run(&action);
        CHECK(ran_well(err, &result));
        CHECK(result.output_count == 1 && result.missing.len == 0);
        if (result.output_count == 1) {
            CHECK(result.outputs[0].kind == cases[i].kind);
            CHECK_STR(result.outputs[0].path, output);
            CHECK_STR(blob(&result.outputs[0].digest), STR("made\n"));
        }
    }
}

static void a_folder_is_kept(void)
{
    begin();
    struct exec_action action = probe_action("make_folder", "out/f", NULL);
    struct str folder = STR("out/f");
    action.folders = &folder;
    action.folder_count = 1;
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
    CHECK(result.output_count == 1 && result.outputs[0].kind == TREE_DIRECTORY);
}

static void what_it_says_is_kept(void)
{
    begin();
    probe_holds("say", "to out", "to err");
    CHECK_STR(blob(&result.stdout_digest), STR("to out"));
    CHECK_STR(blob(&result.stderr_digest), STR("to err"));
    CHECK(result.rss_max_bytes > 0 && result.wall_us > 0);
    CHECK(str_starts(result.level, STR("namespace: user mount pid net ipc uts cgroup; seccomp; ")));
    (void)printf("# level: %.*s\n", STR_ARG(result.level));
    probe_holds("say_much", "10", NULL);
    CHECK(result.stdout_digest.size_bytes == 10 << 20);
    struct exec_action action = probe_action("say_much", "80", NULL);
    CHECK(run(&action) == OK && result.end == EXEC_FLOODED && result.ran);
    CHECK(result.stdout_digest.size_bytes == 64 * 1024 && result.output_count == 0);
}

static void its_end_is_told(void)
{
    begin();
    struct exec_action action = probe_action("leave", "3", NULL);
    CHECK(run(&action) == OK && result.end == EXEC_EXITED && result.code == 3);
    action = probe_action("die", "6", NULL);
    CHECK(run(&action) == OK && result.end == EXEC_SIGNALLED && result.code == SIGABRT);
    action = probe_action("sleep_long", NULL, NULL);
    action.timeout_ms = 30;
    CHECK(run(&action) == OK && result.end == EXEC_TIMED_OUT);
}

static void mistakes_are_told(void)
{
    static const struct {
        const char *program, *told;
    } cases[] = {
        {"/absent", "cannot start /absent in the sandbox: it is not there"},
        {"probe", "needs a path"},
        {"./a/small.c", "cannot start ./a/small.c in the sandbox: Permission denied"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        struct tree_entry inputs[5];
        struct str argv = str_of(cases[i].program);
        struct exec_action action = {.root = toolchain, .argv = &argv, .argv_count = 1};
        action.inputs = inputs;
        action.input_count = some_inputs(inputs);
        CHECK(run(&action) == ERR_INVALID);
        CHECK_TOLD(cases[i].told);
    }
}

static void what_the_store_lacks_is_told(void)
{
    begin();
    struct digest absent = digest_of(STR("nobody has this"));
    struct exec_action action = probe_action("leave", "0", NULL);
    action.root = absent;
    CHECK(run(&action) == ERR_ABSENT);
    CHECK_TOLD("cannot stage the action's toolchain");
    begin();
    action = probe_action("leave", "0", NULL);
    struct tree_entry input = {.path = STR("a/b.c"), .kind = TREE_FILE, .digest = absent};
    action.inputs = &input;
    action.input_count = 1;
    CHECK(run(&action) == ERR_ABSENT);
    CHECK_TOLD("cannot stage input a/b.c");
    begin();
    action = probe_action("leave", "0", NULL);
    input = (struct tree_entry){.path = STR("dev/x"), .kind = TREE_SYMLINK, .target = STR("y")};
    CHECK(tree_build(store, &input, 1, true, &action.root, &diags) == OK);
    CHECK(run(&action) == ERR_INVALID);
    CHECK_TOLD("a toolchain tree has /dev, which the sandbox makes itself");
}

static void bad_paths_are_refused(void)
{
    static const char *const outputs[] = {
        "x", "out", "out/../x", "out//x", "out/./x", "/out/x", "out/"};
    static const char *const inputs[] = {"", "..", "a/../b", "/a", "out/a", "out", "a/", "./a"};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        begin();
        struct exec_action action = probe_action("leave", "0", NULL);
        struct str output = str_of(outputs[i]);
        action.outputs = &output;
        action.output_count = 1;
        CHECK(run(&action) == ERR_INVALID);
    }
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        begin();
        struct exec_action action = probe_action("leave", "0", NULL);
        struct tree_entry input = {
            .path = str_of(inputs[i]), .kind = TREE_SYMLINK, .target = STR("x")};
        action.inputs = &input;
        action.input_count = 1;
        CHECK(run(&action) == ERR_INVALID);
    }
}

/* The youngest child of this process. */
static pid_t last_child(void)
{
    char path[64];
    char text[4096] = "";
    (void)snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    pid_t last = -1;
    char *rest = fd_read_full(fd, text, sizeof text - 1) > 0 ? text : NULL;
    while (rest != NULL && *rest >= '0' && *rest <= '9') {
        last = (pid_t)strtoul(rest, &rest, 10);
        rest += *rest == ' ' ? 1 : 0;
    }
    return last;
}

static void *kill_later(void *context)
{
    (void)usleep(100000);
    (void)kill(*(pid_t *)context, SIGKILL);
    return NULL;
}

static void a_lost_runner_is_told(void)
{
    begin();
    struct exec *shared = exec;
    CHECK(exec_new(store, 1, &exec, &diags) == OK);
    pid_t runner = last_child();
    CHECK(runner > 0);
    const char *mark = arena_printf(&arena, "straylight-orphan-%ld", (long)getpid()).ptr;
    struct exec_action action = probe_action("sleep_long", mark, NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, kill_later, &runner) == 0);
    CHECK(run(&action) == ERR_IO);
    CHECK_TOLD("runner died");
    CHECK(pthread_join(thread, NULL) == 0);
    for (int i = 0; i < 200 && process_exists(mark); i++) {
        (void)usleep(10000); /* the kernel kills it; nobody waits for that */
    }
    CHECK(!process_exists(mark));
    CHECK(run(&action) == ERR_IO);
    CHECK_TOLD("all runners have died");
    exec_free(exec);
    exec = shared;
}

static void *cancel_later(void *context)
{
    (void)usleep(100000);
    exec_cancel(context);
    return NULL;
}

static void all_can_be_cancelled(void)
{
    begin();
    struct exec *shared = exec;
    CHECK(exec_new(store, 1, &exec, &diags) == OK);
    struct exec_action action = probe_action("sleep_long", NULL, NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, cancel_later, exec) == 0);
    CHECK(run(&action) == OK && result.end == EXEC_CANCELLED);
    CHECK(run(&action) == OK && result.end == EXEC_CANCELLED);
    CHECK(pthread_join(thread, NULL) == 0);
    exec_free(exec);
    exec = shared;
}

/* Runs child in a process of its own, which has no threads; its checks are counted here. */
static void in_child(void (*child)(void))
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* to write our own id maps, after setuid */
        child();
        (void)fflush(stdout);
        _exit(test_failed ? 1 : 0);
    }
    int status = 1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static bool write_file(const char *path, const char *text)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && fd_write_all(fd, str_of(text)) == OK;
}

/* A user namespace in which fewer namespaces can be made. */
static void limit_namespaces(const char *limit, const char *max)
{
    unsigned uid = geteuid();
    unsigned gid = getegid();
    CHECK(unshare(CLONE_NEWUSER) == 0);
    CHECK(write_file("/proc/self/setgroups", "deny"));
    CHECK(write_file("/proc/self/uid_map", arena_printf(&arena, "0 %u 1", uid).ptr));
    CHECK(write_file("/proc/self/gid_map", arena_printf(&arena, "0 %u 1", gid).ptr));
    CHECK(write_file(limit, max));
}

static void without_user_namespaces(void)
{
    limit_namespaces("/proc/sys/user/max_user_namespaces", "0");
    struct exec *none = NULL;
    CHECK(exec_new(store, 2, &none, &diags) == ERR_IO);
    CHECK_TOLD("the kernel refuses a user namespace");
    CHECK_TOLD("straylight doctor");
}

/* The slot's own namespaces can be made; those of the second action, when the first has used them,
 * cannot. */
static void with_few_namespaces(const char *limit, const char *reason)
{
    limit_namespaces(limit, "1");
    struct exec *own = NULL;
    CHECK(exec_new(store, 1, &own, &diags) == OK);
    enum err err = OK;
    struct exec_action action = probe_action("empty", NULL, NULL);
    for (int i = 0; i < 2 && own != NULL && err == OK; i++) {
        err = exec_run(own, &action, &arena, &result, &diags);
    }
    CHECK(err == ERR_IO);
    CHECK_TOLD(reason);
    CHECK_TOLD("straylight doctor");
    exec_free(own);
}

static void without_pid_namespaces(void)
{
    limit_namespaces("/proc/sys/user/max_pid_namespaces", "0");
    struct exec *own = NULL;
    CHECK(exec_new(store, 1, &own, &diags) == OK);
    struct exec_action action = probe_action("leave", "0", NULL);
    CHECK(exec_run(own, &action, &arena, &result, &diags) == ERR_IO);
    CHECK_TOLD("the kernel refuses a pid namespace");
    CHECK_TOLD("straylight doctor");
    exec_free(own);
}

static void without_second_ipc(void)
{
    with_few_namespaces("/proc/sys/user/max_ipc_namespaces", "the kernel refuses an ipc namespace");
}

static void without_second_network(void)
{
    with_few_namespaces(
        "/proc/sys/user/max_net_namespaces", "the kernel refuses a network namespace");
}

/* As in a container that covers parts of /proc: the kernel then refuses a new one. */
static void with_covered_proc(void)
{
    limit_namespaces("/proc/sys/user/max_user_namespaces", "100");
    CHECK(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
    CHECK(mount("none", "/proc/sys", "tmpfs", 0, NULL) == 0);
    struct exec *own = NULL;
    CHECK(exec_new(store, 1, &own, &diags) == OK);
    struct exec_action action = probe_action("kernel_files", NULL, NULL);
    enum err err = own == NULL ? ERR_IO : exec_run(own, &action, &arena, &result, &diags);
    CHECK(ran_well(err, &result));
    CHECK(contains(result.level, "; no proc"));
    exec_free(own);
}

static void a_covered_proc_is_told(void)
{
    begin();
    in_child(with_covered_proc);
}

static void a_missing_namespace_fails_closed(void)
{
    begin();
    in_child(without_user_namespaces);
    in_child(without_pid_namespaces);
    in_child(without_second_ipc);
    in_child(without_second_network);
}

static void the_doctor_looks(void)
{
    begin();
    struct exec_check *checks;
    size_t count = 0;
    CHECK(exec_doctor(&arena, &checks, &count, &diags) == OK);
    CHECK(count >= 8);
    for (size_t i = 0; i < count; i++) {
        CHECK(checks[i].works || !checks[i].needed); /* as the tests above ran */
        CHECK(checks[i].works || checks[i].help.len > 0);
        (void)printf("# %.*s: %s (%.*s)\n", STR_ARG(checks[i].name), checks[i].works ? "yes" : "no",
            STR_ARG(checks[i].detail));
    }
}

/* A compiler */

static const char assemble[] =
    "set -e; cd \"$1\"; gcc=$(command -v gcc)\n"
    "keep() { for f; do f=$(realpath -s \"$f\"); [ -e \"./$f\" ] && continue\n"
    "  mkdir -p \"./${f%/*}\"; cp -L \"$f\" \"./$f\"; done; }\n"
    "keep $(gcc -print-prog-name=cc1) $(gcc -print-prog-name=collect2)\n"
    "mkdir -p usr/bin; cp -L $gcc usr/bin/gcc\n"
    "for p in as ld; do cp -L $(command -v $p) usr/bin/$p; done\n"
    "for f in crt1.o Scrt1.o crti.o crtn.o crtbegin.o crtbeginS.o crtend.o crtendS.o libgcc.a "
    "liblto_plugin.so \\\n"
    "  libgcc_s.so libgcc_s.so.1 libc.so libc_nonshared.a; do keep $(gcc -print-file-name=$f); "
    "done\n"
    "keep $(echo '#include <stdio.h>' | gcc -O2 -M -E - | tr -d '\\\\:' | tr ' ' '\\n' | grep ^/)\n"
    "for p in $gcc $(gcc -print-prog-name=cc1) $(command -v as) $(command -v ld); do\n"
    "  keep $(ldd $p | grep -o '/[^ ]*'); done\n";

static bool run_shell(const char *script, const char *argument)
{
    const char *const argv[] = {"sh", "-c", script, "sh", argument, NULL};
    pid_t pid;
    int status = 1;
    /* posix_spawn takes its arguments as if it could change them. */
    return posix_spawn(&pid, "/bin/sh", NULL, NULL, (char *const *)(uintptr_t)argv, environ) == 0 &&
           waitpid(pid, &status, 0) == pid && status == 0;
}

/* One action of the compiler; outputs' digest. */
static struct digest compile(const struct digest *root, const struct tree_entry *inputs,
    size_t input_count, const char *const *argv, struct str output)
{
    struct str args[16];
    size_t count = 0;
    while (argv[count] != NULL) {
        args[count] = str_of(argv[count]);
        count++;
    }
    struct exec_env path = {STR("PATH"), STR("/usr/bin")};
    struct exec_action action = {.root = *root,
        .inputs = inputs,
        .input_count = input_count,
        .argv = args,
        .argv_count = count,
        .env = &path,
        .env_count = 1,
        .outputs = &output,
        .output_count = 1};
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
    CHECK(result.output_count == 1);
    return result.output_count == 1 ? result.outputs[0].digest : digest_empty;
}

static void a_compiler_works(void)
{
    begin();
    const char *folder = arena_printf(&arena, "%s/gcc", top).ptr;
    if (mkdir(folder, 0755) != 0 || !run_shell(assemble, folder)) {
        test_skip("a_compiler_works", "no gcc that can be copied");
        return;
    }
    struct digest root;
    struct digest source;
    CHECK(import(folder, &root) == OK);
    CHECK(
        store_put(store, STR("#include <stdio.h>\nint main(void) { return puts(__FILE__) < 0; }\n"),
            &source, &diags) == OK);
    struct tree_entry input = {.path = STR("src/a.c"), .kind = TREE_FILE, .digest = source};
    static const char *const to_object[] = {
        "/usr/bin/gcc", "-g", "-O2", "-c", "src/a.c", "-o", "out/a.o", NULL};
    static const char *const to_program[] = {"/usr/bin/gcc", "gen/a.o", "-o", "out/a", NULL};
    static const char *const to_text[] = {"exec/a", NULL};
    input.digest = compile(&root, &input, 1, to_object, STR("out/a.o"));
    struct digest again = input.digest;
    input.path = STR("gen/a.o");
    input.digest = compile(&root, &input, 1, to_program, STR("out/a"));
    input.path = STR("exec/a");
    input.kind = TREE_EXECUTABLE;
    struct str program = str_of(to_text[0]);
    struct exec_action action = {
        .root = root, .inputs = &input, .input_count = 1, .argv = &program, .argv_count = 1};
    enum err err = run(&action);
    CHECK(ran_well(err, &result));
    CHECK_STR(blob(&result.stdout_digest), STR("src/a.c\n"));
    input = (struct tree_entry){.path = STR("src/a.c"), .kind = TREE_FILE, .digest = source};
    struct digest second = compile(&root, &input, 1, to_object, STR("out/a.o"));
    CHECK(digest_eq(&again, &second));
}

/* As another user, with another store: the same bytes. */
static int other_end = -1;
static void list_as_user(void)
{
    CHECK(setgroups(0, NULL) == 0 && setresgid(UID_USER, UID_USER, UID_USER) == 0 &&
          setresuid(UID_USER, UID_USER, UID_USER) == 0);
    CHECK(world_make());
    a_toolchain_is_made();
    if (exec_new(store, 1, &exec, &diags) == OK) {
        CHECK(fd_write_all(other_end, listing()) == OK);
        exec_free(exec);
    }
    world_remove();
}

static void root_and_user_see_the_same(void)
{
    begin();
    int ends[2];
    CHECK(pipe(ends) == 0 && fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) >= 0);
    other_end = ends[1];
    in_child(list_as_user);
    fd_close(&ends[1]);
    char *text = arena_alloc(&arena, 1 << 20);
    ssize_t len = fd_read_full(ends[0], text, 1 << 20);
    fd_close(&ends[0]);
    CHECK(len > 0);
    CHECK_STR(listing(), ((struct str){.ptr = text, .len = len > 0 ? (size_t)len : 0}));
}

static void all_tests(bool root)
{
    TEST(host_files_are_absent);
    TEST(host_processes_are_absent);
    TEST(the_key_counts_whole);
    TEST(all_but_out_and_tmp_is_read_only);
    TEST(there_is_no_network);
    TEST(host_sockets_are_absent);
    TEST(two_live_actions_share_nothing);
    TEST(nothing_is_left_for_the_next);
    TEST(an_action_leaves_no_trace);
    TEST(a_daemon_dies_with_its_action);
    TEST(namespaces_cannot_be_entered);
    TEST(devices_are_the_least);
    TEST(descriptors_are_three);
    TEST(kernel_files_are_absent);
    TEST(system_calls_are_few);
    TEST(a_child_can_be_traced);
    TEST(identity_is_fixed);
    TEST(space_is_bounded);
    TEST(environment_is_as_said);
    TEST(two_runs_see_the_same);
    TEST(a_shared_folder_is_laid_out_once);
    if (root) {
        TEST(root_and_user_see_the_same);
    } else {
        test_skip("root_and_user_see_the_same", "needs root");
    }
    if (bounded) {
        TEST(processes_are_bounded);
        TEST(memory_is_bounded);
    } else {
        test_skip("processes_are_bounded", "neither a cgroup nor a /proc to look at");
        test_skip("memory_is_bounded", "the same");
    }
    TEST(odd_outputs_are_refused);
    TEST(outputs_are_kept);
    TEST(a_folder_is_kept);
    TEST(what_it_says_is_kept);
    TEST(its_end_is_told);
    TEST(mistakes_are_told);
    TEST(what_the_store_lacks_is_told);
    TEST(bad_paths_are_refused);
    TEST(a_lost_runner_is_told);
    TEST(all_can_be_cancelled);
    TEST(a_missing_namespace_fails_closed);
    TEST(a_covered_proc_is_told);
    TEST(the_doctor_looks);
    TEST(a_compiler_works);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "probe") == 0) {
        return exec_probe_main(argc, argv);
    }
    bool as_user = str_ends(str_of(argv[0]), STR("exec_user_test"));
    if (as_user && geteuid() != 0) {
        test_skip("all as an ordinary user", "exec_test does it: this is no root");
        return test_done();
    }
    if (as_user && (setgroups(0, NULL) != 0 || setresgid(UID_USER, UID_USER, UID_USER) != 0 ||
                       setresuid(UID_USER, UID_USER, UID_USER) != 0)) {
        test_skip("all as an ordinary user", "root cannot become another user here");
        return test_done();
    }
    if (!world_make()) {
        return 1;
    }
    if (exec_new(store, 2, &exec, &diags) != OK) {
        (void)printf("# %.*s\n", STR_ARG(told()));
        test_skip("all sandboxes", "the kernel refuses one: see above");
        world_remove();
        return test_done();
    }
    TEST(a_toolchain_is_made);
    begin();
    struct exec_action action = probe_action("leave", "0", NULL);
    bounded = run(&action) == OK && !contains(result.level, "unbounded");
    all_tests(geteuid() == 0);
    exec_free(exec);
    world_remove();
    return test_done();
}
