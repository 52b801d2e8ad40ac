// Package limit says how much may be done in a time: requests of a token, recipients of a
// site, tries of whoever stands behind an address.
//
// A Rule allows so much per period, all of it at once if nothing was taken before, and then
// as much as the time that passes makes up for (the generic cell rate algorithm). So no
// period has an edge at which twice as much would pass. What is asked for in one piece and is
// larger than the rule ever allows at once passes alone, when nothing is owed, and then owes
// the whole: the next one waits until that is made up for.
//
// Several rules of one Key are asked together. If one refuses, nothing is taken of any.
//
// Where the state is: in the memory of this process, so that each process has limits of its
// own; or in Redis, which all processes share. Both do the same, which one table of tests
// proves. Redis that is slow or gone costs exactness and never a request: this process goes on
// by its own memory, which begins empty, and looks every now and then whether Redis is back.
// Nothing is lost with the state but the memory of the last periods.
//
// The memory of a process is the store of throttled. Its limiter is not used: it refuses for
// ever what is larger than a burst, has no way to give anything back, knows one key at a time,
// and its Redis store compares and swaps over two round trips, ten times at most, which a
// busy site's requests take from each other (BenchmarkTake shows it). Here Redis runs one
// script in one round trip, however many the rules are.
package limit
