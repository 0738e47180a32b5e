//! A piece of network: passes bytes on between the server and the database, each a little later.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How much later, in each direction.
const DELAY: Duration = Duration::from_micros(250);

/// Listens on a port of its own and passes on to another one of this machine. It stays until the process
/// ends; its connections end with either side.
pub(super) fn start(to: u16) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            // Whoever cannot be connected is hung up on, as by any network.
            let _ = connect(near, to);
        }
    });
    Ok(port)
}

fn connect(near: TcpStream, to: u16) -> io::Result<()> {
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, to))?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    pass(near.try_clone()?, far.try_clone()?);
    pass(far, near);
    Ok(())
}

/// One thread reads and notes the time, another one waits and writes: what follows closely is not held up
/// by what goes before it.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read) = from.read(&mut buffer) {
            if read == 0 || sender.send((Instant::now() + DELAY, buffer[..read].to_vec())).is_err()
            {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        // Both ends hear of it, and the thread that reads is freed.
        let _ = to.shutdown(Shutdown::Both);
    });
}
