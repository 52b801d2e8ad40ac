package main

// ballast is memory that is asked for and never touched, so that it costs none. The
// collector runs when the heap has doubled; what lives here is some megabytes, and a
// busy server makes as much garbage many times in a second: without this, collecting was a
// quarter of the processors' time of a hold. With it the collector waits for so much more
// garbage, and never for more than that, however large the heap becomes. GOGC and GOMEMLIMIT do what they always do.
var ballast = make([]byte, 32<<20)
