//! A life as it is told on the terminal: a line for each year, what happened under it, choices with their odds.

use anstyle::Style;
use serde_json::Value;
use testkit::player::{Choice, Decided, Decision, Event, Life, Odds, Step, Year};

use super::Language;
use super::wrap::{columns, wrap};
use crate::stack::terminal::{BAD, BOLD, DIM, GOOD, NOTE, say};

/// Columns for text, whatever the terminal: long lines are hard to read.
const ROOM: usize = 76;

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
        let text = |object: &str, name: &str| dealt.get(object).and_then(|it| it[name].as_str()).unwrap_or_default();
        let (place, settlement, terrain) =
            (text("birth_place", "name"), text("birth_place", "settlement"), text("birth_place", "terrain"));
        say(format_args!("\n{BOLD}{}{BOLD:#}  {place} · {}", name_of(life), life.state.year));
        say(format_args!("{DIM}{settlement} · {terrain}{DIM:#}"));
        for (title, field) in [("attributes", "attributes"), ("traits", "traits"), ("aptitudes", "aptitudes")] {
            say(format_args!("{DIM}{title:<11}{DIM:#}{}", numbers(dealt.get(field))));
        }
        let story = Self { language, age: None, decisions: 0, events: 0 };
        for member in dealt.get("family").and_then(|family| family["members"].as_array()).into_iter().flatten() {
            let part = |name: &str| member[name].as_str().unwrap_or_default();
            say(format_args!("{DIM}{:<11}{DIM:#}{} {}", part("relation_type"), part("name"), part("occupation")));
        }
        story
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
            "success" => (GOOD, self.say("成了", "it went well")),
            "partial" => (NOTE, self.say("算是成了一半", "half and half")),
            "fail" => (BAD, self.say("没成", "it did not go well")),
            _ => (Style::new(), ""),
        };
        let roll = outcome.roll.map(|roll| format!(" {DIM}({roll}){DIM:#}")).unwrap_or_default();
        let text = chosen.map_or(option_id, |chosen| chosen.text.as_str());
        say(format_args!("    → {BOLD}{text}{BOLD:#}  {style}{word}{style:#}{roll}"));
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
    for line in wrap(&decision.question, ROOM - 4) {
        say(format_args!("  {BOLD}? {line}{BOLD:#}"));
    }
    let widest = decision.options.iter().map(|option| columns(&option.text)).max().unwrap_or_default();
    for (number, option) in (1..).zip(&decision.options) {
        let gap = " ".repeat(widest - columns(&option.text));
        let style = if option.available { Style::new() } else { DIM };
        say(format_args!("    {style}{number}  {}{gap}  {}{style:#}", option.text, chances(language, option)));
    }
}

fn chances(language: Language, option: &Choice) -> String {
    match (&option.locked_reason, option.odds, language) {
        (Some(_), _, Language::Chinese) => "（条件不足）".to_owned(),
        (Some(_), _, Language::English) => "(not open to you)".to_owned(),
        (None, Some(Odds { success, partial, fail }), Language::Chinese) => {
            format!("{DIM}成 {success}% · 半成 {partial}% · 败 {fail}%{DIM:#}")
        }
        (None, Some(Odds { success, partial, fail }), Language::English) => {
            format!("{DIM}well {success}% · half {partial}% · badly {fail}%{DIM:#}")
        }
        (None, None, _) => String::new(),
    }
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
fn numbers(object: Option<&Value>) -> String {
    let fields = object.and_then(Value::as_object).into_iter().flatten();
    fields.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(" · ")
}
