//! Profiles of receivers.

use super::*;

#[test]
fn every_built_in_name_has_a_profile() {
    for name in BUILT_IN {
        let profile = Profile::built_in(name).expect(name);
        assert_eq!(profile.name, name);
        assert_eq!(profile.signature.is_some(), name != "unsigned", "{name}");
    }
    assert_eq!(Profile::built_in("nobody"), None);
}

#[test]
fn a_template_is_cut_into_pieces() {
    assert_eq!(
        pieces("{id}.{timestamp}x{y}{body}"),
        [
            TemplatePart::Id,
            TemplatePart::Literal(".".to_owned()),
            TemplatePart::Timestamp,
            TemplatePart::Literal("x".to_owned()),
            TemplatePart::Literal("{y}".to_owned()),
            TemplatePart::Body,
        ]
    );
}

#[test]
fn a_timestamp_is_read_as_it_is_spelled() {
    let moment = Timestamp::from_unix_ms(1_761_489_000_000);
    for format in [
        TimestampFormat::Iso8601,
        TimestampFormat::UnixMs,
        TimestampFormat::UnixS,
    ] {
        assert_eq!(format.read(&format.spell(moment)), Some(moment));
        assert_eq!(format.read("soon"), None);
    }
}
