//! Rules for the papers of the project, and for what no file of it may hold.

use crate::tree::{File, all, caught, clean};

const PAPERS: [&str; 7] = [
    "README.md",
    "SPEC.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// Unfinished work has its place in an issue. Spelled in two halves, as this file is searched too.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

/// Which registry a build uses is a matter of the machine it runs on.
const HOSTS: [&str; 10] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
    concat!("maven", ".org"),
    concat!("maven.", "apache.org"),
    concat!("rust-lang", ".org/dist"),
];

fn missing(files: &[File]) -> Vec<String> {
    let there = |paper: &str| files.iter().any(|file| file.path == paper && file.text.trim().len() > 200);
    PAPERS.iter().filter(|paper| !there(paper)).map(|paper| format!("{paper} is missing or empty")).collect()
}

fn long_readme(readme: &str) -> Vec<String> {
    let lines = readme.lines().count();
    if lines < 150 { Vec::new() } else { vec![format!("README.md: {lines} lines, 150 are too many")] }
}

fn long_example(readme: &str) -> Vec<String> {
    let example =
        readme.split("```rust").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let lines = example.lines().skip(1).filter(|line| !line.trim().is_empty()).count();
    let hidden = example.lines().any(|line| line.trim_start().starts_with("# "));
    match lines {
        0 => vec!["README.md: no first example in Rust".to_owned()],
        13.. => vec![format!("README.md: the first example has {lines} lines, 12 are enough")],
        _ if hidden => vec!["README.md: the first example hides lines".to_owned()],
        _ => Vec::new(),
    }
}

/// The example in README.md is the one on the crate's page, which is compiled as a test.
fn untested_example(readme: &str, roof: &str) -> Vec<String> {
    let example = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    let example: String = example
        .unwrap_or("none")
        .lines()
        .map(|line| format!("//! {line}").trim_end().to_owned() + "\n")
        .collect();
    if roof.contains(&example) {
        Vec::new()
    } else {
        vec!["README.md: its example is not that of lib.rs".to_owned()]
    }
}

fn forbidden(file: &File) -> Vec<String> {
    // Cargo writes its registry's name into each entry of a lock file.
    let hosts = if file.path.ends_with("Cargo.lock") { [].as_slice() } else { HOSTS.as_slice() };
    let words = UNFINISHED.iter().chain(hosts).filter(|word| file.text.contains(**word));
    words.map(|word| format!("{}: holds {word:?}", file.path)).collect()
}

#[test]
fn the_papers_are_there_and_the_readme_is_short() {
    let files = all();
    clean(missing(&files));
    for readme in files.iter().filter(|file| file.path == "README.md") {
        clean(long_readme(&readme.text));
        clean(long_example(&readme.text));
        let roof = files.iter().find(|file| file.path == "src/lib.rs").map_or("", |file| &file.text);
        clean(untested_example(&readme.text, roof));
    }
}

#[test]
fn no_file_holds_unfinished_work_or_a_registry_host() {
    clean(all().iter().flat_map(forbidden).collect());
}

#[test]
fn bad_papers_are_caught() {
    let paper = |path: &str| File::new(path, &"word ".repeat(100));
    let files: Vec<File> = PAPERS.iter().map(|path| paper(path)).collect();
    clean(missing(&files));
    caught(&missing(&files[1..]), "README.md");

    clean(long_readme(&"\n".repeat(149)));
    caught(&long_readme(&"\n".repeat(150)), "150 lines");
    let example = |lines: usize| format!("# Zegel\n```rust\n{}```\n", "let a = 1;\n".repeat(lines));
    clean(long_example(&example(12)));
    caught(&long_example(&example(13)), "13 lines");
    caught(&long_example("# Zegel\n"), "no first example");
    caught(&long_example("```rust\n# let a = 1;\na;\n```"), "hides lines");

    clean(untested_example("```rust\na;\n\nb;\n```", "//! a;\n//!\n//! b;\n//! ```"));
    caught(&untested_example("```rust\na;\n```", "//! b;\n"), "lib.rs");

    for word in UNFINISHED.iter().chain(&HOSTS) {
        caught(&forbidden(&File::new("a.md", &format!("a {word} b"))), word);
    }
    clean(forbidden(&File::new("fuzz/Cargo.lock", HOSTS[0])));
}
