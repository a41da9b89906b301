//! A real broker for a test, and anybody on the network.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A mosquitto on loopback, ended with this value.
pub(crate) struct Mosquitto {
    child: Child,
    pub(crate) port: u16,
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    /// `None`, said aloud, where there is no mosquitto and none is required.
    pub(crate) fn start() -> Option<Self> {
        let program = ["mosquitto", "/usr/sbin/mosquitto"].into_iter().find(|program| {
            Command::new(program).arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        });
        let Some(program) = program else {
            assert!(
                std::env::var_os("ZEGEL_REQUIRE_MOSQUITTO").is_none(),
                "mosquitto is required and not installed"
            );
            eprintln!("skipped: mosquitto is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let settings = folder.path().join("mosquitto.conf");
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n"
        );
        std::fs::write(&settings, text).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..500 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { child, port, address: format!("mqtt://127.0.0.1:{port}"), _folder: folder })
    }

    /// Publishes bare bytes, as anybody on the network can.
    pub(crate) fn publish(&self, topic: &str, bytes: &[u8]) {
        self.publish_as(topic, bytes, rumqttc::PublishOptions::at_least_once());
    }

    /// The same, to be given to everybody who comes later.
    pub(crate) fn retain(&self, topic: &str, bytes: &[u8]) {
        self.publish_as(topic, bytes, rumqttc::PublishOptions::at_least_once().retained());
    }

    fn publish_as(&self, topic: &str, bytes: &[u8], how: rumqttc::PublishOptions) {
        let options = rumqttc::MqttOptions::new("anybody", ("127.0.0.1", self.port));
        let (client, mut connection) = rumqttc::Client::builder(options).capacity(4).build();
        client.publish(topic, bytes.to_vec(), how).unwrap();
        client.disconnect().unwrap();
        while connection.recv().is_ok_and(|event| event.is_ok()) {}
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
