//! The parts of the test command, in the order in which they run: what is quick and breaks often comes first,
//! and a part that needs a program comes after the one that builds it.

mod core;
mod demo;
pub(crate) mod ffi;
pub(crate) mod firmware;
mod fuzz;
mod header;
mod interop;
pub(crate) mod kotlin;
mod nightly;
pub(crate) mod swift;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Run, Show, Stop};
use crate::tools;

/// One part of the test command.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Run) -> Result<(), Stop>,
}

/// All of them.
pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "core",
        about: "format, lints, docs, the crate's tests with each feature alone",
        run: core::run,
    },
    Part { name: "nostd", about: "the crate without features on two microcontroller targets", run: nostd },
    Part { name: "deny", about: "cargo-deny: licences, sources and banned crates and features", run: deny },
    Part { name: "store", about: "the tests of zegel-store, kill -9 among them", run: store },
    Part { name: "cli", about: "the tests of the command, with a real mosquitto", run: cli },
    Part {
        name: "ffi",
        about: "the C library: header, vectors, misuse, sanitizers, valgrind, Miri, install",
        run: ffi::run,
    },
    Part {
        name: "firmware",
        about: "the C library in images for a microcontroller: sizes, budgets, resets (QEMU)",
        run: firmware::run,
    },
    Part {
        name: "kotlin",
        about: "the bridge, the Maven module, vectors through Kotlin, a PGO between real processes",
        run: kotlin::run,
    },
    Part {
        name: "swift",
        about: "the Swift package, vectors through Swift, a PGO in Swift between real processes",
        run: swift::run,
    },
    Part { name: "interop", about: "both ways between the command and python-cwt", run: interop::run },
    Part { name: "fuzz", about: "each fuzz target for a minute (nightly Rust)", run: fuzz::run },
    Part {
        name: "demo",
        about: "the demo, optimised, over its own broker and over mosquitto",
        run: demo::run,
    },
];

fn nostd(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    for triple in ["thumbv6m-none-eabi", "thumbv7em-none-eabihf"] {
        run.check(&format!("the target {triple}"), || tools::rust_target(&root, triple))?;
        for features in ["", "alloc"] {
            let name = format!("build for {triple}, features: {}", named(features));
            let args = ["build", "-p", "zegel", "--lib", "--no-default-features", "--features", features];
            let _ = run.step(&name, Show::Failure, cargo(&args).args(["--target", triple]));
        }
    }
    Ok(())
}

fn deny(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    let tool = run.check("cargo-deny", || tools::cargo_tool(&root, "cargo-deny", "0.20"))?;
    // Advisories come from a git host, which a build machine may not reach; CONTRIBUTING.md says so.
    let what = ["check", "bans", "licenses", "sources"];
    let mut main = Command::new(&tool);
    main.args(["deny", "--workspace", "--all-features"]).args(what);
    let _ = run.step("bans, licences and sources", Show::Failure, &mut main);
    if root.join("fuzz/Cargo.toml").is_file() {
        let mut fuzz = Command::new(&tool);
        fuzz.args(["deny", "--manifest-path", "fuzz/Cargo.toml", "--config", "deny.toml", "--all-features"])
            .args(what);
        let _ = run.step("the same for fuzz/", Show::Failure, &mut fuzz);
    }
    Ok(())
}

fn store(run: &mut Run) -> Result<(), Stop> {
    run.step(
        "tests of zegel-store",
        Show::Always,
        &mut cargo(&["test", "--no-fail-fast", "-p", "zegel-store"]),
    )
}

fn cli(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    run.check("mosquitto", || tools::system(&root, "mosquitto", "mosquitto"))?;
    let mut tests = cargo(&["test", "--no-fail-fast", "-p", "zegel-cli"]);
    // Without this the tests that need a broker would pass where there is none.
    run.step("tests of zegel-cli", Show::Always, tests.env("ZEGEL_REQUIRE_MOSQUITTO", "1"))
}

/// A device, mosquitto, the PGO that `pgo` runs, and a GP: real processes, in a folder that is made anew.
fn chain(zegel: &Path, folder: &str, pgo: &Command) -> Command {
    let mut chain = Command::new("bindings/chain.sh");
    chain.arg(zegel).arg(folder).arg(pgo.get_program()).args(pgo.get_args());
    chain
}

/// Builds the `zegel` command and tells where it is.
fn zegel(run: &mut Run, profile: &str) -> Result<PathBuf, Stop> {
    let mut build = cargo(&["build", "-p", "zegel-cli", "--profile", profile]);
    run.step(&format!("build of zegel, profile {profile}"), Show::Failure, &mut build)?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target(run.root()).join(folder).join("zegel"))
}

/// The folder that cargo builds into.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
}

fn named(features: &str) -> &str {
    if features.is_empty() { "none" } else { features }
}
