//! Rigid-body dynamics and kinematics of a URDF tree.
