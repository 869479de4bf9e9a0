//! The environment that a name suggests: hosts, databases, projects, profiles, branches.
//!
//! In: a name. Out: an environment and the words that say so. A name alone never makes anything
//! milder than unknown, except *test* at the end of a database's name and addresses that are local.

use crate::target::Environment;

const PRODUCTION: &[&str] = &["prod", "production", "prd", "live"];
const STAGING: &[&str] = &["staging", "stage", "stg", "uat", "preprod", "qa", "nonprod"];
const DEVELOPMENT: &[&str] = &["dev", "develop", "development", "sandbox"];

/// The environment that a word of `name` stands for, and why.
#[must_use]
pub fn environment_of(name: &str) -> Option<(Environment, String)> {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .map(|word| word.trim_end_matches(|letter: char| letter.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .collect();
    let says = |list: &[&str]| words.iter().any(|word| list.contains(word));
    // `pre-prod` and `non-prod` are two words of which the second alone would mislead.
    let negated = words
        .windows(2)
        .any(|pair| matches!(pair[0], "pre" | "non" | "not") && PRODUCTION.contains(&pair[1]));
    let environment = if says(PRODUCTION) && !negated {
        Environment::Production
    } else if says(STAGING) || negated {
        Environment::Staging
    } else if says(DEVELOPMENT) {
        Environment::Development
    } else {
        return None;
    };
    Some((environment, format!("'{name}' looks like {}", environment.word())))
}

/// True for a database that exists to be thrown away: its name ends in `_test`.
#[must_use]
pub fn is_test_database(name: &str) -> bool {
    let plain = name.to_ascii_lowercase();
    plain.trim_end_matches(|letter: char| letter.is_ascii_digit()).ends_with("_test")
}

/// True for addresses that cannot leave this machine, and for the names reserved for that.
#[must_use]
pub fn is_local_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    host == "localhost"
        || host == "::1"
        || host == "0.0.0.0"
        || is_loopback(&host)
        || [".localhost", ".local", ".test"].iter().any(|ending| host.ends_with(ending))
}

fn is_loopback(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok_and(|address| match address {
        std::net::IpAddr::V4(v4) => v4.is_loopback(),
        std::net::IpAddr::V6(v6) => {
            v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_by_name() {
        for (name, expected) in [
            ("db.prod.example.com", Some(Environment::Production)),
            ("app-production-2", Some(Environment::Production)),
            ("prod01.internal", Some(Environment::Production)),
            ("db.live", Some(Environment::Production)),
            ("pre-prod-db", Some(Environment::Staging)),
            ("nonprod", Some(Environment::Staging)),
            ("product-db", None),
            ("reproduce", None),
            ("delivery", None),
            ("staging.example.com", Some(Environment::Staging)),
            ("dev-db", Some(Environment::Development)),
            ("device", None),
            ("app", None),
        ] {
            assert_eq!(environment_of(name).map(|found| found.0), expected, "{name}");
        }
    }

    #[test]
    fn local_addresses() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("[::1]", true),
            ("::ffff:127.0.0.1", true),
            ("app.test", true),
            ("printer.local", true),
            ("10.0.0.5", false),
            ("127.0.0.1.example.com", false),
            ("localhost.example.com", false),
            ("db", false),
        ] {
            assert_eq!(is_local_host(host), expected, "{host}");
        }
    }

    #[test]
    fn test_databases() {
        assert!(is_test_database("app_test"));
        assert!(is_test_database("app_test3"));
        assert!(!is_test_database("test"));
        assert!(!is_test_database("contest"));
    }
}
