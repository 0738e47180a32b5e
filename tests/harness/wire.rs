//! A wire between the application and the database that can be cut, or go silent in one direction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Everything that connects to [`Wire::port`] is connected to the database.
pub struct Wire {
    pub port: u16,
    silent: Arc<AtomicBool>,
    cut: watch::Sender<u32>,
}

impl Wire {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let wire = Self {
            port: listener.local_addr().unwrap().port(),
            silent: Arc::default(),
            cut: watch::channel(0).0,
        };
        let (silent, cut) = (Arc::clone(&wire.silent), wire.cut.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let mut cut = cut.clone();
                cut.mark_unchanged();
                tokio::spawn(carry(from_client, to_server, Arc::default(), cut.clone()));
                tokio::spawn(carry(from_server, to_client, Arc::clone(&silent), cut));
            }
        });
        wire
    }

    /// Whether the database's answers get lost from here on.
    pub fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    /// Ends all present connections, on both sides.
    pub fn cut(&self) {
        self.cut.send_modify(|times| *times += 1);
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    silent: Arc<AtomicBool>,
    mut cut: watch::Receiver<u32>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            _ = cut.changed() => return,
            read = from.read(&mut buffer) => read,
        };
        let Ok(length @ 1..) = read else { return };
        if !silent.load(Ordering::SeqCst) && to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
