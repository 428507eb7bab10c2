//! Whose request it is, examples and laws.

use proptest::prelude::*;

use super::*;

fn client(n: u32) -> IpAddr {
    IpAddr::from(n.to_be_bytes())
}

fn trusted() -> Vec<IpNet> {
    let nets = ["10.0.0.0/8", "192.0.2.77/32", "::1/128", "2001:db8:1::/48"];
    nets.map(|n| n.parse().unwrap()).to_vec()
}

fn address(peer: &str, lines: &[&str]) -> String {
    client_address(peer.parse().unwrap(), lines.iter().copied(), &trusted()).to_string()
}

#[test]
fn without_a_trusted_peer_forwarded_addresses_are_not_believed() {
    assert_eq!(address("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
    assert_eq!(address("192.0.2.1", &["10.0.0.1", "10.0.0.2"]), "192.0.2.1");
    assert_eq!(address("2001:db8:2::1", &["198.51.100.1"]), "2001:db8:2::1");
    assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
    let nobody = client_address(client(1), ["198.51.100.1"].into_iter(), &[]);
    assert_eq!(nobody, client(1));
}

#[test]
fn forwarded_addresses_are_read_from_the_right_up_to_the_first_untrusted_one() {
    for (lines, found) in [
        (&["198.51.100.1"][..], "198.51.100.1"),
        (&["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        (&["10.9.9.9, 198.51.100.1"], "198.51.100.1"),
        (
            &["203.0.113.9,198.51.100.1,10.0.0.2 ,\t192.0.2.77"],
            "198.51.100.1",
        ),
        (&["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        (
            &["203.0.113.9", "198.51.100.1, 10.0.0.3", "10.0.0.2"],
            "198.51.100.1",
        ),
        (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ] {
        assert_eq!(address("10.0.0.1", lines), found, "{lines:?}");
    }
}

#[test]
fn an_entry_that_is_no_address_ends_the_reading() {
    for garbage in [
        "garbage",
        "unknown",
        "",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.4:99999",
        "[::1",
        "::1]",
        "fe80::1%eth0",
        "\"1.2.3.4\"",
        "for=1.2.3.4",
        "1.2.3.4 5.6.7.8",
        "١.٢.٣.٤",
    ] {
        let line = format!("198.51.100.1, {garbage}");
        assert_eq!(address("10.0.0.1", &[&line]), "10.0.0.1", "{garbage}");
        let line = format!("198.51.100.1, {garbage}, 10.0.0.2");
        assert_eq!(address("10.0.0.1", &[&line]), "10.0.0.2", "{garbage}");
        let line = format!("{garbage}, 198.51.100.1");
        assert_eq!(address("10.0.0.1", &[&line]), "198.51.100.1", "{garbage}");
    }
    assert_eq!(address("10.0.0.1", &["198.51.100.1", ""]), "10.0.0.1");
}

#[test]
fn addresses_may_be_of_either_family_and_carry_ports() {
    for (peer, line, found) in [
        ("10.0.0.1", "198.51.100.2:5678", "198.51.100.2"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("::1", "[2001:db8::1]", "2001:db8::1"),
        ("::1", "[2001:db8::1]:80", "2001:db8::1"),
        ("::1", "2001:db8::1, [2001:db8:1::5]:443", "2001:db8::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        (
            "10.0.0.1",
            "198.51.100.1, [::ffff:10.0.0.2]:1",
            "198.51.100.1",
        ),
        ("::ffff:192.0.2.1", "198.51.100.1", "192.0.2.1"),
    ] {
        assert_eq!(address(peer, &[line]), found, "{peer} {line}");
    }
}

proptest! {
    #[test]
    fn no_forwarded_addresses_make_it_panic_and_no_untrusted_peer_is_overruled(
        lines in prop::collection::vec("[0-9a-f.:,\\[\\] ]{0,40}|.{0,20}", 0..4),
        last in any::<u128>(),
    ) {
        let peer = IpAddr::V6(Ipv6Addr::from(last | 1 << 127));
        let lines = || lines.iter().map(String::as_str);
        prop_assert_eq!(client_address(peer, lines(), &trusted()), peer);
        let _ = client_address(client(0x0a00_0001), lines(), &trusted());
    }

    #[test]
    fn what_stands_left_of_the_client_changes_nothing(made_up in ".{0,60}") {
        let line = format!("{made_up},198.51.100.1, 10.0.0.2");
        prop_assert_eq!(address("10.0.0.1", &[&made_up, &line]), "198.51.100.1");
    }
}
