//! A request to another server over a connection of its own: HTTP/1.1, by the TLS that everything here uses, no redirects.
//!
//! For what is sent now and then: a connection that was kept is a dead one after a Lambda freeze, and a client with a pool of
//! connections would make every function some 300 kB larger.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

pub(crate) type Problem = Box<dyn Error + Send + Sync>;

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Sends a request whose URI is whole. Takes as long as the other side takes.
///
/// # Errors
/// What went wrong on the way; any status is an answer.
pub(crate) async fn send(mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Problem> {
    let uri = request.uri().clone();
    let (mut sender, connection) = http1::handshake(TokioIo::new(connect(&uri).await?)).await?;
    // Ends with the sender and the answer; its error is theirs, too.
    tokio::spawn(connection);
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::try_from(authority)?);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("restart-life/", env!("CARGO_PKG_VERSION"))));
    *request.uri_mut() = uri.path_and_query().map_or("/", |path| path.as_str()).parse()?;
    Ok(sender.send_request(request).await?)
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
