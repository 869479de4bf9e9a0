//! What must hold for any input: words are accounted for, worse never becomes milder, secrets do not
//! come through. getopt(1) is the oracle for reading options.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::exit,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "a test fails loudly and drives real programs"
)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::process::Command as Process;

use agentguard::action::{Action, Effect, Impact};
use agentguard::actor::{Actor, ActorKind};
use agentguard::assess::{self, Severity};
use agentguard::context::{Context, Door};
use agentguard::grammar::schema::{Arity, Command, Grammar, Nested, Opt, Parser, Reader, World};
use agentguard::grammar::{bind, glob, registry};
use agentguard::invocation::{Piece, Word};
use agentguard::judge;
use agentguard::measure::State;
use agentguard::policy::{self, Decision, Layer, Policy, Rule};
use agentguard::target::Environment;
use agentguard::term;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// So many cases; a failure is printed, not written beside the tests.
fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

// --- the binder ----------------------------------------------------------------------------------

/// A word to be made for a grammar that is chosen elsewhere.
#[derive(Clone, Debug)]
enum Seed {
    Option(Index),
    /// A long option's first letters, as a share of its length.
    Short(Index, Index),
    Attached(Index, String),
    Cluster(Vec<Index>, String),
    Subcommand(Index),
    Terminator,
    Plain(String),
    Junk(String),
    Dynamic(String, String),
}

fn seed() -> impl Strategy<Value = Seed> {
    prop_oneof![
        4 => any::<Index>().prop_map(Seed::Option),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Seed::Short(a, b)),
        2 => (any::<Index>(), "[a-z=-]{0,4}").prop_map(|(a, b)| Seed::Attached(a, b)),
        2 => (prop::collection::vec(any::<Index>(), 1..4), "[a-z=-]{0,3}").prop_map(|(a, b)| Seed::Cluster(a, b)),
        2 => any::<Index>().prop_map(Seed::Subcommand),
        1 => Just(Seed::Terminator),
        3 => "[a-z./:]{0,5}".prop_map(Seed::Plain),
        1 => "-{0,3}\\PC{0,4}".prop_map(Seed::Junk),
        1 => ("[a-z-]{0,3}", "[a-z-]{0,3}").prop_map(|(a, b)| Seed::Dynamic(a, b)),
    ]
}

