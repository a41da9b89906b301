//! The header of the C library against the code: what cbindgen makes of the code declares the same functions with the
//! same types, and the same structs with the same members.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::run::{Show, execute};

/// Compares the declarations of `zegel.h` with those that cbindgen makes of the code.
pub(super) fn check(root: &Path, cbindgen: &Path) -> Result<(), String> {
    let out = root.join("target/ffi/cbindgen.h");
    std::fs::create_dir_all(root.join("target/ffi")).map_err(|e| e.to_string())?;
    let mut make = Command::new(cbindgen);
    make.args(["--quiet", "--config", "ffi/cbindgen.toml", "--output"]).arg(&out).arg("ffi");
    execute(make.current_dir(root), Show::Failure, root)?;
    let header = declarations(&preprocessed(root, &root.join("ffi/include/zegel.h"))?);
    let code = declarations(&preprocessed(root, &out)?);
    let faults = differences(&header, &code);
    if code.len() < 50 {
        return Err(format!("cbindgen found no more than {} declarations", code.len()));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

type Declarations = BTreeMap<String, String>;

fn differences(header: &Declarations, code: &Declarations) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, declaration) in code {
        match header.get(name) {
            Some(same) if same == declaration => {}
            Some(other) => faults.push(format!("{name}\n  header: {other}\n  code:   {declaration}")),
            None => faults.push(format!("{name} is not in the header")),
        }
    }
    let extra = header.keys().filter(|name| !code.contains_key(*name));
    faults.extend(extra.map(|name| format!("{name} is not in the code")));
    faults
}

