//! The part `kotlin`: the bridge, its lower half for Kotlin, the Maven module with its tests, and a chain of real
//! processes from a device over a PGO in Kotlin to a GP.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Run, Show, Stop, execute};
use crate::tools;

pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    run.check("Java 17, Maven, mosquitto", || needs(&root))?;
    let mut tests = super::cargo(&["test", "-p", "zegel-uniffi"]);
    let _ = run.step("tests of the bridge", Show::Always, &mut tests);
    run.check("the lower half in Kotlin", || generate(&root, "kotlin", &made(&root).join("generated")))?;
    run.check("the native library", || native(&root))?;
    run.check("the same with test keys", || library(&root, "test-keys", &made(&root).join("native-test")))?;
    run.step("tests in Kotlin and Java, and the jars", Show::Always, maven(&root).arg("package"))?;
    let zegel = super::zegel(run, "dev")?;
    let jar = made(&root).join("pgo/pgo-0.1.0.jar");
    let mut pgo = Command::new("java");
    pgo.arg("-jar").arg(jar);
    let mut chain = super::chain(&zegel, "target/kotlin/chain", &pgo);
    run.step("device, mosquitto, PGO in Kotlin, GP", Show::Always, &mut chain)
}

/// Makes the jar without running its tests: `cargo xtask kotlin`.
pub(crate) fn make(root: &Path) -> Result<(), String> {
    needs(root)?;
    generate(root, "kotlin", &made(root).join("generated"))?;
    native(root)?;
    execute(maven(root).args(["package", "-DskipTests"]), Show::Always, root)
}

/// Measures opens a second, in Rust and through Kotlin: `cargo xtask kotlin bench`.
pub(crate) fn bench(root: &Path) -> Result<(), String> {
    needs(root)?;
    generate(root, "kotlin", &made(root).join("generated"))?;
    native(root)?;
    let mut rust = super::cargo(&["run", "--release", "-p", "zegel-uniffi", "--example", "opens"]);
    execute(rust.args(["--target-dir", "target/bindings"]).current_dir(root), Show::Always, root)?;
    let only = ["-q", "-pl", "zegel", "test-compile", "surefire:test@default-test", "-Dtest=Bench"];
    let only = only.iter().chain(&["-Dzegel.groups=bench", "-Dzegel.excluded=test-keys"]);
    execute(maven(root).args(only), Show::Always, root)
}

/// Writes a language's lower half into a folder, from the library itself.
pub(super) fn generate(root: &Path, language: &str, folder: &Path) -> Result<(), String> {
    let library = built(root, "")?;
    let mut build = super::cargo(&["build", "-p", "zegel-uniffi", "--features", "bindgen"]);
    build.args(["--bin", "uniffi-bindgen", "--target-dir", "target/uniffi-bindgen"]);
    // It runs for a second: what it is built of need not be fast.
    build.args(["--config", "profile.dev.package.\"*\".opt-level=0", "--config", "profile.dev.debug=0"]);
    execute(build.current_dir(root), Show::Failure, root)?;
    let _ = std::fs::remove_dir_all(folder);
    let mut bindgen = Command::new(root.join("target/uniffi-bindgen/debug/uniffi-bindgen"));
    bindgen
        .arg("generate")
        .arg(library)
        .args(["--language", language, "--no-format", "--out-dir"])
        .arg(folder);
    bindgen.args(["--config", "bindings/uniffi/bindgen.toml"]);
    execute(bindgen.current_dir(root), Show::Failure, root)
}

fn needs(root: &Path) -> Result<(), String> {
    tools::system(root, "javac", "openjdk-17-jdk-headless")?;
    tools::system(root, "mvn", "maven")?;
    tools::system(root, "mosquitto", "mosquitto").map(|_| ())
}

/// The library for this machine, where JNA looks for it in the jar.
fn native(root: &Path) -> Result<(), String> {
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let machine = if cfg!(target_arch = "x86_64") { "x86-64" } else { std::env::consts::ARCH };
    library(root, "", &made(root).join("native").join(format!("{system}-{machine}")))
}

fn library(root: &Path, features: &str, folder: &Path) -> Result<(), String> {
    let library = built(root, features)?;
    let name = library.file_name().ok_or("a library without a name")?;
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    std::fs::copy(&library, folder.join(name)).map(|_| ()).map_err(|e| format!("{}: {e}", library.display()))
}

/// Builds the bridge as it ships, unwinding as UniFFI needs it.
pub(super) fn built(root: &Path, features: &str) -> Result<PathBuf, String> {
    let mut build =
        super::cargo(&["build", "--release", "-p", "zegel-uniffi", "--lib", "--features", features]);
    build.args(["--target-dir", "target/bindings"]);
    execute(build.current_dir(root), Show::Failure, root)?;
    let (before, after) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    Ok(root.join(format!("target/bindings/release/{before}zegel_uniffi{after}")))
}

fn maven(root: &Path) -> Command {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "-f", "bindings/kotlin/pom.xml"]).current_dir(root);
    maven
}

/// What Maven takes up, and where it builds.
fn made(root: &Path) -> PathBuf {
    root.join("target/kotlin")
}