fn all_options(grammar: &'static Grammar) -> Vec<&'static str> {
    let commands = std::iter::once(&grammar.root).chain(grammar.commands);
    commands
        .flat_map(|command| command.options.iter().chain(command.shared.iter().copied().flatten()))
        .flat_map(|opt| opt.names.iter().copied())
        .collect()
}

fn word(seed: &Seed, grammar: &'static Grammar) -> Word {
    let mut names = all_options(grammar);
    names.push("-v");
    let long: Vec<&str> = names.iter().copied().filter(|name| name.len() > 2).collect();
    let letters: Vec<&str> = names.iter().copied().filter(|name| name.len() == 2).collect();
    let text = match seed {
        Seed::Option(at) => (*at.get(&names)).to_owned(),
        Seed::Short(..) | Seed::Attached(..) if long.is_empty() => "x".to_owned(),
        Seed::Short(at, length) => {
            let name = at.get(&long);
            let ends: Vec<usize> = (3..=name.len()).filter(|&end| name.is_char_boundary(end)).collect();
            name[..*length.get(&ends)].to_owned()
        }
        Seed::Attached(at, value) => format!("{}={value}", at.get(&long)),
        Seed::Cluster(list, tail) => {
            let cluster: String = list.iter().map(|at| &at.get(&letters)[1..]).collect();
            format!("-{cluster}{tail}")
        }
        Seed::Subcommand(_) if grammar.commands.is_empty() => "x".to_owned(),
        Seed::Subcommand(at) => (*at.get(grammar.commands).path.last().unwrap()).to_owned(),
        Seed::Terminator => "--".to_owned(),
        Seed::Plain(text) | Seed::Junk(text) => text.clone(),
        Seed::Dynamic(before, after) => {
            let unknown = Piece::Unknown("$X".to_owned());
            return Word::Dynamic(vec![Piece::Text(before.into()), unknown, Piece::Text(after.into())]);
        }
    };
    Word::literal(text)
}

/// True when the option at `at` took its value from the same word.
fn attached(binding: &bind::Binding, args: &[Word], at: usize) -> bool {
    let visible = args[at].visible().to_string_lossy().into_owned();
    let goflag = binding.grammar.parser == Parser::Goflag;
    if visible.starts_with("--") || goflag {
        return visible.contains('=');
    }
    let mut here = binding.options.iter().filter(|bound| bound.at == at).peekable();
    let letters = &visible[1..];
    for (place, letter) in letters.char_indices() {
        if here.peek().is_some_and(|bound| bound.name[1..] == *letter.to_string()) {
            let bound = here.next().unwrap();
            if bound.opt.arity != Arity::Flag {
                return place + letter.len_utf8() < letters.len() || args[at].is_dynamic();
            }
        }
    }
    false
}

/// How each word of `args` was used; fails when one was used twice or not at all.
fn account(binding: &bind::Binding, args: &[Word]) -> Result<(), TestCaseError> {
    let mut used: Vec<Option<&str>> = vec![None; args.len()];
    let mut claim = |at: usize, by: &'static str| {
        prop_assert!(at < args.len(), "{by} stands outside");
        prop_assert!(used[at].is_none(), "{at} is {:?} and {by}", used[at]);
        used[at] = Some(by);
        Ok(())
    };
    for (operand, &at) in binding.operands.iter().zip(&binding.places) {
        prop_assert_eq!(operand, &args[at]);
        claim(at, "operand")?;
    }
    prop_assert_eq!(binding.operands.len(), binding.places.len());
    let mut seen = BTreeSet::new();
    for bound in &binding.options {
        if seen.insert(bound.at) {
            claim(bound.at, "option")?;
        }
        // clap takes the next word for an optional value as well.
        let may_take = match bound.opt.arity {
            Arity::Required => true,
            Arity::Optional => binding.grammar.parser == Parser::Clap,
            Arity::Flag | Arity::Many => false,
        };
        let takes_next = may_take && !bound.negated && bound.value.is_some();
        if takes_next && !attached(binding, args, bound.at) {
            prop_assert_eq!(bound.value.as_ref(), args.get(bound.at + 1));
            claim(bound.at + 1, "value")?;
        }
    }
    let many = binding.options.iter().any(|bound| bound.opt.arity == Arity::Many);
    let mut path = binding.command.path.iter().peekable();
    let mut terminators = usize::from(binding.terminator.is_some());
    for (at, word) in args.iter().enumerate().filter(|(at, _)| used[*at].is_none()) {
        let text = word.visible().to_string_lossy().into_owned();
        if text == "--" && terminators > 0 {
            terminators -= 1;
        } else if text.starts_with('-') {
            prop_assert!(many || !binding.faults.is_empty(), "{at} '{text}' got lost");
        } else {
            let name = path.next();
            let alias =
                binding.grammar.commands.iter().any(|command| command.aliases.contains(&text.as_str()));
            prop_assert!(name.is_some_and(|name| *name == text || alias), "{at} '{text}' got lost");
        }
    }
    prop_assert_eq!(path.next(), None, "a subcommand that nobody named");
    Ok(())
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn every_word_is_accounted_for_once(
        grammar in any::<Index>(),
        seeds in prop::collection::vec(seed(), 0..8),
        posixly_correct in any::<bool>(),
    ) {
        let grammar = grammar.get(registry::GRAMMARS);
        let args: Vec<Word> = seeds.iter().map(|seed| word(seed, grammar)).collect();
        let binding = bind::bind(grammar, &args, posixly_correct);
        account(&binding, &args)?;
    }
}

