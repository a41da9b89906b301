//! As much of Rust's syntax as the rules need: the code of a file without comments, literals and unit tests, its
//! imports as full paths, and its test functions.

/// The code with every comment and the inside of every literal blanked; lines keep their numbers.
pub(crate) fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match literal_end(&text[at..], at.checked_sub(1).map(|before| bytes[before])) {
            Some(length) => at + length,
            None => {
                let one = text[at..].chars().next().unwrap();
                out.push(one);
                at += one.len_utf8();
                continue;
            }
        };
        // A quote at each end keeps the place of a literal visible.
        let quoted = bytes[at] != b'/';
        out.push(if quoted { '"' } else { ' ' });
        out.extend(text[at..end].chars().filter(|&c| c == '\n'));
        out.push(if quoted { '"' } else { ' ' });
        at = end;
    }
    out
}

/// The code without `#[cfg(test)]` items.
pub(crate) fn product(text: &str) -> String {
    let mut code = code(text);
    let mut from = 0;
    while let Some(start) = code[from..].find("#[cfg(test)]").map(|found| from + found) {
        let rest = &code[start..];
        let open = rest.find('{').unwrap_or(rest.len());
        let semicolon = rest.find(';').unwrap_or(rest.len());
        let end = if semicolon < open { semicolon + 1 } else { open + block_length(&rest[open..]) };
        let lines: String = rest[..end].chars().filter(|&c| c == '\n').collect();
        code.replace_range(start..start + end, &lines);
        from = start + lines.len();
    }
    code
}

/// Every path that the code names: `use` trees flattened, and `crate::`, `super::` and `self::` paths inline.
pub(crate) fn paths(code: &str) -> Vec<String> {
    let code = without_visibilities(code);
    let mut paths = Vec::new();
    let mut rest = code.as_str();
    while let Some((start, word)) = next_word(rest) {
        let after = &rest[start + word.len()..];
        if word == "use" {
            let end = after.find(';').unwrap_or(after.len());
            flatten("", &after[..end], &mut paths);
            rest = &after[end..];
        } else if matches!(word, "crate" | "super" | "self") && after.trim_start().starts_with("::") {
            let length = path_length(after);
            paths.push(format!("{word}{}", after[..length].replace(char::is_whitespace, "")));
            rest = &after[length..];
        } else {
            rest = after;
        }
    }
    paths
}

/// The identifiers of the code, in order.
pub(crate) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !is_word(c)).filter(|word| !word.is_empty())
}

/// The names of the functions marked `#[test]`.
pub(crate) fn tests(text: &str) -> Vec<String> {
    let code = code(text);
    let mut names = Vec::new();
    for found in code.split("#[test]").skip(1) {
        let mut words = words(found);
        if words.any(|word| word == "fn") {
            names.extend(words.next().map(str::to_owned));
        }
    }
    names
}

/// The names of the modules that `#[cfg(test)] mod name;` declares.
pub(crate) fn test_modules(text: &str) -> Vec<String> {
    let code = code(text);
    let declared = code.split("#[cfg(test)]").skip(1).filter_map(|rest| {
        let (name, _) = rest.trim_start().strip_prefix("mod ")?.split_once(';')?;
        name.bytes().all(|byte| is_word(byte as char)).then(|| name.to_owned())
    });
    declared.collect()
}

/// The length of the comment or literal that starts here, if one does.
fn literal_end(text: &str, before: Option<u8>) -> Option<usize> {
    // Nearly every character begins nothing.
    if !matches!(text.as_bytes().first()?, b'/' | b'"' | b'\'' | b'b' | b'c' | b'r') {
        return None;
    }
    let joined = before.is_some_and(|byte| is_word(byte as char));
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        let (mut depth, mut at) = (0, 0);
        while at < text.len() {
            match text.as_bytes().get(at..at + 2) {
                Some(b"/*") => (depth, at) = (depth + 1, at + 2),
                Some(b"*/") => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
            if depth == 0 {
                return Some(at);
            }
        }
        return Some(text.len());
    }
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let rest = text.strip_prefix(prefix).unwrap_or("x");
        let quote = if prefix.ends_with('r') { rest.trim_start_matches('#') } else { rest };
        quote.starts_with('"') && (prefix.is_empty() || !joined)
    });
    if let Some(prefix) = prefix {
        let rest = &text[prefix.len()..];
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let body = prefix.len() + hashes + 1;
        if prefix.ends_with('r') {
            let close = format!("\"{}", "#".repeat(hashes));
            return Some(text[body..].find(&close).map_or(text.len(), |end| body + end + close.len()));
        }
        return Some(body + quoted_length(&text[body..], b'"'));
    }
    // A lifetime is a quote with a name and no second quote.
    let body = text.strip_prefix('\'')?;
    let mut chars = body.chars();
    let (first, second) = (chars.next()?, chars.next()?);
    (first == '\\' || second == '\'').then(|| 1 + quoted_length(body, b'\''))
}

