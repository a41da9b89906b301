//! The floors of the crate: imports run down, never up and never in a circle, nobody imports from the roof, and
//! only `crypto/` names other people's cryptography.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust::{paths, product, words};
use crate::tree::{File, all, caught, clean};

/// The floor of each room; a new file of `src/` gets its line here.
const FLOORS: [(&str, u8); 21] = [
    ("error", 1),
    ("refused", 1),
    ("process", 1),
    ("bytes", 1),
    ("secret", 1),
    ("limits", 1),
    ("cbor", 2),
    ("crypto", 2),
    ("cose", 3),
    ("key", 4),
    ("envelope", 5),
    ("guard", 5),
    ("hpke", 5),
    ("session", 6),
    ("evidence", 6),
    ("pairing", 6),
    ("seal", 7),
    ("open", 7),
    ("rng", 7),
    ("lib", 8),
    // Beside the floors: stands on the ground alone, and only sealing a pack looks at it.
    ("measure", BESIDE),
];
const BESIDE: u8 = 0;
const MEASURE_IS_SEEN_BY: [&str; 2] = ["seal", "lib"];

const CRYPTO_CRATES: [&str; 6] =
    ["chacha20poly1305", "curve25519_dalek", "ed25519_dalek", "x25519_dalek", "hkdf", "sha2"];

const DEFINITIONS: [&str; 9] =
    ["fn", "struct", "enum", "trait", "impl", "union", "const", "static", "macro_rules"];

/// Each file of `src/` by its module path (`cose::sign1`, the roof is `lib`), with the rooms it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

fn imports(files: &[File], faults: &mut Vec<String>) -> Imports {
    let modules: BTreeSet<String> = files.iter().filter_map(module).collect();
    let mut imports = Imports::new();
    for file in files {
        let Some(here) = module(file) else { continue };
        let mut targets = BTreeSet::new();
        for path in paths(&product(&file.text)) {
            match target(&here, &path, &modules) {
                Target::File(there) if there == here => {}
                Target::File(there) => drop(targets.insert(there)),
                Target::Roof if here == "lib" => {}
                Target::Roof => faults.push(format!("{}: imports {path} from the roof", file.path)),
                Target::Outside => {}
            }
        }
        imports.insert(here, targets);
    }
    imports
}

fn up(imports: &Imports) -> Vec<String> {
    let mut faults = Vec::new();
    for (here, targets) in imports {
        let Some(from) = floor(here) else {
            faults.push(format!("src: {here} has no floor (tests/structure/floors.rs lists them)"));
            continue;
        };
        for there in targets {
            let Some(to) = floor(there) else { continue };
            let same_room = room(here) == room(there);
            let allowed = match (from, to) {
                _ if same_room => true,
                (BESIDE, _) => to == 1,
                (_, BESIDE) => MEASURE_IS_SEEN_BY.contains(&room(here)),
                // Seal and open share a floor and never see each other.
                (7, 7) => false,
                _ => to <= from,
            };
            if !allowed {
                faults.push(format!("src: {here} imports {there}, which is not below it"));
            }
        }
    }
    faults
}

fn circles(imports: &Imports) -> Vec<String> {
    let mut left = imports.clone();
    // What imports nothing that is left is in no circle, and takes its arrows with it.
    loop {
        let free: Vec<String> = left.iter().filter(|(_, to)| to.is_empty()).map(|(m, _)| m.clone()).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|module, _| !free.contains(module));
        left.values_mut().for_each(|targets| targets.retain(|target| !free.contains(target)));
    }
    if left.is_empty() { Vec::new() } else { vec![format!("src: a circle among {:?}", left.keys())] }
}

fn foreign_crypto(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| module(file).is_some_and(|module| room(&module) != "crypto")) {
        for word in words(&product(&file.text)).filter(|word| CRYPTO_CRATES.contains(word)) {
            faults.push(format!("{}: names {word}; only crypto/ may", file.path));
        }
    }
    faults
}

fn roof(lib: &File) -> Vec<String> {
    let code = product(&lib.text);
    let mut faults: Vec<String> = words(&code)
        .filter(|word| DEFINITIONS.contains(word))
        .map(|word| format!("{}: defines a {word}; the roof only declares and re-exports", lib.path))
        .collect();
    let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
    if lines > 60 {
        faults.push(format!("{}: {lines} lines of code, more than a page one can take in", lib.path));
    }
    faults
}

enum Target {
    File(String),
    Roof,
    Outside,
}

