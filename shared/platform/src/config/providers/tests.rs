//! Every problem names its provider and field, and none repeats a value.

use serde_json::{Value, json};

use super::{Endpoint, Kind, Provider, parse};

fn acme() -> Value {
    json!({
        "id": "acme", "kind": "oidc", "issuer": "https://id.example.org", "client_id": "game",
        "client_secret": "hunter2", "redirect_uris": ["https://play.example.org/in", "com.example.game:/in"]
    })
}

fn plain() -> Value {
    json!({
        "id": "plain", "kind": "oauth2", "client_id": "game", "client_secret": "hunter2", "subject": "/id",
        "authorize_url": "https://id.example.org/a", "token_url": "https://id.example.org/t",
        "redirect_uris": ["http://localhost:3000/in"]
    })
}

fn mini() -> Value {
    json!({"id": "mini", "kind": "wechat_mini", "client_id": "wx", "client_secret": "hunter2"})
}

fn read(providers: &[Value]) -> Result<Vec<Provider>, String> {
    parse(&Value::from(providers).to_string())
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_documentation() {
    let providers = read(&[acme(), plain(), mini()]).expect("valid");
    let [oidc, oauth2, wechat] = providers.as_slice() else { panic!("three") };
    let Kind::Oidc(oidc) = &oidc.kind else { panic!("oidc") };
    assert_eq!(oidc.discovery_url.as_str(), "https://id.example.org/.well-known/openid-configuration");
    assert_eq!((oidc.web.scopes.as_slice(), oidc.trust_email), (["openid".to_owned()].as_slice(), false));
    let Kind::OAuth2(oauth2) = &oauth2.kind else { panic!("oauth2") };
    assert!(oauth2.pkce && oauth2.userinfo.is_none() && oauth2.scope_separator == " ");
    let Kind::WechatMini(wechat) = &wechat.kind else { panic!("wechat_mini") };
    assert_eq!((wechat.base_url.as_str(), wechat.subject), ("https://api.weixin.qq.com", "openid"));
    assert!(!format!("{providers:?}").contains("hunter2"));
    assert!(parse("[]").is_ok_and(|none| none.is_empty()));
}

#[test]
fn every_problem_names_the_provider_and_the_field_and_repeats_no_value() {
    let rows: Vec<(Value, &str, Value, &str)> = vec![
        (acme(), "id", json!("Acme hunter2"), "[0].id"),
        (acme(), "id", json!("password"), "[0].id"),
        (acme(), "id", json!(null), "[0].id"),
        (acme(), "kind", json!("hunter2"), "acme.kind"),
        (acme(), "issuer", json!("http://hunter2.example.org"), "acme.issuer"),
        (acme(), "issuer", json!("https://user:hunter2@id.example.org"), "acme.issuer"),
        (acme(), "issuer", json!("https://id.example.org/#hunter2"), "acme.issuer"),
        (acme(), "issuer", json!("file:///hunter2"), "acme.issuer"),
        (acme(), "client_id", json!(""), "acme.client_id"),
        (acme(), "client_secret", json!(["hunter2"]), "acme.client_secret"),
        (acme(), "client_auth", json!("hunter2"), "acme.client_auth"),
        (acme(), "scopes", json!(["email"]), "acme.scopes"),
        (acme(), "scopes", json!("openid"), "acme.scopes"),
        (acme(), "redirect_uris", json!([]), "acme.redirect_uris"),
        (acme(), "redirect_uris", json!(["http://hunter2.example.org"]), "acme.redirect_uris"),
        (acme(), "redirect_uris", json!(["javascript:alert(1)"]), "acme.redirect_uris"),
        (acme(), "redirect_uris", json!(["https://play.example.org/#x"]), "acme.redirect_uris"),
        (acme(), "hosts", json!("hunter2"), "acme.hosts"),
        (acme(), "trust_email", json!("yes"), "acme.trust_email"),
        (acme(), "authorize_params", json!({"a": 1}), "acme.authorize_params"),
        (acme(), "token_url", json!("https://hunter2.example.org"), "acme.token_url"),
        (plain(), "subject", json!("id"), "plain.subject"),
        (plain(), "token_method", json!("put"), "plain.token_method"),
        (plain(), "pkce", json!(1), "plain.pkce"),
        (plain(), "userinfo_url", json!("ftp://hunter2"), "plain.userinfo_url"),
        (plain(), "userinfo_params", json!({}), "plain.userinfo_params"),
        (mini(), "client_secret", json!(null), "mini.client_secret"),
        (mini(), "subject", json!("hunter2"), "mini.subject"),
        (mini(), "base_url", json!("hunter2"), "mini.base_url"),
        (mini(), "private_key", json!("hunter2"), "mini.private_key"),
    ];
    for (mut provider, field, value, named) in rows {
        provider[field] = value.clone();
        let problem = read(&[provider]).expect_err(named);
        assert!(problem.contains(named), "{problem} does not name {named}");
        assert!(!problem.contains("hunter2"), "{problem} repeats {value}");
    }
    for field in ["issuer", "client_id", "redirect_uris", "kind"] {
        let mut provider = acme();
        provider.as_object_mut().map(|map| map.remove(field));
        let problem = read(&[provider]).expect_err(field);
        assert!(problem.contains(&format!("acme.{field}")), "{problem}");
    }
}

#[test]
fn all_problems_of_all_providers_are_told_at_once() {
    let (mut one, mut other) = (acme(), plain());
    (one["issuer"], one["surprise"], other["subject"]) = (json!(1), json!(1), json!(1));
    let problem = read(&[one, other, json!("hunter2"), acme(), acme()]).expect_err("wrong");
    for named in ["acme.issuer", "acme.surprise", "plain.subject", "[2]", "acme.id is there twice"] {
        assert!(problem.contains(named), "{problem} does not name {named}");
    }
    for text in ["", "hunter2", "{}", "[\"hunter2\"", "{\"id\":\"hunter2\"}"] {
        assert!(!parse(text).expect_err("no array").contains("hunter2"), "{text}");
    }
}

#[test]
fn a_secret_is_sent_in_a_way_that_the_request_has() {
    let mut provider = plain();
    (provider["token_method"], provider["client_auth"]) = (json!("get"), json!("basic"));
    assert!(read(&[provider]).expect_err("no body and no header").contains("plain.client_auth"));
}

#[test]
fn keys_that_are_none_are_refused() {
    for key in ["hunter2", "aHVudGVyMg==", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----"] {
        let provider = json!({
            "id": "alipay", "kind": "alipay_mini", "client_id": "1", "private_key": key, "alipay_public_key": key
        });
        let problem = read(&[provider]).expect_err(key);
        assert!(problem.contains("alipay.private_key") && problem.contains("alipay.alipay_public_key"), "{problem}");
        assert!(!problem.contains("hunter2") && !problem.contains("MAA="), "{problem}");
    }
}

#[test]
fn an_endpoint_is_https_or_this_machine() {
    for right in
        ["https://a", "https://a.example:8443/p?q=1", "http://127.0.0.1:1/p", "http://[::1]:1", "http://localhost"]
    {
        assert!(Endpoint::parse(right).is_ok(), "{right}");
    }
    for wrong in [
        "",
        "a",
        "/p",
        "https://",
        "http://a",
        "http://127.0.0.1.example.org",
        "http://localhost@evil.example.org",
        "https://u@a",
        "https://a/#f",
        "gopher://a",
        "https://a b",
    ] {
        assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
    }
    assert_eq!(Endpoint::parse("https://A.example:8443?x").map(|url| url.authority()), Ok("a.example:8443".to_owned()));
}
