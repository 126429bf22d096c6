//! One life of a player, step by step.

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use super::{Advanced, Character, Decided, Decision, Mode, Player, Spec, State};

/// No life takes more steps than this: 120 years with a few decisions each.
const MOST_STEPS: u32 = 1_000;

/// Whoever makes the choices of a life.
pub trait Chooser: Send {
    /// How to live the coming years.
    fn mode(&mut self, state: &State) -> Mode;
    /// How many years to live at once if nothing comes up, 1 to 10.
    fn years(&mut self, _state: &State) -> u32 {
        1
    }
    /// What to answer: the id of an option that is available.
    fn option(&mut self, decision: &Decision) -> Result<String>;
}

/// Chooses at random, but the same every time for the same seed.
#[derive(Clone, Debug)]
pub struct SeededChooser {
    seed: u64,
    asked: u64,
}

impl SeededChooser {
    /// A chooser that is a function of its seed and of the questions so far.
    pub fn new(seed: u64) -> Self {
        Self { seed, asked: 0 }
    }

    /// A number below `bound`.
    fn pick(&mut self, bound: usize) -> usize {
        self.asked += 1;
        let digest = Sha256::digest([self.seed.to_be_bytes(), self.asked.to_be_bytes()].concat());
        let number = digest.iter().take(4).fold(0, |number: usize, byte| (number << 8) | usize::from(*byte));
        number % bound
    }
}

impl Chooser for SeededChooser {
    fn mode(&mut self, _: &State) -> Mode {
        // Steady most of the time: a life in one mood throughout would miss what the others draw.
        [Mode::Steady, Mode::Steady, Mode::Aggressive, Mode::Conservative][self.pick(4)]
    }

    fn option(&mut self, decision: &Decision) -> Result<String> {
        let open: Vec<_> = decision.options.iter().filter(|option| option.available).collect();
        ensure!(!open.is_empty(), "decision {} has no option that is available", decision.decision_id);
        Ok(open[self.pick(open.len())].option_id.clone())
    }
}

/// A life that has begun.
#[derive(Debug)]
pub struct Life<'p> {
    player: &'p Player,
    /// Who lives it, as it was dealt.
    pub character: Character,
    /// Where it stands.
    pub state: State,
    /// How many requests have changed it since its start.
    pub steps: u32,
}

/// What one request did to a life.
#[derive(Clone, Debug)]
pub enum Step {
    /// Time has passed.
    Advanced(Advanced),
    /// A decision was answered.
    Decided {
        /// What was asked.
        decision: Decision,
        /// What was answered.
        option_id: String,
        /// What came of it.
        answer: Box<Decided>,
    },
}

impl<'p> Life<'p> {
    /// Is born.
    pub async fn begin(player: &'p Player, spec: &Spec) -> Result<Self> {
        let character = player.create_character(spec).await.context("no character was created")?;
        let state = player.start(&character.character_id, character.version).await.context("the life did not start")?;
        Ok(Self { player, character, state, steps: 0 })
    }

    /// Goes on by one request: answers the open decision, or else lives on. None once the life has ended.
    pub async fn step(&mut self, chooser: &mut dyn Chooser) -> Result<Option<Step>> {
        if self.state.is_over() {
            return Ok(None);
        }
        let State { character_id: id, version, age, .. } = &self.state;
        ensure!(self.steps < MOST_STEPS, "{id} is {age} years old and does not end");
        let expected = version + 1;
        let step = if let Some(decision) = self.state.pending_decisions.first() {
            let option_id = chooser.option(decision)?;
            let answer = self.player.decide(id, *version, decision, &option_id).await?;
            Step::Decided { decision: decision.clone(), option_id, answer: Box::new(answer) }
        } else {
            let (mode, years) = (chooser.mode(&self.state), chooser.years(&self.state));
            Step::Advanced(self.player.advance(id, *version, mode, years).await?)
        };
        let state = match &step {
            Step::Advanced(answer) => &answer.state,
            Step::Decided { answer, .. } => &answer.state,
        };
        ensure!(state.version == expected, "{id}: one request made version {version} into {}", state.version);
        self.state = state.clone();
        self.steps += 1;
        Ok(Some(step))
    }
}
