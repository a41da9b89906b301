//! The part `ffi`: the C library. Its header is the one that its code makes, its C tests run under sanitizers and
//! valgrind, and a project finds it where it was installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{header, nightly};
use crate::run::{Run, Show, Stop, execute};
use crate::tools;

/// A test in C: one program.
struct Test {
    name: &'static str,
    /// Files beside its own and those that all have.
    with: &'static [&'static str],
    arguments: &'static [&'static str],
    /// The same, or less of it where that is slow.
    under_valgrind: &'static [&'static str],
}

const TESTS: &[Test] = &[
    Test {
        name: "vectors",
        with: &["vectors_open", "vectors_seal", "vectors_pairing"],
        arguments: &["--all"],
        under_valgrind: &["--all"],
    },
    Test { name: "misuse", with: &[], arguments: &[], under_valgrind: &[] },
    Test { name: "edges", with: &[], arguments: &[], under_valgrind: &[] },
    Test { name: "state", with: &[], arguments: &[], under_valgrind: &[] },
    Test { name: "threads", with: &[], arguments: &[], under_valgrind: &[] },
    Test { name: "forks", with: &[], arguments: &[], under_valgrind: &[] },
    // Seeds 1 to 64, and two of them.
    Test { name: "random", with: &[], arguments: &[], under_valgrind: &["3", "4"] },
    // Torn at every step, and at every 61st.
    Test { name: "storage", with: &[], arguments: &[], under_valgrind: &["61"] },
];

pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    run.check("compilers, cmake, pkg-config, valgrind, mosquitto", || needs(&root))?;
    let mut tests = super::cargo(&[
        "test",
        "-p",
        "zegel-ffi",
        "--lib",
        "--test",
        "elements",
        "--target-dir",
        "target/ffi",
    ]);
    let _ = run.step("unit tests", Show::Failure, &mut tests);
    let cbindgen = run.check("cbindgen", || tools::cargo_tool(&root, "cbindgen", "0.29"))?;
    let _ = run.check("the header is the code's", || header::check(&root, &cbindgen));
    for (name, compiler) in [("C99", ["gcc", "-std=c99", "c"]), ("C++11", ["g++", "-std=c++11", "c++"])] {
        let mut alone = Command::new(compiler[0]);
        alone
            .args([compiler[1], "-x", compiler[2]])
            .args(STRICT)
            .args(["-fsyntax-only", "ffi/include/zegel.h"]);
        let _ = run.step(&format!("the header is {name}"), Show::Failure, &mut alone);
    }

    let library = run.check("the library, test keys too", || library(&root, "test-keys"))?;
    let _ = run.check("contexts have the size that the header says", || sizes(&root));
    let vectors = vectors(&root);
    for test in TESTS {
        let name = test.name;
        let plain = run.check(&format!("{name}.c"), || program(&root, &library, test, &[], ""))?;
        let strict = run.check(&format!("{name}.c, sanitizers"), || {
            program(&root, &library, test, SANITIZERS, "-strict")
        })?;
        let files = if name == "vectors" { vectors.as_slice() } else { &[] };
        let mut under = Command::new(&strict);
        under.args(test.arguments).args(files);
        let _ = run.step(&format!("{name} under ASan and UBSan"), Show::Always, &mut under);
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]).arg(&plain);
        valgrind.args(test.under_valgrind).args(files);
        let _ = run.step(&format!("{name} under valgrind"), Show::Failure, &mut valgrind);
    }

    let _ = nightly::run(run);

    let prefix = root.join("target/ffi/prefix");
    run.check("install", || install(&root, &prefix))?;
    let _ = run.check("the example of README.md compiles", || readme(&root, &prefix));
    let _ = run.check("pkg-config finds it", || with_pkg_config(&root, &prefix));
    let _ = run.check("find_package(zegel) finds it", || with_cmake(&root, &prefix));
    let _ = run.check("the examples in C talk through a broker", || examples(&root, &prefix));
    let _ = run.check("the files for Zephyr and ESP-IDF name what there is", || modules(&root));
    run.check("the library builds for the processors that they name", || processors(&root))
}

fn needs(root: &Path) -> Result<(), String> {
    for (program, package) in [
        ("gcc", "gcc"),
        ("g++", "g++"),
        ("cmake", "cmake"),
        ("make", "make"),
        ("pkg-config", "pkg-config"),
        ("valgrind", "valgrind"),
        ("mosquitto", "mosquitto"),
    ] {
        tools::system(root, program, package)?;
    }
    tools::package(root, Path::new("/usr/include/mosquitto.h"), "libmosquitto-dev")
}

