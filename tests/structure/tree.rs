//! The files of the repository as the rules see them: a path with `/` between its parts, and the text.

use std::fs;
use std::path::Path;

use crate::rust;

/// One file; bytes that are no UTF-8 are replaced, since no rule looks inside a binary file.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    /// Whether the file is the body of a `#[cfg(test)] mod name;`.
    pub(crate) unit_test: bool,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), unit_test: false }
    }

    /// Whether the file lies under one of these folders.
    pub(crate) fn under(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// All files of the repository, sorted by path, without what the build and the fuzzer leave behind.
pub(crate) fn all() -> Vec<File> {
    let mut files = Vec::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    mark_unit_tests(&mut files);
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the repository is not where it was built");
    files
}

/// Marks the files that a `#[cfg(test)] mod name;` stands for.
fn mark_unit_tests(files: &mut [File]) {
    let mut bodies = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let folder = match file.path.trim_end_matches(".rs").rsplit_once('/') {
            Some((folder, "lib" | "main" | "mod")) => folder,
            _ => file.path.trim_end_matches(".rs"),
        };
        bodies.extend(rust::test_modules(&file.text).iter().map(|name| format!("{folder}/{name}.rs")));
    }
    files.iter_mut().for_each(|file| file.unit_test = bodies.contains(&file.path));
}

/// Fails with all faults, one a line.
#[track_caller]
pub(crate) fn clean(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Fails unless there is exactly one fault and it says this.
#[track_caller]
pub(crate) fn caught(faults: &[String], what: &str) {
    assert!(matches!(faults, [one] if one.contains(what)), "wanted one fault with {what:?}, got {faults:#?}");
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            if !LEFT_OUT.contains(&name.as_str()) {
                walk(&entry.path(), &format!("{path}/"), files);
            }
        } else if let Ok(bytes) = fs::read(entry.path()) {
            files.push(File::new(&path, &String::from_utf8_lossy(&bytes)));
        }
    }
}

const LEFT_OUT: [&str; 8] =
    [".git", "target", "Generated", ".build", "corpus", "artifacts", "__pycache__", ".pytest_cache"];

#[test]
fn bodies_of_unit_tests_are_known() {
    let a = File::new("src/key/card.rs", "#[cfg(test)]\nmod checks;\n");
    let mut files = [a, File::new("src/key/card/checks.rs", ""), File::new("src/checks.rs", "")];
    mark_unit_tests(&mut files);
    assert_eq!(files.map(|file| file.unit_test), [false, true, false]);
}
