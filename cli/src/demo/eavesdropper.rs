//! The eavesdropper: subscribes to `#`, keeps everything, and looks for anything readable in it.
//!
//! He looks for every eight bytes in a row of every measurement, and for the ids and names of whoever sends.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::link::Link;
use super::run::Run;

/// What he has seen.
#[derive(Debug, Default)]
pub(super) struct Overheard {
    pub(super) messages: usize,
    pub(super) bytes: usize,
    /// Length of each message, and whether it went to the PGO.
    pub(super) lengths: Vec<(usize, bool)>,
    /// How often each byte value occurs in what follows the head of an envelope.
    pub(super) histogram: Vec<usize>,
    /// One whole envelope.
    pub(super) sample: Vec<u8>,
    /// What he could read, in words; the first ones.
    pub(super) readable: Vec<String>,
    pub(super) readable_count: usize,
    /// Whether the same search does find a measurement that is not sealed.
    pub(super) search_works: bool,
}

/// Everything that must not be readable.
struct Needles {
    windows: HashSet<[u8; WINDOW]>,
    names: Vec<String>,
}

/// Listens until `done` says so.
pub(super) async fn listen(
    run: &Run,
    ready: mpsc::Sender<()>,
    mut done: watch::Receiver<bool>,
) -> Result<Overheard> {
    let needles = Needles::new(run);
    let mut heard = Overheard { histogram: vec![0; 256], ..Overheard::default() };
    heard.search_works = run.script.measurements.iter().all(|measured| needles.found(&measured.body));
    let mut link = Link::open(&run.broker, &run.client("eavesdropper")).await?;
    link.subscribe("#").await?;
    let _ = ready.send(()).await;
    let mut kept = Vec::new();
    loop {
        // When it is over, what is still on its way to him comes first.
        let message = tokio::select! {
            biased;
            message = link.inbox.recv() => message,
            _ = over(&mut done) => timeout(LINGER, link.inbox.recv()).await.ok().flatten(),
        };
        let Some(message) = message else { break };
        let topic = String::from_utf8_lossy(&message.topic);
        // A real broker carries other people's messages too.
        if topic.starts_with(&run.topics.prefix) {
            kept.push((topic.into_owned(), message.payload.clone()));
        }
        link.acknowledge(&message).await?;
    }
    link.close().await;
    // He keeps up first and searches later: a broker forgets what a slow reader leaves lying.
    for (topic, message) in &kept {
        heard.note(run, &needles, topic, message);
    }
    Ok(heard)
}

impl Overheard {
    /// Bits of information in a byte of ciphertext: 8 when nothing can be told.
    pub(super) fn entropy(&self) -> f64 {
        let total: usize = self.histogram.iter().sum();
        self.histogram
            .iter()
            .filter(|count| **count > 0)
            .map(|count| *count as f64 / total as f64)
            .map(|share| -share * share.log2())
            .sum()
    }

    fn note(&mut self, run: &Run, needles: &Needles, topic: &str, message: &[u8]) {
        self.messages += 1;
        self.bytes += message.len();
        self.lengths.push((message.len(), topic != run.topics.gp));
        if needles.found(message) || needles.found(topic.as_bytes()) {
            self.readable_count += 1;
            if self.readable.len() < 5 {
                self.readable.push(format!("{} bytes on {topic}", message.len()));
            }
        }
        // Counts what was sealed and not what an attacker made up: a low-order key is no ciphertext.
        if topic == run.topics.gp && message.len() > HEAD {
            for byte in &message[HEAD..] {
                self.histogram[usize::from(*byte)] += 1;
            }
        }
        if self.sample.is_empty() && topic == run.topics.pgo[0] {
            self.sample = message.to_vec();
        }
    }
}

impl Needles {
    fn new(run: &Run) -> Self {
        let mut windows = HashSet::new();
        let mut names = HashSet::new();
        for measured in &run.script.measurements {
            windows.extend(telling(&measured.body));
            names.extend(measured.pack.records().iter().map(|record| record.name.clone()));
        }
        for holder in [&run.cast.wearable, &run.cast.pgo, &run.cast.gp] {
            windows.extend(telling(&holder.card.id().0));
            windows.extend(telling(&holder.identity.public_key()));
        }
        names.retain(|name| name.len() >= SHORTEST_NAME);
        Self { windows, names: names.into_iter().collect() }
    }

    fn found(&self, bytes: &[u8]) -> bool {
        telling(bytes).any(|window| self.windows.contains(&window))
            || self.names.iter().any(|name| bytes.windows(name.len()).any(|part| part == name.as_bytes()))
    }
}

/// Windows with enough different bytes in them not to occur everywhere, as a run of zeros does.
fn telling(bytes: &[u8]) -> impl Iterator<Item = [u8; WINDOW]> {
    bytes.windows(WINDOW).filter_map(|window| {
        let window: [u8; WINDOW] = window.try_into().ok()?;
        let new = |at: &usize| !window[..*at].contains(&window[*at]);
        ((0..WINDOW).filter(new).count() >= 4).then_some(window)
    })
}

async fn over(done: &mut watch::Receiver<bool>) {
    let _ = done.wait_for(|done| *done).await;
}

/// How long nothing has to come before he believes that nothing does.
const LINGER: Duration = Duration::from_secs(1);
const WINDOW: usize = 8;
/// A name of four letters turns up by chance.
const SHORTEST_NAME: usize = 5;
/// What stands before the ciphertext of an envelope.
const HEAD: usize = 56;
