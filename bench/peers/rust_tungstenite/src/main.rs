//! A chat room on tokio and tokio-tungstenite: one task that reads and one that writes for each client,
//! a lock for each room, and a queue of 64 messages for each client that is never waited for.

mod client;
mod counters;
mod hub;

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{signal, SignalKind};
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use counters::Counters;
use hub::Hub;

const PAYLOAD_BYTES_MAX: usize = 2 << 20;
/// A client's messages are small: the library's 128 KiB for each connection would go unused.
const READ_BUFFER_BYTES: usize = 8 << 10;
const STATS_REQUEST: &[u8] = b"GET /stats ";

#[derive(Clone, Copy, clap::ValueEnum)]
enum Mode {
    /// Each message as it comes.
    Frame,
    /// What a window gathers, in one frame.
    Joined,
}

#[derive(Parser)]
struct Options {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// TCP port; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Least size of an outgoing message; 0 = as it is.
    #[arg(long, default_value_t = 0)]
    delivery_bytes: usize,
    /// Messages/s a client may send; 0 = no limit.
    #[arg(long, default_value_t = 0)]
    rate_limit: u32,
    /// Time between pings.
    #[arg(long, default_value_t = 30_000)]
    ping_interval_ms: u64,
    /// How messages leave.
    #[arg(long, value_enum, default_value_t = Mode::Frame)]
    mode: Mode,
    /// How long messages gather.
    #[arg(long, default_value_t = 5)]
    window_ms: u64,
}

/// What all connections share.
pub struct Server {
    hub: Hub,
    counters: Arc<Counters>,
    /// Zero when messages do not gather.
    window: Duration,
    delivery_bytes: usize,
    rate_limit: u32,
    ping_interval: Duration,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind((options.host.as_str(), options.port)).await?;
    let window_ms = match options.mode {
        Mode::Frame => 0,
        Mode::Joined => options.window_ms,
    };
    let server = Arc::new(Server {
        hub: Hub::default(),
        counters: Arc::default(),
        window: Duration::from_millis(window_ms),
        delivery_bytes: options.delivery_bytes,
        rate_limit: options.rate_limit,
        ping_interval: Duration::from_millis(options.ping_interval_ms),
    });
    let port = listener.local_addr()?.port();
    eprintln!("{{\"port\":{port},\"msg\":\"listening\"}}");
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(serve(server.clone(), stream));
                }
                // Out of descriptors, for instance: the next one may fare better.
                Err(error) => eprintln!("accept: {error}"),
            },
            _ = terminate.recv() => return Ok(()),
        }
    }
}

/// One connection, from its first byte to its end. Whatever is wrong with it concerns nobody else.
async fn serve(server: Arc<Server>, stream: TcpStream) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut first = [0; STATS_REQUEST.len()];
    if matches!(stream.peek(&mut first).await, Ok(length) if first[..length] == *STATS_REQUEST) {
        return tell_stats(&server, stream).await;
    }
    let mut is_echo = false;
    #[allow(clippy::result_large_err)]
    let route = |request: &Request, response: Response| match request.uri().path() {
        "/ws" => Ok(response),
        "/echo" => {
            is_echo = true;
            Ok(response)
        }
        _ => Err(not_found()),
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(PAYLOAD_BYTES_MAX))
        .max_frame_size(Some(PAYLOAD_BYTES_MAX))
        .read_buffer_size(READ_BUFFER_BYTES);
    let Ok(socket) = accept_hdr_async_with_config(stream, route, Some(config)).await else {
        return;
    };
    let _open = server.counters.opened();
    if is_echo {
        client::echo(&server, socket).await;
    } else {
        client::chat(&server, socket).await;
    }
}

fn not_found() -> ErrorResponse {
    let mut response = ErrorResponse::new(Some("Not here.\n".to_owned()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// tungstenite speaks no other HTTP than the upgrade, so this one answer is written by hand.
async fn tell_stats(server: &Server, mut stream: TcpStream) {
    let body = server.counters.to_json();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // Unread bytes at the end would turn it into a reset, which may overtake the answer.
    let mut request = [0; 4096];
    if stream.readable().await.is_ok() && stream.try_read(&mut request).is_ok() {
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}
