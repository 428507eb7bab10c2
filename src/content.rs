//! What is the same content (contract, section 4.4): the same JSON, in whatever order its keys stand and however
//! its numbers are spelled.

use serde_json::Value;

use crate::crypto;

/// A SHA-256.
pub type Digest = [u8; 32];

/// The digest of a payload in the spelling of [`crate::stable_json`], which spells every number in one way: only
/// the order of keys is left, and it does not count.
#[must_use]
pub fn digest(data: &str) -> Digest {
    let Ok(mut value) = serde_json::from_str::<Value>(data) else {
        // Too deep for this reader: such a payload is compared as it is written.
        return crypto::sha256(&[data.as_bytes()]);
    };
    value.sort_all_objects();
    crypto::sha256(&[value.to_string().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stable_json::stabilize;
    use proptest::prelude::*;

    fn same(a: &str, b: &str) -> bool {
        digest(&stabilize(a).unwrap()) == digest(&stabilize(b).unwrap())
    }

    #[test]
    fn order_of_keys_and_spelling_of_numbers_do_not_count_and_everything_else_does() {
        assert!(same(
            r#"{"a":1,"b":{"c":2,"d":3}}"#,
            r#"{"b":{"d":3.0,"c":2e0},"a":1}"#
        ));
        assert!(same(r#"{"10":1,"2":"\u3042"}"#, r#"{"2":"あ","10":1}"#));
        assert!(same("[1e21,-0]", "[1000000000000000000000,0]"));
        for (a, b) in [
            ("[1,2]", "[2,1]"),
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            (r#"{"a":null}"#, "{}"),
            (r#"{"a":"x"}"#, r#"{"a":"X"}"#),
            ("[0.1]", "[0.10000000000000002]"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn the_deepest_payload_has_a_digest() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_ne!(digest(&nested(127)), digest(&nested(128)));
    }

    /// Objects whose keys come in some order, and the same ones backwards.
    fn value() -> impl Strategy<Value = (String, String)> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(|n| (n.to_string(), n.to_string())),
            "[a-zあ-う]{0,4}".prop_map(|s| (format!("{s:?}"), format!("{s:?}"))),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop::collection::btree_map("[a-z0-9]{1,3}", inner, 0..4).prop_map(|members| {
                let member = |(key, text): (&String, &String)| format!("{key:?}:{text}");
                let forward: Vec<_> = members.iter().map(|(k, v)| member((k, &v.0))).collect();
                let backward: Vec<_> = members
                    .iter()
                    .rev()
                    .map(|(k, v)| member((k, &v.1)))
                    .collect();
                (
                    format!("{{{}}}", forward.join(",")),
                    format!("{{{}}}", backward.join(",")),
                )
            })
        })
    }

    proptest! {
        #[test]
        fn no_order_of_keys_makes_another_content((forward, backward) in value()) {
            prop_assert!(same(&forward, &backward));
        }
    }
}
