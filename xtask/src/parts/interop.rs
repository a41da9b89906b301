//! The part `interop`: an independent COSE library opens what the command seals, and the command opens what an
//! independent script on that library writes.

use std::process::Command;

use super::zegel;
use crate::run::{Run, Show, Stop};
use crate::tools;

pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    let python = run.check("Python with the interop packages", || tools::python(&root, REQUIREMENTS))?;
    let zegel = zegel(run, "dev")?;
    let mut tests = Command::new(python);
    tests.arg("tests/interop/run.py");
    tests.env("ZEGEL_BIN", zegel).env("PYTHONDONTWRITEBYTECODE", "1");
    run.step("python-cwt and zegel", Show::Always, &mut tests)
}

const REQUIREMENTS: &str = "tests/interop/requirements.txt";
