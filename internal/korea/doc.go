// Package korea holds the rules of the Korean telephone network and calendar
// that a text message meets: which numbers can receive and send, how many bytes a
// text takes and which characters cannot be sent at all, where a day ends, and what
// advertising has to show and at which hours it may not go. It also holds what every
// Korean bill goes by: value added tax and business numbers.
//
// Everything here is a pure function of its input. The package knows no provider,
// no price and no database, and it decides nothing: it says what a text or a
// number is, and package message says what follows. Reading never panics and
// never guesses; what is not understood is refused with a sentence for the user
// that does not repeat the input, because a number belongs in no log.
//
// Texts are measured as the carriers measure them: in bytes of CP949 (what
// Windows calls 949 and browsers call euc-kr), after CRLF became LF and after
// NFC. The table is the one of golang.org/x/text, turned round once at first use.
//
// Reading order: number.go (recipients and senders), text.go (length, unsendable
// characters, replacements), shorten.go (the same in fewer bytes), cp949.go (the table), day.go (Korean days and times),
// advert.go (what an advertisement shows), night.go (when it may not go), hours.go (windows of
// a day), words.go (words that hide in a text), tax.go.
package korea
