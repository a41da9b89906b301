//! The demo as a user runs it: the real binary, the embedded broker, and every attack counted. Over mosquitto it
//! runs in the part `demo` of the test command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// One run at a time: a run has six roles and a broker, and a small machine is soon too busy for two.
static STAGE: Mutex<()> = Mutex::new(());

fn demo(args: &[&str]) -> Output {
    let _alone = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    Command::new(env!("CARGO_BIN_EXE_zegel")).arg("demo").args(args).stdin(Stdio::null()).output().unwrap()
}

/// The result of a run that has to pass.
fn passed(args: &[&str]) -> Value {
    let output = demo(&[args, &["--json"]].concat());
    let result: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.code(), Some(0), "{}", result["failures"]);
    assert_eq!(result["ok"], true);
    result
}

fn every_measurement_arrived_once(result: &Value) {
    for receiver in ["pgo", "gp"] {
        let counts = &result[receiver];
        assert!(counts["sent"].as_u64().unwrap() > 100, "{receiver}");
        assert_eq!(counts["opened_once"], counts["sent"], "{receiver}");
        for fault in ["lost", "doubled", "altered"] {
            assert_eq!(counts[fault], 0, "{receiver}: {fault}");
        }
    }
    assert_eq!(result["eavesdropper"]["readable"], 0);
}

#[test]
fn the_bundled_recording_crosses_and_every_attack_is_refused() {
    let result = passed(&[]);
    every_measurement_arrived_once(&result);
    let attacks = result["attacks"].as_array().unwrap();
    for line in attacks {
        assert!(line["attempts"].as_u64().unwrap() > 0, "{}", line["attack"]);
        assert_eq!(line["refused"], line["attempts"], "{}", line["attack"]);
        assert_eq!(line["passed"], 0, "{}", line["attack"]);
    }
    let errors: Vec<&str> = attacks.iter().map(|line| line["as"].as_str().unwrap()).collect();
    for error in
        ["Malformed", "NotForMe", "Rejected", "UnknownSender", "Revoked", "Expired", "Duplicate", "Conflict"]
    {
        assert!(errors.contains(&error), "no attack was refused as {error}");
    }
}

/// Real recordings that lie beside the checkout: whatever they hold, no place leaves the device.
#[test]
fn no_place_is_in_any_opened_measurement() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if !folder.is_dir() {
        println!("skipped: no ../shared");
        return;
    }
    for name in ["watch-run.csv", "cgm-week.csv", "rr-intervals.csv"] {
        let result = passed(&["--data", folder.join(name).to_str().unwrap()]);
        every_measurement_arrived_once(&result);
        let opened = result["opened"].as_array().unwrap();
        assert_eq!(opened.len() as u64, result["pgo"]["sent"].as_u64().unwrap());
        for record in opened.iter().flat_map(|measurement| measurement["records"].as_array().unwrap()) {
            let name = record["n"].as_str().unwrap();
            for place in ["lat", "lon", "alt", "position", "elevation"] {
                assert!(!name.contains(place), "{name}");
            }
        }
        if name == "watch-run.csv" {
            let withheld = result["minimised"]["withheld"].to_string();
            for place in ["latitude", "longitude", "altitude"] {
                assert!(withheld.contains(place), "{withheld}");
            }
        }
    }
}

#[test]
fn bad_recordings_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        folder.path().join(name)
    };
    for path in [
        folder.path().join("missing.csv"),
        folder.path().to_owned(),
        write("empty.csv", b""),
        write("heading.csv", b"time,heart_rate_bpm\n"),
        write("words.csv", b"name,colour\nJoe,blue\n"),
        write("bytes.csv", &[0, 159, 146, 150, 255, 0, 1, 2]),
        write("cut.fit", b"\x0e\x10\x43\x08\x78\x00\x00\x00.FIT"),
        write("place.csv", b"time,latitude_deg\n1439649908,0.5\n"),
    ] {
        let output = demo(&["--data", path.to_str().unwrap()]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{}: {stderr}", path.display());
        assert_eq!(output.stdout, b"", "{}", path.display());
        assert_eq!(stderr.lines().count(), 1, "{}: {stderr}", path.display());
        assert!(stderr.starts_with("zegel: "), "{stderr}");
    }
}

#[test]
fn a_broker_that_is_not_there_is_one_clear_line() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = demo(&["--broker", &format!("mqtt://127.0.0.1:{free}")]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot connect"), "{stderr}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn the_report_is_one_page_that_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.html");
    passed(&["--report", path.to_str().unwrap()]);
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(page.matches("<svg").count() >= 3, "the plots are there");
    for outside in ["<script", "src=", "<link", "@import", "url(", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let again = demo(&["--report", path.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "a page takes nobody's place");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page);
}
