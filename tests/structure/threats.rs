//! SECURITY.md answers for every known threat: with a test that exists, or with the reason why it is out of scope.

use std::collections::BTreeSet;

use crate::rust;
use crate::tree::{File, all, caught, clean};

/// What a row of the table may name as its test.
struct Proofs {
    tests: BTreeSet<String>,
    files: BTreeSet<String>,
}

impl Proofs {
    /// Test functions in Rust and Python; fuzz targets, tests in C and test-command parts by the file that holds them.
    fn of(files: &[File]) -> Self {
        let rust = files.iter().filter(|file| file.is_rust()).flat_map(|file| rust::tests(&file.text));
        let python = files.iter().filter(|file| file.path.ends_with(".py")).flat_map(|file| {
            let tests = file.text.lines().filter_map(|line| line.trim_start().strip_prefix("def test_"));
            tests.map(|rest| format!("test_{}", rest.split('(').next().unwrap_or_default()))
        });
        let folders = ["fuzz/fuzz_targets/", "ffi/tests/c/", "xtask/src/parts"];
        let named = files.iter().filter(|file| file.under(&folders)).map(|file| file.path.clone());
        Self { tests: rust.chain(python).collect(), files: named.chain(["deny.toml".to_owned()]).collect() }
    }

    fn hold(&self, name: &str) -> bool {
        self.tests.contains(name) || self.files.contains(name)
    }
}

/// The rows `| A-01 | attack | defence | test |` of the table, by id and last cell.
fn rows(security: &str) -> Vec<(String, String)> {
    let rows = security.lines().filter(|line| line.starts_with('|'));
    rows.filter_map(|row| {
        let mut cells = row.trim().trim_matches('|').split('|').map(str::trim);
        let id = cells.next().filter(|id| is_id(id))?;
        Some((id.to_owned(), cells.next_back().unwrap_or_default().to_owned()))
    })
    .collect()
}

fn faults(security: &str, ids: &[&str], proofs: &Proofs) -> Vec<String> {
    let rows = rows(security);
    let mut faults = Vec::new();
    if !rows.iter().map(|(id, _)| id.as_str()).eq(ids.iter().copied()) {
        let listed: BTreeSet<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
        let missing: Vec<&&str> = ids.iter().filter(|id| !listed.contains(**id)).collect();
        faults
            .push(format!("SECURITY.md: each id once, in order; missing: {missing:?}, rows: {}", rows.len()));
    }
    for (id, proof) in rows {
        let names: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        if let Some(reason) = proof.strip_prefix("out of scope: ") {
            if reason.len() < 15 {
                faults.push(format!("SECURITY.md: {id} is out of scope for no reason"));
            }
        } else if names.is_empty() {
            faults.push(format!("SECURITY.md: {id} names no test"));
        }
        let gone = names.iter().filter(|name| !proofs.hold(name));
        faults.extend(gone.map(|name| format!("SECURITY.md: {id} names {name:?}, which is not there")));
    }
    faults
}

/// A letter, a dash and two digits.
fn is_id(word: &str) -> bool {
    matches!(word.as_bytes(), [b'A'..=b'Z', b'-', b'0'..=b'9', b'0'..=b'9'])
}

#[test]
fn every_threat_has_its_test() {
    let files = all();
    let text = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let ids: Vec<&str> = text("tests/threat-ids.txt").split_whitespace().collect();
    assert_eq!(ids.len(), 102, "the checked-in list is complete");
    clean(faults(text("SECURITY.md"), &ids, &Proofs::of(&files)));
}

#[test]
fn a_threat_without_a_test_is_caught() {
    let files = [
        File::new("src/a.rs", "#[test]\nfn held() {}\nfn helper() {}"),
        File::new("tests/b.py", "def test_other(a):\n    pass\n"),
        File::new("fuzz/fuzz_targets/open.rs", ""),
        File::new("ffi/tests/c/misuse.c", ""),
    ];
    let proofs = Proofs::of(&files);
    let check = |first: &str, second: &str| {
        let table = format!("| id | attack | defence | test |\n|---|---|---|---|\n{first}\n{second}\n");
        faults(&table, &["A-01", "B-02"], &proofs)
    };
    let (a, b) =
        ("| A-01 | x | y | `held` |", "| B-02 | x | y | `test_other`, `fuzz/fuzz_targets/open.rs` |");
    clean(check(a, b));
    clean(check(a, "| B-02 | x | y | `ffi/tests/c/misuse.c` |"));
    clean(check(a, "| B-02 | x | y | out of scope: this version has no sessions |"));
    caught(&check(a, ""), "missing: [\"B-02\"]");
    caught(&check(b, a), "in order");
    caught(&check(a, "| B-02 | x | y | `helper` |"), "not there");
    caught(&check(a, "| B-02 | x | y | `held`, `gone` |"), "\"gone\"");
    caught(&check(a, "| B-02 | x | y | held |"), "names no test");
    caught(&check(a, "| B-02 | x | y | |"), "names no test");
    caught(&check(a, "| B-02 | x | y | out of scope: no |"), "no reason");
}
