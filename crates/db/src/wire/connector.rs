//! Puts [`Pipelined`] where tokio-postgres expects TLS: the one place where it lets somebody in.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::stream::Pipelined;

type Encrypted = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
type Handshake = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;

/// Connects with TLS, or without when it is told so; pipelines in both cases.
#[derive(Clone)]
pub(crate) enum Connector {
    /// The socket as it is. tokio-postgres must be set to negotiate nothing (`SslNegotiation::Direct`).
    Plain,
    /// TLS.
    Tls(MakeRustlsConnect),
}

/// What connects once.
pub(crate) enum Connect {
    Plain,
    Tls(Handshake),
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Pipelined<Wire>;
    type TlsConnect = Connect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Connect> {
        match self {
            Self::Plain => Ok(Connect::Plain),
            Self::Tls(tls) => MakeTlsConnect::<Socket>::make_tls_connect(tls, domain)
                .map(Connect::Tls)
                .map_err(io::Error::other),
        }
    }
}

impl TlsConnect<Socket> for Connect {
    type Stream = Pipelined<Wire>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Pipelined<Wire>>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let wire = match self {
                Self::Plain => Wire::Plain(socket),
                Self::Tls(tls) => Wire::Tls(Box::new(tls.connect(socket).await?)),
            };
            Ok(Pipelined::new(wire))
        })
    }
}

/// A socket, encrypted or not.
pub(crate) enum Wire {
    Plain(Socket),
    Tls(Box<Encrypted>),
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl TlsStream for Wire {
    fn channel_binding(&self) -> ChannelBinding {
        match self {
            Self::Plain(_) => ChannelBinding::none(),
            Self::Tls(stream) => stream.channel_binding(),
        }
    }
}
