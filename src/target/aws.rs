//! Which account, region and endpoint an `aws` line leads to, without asking anyone.
//!
//! | source, strongest first | gives |
//! |---|---|
//! | `--endpoint-url`, `AWS_ENDPOINT_URL_SERVICE`, `AWS_ENDPOINT_URL`, the profile's | the host; a loopback one is local |
//! | the same without the option, for services where version 1 ignores it | nothing: it may be the real account |
//! | `--profile`, else `AWS_PROFILE`, `AWS_DEFAULT_PROFILE`, else `default` | the profile |
//! | `AWS_ACCESS_KEY_ID` without `--profile` | the account, decoded from the key id |
//! | `role_arn`, `sso_account_id`, `aws_account_id`, `login_session`, the profile's key id | the account |
//! | `AWS_ROLE_ARN`, `AWS_ACCOUNT_ID`, ARNs of the line | the same, where nothing else says |
//! | `--region`, `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's | the region |
//! | words in profile, role and identifiers | production by name; a name never lowers |
//!
//! Files are `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`. Of a secret only the key id is
//! looked at, and it is not shown.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::invocation::Word;
use crate::reader::Call;
use crate::reader::aws::argv::Line;
use crate::target::name;
use crate::target::{Environment, Facets, Target};

/// Configuration above this is not read.
const CONFIG_BOUND: u64 = 4 << 20;

/// Options whose values are texts, not names.
const TEXTS: &[&str] = &[
    "description",
    "message",
    "comment",
    "subject",
    "body",
    "payload",
    "filters",
    "sql",
    "query-string",
    "statement",
];

/// What a line says about where it leads.
#[derive(Debug, Default)]
pub struct Origin {
    service: String,
    endpoint: Option<Word>,
    profile: Option<Word>,
    region: Option<Word>,
    /// Identifiers, buckets, ARNs.
    names: Vec<String>,
}

impl Origin {
    /// From a line taken apart.
    #[must_use]
    pub fn of(line: &Line, service: &str) -> Self {
        let options = line
            .own()
            .filter(|given| !TEXTS.contains(&given.name.as_str()))
            .flat_map(|given| given.values.iter());
        let operands = line.operands.iter().skip(2).map(|(_, word)| word);
        let names = options
            .chain(operands)
            .map(|word| word.visible().to_string_lossy().into_owned())
            .filter(|text| text.len() <= 512 && !text.contains(' ') && !text.starts_with(['{', '[']))
            .collect();
        Self {
            service: service.to_owned(),
            endpoint: line.global("endpoint").cloned(),
            profile: line.global("profile").cloned(),
            region: line.global("region").cloned(),
            names,
        }
    }
}

/// Sections of an AWS configuration file, in order: title, keys in lower case. Keys of a nested
/// block stand as `outer.inner`.
#[must_use]
pub fn sections(text: &str) -> Vec<(String, HashMap<String, String>)> {
    let mut out: Vec<(String, HashMap<String, String>)> = Vec::new();
    let mut outer = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(title) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let title: Vec<&str> = title.split_whitespace().collect();
            outer.clear();
            out.push((title.join(" ").replace(['"', '\''], ""), HashMap::new()));
            continue;
        }
        let Some((_, keys)) = out.last_mut() else { continue };
        if line.starts_with([' ', '\t']) && !outer.is_empty() {
            // An alias's shell text may hold an equals sign; it is not a block of keys.
            if keys.get(&outer).is_some_and(String::is_empty)
                && !trimmed.starts_with('!')
                && let Some((key, value)) = trimmed.split_once('=')
            {
                keys.insert(format!("{outer}.{}", key.trim()), value.trim().to_owned());
            } else if let Some(value) = keys.get_mut(&outer) {
                value.push('\n');
                value.push_str(trimmed);
            }
            continue;
        }
        if let Some((key, value)) = trimmed.split_once('=') {
            key.trim().clone_into(&mut outer);
            keys.insert(outer.clone(), value.trim().to_owned());
        }
    }
    out
}

