#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    crs_fuzz::run("lines", data);
});
