//! `life read`: one life as its player would read it, with what the ordinary years brought, and how it is summed up.

use std::process::ExitCode;

use engine::{Content, EventRecord, Life, Locale, PendingDecision, summary};

use crate::play::{Birth, live};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    birth: Birth,
    /// zh-CN or en; both if absent.
    #[arg(long, value_parser = locale)]
    locale: Option<Locale>,
}

fn locale(word: &str) -> Result<Locale, String> {
    Locale::from_word(word).ok_or_else(|| format!("{word} is not a language of the content"))
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let content = Content::builtin();
    let mut years: Vec<(Life, Vec<EventRecord>)> = Vec::new();
    let choose = |life: &Life, pending: &PendingDecision| usize::from(life.year) % pending.options.len().max(1);
    let life = live(content, &args.birth, choose, |life, events| years.push((life.clone(), events.to_vec())))?.life;
    let locales = args.locale.map_or_else(|| Locale::ALL.to_vec(), |locale| vec![locale]);
    for locale in locales {
        println!("# {locale}: {} {}, seed {}", life.spec.country, life.spec.birth_year, life.seed);
        years.iter().for_each(|(life, events)| tell(content, locale, life, events));
    }
    println!("{}", serde_json::to_string_pretty(&summary(content, &life))?);
    Ok(ExitCode::SUCCESS)
}

fn tell(content: &Content, locale: Locale, life: &Life, events: &[EventRecord]) {
    let work = life.career.as_ref().map_or("-", |career| content.label(locale, "occupation", &career.id));
    let ills: Vec<_> =
        life.health.conditions.iter().map(|ailment| content.label(locale, "condition", &ailment.id)).collect();
    println!(
        "\n## {} · {} · {} {} · {work} · cash {} debt {} worth {} · health {} mind {} stress {} happy {} · {ills:?} · {}",
        life.age,
        life.year,
        life.place.country,
        life.place.settlement,
        life.economy.cash_days,
        life.economy.debt_days,
        life.economy.net_worth_days(),
        life.health.physical,
        life.health.mental,
        life.health.stress,
        life.happiness,
        life.news.iter().map(|news| news.as_str()).collect::<Vec<_>>().join(" "),
    );
    for record in events {
        let told = content.render_event(locale, record);
        println!("**{}** {}", told.title, told.text.replace('\n', " "));
    }
}
