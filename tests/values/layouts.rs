//! The layouts of types in words, and their fingerprints, which are stored: what they are for a type never
//! changes.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use session_ledger::Key;
use session_ledger::session::{Form, ValueError};
use uuid::Uuid;

use crate::misread;

/// The layout of a type in words, from the error of reading another type's value; none for a type without.
fn words<T: DeserializeOwned + 'static>() -> Option<String> {
    match misread::<(bool, (), bool, ()), T>(&(true, (), true, ())) {
        ValueError::OtherLayout { layout, .. } => Some(layout),
        ValueError::Unreadable { .. } => None,
        other => panic!("{other}"),
    }
}

macro_rules! assert_words {
    ($($of:ty => $words:literal;)*) => {$(
        assert_eq!(words::<$of>().as_deref(), Some($words), "{}", stringify!($of));
    )*};
}

#[derive(Serialize, Deserialize)]
struct Cart {
    items: Vec<Item>,
    coupon: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    name: String,
    count: NonZeroU32,
    #[serde(rename = "unit price")]
    price: (u64, char),
}

#[derive(Serialize, Deserialize)]
enum Payment {
    Cash,
    Card(String),
    Transfer { iban: String, name: Option<String> },
    Split(Box<Payment>, Box<Payment>),
}

#[derive(Serialize, Deserialize)]
struct Unit;

#[derive(Serialize, Deserialize)]
struct Pair(u8, Unit);

#[derive(Serialize, Deserialize)]
struct Aliased {
    #[serde(alias = "w")]
    width: u32,
    height: u32,
}

#[derive(Serialize, Deserialize)]
enum AliasedEnum {
    #[serde(alias = "B")]
    A,
    C(u8),
}

#[derive(Serialize, Deserialize)]
struct Skipped {
    #[serde(skip)]
    _cache: Vec<u8>,
    kept: u8,
    #[serde(default)]
    more: u8,
}

#[test]
fn layouts_are_told_in_words() {
    assert_words! {
        bool => "bool";
        i8 => "i8";
        i128 => "i128";
        u128 => "u128";
        usize => "u64";
        f32 => "f32";
        char => "char";
        String => "String";
        () => "()";
        Unit => "()";
        Pair => "(u8, ())";
        Option<Option<u8>> => "Option<Option<u8>>";
        VecDeque<Box<str>> => "List<String>";
        HashSet<u8> => "List<u8>";
        HashMap<u8, BTreeMap<String, ()>> => "Map<u8, Map<String, ()>>";
        [u8; 3] => "(u8, u8, u8)";
        [u8; 32] => "[u8; 32]";
        (u8, u8, u8, u16) => "(u8, u8, u8, u16)";
        Result<u8, String> => "Ok(u8) | Err(String)";
        Duration => "{secs: u64, nanos: u32}";
        PathBuf => "String";
        Uuid => "Bytes";
        IpAddr => "V4([u8; 4]) | V6([u8; 16])";
        SocketAddr => "V4(([u8; 4], u16)) | V6(([u8; 16], u16))";
        Cart => "{items: List<{name: String, count: u32, \"unit price\": (u64, char)}>, coupon: Option<String>}";
        Payment => "Cash | Card(String) | Transfer{iban: String, name: Option<String>} | Split(^0, ^0)";
        Vec<(Payment, Unit)> => "List<(Cash | Card(String) | Transfer{iban: String, name: Option<String>} | \
                                 Split(^0, ^0), ())>";
        Aliased => "<w width height>{u32, u32}";
        AliasedEnum => "<A B C>0 | 1(u8)";
        Skipped => "{kept: u8, more: u8}";
    }
}

/// Types that hold themselves, in each of the ways that end.
#[test]
fn a_type_that_holds_itself_is_told_by_how_far_up_it_stands() {
    #[derive(Serialize, Deserialize)]
    struct List {
        value: u8,
        next: Option<Box<List>>,
    }
    #[derive(Serialize, Deserialize)]
    struct Tree {
        children: Vec<Tree>,
        leaf: Leaf,
    }
    #[derive(Serialize, Deserialize)]
    enum Leaf {
        Graft(Option<Box<Tree>>),
        Bud(u8),
    }
    #[derive(Serialize, Deserialize)]
    enum Term {
        Sum(Box<Term>, Box<Term>),
        Neg(Box<Term>),
        All(Vec<Term>),
        Number(i64),
        Zero,
    }
    #[derive(Serialize, Deserialize)]
    enum OnlyLists {
        List(Vec<OnlyLists>),
        Neg(Box<OnlyLists>),
    }
    #[derive(Serialize, Deserialize)]
    struct Both {
        leaf: Leaf,
        tree: Tree,
    }
    assert_words! {
        List => "{value: u8, next: Option<^0>}";
        Tree => "{children: List<^0>, leaf: Graft(Option<^1>) | Bud(u8)}";
        Leaf => "Graft(Option<{children: List<^0>, leaf: ^1}>) | Bud(u8)";
        Term => "Sum(^0, ^0) | Neg(^0) | All(List<^0>) | Number(i64) | Zero";
        OnlyLists => "List(List<^0>) | Neg(^0)";
        Both => "{leaf: Graft(Option<{children: List<^0>, leaf: ^1}>) | Bud(u8), \
                 tree: {children: List<^0>, leaf: Graft(Option<^1>) | Bud(u8)}}";
    }
}

