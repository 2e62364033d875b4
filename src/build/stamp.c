/* src/build/stamp.c */
#include "build/stamp.h"

int64_t stamp_time_ns(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct stamp stamp_of(const struct stat *st)
{
    return (struct stamp){.mtime_ns = stamp_time_ns(st->st_mtim),
        .ctime_ns = stamp_time_ns(st->st_ctim),
        .size_bytes = (uint64_t)st->st_size,
        .inode = st->st_ino,
        .device = st->st_dev,
        .mode = st->st_mode};
}

struct stamp stamp_make(const struct stat *st, int64_t clock_ns)
{
    struct stamp stamp = stamp_of(st);
    bool coarse = st->st_mtim.tv_nsec == 0 && st->st_ctim.tv_nsec == 0;
    int64_t newest = stamp.mtime_ns > stamp.ctime_ns ? stamp.mtime_ns : stamp.ctime_ns;
    int64_t tick = coarse ? (int64_t)STAMP_COARSE_TICK_NS : (int64_t)STAMP_TICK_NS;
    stamp.usable = newest < clock_ns - tick;
    return stamp;
}

bool stamp_unchanged(const struct stamp *stamp, const struct stat *st)
{
    struct stamp now = stamp_of(st);
    return stamp->usable != 0 && now.mtime_ns == stamp->mtime_ns &&
           now.ctime_ns == stamp->ctime_ns && now.size_bytes == stamp->size_bytes &&
           now.inode == stamp->inode && now.device == stamp->device && now.mode == stamp->mode;
}
