//! Every kind of mistake is found, with its file and line; the real content has none.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

use std::path::Path;

use content::compile::{Finding, Rule, Source, compile};

const RULES: &str = "rules/events/sample.toml";
const ZH: &str = "text/zh-CN/sample.toml";
const EN: &str = "text/en/sample.toml";

/// An event without mistakes; each row of the table below puts one in.
const EVENT: &str = r#"[sample]
type = "choice"
topic = "home"
risk = "low"
where = { ages = [20, 60], tier = "random" }
when = 'attr.willpower >= 10'
rate = { per_100_lives = 10 }
limits = { cooldown_years = 8 }
slots.friend = { type = "friend", where = 'alive and age >= 20', or = "skip" }
effects = [{ stress = 1 }, { flag = "sample_flag" }]
[[sample.choices]]
id = "go"
requires = 'skill.social >= 5'
check = { base_pct = 40, partial_pct = 20, terms = [{ of = "friend.trust", over = 50, step = 5, add_pct = 1 }] }
success = [{ text = "won", effects = [{ happiness = 3 }] }]
partial = [{ text = "even", effects = [{ happiness = 1 }] }]
fail = [{ text = "lost", effects = [{ happiness = -3 }] }]
[[sample.choices]]
id = "stay"
default = true
effects = [{ stress = -1 }]
"#;

const TEXT: &str = r#"[sample]
title = "T"
text = "{friend} came in {year}."
choices.go = { label = "Go", hint = "With {friend.pron}" }
choices.stay = { label = "Stay", hint = "-" }
outcomes = { won = "W", even = "E", lost = "L" }
"#;

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn real_content() -> Vec<Source> {
    Source::read_all(folder()).expect("the content lies beside this crate")
}

/// The real content with a sample event, parts of which are replaced.
fn findings(replaced: &[(&str, &str, &str)]) -> Vec<Finding> {
    let mut sources = real_content();
    sources.extend(
        [(RULES, EVENT), (ZH, TEXT), (EN, TEXT)]
            .map(|(file, text)| Source { file: file.to_owned(), text: text.to_owned() }),
    );
    for (file, from, to) in replaced {
        let source = sources.iter_mut().find(|source| source.file == *file).expect("the file exists");
        assert!(source.text.contains(from), "{file} has no {from}");
        source.text = source.text.replacen(from, to, 1);
    }
    compile(&sources).err().unwrap_or_default()
}

#[test]
fn the_real_content_has_no_findings() {
    let findings = compile(&real_content()).err().unwrap_or_default();
    assert!(findings.is_empty(), "{}", findings.iter().map(|finding| format!("{finding}\n")).collect::<String>());
}

#[test]
fn the_sample_itself_has_no_findings() {
    assert_eq!(findings(&[]), []);
}