fn quoted_length(body: &str, quote: u8) -> usize {
    let bytes = body.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

fn block_length(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// `pub(in crate::x)` names a place and imports nothing.
fn without_visibilities(code: &str) -> String {
    let mut parts = code.split("pub(in ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("pub");
        out.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    out
}

fn flatten(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    match tree.split_once('{') {
        Some((head, group)) => {
            let prefix = format!("{prefix}{}", head.replace(char::is_whitespace, ""));
            let inside = group.rsplit_once('}').map_or(group, |(inside, _)| inside);
            for one in split_outside_braces(inside) {
                flatten(&prefix, one, paths);
            }
        }
        None if tree.is_empty() => {}
        None => {
            let name = tree.split(" as ").next().unwrap_or(tree).trim();
            let path = format!("{prefix}{name}");
            paths.push(path.trim_start_matches("::").trim_end_matches("::self").to_owned());
        }
    }
}

fn split_outside_braces(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

fn path_length(after: &str) -> usize {
    let mut length = 0;
    while let Some(rest) = after[length..].trim_start().strip_prefix("::") {
        let name = rest.trim_start();
        let word = name.find(|c| !is_word(c)).unwrap_or(name.len());
        if word == 0 {
            break;
        }
        length = after.len() - name.len() + word;
    }
    length
}

fn next_word(code: &str) -> Option<(usize, &str)> {
    let start = code.find(is_word)?;
    let rest = &code[start..];
    Some((start, &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn comments_and_literals_are_not_code() {
    let text =
        "let a = \"x.unwrap()\\\" y\"; // b.unwrap()\n/* /* panic!() */ */ let c = '\\''; let d: &'a str;";
    assert_eq!(code(text), "let a = \"\";   \n   let c = \"\"; let d: &'a str;");
    assert_eq!(code("r#\"a\"b\"# b\"\\\"\" b'\\\\' 'x' for_r\"y\""), "\"\" \"\" b\"\" \"\" for_r\"\"");
}

#[test]
fn unit_tests_are_not_product() {
    let text =
        "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { x.unwrap() }\n}\n#[cfg(test)]\nuse x::Y;\nfn c() {}";
    let product = product(text);
    assert_eq!(words(&product).collect::<Vec<_>>(), ["fn", "a", "fn", "c"]);
    assert_eq!(product.lines().count(), text.lines().count());
}

#[test]
fn test_modules_in_files_of_their_own_are_found() {
    assert_eq!(test_modules("#[cfg(test)]\nmod a;\n#[cfg(test)]\nmod b { use c; }\nmod d;"), ["a"]);
}

#[test]
fn imports_are_flattened() {
    let text = "use crate::{a::B, c::{self, d::{E, F as G}}};\npub(crate) use super::h::*; pub(in crate::x) fn f() \
                { let i = crate::j::K::new(self.y); }";
    let wanted =
        ["crate::a::B", "crate::c", "crate::c::d::E", "crate::c::d::F", "super::h::*", "crate::j::K::new"];
    assert_eq!(paths(&code(text)), wanted);
}

#[test]
fn test_functions_are_found() {
    let text = "#[test]\n#[cfg(unix)]\nfn one() {}\nfn two() {}\n/// #[test] fn three() {}\n#[test] pub fn four() {}";
    assert_eq!(tests(text), ["one", "four"]);
}
