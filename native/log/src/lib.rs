//! The storage engine of FOQ.
