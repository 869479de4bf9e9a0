//! Random letters for what a person has to read and type.
//!
//! In: an alphabet. Out: letters of it, evenly spread. It refuses to fall back to a guessable source.
#![allow(unsafe_code, reason = "asks the kernel for random bytes")]

/// Digits and lower-case letters that are not mistaken for one another: no 0 1 i l o.
pub const READABLE: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";

/// Lower-case letters that are not mistaken for one another.
pub const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz";

/// `count` letters of `alphabet`; `None` when the kernel gives no random bytes.
#[must_use]
pub fn letters(alphabet: &[u8], count: usize) -> Option<String> {
    if alphabet.is_empty() {
        return None;
    }
    let whole = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(count);
    while text.len() < count {
        for byte in bytes()? {
            // Bytes over the last whole multiple would favour the alphabet's first letters.
            if usize::from(byte) < whole && text.len() < count {
                text.push(char::from(*alphabet.get(usize::from(byte) % alphabet.len())?));
            }
        }
    }
    Some(text)
}

fn bytes() -> Option<[u8; 16]> {
    let mut buffer = [0_u8; 16];
    // SAFETY: the kernel writes at most 16 bytes to a buffer of 16 bytes that outlives the call.
    #[cfg(target_os = "linux")]
    let whole = unsafe { libc::getrandom(buffer.as_mut_ptr().cast(), buffer.len(), 0) } == 16;
    // SAFETY: as above.
    #[cfg(not(target_os = "linux"))]
    let whole = unsafe { libc::getentropy(buffer.as_mut_ptr().cast(), buffer.len()) } == 0;
    whole.then_some(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_the_alphabet_only() {
        for alphabet in [READABLE, LETTERS] {
            let text = letters(alphabet, 400).unwrap();
            assert_eq!(text.len(), 400);
            assert!(text.bytes().all(|byte| alphabet.contains(&byte)));
            // Every letter turns up: 400 draws of at most 31 miss one with a chance below 1 in 10,000.
            assert!(
                alphabet.iter().filter(|letter| text.as_bytes().contains(letter)).count() + 1
                    >= alphabet.len()
            );
        }
        assert_ne!(letters(READABLE, 12), letters(READABLE, 12));
        assert_eq!(letters(b"", 1), None);
    }
}
