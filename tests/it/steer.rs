//! What is shown of a run, and done with it.