// --- getopt(1) as the oracle ---------------------------------------------------------------------

const fn opt(names: &'static [&'static str], arity: Arity) -> Opt {
    Opt { names, arity, negatable: false, global: false, role: "" }
}

/// Names that share a beginning differ in arity: getopt(1) sees no ambiguity between equal ones.
static OPTIONS: [Opt; 7] = [
    opt(&["-a"], Arity::Flag),
    opt(&["-b"], Arity::Required),
    opt(&["-c"], Arity::Optional),
    opt(&["--alpha"], Arity::Flag),
    opt(&["--alps"], Arity::Required),
    opt(&["--beta"], Arity::Required),
    opt(&["--gamma"], Arity::Optional),
];

static GRAMMAR: Grammar = Grammar {
    program: "oracle",
    names: &[],
    parser: Parser::Getopt,
    reader: Reader::Plain,
    shim: false,
    grade: "A",
    source: "getopt(1)",
    target: "",
    paths: "",
    root: Command {
        path: &[],
        aliases: &[],
        options: &OPTIONS,
        shared: &[],
        safe: None,
        default: None,
        cases: &[],
        nested: Nested::None,
        world: World::Here,
        spelled: "",
    },
    commands: &[],
};

/// What getopt(1) makes of the words, in its canonical form; `None` when it finds a mistake.
fn oracle(words: &[String], posixly_correct: bool) -> Option<Vec<String>> {
    let mut process = Process::new("getopt");
    process.args(["-q", "-o", "ab:c::", "-l", "alpha,alps:,beta:,gamma::", "--"]).args(words);
    process.env_remove("POSIXLY_CORRECT").env_remove("GETOPT_COMPATIBLE");
    if posixly_correct {
        process.env("POSIXLY_CORRECT", "1");
    }
    let output = process.output().expect("getopt comes with util-linux");
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| shell_words::split(&text).unwrap())
}

/// The same form of our reading; `None` when the program would refuse it.
fn canonical(binding: &bind::Binding) -> Option<Vec<String>> {
    let text = |word: &Word| word.shown();
    let mut words = Vec::new();
    for bound in &binding.options {
        words.push(bound.name.to_owned());
        match (bound.opt.arity, &bound.value) {
            (Arity::Flag, None) => {}
            // Read as given, although getopt refuses `--flag=value`.
            (Arity::Flag, Some(_)) => return None,
            (_, value) => words.push(value.as_ref().map(text).unwrap_or_default()),
        }
    }
    words.push("--".to_owned());
    words.extend(binding.operands.iter().map(text));
    binding.faults.is_empty().then_some(words)
}

fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "-[abc]{1,3}[xa=-]{0,2}",
        3 => select(vec!["--alpha", "--alph", "--alp", "--al", "--alps", "--beta", "--b", "--gamma", "--g", "--ga"])
            .prop_map(str::to_owned),
        2 => (select(vec!["--alpha", "--alps", "--be", "--gamma", "--g"]), "[a-z=' -]{0,3}")
            .prop_map(|(name, value)| format!("{name}={value}")),
        1 => Just("--".to_owned()),
        1 => Just("-".to_owned()),
        1 => Just(String::new()),
        1 => "--?[a-z]{1,3}",
        4 => "[a-z '=-]{1,4}",
    ]
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn options_are_read_as_getopt_reads_them(
        words in prop::collection::vec(argument(), 0..6),
        posixly_correct in any::<bool>(),
    ) {
        let args: Vec<Word> = words.iter().map(Word::literal).collect();
        let binding = bind::bind(&GRAMMAR, &args, posixly_correct);
        prop_assert_eq!(canonical(&binding), oracle(&words, posixly_correct));
    }
}

// --- assessment and decision ---------------------------------------------------------------------

const ENVIRONMENTS: [Environment; 6] = [
    Environment::Test,
    Environment::Local,
    Environment::Development,
    Environment::Staging,
    Environment::Unknown,
    Environment::Production,
];

