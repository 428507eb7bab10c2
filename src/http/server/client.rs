//! The client of a request: the peer, or somebody behind a proxy.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// The address by which a client is counted: of IPv6 the /64, because a client has all addresses of one.
pub fn counted_as(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The client's address: the peer's, or the one that `trusted` proxies report (contract, section 4.2). An IPv4 address
/// written as IPv6 is returned as IPv4.
///
/// `forwarded_for` are the values of `X-Forwarded-For` in the order of the request; together they
/// are one list. Each proxy appends the address that it saw, so the list is read from the right,
/// as long as the address reached is trusted: the first one that is not is the client. Anybody can have made up what
/// is to the left of it. When all are trusted, the leftmost is the client.
///
/// An entry that is not an address, an empty one too, ends the reading at the last valid address: counting a proxy is
/// safer than counting what anybody can make up. Pass a header value that is not text as an empty one, so that it ends
/// the reading too.
pub fn client_address<'a>(
    peer: IpAddr,
    forwarded_for: impl Iterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines: Vec<&str> = forwarded_for.collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !trusted.iter().any(|net| net.contains(&client)) {
            break;
        }
        match read_address(entry.trim()) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// An address, perhaps in brackets, perhaps with a port.
pub fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let with_port = || text.parse::<SocketAddr>().ok().map(|a| a.ip());
    let address: IpAddr = bare.unwrap_or(text).parse().ok().or_else(with_port)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests;
