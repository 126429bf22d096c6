//! Telling what happened, in the reader's language.

use content::{Event, EventText, Gender, Locale};

use crate::content::Content;
use crate::life::PersonSnapshot;
use crate::record::{EventRecord, PendingDecision};

/// An event, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// A few words.
    pub title: String,
    /// The telling; after a decision, with what came of it.
    pub text: String,
}

/// A decision, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedDecision {
    /// A few words.
    pub title: String,
    /// What is to be decided.
    pub question: String,
    /// The answers, in the order of [`PendingDecision::options`].
    pub options: Vec<RenderedOption>,
}

/// An answer, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedOption {
    /// Which.
    pub option_id: String,
    /// The answer itself.
    pub label: String,
    /// What it means now.
    pub hint: String,
    /// What it may mean later.
    pub long_term_hint: Option<String>,
}

impl Content {
    /// Tells an event. One that has been retired is told by its id.
    #[must_use]
    pub fn render_event(&self, locale: Locale, record: &EventRecord) -> Rendered {
        let Some((_, words)) = self.words(locale, &record.event_id) else {
            return Rendered { title: record.event_id.clone(), text: String::new() };
        };
        let paragraphs = [Some(self.telling(locale, words, record)), self.render_outcome(locale, record)];
        let text: Vec<_> = paragraphs.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        Rendered { title: self.fill(locale, &words.title, record), text: text.join("\n\n") }
    }

    /// The title of an event of which no more than the id is at hand; nothing if it has been retired, or names somebody.
    #[must_use]
    pub fn event_title(&self, locale: Locale, event_id: &str) -> Option<&str> {
        let (_, words) = self.words(locale, event_id)?;
        Some(words.title.as_str()).filter(|title| !title.contains('{'))
    }

    /// Tells what came of a decision, if there was one.
    #[must_use]
    pub fn render_outcome(&self, locale: Locale, record: &EventRecord) -> Option<String> {
        let decision = record.decision.as_ref()?;
        let (event, words) = self.words(locale, &record.event_id)?;
        let choices = &event.decision.as_ref()?.choices;
        let place = choices.iter().position(|choice| choice.id == decision.option_id);
        let done = place.and_then(|place| words.choices.get(place)?.done.as_deref());
        let told = decision.outcome.text_key.as_ref().and_then(|key| words.outcomes.get(key)).map(String::as_str);
        let parts: Vec<_> = [done, told].into_iter().flatten().map(|part| self.fill(locale, part, record)).collect();
        Some(parts.join(" "))
    }

    /// Tells which answer was given to a decision; its id if it has been retired. `None` where there was no decision.
    #[must_use]
    pub fn render_choice(&self, locale: Locale, record: &EventRecord) -> Option<String> {
        let option_id = &record.decision.as_ref()?.option_id;
        let told = self.words(locale, &record.event_id).and_then(|(event, words)| {
            let place = event.decision.as_ref()?.choices.iter().position(|choice| choice.id == *option_id)?;
            words.choices.get(place).map(|choice| self.fill(locale, &choice.label, record))
        });
        Some(told.unwrap_or_else(|| option_id.clone()))
    }

    /// Tells a decision that waits.
    #[must_use]
    pub fn render_decision(&self, locale: Locale, pending: &PendingDecision) -> RenderedDecision {
        let record = &pending.event;
        let Rendered { title, text } = self.render_event(locale, record);
        let words = self.words(locale, &record.event_id);
        let options = pending.options.iter().map(|option| {
            let choice = words.and_then(|(event, words)| {
                let choices = &event.decision.as_ref()?.choices;
                words.choices.get(choices.iter().position(|choice| choice.id == option.option_id)?)
            });
            let tell = |text: &str| self.fill(locale, text, record);
            RenderedOption {
                option_id: option.option_id.clone(),
                label: choice.map_or_else(|| option.option_id.clone(), |choice| tell(&choice.label)),
                hint: choice.map(|choice| tell(&choice.hint)).unwrap_or_default(),
                long_term_hint: choice.and_then(|choice| choice.long_term_hint.as_deref()).map(tell),
            }
        });
        RenderedDecision { title, question: text, options: options.collect() }
    }

    fn words(&self, locale: Locale, event_id: &str) -> Option<(&Event, &EventText)> {
        let ix = self.event_ix(event_id)?;
        Some((self.event(ix), self.texts(locale).events.get(usize::from(ix.0))?))
    }

    fn telling(&self, locale: Locale, words: &EventText, record: &EventRecord) -> String {
        let variant = words.variants.get(usize::from(record.variant)).or(words.variants.last());
        variant.map(|text| self.fill(locale, text, record)).unwrap_or_default()
    }

    /// Puts names into a text's placeholders.
    fn fill(&self, locale: Locale, text: &str, record: &EventRecord) -> String {
        let mut told = String::with_capacity(text.len() + 16);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            told.push_str(before);
            let (hole, tail) = after.split_once('}').unwrap_or((after, ""));
            told.push_str(&self.fill_one(locale, hole, record));
            rest = tail;
        }
        told.push_str(rest);
        if locale == Locale::En { capitalised(told) } else { told }
    }

    fn fill_one(&self, locale: Locale, hole: &str, record: &EventRecord) -> String {
        let (base, form) = hole.split_once('.').map_or((hole, None), |(base, form)| (base, Some(form)));
        match (base, form) {
            ("name", None) => record.params.name.clone(),
            ("age", None) => record.age.to_string(),
            ("year", None) => record.year.to_string(),
            ("place", None) => {
                let country = self.country(&record.params.country);
                country.map_or("", |country| country.name_in(record.year).get(locale)).to_owned()
            }
            _ => match (record.params.people.get(base), form) {
                (Some(person), None) => person.name.familiar(locale),
                (Some(person), Some(form)) => pronoun(locale, person, form).to_owned(),
                (None, _) => String::new(),
            },
        }
    }
}

fn pronoun(locale: Locale, person: &PersonSnapshot, form: &str) -> &'static str {
    match (locale, person.gender, form) {
        (Locale::ZhCn, Gender::Female, _) => "她",
        (Locale::ZhCn, Gender::Male, _) => "他",
        (Locale::En, Gender::Female, "subj") => "she",
        (Locale::En, Gender::Female, _) => "her",
        (Locale::En, Gender::Male, "subj") => "he",
        (Locale::En, Gender::Male, "poss") => "his",
        (Locale::En, Gender::Male, _) => "him",
    }
}

/// A pronoun that opens a text is written large.
fn capitalised(mut text: String) -> String {
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}