#[test]
fn every_kind_of_mistake_is_found_where_it_is() {
    let rows: &[(Rule, &str, usize, &str, &str)] = &[
        (Rule::Syntax, RULES, 3, "topic = \"home\"", "topic = home"),
        (Rule::UnknownKey, RULES, 4, "risk = \"low\"", "risc = \"low\""),
        (Rule::MissingKey, RULES, 1, "topic = \"home\"\n", ""),
        (Rule::BadValue, RULES, 4, "risk = \"low\"", "risk = \"some\""),
        (Rule::BadValue, RULES, 5, "ages = [20, 60]", "ages = [60, 20]"),
        (Rule::BadValue, RULES, 10, "stress = 1 ", "stress = \"much\" "),
        (Rule::Expression, RULES, 6, "attr.willpower >= 10", "attr.wilpower >= 10"),
        (Rule::Expression, RULES, 6, "attr.willpower >= 10", "attr.willpower"),
        (Rule::Expression, RULES, 6, "attr.willpower >= 10", "stage == 3"),
        (Rule::Expression, RULES, 6, "attr.willpower >= 10", "(age > 30"),
        (Rule::Expression, RULES, 9, "alive and age", "alive and weight"),
        (Rule::UnknownReference, RULES, 6, "attr.willpower >= 10", "event(\"no_such_event\")"),
        (Rule::UnknownReference, RULES, 6, "attr.willpower >= 10", "effect(\"no_such_effect\")"),
        (Rule::UnknownReference, RULES, 6, "attr.willpower >= 10", "shock(\"no_such_shock\")"),
        (Rule::UnknownReference, RULES, 6, "attr.willpower >= 10", "tech(\"no_such_tech\")"),
        (Rule::UnknownReference, RULES, 6, "attr.willpower >= 10", "in_country(\"ZZ\")"),
        (Rule::UnknownReference, RULES, 10, "{ stress = 1 }", "{ job = \"no_such_job\" }"),
        (Rule::UnknownReference, RULES, 10, "{ stress = 1 }", "{ condition = \"no_such_illness\" }"),
        (Rule::UnknownReference, RULES, 10, "{ stress = 1 }", "{ rel = \"nobody\", trust = 1 }"),
        (Rule::FlagNeverSet, RULES, 6, "attr.willpower >= 10", "flag(\"never_set\")"),
        (Rule::Unreachable, RULES, 6, "attr.willpower >= 10", "age >= 70"),
        (Rule::Unreachable, RULES, 6, "attr.willpower >= 10", "stage == \"childhood\""),
        (Rule::Unreachable, RULES, 6, "attr.willpower >= 10", "age < 30 and year > 1900 and age > 40"),
        (Rule::Unreachable, RULES, 11, "skill.social >= 5", "skill.social >= 101"),
        (Rule::DefaultChoice, RULES, 11, "default = true\n", ""),
        (Rule::DefaultChoice, RULES, 18, "default = true", "default = true\nrequires = 'age > 30'"),
        (Rule::DeadChoice, RULES, 18, "effects = [{ stress = -1 }]", ""),
        (Rule::Outcome, RULES, 14, "partial_pct = 20, ", ""),
        (Rule::Outcome, EN, 1, "lost = \"L\" ", "lost2 = \"L\" "),
        (
            Rule::ChainCycle,
            RULES,
            1,
            "effects = [{ stress = 1 }",
            "chain = [{ event = \"sample\", in = [1, 2] }]\neffects = [{ stress = 1 }",
        ),
        (Rule::Duplicate, EN, 1, "[sample]", "[birth]\ntitle = \"T\"\ntext = \"T\"\n[sample]"),
        (Rule::Locale, EN, 1, "choices.stay = { label = \"Stay\", hint = \"-\" }\n", ""),
        (Rule::Locale, EN, 5, "choices.stay", "choices.leave"),
        (Rule::Placeholder, EN, 3, "{year}", "{month}"),
    ];
    for (rule, file, line, from, to) in rows {
        check(*rule, file, *line, &[(file, from, to)]);
    }
}

#[test]
fn mistakes_between_files_are_found() {
    check(Rule::Placeholder, RULES, 1, &[(EN, "{friend} came in {year}.", "Nobody came in {year}.")]);
    check(
        Rule::Locale,
        EN,
        3,
        &[(
            EN,
            "text = \"{friend} came in {year}.\"",
            "text = [{ if = 'age > 30', text = \"{friend}, {year}\" }, { text = \"{friend}, {year}\" }]",
        )],
    );
    check(Rule::Locale, RULES, 1, &[(EN, TEXT, "")]);
    check(Rule::Locale, "text/en/labels.toml", 1, &[("text/en/labels.toml", "teacher =", "teachers =")]);
    check(
        Rule::NoFallback,
        "rules/events/quiet.toml",
        1,
        &[("rules/events/quiet.toml", "cooldown_years = 3", "cooldown_years = 99")],
    );
    let (names, chinese) = ("rules/names.toml", "regions = [\"east_asia\"]");
    check(Rule::UnknownReference, names, 6, &[(names, chinese, "countries = [\"ZZ\"]")]);
    check(Rule::Coverage, names, 1, &[(names, chinese, "countries = [\"CN\"]")]);
    check(Rule::MissingKey, names, 5, &[(names, chinese, "")]);
    check(Rule::Duplicate, names, 1, &[(names, chinese, "regions = [\"east_asia\"]\ncountries = [\"FR\"]")]);
    check(Rule::Coverage, "rules/eras.toml", 1, &[("rules/eras.toml", "years = [1914, 1969]", "years = [1916, 1969]")]);
}

#[test]
fn everything_is_found_at_once() {
    let found = findings(&[
        (RULES, "risk = \"low\"", "risk = \"some\""),
        (RULES, "topic = \"home\"", "topic = 7"),
        (EN, "{year}", "{month}"),
    ]);
    let files: Vec<_> = found.iter().map(|finding| (finding.file.as_str(), finding.line)).collect();
    for place in [(RULES, 3), (RULES, 4)] {
        assert!(files.contains(&place), "{found:?}");
    }
}

fn check(rule: Rule, file: &str, line: usize, replaced: &[(&str, &str, &str)]) {
    let found = findings(replaced);
    let hit = found.iter().any(|finding| finding.rule == rule && finding.file == file && finding.line == line);
    if !hit {
        panic!("{} expected at {file}:{line} after {replaced:?}, found {found:#?}", rule.as_str());
    }
}
