//! Rules for the text of product code: it does not panic, a file is one idea, and nothing is silenced without a
//! reason.

use crate::rust::{code, product};
use crate::tree::{File, all, caught, clean};

const PRODUCT: [&str; 5] = ["src/", "store/src/", "cli/src/", "ffi/src/", "bindings/uniffi/src/"];
/// `expect` with a literal is the standard library's; a reader may have a method of that name.
const PANICS: [&str; 8] = [
    ".unwrap()",
    ".expect(\"",
    ".expect(&",
    "panic!(",
    "todo!(",
    "unimplemented!(",
    "unreachable!(",
    "dbg!(",
];
const LONGEST: usize = 400;

fn panics(file: &File) -> Vec<String> {
    let product = product(&file.text);
    let mut faults = Vec::new();
    for (number, line) in product.lines().enumerate() {
        for panic in PANICS.iter().filter(|panic| line.contains(**panic)) {
            faults.push(format!("{}:{}: {panic} in product code", file.path, number + 1));
        }
    }
    faults
}

fn long(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines < LONGEST {
        Vec::new()
    } else {
        vec![format!("{}: {lines} lines, {LONGEST} are too many", file.path)]
    }
}

fn silenced(file: &File) -> Vec<String> {
    let code = code(&file.text);
    let attributes = ["#[allow(", "#![allow(", "#[expect(", "#![expect("];
    let mut faults = Vec::new();
    for start in attributes.iter().flat_map(|attribute| code.match_indices(attribute)).map(|(at, _)| at) {
        let attribute = code[start..].split(']').next().unwrap_or_default();
        if !attribute.contains("reason =") {
            let number = code[..start].lines().count().max(1);
            faults.push(format!("{}: near line {number}: {attribute}] gives no reason", file.path));
        }
    }
    faults
}

fn headed(file: &File) -> Vec<String> {
    let first = file.text.lines().next().unwrap_or_default();
    let headed = first.starts_with("//!") || first.starts_with("#!");
    if headed { Vec::new() } else { vec![format!("{}: does not begin with what it is for (//!)", file.path)] }
}

/// The release profile decides what runs on a device: arithmetic on hostile lengths is checked there too.
fn unchecked_release(manifest: &str) -> Vec<String> {
    let profile = manifest.split("[profile.release]").nth(1).unwrap_or_default();
    let settings = profile.split("\n[").next().unwrap_or_default();
    let checked = settings.lines().any(|line| line.trim() == "overflow-checks = true");
    if checked { Vec::new() } else { vec!["Cargo.toml: release builds do not check overflow".to_owned()] }
}

fn unsafe_allowed(root: &File) -> Vec<String> {
    let forbidden = code(&root.text).contains("#![forbid(unsafe_code)]");
    if forbidden { Vec::new() } else { vec![format!("{}: does not forbid unsafe code", root.path)] }
}

fn rust_files() -> Vec<File> {
    all().into_iter().filter(File::is_rust).collect()
}

fn product_files() -> Vec<File> {
    rust_files().into_iter().filter(|file| file.under(&PRODUCT) && !file.unit_test).collect()
}

#[test]
fn product_code_does_not_panic() {
    clean(product_files().iter().flat_map(panics).collect());
}

#[test]
fn a_file_is_one_idea() {
    clean(product_files().iter().flat_map(long).collect());
    clean(rust_files().iter().flat_map(headed).collect());
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    clean(rust_files().iter().flat_map(silenced).collect());
}

#[test]
fn release_builds_check_overflow() {
    let manifest = all().into_iter().find(|file| file.path == "Cargo.toml").unwrap();
    clean(unchecked_release(&manifest.text));
}

#[test]
fn unsafe_code_is_forbidden() {
    let roots = ["src/lib.rs", "store/src/lib.rs", "cli/src/main.rs", "xtask/src/main.rs"];
    clean(rust_files().iter().filter(|file| roots.contains(&&*file.path)).flat_map(unsafe_allowed).collect());
}

/// The C library has one room where memory that C owns becomes Rust's.
#[test]
fn unsafe_code_is_in_the_bridge() {
    let elsewhere = |file: &&File| file.under(&["ffi/src/"]) && !file.under(&["ffi/src/bridge"]);
    let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait"];
    let has = |file: &File| words.iter().any(|word| code(&file.text).contains(word));
    clean(
        rust_files()
            .iter()
            .filter(elsewhere)
            .filter(|file| has(file))
            .map(|file| file.path.clone())
            .collect(),
    );
}

#[test]
fn bad_source_is_caught() {
    let file = |text: &str| File::new("src/bad.rs", text);
    for panic in PANICS {
        caught(&panics(&file(&format!("//! Bad.\nfn f() {{ x{panic}\") }}\n"))), "src/bad.rs:2");
        clean(panics(&file(&format!("// x{panic}\n#[cfg(test)]\nmod tests {{ fn f() {{ x{panic}) }} }}\n"))));
    }
    clean(panics(&file("fn f() { x.unwrap_or(1) }")));

    clean(long(&file(&"\n".repeat(399))));
    caught(&long(&file(&"\n".repeat(400))), "400 lines");

    clean(silenced(&file("#[allow(dead_code, reason = \"so\")]\nfn f() {}\n// #[allow(dead_code)]")));
    caught(&silenced(&file("fn g() {}\n#[allow(dead_code)]\nfn f() {}")), "gives no reason");
    caught(&silenced(&file("#![expect(\n  clippy::all\n)]")), "gives no reason");

    clean(unchecked_release("[profile.release]\noverflow-checks = true\n[profile.dev]"));
    caught(
        &unchecked_release("[profile.release]\nlto = true\n[profile.dev]\noverflow-checks = true"),
        "overflow",
    );
    clean(unsafe_allowed(&file("#![forbid(unsafe_code)]")));
    caught(&unsafe_allowed(&file("// #![forbid(unsafe_code)]")), "unsafe");

    clean(headed(&file("//! A word.\n")));
    caught(&headed(&file("use x::Y;\n")), "does not begin");
}
