//! SPEC.md and the code refer to the same sections, and number the errors alike.

use std::collections::BTreeSet;

use zegel::Error;

use crate::tree::{File, all, caught, clean};

/// The numbers of the headings: `## 4 Envelope`, `### 4.2 Plaintext`.
fn sections(spec: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut numbers = BTreeSet::new();
    for line in spec.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let word = line.trim_start_matches('#').split_whitespace().next().unwrap_or_default();
        if !fenced && line.starts_with('#') && is_number(word.trim_end_matches('.')) {
            numbers.insert(word.trim_end_matches('.').to_owned());
        }
    }
    numbers
}

/// The sections of SPEC.md that a text names: `SPEC §4.2`, `SPEC §4.2, §4.3 and §5`.
fn references(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let starts = ["SPEC §", "SPEC.md §", "SPEC.md, §"];
    for (at, start) in starts.iter().flat_map(|start| text.match_indices(start)) {
        let mut rest = &text[at + start.len()..];
        loop {
            let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            found.push(rest[..length].trim_end_matches('.').to_owned());
            rest = &rest[length..];
            match [", §", " and §", " or §", " to §"].iter().find_map(|join| rest.strip_prefix(join)) {
                Some(next) => rest = next,
                None => break,
            }
        }
    }
    found
}

/// The sections that SPEC.md names of itself: a bare `§4.2`, not one of another document's.
fn own_references(spec: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, sign) in spec.match_indices('§') {
        let before = spec[..at].trim_end();
        if before.ends_with(|c: char| c.is_ascii_digit() || c == ']' || c == '§') {
            continue;
        }
        let rest = &spec[at + sign.len()..];
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        if length > 0 {
            found.push(rest[..length].trim_end_matches('.').to_owned());
        }
    }
    found
}

fn dangling(file: &File, sections: &BTreeSet<String>) -> Vec<String> {
    let mut named = references(&file.text);
    if file.path == "SPEC.md" {
        named.extend(own_references(&file.text));
    }
    named.retain(|section| !sections.contains(section));
    named.iter().map(|section| format!("{}: SPEC.md has no section {section:?}", file.path)).collect()
}

/// The rows `| 1 | Malformed | ...` of the section on errors.
fn errors(spec: &str) -> Vec<(u8, String)> {
    let lines = spec.lines().skip_while(|line| !line.starts_with("## 14")).skip(1);
    let rows = lines.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with('|'));
    rows.filter_map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`'));
        Some((cells.next()?.parse().ok()?, cells.next()?.to_owned()))
    })
    .collect()
}

fn is_number(word: &str) -> bool {
    !word.is_empty()
        && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn spec() -> String {
    let spec = all().into_iter().find(|file| file.path == "SPEC.md");
    spec.expect("SPEC.md lies at the root of the repository").text
}

#[test]
fn spec_references_resolve() {
    let sections = sections(&spec());
    assert!(sections.len() > 20, "the parser sees the headings: {sections:?}");
    // This folder holds references that must not resolve.
    let files: Vec<File> = all().into_iter().filter(|file| !file.under(&["tests/structure/"])).collect();
    let named: usize = files.iter().map(|file| references(&file.text).len()).sum();
    assert!(named > 20, "the parser sees the references: {named}");
    clean(files.iter().flat_map(|file| dangling(file, &sections)).collect());
}

#[test]
fn spec_numbers_the_errors_as_the_code_does() {
    let code: Vec<(u8, String)> =
        Error::ALL.iter().map(|error| (error.code(), error.name().to_owned())).collect();
    assert_eq!(errors(&spec()), code);
    for (at, error) in Error::ALL.iter().enumerate() {
        assert_eq!(usize::from(error.code()), at + 1, "{error:?} is out of its place");
        assert_eq!(format!("{error:?}"), error.name());
    }
}

#[test]
fn a_reference_to_nothing_is_caught() {
    let text = "# Zegel\n## 4 Envelope\n### 4.2 Plaintext\n```\n## 9 no heading\n```\nsee §4.2, RFC 9180 §5.3, [X] §8";
    let sections = sections(text);
    assert_eq!(sections.iter().collect::<Vec<_>>(), ["4", "4.2"]);
    let file = |text: &str| File::new("src/x.rs", text);
    clean(dangling(&file("// SPEC §4.2. RFC 9052 §3\n// (SPEC §4, §4.2)"), &sections));
    caught(&dangling(&file("// SPEC §4.3"), &sections), "4.3");
    caught(&dangling(&file("// SPEC §4 and §9"), &sections), "\"9\"");
    clean(dangling(&File::new("SPEC.md", text), &sections));
    caught(&dangling(&File::new("SPEC.md", "(see §4.7)"), &sections), "4.7");
}

#[test]
fn an_error_out_of_step_would_show() {
    let spec = "## 14 Errors\n| n | name |\n|---|---|\n| 1 | `Malformed` | x |\n| 3 | Rejected |\n## 15 Rest\n| 4 | No |";
    assert_eq!(errors(spec), [(1, "Malformed".to_owned()), (3, "Rejected".to_owned())]);
}
