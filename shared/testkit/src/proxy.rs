//! A TCP proxy on the loopback that breaks connections on command: what networks, NATs and dying hosts do to a service,
//! at a moment that a test or a drill chooses.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Bytes that are carried at once.
const CHUNK: usize = 16 * 1024;

/// What happens to those who come through. Connections are numbered in the order they came.
#[derive(Clone, Copy, Default)]
struct Weather {
    way: Way,
    /// Connections below this number are to be reset.
    cut_below: u64,
    /// Connections below this number carry nothing any more.
    stranded_below: u64,
    /// The number of the next connection.
    next: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Open,
    /// Everything arrives this much later.
    Slow(Duration),
    /// Connections are accepted, nothing arrives.
    Frozen,
    /// Connections are reset.
    Closed,
}

impl Weather {
    fn carries(&self, number: u64) -> bool {
        matches!(self.way, Way::Open | Way::Slow(_)) && number >= self.stranded_below
    }

    fn resets(&self, number: u64) -> bool {
        self.way == Way::Closed || number < self.cut_below
    }
}

/// A running proxy to one address; it and everything that goes through it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    listening: AbortHandle,
}

impl std::fmt::Debug for Weather {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Weather").field("connections", &self.next).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 and carries to `target`, which need not be there yet. Must be called on a
    /// Tokio runtime.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn to(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let weather = watch::Sender::new(Weather::default());
        let listening = tokio::spawn(listen(listener, target, weather.clone())).abort_handle();
        Ok(Self { address, weather, listening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections have come so far.
    pub fn connections(&self) -> u64 {
        self.weather.borrow().next
    }

    /// Resets every connection, and each new one as soon as it is accepted, until [`Proxy::heal`].
    pub fn cut(&self) {
        self.weather.send_modify(|weather| {
            weather.way = Way::Closed;
            weather.cut_below = weather.next;
        });
    }

    /// Resets the connections that are open now; new ones are carried as before.
    pub fn reset(&self) {
        self.weather.send_modify(|weather| weather.cut_below = weather.next);
    }

    /// Accepts and swallows: nothing arrives, nothing is refused. After [`Proxy::heal`] what was swallowed is
    /// delivered, after [`Proxy::cut`] never.
    pub fn freeze(&self) {
        self.set(Way::Frozen);
    }

    /// Makes the connections that are open now half-open for good: they swallow everything and never say so, as if a
    /// NAT had forgotten them. New ones are carried.
    pub fn strand(&self) {
        self.weather.send_modify(|weather| weather.stranded_below = weather.next);
    }

    /// Delivers everything this much later, one chunk of at most 16 KiB a direction at a time.
    pub fn delay(&self, by: Duration) {
        self.set(Way::Slow(by));
    }

    /// Carries again as if nothing had been. Connections that were reset or stranded stay so.
    pub fn heal(&self) {
        self.set(Way::Open);
    }

    fn set(&self, way: Way) {
        self.weather.send_modify(|weather| weather.way = way);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, target: SocketAddr, weather: watch::Sender<Weather>) {
    // Aborted with this task.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    let mut number = 0;
                    weather.send_modify(|weather| {
                        number = weather.next;
                        weather.next += 1;
                    });
                    connections.spawn(serve(client, target, Line { number, weather: weather.subscribe() }));
                }
                // Out of file descriptors, or the client is gone already: neither is a reason to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection's view of the weather.
#[derive(Clone)]
struct Line {
    number: u64,
    weather: watch::Receiver<Weather>,
}

impl Line {
    /// Waits until this connection carries; says how.
    async fn carries(&mut self) -> Way {
        let way = self.weather.wait_for(|weather| weather.carries(self.number)).await.map(|weather| weather.way);
        match way {
            Ok(way) => way,
            // The proxy is gone, and this task with it.
            Err(_) => std::future::pending().await,
        }
    }

    async fn reset(mut self) {
        let _ = self.weather.wait_for(|weather| weather.resets(self.number)).await;
    }
}

async fn serve(mut client: TcpStream, target: SocketAddr, line: Line) {
    let mut server = None;
    let carried = tokio::select! {
        carried = carry(&mut client, &mut server, target, line.clone()) => carried,
        () = line.reset() => Err(io::ErrorKind::ConnectionReset.into()),
    };
    if carried.is_err() {
        // Closing then sends a reset instead of an orderly end.
        for stream in [Some(client), server].into_iter().flatten() {
            let _ = stream.set_zero_linger();
        }
    }
}

/// Carries both ways until both sides have ended.
async fn carry(
    client: &mut TcpStream,
    server: &mut Option<TcpStream>,
    target: SocketAddr,
    mut line: Line,
) -> io::Result<()> {
    line.carries().await;
    let server = server.insert(TcpStream::connect(target).await?);
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::try_join!(pump(from_client, to_server, line.clone()), pump(from_server, to_client, line))?;
    Ok(())
}

async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut line: Line) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = from.read(&mut buffer).await?;
        if let Way::Slow(by) = line.carries().await {
            tokio::time::sleep(by).await;
            // It may have frozen meanwhile.
            line.carries().await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::time::timeout;

    use super::*;

    /// What is not there by then is not coming.
    const NEVER: Duration = Duration::from_millis(100);

    /// A server that sends back what it is sent, and a proxy to it.
    async fn echo() -> (Proxy, AbortHandle) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Proxy::to(listener.local_addr().unwrap()).await.unwrap();
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        (proxy, server.abort_handle())
    }

    async fn connect(proxy: &Proxy) -> TcpStream {
        TcpStream::connect(proxy.address()).await.unwrap()
    }

    /// Sends a word and waits for it to come back.
    async fn ask(stream: &mut TcpStream, word: &[u8; 4]) -> io::Result<()> {
        stream.write_all(word).await?;
        hear(stream, word).await
    }

    async fn hear(stream: &mut TcpStream, word: &[u8; 4]) -> io::Result<()> {
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await?;
        assert_eq!(&heard, word);
        Ok(())
    }

    #[tokio::test]
    async fn it_carries_both_ways_to_an_orderly_end() {
        let (proxy, _server) = echo().await;
        let mut stream = connect(&proxy).await;
        let long = vec![7; 5 * CHUNK];
        let (mut from, mut to) = stream.split();
        let mut heard = Vec::new();
        let (sent, received) = tokio::join!(
            async {
                to.write_all(&long).await?;
                to.shutdown().await
            },
            from.read_to_end(&mut heard),
        );
        sent.unwrap();
        received.unwrap();
        assert_eq!(heard, long);
        assert_eq!(proxy.connections(), 1);
    }

    #[tokio::test]
    async fn a_cut_resets_old_and_new_connections_until_it_heals() {
        let (proxy, _server) = echo().await;
        let mut old = connect(&proxy).await;
        ask(&mut old, b"over").await.unwrap();
        proxy.cut();
        let broken = ask(&mut old, b"gone").await.unwrap_err();
        assert!(matches!(broken.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), "{broken}");
        assert!(ask(&mut connect(&proxy).await, b"gone").await.is_err());
        proxy.heal();
        assert!(ask(&mut old, b"gone").await.is_err(), "what was reset stays reset");
        ask(&mut connect(&proxy).await, b"here").await.unwrap();
    }

    #[tokio::test]
    async fn a_reset_spares_those_who_come_after() {
        let (proxy, _server) = echo().await;
        let mut old = connect(&proxy).await;
        ask(&mut old, b"over").await.unwrap();
        proxy.reset();
        ask(&mut connect(&proxy).await, b"here").await.unwrap();
        assert!(ask(&mut old, b"gone").await.is_err());
    }

    #[tokio::test]
    async fn a_freeze_swallows_and_a_heal_delivers() {
        let (proxy, _server) = echo().await;
        let mut old = connect(&proxy).await;
        ask(&mut old, b"warm").await.unwrap();
        proxy.freeze();
        let mut new = connect(&proxy).await;
        for stream in [&mut old, &mut new] {
            assert!(timeout(NEVER, ask(stream, b"late")).await.is_err(), "nothing arrives, nothing is refused");
        }
        proxy.heal();
        for stream in [&mut old, &mut new] {
            hear(stream, b"late").await.unwrap();
        }
        proxy.freeze();
        assert!(timeout(NEVER, ask(&mut old, b"lost")).await.is_err());
        proxy.cut();
        assert!(hear(&mut old, b"lost").await.is_err(), "what a cut has caught is never delivered");
    }

    #[tokio::test]
    async fn a_stranded_connection_is_half_open_for_good() {
        let (proxy, _server) = echo().await;
        let mut old = connect(&proxy).await;
        ask(&mut old, b"warm").await.unwrap();
        proxy.strand();
        ask(&mut connect(&proxy).await, b"here").await.unwrap();
        assert!(timeout(NEVER, ask(&mut old, b"lost")).await.is_err());
        proxy.heal();
        assert!(timeout(NEVER, hear(&mut old, b"lost")).await.is_err());
        ask(&mut connect(&proxy).await, b"here").await.unwrap();
    }

    #[tokio::test]
    async fn a_delay_counts_both_ways() {
        let (proxy, _server) = echo().await;
        let mut stream = connect(&proxy).await;
        proxy.delay(NEVER);
        let asked = Instant::now();
        ask(&mut stream, b"slow").await.unwrap();
        assert!(asked.elapsed() >= 2 * NEVER);
    }

    #[tokio::test]
    async fn a_target_that_is_not_there_is_a_reset() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Proxy::to(listener.local_addr().unwrap()).await.unwrap();
        drop(listener);
        assert!(ask(&mut connect(&proxy).await, b"hush").await.is_err());
    }

    #[tokio::test]
    async fn it_ends_with_its_owner() {
        let (proxy, _server) = echo().await;
        let mut stream = connect(&proxy).await;
        ask(&mut stream, b"warm").await.unwrap();
        let address = proxy.address();
        drop(proxy);
        assert!(ask(&mut stream, b"gone").await.is_err());
        assert!(TcpStream::connect(address).await.is_err());
    }
}
