//! The part `demo`: the main job as a reader of the README runs it, over the demo's own broker, over mosquitto,
//! and on any recordings that lie beside the checkout.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::zegel;
use crate::run::{Run, Show, Stop};
use crate::tools;

pub(super) fn run(run: &mut Run) -> Result<(), Stop> {
    let root = run.root().to_owned();
    let zegel = zegel(run, "release")?;
    let demo = || {
        let mut command = Command::new(&zegel);
        command.arg("demo");
        command
    };
    let _ = run.step("demo over its own broker", Show::Always, &mut demo());
    for recording in recordings(&root) {
        let name = recording.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = demo();
        let _ = run.step(&format!("demo on {name}"), Show::Always, command.arg("--data").arg(&recording));
    }

    let mosquitto = run.check("mosquitto", || tools::system(&root, "mosquitto", "mosquitto"))?;
    let broker = run.check("a mosquitto on loopback", || Broker::start(&root, &mosquitto))?;
    let mut over = demo();
    let _ = run.step("demo over mosquitto", Show::Always, over.args(["--broker", &broker.address]));
    Ok(())
}

/// Recordings too large or not free to lie in the repository, in a folder beside the checkout where there is one.
fn recordings(root: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(root.join("../shared/data")).into_iter().flatten().flatten();
    let kinds = ["csv", "fit"];
    let mut paths: Vec<PathBuf> = files
        .map(|file| file.path())
        .filter(|path| {
            path.extension().is_some_and(|end| kinds.iter().any(|kind| end.eq_ignore_ascii_case(kind)))
        })
        .collect();
    paths.sort();
    paths
}

/// A mosquitto without a password on a free port of loopback; it ends with this value.
struct Broker {
    child: Child,
    address: String,
}

impl Broker {
    fn start(root: &Path, program: &Path) -> Result<Self, String> {
        // A port that was free a moment ago may be taken by the time mosquitto binds it.
        (0..5).map(|_| Self::attempt(root, program)).find(Result::is_ok).unwrap_or_else(|| {
            Err("mosquitto does not come up on loopback (its log is target/xtask/mosquitto.log)".to_owned())
        })
    }

    fn attempt(root: &Path, program: &Path) -> Result<Self, String> {
        let port = free_port().map_err(|e| e.to_string())?;
        let folder = root.join("target/xtask");
        let settings = folder.join("mosquitto.conf");
        let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n");
        std::fs::write(&settings, text).map_err(|e| format!("{}: {e}", settings.display()))?;
        let log = std::fs::File::create(folder.join("mosquitto.log")).map_err(|e| e.to_string())?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
        // Ended by its destructor from here on, also when it never answers.
        let mut broker = Self { child, address: format!("mqtt://127.0.0.1:{port}") };
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if broker.child.try_wait().map_err(|e| e.to_string())?.is_some() {
                return Err("mosquitto ended at once".to_owned());
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(broker);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("mosquitto does not answer".to_owned())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
