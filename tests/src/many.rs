//! Hundreds of actions beside the server's own: what an agent pays must not grow with them.

use mcp_core::{ActionError, Doc, Effect, Example, Group, Memory, MemoryAction, RegistryBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const VERBS: [&str; 10] = [
    "approve", "archive", "export", "merge", "notify", "publish", "reject", "renew", "schedule",
    "verify",
];

const NOUNS: [&str; 48] = [
    "invoice",
    "contract",
    "shipment",
    "warehouse",
    "supplier",
    "payment",
    "refund",
    "voucher",
    "campaign",
    "newsletter",
    "subscriber",
    "survey",
    "booking",
    "room",
    "flight",
    "hotel",
    "passenger",
    "vehicle",
    "driver",
    "route",
    "parcel",
    "stock",
    "shelf",
    "price",
    "discount",
    "quote",
    "lead",
    "deal",
    "meeting",
    "calendar",
    "visitor",
    "badge",
    "sensor",
    "alarm",
    "camera",
    "door",
    "lamp",
    "recipe",
    "menu",
    "table",
    "patient",
    "prescription",
    "lesson",
    "exam",
    "certificate",
    "playlist",
    "podcast",
    "translation",
];

/// A text of at most 64 bytes that is put together when the program is compiled.
struct Joined([u8; 64], usize);

impl Joined {
    const fn new(first: &str, between: u8, second: &str) -> Self {
        let (first, second) = (first.as_bytes(), second.as_bytes());
        let mut bytes = [between; 64];
        let mut at = 0;
        while at < first.len() {
            bytes[at] = first[at];
            at += 1;
        }
        let mut from = 0;
        while from < second.len() {
            bytes[at + 1 + from] = second[from];
            from += 1;
        }
        Self(bytes, at + 1 + second.len())
    }

    const fn text(&self) -> &str {
        match str::from_utf8(self.0.split_at(self.1).0) {
            Ok(text) => text,
            Err(_) => panic!("two texts and a letter are a text"),
        }
    }
}

struct Other<const VERB: usize, const NOUN: usize>;

impl<const VERB: usize, const NOUN: usize> Other<VERB, NOUN> {
    const JOINED: Joined = Joined::new(VERBS[VERB], b'_', NOUNS[NOUN]);
    const SUMMARY: Joined = Joined::new(VERBS[VERB], b' ', NOUNS[NOUN]);
}

/// The parameters of every one of them.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct OtherParams {
    /// Which one.
    id: u32,
    /// Why.
    #[serde(default)]
    reason: Option<String>,
}

/// What every one of them answers.
#[derive(Serialize, JsonSchema)]
struct OtherOutput {}

impl<const VERB: usize, const NOUN: usize> MemoryAction for Other<VERB, NOUN> {
    const NAME: &'static str = Self::JOINED.text();
    const EFFECT: Effect = Effect::Read;
    type Params = OtherParams;
    type Output = OtherOutput;

    fn doc(&self) -> Doc {
        let example = Example { params: r#"{"id":1}"#, answer: "{}" };
        Doc::new(Group::CUSTOM, Self::SUMMARY.text(), example)
    }

    fn run(&self, _: OtherParams, _: &mut dyn Memory) -> Result<OtherOutput, ActionError> {
        Ok(OtherOutput {})
    }
}

fn of_noun<const NOUN: usize>(registry: RegistryBuilder) -> RegistryBuilder {
    registry
        .memory(Other::<0, NOUN>)
        .memory(Other::<1, NOUN>)
        .memory(Other::<2, NOUN>)
        .memory(Other::<3, NOUN>)
        .memory(Other::<4, NOUN>)
        .memory(Other::<5, NOUN>)
        .memory(Other::<6, NOUN>)
        .memory(Other::<7, NOUN>)
        .memory(Other::<8, NOUN>)
        .memory(Other::<9, NOUN>)
}

macro_rules! of_nouns {
    ($($noun:literal)*) => { [$(of_noun::<$noun>),*] };
}

/// Puts 480 more actions into a registry.
#[must_use]
pub fn with_many_actions(registry: RegistryBuilder) -> RegistryBuilder {
    of_nouns!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33
        34 35 36 37 38 39 40 41 42 43 44 45 46 47
    )
    .iter()
    .fold(registry, |registry, add| add(registry))
}
