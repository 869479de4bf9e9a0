//! git against real repositories: what is read, what is measured, and that measuring writes nothing.
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

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentguard::actor::{Actor, ActorKind};
use agentguard::assess::Severity;
use agentguard::context::{Context, Door};
use agentguard::grammar::bind::{self, Fault};
use agentguard::grammar::registry;
use agentguard::grammar::schema::Arity;
use agentguard::invocation::{Invocation, Word};
use agentguard::policy::Policy;

/// A folder that is gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("agentguard-git-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn git(&self, line: &str) {
        run_git(&self.0, &shell_words::split(line).unwrap());
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run_git(cwd: &Path, args: &[String]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=me", "-c", "user.email=me@example.com", "-c", "init.defaultBranch=main"])
        .args(["-c", "commit.gpgSign=false", "-c", "protocol.file.allow=always"])
        .args(args)
        .current_dir(cwd)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn context(door: Door) -> Context {
    Context::new(door).with_env(vec![
        ("GIT_CONFIG_GLOBAL".into(), "/dev/null".into()),
        ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
    ])
}

/// Reads, measures and assesses one git invocation and what it runs in turn.
fn judge(args: Vec<Word>, env: Vec<(OsString, Word)>, cwd: &Path, door: Door) -> (Severity, Vec<String>) {
    let context = context(door);
    let mut invocation = Invocation::new("git", Vec::new(), cwd.to_owned());
    invocation.args = args;
    invocation.env = env;
    let actions = agentguard::judge::actions(&invocation, &context);
    let actor = Actor::named(ActorKind::Agent, "agent", "as given");
    let judgement = agentguard::judge::decide(actions, &Policy::default(), actor, &context);
    let why = judgement.actions.iter().map(|action| format!("{action:?}")).collect();
    (judgement.assessment.severity, why)
}

fn line(text: &str, cwd: &Path, door: Door) -> (Severity, Vec<String>) {
    let mut words = shell_words::split(text).unwrap();
    let mut env = Vec::new();
    while let Some((name, value)) = words[0].split_once('=') {
        env.push((OsString::from(name), Word::literal(value)));
        words.remove(0);
    }
    assert_eq!(words.remove(0), "git");
    judge(words.iter().map(|word| Word::from(word.as_str())).collect(), env, cwd, door)
}

/// Everything that measuring could have changed.
fn fingerprint(cwd: &Path) -> String {
    let mut parts: Vec<String> =
        ["status --porcelain=v2 --ignored", "for-each-ref", "stash list", "reflog", "config --list"]
            .iter()
            .map(|line| run_git(cwd, &shell_words::split(line).unwrap()))
            .collect();
    if let Ok(metadata) = std::fs::metadata(cwd.join(".git/index")) {
        parts.push(format!("{:?}", metadata.modified().unwrap()));
    }
    parts.join("\n--\n")
}

/// The same severity at both doors, and nothing written.
#[track_caller]
fn expect(folder: &Folder, command: &str, severity: Severity) {
    expect_in(&folder.0, command, severity);
}

#[track_caller]
fn expect_in(cwd: &Path, command: &str, severity: Severity) {
    let before = fingerprint(cwd);
    for door in [Door::Shim, Door::Check] {
        let (found, why) = line(command, cwd, door);
        assert_eq!(found, severity, "{command} at {door:?}: {why:#?}");
    }
    assert_eq!(before, fingerprint(cwd), "{command}: measuring wrote something");
}

use Severity::{High, Low, Medium, None as Nothing};

/// A repository with two commits of one remote, all pushed.
fn pushed() -> (Folder, Folder) {
    let remote = Folder::new();
    remote.git("init -q --bare");
    let here = Folder::new();
    here.git("init -q");
    here.git("config user.email me@example.com");
    here.write("a.txt", "one\n");
    here.write("src/b.txt", "one\n");
    here.git("add .");
    here.git("commit -qm one");
    here.write("a.txt", "two\n");
    here.git("commit -qam two");
    here.git(&format!("remote add origin {}", remote.0.display()));
    here.git("push -qu origin main");
    (here, remote)
}

#[test]
fn reset_hard_by_what_is_uncommitted_and_left_behind() {
    let (here, _remote) = pushed();
    expect(&here, "git reset --hard", Nothing);
    expect(&here, "git reset --h", Nothing);
    expect(&here, "git reset --hard HEAD~1", Low);
    here.write("c.txt", "new\n");
    expect(&here, "git reset --hard", Nothing);
    here.git("add c.txt");
    expect(&here, "git reset --hard", High);
    here.git("commit -qm three");
    expect(&here, "git reset --hard HEAD~1", Medium);
    expect(&here, "git reset --soft HEAD~1", Low);
    expect(&here, "git reset HEAD~1", Low);
    here.git("branch keep");
    expect(&here, "git reset --hard HEAD~1", Low);
    here.write("a.txt", "changed\n");
    for command in [
        "git reset --hard",
        "git reset --h",
        "git reset --hard origin/main",
        "git checkout -f",
        "git checkout -f main",
        "git switch --discard-changes keep",
        "git switch -f keep",
        "git read-tree -u --reset HEAD",
        "git checkout-index -f -a",
        "git -c alias.undo='reset --hard' undo",
        "git checkout .",
        "git restore .",
        "git checkout -- .",
        "git restore -SW .",
    ] {
        expect(&here, command, High);
    }
}

#[test]
fn restores_by_the_files_that_are_named() {
    let (here, _remote) = pushed();
    expect(&here, "git checkout -- a.txt", Nothing);
    expect(&here, "git restore .", Nothing);
    here.write("a.txt", "changed\n");
    expect(&here, "git restore a.txt", Medium);
    expect(&here, "git checkout a.txt", Medium);
    expect(&here, "git checkout -- a.txt", Medium);
    expect(&here, "git checkout HEAD -- a.txt", Medium);
    expect(&here, "git checkout HEAD a.txt", Medium);
    expect(&here, "git checkout -- src", Nothing);
    expect(&here, "git rm -f a.txt", Medium);
    expect(&here, "git rm --cached a.txt", Low);
    expect(&here, "git restore --staged .", Low);
    here.write("src/b.txt", "changed\n");
    expect(&here, "git checkout src", High);
    expect(&here, "git restore a.txt src/b.txt", High);
    expect(&here, "git checkout -- '*.txt'", High);
    expect_in(&here.0.join("src"), "git restore .", High);
    expect_in(&here.0.join("src"), "git restore b.txt", Medium);
    // A file that is gone from the disk comes back: nothing is lost.
    here.git("checkout -q .");
    std::fs::remove_file(here.0.join("a.txt")).unwrap();
    expect(&here, "git checkout -- a.txt", Nothing);
    // Staged content is restored from a commit, not from the index.
    here.git("checkout -q .");
    here.write("a.txt", "staged\n");
    here.git("add a.txt");
    expect(&here, "git checkout -- a.txt", Nothing);
    expect(&here, "git checkout HEAD -- a.txt", Medium);
    expect(&here, "git restore --source=HEAD --staged --worktree .", High);
}

#[test]
fn everyday_commands_stay_out_of_the_way() {
    let (here, _remote) = pushed();
    here.git("branch topic");
    here.write("a.txt", "changed\n");
    for command in [
        "git checkout main",
        "git checkout -",
        "git checkout -b x",
        "git checkout topic",
        "git switch topic",
        "git switch -c y",
        "git stash -u",
        "git stash",
        "git stash pop",
        "git merge topic",
        "git merge --abort",
        "git rebase --abort",
        "git rebase main",
        "git push -u origin feat/x",
        "git push",
        "git tag v1",
        "git commit --amend --no-edit",
        "git pull --rebase",
        "git fetch --prune",
        "git config user.name me",
        "git remote remove origin",
        "git branch -d topic",
        "git add -A",
        "git cherry-pick topic",
        "git revert HEAD",
        "git submodule update --init --recursive",
        "git gc --auto",
        "git rm --cached a.txt",
        "git rm -r src",
        "git branch -M trunk",
        "git worktree add ../w topic",
        "git push --force-with-lease origin feat/x",
    ] {
        let (found, why) = line(command, &here.0, Door::Shim);
        assert!(found <= Low, "{command}: {found:?} {why:#?}");
    }
    for command in [
        "git status",
        "git log --oneline -10",
        "git diff HEAD~1 --stat",
        "git show HEAD:a.txt",
        "git clean -nfdx",
        "git push -n -f",
        "git push --dry-run --force origin main",
        "git reset -h",
        "git reset --hard --help",
        "git --version",
        "git",
        "git branch",
        "git log -S reset --author=x -p -- a.txt",
        "git config --get x.y",
        "git stash list",
        "git remote -v",
        "git worktree list",
        "git reflog",
        "git grep -n 'push --force'",
    ] {
        let (found, why) = line(command, &here.0, Door::Shim);
        // `git branch` and `git tag` alone list; their default is a change.
        assert!(
            found <= if command == "git branch" { Low } else { Nothing },
            "{command}: {found:?} {why:#?}"
        );
    }
}

#[test]
fn clean_by_what_would_be_removed() {
    let (here, _remote) = pushed();
    let severity = |command: &str| line(command, &here.0, Door::Shim).0;
    expect(&here, "git clean -fd", Nothing);
    expect(&here, "git clean -fdx", Nothing);
    here.write("package.json", "{}");
    here.write(".gitignore", "node_modules\n.env\n*.sqlite3\ndist\n");
    here.git("add .");
    here.git("commit -qm more");
    here.write("node_modules/x/index.js", "x");
    here.write("node_modules/x/test/key.pem", "x");
    here.write("dist/app.js", "x");
    expect(&here, "git clean -fdX", Low);
    expect(&here, "git clean -fdx", Low);
    expect(&here, "git clean -fd", Nothing);
    here.write("dist/.env", "SECRET=1");
    expect(&here, "git clean -fdx", High);
    std::fs::remove_file(here.0.join("dist/.env")).unwrap();
    here.write(".env", "SECRET=1");
    expect(&here, "git clean -fdx", High);
    expect(&here, "git clean -fdX", High);
    expect(&here, "git clean -fdx -e .env", Low);
    expect(&here, "git clean -fd", Nothing);
    here.write("notes/idea ä.txt", "x");
    expect(&here, "git clean -fd", High);
    expect(&here, "git clean -fd -- notes", High);
    expect(&here, "git clean", Nothing);
    expect(&here, "git -c clean.requireForce=false clean -d", High);
    expect(&here, "git clean -fd --no-force", Nothing);
    assert_eq!(severity("git clean -f"), Nothing, "without -d folders stay");
    assert_eq!(severity("git clean -f node_modules"), Nothing);
}

#[test]
fn stashes_by_how_many_there_are() {
    let (here, _remote) = pushed();
    let (found, _) = line("git stash drop", &here.0, Door::Shim);
    assert_eq!(found, Nothing, "there is none");
    expect(&here, "git stash clear", Nothing);
    for text in ["x\n", "y\n"] {
        here.write("a.txt", text);
        here.git("stash -q");
    }
    expect(&here, "git stash drop", Medium);
    expect(&here, "git stash drop stash@{1}", Medium);
    expect(&here, "git stash clear", High);
    here.git("stash drop -q");
    expect(&here, "git stash clear", Medium);
}

#[test]
fn branches_by_the_commits_that_only_they_hold() {
    let (here, _remote) = pushed();
    here.git("branch merged");
    here.git("checkout -qb lone");
    here.write("a.txt", "lone\n");
    here.git("commit -qam lone");
    here.git("checkout -q main");
    expect(&here, "git branch -D merged", Low);
    expect(&here, "git branch -d merged", Low);
    expect(&here, "git branch -D lone", Medium);
    expect(&here, "git branch --delete --force merged lone", Medium);
    expect(&here, "git branch -M merged lone", Medium);
    expect(&here, "git branch -f lone main", Medium);
    expect(&here, "git branch -f merged lone", Low);
    expect(&here, "git checkout -B lone main", Medium);
    expect(&here, "git switch -C lone", Medium);
    expect(&here, "git update-ref -d refs/heads/lone", Medium);
    expect(&here, "git update-ref -d refs/heads/merged", Low);
    expect(&here, "git update-ref refs/heads/lone main", Medium);
    expect(&here, "git fetch origin +main:lone", Medium);
    assert_eq!(line("git branch -D nope", &here.0, Door::Shim).0, Nothing);
    assert_eq!(line("git branch -D nope", &here.0, Door::Check).0, Medium);
    here.git("tag v1");
    expect(&here, "git tag -d v1", Medium);
    expect(&here, "git tag -f v1 lone", Medium);
    assert_eq!(line("git tag -d v2", &here.0, Door::Shim).0, Nothing);
}

#[test]
fn pushes_by_the_branch_and_whose_commits_are_lost() {
    let (here, remote) = pushed();
    here.git("checkout -qb feat/x");
    here.write("a.txt", "mine\n");
    here.git("commit -qam mine");
    here.git("push -qu origin feat/x");
    here.git("commit --amend -qm again");
    expect(&here, "git push", Low);
    expect(&here, "git push --force-with-lease origin feat/x", Low);
    expect(&here, "git push --force-with-lease", Low);
    expect(&here, "git push --force origin feat/x", Medium);
    expect(&here, "git push -f", Medium);
    expect(&here, "git push origin +HEAD", Medium);
    expect(&here, "git push origin +feat/x:main", High);
    expect(&here, "git push --force origin main", High);
    expect(&here, "git push --force-with-lease origin main", High);
    expect(&here, "git push --mirror", High);
    expect(&here, "git push --delete origin main", High);
    expect(&here, "git push origin :main", High);
    expect(&here, "git push origin --delete feat/x", Medium);
    expect(&here, "git push -f origin --all", High);
    expect(&here, "git push --force --no-force origin main", Low);
    // Another person pushes to the branch and it is fetched.
    let other = Folder::new();
    other.git(&format!("clone -q -b feat/x {} .", remote.0.display()));
    other.write("theirs.txt", "x");
    other.git("add .");
    run_git(
        &other.0,
        &["-c".into(), "user.email=you@example.com".into(), "commit".into(), "-qm".into(), "theirs".into()],
    );
    other.git("push -q");
    here.git("fetch -q");
    expect(&here, "git push --force origin feat/x", High);
    expect(&here, "git push --force-with-lease origin feat/x", High);
    here.git("config remote.origin.push +refs/heads/*:refs/heads/*");
    expect(&here, "git push", High);
    here.git("config --unset remote.origin.push");
    here.git("config remote.origin.mirror true");
    expect(&here, "git push", High);
    expect(&here, "git push origin", High);
}

#[test]
fn the_net_itself_is_high() {
    let (here, _remote) = pushed();
    for command in [
        "git reflog expire --expire=now --all",
        "git reflog expire --expire-unreachable=now --all",
        "git gc --prune=now",
        "git gc --prune=all --aggressive",
        "git -c gc.pruneExpire=now gc",
        "git prune",
        "git filter-branch --tree-filter 'rm -f x' HEAD",
        "git filter-repo --path src",
        "git lfs migrate import --everything",
    ] {
        expect(&here, command, High);
    }
    for command in
        ["git gc", "git gc --prune=2.weeks.ago", "git reflog expire --expire=90.days", "git prune -n"]
    {
        assert!(line(command, &here.0, Door::Shim).0 <= Low, "{command}");
    }
}

#[test]
fn aliases_are_read_as_git_reads_them() {
    let (here, _remote) = pushed();
    here.write("a.txt", "changed\n");
    here.git("config alias.oops 'checkout -- .'");
    here.git("config alias.nuke '!git reset --hard && git clean -fdx'");
    here.git("config alias.a b");
    here.git("config alias.b a");
    here.git("config alias.lg 'log --oneline'");
    here.git("config alias.status 'reset --hard'");
    here.git("config alias.wipe '-c a.b=c oops'");
    expect(&here, "git oops", High);
    expect(&here, "git OOPS", High);
    expect(&here, "git nuke", High);
    expect(&here, "git wipe", High);
    expect(&here, "git a", Nothing);
    expect(&here, "git lg -5", Nothing);
    expect(&here, "git status", Nothing);
    expect_in(&here.0.join("src"), "git nuke", High);
    expect(
        &here,
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=alias.z GIT_CONFIG_VALUE_0='reset --hard' git z",
        High,
    );
    let outside = Folder::new();
    let text = format!("git -C {} reset --hard", here.0.display());
    assert_eq!(line(&text, &outside.0, Door::Shim).0, High);
    let text = format!("GIT_DIR={0}/.git GIT_WORK_TREE={0} git checkout -f", here.0.display());
    assert_eq!(line(&text, &outside.0, Door::Shim).0, High);
}

#[test]
fn worktrees_merges_and_moves() {
    let (here, _remote) = pushed();
    let place = Folder::new();
    let linked = place.0.join("w");
    here.git(&format!("worktree add -q {} -b side", linked.display()));
    let remove = format!("git worktree remove -f {}", linked.display());
    expect(&here, &remove, Low);
    std::fs::write(linked.join("new.txt"), "x").unwrap();
    expect(&here, &remove, High);
    expect(&here, "git worktree remove --force w", High);
    expect(&here, "git mv -f a.txt src/b.txt", Medium);
    assert_eq!(line("git mv -f a.txt c.txt", &here.0, Door::Shim).0, Nothing);
    // A conflict, then its resolution.
    here.git("checkout -qb other HEAD~1");
    here.write("a.txt", "other\n");
    here.git("commit -qam other");
    here.git("merge -q main");
    expect(&here, "git merge --abort", Low);
    here.write("a.txt", "resolved\n");
    here.git("add a.txt");
    expect(&here, "git merge --abort", Medium);
    expect(&here, "git reset --hard", High);
}

#[test]
fn submodules_by_what_is_changed_inside() {
    let (here, remote) = pushed();
    here.git(&format!("submodule --quiet add {} lib", remote.0.display()));
    here.git("commit -qm lib");
    expect(&here, "git submodule update --force", Low);
    expect(&here, "git submodule deinit -f lib", Low);
    here.write("lib/a.txt", "changed\n");
    expect(&here, "git submodule update --force", High);
    expect(&here, "git submodule deinit -f --all", High);
    // The outer reset leaves the submodule's files alone.
    expect(&here, "git reset --hard", Nothing);
}

#[test]
fn outside_of_a_repository_a_shim_stays_silent_and_a_check_assumes() {
    let empty = Folder::new();
    for (command, severity) in [
        ("git reset --hard", High),
        ("git checkout .", High),
        ("git restore src/main.rs", Medium),
        ("git clean -fd", High),
        ("git branch -D feat/x", Medium),
        ("git stash clear", High),
    ] {
        assert_eq!(line(command, &empty.0, Door::Check).0, severity, "{command}");
        assert_eq!(line(command, &empty.0, Door::Shim).0, Nothing, "{command}");
    }
}

#[test]
fn words_known_only_at_run_time_are_judged_by_the_worst() {
    let (here, _remote) = pushed();
    let unknown = || Word::Dynamic(vec![agentguard::invocation::Piece::Unknown("$X".to_owned())]);
    for (mut args, severity) in [
        (vec!["reset", "--hard"], High),
        (vec!["checkout", "--"], High),
        (vec!["clean", "-fd", "--"], High),
        (vec!["branch", "-D"], Medium),
        (vec!["push", "-f", "origin"], High),
        (vec![], High),
    ] {
        let mut words: Vec<Word> = args.drain(..).map(Word::from).collect();
        words.push(unknown());
        let (found, why) = judge(words.clone(), Vec::new(), &here.0, Door::Shim);
        assert_eq!(found, severity, "{words:?} {why:#?}");
    }
}

/// Rows of the corpus, each judged in an empty folder.
#[test]
fn corpus() {
    let empty = Folder::new();
    let text = include_str!("corpus/git.tsv");
    let mut wrong = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for row in text.lines().skip(1).filter(|row| !row.is_empty() && !row.starts_with('#')) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [id, severity, command, _stdin, why] = columns[..] else { panic!("five columns: {row}") };
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        assert!(!why.is_empty(), "{id} lacks its reason");
        let (found, steps) = line(command, &empty.0, Door::Check);
        let right = match severity {
            "stop" => found >= Medium,
            "run" => found <= Low,
            word => Some(found) == Severity::from_word(word),
        };
        if !right {
            wrong.push(format!("{id} {command}: {found:?}, not {severity}: {steps:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The long options that git itself completes: all known here, taking values alike.
#[test]
fn every_long_option_of_the_installed_git_is_known() {
    let (here, _remote) = pushed();
    let grammar = registry::find("git").unwrap();
    let version = run_git(&here.0, &["--version".into()]);
    let known_version = version.contains("2.47.");
    let mut wrong = Vec::new();
    for command in grammar.commands {
        // These run instead of answering.
        const RUN: &[&str] = &[
            "filter-branch",
            "fast-import",
            "shell",
            "remote-ext",
            "remote-fd",
            "unpack-objects",
            "instaweb",
            "daemon",
            "http-backend",
            "upload-pack",
            "receive-pack",
            "upload-archive",
            "filter-repo",
            "lfs",
            "subtree",
            "p4",
            "svn",
            "index-pack",
            "quiltimport",
            "credential",
            "cvsserver",
            "archimport",
            "cvsimport",
            "merge-one-file",
            "merge-octopus",
            "merge-resolve",
            "merge-ours",
            "merge-recursive",
            "merge-recursive-ours",
            "merge-recursive-theirs",
            "merge-subtree",
            "cvsexportcommit",
            "get-tar-commit-id",
            "mailsplit",
            "unpack-file",
            "send-email",
            "submodule",
            "mergetool",
            "bisect",
            "request-pull",
        ];
        if RUN.contains(&command.path[0])
            || command.path == ["stash", "export"]
            || command.path == ["stash", "import"]
        {
            continue;
        }
        let mut args: Vec<String> = command.path.iter().map(|word| (*word).to_owned()).collect();
        args.push("--git-completion-helper-all".to_owned());
        let output = run_git(&here.0, &args);
        for word in output.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
            let name = word.trim_end_matches('=');
            let mut words: Vec<Word> = command.path.iter().map(|word| Word::from(*word)).collect();
            words.push(Word::from(name));
            words.push(Word::from("VALUE"));
            let binding = bind::bind(grammar, &words, false);
            let unknown = binding
                .faults
                .iter()
                .any(|fault| matches!(fault, Fault::UnknownOption(_) | Fault::AmbiguousOption(_)));
            if unknown {
                wrong.push(format!("{} {name}: unknown", command.path.join(" ")));
                continue;
            }
            let bound = binding.options.last().unwrap();
            if word.ends_with('=') && (bound.opt.arity != Arity::Required || bound.negated) {
                wrong.push(format!("{} {word} takes a value", command.path.join(" ")));
            }
        }
    }
    if known_version {
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// Every file below a folder with its content, `.git` left out.
fn contents(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && entry.file_name() != ".git" {
            contents(&entry.path(), found);
        } else if kind.is_file() {
            found.push(std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Whether some commit or the index holds the content.
fn kept(folder: &Folder, content: &[u8]) -> bool {
    std::fs::write(folder.0.join(".git/probe"), content).unwrap();
    let hash = run_git(&folder.0, &["hash-object".into(), "--no-filters".into(), ".git/probe".into()]);
    let lists = ["rev-list --objects --all --reflog", "ls-files -s"];
    lists.iter().any(|list| run_git(&folder.0, &shell_words::split(list).unwrap()).contains(hash.trim()))
}

/// The oracle is git itself: each command is run for real in each state, and what was in a file
/// before and is nowhere afterwards must have been called at least medium.
#[test]
fn whatever_really_loses_content_is_stopped() {
    let states: &[(&str, &[&str], &[(&str, &str)], &[&str])] = &[
        ("clean", &[], &[], &[]),
        ("modified", &[], &[("a.txt", "m1")], &[]),
        ("staged", &[], &[("a.txt", "m2")], &["add a.txt"]),
        ("new staged", &[], &[("new.txt", "m3")], &["add new.txt"]),
        ("intent to add", &[], &[("new.txt", "m4")], &["add -N new.txt"]),
        ("untracked", &[], &[("u.txt", "m5"), ("folder/u.txt", "m6")], &[]),
        ("ignored", &[], &[(".env", "m7"), ("x.cache", "m8")], &[]),
        ("in a folder", &[], &[("src/b.txt", "m9")], &[]),
        ("untracked where a branch has a file", &[], &[("side.txt", "m10")], &[]),
        ("renamed", &["mv a.txt moved.txt"], &[("moved.txt", "m11")], &["add moved.txt"]),
    ];
    let commands = [
        "reset --hard",
        "reset --hard HEAD~1",
        "reset --hard side",
        "reset --merge",
        "reset --keep HEAD~1",
        "reset",
        "checkout .",
        "checkout -- a.txt",
        "checkout a.txt",
        "checkout src",
        "checkout HEAD -- .",
        "checkout HEAD .",
        "checkout HEAD~1 -- src a.txt",
        "checkout side",
        "checkout -f side",
        "checkout -f",
        "checkout -B other side",
        "switch side",
        "switch -f side",
        "switch --discard-changes -c fresh",
        "restore .",
        "restore a.txt",
        "restore -S .",
        "restore -SW .",
        "restore -s side .",
        "restore -s HEAD~1 -SW .",
        "clean -f",
        "clean -fd",
        "clean -fdx",
        "clean -fdX",
        "clean -fd folder",
        "rm -f a.txt",
        "rm -rf src",
        "rm -rf .",
        "rm a.txt",
        "rm --cached a.txt",
        "read-tree --reset -u side",
        "read-tree -m -u HEAD side",
        "checkout-index -f -a",
        "checkout-index -f a.txt",
        "mv -f a.txt u.txt",
        "mv -f a.txt src/b.txt",
        "stash",
        "stash -u",
        "merge side",
        "rebase side",
        "cherry-pick side",
        "commit -am x",
        "checkout -m side",
        "apply --stat x",
        "worktree prune",
        "gc",
        "branch -f side",
        "stash -a",
    ];
    let mut wrong = Vec::new();
    for (state, first, files, last) in states {
        let pattern = Folder::new();
        pattern.git("init -q");
        for text in ["one", "two"] {
            pattern.write("a.txt", text);
            pattern.write("src/b.txt", text);
            pattern.write(".gitignore", ".env\n*.cache\n");
            pattern.git("add .");
            pattern.git(&format!("commit -qm {text}"));
        }
        pattern.git("checkout -qb side");
        pattern.write("side.txt", "side");
        pattern.git("add .");
        pattern.git("commit -qm side");
        pattern.git("checkout -q main");
        first.iter().for_each(|line| pattern.git(line));
        files.iter().for_each(|(name, text)| pattern.write(name, text));
        last.iter().for_each(|line| pattern.git(line));
        for command in commands {
            let (found, why) = line(&format!("git {command}"), &pattern.0, Door::Shim);
            if found >= Medium {
                continue;
            }
            let here = Folder::new();
            let copied = Command::new("cp").arg("-a").arg(pattern.0.join(".")).arg(&here.0).status().unwrap();
            assert!(copied.success());
            let mut before = Vec::new();
            contents(&here.0, &mut before);
            here.git(command);
            let mut after = Vec::new();
            contents(&here.0, &mut after);
            let lost = before.iter().any(|content| !after.contains(content) && !kept(&here, content));
            if lost {
                wrong.push(format!("{state}: git {command}: {found:?} {why:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} lost something:\n{}", wrong.len(), wrong.join("\n"));
}
