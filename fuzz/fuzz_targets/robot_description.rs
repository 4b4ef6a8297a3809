//! A URDF. It is refused, or gives a model whose dynamics can be computed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use moto_controller::dynamics::Model;

fuzz_target!(|text: &str| {
    if let Ok(model) = Model::from_urdf_str(text) {
        let n = model.dof();
        let (zeros, mut effort) = (vec![0.; n], vec![0.; n]);
        model.inverse_dynamics(&mut model.workspace(), &zeros, &zeros, &zeros, &mut effort);
        assert!(effort.iter().all(|effort| !effort.is_nan()), "{effort:?}");
    }
});