/// Each list from mild to severe.
const CHAINS: [&[Impact]; 5] = [
    &[Impact::Nothing, Impact::Change, Impact::Replace, Impact::Part, Impact::Table, Impact::Database],
    &[Impact::Part, Impact::Net, Impact::Unread],
    &[Impact::Part, Impact::Access, Impact::Table],
    &[Impact::Outage, Impact::ResourceKept, Impact::Resource, Impact::ResourceFinal],
    &[Impact::ResourceFinal, Impact::Database],
];

const ACTORS: [ActorKind; 3] = [ActorKind::Human, ActorKind::Unattended, ActorKind::Agent];

#[test]
fn worse_impacts_and_environments_are_never_milder() {
    for environment in ENVIRONMENTS {
        for by_name in [false, true] {
            for chain in CHAINS {
                let severities: Vec<Severity> =
                    chain.iter().map(|impact| assess::severity_of(*impact, environment, by_name)).collect();
                assert!(severities.is_sorted(), "{chain:?} in {environment:?}: {severities:?}");
            }
        }
    }
    for impact in CHAINS.iter().copied().flatten() {
        for by_name in [false, true] {
            let severities = ENVIRONMENTS.map(|place| assess::severity_of(*impact, place, by_name));
            assert!(severities.is_sorted(), "{impact:?}: {severities:?}");
        }
    }
}

#[test]
fn a_worse_severity_is_never_decided_more_mildly() {
    for actor in ACTORS {
        for inside_tree in [false, true] {
            let decisions = Severity::ALL.map(|severity| policy::table(severity, actor, inside_tree));
            assert!(decisions.is_sorted(), "{actor:?}: {decisions:?}");
        }
    }
}

fn severity() -> impl Strategy<Value = Severity> {
    select(Severity::ALL.to_vec())
}

fn action() -> impl Strategy<Value = Action> {
    let impacts: Vec<Impact> =
        CHAINS.iter().copied().flatten().copied().chain(Severity::ALL.map(Impact::Fixed)).collect();
    let effects = vec![Effect::Read, Effect::Write, Effect::Permission, Effect::Destroy, Effect::Unknown];
    let state = prop::option::of((prop::option::of(severity()), any::<bool>()));
    let rules = select(vec!["psql.drop-table", "git.push-force", "rm.remove"]);
    let undo = select(vec!["", "none", "reflog"]);
    (select(impacts), select(effects), select(ENVIRONMENTS.to_vec()), any::<bool>(), state, rules, undo)
        .prop_map(|(impact, effect, environment, by_name, state, rule, undo)| {
            let mut action = Action::new(effect, impact, rule, "do").undo(undo).object("thing");
            action.target.environment = environment;
            action.target.by_name = by_name;
            action.target.kind = "postgres";
            action.state =
                state.map(|(severity, inside_tree)| State { severity, inside_tree, ..State::default() });
            action
        })
}

fn rule(layer: Layer) -> impl Strategy<Value = Rule> {
    let decisions = select(vec![Decision::Allow, Decision::Ask, Decision::Refuse]);
    let rules = select(vec![vec![], vec!["psql.*".to_owned()], vec!["git.push-*".to_owned()]]);
    let environments = prop::collection::vec(select(ENVIRONMENTS.to_vec()), 0..2);
    (decisions, rules, environments, severity()).prop_map(
        move |(decision, rules, environments, max_severity)| {
            let (objects, actors, why) = (Vec::new(), Vec::new(), String::new());
            let origin = "policy.toml:1".to_owned();
            Rule { layer, decision, rules, objects, environments, actors, max_severity, why, origin }
        },
    )
}

fn any_rule() -> impl Strategy<Value = Rule> {
    select(vec![Layer::System, Layer::User, Layer::Trusted, Layer::Project]).prop_flat_map(rule)
}

