// Package signal carries news between the processes of one installation: how the
// accounts of carriers do, and what else is worth knowing soon and may be missed.
//
// What it promises:
//
//   - News that one process publishes reaches every other one that runs and subscribed
//     to its topic, as a rule within two beats, once, in no particular order. The process
//     that published it is not told.
//   - Publishing never waits and never fails: it is done from within hot paths.
//   - Nothing may depend on it. News is dropped when the database cannot be reached for a
//     while, or when there is far too much of it; it is never the truth, which is in the
//     tables of those who publish.
//   - It costs an idle process one small read a beat, and two small writes a minute.
//   - It also knows which processes there are: each says every half minute that it is there,
//     as what, since when and how far its clock is off, and that it goes. Who is not heard of
//     is lost, and shown for an hour.
//
// What it never does: keep news for a process that starts later, carry secrets, numbers or
// texts, order anything.
//
// News travels as rows, so that several processes share it on every engine and without
// anything else to run. The time in a row is its transaction's, which may commit a moment
// later: so each look reads some seconds back, and passes over what it has seen.
//
// Tables owned: signal_news, signal_process.
package signal
