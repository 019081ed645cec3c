//! A chat room on axum: one task that reads and one that writes for each client, a lock for each
//! room, and a queue of 64 messages for each client that is never waited for.

mod client;
mod counters;
mod hub;
mod protocol;
mod token_bucket;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{signal, SignalKind};

use counters::Counters;
use hub::Hub;

const PAYLOAD_BYTES_MAX: usize = 2 << 20;
/// A client's messages are small: the library's 128 KiB for each connection would go unused.
const READ_BUFFER_BYTES: usize = 8 << 10;

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
struct Server {
    hub: Hub,
    counters: Arc<Counters>,
    /// Zero when messages do not gather.
    window: Duration,
    delivery_bytes: usize,
    rate_limit: u32,
    ping_interval: Duration,
}

impl From<&Options> for Server {
    fn from(options: &Options) -> Self {
        let window_ms = match options.mode {
            Mode::Frame => 0,
            Mode::Joined => options.window_ms,
        };
        Self {
            hub: Hub::default(),
            counters: Arc::default(),
            window: Duration::from_millis(window_ms),
            delivery_bytes: options.delivery_bytes,
            rate_limit: options.rate_limit,
            ping_interval: Duration::from_millis(options.ping_interval_ms),
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let app = Router::new()
        .route("/ws", any(chat))
        .route("/echo", any(echo))
        .route("/stats", get(stats))
        .with_state(Arc::new(Server::from(&options)));
    let listener = TcpListener::bind((options.host.as_str(), options.port)).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let port = listener.local_addr()?.port();
    eprintln!("{{\"port\":{port},\"msg\":\"listening\"}}");
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("set_nodelay: {error}");
        }
    });
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await
}

async fn chat(State(server): State<Arc<Server>>, upgrade: WebSocketUpgrade) -> Response {
    within_limits(upgrade).on_upgrade(|socket: WebSocket| async move {
        let _open = server.counters.opened();
        client::chat(&server, socket).await;
    })
}

async fn echo(State(server): State<Arc<Server>>, upgrade: WebSocketUpgrade) -> Response {
    within_limits(upgrade).on_upgrade(|socket: WebSocket| async move {
        let _open = server.counters.opened();
        client::echo(&server, socket).await;
    })
}

async fn stats(State(server): State<Arc<Server>>) -> Response {
    Json(server.counters.as_ref()).into_response()
}

fn within_limits(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(PAYLOAD_BYTES_MAX)
        .max_frame_size(PAYLOAD_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
}