/// The static library for this machine.
fn library(root: &Path, features: &str) -> Result<PathBuf, String> {
    let mut build = super::cargo(&["build", "--quiet", "-p", "zegel-ffi", "--features", features]);
    build.args(["--target-dir", "target/ffi", "--config", "profile.dev.debug=1"]);
    execute(build.current_dir(root), Show::Failure, root)?;
    Ok(root.join("target/ffi/debug/libzegel_ffi.a"))
}

fn program(
    root: &Path,
    library: &Path,
    test: &Test,
    flags: &[&str],
    suffix: &str,
) -> Result<PathBuf, String> {
    let out = root.join(format!("target/ffi/{}{suffix}", test.name));
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-D_DEFAULT_SOURCE", "-g", "-O1"]).args(STRICT).args(flags);
    for file in [test.name].iter().chain(test.with).chain(&["support", "json"]) {
        gcc.arg(format!("ffi/tests/c/{file}.c"));
    }
    gcc.arg(library).args(SYSTEM).arg("-o").arg(&out);
    execute(gcc.current_dir(root), Show::Failure, root).map(|()| out)
}

fn vectors(root: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(root.join("tests/vectors")).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten().flatten());
    let mut paths: Vec<PathBuf> = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    paths
}

/// Asks a C program for the size of each context and struct, and the code for the same.
fn sizes(root: &Path) -> Result<(), String> {
    let mut test = super::cargo(&[
        "test",
        "--quiet",
        "-p",
        "zegel-ffi",
        "--test",
        "sizes",
        "--target-dir",
        "target/ffi",
    ]);
    execute(test.current_dir(root), Show::Failure, root)
}

/// Installs the library as C programs look for it.
pub(crate) fn install(root: &Path, prefix: &Path) -> Result<(), String> {
    let prefix = root.join(prefix);
    for kind in ["staticlib", "cdylib"] {
        let mut build = super::cargo(&[
            "rustc",
            "--quiet",
            "-p",
            "zegel-ffi",
            "--lib",
            "--release",
            "--crate-type",
            kind,
        ]);
        build.args(["--target-dir", "target/ffi"]);
        if kind == "cdylib" {
            build.args(["--", "-C", "link-arg=-Wl,-soname,libzegel.so.0"]);
        }
        execute(build.current_dir(root), Show::Failure, root)?;
    }
    let built = root.join("target/ffi/release");
    let copies = [
        (root.join("ffi/include/zegel.h"), "include/zegel.h"),
        (built.join("libzegel_ffi.a"), "lib/libzegel.a"),
        (built.join("libzegel_ffi.so"), "lib/libzegel.so.0"),
        (root.join("ffi/cmake/zegelConfig.cmake"), "lib/cmake/zegel/zegelConfig.cmake"),
        (root.join("ffi/cmake/zegelConfigVersion.cmake"), "lib/cmake/zegel/zegelConfigVersion.cmake"),
    ];
    for (from, to) in copies {
        let to = prefix.join(to);
        std::fs::create_dir_all(to.parent().unwrap_or(&prefix)).map_err(|e| e.to_string())?;
        std::fs::copy(&from, &to).map_err(|e| format!("{}: {e}", from.display()))?;
    }
    let link = prefix.join("lib/libzegel.so");
    let _ = std::fs::remove_file(&link);
    #[cfg(unix)]
    std::os::unix::fs::symlink("libzegel.so.0", &link).map_err(|e| e.to_string())?;
    let text = std::fs::read_to_string(root.join("ffi/cmake/zegel.pc.in")).map_err(|e| e.to_string())?;
    let file = prefix.join("lib/pkgconfig/zegel.pc");
    std::fs::create_dir_all(prefix.join("lib/pkgconfig")).map_err(|e| e.to_string())?;
    std::fs::write(file, text.replace("@prefix@", &prefix.to_string_lossy())).map_err(|e| e.to_string())?;
    println!("installed zegel.h, libzegel.a and libzegel.so in {}", prefix.display());
    Ok(())
}

/// The first example of the chapter, as it is printed there.
fn readme(root: &Path, prefix: &Path) -> Result<(), String> {
    let text =
        std::fs::read_to_string(root.join("ffi/README.md")).map_err(|e| format!("ffi/README.md: {e}"))?;
    let code = text.split("```c\n").nth(1).and_then(|rest| rest.split("```").next());
    let file = root.join("target/ffi/readme.c");
    std::fs::write(&file, code.ok_or("ffi/README.md has no example")?).map_err(|e| e.to_string())?;
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c99", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
    gcc.arg(prefix.join("include")).arg(&file);
    execute(gcc.current_dir(root), Show::Failure, root)
}

