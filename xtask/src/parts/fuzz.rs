//! The part `fuzz`: every fuzz target for a minute, from the checked-in corpus. What it finds new goes to a folder
//! under target/, so that a test run leaves the checkout as it was.

use std::path::Path;
use std::process::Command;

use crate::run::{Run, Show, Stop};
use crate::tools;

pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    run.check("the nightly toolchain", || tools::nightly(&root))?;
    run.check("a C++ compiler", || tools::system(&root, "c++", "g++"))?;
    let tool = run.check("cargo-fuzz", || tools::cargo_tool(&root, "cargo-fuzz", "0.13"))?;
    let targets = run.check("the fuzz targets", || targets(&root))?;

    let fuzz = |action: &str| {
        let mut command = Command::new("rustup");
        command.args(["run", "nightly"]).arg(&tool).args(["fuzz", action, "--target-dir", "target/fuzz"]);
        command
    };
    run.step("build of the fuzz targets", Show::Failure, &mut fuzz("build"))?;
    for target in targets {
        let found = format!("target/fuzz-corpus/{target}");
        let kept = format!("fuzz/corpus/{target}");
        let made = run.check(&format!("folders of {target}"), || folders(&root, [&found, &kept]));
        if made.is_ok() {
            let mut minute = fuzz("run");
            minute.args([&target, &found, &kept]).args(["--", "-max_total_time=60", "-rss_limit_mb=2048"]);
            minute.args(["-print_final_stats=1", "-verbosity=0"]);
            let _ = run.step(&format!("fuzz {target} for a minute"), Show::Failure, &mut minute);
        }
    }
    Ok(())
}

fn targets(root: &Path) -> Result<Vec<String>, String> {
    let folder =
        std::fs::read_dir(root.join("fuzz/fuzz_targets")).map_err(|e| format!("fuzz/fuzz_targets: {e}"))?;
    let files = folder.flatten().map(|file| file.path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .filter_map(|path| path.file_stem().map(|name| name.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    if names.is_empty() { Err("fuzz/fuzz_targets is empty".to_owned()) } else { Ok(names) }
}

/// libFuzzer refuses a corpus folder that is not there.
fn folders(root: &Path, names: [&str; 2]) -> Result<(), String> {
    names
        .iter()
        .try_for_each(|name| std::fs::create_dir_all(root.join(name)).map_err(|e| format!("{name}: {e}")))
}