/// The account that an access key id belongs to; `None` for ids of the older form.
///
/// Twelve digits stand in bits 7 to 46 of the first six bytes after the four-letter prefix.
#[must_use]
pub fn account_of_key(id: &str) -> Option<String> {
    let rest = id.strip_prefix("AKIA").or_else(|| id.strip_prefix("ASIA"))?;
    if rest.len() != 16 {
        return None;
    }
    // Ten letters of five bits hold the six bytes; the two bits over are dropped.
    let mut bits: u64 = 0;
    for letter in rest.bytes().take(10) {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u64::from(value);
    }
    let number = ((bits >> 2) & 0x7fff_ffff_ff80) >> 7;
    (number > 0 && number < 1_000_000_000_000).then(|| format!("{number:012}"))
}

/// The account field of an ARN.
#[must_use]
pub fn account_of_arn(text: &str) -> Option<String> {
    let account = text.strip_prefix("arn:")?.split(':').nth(3)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then(|| account.to_owned())
}

/// The profile's keys from both files; the credentials file wins.
struct Profile {
    name: Option<String>,
    keys: HashMap<String, String>,
    services: HashMap<String, String>,
}

impl Profile {
    fn read(origin: &Origin, call: &Call) -> Self {
        let variable = || {
            ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]
                .iter()
                .find_map(|name| call.env(name))
                .filter(|word| word.is_dynamic() || !word.visible().is_empty())
        };
        let name = match origin.profile.clone().or_else(variable) {
            None => Some("default".to_owned()),
            Some(word) => word.known().map(|text| text.to_string_lossy().into_owned()),
        };
        let mut profile = Self { name, keys: HashMap::new(), services: HashMap::new() };
        let Some(name) = profile.name.clone() else { return profile };
        let config = file(call, "AWS_CONFIG_FILE", "config");
        let titles = [format!("profile {name}"), name.clone()];
        for (title, keys) in &config {
            if *title == titles[0] || (name == "default" && *title == titles[1]) {
                profile.keys.extend(keys.clone());
            }
        }
        for (title, keys) in file(call, "AWS_SHARED_CREDENTIALS_FILE", "credentials") {
            if title == name {
                profile.keys.extend(keys);
            }
        }
        if let Some(services) = profile.keys.get("services") {
            let title = format!("services {services}");
            let found = config.into_iter().find(|(known, _)| *known == title);
            profile.services = found.map(|(_, keys)| keys).unwrap_or_default();
        }
        profile
    }

    fn account(&self) -> Option<(String, String)> {
        let key = |name: &str| self.keys.get(name);
        let by = |account: Option<String>, how: &str| account.map(|account| (account, how.to_owned()));
        by(key("role_arn").and_then(|arn| account_of_arn(arn)), "the profile's role")
            .or_else(|| by(key("sso_account_id").cloned(), "the profile's sso_account_id"))
            .or_else(|| by(key("aws_account_id").cloned(), "the profile's aws_account_id"))
            .or_else(|| by(key("login_session").and_then(|arn| account_of_arn(arn)), "the profile's session"))
            .or_else(|| by(key("aws_access_key_id").and_then(|id| account_of_key(id)), "the profile's key"))
    }
}

fn file(call: &Call, variable: &str, name: &str) -> Vec<(String, HashMap<String, String>)> {
    let path = match call.env_known(variable).filter(|path| !path.is_empty()) {
        Some(path) => call.path(&path),
        None => {
            let home = call.env_known("HOME").map(PathBuf::from).or_else(|| call.context.home());
            match home {
                Some(home) => home.join(".aws").join(name),
                None => return Vec::new(),
            }
        }
    };
    match call.context.read(&path, CONFIG_BOUND) {
        Ok(bytes) => sections(&String::from_utf8_lossy(&bytes)),
        Err(_) => Vec::new(),
    }
}

