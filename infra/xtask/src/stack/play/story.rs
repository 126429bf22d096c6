//! A life as it is told on the terminal: a line for each year, what happened under it, choices with their odds.

use anstyle::Style;
use serde_json::Value;
use testkit::player::{Choice, Decided, Decision, Event, Life, Odds, Step, Year};

use super::wrap::{columns, wrap};
use super::{Language, labels};
use crate::stack::terminal::{BAD, BOLD, DIM, GOOD, NOTE, say};

/// Columns for text, whatever the terminal: long lines are hard to read.
const ROOM: usize = 76;

/// Columns for the titles of the introduction.
const TITLE: usize = 13;

/// Tells one life.
pub(super) struct Story {
    language: Language,
    /// The last age that got its line.
    age: Option<u32>,
    decisions: usize,
    events: usize,
}

impl Story {
    /// Introduces the character.
    pub(super) fn begin(language: Language, life: &Life<'_>) -> Self {
        let dealt = &life.character.rest;
        let place = |name: &str| {
            let name = dealt.get("birth_place").and_then(|it| it[name].as_str()).unwrap_or_default();
            labels::word(language, name)
        };
        say(format_args!("\n{BOLD}{}{BOLD:#}  {} · {}", name_of(life), place("name"), life.state.year));
        say(format_args!("{DIM}{} · {}{DIM:#}\n", place("settlement"), place("terrain")));
        let row = |title: &str, content: &str| {
            let title = labels::word(language, title);
            let gap = " ".repeat(TITLE.saturating_sub(columns(title)));
            say(format_args!("  {DIM}{title}{DIM:#}{gap}{content}"));
        };
        for field in ["attributes", "traits", "aptitudes"] {
            row(field, &numbers(language, dealt.get(field)));
        }
        for member in dealt.get("family").and_then(|family| family["members"].as_array()).into_iter().flatten() {
            let part = |name: &str| member[name].as_str().unwrap_or_default();
            row(part("relation_type"), &format!("{} {}", part("name"), member["age"]));
        }
        Self { language, age: None, decisions: 0, events: 0 }
    }

    /// Says who chooses.
    pub(super) fn policy(&self, seed: u64) {
        let words = self.say("由种子策略代为选择，种子", "choices by the seeded policy, seed");
        say(format_args!("{DIM}{words} {seed}{DIM:#}"));
    }

    /// Tells what a step brought. `asked` says whether its decision still has to be shown.
    pub(super) fn tell(&mut self, step: &Step, asked: bool) {
        match step {
            Step::Advanced(answer) => self.years(&answer.years, None),
            Step::Decided { decision, option_id, answer } => {
                if asked {
                    show_decision(self.language, decision);
                }
                self.outcome(decision, option_id, answer);
                self.years(&answer.years, Some(decision.event_seq));
            }
        }
    }

    /// The end, and what is left of it.
    pub(super) fn epitaph(&self, life: &Life<'_>) {
        let (state, name) = (&life.state, name_of(life));
        let born = life.character.rest.get("birth_year").and_then(Value::as_i64).unwrap_or_default();
        let (age, year, cause) =
            state.death.as_ref().map_or((state.age, state.year, ""), |death| (death.age, death.year, &death.text));
        say(format_args!("\n{}", "─".repeat(ROOM)));
        say(format_args!("{BOLD}† {name}  {born}–{year}{BOLD:#}"));
        for line in wrap(cause, ROOM) {
            say(format_args!("  {line}"));
        }
        let career = state.rest.get("career").and_then(|career| career["title"].as_str());
        let (events, decisions, steps) = (self.events, self.decisions, life.steps);
        let summary = match self.language {
            Language::Chinese => format!("享年 {age} 岁，经历 {events} 件事，做过 {decisions} 次抉择。"),
            Language::English => format!("Lived {age} years, through {events} events and {decisions} decisions."),
        };
        say(format_args!("  {summary}{}", career.map(|career| format!("  {career}")).unwrap_or_default()));
        say(format_args!("{DIM}age={age} events={events} decisions={decisions} requests={steps}{DIM:#}"));
    }

