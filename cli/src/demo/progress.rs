//! Live progress on a terminal: one bar a role. Elsewhere nothing is drawn.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::attack::Role;
use super::run::Run;

/// Bars that follow a run until they are cleared.
pub(super) struct Progress {
    bars: MultiProgress,
    follower: JoinHandle<()>,
}

impl Progress {
    /// Draws on stderr; nothing when that is no terminal, or when `quiet`.
    pub(super) fn follow(run: &Arc<Run>, quiet: bool) -> Option<Self> {
        if quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let bars = MultiProgress::new();
        let total = run.script.measurements.len() as u64;
        let pgo = bars.add(bar("PGO opened", total, "green"));
        let gp = bars.add(bar("GP opened", total, "cyan"));
        let attacks = bars.add(bar("attacks refused", 0, "red"));
        let run = Arc::clone(run);
        let follower = tokio::spawn(async move {
            loop {
                {
                    let account = run.ledger.lock();
                    let opened = |role| account.opened.get(&role).copied().unwrap_or(0) as u64;
                    pgo.set_position(opened(Role::Pgo));
                    gp.set_position(opened(Role::Gp));
                    attacks.set_length(account.attacks as u64);
                    attacks.set_position(account.refused as u64);
                }
                sleep(Duration::from_millis(80)).await;
            }
        });
        Some(Self { bars, follower })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.follower.abort();
        // A bar that cannot be cleared leaves lines on a terminal; there is nothing to do about it.
        let _ = self.bars.clear();
    }
}

fn bar(what: &'static str, total: u64, colour: &str) -> ProgressBar {
    let shape = format!("{{msg:>16}}  {{bar:40.{colour}/dim}}  {{pos}} of {{len}}");
    let style = ProgressStyle::with_template(&shape).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_message(what)
}