/// The place that a line leads to.
#[must_use]
pub fn resolve(origin: &Origin, call: &Call) -> Target {
    let profile = Profile::read(origin, call);
    let text = |name: &str| variable(call, name);
    let account = account(origin, &profile, call);
    let region = origin
        .region
        .as_ref()
        .map(|word| word.visible().to_string_lossy().into_owned())
        .or_else(|| text("AWS_REGION"))
        .or_else(|| text("AWS_DEFAULT_REGION"))
        .or_else(|| profile.keys.get("region").cloned());
    let mut target = Target { kind: "aws", ..Target::default() };
    let host = endpoint(origin, &profile, call, &mut target).as_deref().map(host_of);
    target.name = shown(account.as_ref().map(|found| found.0.as_str()), &profile, region.as_deref());
    target.facets = Facets {
        account: account.as_ref().map(|found| found.0.clone()),
        host: host.clone().or_else(|| region.as_ref().map(|region| usual_host(&origin.service, region))),
        ..Facets::default()
    };
    if let Some((account, how)) = account {
        target.evidence.push(format!("account {account} by {how}"));
    }
    if let Some(host) = &host {
        target.evidence.push(format!("endpoint {host}"));
        if is_local(host) {
            target.environment = Environment::Local;
            return target;
        }
    }
    by_name(&mut target, origin, &profile);
    target
}

/// Production when any name says so; a milder word is noted and changes nothing.
fn by_name(target: &mut Target, origin: &Origin, profile: &Profile) {
    let role = profile.keys.get("role_arn").or_else(|| profile.keys.get("sso_role_name"));
    let names = profile.name.iter().chain(role).chain(&origin.names);
    let found =
        names.filter_map(|text| name::environment_of(text)).max_by_key(|(environment, _)| *environment);
    if let Some((environment, why)) = found {
        target.environment = environment;
        target.by_name = true;
        target.evidence.push(why);
    }
}

fn account(origin: &Origin, profile: &Profile, call: &Call) -> Option<(String, String)> {
    let text = |name: &str| variable(call, name);
    let by = |account: Option<String>, how: &str| account.map(|account| (account, how.to_owned()));
    // A profile on the command line switches the variables' keys off; AWS_PROFILE does not.
    let variables = || match origin.profile {
        Some(_) => None,
        None => by(text("AWS_ACCESS_KEY_ID").and_then(|id| account_of_key(&id)), "AWS_ACCESS_KEY_ID"),
    };
    let arn = || origin.names.iter().find_map(|name| account_of_arn(name));
    variables()
        .or_else(|| profile.account())
        .or_else(|| by(text("AWS_ROLE_ARN").and_then(|arn| account_of_arn(&arn)), "AWS_ROLE_ARN"))
        .or_else(|| by(text("AWS_ACCOUNT_ID").filter(|id| id.len() == 12), "AWS_ACCOUNT_ID"))
        .or_else(|| by(arn(), "an ARN of the line"))
}

/// The endpoint of the line, else the configured one.
fn endpoint(origin: &Origin, profile: &Profile, call: &Call, target: &mut Target) -> Option<String> {
    if let Some(word) = &origin.endpoint {
        // A dynamic host is no reason to be milder.
        return word.known().map(|text| text.to_string_lossy().into_owned());
    }
    let configured = configured_endpoint(origin, profile, call)?;
    if overridden(origin, profile, call) {
        target.evidence.push(format!(
            "version 1 ignores a configured endpoint for {}: give --endpoint-url",
            origin.service
        ));
        return None;
    }
    Some(configured)
}

