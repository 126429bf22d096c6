//! One client's connections to all processes, and its patience: what gets no answer from one is sent to another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::fleet::Fleet;
use crate::drill::dice::Dice;
use crate::drill::history::Ack;
use crate::drill::wire::{Answer, Request, Wire};

/// How long a request is repeated before there is no hope of an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause before it is repeated.
const PAUSE: Duration = Duration::from_millis(20);

/// A process gives up on Redis after 250 ms, and then leaves it alone for a second.
const SLOW: Duration = Duration::from_millis(200);

/// A client.
pub(super) struct Caller {
    fleet: Arc<Fleet>,
    wires: Vec<Option<Wire>>,
    pub(super) dice: Dice,
}

/// An answer, and how it came about.
pub(super) struct Answered {
    pub(super) answer: Answer,
    /// Whether what was acknowledged is sure to have been published.
    pub(super) ack: Ack,
    /// Whether the request was sent more than once.
    pub(super) repeated: bool,
}

impl Caller {
    pub(super) fn new(fleet: Arc<Fleet>, dice: Dice) -> Self {
        let wires = (0..fleet.size()).map(|_| None).collect();
        Self { fleet, wires, dice }
    }

    /// A key that nobody has used.
    pub(super) fn fresh_key(&mut self) -> String {
        format!("{:016x}{:016x}", self.dice.next(), self.dice.next())
    }

    /// Sends a request once, through any process. None: no answer, or no answer now.
    pub(super) async fn try_once(&mut self, request: &Request) -> Option<Answer> {
        let answered = self.through_any(request).await;
        if answered.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
        answered.map(|(_, answer)| answer)
    }

    /// Sends a request until it is answered.
    pub(super) async fn insist(&mut self, request: &Request) -> Result<Answered> {
        let deadline = Instant::now() + PATIENCE;
        let mut repeated = false;
        while Instant::now() < deadline {
            let sent = Instant::now();
            if let Some((member, answer)) = self.through_any(request).await {
                let ack = if self.fleet.was_troubled(member, sent) { Ack::Doubtful } else { Ack::Firm };
                return Ok(Answered { answer, ack, repeated });
            }
            repeated = true;
            tokio::time::sleep(PAUSE).await;
        }
        bail!("no process has answered for {} s", PATIENCE.as_secs())
    }

    async fn through_any(&mut self, request: &Request) -> Option<(usize, Answer)> {
        let members = self.wires.len();
        let first = usize::try_from(self.dice.next()).unwrap_or_default() % members;
        let member =
            (first..first + members).map(|member| member % members).find(|member| !self.fleet.is_out(*member))?;
        let wire = match &mut self.wires[member] {
            Some(wire) => wire,
            none => none.insert(Wire::connect(self.fleet.address(member)).await.ok()?),
        };
        let sent = Instant::now();
        let outcome = wire.ask(request).await;
        if sent.elapsed() >= SLOW {
            self.fleet.was_slow(member);
        }
        match outcome {
            Ok(answer) if answer.status == 503 => None,
            Ok(answer) => Some((member, answer)),
            Err(_) => {
                self.wires[member] = None;
                None
            }
        }
    }
}
