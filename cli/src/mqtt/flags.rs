//! The flags of mosquitto_pub and mosquitto_sub, and the same as a URL.

use super::{Address, PORT};

/// Where the broker is, and as whom to connect.
#[derive(clap::Args)]
pub(crate) struct Flags {
    /// The broker, as `mqtt://[user[:password]@]host[:port]`
    #[arg(long, value_name = "URL", conflicts_with_all = ["host", "port", "username", "password"])]
    broker: Option<Address>,
    /// The broker's host
    #[arg(short = 'h', long, default_value = "localhost")]
    host: String,
    /// The broker's port
    #[arg(short, long, default_value_t = PORT)]
    port: u16,
    /// User name at the broker
    #[arg(short, long)]
    username: Option<String>,
    /// Password at the broker; other users of this machine can see it while the command runs
    #[arg(short = 'P', long, requires = "username")]
    password: Option<String>,
    /// Client identifier at the broker; a second client with the same one takes the session over
    #[arg(long = "id", value_name = "ID")]
    pub(crate) client: Option<String>,
    /// Seconds that the broker keeps the session, and what arrives for it, while nobody is connected
    #[arg(long, value_name = "SECONDS")]
    pub(crate) session_expiry: Option<u32>,
    /// Print this help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

impl Flags {
    /// The broker that the flags name.
    pub(crate) fn address(&self) -> Address {
        self.broker.clone().unwrap_or_else(|| Address {
            user: self.username.clone(),
            password: self.password.clone(),
            ..Address::new(self.host.clone(), self.port)
        })
    }
}
