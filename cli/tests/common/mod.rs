//! A device that seals, a PGO that opens, and the real binary.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod mosquitto;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Both ends, paired, in a folder of their own.
pub(crate) struct Parties {
    folder: tempfile::TempDir,
}

impl Parties {
    pub(crate) fn new() -> Self {
        let parties = Self { folder: tempfile::tempdir().unwrap() };
        for line in [
            "keygen -o pgo.key",
            "keygen --seal-only -o device.key",
            "card issue -i pgo.key -o pgo.card --label PGO --days 90",
            "card issue -i device.key -o device.card --label device",
            "trust add --state pgo.state device.card",
        ] {
            let output = parties.run(line, b"");
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        }
        parties
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn zegel(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zegel"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a line of words, with this on standard input.
    pub(crate) fn run(&self, line: &str, input: &[u8]) -> Output {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut child = self
            .zegel(&words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that needs no input may end before it is written.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// Runs a line of words that has to succeed, and gives what it says on standard error.
    pub(crate) fn does(&self, line: &str) -> String {
        let output = self.run(line, b"");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {words}");
        words
    }

    /// The exit code of a line of words, and its last line on standard error.
    pub(crate) fn fails(&self, line: &str, input: &[u8]) -> (Option<i32>, String) {
        let output = self.run(line, input);
        assert_eq!(output.stdout, b"", "{line}");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().into(),
        )
    }

    pub(crate) fn seal(&self, body: &[u8], topic: &str) -> Vec<u8> {
        let line = format!("seal -i device.key -r pgo.card -t {topic} --state device.state");
        let output = self.run(&line, body);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}
