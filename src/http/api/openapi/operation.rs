//! What the description says of one endpoint. It is written beside the handler; who may call, and what is limited, is
//! taken from the table.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::ToSchema;

use super::samples;
use super::schemas::{Shapes, reference, success};
use crate::http::reply::ApiError;
use crate::period::Period;

/// An endpoint in words: what it is for, what it takes, what it answers, with examples.
pub(in super::super) struct Operation {
    pub(super) tag: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
    pub(super) answers: Vec<ResponseDoc>,
    /// What it can be refused for besides what follows from its kind.
    pub(super) refusals: Vec<ApiError>,
    /// Whether it can fail for want of a disk, or by a mistake of the relay.
    pub(super) can_fail: bool,
    /// Everything that is read and answered.
    pub(super) shapes: Shapes,
}

/// An answer of a success.
pub(super) struct ResponseDoc {
    pub(super) status: u16,
    description: &'static str,
    /// Schema and example; none for an answer without a body.
    content: Option<(Value, Value)>,
}

impl ResponseDoc {
    pub(super) fn described(&self) -> Value {
        let mut described = json!({"description": self.description});
        if let Some((schema, example)) = &self.content {
            described["content"]["application/json"] =
                json!({"schema": schema, "example": example});
        }
        described
    }
}

impl Operation {
    /// `tag` is one of `TAGS`; `id` is the name that generated clients give it.
    pub(in super::super) fn new(
        tag: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            tag,
            id,
            summary,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            refusals: Vec::new(),
            can_fail: true,
            shapes: Shapes::default(),
        }
    }

    pub(in super::super) fn parameters(
        mut self,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// It has an `{id}` in its path.
    pub(in super::super) fn path_id(self, description: &str) -> Self {
        self.path_part("id", description)
    }

    /// It has such a name, in braces, in its path.
    pub(in super::super) fn path_part(self, name: &str, description: &str) -> Self {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 191});
        self.parameters([parameter("path", name, description, &schema)])
    }

    /// A JSON body of this shape.
    pub(in super::super) fn json_body<T: ToSchema>(mut self, example: &Value) -> Self {
        self.shapes.add::<T>();
        self.body_of(&reference::<T>(), example)
    }

    /// A JSON body of this shape, which may be left out.
    pub(in super::super) fn json_body_or_none<T: ToSchema>(self, example: &Value) -> Self {
        let mut operation = self.json_body::<T>(example);
        if let Some(body) = &mut operation.body {
            body["required"] = json!(false);
        }
        operation
    }

    /// A JSON body with a schema of its own.
    pub(in super::super) fn body_of(mut self, schema: &Value, example: &Value) -> Self {
        let json = json!({"schema": schema, "example": example});
        self.body = Some(json!({"required": true, "content": {"application/json": json}}));
        self
    }

    /// A body in one of several media types, each with its schema and example.
    pub(in super::super) fn body_with(mut self, content: &BTreeMap<&'static str, Value>) -> Self {
        self.body = Some(json!({"required": true, "content": content}));
        self
    }

    /// A JSON array, or one document a line.
    pub(in super::super) fn batch_body<T: ToSchema>(mut self, example: &Value) -> Self {
        self.shapes.add::<T>();
        let array = json!({
            "type": "array", "items": reference::<T>(), "minItems": 1, "maxItems": 1000,
        });
        let lines = json!({
            "type": "string",
            "description": format!("One {} a line, 1 to 1000 of them", T::name()),
        });
        let content = json!({
            "application/json": {"schema": array, "example": [example]},
            "application/x-ndjson": {"schema": lines, "example": format!("{example}\n")},
        });
        self.body = Some(json!({"required": true, "content": content}));
        self
    }

    /// An answer of this shape inside the envelope.
    pub(in super::super) fn answer<T: ToSchema>(
        mut self,
        status: u16,
        description: &'static str,
        data: &Value,
    ) -> Self {
        self.shapes.add::<T>();
        let example = json!({"success": true, "data": data, "timestamp": samples::TIME});
        self.answer_of(status, description, success(&reference::<T>()), example)
    }

    /// An answer of this shape without an envelope around it.
    pub(in super::super) fn answer_as_it_is<T: ToSchema>(
        mut self,
        status: u16,
        description: &'static str,
        example: Value,
    ) -> Self {
        self.shapes.add::<T>();
        self.answer_of(status, description, reference::<T>(), example)
    }

    /// An answer with a schema of its own.
    pub(super) fn answer_of(
        mut self,
        status: u16,
        description: &'static str,
        schema: Value,
        example: Value,
    ) -> Self {
        self.answers.push(ResponseDoc {
            status,
            description,
            content: Some((schema, example)),
        });
        self
    }

    pub(in super::super) fn answer_without_body(
        mut self,
        status: u16,
        description: &'static str,
    ) -> Self {
        self.answers.push(ResponseDoc {
            status,
            description,
            content: None,
        });
        self
    }

    /// What it can be refused for besides what follows from its kind.
    pub(in super::super) fn also_refused(
        mut self,
        refusals: impl IntoIterator<Item = ApiError>,
    ) -> Self {
        self.refusals.extend(refusals);
        self
    }

    /// It needs neither the store nor anything else that may be missing.
    pub(super) fn never_fails(mut self) -> Self {
        self.can_fail = false;
        self
    }
}

/// A parameter; one in a path is needed.
pub(in super::super) fn parameter(
    place: &str,
    name: &str,
    description: &str,
    schema: &Value,
) -> Value {
    json!({
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    })
}

pub(in super::super) fn query(name: &str, description: &str, schema: &Value) -> Value {
    parameter("query", name, description, schema)
}

pub(in super::super) fn text(name: &str, description: &str) -> Value {
    query(name, description, &json!({"type": "string"}))
}

pub(in super::super) fn moment(name: &str, description: &str) -> Value {
    let schema = json!({"type": "string", "format": "date-time"});
    query(name, description, &schema)
}

/// The two parameters of every list; `cursor` is the pattern of the second.
pub(in super::super) fn paging(cursor: &str) -> [Value; 2] {
    let limit = json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50});
    [
        query("limit", "How many items a page has", &limit),
        query(
            "cursor",
            "The nextCursor of the page before",
            &json!({"type": "string", "pattern": cursor}),
        ),
    ]
}

/// The two ends of a range.
pub(in super::super) fn range() -> [Value; 2] {
    [
        date("startDate", "The first moment that counts"),
        date("endDate", "The last moment that counts"),
    ]
}

/// A moment, or a day where the clinic is.
fn date(name: &str, description: &str) -> Value {
    let schema = json!({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]});
    query(name, description, &schema)
}

/// The period of the statistics, and which one is counted when nothing is said.
pub(in super::super) fn period(usual: &str) -> Value {
    let schema = json!({"allOf": [reference::<Period>()], "default": usual});
    query("period", "The span that is counted; it ends now", &schema)
}
