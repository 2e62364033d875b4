"""tests/random_edits.py STRAYLIGHT WORKSPACE STORE CLEAN_STORE edits|kills SEED STEPS

A random C project and a model of it; after each random edit
  edits   an incremental build; the program must print what the model says, be the bytes that a
          build without any cache makes; no more actions may have run than read something new, and
          none whose recorded inputs (command, environment, files: its key) ran before
  kills   a build that is killed (SIGKILL) at a random moment, then a build: the same

STORE and CLEAN_STORE have the toolchain; the second forgets actions and graphs before each build.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

PACKAGE = """let D = ../dhall/dice/v1.dhall
let C = (../dhall/rules/c/v1.dhall).with-toolchain (../toolchains.dhall).native
"""


class Header:
    def __init__(self, lib, name, value):
        self.lib, self.name, self.value, self.note, self.includes = lib, name, value, 0, []

    def path(self):
        return "l%d/%s.h" % (self.lib, self.name)

    def macro(self):
        return "V_%d_%s" % (self.lib, self.name)

    def text(self):
        lines = ['#include "%s"' % h.path() for h in self.includes]
        return "\n".join(["#pragma once", *lines, "#define %s %d /* %d */" % (
            self.macro(), self.value, self.note), ""])

    def read(self):
        return {self}.union(*[h.read() for h in self.includes])


class Source:
    def __init__(self, lib, name, value):
        self.lib, self.name, self.value, self.note, self.includes = lib, name, value, 0, []

    def path(self):
        return "l%d/%s.c" % (self.lib, self.name)

    def function(self):
        return "f_%d_%s" % (self.lib, self.name)

    def text(self):
        lines = ['#include "%s"' % h.path() for h in self.includes]
        terms = " + ".join(["%d" % self.value] + [h.macro() for h in self.includes])
        return "\n".join([*lines, "/* %d */" % self.note, "long %s(void) { return %s; }" % (
            self.function(), terms), ""])

    def read(self):
        return set().union(*[h.read() for h in self.includes])

    def result(self):
        return self.value + sum(h.value for h in self.includes)


class Model:
    def __init__(self, rng):
        self.rng, self.count = rng, 0
        self.libs = rng.randint(2, 4)
        self.deps = [sorted(rng.sample(range(i), rng.randint(0, min(i, 2)))) for i in range(self.libs)]
        self.headers, self.sources = [], []
        self.notes, self.defines = [0] * self.libs, [0] * self.libs
        for lib in range(self.libs):
            for _ in range(rng.randint(1, 3)):
                self.header_add(lib)
            for _ in range(rng.randint(1, 3)):
                self.source_add(lib)

    def name(self):
        self.count += 1
        return "n%d" % self.count

    def visible(self, lib):
        seen = {lib}
        for dep in self.deps[lib]:
            seen |= self.visible(dep)
        return seen

    def choice(self, lib):
        """Some headers that a file of lib may include."""
        pool = [h for h in self.headers if h.lib in self.visible(lib)]
        return self.rng.sample(pool, self.rng.randint(0, min(3, len(pool))))

    def header_add(self, lib):
        header = Header(lib, self.name(), self.rng.randint(0, 999))
        header.includes = self.choice(lib)[:1]
        self.headers.append(header)

    def source_add(self, lib):
        source = Source(lib, self.name(), self.rng.randint(0, 999))
        source.includes = self.choice(lib)
        self.sources.append(source)

    def files(self):
        files = {x.path(): x.text() for x in self.headers + self.sources}
        for lib in range(self.libs):
            names = lambda of, end: ", ".join('"%s.%s"' % (x.name, end) for x in of if x.lib == lib)
            hdrs, srcs = names(self.headers, "h"), names(self.sources, "c")
            deps = ", ".join('D.at "//l%d:lib%d"' % (d, d) for d in self.deps[lib])
            fields = ['name = "lib%d"' % lib, 'include = [ "//" ]']
            fields += ["hdrs = [ %s ]" % hdrs] * bool(hdrs) + ["srcs = [ %s ]" % srcs] * bool(srcs)
            fields += ["deps = [ %s ]" % deps] * bool(deps)
            fields += ['defines = [ { name = "L%d", value = Some "%d" } ]' % (
                lib, self.defines[lib])] * bool(self.defines[lib])
            files["l%d/BUILD.dhall" % lib] = "-- note %d\n" % self.notes[lib] + PACKAGE + "in  { lib%d = C.library C.Library::{ %s } }\n" % (
                lib, ", ".join(fields))
        deps = ", ".join('D.at "//l%d:lib%d"' % (d, d) for d in range(self.libs))
        files["app/BUILD.dhall"] = PACKAGE + (
            'in  { app = C.binary C.Binary::{ name = "app", srcs = [ "main.c" ], deps = [ %s ] } }\n' % deps)
        calls = " + ".join(["0"] + ["%s()" % s.function() for s in self.sources])
        files["app/main.c"] = "\n".join(
            ["#include <stdio.h>", *["long %s(void);" % s.function() for s in self.sources],
             'int main(void) { printf("%%ld\\n", %s); return 0; }' % calls, ""])
        return files

    def result(self):
        return sum(s.result() for s in self.sources)

    def edit(self):
        """Changes something; the most actions that may run, or None where names changed."""
        kind = self.rng.choice(["source", "source", "header", "header", "note", "note", "include", "add", "drop",
                                "rename", "rename", "build note", "define", "order", "dep", "nothing"])
        lib = self.rng.randrange(self.libs)
        if kind in ("build note", "define", "order", "dep"):
            return "%s l%d" % (kind, lib), self.package_change(kind, lib)
        thing = self.rng.choice(self.headers + self.sources)
        if kind in ("source", "header"):
            thing = self.rng.choice(self.sources if kind == "source" else self.headers)
            thing.value += self.rng.randint(1, 9)
        elif kind == "note":
            thing.note += 1
        elif kind == "include":
            thing = self.rng.choice(self.sources)
            thing.includes = self.choice(thing.lib)
        elif kind == "nothing":
            return kind, 0
        else:
            return self.names_change(kind, thing), None
        readers = [s for s in self.sources if s is thing or thing in s.read()]
        return "%s %s" % (kind, thing.path()), len(readers) + len({s.lib for s in readers}) + 1

    def package_change(self, kind, lib):
        """An edit of a BUILD.dhall."""
        if kind == "build note":
            self.notes[lib] += 1
            return 0
        if kind == "define":
            self.defines[lib] += 1
        elif kind == "order":
            self.rng.shuffle(self.sources)
            self.rng.shuffle(self.headers)
        elif lib > 0:
            self.deps[lib] = sorted({*self.deps[lib], self.rng.randrange(lib)})
        return None

    def names_change(self, kind, thing):
        lib = self.rng.randrange(self.libs)
        if kind == "add":
            self.rng.choice([self.header_add, self.source_add])(lib)
        elif kind == "rename":
            thing.name = self.name()
        elif isinstance(thing, Source):
            self.sources.remove(thing)
        else:
            self.headers.remove(thing)
            for other in self.headers + self.sources:
                other.includes = [h for h in other.includes if h is not thing]
        if not self.sources:
            self.source_add(lib)
        if not self.headers:
            self.header_add(lib)
        return kind


class Bench:
    def __init__(self, straylight, workspace, store, clean_store):
        self.straylight, self.workspace = straylight, workspace
        self.store, self.clean_store = store, clean_store
        self.ran = {}  # digest of an action -> where it ran

    def write(self, files):
        """What differs, and nothing else."""
        for folder in os.listdir(self.workspace):
            if not re.fullmatch(r"l\d+|app", folder):
                continue
            for name in os.listdir(os.path.join(self.workspace, folder)):
                if "%s/%s" % (folder, name) not in files:
                    os.remove(os.path.join(self.workspace, folder, name))
        for path, text in files.items():
            whole = os.path.join(self.workspace, path)
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            if os.path.exists(whole):
                with open(whole, encoding="utf-8") as file:
                    if file.read() == text:
                        continue
            with open(whole, "w", encoding="utf-8") as file:
                file.write(text)

    def start(self, store):
        return subprocess.Popen([self.straylight, "build", "//app"], cwd=self.workspace, text=True,
                                env=dict(os.environ, STRAYLIGHT_STORE=store), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def build(self, store):
        """How many actions ran."""
        process = self.start(store)
        out, err = process.communicate()
        if process.returncode != 0:
            raise SystemExit("the build failed:\n%s%s" % (out, err))
        return int(re.search(r"(\d+) run", out).group(1))

    def keys_check(self, what):
        """Nothing ran in the last build that ran before."""
        text = subprocess.run([self.straylight, "log", "--json"], cwd=self.workspace, check=True,
                              env=dict(os.environ, STRAYLIGHT_STORE=self.store), stdout=subprocess.PIPE).stdout
        for action in json.loads(text)["actions"]:
            if action["end"] != "ran":
                continue
            where = "%s: %s %s" % (what, action["label"], action["what"])
            if action["digest"] in self.ran:
                raise SystemExit("%s ran with the inputs of %s" % (where, self.ran[action["digest"]]))
            self.ran[action["digest"]] = where

    def program(self):
        with open(os.path.join(self.workspace, "out/app/app"), "rb") as file:
            return file.read()

    def clean_program(self):
        for name in ["actions", "workspaces"]:
            path = os.path.join(self.clean_store, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
                os.mkdir(path, 0o700)
        self.build(self.clean_store)
        program = self.program()
        shutil.rmtree(os.path.join(self.workspace, "out"))
        return program

    def check(self, model, what, bound, keys):
        ran = self.build(self.store)
        if keys and ran > 0:
            self.keys_check(what)
        if bound is not None and ran > bound:
            raise SystemExit("%s: %d actions ran, not at most %d" % (what, ran, bound))
        program = self.program()
        printed = subprocess.run([os.path.join(self.workspace, "out/app/app")], stdout=subprocess.PIPE,
                                 text=True, check=True).stdout
        if int(printed) != model.result():
            raise SystemExit("%s: the program says %s, not %d" % (what, printed.strip(), model.result()))
        again = self.build(self.store)
        if again != 0:
            raise SystemExit("%s: then %d actions ran for nothing" % (what, again))
        if program != self.clean_program():
            raise SystemExit("%s: a clean build makes another program" % what)


def main():
    bench, mode, seed, steps = Bench(*sys.argv[1:5]), sys.argv[5], int(sys.argv[6]), int(sys.argv[7])
    rng = random.Random(seed)
    model = Model(rng)
    bench.write(model.files())
    begin = time.monotonic()
    bench.check(model, "seed %d, the first build" % seed, None, mode == "edits")
    whole_seconds = time.monotonic() - begin
    seen = []
    for step in range(steps):
        before = model.files()
        what, bound = model.edit()
        what = "seed %d, step %d, %s" % (seed, step, what)
        bench.write(model.files())
        if mode == "kills":
            process = bench.start(bench.store)
            time.sleep(rng.random() * whole_seconds / 4)
            process.kill()
            process.communicate()
            bound = None
        bench.check(model, what, bound, mode == "edits")
        seen.append(before)
        if mode == "edits" and rng.random() < 0.3:  # another branch, and back
            bench.write(rng.choice(seen))
            if bench.build(bench.store) != 0:
                raise SystemExit("%s: what was there before ran again" % what)
            bench.write(model.files())


main()
