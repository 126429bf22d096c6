//! The player's client against a server that misbehaves: it repeats what was not answered, and only that.
#![expect(clippy::unwrap_used, reason = "a test's helper fails its test")]

use std::sync::{Arc, Mutex};

use serde_json::json;
use testkit::player::{Player, Refusal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request after the registration.
#[derive(Clone, Copy)]
enum Behaviour {
    /// Cuts the connection without an answer.
    HangUp,
    /// Cuts it in the middle of the answer.
    BreakOff,
    /// Answers with a status and a body.
    Say(u16, &'static str),
}

/// The requests a server got, as text.
type Seen = Arc<Mutex<Vec<String>>>;

/// A server that registers anybody and then goes through a list of behaviours, one a request.
async fn server(behaviours: Vec<Behaviour>) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        let session = Behaviour::Say(201, r#"{"success":true,"data":{"access_token":"t"}}"#);
        for behaviour in std::iter::once(session).chain(behaviours) {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            log.lock().unwrap().push(request);
            match behaviour {
                Behaviour::HangUp => {}
                Behaviour::BreakOff => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"succ").await.unwrap();
                }
                Behaviour::Say(status, body) => {
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
                    stream.write_all((head + body).as_bytes()).await.unwrap();
                }
            }
        }
    });
    (url, seen)
}

/// One request with its body.
async fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
    }
}

fn header(request: &str, name: &str) -> String {
    request.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_not_answered_is_sent_again_under_the_same_key() {
    use Behaviour::{BreakOff, HangUp, Say};
    let busy = r#"{"success":false,"error":{"code":"SERVICE_UNAVAILABLE"}}"#;
    let (url, seen) =
        server(vec![HangUp, Say(503, busy), BreakOff, Say(429, busy), Say(200, r#"{"success":true,"data":{"n":1}}"#)])
            .await;
    let player = Player::register(&url).await.unwrap();
    let answer = player.post("/game/advance/x", &json!({ "expected_version": 3 })).await.unwrap();
    assert_eq!(answer.json()["data"]["n"], 1);
    assert_eq!(answer.attempts, 5);

    let requests = seen.lock().unwrap().split_off(1);
    assert_eq!(requests.len(), 5);
    let key = header(&requests[0], "idempotency-key");
    assert!(!key.is_empty());
    for request in &requests {
        assert_eq!(header(request, "idempotency-key"), key);
        assert_eq!(header(request, "authorization"), "Bearer t");
        assert!(request.ends_with(r#"{"expected_version":3}"#), "{request}");
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let refused = r#"{"success":false,"error":{"code":"CONFLICT","reason":"LIFE_ENDED","message":"…"}}"#;
    let (url, seen) = server(vec![Behaviour::Say(409, refused)]).await;
    let player = Player::register(&url).await.unwrap();
    let error = player.start("x", 1).await.unwrap_err();
    let refusal = error.downcast_ref::<Refusal>().unwrap();
    assert_eq!((refusal.status.as_u16(), &*refusal.code, &*refusal.reason), (409, "CONFLICT", "LIFE_ENDED"));
    assert_eq!(seen.lock().unwrap().len(), 2, "asked once");
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    use Behaviour::Say;
    let expired = r#"{"success":false,"error":{"code":"UNAUTHORIZED"}}"#;
    let session = r#"{"success":true,"data":{"access_token":"fresh"}}"#;
    let (url, seen) =
        server(vec![Say(401, expired), Say(200, session), Say(200, r#"{"success":true,"data":[]}"#)]).await;
    let player = Player::register(&url).await.unwrap();
    assert!(player.events("x").await.unwrap().is_empty());
    let requests = seen.lock().unwrap().clone();
    assert!(requests[2].starts_with("POST /api/v1/auth/login"));
    assert_eq!(header(&requests[3], "authorization"), "Bearer fresh");
}
