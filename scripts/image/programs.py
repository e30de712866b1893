"""Sluis's own programs, compiled in the root of tools and installed as an image has them."""

import os

from workshop import SOURCE_THERE, host_architecture, remove


def make(workshop, architecture, page_packages):
    """The folder with the installed programs. What is compiled already is not compiled again."""
    workshop.step(f"compiling Sluis for {architecture}")
    build = workshop.folder / f"sluis-{architecture}"
    staged = workshop.folder / f"programs-{architecture}"
    build.mkdir(exist_ok=True)
    remove(staged)
    workshop.run("""
        cmake -S /src -B "$BUILD" -G Ninja $TOOLCHAIN -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX=/usr \\
            -DSLUIS_SOURCE_RULES=OFF -DBUILD_TESTING=OFF -DSLUIS_UPLOT="$UPLOT" -DCMAKE_CXX_FLAGS="-ffile-prefix-map=/src=. -g1"
        ninja -C "$BUILD" -j "$JOBS"
        DESTDIR="$STAGED" cmake --install "$BUILD" --strip
        rm -f "$STAGED/usr/bin/sluis-inspect"
    """, BUILD=workshop.there(build), STAGED=workshop.there(staged), TOOLCHAIN=toolchain(architecture), JOBS=jobs(),
                 UPLOT=workshop.there(page_packages / "uplot") if page_packages else "")
    return staged


def toolchain(architecture):
    if architecture == host_architecture():
        return ""
    return f"-DCMAKE_TOOLCHAIN_FILE={SOURCE_THERE}/scripts/image/{architecture}.cmake"


def jobs():
    return os.environ.get("SLUIS_JOBS", str(os.cpu_count()))
