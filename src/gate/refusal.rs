//! The text of a refusal, for whoever reads standard error: an agent first, its person next.
//!
//! In: a [`Refusal`] filled from a verdict. Out: at most twelve plain lines, stable. It refuses to name
//! a way around itself: what it offers is another way to the goal, or a person's approval.

use crate::term;

/// More reasons than these are in `agentguard explain`.
const REASONS: usize = 3;

/// Longer lines are cut; the log holds the rest.
const WIDTH: usize = 240;

/// What a refusal says. Empty texts are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refusal<'a> {
    /// What would happen: `drop table public.users`.
    pub headline: &'a str,
    /// `critical`, `high`, …
    pub severity: &'a str,
    /// `production`, `staging`, …; with `target` and how it is known.
    pub environment: &'a str,
    /// `app at db.example.com`
    pub target: &'a str,
    /// `host matches *.prod.example.com`
    pub evidence: &'a str,
    /// `1,203,441 rows, 512 MB`
    pub amount: &'a str,
    /// Why it was refused, the most telling first.
    pub reasons: &'a [String],
    /// What brings it back: `reflog`, `48 hours by e-mail`; `none` or empty: nothing does.
    pub undo: &'a str,
    /// A safe way to the same goal.
    pub advice: &'a str,
    /// The id of the record; empty: nobody can allow it here.
    pub request: &'a str,
}

impl Refusal<'_> {
    /// The lines, each ended. Foreign text in it is sanitised and secrets are redacted.
    #[must_use]
    pub fn render(&self) -> String {
        let mut lines = Vec::with_capacity(12);
        let severity = if self.severity.is_empty() { String::new() } else { format!(" ({})", self.severity) };
        lines.push(format!("agentguard: refused: {}{severity}", clean(self.headline)));
        if let Some(place) = self.place() {
            lines.push(format!("  where: {place}"));
        }
        if !self.amount.is_empty() {
            lines.push(format!("  what would be lost: {}", clean(self.amount)));
        }
        for reason in self.reasons.iter().filter(|reason| !reason.is_empty()).take(REASONS) {
            lines.push(format!("  why: {}", clean(reason)));
        }
        lines.push(match self.undo {
            "" | "none" => "  this cannot be undone".to_owned(),
            undo => format!("  way back: {}", clean(undo)),
        });
        lines.push("  nothing was executed".to_owned());
        if !self.advice.is_empty() {
            lines.push(format!("  instead: {}", clean(self.advice)));
        }
        lines.push(
            "  do not seek the same result another way: say what you need and why, and let a person decide"
                .to_owned(),
        );
        if !self.request.is_empty() {
            // Last, because a reader looks for it there.
            lines.push(format!(
                "  who can allow it: a person, who runs it at their own terminal and is asked there (request {})",
                clean(self.request)
            ));
        }
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }

    fn place(&self) -> Option<String> {
        let named = [self.environment, self.target].into_iter().filter(|part| !part.is_empty());
        let place = named.map(clean).collect::<Vec<_>>().join(", ");
        if place.is_empty() {
            return None;
        }
        Some(if self.evidence.is_empty() { place } else { format!("{place} ({})", clean(self.evidence)) })
    }
}

/// Foreign text as one clean line.
fn clean(text: &str) -> String {
    term::clean(text, WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full() {
        let reasons =
            ["drop table in production is critical".to_owned(), "declared environment is staging".to_owned()];
        let refusal = Refusal {
            headline: "drop table public.users",
            severity: "critical",
            environment: "production",
            target: "app at db.example.com",
            evidence: "host matches *.prod.example.com",
            amount: "1,203,441 rows, 512 MB",
            reasons: &reasons,
            undo: "none",
            advice: "rename the table and drop it after a backup was restored elsewhere",
            request: "7f3k-q2",
        };
        assert_eq!(
            refusal.render(),
            "agentguard: refused: drop table public.users (critical)\n\
             \x20 where: production, app at db.example.com (host matches *.prod.example.com)\n\
             \x20 what would be lost: 1,203,441 rows, 512 MB\n\
             \x20 why: drop table in production is critical\n\
             \x20 why: declared environment is staging\n\
             \x20 this cannot be undone\n\
             \x20 nothing was executed\n\
             \x20 instead: rename the table and drop it after a backup was restored elsewhere\n\
             \x20 do not seek the same result another way: say what you need and why, and let a person decide\n\
             \x20 who can allow it: a person, who runs it at their own terminal and is asked there (request 7f3k-q2)\n"
        );
    }

    #[test]
    fn least_and_most() {
        let bare = Refusal { headline: "rm -rf src", undo: "git restores it", ..Refusal::default() };
        assert_eq!(
            bare.render(),
            "agentguard: refused: rm -rf src\n\
             \x20 way back: git restores it\n\
             \x20 nothing was executed\n\
             \x20 do not seek the same result another way: say what you need and why, and let a person decide\n"
        );
        let reasons: Vec<String> = (0..9).map(|n| format!("reason {n}\u{1b}[2J\nnext")).collect();
        let long = "x".repeat(5000);
        let most = Refusal {
            headline: &long,
            severity: "high",
            environment: "unknown",
            target: &long,
            evidence: &long,
            amount: &long,
            reasons: &reasons,
            undo: &long,
            advice: &long,
            request: "7f3k-q2",
        };
        let text = most.render();
        assert!(text.lines().count() <= 12, "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 4 * WIDTH));
        assert!(!text.contains('\u{1b}'));
        // No off switch is ever named.
        for word in ["pause", "disable", "unset", "PATH", "AGENTGUARD", "/bin/"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