/// Each reading of a type shows one variant, and here the variants are in three floors.
#[test]
fn every_variant_of_every_enum_is_seen() {
    #[derive(Serialize, Deserialize)]
    enum Upper {
        A(Middle),
        B { left: Middle, right: Lower },
        C,
    }
    #[derive(Serialize, Deserialize)]
    enum Middle {
        D,
        E(Lower, Lower),
        F(Vec<Lower>),
    }
    #[derive(Serialize, Deserialize)]
    enum Lower {
        G(bool),
        H,
        I(u8),
    }
    const LOWER: &str = "G(bool) | H | I(u8)";
    let middle = format!("D | E({LOWER}, {LOWER}) | F(List<{LOWER}>)");
    let error = misread::<u8, Upper>(&0);
    let ValueError::OtherLayout { layout, .. } = error else { panic!("{error}") };
    assert_eq!(
        layout.trim_end_matches('…'),
        &format!("A({middle}) | B{{left: {middle}, right: {LOWER}}} | C")[..200]
    );
}

/// Types of one name in two modules, or with two parameters, are told apart.
#[test]
fn types_of_one_name_are_told_apart() {
    mod other {
        #[derive(serde::Deserialize)]
        pub(super) struct Item {
            #[allow(dead_code)]
            weight: f32,
        }
    }
    #[derive(Deserialize)]
    struct Page<T> {
        #[allow(dead_code)]
        rows: Vec<T>,
    }
    assert_words! {
        (Pair, other::Item) => "((u8, ()), {weight: f32})";
        (Page<u8>, Page<Page<bool>>) => "({rows: List<u8>}, {rows: List<{rows: List<bool>}>})";
        (other::Item, Box<Item>) =>
            "({weight: f32}, {name: String, count: u32, \"unit price\": (u64, char)})";
    }
}

/// Types that check what they read are given samples until they accept one.
#[test]
fn a_type_that_checks_what_it_reads_has_a_layout() {
    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Day(#[allow(dead_code)] String);
    impl TryFrom<String> for Day {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, Self::Error> {
            match text.split('-').map(str::parse::<u16>).collect::<Result<Vec<_>, _>>() {
                Ok(parts) if parts.len() == 3 => Ok(Self(text)),
                _ => Err("no day"),
            }
        }
    }
    #[derive(Deserialize)]
    struct Trip {
        #[allow(dead_code)]
        from: Day,
        #[allow(dead_code)]
        address: IpAddr,
        #[allow(dead_code)]
        days: BTreeMap<u8, (Day, Uuid)>,
    }
    assert_words! {
        Trip => "{from: String, address: V4([u8; 4]) | V6([u8; 16]), days: Map<u8, (String, Bytes)>}";
    }
}

#[test]
fn a_type_without_an_end_or_with_too_many_parts_has_no_layout_and_takes_no_time() {
    #[derive(Deserialize)]
    enum Endless {
        #[allow(dead_code)]
        Pair(Box<Endless>, Box<Endless>),
    }
    #[derive(Deserialize)]
    enum Never {}
    type Ten<T> = [Box<T>; 10];
    assert_eq!(words::<Option<Endless>>(), None);
    assert_eq!(words::<Option<Never>>(), None);
    assert_eq!(words::<Ten<Ten<Ten<Ten<Ten<u8>>>>>>(), None);
    assert_eq!(words::<serde_json::Value>(), None);
}

/// Stored for ever: correct the code, not the fingerprint.
#[test]
fn fingerprints_never_change() {
    let fingerprint = |form: Form| match form {
        Form::PostcardOf(fingerprint) => fingerprint.to_string(),
        other => panic!("{other:?}"),
    };
    let cart = Cart { items: Vec::new(), coupon: None };
    let found = [
        Key::new("k").encode(&7_u32).unwrap(),
        Key::new("k").encode(&String::new()).unwrap(),
        Key::new("k").encode(&cart).unwrap(),
        Key::new("k").encode(&Payment::Cash).unwrap(),
        Key::new("k").encode(&HashMap::<String, Option<[u8; 32]>>::new()).unwrap(),
        Key::new("k").encode(&Uuid::nil()).unwrap(),
    ]
    .map(|value| fingerprint(value.form));
    assert_eq!(found, ["d7649d42", "b2ef230e", "68e64927", "75e37e90", "deca8dbd", "4d800030"]);
}
