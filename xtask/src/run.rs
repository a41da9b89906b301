//! Runs the steps of a part one after another: each is named and timed, shows its output where it fails,
//! and is ended when it hangs. A failed step does not stop the others; the summary tells them all.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The run of one `cargo xtask test`.
pub(crate) struct Run {
    root: PathBuf,
    part: &'static str,
    steps: Vec<Step>,
}

/// A step failed on which the rest of its part stands; it is in the summary already.
pub(crate) struct Stop;

/// Whether a step's output is worth reading when it succeeds.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Show {
    /// As it comes: test runners.
    Always,
    /// Only when the step fails: compilers, linters and installers.
    Failure,
}

struct Step {
    part: &'static str,
    name: String,
    passed: bool,
    took: Duration,
}

impl Run {
    pub(crate) fn new() -> Result<Self, String> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().ok_or("xtask is not inside the project")?.to_owned();
        std::fs::create_dir_all(root.join("target/xtask")).map_err(|e| format!("target/xtask: {e}"))?;
        Ok(Self { root, part: "", steps: Vec::new() })
    }

    /// The project's root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Runs all the steps of one part.
    pub(crate) fn part(&mut self, name: &'static str, steps: fn(&mut Run) -> Result<(), Stop>) {
        self.part = name;
        if steps(self).is_err() {
            say(&format!("{name}: the rest of this part needs what just failed"));
        }
    }

    /// Runs one command from the project's root.
    pub(crate) fn step(&mut self, name: &str, show: Show, command: &mut Command) -> Result<(), Stop> {
        let root = self.root.clone();
        self.check(name, || execute(command.current_dir(&root), show, &root))
    }

    /// Does one thing that is not a single command, such as looking for a tool and installing it.
    pub(crate) fn check<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, Stop> {
        say(&format!("{}: {name}", self.part));
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        match &result {
            Ok(_) => say(&format!("{}: {name}: ok in {}", self.part, seconds(took))),
            Err(why) => say(&format!("{}: {name}: FAILED in {}\n{why}", self.part, seconds(took))),
        }
        self.steps.push(Step { part: self.part, name: name.to_owned(), passed: result.is_ok(), took });
        result.map_err(|_| Stop)
    }

    /// Prints a line for each step and a closing line; true when all passed.
    pub(crate) fn summary(&self) -> bool {
        let mut part = "";
        println!("\n{:<8} {:<58} {:>8}", "part", "step", "time");
        for step in &self.steps {
            let verdict = if step.passed { "" } else { "  FAILED" };
            let shown = if step.part == part { "" } else { step.part };
            part = step.part;
            println!("{shown:<8} {:<58} {:>8}{verdict}", step.name, seconds(step.took));
        }
        let total: Duration = self.steps.iter().map(|step| step.took).sum();
        let failed = self.steps.iter().filter(|step| !step.passed).count();
        println!("\n{} steps, {failed} failed, in {}", self.steps.len(), seconds(total));
        failed == 0 && !self.steps.is_empty()
    }
}

/// Runs a command to its end, or to its time limit.
pub(crate) fn execute(command: &mut Command, show: Show, root: &Path) -> Result<(), String> {
    let log = root.join("target/xtask/step.log");
    clean(command).stdin(Stdio::null());
    if show == Show::Failure {
        let file = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let twin = file.try_clone().map_err(|e| format!("{}: {e}", log.display()))?;
        command.stdout(file).stderr(twin);
    }
    let status = spawn(command).and_then(|mut child| wait(&mut child))?;
    if status.success() {
        return Ok(());
    }
    let output = if show == Show::Failure { std::fs::read(&log).unwrap_or_default() } else { Vec::new() };
    Err(format!("{}\n{}: {status}", String::from_utf8_lossy(&output), line(command)))
}

/// Starts a command; where nobody sits at a terminal, at the head of its own process group, so that a hanging
/// test is ended with all that it started. At a terminal Ctrl-C has to reach it, so it stays in ours.
fn spawn(command: &mut Command) -> Result<Child, String> {
    #[cfg(unix)]
    if !std::io::stdin().is_terminal() {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
    command.spawn().map_err(|e| format!("{}: {e}", line(command)))
}

/// A command as a person would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn wait(child: &mut Child) -> Result<ExitStatus, String> {
    let start = Instant::now();
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => return Ok(status),
            None if start.elapsed() > LIMIT => {
                if cfg!(unix) && !std::io::stdin().is_terminal() {
                    let group = format!("-{}", child.id());
                    let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
                }
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("ended after {}: it hangs", seconds(LIMIT)));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Takes away what `cargo xtask` itself put into the environment: it would mix its toolchain's
/// libraries into a nightly step and make cargo build some crates twice.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || OURS.contains(&&*name) {
            command.env_remove(name);
        }
    }
    if std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()) {
        // A machine that builds once wants no incremental state, and line tables are enough for a backtrace.
        command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    }
    command
}

fn say(line: &str) {
    println!("==> {line}");
    let _ = std::io::stdout().flush();
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// No step takes half as long where the machine has two cores.
const LIMIT: Duration = Duration::from_secs(30 * 60);
const OURS: [&str; 4] = ["CARGO", "RUST_RECURSION_COUNT", "LD_LIBRARY_PATH", "OUT_DIR"];

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failed_step_shows_its_output_and_fails_the_run() {
        let mut run = Run::new().unwrap();
        let root = run.root().to_owned();
        let why = execute(&mut shell("echo out; echo err >&2; exit 3"), Show::Failure, &root).unwrap_err();
        assert!(why.contains("out\nerr") && why.contains("exit status: 3"), "{why}");

        assert!(!run.summary(), "a run of nothing is not a pass");
        run.part("one", |run| run.check("good", || Ok(())));
        assert!(run.summary());
        run.part("two", |run| run.check("bad", || Err("because".to_owned())));
        run.part("three", |run| run.check("good again", || Ok(())));
        assert!(!run.summary());
        assert_eq!(run.steps.len(), 3, "the parts after a failure still run");
    }

    #[test]
    fn a_command_that_is_not_there_is_a_failure() {
        let run = Run::new().unwrap();
        let mut missing = Command::new("no-such-command-anywhere");
        assert!(execute(&mut missing, Show::Always, run.root()).is_err());
    }
}
