//! What is a secret and what only looks like one: the table is the specification. Every secret in it is made up.

use super::*;

/// A text, and the piece of it that must be gone; empty: nothing may change.
const TEXTS: &[(&str, &str)] = &[
    // URLs
    ("postgres://app:hunter2@db.example.com/app", "hunter2"),
    ("postgres://app:p@ss:w@db.example.com/app", "p@ss:w"),
    ("postgres://app:p/w?x@db.example.com/app", "p/w?x"),
    ("https://example.com:8080/a@b", ""),
    ("https://app@db.example.com/app", ""),
    ("https://abcdefghij0123456789abcd@github.com/o/r.git", "abcdefghij0123456789abcd"),
    ("https://x:$TOKEN@github.com/o/r.git", ""),
    ("https://example.com/a@b", ""),
    ("https://api.example.com/v1?access_token=abcdef12345&x=1", "abcdef12345"),
    // headers
    ("Authorization: Bearer 4d0c1b5e-0f0a-4a52-9d3e-3b2f6f9f1c11", "4d0c1b5e-0f0a-4a52-9d3e-3b2f6f9f1c11"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("authorization: token abc123", "abc123"),
    ("Authorization: hunter2 and more", "hunter2 and more"),
    ("Authorization: Bearer $RAILWAY_TOKEN", ""),
    ("PRIVATE-TOKEN: hunter2hunter2", "hunter2hunter2"),
    ("X-Api-Key: hunter2", "hunter2"),
    ("Project-Access-Token: hunter2", "hunter2"),
    ("Cookie: session=abc; theme=dark", "session=abc; theme=dark"),
    ("Content-Type: application/json", ""),
    ("curl -H 'Authorization: Bearer abcdef' https://example.com", "abcdef"),
    ("use Bearer 4d0c1b5e-0f0a-4a52-9d3e-3b2f6f9f1c11 here", "4d0c1b5e-0f0a-4a52-9d3e-3b2f6f9f1c11"),
    ("a bearer of news", ""),
    // names and values
    ("PGPASSWORD=hunter2", "hunter2"),
    ("PGPASSWORD=$SECRET", ""),
    ("host=db password=hunter2 dbname=app", "hunter2"),
    ("host=db password = 'hunter 2' dbname=app", "hunter 2"),
    (r#"{"api_key": "hunter2", "n": 1}"#, "hunter2"),
    (r#"{\"token\":\"hunter2\"}"#, "hunter2"),
    (r#"{"max_tokens": 100}"#, ""),
    ("--max-tokens=100 --token-count=5", ""),
    ("RAILWAY_TOKEN='hunter2'", "hunter2"),
    ("client_secret=hunter2;", "hunter2"),
    ("Server=db;Uid=app;Pwd=hunter2;", "hunter2"),
    ("PWD=/home/u", ""),
    ("SecretId=prod/db", ""),
    ("--secret-id prod/db", ""),
    ("token::text", ""),
    ("SELECT token FROM sessions WHERE id = 3", ""),
    ("UPDATE users SET password_hash = 'hunter2'", "hunter2"),
    // SQL
    ("ALTER ROLE app WITH PASSWORD 'hunter2'", "hunter2"),
    ("alter role app password E'hun\\'ter2' valid until 'x'", "hun\\'ter2"),
    ("ALTER ROLE app PASSWORD $x$hunter2$x$", "hunter2"),
    ("CREATE USER a IDENTIFIED BY 'hun''ter2'", "hun''ter2"),
    ("ALTER ROLE app PASSWORD NULL", ""),
    ("GRANT ALL ON t TO u", ""),
    // shapes
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
    ("key sk_live_abcdefghijklmnop here", "sk_live_abcdefghijklmnop"),
    ("github_pat_11ABCDEFG0abcdefghijkl", "github_pat_11ABCDEFG0abcdefghijkl"),
    ("glpat-abcdefghijklmnopqrst", "glpat-abcdefghijklmnopqrst"),
    ("xoxb-1234567890-abcdef", "xoxb-1234567890-abcdef"),
    ("AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
    ("(wJalrXUtn3EMIK7MDENGb9xRfiCYzEXAMPLEKE40)", "wJalrXUtn3EMIK7MDENGb9xRfiCYzEXAMPLEKE40"),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    ),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", ""),
    ("4d0c1b5e-0f0a-4a52-9d3e-3b2f6f9f1c11", ""),
    ("rm -rf node_modules/sk-button", ""),
    ("s3://my-bucket/path/to/object-2024", ""),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpA\n-----END RSA PRIVATE KEY-----", "\nMIIEpA\n"),
    ("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", ""),
    // lines
    ("curl -u app:hunter2 https://example.com", "hunter2"),
    ("docker run -u 1000:1000 alpine", ""),
    ("größe: ü = 'ß'", ""),
    ("", ""),
];

#[test]
fn texts() {
    for (text, secret) in TEXTS {
        let expected = if secret.is_empty() { (*text).to_owned() } else { text.replacen(secret, MARK, 1) };
        assert_eq!(redact(text), expected, "{text}");
        assert_eq!(redact(&redact(text)), expected, "twice: {text}");
    }
}

#[test]
fn argument_lists() {
    let table: &[(&[&str], &[&str])] = &[
        (&["curl", "-u", "app:hunter2", "https://e.com"], &["curl", "-u", "app:[redacted]", "https://e.com"]),
        (&["curl", "-uapp:hunter2"], &["curl", "-uapp:[redacted]"]),
        (&["curl", "-H", "Authorization: Bearer abc"], &["curl", "-H", "Authorization: Bearer [redacted]"]),
        (&["docker", "run", "-u", "1000:1000", "x"], &["docker", "run", "-u", "1000:1000", "x"]),
        (
            &["psql", "-U", "app", "-c", "ALTER ROLE a PASSWORD 'x1'"],
            &["psql", "-U", "app", "-c", "ALTER ROLE a PASSWORD '[redacted]'"],
        ),
        (&["psql", "--password", "prod"], &["psql", "--password", "prod"]),
        (&["mysql", "-phunter2", "app"], &["mysql", "-p[redacted]", "app"]),
        (&["mysql", "-p", "app"], &["mysql", "-p", "app"]),
        (
            &["/usr/bin/vault", "login", "--token", "hunter2"],
            &["/usr/bin/vault", "login", "--token", "[redacted]"],
        ),
        (&["docker", "login", "--password-stdin", "host"], &["docker", "login", "--password-stdin", "host"]),
        (
            &["aws", "secretsmanager", "delete-secret", "--secret-id", "prod/db"],
            &["aws", "secretsmanager", "delete-secret", "--secret-id", "prod/db"],
        ),
        (
            &["aws", "configure", "set", "aws_secret_access_key=hunter2"],
            &["aws", "configure", "set", "aws_secret_access_key=[redacted]"],
        ),
        (&["x", "--token", "$TOKEN"], &["x", "--token", "$TOKEN"]),
        (&["x", "--token", "--force"], &["x", "--token", "--force"]),
        (&["git", "push", "-u", "origin", "main:main"], &["git", "push", "-u", "origin", "main:main"]),
        (&[], &[]),
    ];
    for (words, expected) in table {
        let clean = redact_words(words);
        assert_eq!(clean, *expected, "{words:?}");
        assert_eq!(redact_words(&clean), *expected, "twice: {words:?}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_and_settles(text in "[ -~éß\n]{0,80}") {
        let once = redact(&text);
        proptest::prop_assert_eq!(&redact(&once), &once);
        let _ = redact_words(&[text.as_str(), once.as_str()]);
    }

    #[test]
    fn finds_secrets_in_any_company(noise in "[a-z =:'\"/-]{0,20}") {
        let text = format!("{noise} ghp_abcdefghijklmnopqrstuvwxyz012345 {noise}");
        proptest::prop_assert!(!redact(&text).contains("ghp_"));
    }
}
