//! Which service an HTTP request reaches, in which environment.
//!
//! In: a host as named in the URL, and what is known of the provider. Out: a [`Target`]. It refuses
//! to know where a connection is led by `--connect-to` or a proxy: the name says what is meant.
//!
//! | host | environment |
//! |---|---|
//! | `localhost`, `*.localhost`, 127/8, `::1`, `0.0.0.0`, `*.local`, `*.test` | local |
//! | private addresses, names without a dot, `*.internal` | unknown: they lead to any machine |
//! | a label that is a word for production or staging | that, by name |
//! | anything else | unknown |

use std::net::IpAddr;

use crate::target::{Environment, Facets, Target, name};

/// The target of a host; `provider` is the name of the API, when it is known.
#[must_use]
pub fn target(host: &str, port: Option<u16>, provider: Option<&str>) -> Target {
    let shown = if host.is_empty() { "unnamed host" } else { host }.replace(crate::language::json::HOLE, "…");
    let place = port.map_or_else(|| shown.clone(), |port| format!("{shown}:{port}"));
    let mut target = Target {
        kind: "http",
        name: provider.map_or_else(|| place.clone(), |provider| format!("{place} ({provider})")),
        facets: Facets { host: Some(shown), ..Facets::default() },
        ..Target::default()
    };
    if is_local(host) {
        target.environment = Environment::Local;
        target.evidence.push(format!("{host} is this machine"));
    } else if let Some((environment, evidence)) = name::environment_of(host) {
        // A public host that calls itself a test or local one is still somebody's service.
        if !matches!(environment, Environment::Local | Environment::Test) {
            target.environment = environment;
            target.by_name = true;
            target.evidence.push(evidence);
        }
    }
    target
}

/// True when a host can only be this machine.
#[must_use]
pub fn is_local(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback() || address.is_unspecified();
    }
    matches!(host, "localhost" | "ip6-localhost")
        || [".localhost", ".local", ".test"].iter().any(|ending| host.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for host in [
            "localhost",
            "api.localhost",
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "0.0.0.0",
            "printer.local",
            "app.test",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "10.0.0.1",
            "192.168.1.4",
            "db",
            "vault.internal",
            "localhost.example.com",
            "127.0.0.1.nip.io",
            "contest",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
