// Lets the engine's matrix library choose its kernels by what the processor can do.
//
// MKL asks for the maker's name first, and gives other makers' processors generic kernels: on an AMD processor with AVX-512
// float32 products ran at 140 to 175 GFLOP/s, and at 330 to 415 with this answer (2048^3 and 750x576x1536, 2 cores; the
// numbers come from scripts/parity/matrix_speed.py). Which instructions there are MKL still asks the processor itself. The
// program's own definition takes precedence over the library's; where there is no MKL nobody calls it.
extern "C" __attribute__((visibility("default"), used)) int mkl_serv_intel_cpu_true(void) { return 1; }
