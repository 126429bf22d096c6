//! The way to the collector: OTLP over HTTP/1.1 with protobuf, by the TLS that everything here uses.
//!
//! A connection for each request: there is one a second at most, and a connection that was kept is a dead one after a
//! Lambda freeze. A client with a pool of connections would make every function some 300 kB larger.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use super::otlp;
use crate::config::TraceSettings;

/// Largest answer that is read, bytes. An honest one has a few.
const MOST: usize = 64 * 1024;

type Problem = Box<dyn Error + Send + Sync>;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Sends one request. How many spans of it were refused, or what went wrong. Takes as long as the collector takes.
pub(super) async fn post(settings: &TraceSettings, body: Bytes) -> Result<u64, Problem> {
    let uri: Uri = settings.endpoint.parse()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(connect(&uri).await?)).await?;
    // Ends with the sender, at the end of this function at the latest; its error is the sender's, too.
    tokio::spawn(connection);
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let mut request = Request::post(uri.path())
        .header(header::HOST, authority)
        .header(header::CONNECTION, "close")
        .header(header::CONTENT_TYPE, "application/x-protobuf")
        .header(header::USER_AGENT, concat!("restart-life/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &settings.headers {
        request = request.header(name, value);
    }
    let response = sender.send_request(request.body(Full::new(body))?).await?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("the collector answered {status}").into());
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_protobuf = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-protobuf"));
    let answer = Limited::new(response.into_body(), MOST).collect().await?.to_bytes();
    Ok(if is_protobuf { otlp::refused(&answer) } else { 0 })
}

async fn connect(uri: &Uri) -> Result<Box<dyn Io>, Problem> {
    let is_tls = uri.scheme_str() == Some("https");
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    if !is_tls {
        return Ok(Box::new(stream));
    }
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())?;
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}
