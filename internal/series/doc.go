// Package series sends a message again and again: what a site has written down once goes
// out at each time that a cron expression names, in Korean time.
//
// What it promises:
//
//   - Each firing makes one ordinary message, and one only: its accept has an idempotency key
//     of the series and the time, so neither a crash nor a second process, nor a lease that
//     ran out, can send it twice.
//   - Times that passed while nothing ran are never made up one by one. The last of them is
//     sent if the series says so or if it has only just passed; the others are skipped, and
//     written down as that.
//   - A firing that fails (too little credit, a template that is not approved any more, an
//     empty group) is told to the site's people and ends there; the series goes on.
//   - Nothing is sent for a series that is paused, ended or removed, but for a firing that had
//     begun.
//
// What a series says and to whom is sealed with the site's key. Groups are looked up anew at
// each firing.
//
// Series are locked before jobs, and one at a time; the accept of their messages is a
// transaction of its own.
//
// Tables owned: series, series_firing.
//
// Reading order: plan.go (when, pure), series.go (what is kept), change.go (the acts of
// people) with pictures.go, fire.go, forget.go (people, and the series of an erased site); noted.go,
// shift.go.
package series