fn configured_endpoint(origin: &Origin, profile: &Profile, call: &Call) -> Option<String> {
    let text = |name: &str| variable(call, name);
    if text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    // s3 and s3api are one service to botocore.
    let service = if origin.service == "s3api" { "s3" } else { origin.service.as_str() };
    let plain = service.replace('-', "_");
    text(&format!("AWS_ENDPOINT_URL_{}", plain.to_ascii_uppercase()))
        .or_else(|| text("AWS_ENDPOINT_URL"))
        .or_else(|| profile.services.get(&format!("{plain}.endpoint_url")).cloned())
        .or_else(|| profile.keys.get("endpoint_url").cloned())
}

/// True where awscli 1.45 puts an older host name over the configured endpoint, so that a line meant
/// for an emulator reaches the real account (overridesslcommonname.py; run against a loopback server).
fn overridden(origin: &Origin, profile: &Profile, call: &Call) -> bool {
    let given = origin.region.as_ref().map(|word| word.visible().to_string_lossy().into_owned());
    let mut regions = given
        .into_iter()
        .chain(["AWS_REGION", "AWS_DEFAULT_REGION"].iter().filter_map(|name| variable(call, name)))
        .chain(profile.keys.get("region").cloned());
    match origin.service.as_str() {
        "rds" | "docdb" | "neptune" => regions.any(|region| region == "us-east-1"),
        "sqs" | "emr" | "health" => regions.next().is_some(),
        _ => false,
    }
}

/// A variable that is set, known and not empty.
fn variable(call: &Call, name: &str) -> Option<String> {
    call.env_known(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// Loopback, or the name that LocalStack gives to it.
fn is_local(host: &str) -> bool {
    name::is_local_host(host)
        || host == "localhost.localstack.cloud"
        || host.ends_with(".localhost.localstack.cloud")
}

/// The host of a URL, without user, port and path.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.to_ascii_lowercase()
}

fn usual_host(service: &str, region: &str) -> String {
    let service = if service == "s3api" { "s3" } else { service };
    format!("{service}.{region}.amazonaws.com")
}

fn shown(account: Option<&str>, profile: &Profile, region: Option<&str>) -> String {
    let name = profile.name.as_deref().unwrap_or("known only when the line runs");
    let account =
        account.map_or_else(|| "an unknown account".to_owned(), |account| format!("account {account}"));
    let place = region.map(|region| format!(", region {region}")).unwrap_or_default();
    format!("{account} (profile {name}){place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_key_ids() {
        // The public example of the encoding.
        assert_eq!(account_of_key("ASIAQNZGKIQY56JQ7WML").as_deref(), Some("029608264753"));
        assert_eq!(account_of_key("AIDAQNZGKIQY56JQ7WML"), None);
        assert_eq!(account_of_key("AKIA"), None);
        assert_eq!(account_of_key("AKIAqnzgkiqy56jq7wml"), None);
    }

    #[test]
    fn accounts_of_arns() {
        assert_eq!(
            account_of_arn("arn:aws:rds:us-east-1:123456789012:db:x").as_deref(),
            Some("123456789012")
        );
        assert_eq!(account_of_arn("arn:aws:s3:::bucket/key"), None);
    }

    #[test]
    fn hosts_of_urls() {
        for (url, host) in [
            ("http://localhost:4566", "localhost"),
            ("https://user@127.0.0.1:4566/path", "127.0.0.1"),
            ("http://[::1]:4566", "::1"),
            ("http://localhost@evil.example.com", "evil.example.com"),
            ("http://evil.example.com\\@localhost", "evil.example.com"),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
        assert!(is_local("s3.localhost.localstack.cloud"));
        assert!(!is_local("localstack.cloud.example.com"));
    }

    #[test]
    fn nested_blocks_of_a_configuration() {
        let text =
            "[services local]\ns3 =\n  endpoint_url = http://localhost:4566\n[profile  dev]\nregion=x\n";
        let found = sections(text);
        assert_eq!(found[0].1["s3.endpoint_url"], "http://localhost:4566");
        assert_eq!(found[1].0, "profile dev");
    }
}