fn decided(actions: &[Action], policy: &Policy, kind: ActorKind) -> judge::Judgement {
    let context = Context::new(Door::Check);
    judge::decide(actions.to_vec(), policy, Actor::named(kind, "someone", "as given"), &context)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_score_lies_in_the_band_of_its_severity(action in action(), severity in severity()) {
        let score = assess::score(&action, severity);
        let next = Severity::ALL.iter().copied().find(|other| *other > severity);
        prop_assert!(score >= severity.band());
        prop_assert!(next.map_or(score <= 100, |next| score < next.band()), "{score} at {severity:?}");
    }

    #[test]
    fn one_more_action_never_makes_it_milder(
        actions in prop::collection::vec(action(), 0..5),
        more in action(),
        place in any::<Index>(),
        rules in prop::collection::vec(any_rule(), 0..4),
        actor in select(ACTORS.to_vec()),
    ) {
        let policy = Policy { rules, ..Policy::default() };
        let mut longer = actions.clone();
        longer.insert(place.index(actions.len() + 1), more);
        let (fewer, all) = (decided(&actions, &policy, actor), decided(&longer, &policy, actor));
        prop_assert!(all.decision >= fewer.decision);
        prop_assert!(assess::assess(&longer).score >= assess::assess(&actions).score);
        prop_assert!(assess::assess(&longer).severity >= assess::assess(&actions).severity);
        // The action that is shown is one that the decision rests on.
        let alone = decided(std::slice::from_ref(all.worst().unwrap()), &policy, actor);
        prop_assert_eq!(alone.decision, all.decision);
    }

    #[test]
    fn the_order_of_actions_does_not_matter(
        actions in prop::collection::vec(action(), 1..5),
        rules in prop::collection::vec(any_rule(), 0..4),
        actor in select(ACTORS.to_vec()),
    ) {
        let policy = Policy { rules, ..Policy::default() };
        let backwards: Vec<Action> = actions.iter().rev().cloned().collect();
        let (one, other) = (decided(&actions, &policy, actor), decided(&backwards, &policy, actor));
        prop_assert_eq!(one.decision, other.decision);
        prop_assert_eq!(one.assessment.score, other.assessment.score);
    }

    #[test]
    fn an_untrusted_project_file_only_raises(
        action in action(),
        rules in prop::collection::vec(select(vec![Layer::System, Layer::User]).prop_flat_map(rule), 0..3),
        project in prop::collection::vec(rule(Layer::Project), 1..4),
        actor in select(ACTORS.to_vec()),
    ) {
        let without = Policy { rules: rules.clone(), ..Policy::default() };
        let with = Policy { rules: rules.into_iter().chain(project).collect(), ..Policy::default() };
        let actions = [action];
        prop_assert!(decided(&actions, &with, actor).decision >= decided(&actions, &without, actor).decision);
    }

    #[test]
    fn what_the_system_refuses_no_other_layer_allows(
        action in action(),
        before in prop::collection::vec(any_rule(), 0..3),
        after in prop::collection::vec(any_rule(), 0..3),
        actor in select(ACTORS.to_vec()),
    ) {
        let refusal = Rule {
            layer: Layer::System,
            decision: Decision::Refuse,
            rules: Vec::new(),
            objects: Vec::new(),
            environments: Vec::new(),
            actors: Vec::new(),
            max_severity: Severity::Critical,
            why: String::new(),
            origin: "policy.toml:1".to_owned(),
        };
        let rules = before.into_iter().chain([refusal]).chain(after).collect();
        let policy = Policy { rules, ..Policy::default() };
        prop_assert_eq!(decided(&[action], &policy, actor).decision, Decision::Refuse);
    }
}

// --- text ----------------------------------------------------------------------------------------

/// Globs by their definition.
fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
        (['?', rest @ ..], [_, more @ ..]) => naive(rest, more),
        ([first, rest @ ..], [letter, more @ ..]) if first == letter => naive(rest, more),
        _ => false,
    }
}

