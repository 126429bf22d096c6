//! `OAUTH_PROVIDERS`: who else may say who a player is. A JSON array, checked at start as a whole; a problem names the
//! provider and the field and never repeats a value. What each kind means: docs/security/auth.md.

mod fields;
mod keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;

use self::fields::Fields;
pub use self::keys::{RsaPublicKey, RsaSigningKey};

/// Names of identities that are ours, so that no provider may be called so.
const RESERVED: [&str; 2] = ["password", "guest"];

/// One provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Its name in paths, requests and `identities.provider`: `^[a-z][a-z0-9_]{1,31}$`. Never change it: accounts
    /// are found by it.
    pub id: String,
    /// What it speaks.
    pub kind: Kind,
}

/// What a provider speaks.
#[derive(Debug, Clone)]
pub enum Kind {
    /// OpenID Connect: discovery, PKCE, signed ID tokens.
    Oidc(Box<Oidc>),
    /// OAuth 2.0 without ID tokens: the subject is read from the token answer, or from one more request.
    OAuth2(Box<OAuth2>),
    /// WeChat mini-programs: `jscode2session`.
    WechatMini(MiniProgram),
    /// Alipay mini-programs: `alipay.system.oauth.token`.
    AlipayMini(Box<Alipay>),
    /// Douyin mini-programs: `apps/v2/jscode2session`.
    DouyinMini(MiniProgram),
}

/// Who we are to a provider.
#[derive(Debug, Clone)]
pub struct Client {
    /// Our id at the provider.
    pub id: String,
    /// Our secret; a public client has none and relies on PKCE.
    pub secret: Option<SecretString>,
    /// How the two are sent.
    pub auth: ClientAuth,
}

/// How a client shows who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// In the parameters (`client_secret_post`).
    Post,
    /// In an Authorization header (`client_secret_basic`).
    Basic,
}

/// The part of a provider that a browser sees.
#[derive(Debug, Clone)]
pub struct Web {
    /// Where the browser may be sent back to; compared as they are.
    pub redirect_uris: Vec<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Further parameters of the authorization request.
    pub authorize_params: Vec<(String, String)>,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// Who we are there.
    pub client: Client,
    /// What the browser sees.
    pub web: Web,
    /// `iss` of its tokens, exactly.
    pub issuer: Endpoint,
    /// Where its metadata is, if not under the issuer.
    pub discovery_url: Endpoint,
    /// Hosts, besides that of the issuer and of discovery, that its metadata may name.
    pub hosts: Vec<String>,
    /// Whether an address that it calls verified is verified for us.
    pub trust_email: bool,
}

/// An OAuth 2.0 provider and its ways.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is described in docs/security/auth.md under its own name")]
pub struct OAuth2 {
    pub client: Client,
    pub web: Web,
    pub authorize_url: Endpoint,
    pub authorize_fragment: String,
    pub token_url: Endpoint,
    pub token_method: Verb,
    pub token_params: Vec<(String, String)>,
    pub client_id_param: String,
    pub client_secret_param: String,
    pub scope_separator: String,
    pub pkce: bool,
    pub subject: String,
    pub userinfo: Option<Userinfo>,
}

/// The request that says whose an access token is.
#[derive(Debug, Clone)]
pub struct Userinfo {
    /// Where.
    pub url: Endpoint,
    /// Whether the access token is a query parameter instead of an Authorization header.
    pub token_in_query: bool,
    /// Further query parameters.
    pub params: Vec<(String, String)>,
    /// JSON pointer to the client id the token was issued to, which must be ours.
    pub client_id: Option<String>,
}

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are HTTP's own")]
pub enum Verb {
    Get,
    Post,
}

/// A mini-program of WeChat or Douyin.
#[derive(Debug, Clone)]
pub struct MiniProgram {
    /// Our app id.
    pub client_id: String,
    /// Our app secret.
    pub client_secret: SecretString,
    /// Where the platform's API is.
    pub base_url: Endpoint,
    /// Which field of the answer is the player: `openid` or `unionid`.
    pub subject: &'static str,
}

/// A mini-program of Alipay.
#[derive(Debug, Clone)]
pub struct Alipay {
    /// Our app id.
    pub client_id: String,
    /// Signs our requests.
    pub private_key: Arc<RsaSigningKey>,
    /// Checks Alipay's answers.
    pub alipay_public_key: RsaPublicKey,
    /// Where the gateway is.
    pub gateway_url: Endpoint,
    /// Which field of the answer is the player: `open_id` or `user_id`.
    pub subject: &'static str,
}

