package main

// ballast is memory that is asked for and never touched, so that it costs none. The
// collector runs when the heap has doubled; what lives here is some megabytes, and a
// busy server makes a hundred of garbage in a second, so it would run twenty times in
// that second and take a fifth of the processors' time. With this in the heap it runs
// when as much garbage has gathered, and no more than that is added, however large the
// heap becomes. GOGC and GOMEMLIMIT do what they always do.
var ballast = make([]byte, 32<<20)
