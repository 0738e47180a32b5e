//! Whose address a request comes from. Only proxies that we trust are believed, and only about their own
//! side of the chain: everything further to the left was written by somebody who was not asked.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

/// Some networks, as CIDR: `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, Default)]
pub struct Networks(Arc<[IpNet]>);

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotANetwork;

impl Networks {
    /// The nearest address that is none of our proxies. An IPv6 address stands for its /64, which is what a
    /// household or a machine gets.
    pub(super) fn client_of(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(Ipv6Addr::UNSPECIFIED.into(), |peer| peer.ip());
        let peer = peer.to_canonical();
        household(if self.contains(peer) { self.behind(peer, request.headers()) } else { peer })
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// A proxy fills in one of the two headers, and may pass on the other one as the client wrote it. If both
    /// are there and do not agree, nobody knows which: then it is the proxy that is counted.
    fn behind(&self, proxy: IpAddr, headers: &HeaderMap) -> IpAddr {
        let old = self.nearest(proxy, &values(headers, &header::X_FORWARDED_FOR), str::to_owned);
        let new = self.nearest(proxy, &values(headers, &header::FORWARDED), for_of);
        match (old, new) {
            (Some(old), Some(new)) if old != new => proxy,
            (old, new) => old.or(new).unwrap_or(proxy),
        }
    }

    /// From the right: who asked the last proxy, and who asked that one, as long as they are proxies. What is
    /// no address ends the chain.
    fn nearest(
        &self,
        proxy: IpAddr,
        values: &[&str],
        hop: impl Fn(&str) -> String,
    ) -> Option<IpAddr> {
        let mut nearest = None;
        for text in values.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Some(address) = address(&hop(text.trim())) else {
                return Some(nearest.unwrap_or(proxy));
            };
            nearest = Some(address);
            if !self.contains(address) {
                return nearest;
            }
        }
        nearest
    }
}

impl FromStr for Networks {
    type Err = NotANetwork;

    /// Separated by commas; an address alone is a network of one.
    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let network = |text: &str| {
            let alone =
                || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            text.parse().or_else(|_| alone()).map_err(|_| NotANetwork)
        };
        let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        Ok(Self(texts.map(network).collect::<Result<_, _>>()?))
    }
}

impl fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("networks are written as CIDR, such as 10.0.0.0/8 or ::1, separated by commas")
    }
}

impl std::error::Error for NotANetwork {}

/// A value that is no text is no address either.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    headers.get_all(name).map(|value| value.to_str().unwrap_or("?")).collect()
}

/// `for=` of one element of a `Forwarded` header (RFC 7239).
fn for_of(element: &str) -> String {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"));
    value.map_or_else(String::new, |(_, value)| value.trim_matches('"').to_owned())
}

/// With a port or without, an IPv6 address in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse::<IpAddr>().ok().or_else(with_port).map(|address| address.to_canonical())
}

fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::{Networks, NotANetwork};

    fn client(peer: &str, headers: &[(&str, &str)]) -> String {
        let trusted: Networks = "10.0.0.0/8, 2001:db8::/32".parse().unwrap();
        let request = TestRequest::default().peer_addr(peer.parse().unwrap());
        let add = |request: TestRequest, header: &(&str, &str)| request.append_header(*header);
        let request = headers.iter().fold(request, add).to_http_request();
        trusted.client_of(&request).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let lies = [("x-forwarded-for", "192.0.2.9"), ("forwarded", "for=192.0.2.9")];
        assert_eq!(client("198.51.100.1:1", &lies), "198.51.100.1");
    }

    #[test]
    fn a_proxy_is_believed_about_who_asked_it_and_not_about_what_those_said() {
        let old = |value| client("10.0.0.1:1", &[("x-forwarded-for", value)]);
        assert_eq!(old("192.0.2.9, 198.51.100.1"), "198.51.100.1");
        assert_eq!(old("192.0.2.9, 198.51.100.1, 10.0.0.2"), "198.51.100.1");
        assert_eq!(old("198.51.100.1:4711"), "198.51.100.1");
        assert_eq!(old("10.0.0.3, 10.0.0.2"), "10.0.0.3");
        assert_eq!(old("198.51.100.1, unknown, 10.0.0.2"), "10.0.0.2");
        assert_eq!(old("unknown"), "10.0.0.1");
        assert_eq!(old(""), "10.0.0.1");
        assert_eq!(client("10.0.0.1:1", &[]), "10.0.0.1");
    }

    #[test]
    fn several_headers_are_one_chain() {
        let twice = [("x-forwarded-for", "192.0.2.9"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(client("10.0.0.1:1", &twice), "198.51.100.1");
    }

    #[test]
    fn the_standard_header_is_read_too() {
        let new = |value| client("10.0.0.1:1", &[("forwarded", value)]);
        assert_eq!(new("for=192.0.2.9, proto=https;For=\"198.51.100.1:80\";by=x"), "198.51.100.1");
        assert_eq!(new("for=\"[2001:db9::7]:4711\""), "2001:db9::");
        assert_eq!(new("for=_hidden"), "10.0.0.1");
        assert_eq!(new("proto=https"), "10.0.0.1");
    }

    #[test]
    fn two_headers_that_do_not_agree_say_nothing() {
        let both = |old, new| client("10.0.0.1:1", &[("x-forwarded-for", old), ("forwarded", new)]);
        assert_eq!(both("198.51.100.1", "for=192.0.2.9"), "10.0.0.1");
        assert_eq!(both("198.51.100.1", "for=198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn an_ipv6_address_stands_for_its_network() {
        assert_eq!(client("[2001:db9:1:2:3:4:5:6]:1", &[]), "2001:db9:1:2::");
        assert_eq!(client("[::ffff:198.51.100.1]:1", &[]), "198.51.100.1");
        let through = [("x-forwarded-for", "::ffff:198.51.100.1")];
        assert_eq!(client("[2001:db8::1]:1", &through), "198.51.100.1");
    }

    #[test]
    fn a_network_is_written_as_cidr() {
        for text in ["", "10.0.0.0/8", "10.0.0.1", "::1, fd00::/8,"] {
            assert!(text.parse::<Networks>().is_ok(), "{text}");
        }
        for text in ["10.0.0.0/33", "proxy", "10.0.0"] {
            assert_eq!(text.parse::<Networks>().err(), Some(NotANetwork), "{text}");
        }
    }
}
