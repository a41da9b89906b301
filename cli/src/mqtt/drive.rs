//! The thread behind a connection: reads, writes, pings, and connects again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::{Packet, RetainForwardRule, SubAck, SubscribeReasonCode};
use rumqttc::{AsyncClient, ConnectionError, EventLoop, SubscribeFilterInput};

use super::{Event, Message};

/// Turns the event loop's events into ours.
pub(super) struct Driver {
    client: AsyncClient,
    filters: Filters,
    /// `None` once nobody listens any more.
    listener: Option<SyncSender<Event>>,
    /// Counts connections, so that no acknowledgement of an earlier one goes out on this one.
    generation: Arc<AtomicU64>,
}

impl Driver {
    pub(super) fn new(
        client: AsyncClient,
        filters: Filters,
        listener: SyncSender<Event>,
        generation: Arc<AtomicU64>,
    ) -> Self {
        Self { client, filters, listener: Some(listener), generation }
    }

    /// Runs until the connection is closed on purpose.
    pub(super) async fn run(mut self, mut events: EventLoop) {
        let mut pause = SHORTEST;
        loop {
            match events.poll().await {
                Ok(rumqttc::Event::Incoming(packet)) => {
                    if matches!(packet, Packet::ConnAck(_)) {
                        pause = SHORTEST;
                    }
                    self.take(packet);
                }
                Ok(_) => {}
                Err(ConnectionError::RequestsDone | ConnectionError::DisconnectTimeout) => return,
                Err(error) => {
                    self.generation.fetch_add(1, Ordering::SeqCst);
                    self.tell(Event::Down(error.to_string()));
                    if self.listener.is_none() {
                        return;
                    }
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2).min(LONGEST);
                }
            }
        }
    }

    fn take(&mut self, packet: Packet) {
        match packet {
            Packet::ConnAck(_) if self.filters.none() => self.tell(Event::Up),
            Packet::ConnAck(_) => {
                if let Err(error) = self.client.try_subscribe_many(self.filters.all()) {
                    self.tell(Event::Refused(format!("cannot subscribe: {error}")));
                }
            }
            Packet::SubAck(answer) => {
                let event = refusal(&answer).map_or(Event::Up, Event::Refused);
                self.tell(event);
            }
            Packet::Publish(publish) => {
                let generation = self.generation.load(Ordering::SeqCst);
                self.tell(Event::Message(Message { publish, generation }));
            }
            _ => {}
        }
    }

    /// Waits while the listener is behind: then the socket is not read, and the broker waits too.
    fn tell(&mut self, event: Event) {
        if self.listener.as_ref().is_some_and(|listener| listener.send(event).is_err()) {
            self.listener = None;
        }
    }
}

/// What to subscribe to.
pub(super) struct Filters {
    /// What was retained comes once, and not again with each connection.
    pub(super) live: Vec<String>,
    /// What was retained comes each time: it may be of somebody who is pinned only now.
    pub(super) cards: Vec<String>,
}

impl Filters {
    fn none(&self) -> bool {
        self.live.is_empty() && self.cards.is_empty()
    }

    fn all(&self) -> impl Iterator<Item = SubscribeFilterInput> {
        let filter = |topic: &String, rule| {
            SubscribeFilterInput::new(topic, QoS::AtLeastOnce).retain_forward_rule(rule)
        };
        let live = self.live.iter().map(move |topic| filter(topic, RetainForwardRule::OnNewSubscribe));
        live.chain(self.cards.iter().map(move |topic| filter(topic, RetainForwardRule::OnEverySubscribe)))
    }
}

fn refusal(answer: &SubAck) -> Option<String> {
    let refused = answer.return_codes.iter().find(|code| !matches!(code, SubscribeReasonCode::Success(_)))?;
    Some(format!("the broker refused the subscription: {refused:?}"))
}

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);
