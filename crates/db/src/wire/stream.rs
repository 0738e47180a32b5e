//! A connection below tokio-postgres that sends each flight as one pipeline.

use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::inbound::Inbound;
use super::{Expected, outbound};

/// As much as is read at once.
const CHUNK: usize = 16 * 1024;

/// The stream, and what is on its way in either direction.
pub(crate) struct Pipelined<S> {
    inner: S,
    /// Written by tokio-postgres since it last flushed.
    written: BytesMut,
    /// Ready to be sent.
    to_server: BytesMut,
    expected: VecDeque<Expected>,
    inbound: Inbound,
    /// Ready to be read by tokio-postgres.
    answers: BytesMut,
    /// Whether what every flight needs is prepared.
    kept: bool,
    /// Until the server is ready for the first request, nothing is ours to understand.
    started: bool,
}

impl<S> Pipelined<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            written: BytesMut::new(),
            to_server: BytesMut::new(),
            expected: VecDeque::from([Expected::Untouched]),
            inbound: Inbound::default(),
            answers: BytesMut::new(),
            kept: false,
            started: false,
        }
    }
}

impl<S: AsyncWrite + Unpin> Pipelined<S> {
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.to_server.has_remaining() {
            let sent = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.to_server))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.to_server.advance(sent);
        }
        Pin::new(&mut self.inner).poll_flush(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Pipelined<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.answers.is_empty() {
            let mut chunk = [MaybeUninit::uninit(); CHUNK];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let Self { inbound, answers, expected, to_server, .. } = this;
            inbound.digest(chunk.filled(), answers, expected, to_server)?;
            this.started |= this.expected.is_empty();
            if this.to_server.has_remaining()
                && let Poll::Ready(Err(error)) = this.send(cx)
            {
                return Poll::Ready(Err(error));
            }
        }
        let length = this.answers.len().min(buf.remaining());
        buf.put_slice(&this.answers[..length]);
        this.answers.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Pipelined<S> {
    /// Takes everything: which requests belong together is known when they are flushed.
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { written, to_server, expected, inbound, kept, started, .. } = &mut *self;
        if *started {
            *kept &= !inbound.has_lost_what_is_kept();
            outbound::transform(written, to_server, expected, kept)?;
        } else {
            to_server.extend_from_slice(&written.split());
        }
        self.send(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Pipelined<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}