fn preprocessed(root: &Path, header: &Path) -> Result<String, String> {
    let mut gcc = Command::new("gcc");
    gcc.args(["-E", "-P", "-D__attribute__(x)=", "-x", "c"]).arg(header);
    let output = gcc.current_dir(root).output().map_err(|e| format!("gcc: {e}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Functions by name, with the types of their arguments; structs by name, with their members in order.
fn declarations(text: &str) -> Declarations {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut aliases = Vec::new();
    let mut found = BTreeMap::new();
    for statement in split(&text, ';', '{', '}') {
        if statement.starts_with("typedef") && statement.contains("Pointer_") && !statement.contains('{') {
            // `typedef const uint8_t *ConstPointer_u8`, or `(*Pointer_u8_32)[32]`
            let at =
                statement.find("ConstPointer_").or_else(|| statement.find("Pointer_")).unwrap_or_default();
            let (before, rest) = statement.split_at(at);
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            aliases.push((name, before.replace("typedef", "").replace('(', "").trim().to_owned()));
        } else if let Some(body) = statement.strip_prefix("typedef struct zegel_") {
            if let Some((name, rest)) = body.split_once('{') {
                let members = rest.rsplit_once('}').map_or("", |(members, _)| members);
                if !members.contains("opaque") {
                    found.insert(format!("struct zegel_{}", name.trim()), shape(members, ';', &aliases));
                }
            }
        } else if let Some((head, rest)) = statement.split_once('(') {
            let mut words = head.split(' ').filter(|word| *word != "extern");
            let (Some(result), Some(name)) = (words.next(), words.next_back()) else { continue };
            if name.starts_with("zegel_") {
                let arguments = rest.rsplit_once(')').map_or("", |(arguments, _)| arguments);
                found.insert(name.to_owned(), format!("{result} of {}", shape(arguments, ',', &aliases)));
            }
        }
    }
    found
}

/// The pieces between separators that stand in no brackets.
fn split(text: &str, separator: char, opens: char, closes: char) -> Vec<String> {
    let (mut depth, mut now, mut all) = (0_i32, String::new(), Vec::new());
    for c in text.chars() {
        depth += i32::from(c == opens) - i32::from(c == closes);
        if c == separator && depth == 0 {
            all.push(std::mem::take(&mut now).trim().to_owned());
        } else {
            now.push(c);
        }
    }
    all.push(now.trim().to_owned());
    all.retain(|piece| !piece.is_empty());
    all
}

/// Members with their names, or arguments without: each written one way.
fn shape(list: &str, separator: char, aliases: &[(String, String)]) -> String {
    let mut items = Vec::new();
    for item in split(list, separator, '(', ')') {
        // `uint64_t serial, not_before` are two members; a function pointer's commas are its own.
        let parts = if separator == ';' { split(&item, ',', '(', ')') } else { vec![item.clone()] };
        let first = parts.first().cloned().unwrap_or_default();
        let base = first.split(['[', '*', '(']).next().unwrap_or_default().trim().to_owned();
        let base = if first.contains(['*', '(']) {
            base
        } else {
            base.rsplit_once(' ').map_or(base.clone(), |(b, _)| b.to_owned())
        };
        for (place, part) in parts.iter().enumerate() {
            let whole = if place == 0 { part.clone() } else { format!("{base} {part}") };
            items.push(canonical(&whole, separator == ';', aliases));
        }
    }
    items.join("; ")
}

/// A member, or the type of an argument: there an array, or a pointer to one, is a pointer.
fn canonical(declaration: &str, member: bool, aliases: &[(String, String)]) -> String {
    if let Some((before, rest)) = declaration.split_once("(*") {
        let function = rest.split_once(')').filter(|(_, rest)| rest.trim_start().starts_with('('));
        if let Some((name, arguments)) = function {
            let inside = arguments.trim().trim_start_matches('(').trim_end_matches(')');
            return format!("{} (*{name})({})", before.trim(), shape(inside, ',', aliases));
        }
    }
    let mut text = declaration.trim().to_owned();
    for (alias, meaning) in aliases {
        if let Some(name) = text.strip_prefix(alias.as_str()).filter(|rest| rest.starts_with(' ')) {
            text = format!("{meaning} {}", name.trim());
        }
    }
    let text = text.replace("struct ", "");
    let (kind, array) = match text.split_once('[') {
        Some((kind, length)) => {
            (kind, format!("[{}", length.split_inclusive(']').next().unwrap_or_default()))
        }
        None => (text.as_str(), String::new()),
    };
    let stars = "*".repeat(kind.matches('*').count());
    let words: Vec<&str> = kind.split([' ', '*']).filter(|word| !word.is_empty()).collect();
    let (name, base) = words.split_last().map_or((&"", String::new()), |(name, base)| (name, base.join(" ")));
    match (member, array.is_empty()) {
        (true, _) => format!("{base}{stars} {name}{array}"),
        (false, true) => format!("{base}{stars}"),
        (false, false) => format!("{base}{stars}*"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "typedef struct zegel_a { uint64_t one, two; const uint8_t *b; size_t size; uint8_t id[32], c;
        int (*f)(void *user, const uint8_t *in); } zegel_a;
        int zegel_go(zegel_b *b, const uint8_t seed[32], const char *text, size_t size);";

    #[test]
    fn one_thing_written_two_ways_is_the_same() {
        let code = "typedef const uint8_t (*ConstPointer_u8_32)[32]; typedef struct zegel_b *Pointer_zegel_b;
            typedef const char *ConstPointer_c_char; typedef const uint8_t *ConstPointer_u8;
            typedef struct zegel_a { uint64_t one; uint64_t two; ConstPointer_u8 b; size_t size; uint8_t id[32]; uint8_t c;
            int (*f)(void *user, const uint8_t *in); } zegel_a;
            int zegel_go(Pointer_zegel_b b, ConstPointer_u8_32 seed, ConstPointer_c_char text, size_t text_size);";
        assert_eq!(differences(&declarations(HEADER), &declarations(code)), [""; 0]);
        assert_eq!(declarations(HEADER).len(), 2);
    }

    #[test]
    fn whatever_differs_is_told() {
        for (from, to) in [
            ("uint64_t one", "uint32_t one"),
            ("size_t size; uint8_t", "uint8_t"),
            ("id[32]", "id[33]"),
            ("const char *text", "char *text"),
            ("zegel_b *b", "zegel_a *b"),
            ("size_t size);", "size_t size, int more);"),
            ("zegel_go", "zegel_went"),
            ("const uint8_t *in", "uint8_t *in"),
        ] {
            let changed = HEADER.replacen(from, to, 1);
            assert_ne!(changed, HEADER);
            assert!(!differences(&declarations(HEADER), &declarations(&changed)).is_empty(), "{to}");
        }
    }
}
