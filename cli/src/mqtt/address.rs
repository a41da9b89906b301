//! Where the broker is, as a URL or in mosquitto's flags, and who says so.

use std::fmt;
use std::str::FromStr;

/// A broker: `mqtt://[user[:password]@]host[:port]`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

impl Address {
    /// A broker without a password.
    pub(crate) const fn new(host: String, port: u16) -> Self {
        Self { host, port, user: None, password: None }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("expected mqtt://HOST[:PORT]")?;
        match scheme {
            "mqtt" | "tcp" => {}
            "mqtts" | "ssl" | "tls" | "ws" | "wss" => {
                return Err(format!(
                    "{scheme}:// is not part of this build, which speaks plain MQTT: envelopes are sealed \
                     already; where a broker insists on TLS, put a tunnel in between"
                ));
            }
            _ => return Err(format!("unknown scheme {scheme:?}, expected mqtt://HOST[:PORT]")),
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, place) =
            rest.rsplit_once('@').map_or((None, rest), |(login, place)| (Some(login), place));
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, "")) => (Some(decoded(user)?), None),
            Some((user, password)) => (Some(decoded(user)?), Some(decoded(password)?)),
            None => (None, None),
        };
        let (host, port) = split(place)?;
        if host.is_empty() || host.contains(['/', '?', '#']) {
            return Err("expected mqtt://HOST[:PORT]".into());
        }
        Ok(Self { host: host.into(), port, user, password })
    }
}

/// Without the password: it is shown in errors.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "mqtt://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "mqtt://{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn split(place: &str) -> Result<(&str, u16), String> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("an IPv6 address ends with ]")?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').unwrap_or(port)) })
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(PORT), str::parse).map_err(|_| "the port is a number from 1 to 65535")?;
    if port == 0 { Err("the port is a number from 1 to 65535".into()) } else { Ok((host, port)) }
}

/// Percent-encoding, for an @ in a password.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| {
            byte.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok())
        };
        bytes.push(if byte == b'%' {
            let (high, low) = (digit(rest.next()), digit(rest.next()));
            high.zip(low).map(|(high, low)| high << 4 | low).ok_or("a % needs two hexadecimal digits")?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).map_err(|_| "user and password are UTF-8".into())
}

/// MQTT without TLS.
pub(crate) const PORT: u16 = 1883;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let plain: Address = "mqtt://localhost".parse().unwrap();
        assert_eq!(plain, Address::new("localhost".into(), 1883));
        let full: Address = "mqtt://me:p%40ss@[::1]:1884/".parse().unwrap();
        assert_eq!((full.host.as_str(), full.port), ("::1", 1884));
        assert_eq!((full.user.as_deref(), full.password.as_deref()), (Some("me"), Some("p@ss")));
        assert_eq!(full.to_string(), "mqtt://[::1]:1884");
        assert!("mqtts://host".parse::<Address>().unwrap_err().contains("tunnel"));
        for wrong in [
            "host",
            "mqtt://",
            "mqtt://h:0",
            "mqtt://h:x",
            "mqtt://h/t",
            "mqtt://[::1",
            "http://h",
            "mqtt://%4@h",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
