//! What calls give, and that nothing makes the reading fail or take long.

use proptest::prelude::*;

use super::*;

const DIALECTS: [Dialect; 5] =
    [Dialect::Python, Dialect::JavaScript, Dialect::Ruby, Dialect::Perl, Dialect::Php];

fn deeds(dialect: Dialect, text: &str) -> Vec<String> {
    let start = Start { dialect, argv: Vec::new(), env: &|_| None, embedded: false };
    let (deeds, complete) = read(text, &start);
    assert!(complete, "{text:.80}");
    let words = |words: &[Word]| words.iter().map(Word::shown).collect::<Vec<_>>().join(" ");
    deeds
        .iter()
        .map(|deed| match deed {
            Deed::Remove { path, recursive: true } => format!("tree {}", path.shown()),
            Deed::Remove { path, recursive: false } => format!("file {}", path.shown()),
            Deed::Truncate { path } => format!("empty {}", path.shown()),
            Deed::Shell { text, .. } => format!("shell {}", text.shown()),
            Deed::Command { words: list, .. } => format!("run {}", words(list)),
            Deed::Sql { text } => format!("sql {}", text.shown()),
            Deed::Connect { place } => format!("connect {}", place.shown()),
            Deed::Http { method, url, .. } => format!("{} {}", method.shown(), url.shown()),
            Deed::Code { text } => format!("code {}", text.shown()),
            Deed::Unnamed { source } => format!("unnamed {source}"),
        })
        .collect()
}

#[test]
fn calls_become_deeds() {
    for (dialect, text, expected) in [
        (Dialect::Python, "import shutil as s\ns.rmtree(r'a')", vec!["tree a"]),
        (Dialect::Python, "from os import *\nsystem('x')", vec!["shell x"]),
        (
            Dialect::Python,
            "from os import (remove as r,\n unlink)\nr('a')\nunlink('b')",
            vec!["file a", "file b"],
        ),
        (Dialect::Python, "f = os.system\nf('x')", vec!["shell x"]),
        (Dialect::Python, "[os.remove(p) for p in ['a', 'b']]", vec!["file a", "file b"]),
        (Dialect::Python, "Path('a').joinpath('b').unlink()", vec!["file a/b"]),
        (Dialect::Python, "os.system('rm %s' % 'a')", vec!["shell rm a"]),
        (Dialect::Python, "os.system('rm {}'.format('a'))", vec!["shell rm a"]),
        (Dialect::Python, "open('a', 'w'); open('b'); open('c', mode='w')", vec!["empty a", "empty c"]),
        (Dialect::Python, "print(f\"{os.system('x')}\")", vec!["shell x"]),
        (Dialect::Python, "os.system('a' 'b')", vec!["shell ab"]),
        (Dialect::Python, "def system(x): pass\nmodel.eval()\nos.path.exists('a')", vec![]),
        (Dialect::JavaScript, "const {execSync} = require('child_process');\nexecSync('x')", vec!["shell x"]),
        (
            Dialect::JavaScript,
            "import * as f from 'node:fs'\nf.promises.rm('a', {recursive: true})",
            vec!["tree a"],
        ),
        (Dialect::JavaScript, "fs.rmSync('a')", vec!["file a"]),
        (Dialect::JavaScript, "await $`rm -rf ${x}`", vec!["shell rm -rf x"]),
        (Dialect::JavaScript, "new Function('a()')()", vec!["code a()"]),
        (Dialect::JavaScript, "for (const p of ['a']) fs.unlinkSync(p)", vec!["file a"]),
        (Dialect::JavaScript, "/x/.exec('y'); a / b / c('rm')", vec![]),
        (Dialect::Ruby, "FileUtils.rm_rf 'a', verbose: true", vec!["tree a"]),
        (Dialect::Ruby, "system <<~EOS\n  rm -rf a\nEOS\nputs 1", vec!["shell   rm -rf a\n"]),
        (Dialect::Ruby, "x = %q(system 'y')", vec![]),
        (Dialect::Perl, "unlink $_ for qw(a b); system q{x y}", vec!["file a", "file b", "shell x y"]),
        (Dialect::Perl, "for my $p ('a', 'b') { rmtree($p) }", vec!["tree a", "tree b"]),
        (Dialect::Php, "foreach (['a'] as $p) { unlink($p); }", vec!["file a"]),
        (Dialect::Php, "$db->query('DELETE FROM t'); $db->query('hello')", vec!["sql DELETE FROM t"]),
    ] {
        assert_eq!(deeds(dialect, text), expected, "{text}");
    }
}

#[test]
fn nesting_and_growth_end() {
    let hostile = [
        "(".repeat(5_000),
        "[".repeat(5_000),
        "f(".repeat(5_000),
        "f(a,".repeat(2_000),
        "a.b(c).".repeat(2_000),
        "'a'+".repeat(5_000),
        "x='aaaaaaaa'\n".to_owned() + &"x=x+x\n".repeat(5_000),
        "x=[1,1]\n".to_owned() + &"x=[x,x,x,x]\n".repeat(5_000),
        "for x in [1]: ".repeat(1_000),
        "{a:".repeat(3_000),
        "f\"{".repeat(1_000),
        "`${".repeat(1_000),
        "\"#{".repeat(1_000),
        "<<A ".repeat(1_000),
        "system ".repeat(2_000),
        "import a from ".repeat(1_000),
        "q(".repeat(2_000),
        "x.forEach(y=>".repeat(1_000),
    ];
    for text in &hostile {
        for dialect in DIALECTS {
            let start = Start { dialect, argv: Vec::new(), env: &|_| None, embedded: false };
            let _ = read(text, &start);
        }
    }
}

proptest! {
    #[test]
    fn never_panics(text in "[\\PC\n]{0,200}") {
        for dialect in DIALECTS {
            let start = Start { dialect, argv: Vec::new(), env: &|_| None, embedded: true };
            let _ = read(&text, &start);
            let start = Start { embedded: false, ..start };
            let _ = read(&text, &start);
        }
    }

    #[test]
    fn never_panics_on_pieces(pieces in proptest::collection::vec(prop_oneof![
        Just("import "), Just("from "), Just("'a'"), Just("("), Just(")"), Just("["), Just("]"), Just("{"), Just("}"),
        Just("."), Just("os"), Just("system"), Just("\n"), Just("="), Just("for "), Just(" in "), Just("as "), Just("with "),
        Just("=>"), Just(","), Just("%w["), Just("q{"), Just("<<EOF"), Just("`"), Just("f'{"), Just("${"), Just("$x"), Just("each"),
        Just("|"), Just("::-1"), Just("\\"), Just("/"), Just("é"), Just("<?php "), Just("*"), Just("unlink "), Just("+"),
    ], 0..60)) {
        for dialect in DIALECTS {
            let start = Start { dialect, argv: Vec::new(), env: &|_| None, embedded: false };
            let _ = read(&pieces.concat(), &start);
        }
    }
}