    fn years(&mut self, years: &[Year], told: Option<i64>) {
        for year in years {
            if self.age != Some(year.age) {
                let label = match self.language {
                    Language::Chinese => format!("{} 岁", year.age),
                    Language::English => format!("age {}", year.age),
                };
                say(format_args!("\n{BOLD}{label}{BOLD:#} {DIM}{}{DIM:#}", year.year));
                self.age = Some(year.age);
            }
            for event in year.events.iter().filter(|event| Some(event.event_seq) != told) {
                self.event(event);
            }
        }
    }

    fn event(&mut self, event: &Event) {
        self.events += 1;
        say(format_args!("  {NOTE}{}{NOTE:#}", event.title));
        paragraph(&event.text);
    }

    fn outcome(&mut self, decision: &Decision, option_id: &str, answer: &Decided) {
        self.decisions += 1;
        let chosen = decision.options.iter().find(|option| option.option_id == option_id);
        let outcome = &answer.outcome;
        let (style, word) = match outcome.result.as_str() {
            "success" => (GOOD, self.say("  成了", "  it went well")),
            "partial" => (NOTE, self.say("  算是成了一半", "  half and half")),
            "fail" => (BAD, self.say("  没成", "  it did not go well")),
            _ => (Style::new(), ""),
        };
        let roll = outcome.roll.map(|roll| format!(" {DIM}({roll}){DIM:#}")).unwrap_or_default();
        let text = chosen.map_or(option_id, |chosen| chosen.text.as_str());
        say(format_args!("    → {BOLD}{text}{BOLD:#}{style}{word}{style:#}{roll}"));
        paragraph(&outcome.text);
    }

    fn say<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        match self.language {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }
}

/// Shows what is asked and what can be answered.
pub(super) fn show_decision(language: Language, decision: &Decision) {
    say(format_args!("  {NOTE}{}{NOTE:#}", decision.title));
    for line in wrap(&decision.question, ROOM - 4) {
        say(format_args!("    {BOLD}{line}{BOLD:#}"));
    }
    let widest = decision.options.iter().map(|option| columns(&option.text)).max().unwrap_or_default();
    for (number, option) in (1..).zip(&decision.options) {
        let gap = " ".repeat(widest - columns(&option.text));
        let style = if option.available { Style::new() } else { DIM };
        let chances = chances(language, option).map(|chances| format!("{gap}  {DIM}{chances}{DIM:#}"));
        say(format_args!("    {style}{number}  {}{style:#}{}", option.text, chances.unwrap_or_default()));
    }
}

/// The odds of an option, or why it cannot be chosen; none where nothing is left to chance.
fn chances(language: Language, option: &Choice) -> Option<String> {
    let chinese = language == Language::Chinese;
    if option.locked_reason.is_some() {
        return Some(if chinese { "（条件不足）" } else { "(not open to you)" }.to_owned());
    }
    let Odds { success, partial, fail } = option.odds?;
    Some(if chinese {
        format!("成 {success}% · 半成 {partial}% · 败 {fail}%")
    } else {
        format!("well {success}% · half {partial}% · badly {fail}%")
    })
}

fn paragraph(text: &str) {
    if text.is_empty() {
        return;
    }
    for line in wrap(text, ROOM - 4) {
        say(format_args!("    {line}"));
    }
}

fn name_of<'a>(life: &'a Life<'_>) -> &'a str {
    life.character.rest.get("character_name").and_then(Value::as_str).unwrap_or_default()
}

/// `intelligence 66 · constitution 58`
fn numbers(language: Language, object: Option<&Value>) -> String {
    let fields = object.and_then(Value::as_object).into_iter().flatten();
    fields.map(|(name, value)| format!("{} {value}", labels::word(language, name))).collect::<Vec<_>>().join(" · ")
}