/// Ways in which a secret `@` stands in a text.
const FORMS: [&str; 16] = [
    "postgres://app:@@@@db.example.com/app",
    "https://@@@@git.example.com/x.git",
    "Authorization: Bearer @@@",
    "'Authorization: Basic @@@'",
    "X-Api-Key: @@@",
    "\"Private-Token: @@@\"",
    "Cookie: session=@@@",
    "{\"api_key\": \"@@@\"}",
    "{\\\"password\\\":\\\"@@@\\\"}",
    "https://api.example.com/v1?access_token=@@@",
    "password=@@@",
    "PGPASSWORD='@@@'",
    "CREATE ROLE app PASSWORD '@@@'",
    "ALTER USER app IDENTIFIED BY '@@@'",
    "curl -u app:@@@ https://example.com",
    "--token=@@@",
];

/// Ways in which a secret `@` stands in an argument list.
const LISTS: [&[&str]; 7] = [
    &["tool", "--token", "@@@"],
    &["tool", "--password=@@@"],
    &["curl", "-u", "app:@@@"],
    &["curl", "-uapp:@@@"],
    &["curl", "-H", "Authorization: Bearer @@@"],
    &["mysql", "-p@@@"],
    &["psql", "postgres://app:@@@@db/app"],
];

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn globs_match_as_defined(pattern in "[ab*?ü]{0,6}", text in "[abü]{0,8}") {
        let letters = |text: &str| text.chars().collect::<Vec<char>>();
        prop_assert_eq!(glob::matches(&pattern, &text), naive(&letters(&pattern), &letters(&text)));
    }

    #[test]
    fn a_planted_secret_does_not_come_through(
        form in select(FORMS.to_vec()),
        secret in "[A-Za-z][A-Za-z0-9]{23,39}",
        before in "([a-z0-9./]{1,6} ){0,3}",
        after in "( [a-z0-9./]{1,6}){0,3}",
    ) {
        let text = format!("{before}{}{after}", form.replacen("@@@", &secret, 1));
        let clean = term::redact(&text);
        prop_assert!(!clean.contains(&secret), "{text} -> {clean}");
        prop_assert_eq!(term::redact(&clean), clean.clone(), "twice is as once");
        prop_assert!(clean.starts_with(&before), "what stands before stays: {clean}");
    }

    #[test]
    fn a_planted_secret_does_not_come_through_an_argument_list(
        list in select(LISTS.to_vec()),
        secret in "[A-Za-z][A-Za-z0-9]{23,39}",
    ) {
        let words: Vec<String> = list.iter().map(|word| word.replacen("@@@", &secret, 1)).collect();
        let clean = term::redact_words(&words);
        prop_assert_eq!(clean.len(), words.len());
        prop_assert!(clean.iter().all(|word| !word.contains(&secret)), "{clean:?}");
    }

    #[test]
    fn redacting_and_cleaning_take_any_text(text in "\\PC{0,60}|[ -~\\n\\x1b]{0,60}|(://|:|@|=|'|\"|\\\\|\\$|-u |password|E|ü| ){0,20}") {
        let clean = term::redact(&text);
        prop_assert_eq!(term::redact(&clean), clean.clone(), "twice is as once");
        let shown = term::sanitize(&clean);
        prop_assert!(!shown.contains('\x1b'));
        prop_assert_eq!(term::sanitize(&shown), shown.clone());
    }

    #[test]
    fn skipping_bytes_of_a_word_is_slicing(text in "[a-z]{0,8}", count in 0usize..10) {
        let whole = Word::literal(&text);
        let rest = &text[count.min(text.len())..];
        prop_assert_eq!(whole.skip(count).visible(), OsStr::new(rest));
        let (left, right) = text.split_at(text.len() / 2);
        let parts = Word::Dynamic(vec![Piece::Text(left.into()), Piece::Text(right.into())]);
        prop_assert_eq!(parts.skip(count).visible(), OsStr::new(rest));
    }
}
