//! Link arguments of an addon; the library also stays mapped once loaded, because its threads may
//! outlive the JS thread that loaded it.

fn main() {
    napi_build::setup();
}
