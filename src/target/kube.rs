//! Which cluster and namespace a kubectl invocation means, and in which environment they are.
//!
//! In: the binding's options, KUBECONFIG, the kube config file. Out: a [`Target`]. It refuses to
//! ask the cluster; of the file it reads two keys by their lines, no YAML.

use std::path::PathBuf;

use crate::grammar::bind::Binding;
use crate::invocation::Word;
use crate::reader::Call;
use crate::target::{Environment, Target, name};

/// A config above this is not read: 1 MiB.
const BOUND: u64 = 1 << 20;

/// Contexts that the tools for clusters on this machine make.
const LOCAL: &[&str] = &[
    "minikube",
    "docker-desktop",
    "docker-for-desktop",
    "rancher-desktop",
    "orbstack",
    "colima",
    "microk8s",
];
const LOCAL_PREFIXES: &[&str] = &["kind-", "k3d-", "minikube-"];

/// The target of an invocation.
pub fn resolve(binding: &Binding, call: &Call) -> Target {
    let given = |option: &str| {
        binding.value(option).and_then(Word::known).map(|value| value.to_string_lossy().into_owned())
    };
    let context = given("--context").or_else(|| current_context(binding, call));
    let namespace = given("--namespace");
    let mut target = Target { kind: "kubernetes", ..Target::default() };
    target.name = match (&namespace, &context) {
        (Some(namespace), Some(context)) => format!("{namespace} in {context}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    target.facets.project.clone_from(&namespace);
    target.facets.account.clone_from(&context);
    let is_local = context.as_deref().is_some_and(|context| {
        LOCAL.contains(&context) || LOCAL_PREFIXES.iter().any(|prefix| context.starts_with(prefix))
    });
    if is_local && given("--server").is_none() {
        target.environment = Environment::Local;
        target.evidence.push("a cluster of this machine by its context".to_owned());
        return target;
    }
    let names = [given("--server"), given("--cluster"), context, namespace];
    let found = names.into_iter().flatten().filter_map(|name| name::environment_of(&name)).max();
    if let Some((environment, evidence)) = found {
        target.environment = environment;
        target.by_name = true;
        target.evidence.push(evidence);
    }
    target
}

/// `current-context` of the first file that says one.
fn current_context(binding: &Binding, call: &Call) -> Option<String> {
    let given = binding.value("--kubeconfig").and_then(Word::known).map(|path| vec![call.path(path)]);
    let listed = || {
        let variable = call.env_known("KUBECONFIG").filter(|list| !list.is_empty())?;
        Some(std::env::split_paths(&variable).map(|path| call.path(path.as_os_str())).collect())
    };
    let usual = || call.context.home().map(|home| vec![home.join(".kube/config")]);
    let files: Vec<PathBuf> = given.or_else(listed).or_else(usual)?;
    files.iter().find_map(|file| {
        let bytes = call.context.read(file, BOUND).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let value = text.lines().find_map(|line| line.strip_prefix("current-context:"))?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    })
}
