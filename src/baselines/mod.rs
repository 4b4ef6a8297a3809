//! Other learners to compare MOTO with, given the same rollouts, rewards and policies or the same demonstration.
//!
//! | module | learner |
//! |---|---|
//! | [`gps`] | guided policy search, the trajectory-optimisation part (Levine and Abbeel 2014) |
//! | [`episodic`] | search over the parameters of an episode, by one of the next two |
//! | [`reps`] | relative entropy policy search, also with context (Peters et al. 2010; Kupcsik et al. 2013) |
//! | [`more`] | model-based relative entropy stochastic search (Abdolmaleki et al. 2015) |
//! | [`samples`] | what they learn from |
//! | [`dmp`] | the movement primitive whose parameters they search (Ijspeert et al. 2003) |

pub mod dmp;
pub mod episodic;
pub mod gps;
pub mod more;
pub mod reps;
pub mod samples;