/// The file that a path leads to, seen from a module.
fn target(here: &str, path: &str, modules: &BTreeSet<String>) -> Target {
    let mut base: Vec<&str> = if here == "lib" { Vec::new() } else { here.split("::").collect() };
    let mut names = path.split("::").peekable();
    let mut inside = false;
    while let Some(&first) = names.peek() {
        match first {
            "crate" => base.clear(),
            "super" => drop(base.pop()),
            "self" => {}
            _ => break,
        }
        inside = true;
        names.next();
    }
    let names: Vec<&str> = names.collect();
    if !inside {
        // A bare first name is a child module, or a crate.
        let child = base.iter().chain(names.first()).copied().collect::<Vec<_>>().join("::");
        if !modules.contains(&child) {
            return Target::Outside;
        }
    }
    base.extend(names);
    (1..=base.len())
        .rev()
        .map(|length| base[..length].join("::"))
        .find(|path| modules.contains(path))
        .map_or(Target::Roof, Target::File)
}

fn module(file: &File) -> Option<String> {
    if file.unit_test {
        return None;
    }
    let path = file.path.strip_prefix("src/")?.strip_suffix(".rs")?;
    Some(path.replace('/', "::"))
}

fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room(module)).map(|(_, floor)| *floor)
}

#[test]
fn imports_run_down_the_floors() {
    let mut faults = Vec::new();
    let imports = imports(&all(), &mut faults);
    assert!(imports.len() > 5, "the parser sees the crate: {imports:?}");
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 10, "and its imports: {imports:?}");
    faults.extend(up(&imports));
    faults.extend(circles(&imports));
    clean(faults);
}

#[test]
fn only_crypto_names_crypto_crates() {
    clean(foreign_crypto(&all()));
}

#[test]
fn the_roof_defines_nothing() {
    clean(all().iter().filter(|file| file.path == "src/lib.rs").flat_map(roof).collect());
}

fn house(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, text)).collect();
    let mut faults = Vec::new();
    let imports = imports(&files, &mut faults);
    faults.extend(up(&imports));
    faults.extend(circles(&imports));
    faults.extend(foreign_crypto(&files));
    faults
}

#[test]
fn a_broken_floor_is_caught() {
    let error = ("src/error.rs", "pub enum Error {}");
    let lib = ("src/lib.rs", "mod error; pub use error::Error;");
    clean(house(&[error, lib, ("src/cbor.rs", "use crate::error::Error;")]));
    clean(house(&[
        error,
        lib,
        ("src/seal.rs", "use crate::measure::P;"),
        ("src/measure/p.rs", ""),
        ("src/measure.rs", ""),
    ]));

    let cbor = ("src/cbor.rs", "");
    let up = ("src/error.rs", "fn f() { crate::cbor::g() }");
    caught(&house(&[lib, up, cbor]), "error imports cbor");
    caught(&house(&[error, lib, ("src/cbor.rs", "use crate::Error;")]), "from the roof");
    caught(&house(&[error, lib, ("src/cbor.rs", "use super::Error;")]), "from the roof");
    caught(&house(&[("src/open.rs", ""), ("src/seal.rs", "use crate::open::Opener;")]), "seal imports open");
    caught(&house(&[("src/seal.rs", ""), ("src/open.rs", "use super::seal::Sealer;")]), "open imports seal");
    caught(
        &house(&[cbor, ("src/measure.rs", ""), ("src/measure/p.rs", "use crate::cbor::W;")]),
        "measure::p",
    );
    caught(
        &house(&[("src/measure.rs", ""), ("src/open.rs", "use crate::measure::P;")]),
        "open imports measure",
    );
    caught(&house(&[("src/attic.rs", "")]), "attic has no floor");
    let circle =
        [("src/key.rs", ""), ("src/key/a.rs", "use super::b::B;"), ("src/key/b.rs", "use crate::key::a::A;")];
    caught(&house(&circle), "a circle");
    caught(&house(&[("src/key.rs", "mod a; use a::A;"), ("src/key/a.rs", "use super::X;")]), "a circle");
    caught(&house(&[("src/key.rs", "use sha2::Sha256;")]), "names sha2");
    clean(house(&[("src/crypto/kdf.rs", "use sha2::Sha256;"), ("src/crypto.rs", "")]));
}

#[test]
fn a_roof_that_defines_is_caught() {
    clean(roof(&File::new("src/lib.rs", "//! fn in words\nmod a;\npub use a::B;\nextern crate alloc;")));
    caught(&roof(&File::new("src/lib.rs", "mod a;\npub(crate) fn f();")), "defines a fn");
    caught(&roof(&File::new("src/lib.rs", &"mod a;\n".repeat(100))), "100 lines");
}
