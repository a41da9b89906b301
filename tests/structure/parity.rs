//! Each public item of the crate has its name in C, Swift and Kotlin, or a reason why not: the table of
//! bindings/README.md is held against lib.rs, the header and the faces.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust::words;
use crate::tree::{File, all, caught, clean};

const TABLE: &str = "bindings/README.md";
/// The columns after the crate's: where their names have to be declared.
const LANGUAGES: [(&str, &[&str]); 3] = [
    ("C", &["ffi/include/"]),
    ("Swift", &["bindings/swift/Sources/Zegel/"]),
    ("Kotlin", &["bindings/kotlin/zegel/src/main/"]),
];
/// What is public under a path of its own.
const MODULES: [&str; 5] = ["rng", "envelope", "hpke", "measure", "pairing"];

/// All that a user of the crate can name, as `Sealer` or `pairing::Scanner`.
fn items(files: &[File]) -> BTreeSet<String> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| &*file.text);
    let mut roof = exported(text("src/lib.rs"));
    for name in roof.clone().iter().filter_map(|name| name.strip_suffix("::*")) {
        roof.extend(exported(text(&format!("src/{name}.rs"))));
    }
    roof.retain(|name| !name.ends_with("::*"));
    // `rng` stands in the roof itself.
    roof.remove("SysRng");
    for module in MODULES {
        let inside = match module {
            "rng" => BTreeSet::from(["SysRng".to_owned()]),
            _ => exported(text(&format!("src/{module}.rs"))),
        };
        let named = inside.into_iter().filter(|name| !roof.contains(name));
        let named: Vec<String> = named.map(|name| format!("{module}::{name}")).collect();
        roof.extend(named);
    }
    roof
}

/// The names that the top level of a file makes public.
fn exported(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    for used in code.split("pub use ").skip(1) {
        let list = used.split(';').next().unwrap_or_default();
        match list.split_once('{') {
            Some((_, inside)) => {
                let each =
                    inside.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty());
                names.extend(each.map(|name| last(name).to_owned()));
            }
            None if list.ends_with("::*") => drop(names.insert(list.to_owned())),
            None => drop(names.insert(last(list).to_owned())),
        }
    }
    for line in code.lines() {
        let mut parts =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|part| !part.is_empty());
        if line.starts_with("pub ") && parts.next() == Some("pub") {
            let kind = parts.next();
            let name =
                if kind == Some("const") && line.contains(" fn ") { parts.nth(1) } else { parts.next() };
            let defines = matches!(kind, Some("struct" | "enum" | "trait" | "fn" | "const" | "type"));
            let module = kind == Some("mod") && name == Some("unit");
            names.extend(name.filter(|_| defines || module).map(str::to_owned));
        }
    }
    names
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path).trim()
}

/// The rows of the table: the crate's name, and the cells after it.
fn rows(table: &str) -> BTreeMap<String, Vec<String>> {
    let mut rows = BTreeMap::new();
    let lines = table.lines().skip_while(|line| !line.starts_with("| crate |")).skip(2);
    for line in lines.take_while(|line| line.starts_with('|')) {
        let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        let name = cells.next().unwrap_or_default().trim_matches('`').to_owned();
        rows.insert(name, cells.collect());
    }
    rows
}

fn faults(files: &[File]) -> Vec<String> {
    let Some(table) = files.iter().find(|file| file.path == TABLE) else {
        return vec![format!("{TABLE} is missing")];
    };
    let (items, rows) = (items(files), rows(&table.text));
    let mut faults: Vec<String> = items
        .iter()
        .filter(|item| !rows.contains_key(*item))
        .map(|item| format!("{TABLE}: no row for {item}"))
        .collect();
    faults.extend(
        rows.keys().filter(|row| !items.contains(*row)).map(|row| format!("{TABLE}: {row} is not public")),
    );
    for (at, (language, folders)) in LANGUAGES.iter().enumerate() {
        let sources: Vec<&File> = files.iter().filter(|file| file.under(folders)).collect();
        let declared: BTreeSet<&str> = sources.iter().flat_map(|file| words(&file.text)).collect();
        for (item, cells) in &rows {
            let cell = cells.get(at).map_or("", String::as_str);
            let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            if cell.is_empty() {
                faults.push(format!("{TABLE}: {item} has neither a name in {language} nor a reason"));
            }
            // A language that is not here yet has no names to look for.
            let absent =
                |name: &&&str| !sources.is_empty() && !name.split('.').all(|part| declared.contains(part));
            faults.extend(
                names
                    .iter()
                    .filter(absent)
                    .map(|name| format!("{TABLE}: {name} of {item} is not in {language}")),
            );
        }
    }
    faults
}

#[test]
fn each_item_has_its_name_in_each_language() {
    let files = all();
    assert!(items(&files).len() > 90, "{:?}", items(&files));
    clean(faults(&files));
}

#[test]
fn what_is_missing_is_seen() {
    let roof = "pub use seal::{Sealer, group::GroupSealer};\npub use limits::*;\n";
    let files = |table: &str| {
        vec![
            File::new("src/lib.rs", roof),
            File::new("src/limits.rs", "/// Most.\npub const MAX: u64 = 1;\nconst HIDDEN: u8 = 1;\n"),
            File::new("ffi/include/zegel.h", "int zegel_seal(void);"),
            File::new(TABLE, &format!("| crate | C | Swift | Kotlin |\n|---|---|---|---|\n{table}")),
        ]
    };
    let rows = [
        "| `Sealer` | `zegel_seal` | `Sealer` | `Sealer` |\n",
        "| `GroupSealer` | why not | `G` | `G` |\n",
        "| `MAX` | why not | `M` | `M` |\n",
        "| `rng::SysRng` | why not | why not | why not |\n",
    ];
    clean(faults(&files(&rows.concat())));
    caught(&faults(&files(&rows[1..].concat())), "no row for Sealer");
    caught(&faults(&files(&[&rows.concat(), "| `Gone` | a | b | c |\n"].concat())), "Gone is not public");
    let other = rows.concat().replace("zegel_seal", "zegel_open");
    caught(&faults(&files(&other)), "zegel_open of Sealer is not in C");
    let empty = rows.concat().replace("| why not | `M`", "| | `M`");
    caught(&faults(&files(&empty)), "MAX has neither a name in C nor a reason");
}