/// A URL that we may call: https, or http to this very machine; no user, no fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Checks a URL.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const PROBLEM: &str = "must be an https:// URL without user and fragment (http:// only to this machine)";
        let uri: ::http::Uri = text.parse().map_err(|_| PROBLEM)?;
        let (Some(scheme), Some(host), Some(authority)) = (uri.scheme_str(), uri.host(), uri.authority()) else {
            return Err(PROBLEM);
        };
        let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let is_safe = scheme == "https" || (scheme == "http" && is_local);
        if !is_safe || authority.as_str().contains('@') || text.contains('#') {
            return Err(PROBLEM);
        }
        Ok(Self(text.to_owned()))
    }

    /// As configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and, where it is not the scheme's own, port; in small letters.
    pub fn authority(&self) -> String {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase()
    }
}

/// Reads the whole setting; every problem is in the error.
pub(super) fn parse(text: &str) -> Result<Vec<Provider>, String> {
    // serde_json's own message may repeat what it met, a secret perhaps.
    let list: Vec<Value> =
        serde_json::from_str(text).map_err(|error| format!("must be a JSON array; see column {}", error.column()))?;
    let mut problems = Vec::new();
    let mut providers: Vec<Provider> = Vec::new();
    for (place, value) in list.into_iter().enumerate() {
        let Value::Object(map) = value else {
            problems.push(format!("[{place}] must be an object"));
            continue;
        };
        let mut fields = Fields::new(format!("[{place}]"), map);
        let provider = read(&mut fields);
        let found = fields.end();
        match provider {
            Some(provider) if providers.iter().any(|known| known.id == provider.id) => {
                problems.push(format!("{}.id is there twice", provider.id));
            }
            Some(provider) if found.is_empty() => providers.push(provider),
            _ => {}
        }
        problems.extend(found);
    }
    if problems.is_empty() { Ok(providers) } else { Err(format!("is not valid: {}", problems.join(", "))) }
}

fn read(fields: &mut Fields) -> Option<Provider> {
    let id = fields.text("id").filter(|id| fields.check("id", is_id(id), "must match ^[a-z][a-z0-9_]{1,31}$"));
    let id = id.filter(|id| {
        fields.check("id", !RESERVED.contains(&id.as_str()), "must be neither password nor guest: those are ours")
    });
    if let Some(id) = &id {
        fields.call(id);
    }
    let kind = fields.text("kind")?;
    let kind = match kind.as_str() {
        "oidc" => oidc(fields).map(|oidc| Kind::Oidc(Box::new(oidc))),
        "oauth2" => oauth2(fields).map(|oauth2| Kind::OAuth2(Box::new(oauth2))),
        "wechat_mini" => mini(fields, "https://api.weixin.qq.com").map(Kind::WechatMini),
        "alipay_mini" => alipay(fields).map(|alipay| Kind::AlipayMini(Box::new(alipay))),
        "douyin_mini" => mini(fields, "https://developer.toutiao.com").map(Kind::DouyinMini),
        _ => {
            fields.problem("kind", "must be oidc, oauth2, wechat_mini, alipay_mini or douyin_mini");
            fields.forget();
            None
        }
    };
    Some(Provider { id: id?, kind: kind? })
}

fn is_id(id: &str) -> bool {
    let plain = id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    (2..=32).contains(&id.len()) && plain && id.starts_with(|first: char| first.is_ascii_lowercase())
}

fn client(fields: &mut Fields) -> Option<Client> {
    let (id, secret) = (fields.text("client_id"), fields.optional_text("client_secret").map(SecretString::from));
    let auth = fields.one_of("client_auth", &[("post", ClientAuth::Post), ("basic", ClientAuth::Basic)]);
    Some(Client { id: id?, secret, auth: auth? })
}

fn web(fields: &mut Fields, scopes: &[&str]) -> Web {
    let redirect_uris = fields.list("redirect_uris").unwrap_or_default();
    if redirect_uris.is_empty() || !redirect_uris.iter().all(|uri| is_redirect_uri(uri)) {
        let problem = "must list https:// URLs, or an app's own scheme with a dot (com.example.game:/signed-in)";
        fields.problem("redirect_uris", problem);
    }
    let scopes = fields.list("scopes").unwrap_or_else(|| scopes.iter().map(|scope| (*scope).to_owned()).collect());
    Web { redirect_uris, scopes, authorize_params: fields.params("authorize_params") }
}

