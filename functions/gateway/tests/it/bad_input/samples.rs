//! For each route a request that would succeed, and what breaks its rules.

use serde_json::{Value, json};

/// A request that would succeed, to be spoilt in one way at a time.
pub(super) struct Sample {
    pub(super) id: &'static str,
    pub(super) body: Option<Value>,
    /// Field, and values that break its rules.
    pub(super) wrong: Vec<(&'static str, Vec<Value>)>,
    /// Query strings that break rules.
    pub(super) queries: Vec<&'static str>,
}

fn sample(id: &'static str) -> Sample {
    Sample { id, body: None, wrong: Vec::new(), queries: Vec::new() }
}

pub(super) fn samples() -> Vec<Sample> {
    let long = "长".repeat(2000);
    let long = long.as_str();
    let text = |more: &[Value]| [&[json!(1), json!(true), json!([]), json!({}), json!(long)], more].concat();
    let number = |more: &[Value]| [&[json!("1"), json!(1.5), json!(true), json!([]), json!(1e300)], more].concat();
    vec![
        Sample {
            body: Some(json!({"username": "someone_new", "password": "correct horse battery"})),
            wrong: vec![
                ("username", text(&[json!("ab"), json!("has space"), json!("nul\0"), json!("名字")])),
                ("password", text(&[json!("short")])),
                ("email", text(&[json!("nobody"), json!("a@b"), json!("a b@example.org"), json!("a@gma\u{130}l.com")])),
                ("platform", text(&[json!("toaster")])),
                ("locale", text(&[json!("fr")])),
                (
                    "device",
                    vec![json!("pixel"), json!({"id": 1}), json!({"name": "no id"}), json!({"id": "a", "x": 1})],
                ),
            ],
            ..sample("auth-register")
        },
        Sample {
            body: Some(json!({"username": "nobody_here", "password": "whatever it was"})),
            wrong: vec![
                ("username", text(&[json!("")])),
                ("password", vec![json!(1), json!(true), json!(long)]),
                ("login_type", text(&[json!("telepathy"), json!("wechat")])),
                ("credentials", vec![json!("x"), json!({}), json!({"identifier": "both", "password": "given"})]),
            ],
            ..sample("auth-login")
        },
        Sample {
            body: Some(json!({"refresh_token": "rlr_none"})),
            wrong: vec![("refresh_token", text(&[json!(null)]))],
            ..sample("auth-refresh")
        },
        Sample { queries: vec!["all=1", "all=", "nope=1"], ..sample("auth-logout") },
        sample("auth-sessions"),
        sample("auth-session-revoke"),
        Sample { queries: vec!["redirect_uri=a&redirect_uri=b", "nope=1", ""], ..sample("auth-oauth-start") },
        sample("auth-profile-get"),
        Sample {
            body: Some(json!({"expected_version": 1, "bio": "-"})),
            wrong: vec![
                ("expected_version", number(&[])),
                ("display_name", text(&[json!(""), json!("  "), json!("a\u{7}b"), json!("x".repeat(41))])),
                ("avatar_url", text(&[json!("http://a.example/b.png"), json!("https://"), json!("javascript:1")])),
                ("bio", text(&[json!("a\u{0}b")])),
                ("country", text(&[json!("cn"), json!("CHN"), json!("")])),
                ("timezone", text(&[json!(""), json!("Asia/Shang hai")])),
                ("locale", text(&[json!("fr")])),
                (
                    "settings",
                    vec![
                        json!("none"),
                        json!({"content_filter": ["dragons"]}),
                        json!({"content_filter": "war"}),
                        json!({"timed_choices": 1}),
                        json!({"no_such_setting": true}),
                    ],
                ),
            ],
            ..sample("auth-profile-update")
        },
        Sample { queries: vec!["limit=0", "limit=11", "cursor=x", "nope=1"], ..sample("auth-account-export") },
        Sample {
            body: Some(json!({"password": "not the one"})),
            wrong: vec![("password", vec![json!(1), json!(true), json!(long)])],
            ..sample("auth-account-delete")
        },
        Sample {
            body: Some(json!({"username": "someone_else", "password": "correct horse battery"})),
            wrong: vec![
                ("username", text(&[json!("ab"), json!("has space")])),
                ("password", text(&[json!("short")])),
                ("email", text(&[json!("nobody")])),
                ("oauth", vec![json!("x"), json!({"provider": "a", "code": "b"}), json!({"code": "b"})]),
                ("wechat_code", vec![json!("x"), json!({}), json!({"code": ""})]),
            ],
            ..sample("auth-link")
        },
        sample("auth-jwks"),
        Sample {
            body: Some(json!({"current_password": "not the password", "new_password": "another long walk"})),
            wrong: vec![
                ("current_password", vec![json!(1), json!(true), json!(long)]),
                ("new_password", text(&[json!("short"), json!("password"), json!("123456789")])),
            ],
            ..sample("auth-change-password")
        },
        Sample {
            body: Some(json!({"purpose": "reset_password", "email": "nobody@example.org"})),
            wrong: vec![
                ("purpose", text(&[json!("greeting"), json!(null)])),
                (
                    "email",
                    text(&[json!("nobody"), json!("a@b"), json!("a b@example.org"), json!("a@b.c\r\nBcc: d@e.f")]),
                ),
            ],
            ..sample("auth-send-verification-code")
        },
        Sample {
            body: Some(
                json!({"purpose": "reset_password", "email": "nobody@example.org", "code": "12345678", "flow_token": "a"}),
            ),
            wrong: vec![
                ("purpose", text(&[json!("greeting")])),
                ("email", text(&[json!("nobody")])),
                ("code", text(&[json!("1234567"), json!("123456789"), json!("１２３４５６７８"), json!(" 1234567")])),
            ],
            ..sample("auth-verify-code")
        },
        Sample {
            body: Some(json!({
                "email": "nobody@example.org", "flow_token": "a", "code": "12345678", "new_password": "another long walk"
            })),
            wrong: vec![
                ("email", text(&[json!("nobody")])),
                ("code", text(&[json!("12345")])),
                ("new_password", text(&[json!("short"), json!("iloveyou1")])),
            ],
            ..sample("auth-reset-password")
        },
        Sample {
            body: Some(json!({"character_name": "林安", "birth_country": "CN", "birth_year": 1962})),
            wrong: vec![
                ("character_name", text(&[json!(""), json!("  "), json!("a\u{7}b"), json!("{name}"), json!(null)])),
                ("birth_country", text(&[json!("cn"), json!("CHN"), json!("ZZ"), json!("C\0")])),
                ("birth_year", number(&[json!(1799), json!(2051), json!(-1), json!(null)])),
                ("gender", text(&[json!("unknown")])),
                ("ethnicity", text(&[json!("")])),
                ("mortality", text(&[json!("immortal")])),
                ("ranked", vec![json!("yes"), json!(1)]),
            ],
            ..sample("character-create")
        },
        Sample {
            queries: vec!["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=%00", "nope=1", "limit=1&limit=2"],
            ..sample("character-list")
        },
        sample("character-get"),
        Sample {
            body: Some(json!({"expected_version": 2, "character_name": "林平"})),
            wrong: vec![
                ("expected_version", number(&[])),
                ("character_name", text(&[json!(""), json!("a\u{7}b"), json!("{name}")])),
                ("ethnicity", text(&[json!("")])),
                ("mortality", text(&[json!("immortal")])),
                ("ranked", vec![json!("yes"), json!(1)]),
            ],
            ..sample("character-update")
        },
        Sample {
            body: Some(json!({"expected_version": 2})),
            wrong: vec![("expected_version", number(&[]))],
            ..sample("character-reroll")
        },
        sample("character-attributes"),
        sample("character-delete"),
        sample("character-restore"),
        Sample {
            body: Some(json!({"expected_version": 2})),
            wrong: vec![("expected_version", number(&[]))],
            ..sample("game-start")
        },
        Sample {
            body: Some(json!({"expected_version": 2, "mode": "steady"})),
            wrong: vec![
                ("expected_version", number(&[])),
                ("mode", text(&[json!("reckless"), json!(null)])),
                ("years", number(&[json!(0), json!(11), json!(-1)])),
                ("stop_at", vec![json!("stage_change"), json!(["birthday"]), json!([1])]),
                ("on_pending", text(&[json!("panic")])),
            ],
            ..sample("game-advance")
        },
        Sample {
            body: Some(json!({"expected_version": 2, "decision_id": "1", "option_id": "yes"})),
            wrong: vec![
                ("expected_version", number(&[])),
                ("decision_id", text(&[json!(""), json!("-1"), json!("99999999999"), json!(null)])),
                ("option_id", text(&[json!(""), json!("No Such"), json!("'; DROP TABLE lives; --")])),
            ],
            ..sample("game-decide")
        },
        Sample {
            body: Some(json!({"expected_version": 2, "usual": true})),
            wrong: vec![
                ("expected_version", number(&[])),
                ("plan", vec![json!("study"), json!({}), json!({"study": 11}), json!([1, 2])]),
                ("habits", vec![json!(1), json!({"sleep": "long"})]),
                ("budget", vec![json!("all"), json!({"living": 101})]),
                ("usual", vec![json!("yes"), json!(1)]),
            ],
            ..sample("game-plan")
        },
        sample("game-state"),
        sample("game-why"),
        sample("game-summary"),
        sample("game-replay"),
        Sample {
            queries: vec!["order=sideways", "limit=0", "cursor=0", "cursor=x", "nope=1"],
            ..sample("game-decisions")
        },
        Sample {
            body: Some(json!({"from_age": 0})),
            wrong: vec![("from_age", number(&[json!(-1), json!(121), json!(null)]))],
            ..sample("game-branch")
        },
        Sample {
            body: Some(json!({"birth_year": 1950})),
            wrong: vec![
                ("character_name", text(&[json!(""), json!("a\u{7}b"), json!("{name}")])),
                ("birth_country", text(&[json!("cn"), json!("ZZ")])),
                ("birth_year", number(&[json!(1799), json!(2051)])),
                ("gender", text(&[json!("unknown")])),
                ("mortality", text(&[json!("immortal")])),
                ("ranked", vec![json!("yes"), json!(1)]),
            ],
            ..sample("game-restart")
        },
        Sample { queries: vec!["left=x&right=y", "left=1", "nope=1", ""], ..sample("game-compare") },
        Sample {
            queries: vec![
                "age=-1",
                "age=121",
                "age=x",
                "type=odd",
                "order=sideways",
                "limit=0",
                "cursor=0",
                "cursor=x",
                "nope=1",
            ],
            ..sample("game-events")
        },
        Sample {
            body: Some(json!({"expected_version": 2})),
            wrong: vec![("expected_version", number(&[]))],
            ..sample("game-save")
        },
        Sample {
            body: Some(json!({"expected_version": 2})),
            wrong: vec![("expected_version", number(&[]))],
            ..sample("game-load")
        },
        Sample { queries: vec!["limit=0", "cursor=x", "type=odd", "type=", "nope=1"], ..sample("save-list") },
        Sample {
            body: Some(json!({"expected_version": 2, "save_name": "here"})),
            wrong: vec![
                ("expected_version", number(&[])),
                ("save_name", text(&[json!(""), json!("a\u{7}b"), json!("{name}"), json!("x".repeat(41))])),
                ("description", text(&[json!("a\u{0}b"), json!("x".repeat(201))])),
            ],
            ..sample("save-create")
        },
        sample("save-get"),
        sample("save-delete"),
        Sample {
            body: Some(json!({"expected_version": 2})),
            wrong: vec![("expected_version", number(&[]))],
            ..sample("save-load")
        },
        sample("stats-overview"),
        sample("stats-attributes"),
        sample("stats-events"),
        sample("stats-relationships"),
        sample("stats-timeline"),
        Sample {
            queries: vec!["limit=0", "cursor=A", "cursor=", "category=odd", "rarity=gold", "nope=1"],
            ..sample("achievement-list")
        },
        Sample { queries: vec!["limit=101", "cursor=..", "rarity=1"], ..sample("achievement-unlocked") },
        Sample { queries: vec!["limit=x", "cursor=%00", "category="], ..sample("achievement-progress") },
        sample("achievement-stats"),
        Sample {
            body: Some(json!({"expected_version": 2})),
            wrong: vec![("expected_version", number(&[]))],
            ..sample("achievement-check")
        },
        sample("achievement-categories"),
        Sample { queries: vec!["format=xml", "format=", "nope=1"], ..sample("achievement-export") },
        sample("catalog-countries"),
        sample("system-health"),
        sample("system-ready"),
        sample("system-metrics"),
        sample("system-openapi"),
        sample("system-docs"),
    ]
}
