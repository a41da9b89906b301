//! The part `core`: what each commit has to hold before anything else is worth running. The crate is built with
//! every feature alone and with none, because features only add.

use crate::run::{Run, Show, Stop};
use crate::tools;

use super::{cargo, named};

pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    let fuzz = root.join("fuzz/Cargo.toml").is_file();
    run.check("rustfmt and clippy", || {
        tools::rust_component(&root, "fmt", "rustfmt")?;
        tools::rust_component(&root, "clippy", "clippy")
    })?;

    let _ = run.step("format", Show::Failure, &mut cargo(&["fmt", "--all", "--check"]));
    if fuzz {
        let format = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
        let _ = run.step("format of fuzz/", Show::Failure, &mut cargo(&format));
    }

    let strict = ["--", "-D", "warnings"];
    let all = ["clippy", "--workspace", "--all-targets", "--all-features"];
    let _ = run.step("lints of everything, all features", Show::Failure, cargo(&all).args(strict));
    for features in ["", "alloc", "std", "measure", "fast", "test-keys"] {
        let name = format!("lints of zegel, features: {}", named(features));
        let one = ["clippy", "-p", "zegel", "--all-targets", "--no-default-features", "--features", features];
        let _ = run.step(&name, Show::Failure, cargo(&one).args(strict));
    }
    if fuzz {
        let one = ["clippy", "--manifest-path", "fuzz/Cargo.toml", "--all-targets", "--target-dir", "target"];
        let _ = run.step("lints of fuzz/", Show::Failure, cargo(&one).args(strict));
    }

    // Before those of the library, which has the same name and so the same place.
    let of_command = ["rustdoc", "-p", "zegel-cli", "--bin", "zegel"];
    let _ = run.step("docs of the command", Show::Failure, cargo(&of_command).args(strict));
    let docs = ["doc", "--workspace", "--no-deps", "--all-features"];
    let _ = run.step("docs", Show::Failure, cargo(&docs).env("RUSTDOCFLAGS", "-D warnings"));

    let tests: [(&str, &[&str]); 4] = [
        ("tests of zegel, default features", &["-p", "zegel"]),
        ("tests of zegel, test keys too", &["-p", "zegel", "--features", "test-keys"]),
        ("tests of zegel, no features", &["-p", "zegel", "--no-default-features"]),
        ("tests of xtask", &["-p", "xtask"]),
    ];
    for (name, selection) in tests {
        let _ = run.step(name, Show::Always, cargo(&["test", "--no-fail-fast"]).args(selection));
    }
    // Each bench runs its code once, unoptimised: it compiles and does not fail.
    if root.join("benches").is_dir() {
        let benches = ["test", "-p", "zegel", "--features", "test-keys", "--bench", "*"];
        let _ = run.step("benches, once each", Show::Failure, &mut cargo(&benches));
    }
    for example in examples(&root) {
        let name = format!("example {example}");
        // Those that keep what they take need a store.
        let package = if example == "device" { "zegel" } else { "zegel-store" };
        let mut alone = cargo(&["run", "-p", package, "--example", &example]);
        let _ = run.step(&name, Show::Failure, alone.stdin(std::process::Stdio::null()));
    }
    let pipe = "cargo run -q --example device | cargo run -q -p zegel-store --example app";
    let _ = run.step(
        "example device | app",
        Show::Failure,
        std::process::Command::new("sh").args(["-c", pipe]).current_dir(&root),
    );
    Ok(())
}

/// The names of the crate's examples, sorted.
fn examples(root: &std::path::Path) -> Vec<String> {
    let files = std::fs::read_dir(root.join("examples")).into_iter().flatten().flatten();
    let rust = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let mut names: Vec<String> =
        rust.filter_map(|path| path.file_stem().map(|name| name.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}
