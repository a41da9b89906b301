//! The roles at work: who runs, who has ended with what, and how long anything is waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::eavesdropper::Overheard;
use super::link::Link;
use super::mallory::Cue;
use super::run::Run;
use super::wearable::Spent;

/// The roles of one run.
pub(super) struct Company {
    pub(super) run: Arc<Run>,
    pub(super) tasks: JoinSet<Result<Ended>>,
    /// What the wearable brought back from each of its lives.
    pub(super) spent: Vec<Spent>,
    pub(super) heard: Option<Overheard>,
    pub(super) attacked: bool,
    pub(super) pgo_fell: bool,
    /// Hears the last wills of the others.
    sentinel: Option<Link>,
}

/// Who has ended, with what he brings back.
pub(super) enum Ended {
    Wearable(Spent),
    Pgo,
    Gp,
    Carer,
    Eavesdropper(Overheard),
    Mallory,
}

impl Company {
    pub(super) fn new(run: &Arc<Run>) -> Self {
        Self {
            run: Arc::clone(run),
            tasks: JoinSet::new(),
            spent: Vec::new(),
            heard: None,
            attacked: false,
            pgo_fell: false,
            sentinel: None,
        }
    }

    /// Starts a role, which says that it is `ready`.
    pub(super) fn spawn<F>(
        &mut self,
        ready: &mpsc::Sender<()>,
        role: impl FnOnce(Arc<Run>, mpsc::Sender<()>) -> F,
    ) where
        F: Future<Output = Result<Ended>> + Send + 'static,
    {
        self.tasks.spawn(role(Arc::clone(&self.run), ready.clone()));
    }

    /// Begins to listen for last wills.
    pub(super) async fn watch(&mut self) -> Result<()> {
        let sentinel = Link::open(&self.run, "sentinel").await?;
        sentinel.subscribe(&self.run.will("+")).await?;
        self.sentinel = Some(sentinel);
        Ok(())
    }

    /// Waits until the broker knows that these connections are gone. Whoever comes back before that may be taken for
    /// them, and thrown out in their place: rumqttd names connections by a number that it gives out again.
    pub(super) async fn buried(&mut self, roles: &[&str]) -> Result<()> {
        let Some(sentinel) = &mut self.sentinel else { return Ok(()) };
        let mut missing: Vec<String> = roles.iter().map(|role| self.run.will(role)).collect();
        while !missing.is_empty() {
            let Ok(Some(message)) = timeout(STANDSTILL, sentinel.inbox.recv()).await else {
                return Err(anyhow!("the broker does not notice that a connection has ended"));
            };
            sentinel.acknowledge(&message).await?;
            missing.retain(|will| will.as_bytes() != message.topic);
        }
        Ok(())
    }

    /// Waits for one role to say that it is subscribed.
    pub(super) async fn hear(&mut self, subscribed: &mut mpsc::Receiver<()>) -> Result<()> {
        tokio::select! {
            told = timeout(STANDSTILL, subscribed.recv()) => if let Ok(Some(())) = told {
                return Ok(());
            },
            Some(ended) = self.tasks.join_next() => {
                ended??;
            }
        }
        // Whoever could not start says why.
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Err(anyhow!("the demo does not start"))
    }

    /// Lets the attacker act, and waits until he has.
    pub(super) async fn act(
        &mut self,
        cue: &mpsc::Sender<Cue>,
        what: impl Fn(oneshot::Sender<()>) -> Cue,
    ) -> Result<()> {
        let (done, mut heard) = oneshot::channel();
        if cue.send(what(done)).await.is_ok() {
            let over = std::cell::Cell::new(false);
            self.until("the attacker acts", |_| {
                // Its end is told by an error here, when it fell instead.
                over.set(over.get() || !matches!(heard.try_recv(), Err(oneshot::error::TryRecvError::Empty)));
                over.get()
            })
            .await?;
        }
        Ok(())
    }

    /// Waits until `reached`, as long as anything moves. A standstill is a fault for the verdict to weigh, and
    /// no reason not to give one.
    pub(super) async fn until(&mut self, what: &str, mut reached: impl FnMut(&Self) -> bool) -> Result<()> {
        let (mut changes, mut since) = (self.run.ledger.lock().changes, Instant::now());
        while !reached(self) {
            match timeout(Duration::from_millis(5), self.tasks.join_next()).await {
                Ok(Some(ended)) => self.note(ended??)?,
                Ok(None) => sleep(Duration::from_millis(5)).await,
                Err(_) => {}
            }
            let now = self.run.ledger.lock().changes;
            if now != changes {
                (changes, since) = (now, Instant::now());
            } else if since.elapsed() > STANDSTILL {
                let missing = self.run.ledger.lock().missing().join(", ");
                self.run.ledger.fault(format!("a standstill: {what}; missing: {missing}"));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whatever comes twice would come now.
    pub(super) async fn quiet(&self) {
        let mut last = 0;
        loop {
            let changes = self.run.ledger.lock().changes;
            if changes == last {
                return;
            }
            last = changes;
            sleep(QUIET).await;
        }
    }

    fn note(&mut self, ended: Ended) -> Result<()> {
        match ended {
            Ended::Wearable(spent) => self.spent.push(spent),
            Ended::Eavesdropper(heard) => self.heard = Some(heard),
            Ended::Mallory => self.attacked = true,
            Ended::Pgo => self.pgo_fell = true,
            Ended::Gp => return Err(anyhow!("the GP ended too early")),
            Ended::Carer => return Err(anyhow!("the carer ended too early")),
        }
        Ok(())
    }
}

/// When nothing has moved for so long, nothing more will.
const STANDSTILL: Duration = Duration::from_secs(30);
const QUIET: Duration = Duration::from_millis(150);
