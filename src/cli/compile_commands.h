/* src/cli/compile_commands.h: compile_commands.json, for editors (clangd) and analysers. */
#ifndef CLI_COMPILE_COMMANDS_H
#define CLI_COMPILE_COMMANDS_H
#include "build/build.h"
#include "cli/command.h"

#define COMPILE_COMMANDS_FILE "compile_commands.json"
/* Writes it at the workspace's root: one entry for each source that any target of the default
 * configuration compiles. A file that says the same already stays as it is. */
enum err compile_commands_write(struct cli *cli, struct engine *engine);
/* Writes it again if it is as that function wrote it, and packages were read since. One that was
 * removed, or that somebody else wrote, is left alone from then on. Trouble is in cli->diags. */
enum err compile_commands_update(struct cli *cli, struct engine *engine);
#endif
