//! A list of ids as JSON: an array, an object with `received` as the API takes it, or one value after the other. Items are
//! read one by one: memory does not grow with what else stands in the rows.

use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The member of an object that has the list.
const RECEIVED: &str = "received";

/// Passes every item to `sink`: an id, a row, or whatever stands in the place of one.
///
/// # Errors
/// When the text cannot be read, or is no JSON.
pub(super) fn read_items(
    text: impl BufRead,
    sink: &mut dyn FnMut(Value),
) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_reader(text);
    loop {
        Items(&mut *sink).deserialize(&mut json)?;
        if json.end().is_ok() {
            return Ok(());
        }
    }
}

/// The items of one value.
struct Items<'a>(&'a mut dyn FnMut(Value));

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ids, or rows with requestId")
    }

    fn visit_str<E>(self, id: &str) -> Result<(), E> {
        (self.0)(id.into());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element()? {
            (self.0)(item);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut row = Map::new();
        let mut has_list = false;
        while let Some(name) = members.next_key::<String>()? {
            if name == RECEIVED {
                members.next_value_seed(Items(&mut *self.0))?;
                has_list = true;
            } else {
                row.insert(name, members.next_value()?);
            }
        }
        // What stands beside a list would not be obeyed. As a row it has no id, and is told.
        if !has_list || !row.is_empty() {
            (self.0)(row.into());
        }
        Ok(())
    }
}
