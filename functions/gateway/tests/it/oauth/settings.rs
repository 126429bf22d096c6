//! The examples of docs/security/auth.md are what the settings read.

use std::{fs, path::Path};

use platform::config::providers::Kind;
use serde_json::Value;

use super::{
    app,
    keys::{RSA_1_PKCS8, RSA_2_PUBLIC},
};

#[tokio::test]
async fn every_example_in_the_documentation_is_valid() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/security/auth.md");
    let page = fs::read_to_string(page).expect("the page");
    let blocks = page.split("```json\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let mut examples: Vec<Value> = blocks.map(|(json, _)| serde_json::from_str(json).expect(json)).collect();
    // Keys are too long to show.
    for example in &mut examples {
        for (field, key) in [("private_key", RSA_1_PKCS8), ("alipay_public_key", RSA_2_PUBLIC)] {
            if let Some(value) = example.get_mut(field) {
                *value = key.into();
            }
        }
    }
    let app = app(&examples).await;
    let read = &app.ctx().config().oauth_providers;
    let ids: Vec<_> = read.iter().map(|provider| provider.id.as_str()).collect();
    assert_eq!(ids, ["google", "apple", "qq", "weibo", "wechat_web", "wechat", "douyin", "alipay"]);
    let kinds = read.iter().map(|provider| match provider.kind {
        Kind::Oidc(_) => "oidc",
        Kind::OAuth2(_) => "oauth2",
        Kind::WechatMini(_) => "wechat_mini",
        Kind::AlipayMini(_) => "alipay_mini",
        Kind::DouyinMini(_) => "douyin_mini",
    });
    for kind in kinds {
        assert!(page.contains(&format!("`{kind}`")), "{kind} is not described");
    }
}
