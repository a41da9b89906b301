//! One role's connection to the broker: MQTT 5, QoS 1, and a session that outlives the connection.
//!
//! A message is acknowledged by whoever took it in, and only then (SPEC §13).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::{Packet, Publish};
use rumqttc::{AckMode, AsyncClient, Event, EventLoop, MqttOptions, PublishNotice, PublishOptions};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::broker::Address;
use crate::mqtt::Afresh;

/// A connection whose messages arrive in [`Link::inbox`].
pub(super) struct Link {
    client: AsyncClient,
    /// What the broker delivers, in its order.
    pub(super) inbox: mpsc::UnboundedReceiver<Publish>,
    poller: JoinHandle<()>,
    closing: Arc<AtomicBool>,
    closed: Arc<Notify>,
}

impl Link {
    /// Connects as `name`, and takes up the session that an earlier connection left, if there is one.
    pub(super) async fn open(broker: &Address, name: &str) -> Result<Self> {
        let (client, mut events) = AsyncClient::builder(options(broker, name)).capacity(256).build();
        // The first answer is waited for, so that a broker that is not there is one clear error.
        timeout(CONNECTING, connected(&mut events))
            .await
            .map_err(|_| anyhow!("no answer in {} seconds", CONNECTING.as_secs()))
            .and_then(|result| result)
            .with_context(|| format!("cannot connect to {broker}"))?;
        let (deliver, inbox) = mpsc::unbounded_channel();
        let (closing, closed) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let poller = tokio::spawn(poll(events, deliver, Arc::clone(&closing), Arc::clone(&closed)));
        Ok(Self { client, inbox, poller, closing, closed })
    }

    /// Subscribes, and returns when the broker has agreed.
    pub(super) async fn subscribe(&self, filter: &str) -> Result<()> {
        let notice = self.client.subscribe_tracked(filter, QoS::AtLeastOnce).await?;
        timeout(ANSWER, notice.wait_completion_async())
            .await
            .map_err(|_| anyhow!("the broker does not answer"))?
            .with_context(|| format!("the broker refused the subscription to {filter}"))
    }

    /// Hands a message to the connection; the notice comes when the broker has it.
    pub(super) async fn publish(&self, topic: &str, message: Bytes, retain: bool) -> Result<PublishNotice> {
        let options = PublishOptions::new(QoS::AtLeastOnce).retain(retain);
        self.client.publish_tracked(topic, message, options).await.context("cannot publish")
    }

    /// Tells the broker that this message is taken care of.
    pub(super) async fn acknowledge(&self, message: &Publish) -> Result<()> {
        self.client.ack(message).await.context("cannot acknowledge")
    }

    /// Falls over as a killed process does: no goodbye, nothing more acknowledged.
    pub(super) fn crash(self) {
        drop(self);
    }

    /// Ends the connection, and the session with it when `forget` is set.
    pub(super) async fn close(self) {
        self.closing.store(true, Ordering::SeqCst);
        let _ = timeout(CLOSING, async {
            let _ = self.client.disconnect().await;
            self.closed.notified().await;
        })
        .await;
    }
}

/// A connection that nobody reads any more must not come back under its name.
impl Drop for Link {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

/// Removes the session that `name` has at the broker: a clean start that is not kept.
pub(super) async fn forget(broker: &Address, name: &str) -> Result<()> {
    let mut options = options(broker, name);
    options.set_clean_start(true).set_session_expiry_interval(Some(0));
    let (client, mut events) = AsyncClient::builder(options).capacity(1).build();
    timeout(CONNECTING, connected(&mut events))
        .await
        .map_err(|_| anyhow!("the broker does not answer"))??;
    client.disconnect().await?;
    // The goodbye is sent by polling. Not every broker closes the connection upon it.
    let goodbye = async { while !matches!(events.poll().await, Err(_) | Ok(GOODBYE)) {} };
    let _ = timeout(CLOSING, goodbye).await;
    Ok(())
}

/// Waits until the broker has this message.
pub(super) async fn delivered(notice: PublishNotice) -> Result<()> {
    match timeout(ANSWER, notice.wait_completion_async()).await {
        Ok(result) => result.context("the broker did not take a message"),
        Err(_) => bail!("the broker took no message for {} seconds", ANSWER.as_secs()),
    }
}

fn options(broker: &Address, name: &str) -> MqttOptions {
    let mut options = MqttOptions::new(name, (broker.host.clone(), broker.port));
    options
        .set_keep_alive(30)
        // Names are new in each run. rumqttd keeps no session of a connection that began with a clean start,
        // whatever its expiry.
        .set_clean_start(false)
        // Should the demo be killed, the broker forgets it after a while.
        .set_session_expiry_interval(Some(KEPT))
        .set_session_store(Afresh { expiry: KEPT })
        .set_ack_mode(AckMode::Manual)
        .set_unlimited_incoming_packet_size();
    options
}

async fn connected(events: &mut EventLoop) -> Result<()> {
    loop {
        if let Event::Incoming(Packet::ConnAck(_)) = events.poll().await? {
            return Ok(());
        }
    }
}

async fn poll(
    mut events: EventLoop,
    deliver: mpsc::UnboundedSender<Publish>,
    closing: Arc<AtomicBool>,
    closed: Arc<Notify>,
) {
    let mut failures = 0;
    while failures < RECONNECTS {
        match events.poll().await {
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                failures = 0;
                if deliver.send(publish).is_err() {
                    break;
                }
            }
            Ok(GOODBYE) => break,
            Ok(_) => {}
            // A broker that closes at once leaves no time to see the goodbye go.
            Err(_) if closing.load(Ordering::SeqCst) => break,
            Err(_) => {
                failures += 1;
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
    closed.notify_one();
}

/// Seconds that the broker keeps a session.
const KEPT: u32 = 300;
const GOODBYE: Event = Event::Outgoing(rumqttc::Outgoing::Disconnect);
const CONNECTING: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(30);
const CLOSING: Duration = Duration::from_secs(2);
const RECONNECTS: usize = 100;
