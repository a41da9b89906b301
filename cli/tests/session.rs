//! The session of the README with the real binary, and what happens when it goes wrong.

mod common;

use common::Parties;

const OPEN: &str = "open -i pgo.key -t zegel/7f3a/1 --state pgo.state";

#[test]
fn a_measurement_crosses_once() {
    let parties = Parties::new();
    let body: Vec<u8> = (0..100).collect();
    std::fs::write(parties.path("body.bin"), &body).unwrap();
    let line =
        "seal -i device.key -r pgo.card -t zegel/7f3a/1 --state device.state --format 42 --pad none body.bin";
    let envelope = parties.run(line, b"").stdout;
    assert!(!envelope.is_empty() && envelope.len() <= 270, "{} bytes", envelope.len());
    std::fs::write(parties.path("envelope"), &envelope).unwrap();
    let opened = parties.run(&format!("{OPEN} envelope"), b"");
    assert_eq!((opened.status.code(), opened.stdout), (Some(0), body));
    assert_eq!(parties.fails(&format!("{OPEN} envelope"), b"").0, Some(18), "a duplicate");
    let second = parties.run(&format!("{OPEN} --json -"), &parties.seal(b"pulse 71", "zegel/7f3a/1"));
    let json: serde_json::Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!((&json["text"], &json["format"]), (&"pulse 71".into(), &42.into()));
}

#[test]
fn each_class_of_error_has_its_exit_code() {
    let parties = Parties::new();
    let envelope = parties.seal(b"1", "zegel/7f3a/1");
    let mut changed = envelope.clone();
    *changed.last_mut().unwrap() ^= 1;
    parties.run("keygen -o other.key", b"");
    parties.run("trust revoke --state revoked.state device.card", b"");
    let codes = [
        (format!("{OPEN} -"), &b"noise"[..], 11),
        ("open -i other.key -t zegel/7f3a/1 --state pgo.state".into(), &envelope, 12),
        (OPEN.into(), &changed, 13),
        ("open -i pgo.key -t other --state pgo.state".into(), &envelope, 13),
        ("open -i pgo.key -t zegel/7f3a/1 --state revoked.state".into(), &envelope, 14),
        (format!("{OPEN} --clock 9999999999"), &envelope, 16),
        (format!("{OPEN} --clock 1"), &envelope, 17),
        ("open -i pgo.key -t a/# --state pgo.state".into(), &envelope, 24),
        ("open -i pgo.card -t a --state pgo.state".into(), &envelope, 1),
        ("open -i pgo.key -t a --state pgo.key".into(), &envelope, 28),
        ("open -i pgo.key -t a --state none.state".into(), &envelope, 1),
        ("open".into(), b"", 2),
        ("seal -i device.key -r device.card -t a --state d2.state".into(), b"1", 30),
        ("seal -i device.key -r pgo.card -t a --state d2.state --format 65000".into(), b"1", 32),
        ("trust add --state pgo.state pgo.key".into(), b"", 1),
    ];
    for (line, input, code) in codes {
        let (found, message) = parties.fails(&line, input);
        assert_eq!(found, Some(code), "{line}: {message}");
        if code != 2 {
            assert!(message.starts_with("zegel: "), "{message}");
        }
    }
    // None of that took the number.
    assert_eq!(parties.run(OPEN, &envelope).stdout, b"1");
    parties.run("trust revoke --state pgo.state device.card", b"");
    assert_eq!(parties.fails(OPEN, &envelope).0, Some(15));
    // A restored backup: the same number on other content.
    let parties = Parties::new();
    let first = parties.seal(b"1", "zegel/7f3a/1");
    std::fs::remove_file(parties.path("device.state")).unwrap();
    assert_eq!(parties.run(OPEN, &first).status.code(), Some(0));
    assert_eq!(parties.fails(OPEN, &parties.seal(b"2", "zegel/7f3a/1")).0, Some(20));
}

#[test]
fn nothing_is_overwritten_and_secrets_are_their_owners_alone() {
    let parties = Parties::new();
    let key = std::fs::read(parties.path("pgo.key")).unwrap();
    assert_eq!(parties.fails("keygen -o pgo.key", b"").0, Some(1));
    assert_eq!(std::fs::read(parties.path("pgo.key")).unwrap(), key);
    assert_eq!(parties.fails("card issue -i pgo.key -o device.card", b"").0, Some(1));
    assert_eq!(parties.run("card issue -i pgo.key -o pgo.card --force", b"").status.code(), Some(0));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for name in ["pgo.key", "device.key", "pgo.state"] {
            let mode = std::fs::metadata(parties.path(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        std::fs::set_permissions(parties.path("pgo.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
        let output = parties.run("key show -i pgo.key --json", b"");
        assert!(String::from_utf8_lossy(&output.stderr).contains("warning: others can read pgo.key"));
    }
}

#[test]
fn inspection_explains_each_byte_and_changes_nothing() {
    let parties = Parties::new();
    let envelope = parties.seal(b"pulse 71", "zegel/7f3a/1");
    let state = std::fs::read(parties.path("pgo.state")).unwrap();
    let line = "inspect -i pgo.key -t zegel/7f3a/1 --card device.card --json";
    let json: serde_json::Value = serde_json::from_slice(&parties.run(line, &envelope).stdout).unwrap();
    let sum = |fields: &serde_json::Value| -> u64 {
        fields.as_array().unwrap().iter().fold(0, |at, field| {
            assert_eq!(field["offset"], at);
            at + field["length"].as_u64().unwrap()
        })
    };
    assert_eq!(sum(&json["fields"]), envelope.len() as u64);
    assert!(sum(&json["inside"]) < envelope.len() as u64);
    assert!(json["signature"].as_str().unwrap().starts_with("holds") && json["text"] == "pulse 71");
    assert_eq!(std::fs::read(parties.path("pgo.state")).unwrap(), state);
    for length in 0..envelope.len() {
        let output = parties.run("inspect --json", &envelope[..length]);
        assert_eq!(output.status.code(), Some(11), "{length} bytes");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(sum(&json["fields"]), length as u64);
    }
    assert_eq!(parties.run("inspect pgo.card", b"").status.code(), Some(0));
}

#[test]
fn exported_keys_are_cose_keys() {
    let parties = Parties::new();
    let text = String::from_utf8(parties.run("key export -i pgo.key", b"").stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("a60101024") && lines[1].starts_with("a60101024"), "{}", lines.len());
    let public = String::from_utf8(parties.run("key export -i pgo.key --public", b"").stdout).unwrap();
    assert!(public.lines().all(|line| line.starts_with("a5")) && public.len() < text.len());
}

#[test]
fn an_envelope_beyond_the_limit_is_malformed() {
    let parties = Parties::new();
    let huge = vec![0; (1 << 20) + 100];
    let (code, words) = parties.fails("open -i pgo.key -t a --state pgo.state", &huge);
    assert_eq!(code, Some(11), "{words}");
}
