//! tests/private-postgres
