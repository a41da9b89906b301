//! What only a nightly toolchain sees of the C library: its unsafe code in Miri, and threads under ThreadSanitizer.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::ffi::{STRICT, SYSTEM};
use crate::run::{Run, Show, Stop, execute};
use crate::tools;

pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    run.check("the nightly toolchain, with Miri", || {
        tools::nightly(&root)?;
        tools::nightly_component(&root, "miri")?;
        tools::nightly_component(&root, "rust-src")
    })?;
    let mut miri =
        cargo(&["miri", "test", "-p", "zegel-ffi", "--lib", "--target-dir", "target/miri", "bridge"]);
    // Its standard library goes into the clone.
    miri.env("XDG_CACHE_HOME", root.join("target/miri"));
    let _ = run.step("the bridge in Miri", Show::Failure, &mut miri);
    let threads = run.check("threads.c, with the library, for ThreadSanitizer", || threads(&root))?;
    run.step("threads under ThreadSanitizer", Show::Always, &mut Command::new(threads))
}

/// The test of threads with the library, both instrumented. The standard library is not: what is looked at shares
/// nothing through it.
fn threads(root: &Path) -> Result<PathBuf, String> {
    let version = tools::output("rustup", &["run", "nightly", "rustc", "-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
    let mut build = cargo(&["build", "--quiet", "-p", "zegel-ffi", "--features", "test-keys"]);
    build.args(["--target", host, "--target-dir", "target/races"]);
    build.env("RUSTFLAGS", "-Z sanitizer=thread -C unsafe-allow-abi-mismatch=sanitizer");
    execute(build.current_dir(root), Show::Failure, root)?;

    let folder = root.join("target/races").join(host);
    let mut objects = Vec::new();
    for name in ["threads", "support", "json"] {
        let object = folder.join(format!("{name}.o"));
        let mut gcc = Command::new("gcc");
        gcc.args(["-std=c11", "-D_DEFAULT_SOURCE", "-g", "-O1", "-fsanitize=thread"]).args(STRICT);
        gcc.args(["-c", &format!("ffi/tests/c/{name}.c"), "-o"]).arg(&object);
        execute(gcc.current_dir(root), Show::Failure, root)?;
        objects.push(object);
    }
    // With the runtime of rustc: that of gcc may be too old for what rustc instruments.
    let libraries =
        tools::output("rustup", &["run", "nightly", "rustc", "--print", "target-libdir", "--target", host])?;
    let runtime = Path::new(&libraries).join("librustc-nightly_rt.tsan.a");
    let out = folder.join("threads");
    let mut link = Command::new("g++");
    link.args(objects).arg(folder.join("debug/libzegel_ffi.a"));
    link.arg("-Wl,--whole-archive").arg(runtime).arg("-Wl,--no-whole-archive");
    link.args(SYSTEM).arg("-o").arg(&out);
    execute(link.current_dir(root), Show::Failure, root).map(|()| out)
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).args(args);
    command
}
