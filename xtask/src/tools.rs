//! Finds the tools that a part needs and installs the missing ones where it may. Each function says on standard
//! output what it installs, and in its error what a person has to install.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::run::{Show, execute};

/// A program of the system's, from the Debian package of that name where it is missing.
pub(crate) fn system(root: &Path, program: &str, package: &str) -> Result<PathBuf, String> {
    if let Some(path) = which(program) {
        return Ok(path);
    }
    debian(root, package).map_err(|why| format!("`{program}` is missing: {why}"))?;
    which(program).ok_or_else(|| format!("the package {package} brought no `{program}`"))
}

/// A library's header, from the Debian package of that name where it is missing.
pub(crate) fn package(root: &Path, file: &Path, package: &str) -> Result<(), String> {
    if file.is_file() {
        return Ok(());
    }
    debian(root, package).map_err(|why| format!("{} is missing: {why}", file.display()))
}

/// A Rust target for `cargo build --target`.
pub(crate) fn rust_target(root: &Path, triple: &str) -> Result<(), String> {
    let libraries = output("rustc", &["--print", "target-libdir", "--target", triple])?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    rustup(root, &["target", "add", triple])
}

/// The source of the standard library, for `-Z build-std`.
pub(crate) fn rust_source(root: &Path) -> Result<(), String> {
    let sysroot = output("rustc", &["--print", "sysroot"])?;
    if Path::new(&sysroot).join("lib/rustlib/src/rust/library/core").is_dir() {
        return Ok(());
    }
    rustup(root, &["component", "add", "rust-src"])
}

/// `cargo fmt` or `cargo clippy`.
pub(crate) fn rust_component(root: &Path, subcommand: &str, component: &str) -> Result<(), String> {
    if output("cargo", &[subcommand, "--version"]).is_ok() {
        return Ok(());
    }
    rustup(root, &["component", "add", component])
}

/// The nightly toolchain, which instrumentation needs.
pub(crate) fn nightly(root: &Path) -> Result<(), String> {
    if output("rustup", &["run", "nightly", "cargo", "--version"]).is_ok() {
        return Ok(());
    }
    rustup(root, &["toolchain", "install", "nightly", "--profile", "minimal"])
}

/// A component of the nightly toolchain.
pub(crate) fn nightly_component(root: &Path, component: &str) -> Result<(), String> {
    let here = output("rustup", &["component", "list", "--toolchain", "nightly", "--installed"])?;
    if here.lines().any(|line| line.starts_with(component)) {
        return Ok(());
    }
    rustup(root, &["component", "add", component, "--toolchain", "nightly"])
}

/// A cargo subcommand at the given version: the installed one, or one built into target/tools.
pub(crate) fn cargo_tool(root: &Path, name: &str, version: &str) -> Result<PathBuf, String> {
    let own = root.join("target/tools/bin").join(name);
    let subcommand = name.trim_start_matches("cargo-");
    for path in [Some(own.clone()), which(name)].into_iter().flatten().filter(|path| path.is_file()) {
        if output(&path.to_string_lossy(), &[subcommand, "--version"]).is_ok_and(|v| at(&v, version)) {
            return Ok(path);
        }
    }
    println!("installing {name} {version} into target/tools");
    let mut command = Command::new("cargo");
    command.args(["install", "--locked", "--debug", "--force", name, "--version", &format!("~{version}")]);
    command.args(["--root", "target/tools", "--target-dir", "target/tools/build"]);
    // Built in half the time of a release build, and fast enough for what it does here.
    command.args(["--config", "profile.dev.debug=0", "--config", "profile.dev.opt-level=1"]);
    execute(command.current_dir(root), Show::Failure, root)
        .map_err(|why| format!("{why}\ninstall it by hand: cargo install --locked {name}@{version}"))?;
    Ok(own)
}

/// A Python with the packages of a requirements file, in a virtual environment under target/.
pub(crate) fn python(root: &Path, requirements: &str) -> Result<PathBuf, String> {
    let folder = root.join("target/python");
    let python = folder.join("bin/python");
    let wanted = std::fs::read(root.join(requirements)).map_err(|e| format!("{requirements}: {e}"))?;
    let stamp = folder.join("requirements.txt");
    if python.is_file() && std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let system_python = system(root, "python3", "python3")?;
    println!("installing the packages of {requirements} into target/python");
    let mut venv = Command::new(&system_python);
    venv.args(["-m", "venv", "--clear"]).arg(&folder).current_dir(root);
    if execute(&mut venv, Show::Failure, root).is_err() {
        debian(root, "python3-venv").map_err(|why| format!("python3 makes no environment: {why}"))?;
        execute(&mut venv, Show::Failure, root)?;
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "-r", requirements]).current_dir(root);
    execute(&mut pip, Show::Failure, root)?;
    // Written last: an environment that was left half made is made again.
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
    Ok(python)
}

/// Installs a Debian package as root.
fn debian(root: &Path, package: &str) -> Result<(), String> {
    let by_hand = format!("install the package `{package}` (Debian's name for it) and run this again");
    if which("apt-get").is_none() || !output("id", &["-u"]).is_ok_and(|user| user == "0") {
        return Err(by_hand);
    }
    println!("installing the Debian package {package}");
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive").current_dir(root);
        execute(&mut command, Show::Failure, root)
    };
    static UPDATED: OnceLock<Result<(), String>> = OnceLock::new();
    UPDATED.get_or_init(|| apt(&["update", "--quiet"])).clone()?;
    apt(&["install", "--yes", "--no-install-recommends", package]).map_err(|why| format!("{why}\n{by_hand}"))
}

fn rustup(root: &Path, args: &[&str]) -> Result<(), String> {
    let by_hand = format!("run by hand: rustup {}", args.join(" "));
    if which("rustup").is_none() {
        return Err(format!("rustup is not here to install it; {by_hand}"));
    }
    println!("installing with rustup {}", args.join(" "));
    let mut command = Command::new("rustup");
    execute(command.args(args).current_dir(root), Show::Failure, root)
        .map_err(|why| format!("{why}\n{by_hand}"))
}

/// Where a program is; a server's folder is often not on the path of a user.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// What a program prints, trimmed; an error when it cannot run or fails.
pub(crate) fn output(program: &str, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let output = command.output().map_err(|e| format!("{program}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a tool's version line names a version of the series `major.minor`.
fn at(line: &str, version: &str) -> bool {
    let series = format!("{version}.");
    line.split_whitespace().any(|word| word.trim_start_matches('v').starts_with(&series))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_series() {
        assert!(at("cargo-deny 0.20.2", "0.20"));
        assert!(!at("cargo-deny 0.2.2", "0.20"));
        assert!(!at("cargo-deny 0.200.2", "0.20"));
    }

    #[test]
    fn what_is_missing_is_an_error_that_names_it() {
        assert!(which("no-such-command-anywhere").is_none());
        assert!(output("no-such-command-anywhere", &[]).unwrap_err().contains("no-such-command-anywhere"));
        assert!(python(Path::new("/nonexistent"), "requirements.txt").is_err());
    }
}
