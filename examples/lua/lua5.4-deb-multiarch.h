/* Debian's luaconf.h includes this: where modules of this machine's architecture are looked for. */
#ifndef LUA5_4_DEB_MULTIARCH_H
#define LUA5_4_DEB_MULTIARCH_H
#define DEB_HOST_MULTIARCH "x86_64-linux-gnu"
#endif
