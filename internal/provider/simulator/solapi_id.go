package simulator

import (
	"strings"
	"time"

	"creditmsg/internal/korea"
)

// The vendor's identifiers have 32 characters and embed the Korean clock. What
// follows the clock is a serial number in disguise: a message is found from its
// id without an index of a million strings.

// identifiers disguises serial numbers under a key of its own per reset.
type identifiers struct {
	key    uint64
	serial uint64 // of everything but messages
}

const (
	messagePrefix = "M4V"
	groupPrefix   = "G4V"
	idLength      = 32
	idLetters     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	clockForm     = "20060102150405"
)

// mix spreads x over 64 bits (the finaliser of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// disguise maps serial numbers one to one (a Feistel network); reveal undoes it.
func (i *identifiers) disguise(n uint64) uint64 {
	l, r := uint32(n>>32), uint32(n)
	for round := range uint64(4) {
		l, r = r, l^uint32(mix(i.key^round<<32^uint64(r)))
	}
	return uint64(l)<<32 | uint64(r)
}

func (i *identifiers) reveal(n uint64) uint64 {
	l, r := uint32(n>>32), uint32(n)
	for round := uint64(4); round > 0; round-- {
		l, r = r^uint32(mix(i.key^(round-1)<<32^uint64(l))), l
	}
	return uint64(l)<<32 | uint64(r)
}

// tail is n in the last letters of an id: 13 for the disguised number, the rest
// from its hash.
func (i *identifiers) tail(n uint64, letters int) string {
	hidden := i.disguise(n)
	var b [26]byte
	rest := mix(hidden ^ i.key)
	for at := range letters - 13 {
		b[at] = idLetters[rest%36]
		rest /= 36
	}
	for at := letters - 1; at >= letters-13; at-- {
		b[at] = idLetters[hidden%36]
		hidden /= 36
	}
	return string(b[:letters])
}

// message is the id of the n-th message, registered at that time.
func (i *identifiers) message(n uint64, at time.Time) string {
	return messagePrefix + at.In(korea.Seoul).Format(clockForm) + i.tail(n, 15)
}

// slot is the number of the message that id may name; the caller compares ids.
func (i *identifiers) slot(id string) (uint64, bool) {
	if !wellFormed(id, messagePrefix) {
		return 0, false
	}
	var hidden uint64
	for _, c := range []byte(id[idLength-13:]) {
		hidden = hidden*36 + uint64(strings.IndexByte(idLetters, c))
	}
	return i.reveal(hidden), true
}

// next is a new id of 32 characters with a prefix and a clock form.
func (i *identifiers) next(prefix, clock string, at time.Time) string {
	i.serial++
	head := prefix + strings.ReplaceAll(at.In(korea.Seoul).Format(clock), ".", "")
	return head + i.tail(1<<63|i.serial, idLength-len(head))
}

func (i *identifiers) group(at time.Time) string { return i.next(groupPrefix, clockForm, at) }
func (i *identifiers) file(at time.Time) string  { return i.next("ST01FZ", "060102150405", at) }

// kakao ids end in only 11 characters, fewer than a number needs: they are as
// random as the vendor's.
func (i *identifiers) kakao(prefix string, at time.Time) string {
	i.serial++
	head := prefix + strings.ReplaceAll(at.In(korea.Seoul).Format("060102150405.000"), ".", "")
	return head + i.tail(1<<63|i.serial, 13)[2:]
}

// wellFormed says whether id has the vendor's form with this prefix.
func wellFormed(id, prefix string) bool {
	if len(id) != idLength || !strings.HasPrefix(id, prefix) {
		return false
	}
	for _, c := range []byte(id[len(prefix):]) {
		if strings.IndexByte(idLetters, c) < 0 {
			return false
		}
	}
	return true
}
