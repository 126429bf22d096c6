//! The person at the keyboard as the one who chooses.

use std::io::BufRead as _;

use anyhow::{Result, bail};
use testkit::player::{Chooser, Decision, Mode, State};

use super::Language;
use crate::stack::terminal::{DIM, ask};

/// Asks for every choice on standard input.
pub(super) struct Person {
    language: Language,
    /// What the last answer about the coming years said.
    years: u32,
}

impl Person {
    pub(super) fn new(language: Language) -> Self {
        Self { language, years: 1 }
    }

    fn say<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        match self.language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }
}

impl Chooser for Person {
    fn mode(&mut self, _: &State) -> Mode {
        let help = self.say(
            "回车过一年，1-10 过几年；a 激进，s 稳健，c 保守",
            "Enter: a year; 1-10: years; a, s, c: boldly, steadily, carefully",
        );
        ask(format_args!("{DIM}  [{help}]{DIM:#} "));
        // The end of the input is no answer: life goes on, and the next decision will say so.
        let answer = line().unwrap_or_default();
        let digits: String = answer.chars().filter(char::is_ascii_digit).collect();
        self.years = digits.parse().unwrap_or(1).clamp(1, 10);
        match answer.chars().find(char::is_ascii_alphabetic) {
            Some('a' | 'A') => Mode::Aggressive,
            Some('c' | 'C') => Mode::Conservative,
            _ => Mode::Steady,
        }
    }

    fn years(&mut self, _: &State) -> u32 {
        self.years
    }

    fn option(&mut self, decision: &Decision) -> Result<String> {
        super::story::show_decision(self.language, decision);
        loop {
            ask(format_args!("    {} ", self.say("你的选择 >", "Your choice >")));
            let answer = line()?;
            let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            match number.and_then(|number| decision.options.get(number)) {
                Some(option) if option.available => return Ok(option.option_id.clone()),
                Some(_) => ask(format_args!("    {}\n", self.say("现在不能选它。", "That one is closed to you."))),
                None => ask(format_args!("    1-{}\n", decision.options.len())),
            }
        }
    }
}

fn line() -> Result<String> {
    let mut line = String::new();
    if std::io::stdin().lock().read_line(&mut line)? == 0 {
        bail!("there is nobody at the keyboard; `--auto` lives without one");
    }
    Ok(line.trim().to_owned())
}
