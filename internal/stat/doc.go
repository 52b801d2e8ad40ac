// Package stat counts what became of messages: exact numbers by site, Korean day,
// channel, strategy and provider account.
//
// What it promises:
//
//   - A number counts exactly when the transaction that appended it committed, and
//     once. It is seen from that moment on, not when somebody gets to it.
//   - Every read is of one moment, in whatever transaction it is asked: all its rows
//     come from one statement.
//   - Folding changes no answer. It may be done by several processes at once, be
//     undone, or never be done at all; then reading only becomes slower.
//   - Appending waits for nobody and holds up nobody: it inserts fresh rows.
//   - A sum that does not fit is an error, never another number. Rates are two
//     integers, and a rate of nothing says that there is none.
//
// What it never does: count anew from the rows of others, keep a number in memory, or
// drop one because of its age. A day is the day on which the transaction began, by the
// database's clock; so a day can still grow for a moment after its midnight.
//
// # How it counts
//
// Append writes rows of stat_delta, a few for each transaction that makes recipients
// final. Nobody waits there for the row of a day, which all transactions of a site
// would have to lock. Fold later takes such rows, adds them to the rows of stat_day and
// deletes exactly those that it took, all in one transaction. It does not go by "all
// up to here": a row whose transaction began early and commits late has a small id and
// is found by the next walk through the table, which begins at the front again. A read
// adds up both tables.
//
// stat_delta is walked in the order of its primary key, site by site, so that many rows
// of one site become one change of a day, and no second index is kept for a table that
// is filled and emptied all the time. stat_day has a second key that begins with the
// day, for the numbers of all sites.
//
// Lock order: rows of stat_delta, passing over those that another fold has locked; then
// rows of stat_day by site, day, channel, strategy, provider. Nobody else locks either.
//
// Tables owned: stat_delta, stat_day.
//
// Reading order: stat.go (the numbers), append.go, fold.go, read.go, rate.go, report.go
// (questions and answers of people) with margin.go.
package stat