/// https, this machine, or a scheme that belongs to an app by its domain (RFC 8252, section 7.1).
fn is_redirect_uri(uri: &str) -> bool {
    let plain = uri.len() <= 512 && uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let is_app = uri.split_once(":/").is_some_and(|(scheme, _)| {
        scheme.contains('.')
            && scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'+'))
    });
    plain && (is_app || Endpoint::parse(uri).is_ok())
}

fn oidc(fields: &mut Fields) -> Option<Oidc> {
    let client = client(fields);
    let web = web(fields, &["openid"]);
    let asks = web.scopes.iter().any(|scope| scope == "openid");
    fields.check("scopes", asks, "must contain openid");
    let issuer = fields.endpoint("issuer", None);
    let default = issuer
        .as_ref()
        .map(|issuer| format!("{}/.well-known/openid-configuration", issuer.as_str().trim_end_matches('/')));
    let discovery_url = match &default {
        Some(default) => fields.endpoint("discovery_url", Some(default)),
        None => fields.endpoint("discovery_url", Some("https://unknown.invalid")),
    };
    let hosts = fields.list("hosts").unwrap_or_default().iter().map(|host| host.to_ascii_lowercase()).collect();
    let trust_email = fields.flag("trust_email", false);
    Some(Oidc { client: client?, web, issuer: issuer?, discovery_url: discovery_url?, hosts, trust_email })
}

fn oauth2(fields: &mut Fields) -> Option<OAuth2> {
    let client = client(fields);
    let web = web(fields, &[]);
    let authorize_url = fields.endpoint("authorize_url", None);
    let token_url = fields.endpoint("token_url", None);
    let token_method = fields.one_of("token_method", &[("post", Verb::Post), ("get", Verb::Get)]);
    if token_method == Some(Verb::Get) && client.as_ref().is_some_and(|client| client.auth == ClientAuth::Basic) {
        fields.problem("client_auth", "must be post where token_method is get: the secret is a parameter there");
    }
    let subject = fields
        .text("subject")
        .filter(|pointer| fields.check("subject", pointer.starts_with('/'), "must be a JSON pointer such as /openid"));
    let authorize_fragment = fields.optional_text("authorize_fragment").unwrap_or_default();
    let token_params = fields.params("token_params");
    let client_id_param = fields.optional_text("client_id_param").unwrap_or_else(|| "client_id".to_owned());
    let client_secret_param = fields.optional_text("client_secret_param").unwrap_or_else(|| "client_secret".to_owned());
    let scope_separator = fields.optional_text("scope_separator").unwrap_or_else(|| " ".to_owned());
    let pkce = fields.flag("pkce", true);
    let userinfo = if fields.has("userinfo_url") { Some(userinfo(fields)?) } else { None };
    Some(OAuth2 {
        client: client?,
        web,
        authorize_url: authorize_url?,
        authorize_fragment,
        token_url: token_url?,
        token_method: token_method?,
        token_params,
        client_id_param,
        client_secret_param,
        scope_separator,
        pkce,
        subject: subject?,
        userinfo,
    })
}

fn userinfo(fields: &mut Fields) -> Option<Userinfo> {
    let url = fields.endpoint("userinfo_url", None);
    let token_in_query = fields.one_of("userinfo_token", &[("header", false), ("query", true)]);
    let params = fields.params("userinfo_params");
    let client_id = fields.optional_text("userinfo_client_id");
    Some(Userinfo { url: url?, token_in_query: token_in_query?, params, client_id })
}

fn mini(fields: &mut Fields, base_url: &str) -> Option<MiniProgram> {
    let (client_id, client_secret) = (fields.text("client_id"), fields.text("client_secret").map(SecretString::from));
    let base_url = fields.endpoint("base_url", Some(base_url));
    let subject = fields.one_of("subject", &[("openid", "openid"), ("unionid", "unionid")]);
    Some(MiniProgram { client_id: client_id?, client_secret: client_secret?, base_url: base_url?, subject: subject? })
}

fn alipay(fields: &mut Fields) -> Option<Alipay> {
    let client_id = fields.text("client_id");
    let private_key = fields.parsed("private_key", RsaSigningKey::parse);
    let alipay_public_key = fields.parsed("alipay_public_key", RsaPublicKey::parse);
    let gateway_url = fields.endpoint("gateway_url", Some("https://openapi.alipay.com/gateway.do"));
    let subject = fields.one_of("subject", &[("open_id", "open_id"), ("user_id", "user_id")]);
    Some(Alipay {
        client_id: client_id?,
        private_key: Arc::new(private_key?),
        alipay_public_key: alipay_public_key?,
        gateway_url: gateway_url?,
        subject: subject?,
    })
}
