//! The broker that nobody trusts: one embedded on loopback, or a real one at the address the user gives.
//!
//! Plain text and no password on purpose: what it passes on is safe without either (SPEC §13, §15).

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};

/// Where a broker listens, as the user writes it: `mqtt://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not like mqtt://host:port (plain text, no user name)");
        let rest = text.strip_prefix("mqtt://").ok_or_else(wrong)?;
        let rest = rest.trim_end_matches('/');
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':').unwrap_or(port)),
            None => rest.rsplit_once(':').unwrap_or((rest, "")),
        };
        let port = if port.is_empty() { 1883 } else { port.parse().map_err(|_| wrong())? };
        if host.is_empty() || host.contains(['/', '@', '?', '#']) || port == 0 {
            return Err(wrong());
        }
        Ok(Self { host: host.into(), port })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "mqtt://[{}]:{}", self.host, self.port),
            false => write!(f, "mqtt://{}:{}", self.host, self.port),
        }
    }
}

/// Starts a broker on a free port of the loopback interface. It lives in threads of its own until the process
/// ends, and keeps everything in memory.
pub(super) fn embed() -> Result<Address> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        // The port is free until somebody takes it in this very moment: then the next one is tried.
        let at = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let at = at.context("no free port on the loopback interface")?;
        let mut broker = Broker::new(config(at));
        thread::Builder::new().name("broker".into()).spawn(move || {
            // It returns only when it could not listen, which the connection below notices.
            let _ = broker.start();
        })?;
        match reach(at) {
            Ok(()) => return Ok(Address { host: at.ip().to_string(), port: at.port() }),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(error).context("the embedded broker does not listen"),
        None => bail!("the embedded broker does not start"),
    }
}

fn reach(at: SocketAddr) -> std::io::Result<()> {
    let mut waited = 0;
    loop {
        match TcpStream::connect_timeout(&at, Duration::from_secs(1)) {
            Ok(_) => return Ok(()),
            Err(error) if waited >= PATIENCE => return Err(error),
            Err(_) => {
                waited += 1;
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

fn config(listen: SocketAddr) -> Config {
    let connections = ConnectionSettings {
        connection_timeout_ms: 10_000,
        // Larger than any envelope, so that it is the receiver who refuses what is too large.
        max_payload_size: 4 << 20,
        max_inflight_count: 200,
        auth: None,
        external_auth: None,
        dynamic_filters: true,
    };
    let server = ServerSettings {
        name: "loopback".into(),
        listen,
        tls: None,
        next_connection_delay_ms: 0,
        connections,
    };
    let router = RouterConfig {
        max_connections: 64,
        max_outgoing_packet_count: 200,
        // It forgets the oldest messages beyond this, for slow subscribers too: more than a whole run.
        max_segment_size: 64 << 20,
        max_segment_count: 16,
        ..RouterConfig::default()
    };
    Config { router, v5: Some(HashMap::from([("loopback".into(), server)])), ..Config::default() }
}

const ATTEMPTS: usize = 5;
/// Ten milliseconds each.
const PATIENCE: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let known = [
            ("mqtt://localhost:18830", "localhost", 18830),
            ("mqtt://10.0.0.1", "10.0.0.1", 1883),
            ("mqtt://[::1]:1884", "::1", 1884),
        ];
        for (text, host, port) in known {
            assert_eq!(text.parse(), Ok(Address { host: host.into(), port }));
        }
        for text in [
            "localhost:1883",
            "mqtts://h:1",
            "mqtt://",
            "mqtt://u@h:1",
            "mqtt://h:x",
            "mqtt://h:0",
            "mqtt://h/t",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn it_listens_on_loopback_alone() {
        let address = embed().unwrap();
        assert_eq!(address.host, "127.0.0.1");
        assert!(TcpStream::connect((address.host.as_str(), address.port)).is_ok());
    }
}
