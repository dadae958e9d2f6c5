//! What a type is given to read while it is traced. A type that checks what it reads is given one sample
//! after the other until it accepts one. Which one it was is no part of its layout: a sample may be added at
//! any time.

/// For numbers. Many a type refuses zero.
pub(super) const NUMBERS: [u8; 2] = [1, 0];

/// For texts: dates and times, addresses, identifiers.
pub(super) const TEXTS: [&str; 18] = [
    "a",
    "",
    "1",
    "2000-01-01T00:00:00Z",
    "2000-01-01T00:00:00",
    "2000-01-01",
    "00:00:00",
    "http://a.example/",
    "a@a.example",
    "a.example",
    "127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.0/8",
    "00000000-0000-4000-8000-000000000000",
    "EUR",
    "UTC",
    "1.0.0",
    "text/plain",
];

/// For byte strings: how many bytes.
pub(super) const BYTES: [usize; 10] = [0, 16, 4, 6, 8, 12, 20, 24, 32, 64];

/// The bytes of a byte string.
pub(super) const FILLING: [u8; 64] = [1; 64];
