//! Our cookie is found by its exact bytes, whatever stands around it (OWASP WSTG-SESS-03, CWE-180).

use proptest::prelude::*;
use session_ledger::internals::{self, Found};

const NAME: &str = "__Host-session";

fn find<'a>(lines: &[&'a [u8]]) -> Found<'a> {
    internals::find(lines.iter().copied(), NAME)
}

fn assert_one(lines: &[&[u8]], value: &[u8]) {
    assert!(find(lines) == Found::One(value), "{} gave {:?}", shown(lines), find(lines));
}

fn assert_none(lines: &[&[u8]]) {
    assert!(find(lines) == Found::None, "{} gave {:?}", shown(lines), find(lines));
}

fn assert_several(lines: &[&[u8]]) {
    assert!(find(lines) == Found::Several, "{} gave {:?}", shown(lines), find(lines));
}

fn shown(lines: &[&[u8]]) -> String {
    lines.iter().map(|line| line.escape_ascii().to_string()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_cookie_is_found_first_last_and_between_others() {
    assert_one(&[b"__Host-session=abc"], b"abc");
    assert_one(&[b"__Host-session=abc; theme=dark"], b"abc");
    assert_one(&[b"theme=dark; __Host-session=abc"], b"abc");
    assert_one(&[b"theme=dark; __Host-session=abc; lang=de"], b"abc");
}

#[test]
fn a_cookie_is_found_in_any_of_several_lines() {
    assert_one(&[b"theme=dark", b"__Host-session=abc", b"lang=de"], b"abc");
    assert_one(&[b"", b"theme=dark; lang=de", b"a=b; __Host-session=abc"], b"abc");
}

#[test]
fn no_cookie_is_found_where_there_is_none() {
    assert_none(&[]);
    assert_none(&[b""]);
    assert_none(&[b";", b"; ;", b"=", b"==", b" = ", b"\t"]);
    assert_none(&[b"theme=dark; lang=de"]);
}

#[test]
fn another_name_is_not_ours() {
    let others: [&[u8]; 18] = [
        b"__Host-sessio=evil",
        b"__Host-sessions=evil",
        b"x__Host-session=evil",
        b"__host-session=evil",
        b"__HOST-SESSION=evil",
        b"__%48ost-session=evil",
        b"__Host%2Dsession=evil",
        b"%5F%5FHost-session=evil",
        b"\"__Host-session\"=evil",
        b"'__Host-session'=evil",
        b"$__Host-session=evil",
        b"\xe2\x80\x80__Host-session=evil",
        b"\xc2\xa0__Host-session=evil",
        b"\xc2\x85__Host-session=evil",
        b"\x0b__Host-session=evil",
        b"\x0c__Host-session=evil",
        b"\0__Host-session=evil",
        b"__Host-session\0=evil",
    ];
    for line in others {
        assert_none(&[line]);
        assert_one(&[line, b"__Host-session=abc"], b"abc");
        assert_one(&[b"__Host-session=abc", line], b"abc");
        assert_one(&[&[line, b"; __Host-session=abc; ", line].concat()], b"abc");
    }
}

#[test]
fn a_cookie_without_a_name_is_nobodys() {
    assert_none(&[b"__Host-session"]);
    assert_none(&[b"=__Host-session=evil"]);
    assert_none(&[b" =__Host-session=evil; ="]);
    assert_one(&[b"=__Host-session=evil; __Host-session=abc"], b"abc");
    assert!(internals::find([b"=evil".as_slice()].into_iter(), "") == Found::None);
}

#[test]
fn two_cookies_of_the_name_are_several_wherever_they_stand() {
    assert_several(&[b"__Host-session=abc; __Host-session=evil"]);
    assert_several(&[b"__Host-session=abc; __Host-session=abc"]);
    assert_several(&[b"__Host-session=abc", b"__Host-session=evil"]);
    assert_several(&[b"__Host-session=abc", b"theme=dark", b"__Host-session=abc"]);
    assert_several(&[b"__Host-session=abc; __Host-session="]);
    assert_several(&[b"__Host-session =abc; \t__Host-session=evil;__Host-session=more"]);
}

#[test]
fn spaces_and_tabs_around_names_and_values_are_no_part_of_them() {
    assert_one(&[b"  __Host-session=abc  "], b"abc");
    assert_one(&[b"theme=dark;__Host-session=abc;lang=de"], b"abc");
    assert_one(&[b"theme=dark;\t \t__Host-session\t = \tabc \t; lang=de"], b"abc");
    assert_one(&[b"__Host-session=a b\tc"], b"a b\tc");
}

#[test]
fn other_white_space_is_a_part_of_the_value() {
    assert_one(&[b"__Host-session=abc\x0c"], b"abc\x0c");
    assert_one(&[b"__Host-session=\xe2\x80\x80abc"], b"\xe2\x80\x80abc");
}

#[test]
fn a_value_is_returned_as_it_was_sent() {
    assert_one(&[b"__Host-session="], b"");
    assert_one(&[b"__Host-session=a=b=c"], b"a=b=c");
    assert_one(&[b"__Host-session=\"abc\""], b"\"abc\"");
    assert_one(&[b"__Host-session=%61bc"], b"%61bc");
    assert_one(&[b"__Host-session=a,b"], b"a,b");
    assert_one(&[b"__Host-session=\xff\x00\xfe"], b"\xff\x00\xfe");
}

/// RFC 2965 is obsolete, but some servers still change their way of reading at `$Version`.
#[test]
fn the_old_syntax_changes_nothing() {
    assert_one(&[b"$Version=1; __Host-session=abc; $Path=/; $Domain=shop.example"], b"abc");
    assert_one(&[b"$Version=\"1\", __Host-other=x; __Host-session=abc"], b"abc");
    assert_none(&[b"$Version=1, __Host-session=evil"]);
}

/// A quote that a neighbour leaves open must not swallow our cookie, nor hide a second one.
#[test]
fn quotes_enclose_nothing() {
    assert_one(&[b"a=\"open; __Host-session=abc; b=closed\""], b"abc");
    assert_one(&[b"a=\\\"; __Host-session=abc"], b"abc");
    assert_several(&[b"a=\"open; __Host-session=evil; b=\"; __Host-session=abc"]);
}

#[test]
fn bytes_that_are_not_ascii_in_a_neighbour_do_not_hide_our_cookie() {
    assert_one(&[b"city=K\xc3\xb6ln; __Host-session=abc"], b"abc");
    assert_one(&[b"bad=\xff\xfe\x00\x01; __Host-session=abc; \x80=\x80"], b"abc");
}

/// The rules as one would say them, one byte after the other.
fn model(lines: &[Vec<u8>], name: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for line in lines {
        let (mut left, mut right, mut seen_equals) = (Vec::new(), Vec::new(), false);
        for &byte in line.iter().chain(b";") {
            match byte {
                b';' => {
                    if seen_equals && !strip(&left).is_empty() && strip(&left) == name {
                        found.push(strip(&right));
                    }
                    (left, right, seen_equals) = (Vec::new(), Vec::new(), false);
                }
                b'=' if !seen_equals => seen_equals = true,
                _ if seen_equals => right.push(byte),
                _ => left.push(byte),
            }
        }
    }
    found
}

fn strip(bytes: &[u8]) -> Vec<u8> {
    let kept = |byte: &u8| *byte != b' ' && *byte != b'\t';
    let Some(first) = bytes.iter().position(kept) else { return Vec::new() };
    let last = bytes.iter().rposition(kept).unwrap();
    bytes[first..=last].to_vec()
}

/// Short pieces of headers, so that names, separators and spaces meet in every way.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        &b"__Host-session"[..],
        b"__Host-session=abc",
        b"__%48ost-session=evil",
        b"=",
        b";",
        b"; ",
        b" ",
        b"\t",
        b"\"",
        b"$Version=1",
        b"\xe2\x80\x80",
        b"\xff",
        b"x",
    ]);
    prop::collection::vec(pieces, 0..16).prop_map(|pieces| pieces.concat())
}

fn agrees_with_the_model(lines: &[Vec<u8>], name: &str) -> Result<(), TestCaseError> {
    let expected = model(lines, name.as_bytes());
    let expected = match expected.as_slice() {
        [] => Found::None,
        [value] => Found::One(value),
        [..] => Found::Several,
    };
    prop_assert!(internals::find(lines.iter().map(Vec::as_slice), name) == expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_header_reads_as_the_model_reads_it(lines in prop::collection::vec(line(), 0..4)) {
        agrees_with_the_model(&lines, NAME)?;
    }

    #[test]
    fn any_bytes_read_as_the_model_reads_them(
        lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..4),
        name in "[a-c=; ]{0,2}",
    ) {
        agrees_with_the_model(&lines, &name)?;
    }
}
