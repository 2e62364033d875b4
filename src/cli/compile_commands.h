/* src/cli/compile_commands.h: compile_commands.json, for editors (clangd) and analysers. */
#ifndef CLI_COMPILE_COMMANDS_H
#define CLI_COMPILE_COMMANDS_H
#include "build/build.h"
#include "cli/command.h"

#define COMPILE_COMMANDS_FILE "compile_commands.json"
/* Writes it at the workspace's root: one entry for each source that any target of the default
 * configuration compiles. A file that says the same already stays as it is. */
enum err compile_commands_write(struct cli *cli, struct engine *engine);
#endif