fn with_pkg_config(root: &Path, prefix: &Path) -> Result<(), String> {
    let mut command = Command::new("sh");
    let script = "gcc -Wall -Werror ffi/tests/c/install/main.c $(pkg-config --cflags --libs zegel) -o target/ffi/with-pkg-config \
                  && LD_LIBRARY_PATH=target/ffi/prefix/lib target/ffi/with-pkg-config";
    command.args(["-c", script]).env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    execute(command.current_dir(root), Show::Failure, root)
}

fn with_cmake(root: &Path, prefix: &Path) -> Result<(), String> {
    let folder = root.join("target/ffi/with-cmake");
    let _ = std::fs::remove_dir_all(&folder);
    let mut configure = Command::new("cmake");
    configure.args(["-S", "ffi/tests/c/install", "-B"]).arg(&folder);
    configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
    execute(configure.current_dir(root), Show::Failure, root)?;
    execute(Command::new("cmake").arg("--build").arg(&folder).current_dir(root), Show::Failure, root)?;
    execute(Command::new(folder.join("shared")).current_dir(root), Show::Failure, root)?;
    execute(Command::new(folder.join("static")).current_dir(root), Show::Failure, root)
}

/// Runs `device` and `gateway` against a mosquitto of their own.
fn examples(root: &Path, prefix: &Path) -> Result<(), String> {
    let include = prefix.join("include");
    for example in ["device", "gateway"] {
        let mut gcc = Command::new("gcc");
        gcc.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]).arg(&include);
        gcc.arg(format!("ffi/examples/{example}.c")).arg(prefix.join("lib/libzegel.a")).args(SYSTEM);
        gcc.args(["-lmosquitto", "-o"]).arg(root.join(format!("target/ffi/{example}")));
        execute(gcc.current_dir(root), Show::Failure, root)?;
    }
    execute(Command::new("sh").arg("ffi/examples/run.sh").current_dir(root), Show::Failure, root)
}

/// As far as that can be checked without the two: the files parse, and what they name is there.
fn modules(root: &Path) -> Result<(), String> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).map_err(|e| format!("{path}: {e}"));
    let manifest = read("ffi/zephyr/module.yml")?;
    for named in ["cmake: ffi/zephyr", "kconfig: ffi/zephyr/Kconfig"] {
        if !manifest.contains(named) {
            return Err(format!("ffi/zephyr/module.yml does not say `{named}`"));
        }
    }
    read("ffi/zephyr/Kconfig")?;
    read("ffi/esp-idf/idf_component.yml")?;
    // CMake reads each with the commands of the two systems stood in for.
    for system in ["zephyr", "esp-idf"] {
        let mut cmake = Command::new("cmake");
        cmake.arg(format!("-DFOLDER=ffi/{system}")).args(["-P", "ffi/tests/c/install/modules.cmake"]);
        execute(cmake.current_dir(root), Show::Failure, root)?;
        let text = read(&format!("ffi/{system}/CMakeLists.txt"))?.replace('\\', "");
        for flags in [super::firmware::SHORT, super::firmware::SHORT_CALLS] {
            if !text.contains(flags) {
                return Err(format!("ffi/{system} does not build with {flags}"));
            }
        }
    }
    Ok(())
}

/// Each Rust target that stands in the files of the two systems, with and without a unit for floating point.
fn processors(root: &Path) -> Result<(), String> {
    let mut targets = Vec::new();
    for system in ["zephyr", "esp-idf"] {
        let file = root.join("ffi").join(system).join("CMakeLists.txt");
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let named =
            text.lines().filter_map(|line| line.trim().strip_prefix("set(zegel_target ")?.strip_suffix(')'));
        for target in named {
            targets.push(target.replace("${zegel_float}", ""));
            if target.ends_with("${zegel_float}") {
                targets.push(target.replace("${zegel_float}", "hf"));
            }
        }
    }
    if targets.len() < 7 {
        return Err(format!("found no more than {targets:?}"));
    }
    for target in targets {
        tools::rust_target(root, &target)?;
        let mut check =
            super::cargo(&["check", "--quiet", "-p", "zegel-ffi", "--lib", "--no-default-features"]);
        check.args(["--features", "panic-handler", "--target", &target, "--target-dir", "target/ffi"]);
        execute(check.current_dir(root), Show::Failure, root)?;
    }
    Ok(())
}

const SANITIZERS: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover"];
pub(super) const STRICT: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Iffi/include"];
pub(super) const SYSTEM: &[&str] = &["-lpthread", "-ldl", "-lm"];
