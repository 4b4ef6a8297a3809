//! Tasks: start, reward, success and initial policy.
