//! `cargo xtask test`: every test of the project behind one command, on a laptop as in CI. It installs
//! the tools that a part needs where it may, and a part whose tool cannot be had fails: nothing is skipped.

#![forbid(unsafe_code)]

mod chroot;
mod parts;
mod run;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use parts::{PARTS, Part};
use run::Run;

const HELP: &str = "\
Usage: cargo xtask test [--only PART[,PART]]...    run every part, or the named ones
       cargo xtask test --list                     list the parts
       cargo xtask firmware                        measure the firmware, into ffi/README.md
       cargo xtask firmware build TARGET PROFILE   build the C library for a microcontroller: small, fast or stable
       cargo xtask ffi install --prefix FOLDER     install the C library, its header, and what cmake and pkg-config read
       cargo xtask kotlin                          make the jar for Kotlin and Java, into target/kotlin
       cargo xtask kotlin bench                    measure opens a second, in Rust and through Kotlin
       cargo xtask swift                           make what the Swift package needs of Rust, for this machine
       cargo xtask swift bench                     measure opens a second, in Rust and through Swift

Tools that are missing are installed: Rust targets and components by rustup, cargo subcommands and Python
packages into target/, and, as root on a Debian-like system, packages by apt-get. Elsewhere the part fails
and says what to install.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match plan(&args) {
        Ok(Plan::Help) => println!("{HELP}"),
        Ok(Plan::List) => {
            for part in PARTS {
                println!("{:<8} {}", part.name, part.about);
            }
        }
        Ok(Plan::Test(parts)) => return test(&parts),
        Ok(Plan::Firmware) => {
            return done(Run::new().and_then(|run| parts::firmware::write_table(run.root())));
        }
        Ok(Plan::FirmwareBuild(target, profile)) => {
            return done(Run::new().and_then(|run| parts::firmware::build(run.root(), &target, &profile)));
        }
        Ok(Plan::Install(prefix)) => {
            return done(Run::new().and_then(|run| parts::ffi::install(run.root(), &prefix)));
        }
        Ok(Plan::Kotlin) => return done(Run::new().and_then(|run| parts::kotlin::make(run.root()))),
        Ok(Plan::KotlinBench) => return done(Run::new().and_then(|run| parts::kotlin::bench(run.root()))),
        Ok(Plan::Swift) => return done(Run::new().and_then(|run| parts::swift::make(run.root()))),
        Ok(Plan::SwiftBench) => return done(Run::new().and_then(|run| parts::swift::bench(run.root()))),
        Err(error) => {
            eprintln!("xtask: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn done(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Plan {
    Help,
    Firmware,
    FirmwareBuild(String, String),
    Install(PathBuf),
    Kotlin,
    KotlinBench,
    Swift,
    SwiftBench,
    List,
    Test(Vec<&'static Part>),
}

fn plan(args: &[String]) -> Result<Plan, String> {
    let mut args = args.iter().map(String::as_str);
    match args.next() {
        None | Some("help" | "--help" | "-h") => return Ok(Plan::Help),
        Some("test") => {}
        Some("firmware") => {
            return match (args.next(), args.next(), args.next()) {
                (None, ..) => Ok(Plan::Firmware),
                (Some("build"), Some(target), Some(profile)) => {
                    Ok(Plan::FirmwareBuild(target.to_owned(), profile.to_owned()))
                }
                _ => Err("it is `firmware` or `firmware build TARGET PROFILE`".to_owned()),
            };
        }
        Some("ffi") => {
            return match (args.next(), args.next(), args.next()) {
                (Some("install"), Some("--prefix"), Some(prefix)) => Ok(Plan::Install(prefix.into())),
                _ => Err("it is `ffi install --prefix FOLDER`".to_owned()),
            };
        }
        Some("kotlin") => {
            return match (args.next(), args.next()) {
                (None, _) => Ok(Plan::Kotlin),
                (Some("bench"), None) => Ok(Plan::KotlinBench),
                _ => Err("it is `kotlin`, or `kotlin bench`".to_owned()),
            };
        }
        Some("swift") => {
            return match (args.next(), args.next()) {
                (None, _) => Ok(Plan::Swift),
                (Some("bench"), None) => Ok(Plan::SwiftBench),
                _ => Err("it is `swift`, or `swift bench`".to_owned()),
            };
        }
        Some(other) => return Err(format!("there is no command `{other}`")),
    }
    let mut chosen = Vec::new();
    while let Some(arg) = args.next() {
        match arg {
            "--list" => return Ok(Plan::List),
            "--help" | "-h" => return Ok(Plan::Help),
            "--only" => chosen.extend(find(args.next().ok_or("--only needs the name of a part")?)?),
            _ => match arg.strip_prefix("--only=") {
                Some(names) => chosen.extend(find(names)?),
                None => return Err(format!("`{arg}` is not an option of `test`")),
            },
        }
    }
    // The order of the table, whatever the order asked for: a later part reuses what an earlier one built.
    let all = chosen.is_empty();
    Ok(Plan::Test(PARTS.iter().filter(|part| all || chosen.contains(&part.name)).collect()))
}

fn find(names: &str) -> Result<Vec<&'static str>, String> {
    let find_one = |name: &str| {
        let known = PARTS.iter().find(|part| part.name == name);
        known.map(|part| part.name).ok_or_else(|| format!("there is no part `{name}` (see --list)"))
    };
    names.split(',').map(str::trim).map(find_one).collect()
}

fn test(parts: &[&'static Part]) -> ExitCode {
    let mut run = match Run::new() {
        Ok(run) => run,
        Err(error) => {
            eprintln!("xtask: {error}");
            return ExitCode::FAILURE;
        }
    };
    for part in parts {
        run.part(part.name, part.run);
    }
    if run.summary() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(args: &str) -> Result<Vec<&'static str>, String> {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        match plan(&args)? {
            Plan::Test(parts) => Ok(parts.iter().map(|part| part.name).collect()),
            Plan::Help => Ok(vec!["help"]),
            Plan::List => Ok(vec!["list"]),
            _ => Ok(vec![]),
        }
    }

    #[test]
    fn arguments_choose_the_parts() {
        assert_eq!(names("test").unwrap().len(), PARTS.len());
        assert_eq!(names("test --only fuzz --only core,nostd").unwrap(), ["core", "nostd", "fuzz"]);
        assert_eq!(names("test --only=core").unwrap(), ["core"]);
        assert_eq!(names("test --list").unwrap(), ["list"]);
        assert_eq!(names("").unwrap(), ["help"]);
    }

    #[test]
    fn a_wrong_argument_runs_nothing() {
        for bad in ["tset", "test --only", "test --only nothing", "test --only core,,cli", "test core"] {
            assert!(names(bad).is_err(), "{bad}");
        }
    }
}
