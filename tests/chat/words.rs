//! What a word is, and when a text holds it.

use std::collections::BTreeSet;

use karez::base::words::{Words, terms_of};

fn holds(text: &str, query: &str) -> bool {
    Words::of(query).are_in(text)
}

#[test]
fn every_word_must_be_there() {
    assert!(holds("The tea is ready", "tea"));
    assert!(holds("The tea is ready", "ready tea"));
    assert!(holds("The tea is ready", "tea tea"));
    assert!(!holds("The tea is ready", "tea cup"));
    assert!(!holds("", "tea"));
}

#[test]
fn a_word_with_spaces_around_it_is_found_as_a_whole() {
    for text in ["tea", "(tea)", "green-tea", "tea.", "\ttea\n", "tea，茶", "茶tea茶", "don't tea_time"] {
        assert!(holds(text, "tea"), "{text}");
    }
    for text in ["teapot", "tea1", "steam", "t e a", "te-a", "tea\u{301}"] {
        assert!(!holds(text, "tea"), "{text}");
    }
}

#[test]
fn case_and_width_do_not_count() {
    for (text, query) in [
        ("TEA", "tea"),
        ("tea", "Tea"),
        ("ТЕА Чай", "чай"),
        ("ΟΔΟΣ", "οδος"),
        ("οδός", "ΟΔΌΣ"),
        ("ＴＥＡ１２", "tea12"),
        ("tea12", "ｔｅａ１２"),
        ("Ａ，ｂ", "b"),
        ("KÖLN", "köln"),
    ] {
        assert!(holds(text, query), "{query} in {text}");
    }
    assert!(!holds("Koln", "köln"), "accents count");
}

#[test]
fn where_no_spaces_are_written_every_piece_is_found() {
    for query in ["天气", "天", "气", "今天天气", "气很", "今天 很好", "好今天", "天气天气"]
    {
        let expected = ["天气", "天", "气", "今天天气", "气很", "今天 很好"].contains(&query);
        assert_eq!(holds("今天天气很好", query), expected, "{query}");
    }
    assert!(!holds("天很气", "天气"));
    assert!(!holds("天，气", "天气"), "what divides words divides pieces");
    assert!(!holds("天a气", "天气"));
    for (text, query) in [
        ("お茶をください", "くだ"),
        ("コーヒー", "ーヒ"),
        ("안녕하세요", "녕하"),
        ("สวัสดีครับ", "ดีค"),
        ("人々", "々"),
        ("𠮷野家", "𠮷野"),
        ("ｶﾌｪ", "ﾌｪ"),
    ] {
        assert!(holds(text, query), "{query} in {text}");
    }
}

#[test]
fn a_query_is_cut_like_a_text() {
    assert_eq!(Words::of("iPhone手机 壳").len(), 3);
    assert!(holds("手机：iphone，带壳", "iPhone手机 壳"));
    assert_eq!(Words::of("Tea tea, TEA!").len(), 1);
    for nothing in ["", " ", "!?", "，。", "\u{3000}", "👍", "_-"] {
        assert!(Words::of(nothing).is_empty(), "{nothing:?}");
    }
}

fn indexed(text: &str) -> BTreeSet<String> {
    terms_of(text).split_whitespace().map(str::to_owned).collect()
}

fn set(terms: &[&str]) -> BTreeSet<String> {
    terms.iter().map(|term| (*term).to_owned()).collect()
}

#[test]
fn the_terms_of_a_text_are_words_characters_and_pairs() {
    assert_eq!(indexed("Tea, 12 天气好!"), set(&["tea", "12", "天", "气", "好", "天气", "气好"]));
    assert_eq!(indexed("!"), set(&[]));
    assert_eq!(Words::of("Tea 天气好 茶").terms(), set(&["tea", "天气", "气好", "茶"]));
    let long = "x".repeat(1_000);
    assert_eq!(indexed(&long), set(&[&long[..64]]));
    assert_eq!(Words::of(&long).terms(), indexed(&long));
    let accents = "é".repeat(33) + "x";
    assert_eq!(indexed(&accents), set(&[&"é".repeat(32)]));
}

#[test]
fn terms_can_stand_in_an_index() {
    for term in indexed("a_b don't ¶ § \"x\" 天\0气 ＡＢ\u{301} ñ") {
        assert!(term.bytes().all(|byte| !byte.is_ascii() || byte.is_ascii_alphanumeric()), "{term:?}");
        assert!(!term.starts_with('§'));
    }
}

#[test]
fn an_index_never_passes_over_a_text_that_holds_the_words() {
    let texts = [
        "今天天气很好，tea 12",
        "天气",
        "Straße ΟΔΟΣ İstanbul",
        "สวัสดีครับ คุณ",
        "ＡＢＣ天Ａ气",
        "안녕 하세요 tea-pot 𠮷野家",
    ];
    let mut held = 0;
    for text in texts {
        let characters: Vec<char> = text.chars().collect();
        for from in 0..characters.len() {
            for to in from + 1..=characters.len() {
                let query: String = characters[from..to].iter().collect();
                let words = Words::of(&query);
                for text in texts.iter().filter(|text| words.are_in(text)) {
                    assert!(indexed(text).is_superset(&words.terms()), "{query:?} in {text:?}");
                    held += 1;
                }
            }
        }
    }
    assert!(held > 300, "{held}");
}
