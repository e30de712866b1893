"""Sluis's own programs, compiled in the root of tools and installed as an image has them."""

import os

from workshop import SOURCE_THERE, host_architecture, remove


def make(workshop, architecture, page_packages):
    """The folder with the installed programs. What is compiled already is not compiled again."""
    workshop.step(f"compiling Sluis for {architecture}")
    uplot = workshop.there(page_packages / "uplot") if page_packages else ""
    build = configure(workshop, architecture, BUILD_TESTING="OFF", SLUIS_UPLOT=uplot)
    staged = workshop.folder / f"programs-{architecture}"
    remove(staged)
    workshop.run("""
        ninja -C "$BUILD" -j "$JOBS"
        DESTDIR="$STAGED" cmake --install "$BUILD" --strip
        rm -f "$STAGED/usr/bin/sluis-inspect"
    """, BUILD=workshop.there(build), STAGED=workshop.there(staged), JOBS=jobs())
    return staged


def configure(workshop, architecture, **settings):
    """The folder that they are compiled in."""
    build = workshop.folder / f"sluis-{architecture}"
    build.mkdir(exist_ok=True)
    given = " ".join(f'"-D{name}={value}"' for name, value in settings.items())
    workshop.run(f"""
        cmake -S {SOURCE_THERE} -B "$BUILD" -G Ninja {toolchain(architecture)} -DCMAKE_BUILD_TYPE=RelWithDebInfo \\
            -DCMAKE_INSTALL_PREFIX=/usr -DSLUIS_SOURCE_RULES=OFF -DCMAKE_CXX_FLAGS="-ffile-prefix-map=/src=. -g1" {given}
    """, BUILD=workshop.there(build))
    return build


def toolchain(architecture):
    if architecture == host_architecture():
        return ""
    return f"-DCMAKE_TOOLCHAIN_FILE={SOURCE_THERE}/scripts/image/{architecture}.cmake"


def jobs():
    return os.environ.get("SLUIS_JOBS", str(os.cpu_count()))
