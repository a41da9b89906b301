//! The part `swift`: the bridge's lower half for Swift, the package with its tests, and a chain of real processes from a
//! device over a PGO in Swift to a GP. Swift is the system's, or one in a small Debian under target/.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::kotlin;
use crate::chroot::Chroot;
use crate::run::{Run, Show, Stop, execute};
use crate::tools;

pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    run.check("mosquitto", || tools::system(&root, "mosquitto", "mosquitto"))?;
    let swift = run.check("Swift 6", || Swift::find(&root))?;
    run.check("the lower half in Swift", || generate(&root))?;
    let plain = run.check("the library", || library(&root, "", "lib"))?;
    let strict = run.check("the same with test keys", || library(&root, "test-keys", "test-keys"))?;
    let mut tests = swift.package(&root, &strict, "test", "bindings/swift", "tests");
    run.step("tests in Swift", Show::Always, &mut tests)?;
    let mut build = swift.package(&root, &plain, "build", "bindings/swift/pgo", "pgo");
    run.step("the PGO in Swift", Show::Failure, &mut build)?;
    let zegel = super::zegel(run, "dev")?;
    let pgo = swift.command(&[], &root.join("target/swift/pgo/release/pgo").to_string_lossy());
    run.step(
        "device, mosquitto, PGO in Swift, GP",
        Show::Always,
        &mut super::chain(&zegel, "target/swift/chain", &pgo),
    )
}

/// Makes what the package needs of Rust: `cargo xtask swift`.
pub(crate) fn make(root: &Path) -> Result<(), String> {
    generate(root)?;
    let library = library(root, "", "lib")?;
    println!("PKG_CONFIG_PATH={} swift build --package-path bindings/swift", library.display());
    Ok(())
}

/// Measures opens a second, in Rust and through Swift: `cargo xtask swift bench`.
pub(crate) fn bench(root: &Path) -> Result<(), String> {
    let swift = Swift::find(root)?;
    generate(root)?;
    let library = library(root, "", "lib")?;
    let mut build = swift.package(root, &library, "build", "bindings/swift", "bench");
    execute(build.args(["--product", "Opens"]), Show::Failure, root)?;
    let mut rust = super::cargo(&["run", "--release", "-p", "zegel-uniffi", "--example", "opens"]);
    execute(rust.args(["--target-dir", "target/bindings"]).current_dir(root), Show::Always, root)?;
    let opens = root.join("target/swift/bench/release/Opens");
    execute(&mut swift.command(&[], &opens.to_string_lossy()), Show::Always, root)
}

/// Where Swift is.
enum Swift {
    Here,
    Inside(Chroot),
}

impl Swift {
    fn find(root: &Path) -> Result<Self, String> {
        if tools::output("swift", &["--version"]).is_ok_and(|line| major(&line) >= Some(6)) {
            if cfg!(target_os = "linux") {
                tools::package(root, Path::new("/usr/include/openssl/evp.h"), "libssl-dev")?;
                tools::package(root, Path::new("/usr/include/mosquitto.h"), "libmosquitto-dev")?;
            }
            return Ok(Self::Here);
        }
        let chroot = Chroot::with(root, "target/swift/root", "trixie", PACKAGES);
        chroot.map(Self::Inside).map_err(|why| format!("no Swift 6 here, and none was made: {why}"))
    }

    fn command(&self, environment: &[String], program: &str) -> Command {
        match self {
            Self::Inside(chroot) => chroot.command(environment, program),
            Self::Here => {
                let mut command = Command::new("env");
                command.args(environment).arg(program);
                command
            }
        }
    }

    /// `swift build` or `swift test` of a package, against one of the libraries.
    fn package(&self, root: &Path, library: &Path, verb: &str, package: &str, name: &str) -> Command {
        let mut environment = vec![format!("PKG_CONFIG_PATH={}", library.display())];
        environment.extend(std::env::var("ZEGEL_MESSAGES").map(|count| format!("ZEGEL_MESSAGES={count}")));
        let mut command = self.command(&environment, "swift");
        command.args([verb, "-c", "release", "--package-path", package, "--scratch-path"]);
        command.arg(format!("target/swift/{name}")).current_dir(root);
        command
    }
}

/// Puts the lower half where the package looks for it.
fn generate(root: &Path) -> Result<(), String> {
    let made = root.join("target/swift/generated");
    kotlin::generate(root, "swift", &made)?;
    let package = root.join("bindings/swift/Generated");
    for (from, to) in [
        ("ZegelBridge.swift", "ZegelBridge/ZegelBridge.swift"),
        ("ZegelBridgeFFI.h", "ZegelBridgeFFI/ZegelBridgeFFI.h"),
        ("ZegelBridgeFFI.modulemap", "ZegelBridgeFFI/module.modulemap"),
    ] {
        let (from, to) = (made.join(from), package.join(to));
        let new = std::fs::read(&from).map_err(|e| format!("{}: {e}", from.display()))?;
        // Written only where it differs, or all of it would be compiled again.
        if std::fs::read(&to).is_ok_and(|old| old == new) {
            continue;
        }
        std::fs::create_dir_all(to.parent().unwrap_or(&package)).map_err(|e| e.to_string())?;
        std::fs::write(&to, new).map_err(|e| format!("{}: {e}", to.display()))?;
    }
    Ok(())
}

/// The static library and the file by which pkg-config finds it, in a folder of which this is the path.
fn library(root: &Path, features: &str, name: &str) -> Result<PathBuf, String> {
    let archive = kotlin::built(root, features)?.with_file_name("libzegel_uniffi.a");
    let bytes = std::fs::read(&archive).map_err(|e| format!("{}: {e}", archive.display()))?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let folder = root.join("target/swift").join(name);
    // SwiftPM links anew where the flags have changed, and does not look at what is behind them.
    let own = folder.join(format!("{:016x}", hasher.finish()));
    if !own.is_dir() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&own).map_err(|e| format!("{}: {e}", own.display()))?;
        std::fs::write(own.join("libzegel_uniffi.a"), bytes)
            .map_err(|e| format!("{}: {e}", own.display()))?;
    }
    let described = format!(
        "Name: zegel-uniffi\nDescription: The bridge from Zegel to Swift\nVersion: {}\nLibs: -L{} -lzegel_uniffi {}\n",
        env!("CARGO_PKG_VERSION"),
        own.display(),
        "-lgcc_s -lutil -lrt -lpthread -lm -ldl",
    );
    std::fs::write(folder.join("zegel-uniffi.pc"), described).map_err(|e| e.to_string())?;
    Ok(folder)
}

/// The major version in the first line that `swift --version` prints.
fn major(line: &str) -> Option<u32> {
    line.split("Swift version ").nth(1)?.split('.').next()?.parse().ok()
}

const PACKAGES: &[&str] = &[
    "swiftlang",
    "libc6-dev",
    "libstdc++-14-dev",
    "git",
    "ca-certificates",
    "pkgconf",
    "libssl-dev",
    "libmosquitto-dev",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("Swift version 6.0.3 (swift-6.0.3-RELEASE)"), Some(6));
        assert_eq!(major("Apple Swift version 5.10 (swiftlang-5.10.0.13 clang-1500.3.9.4)"), Some(5));
        assert_eq!(major("swift, a bird"), None);
    }
}
