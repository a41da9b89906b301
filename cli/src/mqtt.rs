//! A connection to a broker that may be hostile: MQTT 5, QoS 1, a session that outlives the connection, and
//! acknowledgements that the caller gives (SPEC §13).
//!
//! It reconnects by itself, with growing pauses, and subscribes again whenever it does.

mod address;
mod drive;
mod filter;
mod flags;
mod session;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::Publish;
use rumqttc::{AckMode, AsyncClient, MqttOptions, PublishNotice, PublishNoticeError, PublishOptions};
use tokio::runtime::{Builder, Handle};
use tokio::time::timeout;

pub(crate) use address::{Address, PORT};
pub(crate) use filter::matches;
pub(crate) use flags::Flags;
pub(crate) use session::Afresh;

/// How to connect, and to what.
pub(crate) struct Options<'a> {
    pub(crate) broker: &'a Address,
    /// The client identifier: whoever connects with the same one takes the session over.
    pub(crate) client: &'a str,
    /// Seconds that the broker keeps the session, and what arrives for it, after the connection ends.
    pub(crate) expiry: u32,
    /// Topic filters to subscribe to.
    pub(crate) filters: &'a [String],
    /// Further ones, for cards: what is retained there comes with each connection.
    pub(crate) cards: &'a [String],
}

/// A connection, kept up by a thread of its own until it is closed.
pub(crate) struct Link {
    client: AsyncClient,
    events: Receiver<Event>,
    /// What came before the subscription was confirmed: the broker may deliver at once.
    early: Cell<Option<Event>>,
    generation: Arc<AtomicU64>,
    runtime: Handle,
    thread: JoinHandle<()>,
}

/// What happens on a connection.
pub(crate) enum Event {
    /// The broker is there, and the subscriptions hold.
    Up,
    /// The connection broke, for this reason; it is being made again.
    Down(String),
    /// The broker will not have us.
    Refused(String),
    /// A message.
    Message(Message),
}

/// A message as the broker delivers it. Nothing in it is proven.
pub(crate) struct Message {
    publish: Publish,
    generation: u64,
}

/// A message on its way to the broker.
pub(crate) struct Pending {
    notice: PublishNotice,
    topic: String,
    payload: Vec<u8>,
    retained: bool,
}

impl Link {
    /// Connects and subscribes; an error when the broker does not take us at the first attempt.
    pub(crate) fn open(options: &Options<'_>) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().context("cannot start")?;
        let handle = runtime.handle().clone();
        let (client, events) = AsyncClient::builder(settings(options)).capacity(QUEUE).build();
        let (tell, told) = sync_channel(QUEUE);
        let generation = Arc::new(AtomicU64::new(0));
        let filters = drive::Filters { live: options.filters.to_vec(), cards: options.cards.to_vec() };
        let driver = drive::Driver::new(client.clone(), filters, tell, Arc::clone(&generation));
        let thread = std::thread::spawn(move || runtime.block_on(driver.run(events)));
        let link = Self { client, events: told, early: Cell::default(), generation, runtime: handle, thread };
        match link.next(CONNECTING)? {
            Some(Event::Up) => Ok(link),
            Some(message @ Event::Message(_)) => {
                link.early.set(Some(message));
                Ok(link)
            }
            Some(Event::Down(reason) | Event::Refused(reason)) => Err(anyhow!(reason)),
            None => Err(anyhow!("no answer within {} seconds", CONNECTING.as_secs())),
        }
        .with_context(|| format!("cannot connect to {}", options.broker))
    }

