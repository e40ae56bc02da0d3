// Sets GOMP_SPINCOUNT=1000 for the command unless the user has chosen a value.
//
// The engine's threads spin while they wait. The default spins so long that a second busy process cuts a training step to a
// third of its rate; 1000 costs nothing on a quiet machine. libgomp reads the variable once, in its own initialiser, before
// any code of ours could run - except what stands in .preinit_array, which the loader calls first. The C library has not
// taken over the environment by then, so a changed one is handed to a fresh image of this program; nothing has been
// initialised yet, and the second loading finds every page in memory.
#include "CProcessStart.h"

#ifdef __linux__
#include <string.h>
#include <unistd.h>

static int has(char **environment, const char *name) {
  const size_t length = strlen(name);
  for (; *environment; ++environment)
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return 1;
  return 0;
}

static void choose_spin_count(int argc, char **arguments, char **environment) {
  (void)argc;
  if (has(environment, "GOMP_SPINCOUNT") || has(environment, "OMP_WAIT_POLICY")) return;
  int count = 0;
  while (environment[count]) ++count;
  char *changed[count + 2];
  for (int i = 0; i < count; ++i) changed[i] = environment[i];
  changed[count] = (char *)"GOMP_SPINCOUNT=1000";
  changed[count + 1] = 0;
  char program[4096];  // the real path, so that the process keeps its name
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return;
  program[length] = 0;
  execve(program, arguments, changed);  // where it fails, the program goes on with the default
}

__attribute__((section(".preinit_array"), used)) static void (*const entry)(int, char **, char **) = choose_spin_count;
#endif
