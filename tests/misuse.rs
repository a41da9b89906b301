//! What must not compile, does not, and for the right reason: each file of `tests/misuse` begins with the error code
//! that the compiler gives it. Codes stay the same between compilers, where their texts do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn misuse_does_not_compile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/misuse");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let (mut expected, mut manifest) = (BTreeMap::new(), String::new());
    manifest.push_str("[package]\nname = \"misuse\"\nedition = \"2024\"\n\n[workspace]\n\n");
    manifest.push_str(&format!("[dependencies]\nzegel = {{ path = {root:?} }}\n"));
    for entry in fs::read_dir(root.join("tests/misuse")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        manifest.push_str(&format!("\n[[bin]]\nname = {name:?}\npath = {path:?}\n"));
        let text = fs::read_to_string(&path).unwrap();
        let code = text.trim_start_matches("//! ").split(':').next().unwrap().to_owned();
        expected.insert(name, BTreeSet::from_iter((code != "compiles").then_some(code)));
    }
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    assert!(expected.len() > 12);

    let mut check = Command::new(env!("CARGO"));
    check.args(["check", "--offline", "--keep-going", "--message-format=json", "--manifest-path"]);
    check.arg(folder.join("Cargo.toml")).arg("--target-dir").arg(folder.join("target"));
    let output = check.output().unwrap();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: Value = serde_json::from_slice(line).unwrap();
        let target = &message["target"];
        if target["kind"][0] != "bin" {
            continue;
        }
        let codes = found.entry(target["name"].as_str().unwrap().to_owned()).or_default();
        if message["message"]["level"] == "error" && !message["message"]["code"].is_null() {
            codes.insert(message["message"]["code"]["code"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(found, expected, "{}", String::from_utf8_lossy(&output.stderr));
}