    /// What happens next; nothing when `wait` passes without it.
    pub(crate) fn next(&self, wait: Duration) -> Result<Option<Event>> {
        if let Some(event) = self.early.take() {
            return Ok(Some(event));
        }
        match self.events.recv_timeout(wait) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the connection has ended"),
        }
    }

    /// Tells the broker to forget a message. Only after what it brought is durable.
    pub(crate) fn acknowledge(&self, message: &Message) -> Result<()> {
        // A message of an earlier connection comes again in this one, and is acknowledged then.
        if message.generation != self.generation.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.runtime.block_on(self.client.ack(&message.publish)).context("cannot acknowledge")
    }

    /// Hands a message over, never to be retained: what is retained comes back to everybody, for ever.
    pub(crate) fn publish(&self, topic: &str, payload: Vec<u8>) -> Result<Pending> {
        self.send(topic.into(), payload, false)
    }

    /// Hands a message over for the broker to keep: cards alone, as a newer one takes their place (SPEC §13).
    pub(crate) fn publish_retained(&self, topic: &str, payload: Vec<u8>) -> Result<Pending> {
        self.send(topic.into(), payload, true)
    }

    fn send(&self, topic: String, payload: Vec<u8>, retained: bool) -> Result<Pending> {
        let options = PublishOptions::new(QoS::AtLeastOnce).retain(retained);
        let send = self.client.publish_tracked(topic.as_str(), payload.clone(), options);
        let notice = self.runtime.block_on(send).context("cannot publish")?;
        Ok(Pending { notice, topic, payload, retained })
    }

    /// Waits until the broker has the message, sending it again to a broker that lost its session.
    pub(crate) fn wait(&self, pending: Pending, patience: Duration) -> Result<()> {
        let Pending { mut notice, topic, payload, retained } = pending;
        loop {
            let outcome =
                self.runtime.block_on(async { timeout(patience, notice.wait_completion_async()).await });
            match outcome.map_err(|_| anyhow!("the broker did not confirm a message within {patience:?}"))? {
                Ok(()) => return Ok(()),
                Err(PublishNoticeError::SessionReset) => {
                    notice = self.send(topic.clone(), payload.clone(), retained)?.notice;
                }
                Err(error) => return Err(error).context("the broker did not take the message"),
            }
        }
    }

    /// Ends the connection, after what was handed over is sent. The broker keeps the session.
    pub(crate) fn close(self) {
        let Self { client, events, runtime, thread, .. } = self;
        // From here on nobody listens, and the thread stops waiting for a listener.
        drop(events);
        let _ = runtime.block_on(client.disconnect_with_timeout(CLOSING));
        drop(client);
        let _ = thread.join();
    }
}

impl Message {
    /// The topic, which is UTF-8 in MQTT; what is not becomes a topic that no envelope was sealed for.
    pub(crate) fn topic(&self) -> String {
        String::from_utf8_lossy(&self.publish.topic).into_owned()
    }

    /// What was published.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.publish.payload
    }
}

fn settings(options: &Options<'_>) -> MqttOptions {
    let broker = (options.broker.host.as_str(), options.broker.port);
    let mut settings = MqttOptions::new(options.client, broker);
    settings
        .set_clean_start(false)
        .set_session_expiry_interval(Some(options.expiry))
        .set_session_store(Afresh { expiry: options.expiry })
        .set_ack_mode(AckMode::Manual)
        .set_keep_alive(30)
        .set_connect_timeout(CONNECTING)
        .set_receive_maximum(Some(IN_FLIGHT))
        .set_max_packet_size(Some(LARGEST_PACKET));
    match (&options.broker.user, &options.broker.password) {
        (Some(user), Some(password)) => {
            settings.set_credentials(user.clone(), password.clone());
        }
        (Some(user), None) => {
            settings.set_username(user.clone());
        }
        (None, _) => {}
    }
    settings
}

/// Messages that wait between the connection and the caller. Beyond that the connection is not read.
const QUEUE: usize = 256;
/// Messages that the broker sends before it wants one of them acknowledged.
const IN_FLIGHT: u16 = 128;
/// An envelope of 1 MiB, a topic, and some room for properties.
const LARGEST_PACKET: u32 = (1 << 20) + (1 << 14);
const CONNECTING: Duration = Duration::from_secs(10);
const CLOSING: Duration = Duration::from_secs(5);
