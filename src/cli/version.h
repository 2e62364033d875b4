/* src/cli/version.h: the version; meson.build and CHANGELOG.md say the same (tests/cli.sh). */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H
#define STRAYLIGHT_VERSION "0.1.0"
#endif
