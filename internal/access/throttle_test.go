package access

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

// tryable is a house with an account that is tried hundreds of times: its hash costs little.
func tryable(t *testing.T) (*house, User) {
	h := newHouse(t, dbtest.Open(t, "sqlite"))
	u := h.invite("kim@example.com", "a-shop", Owner)
	const memory = 8
	hashed := func(text string) string {
		salt := random(saltLength)
		return written(memory, 1, 1, salt, argon2.IDKey([]byte(text), salt, 1, memory, 1, hashLength))
	}
	h.hash.nobody = hashed("nobody")
	h.update(func(tx *db.Tx) error { return set(tx, u.ID, db.Col("password", []string{hashed(password)})) })
	return h, u
}

// tried signs in from an address until it has to wait, and says how often it could and for how long
// it waits.
func (h *house) tried(from, email, password string) (times int, wait time.Duration) {
	for range 1000 {
		if _, err := h.inFrom(from, email, password, ""); fault.Is(err, fault.TooMany) {
			return times, fault.Of(err).RetryAfter
		}
		times++
	}
	return times, 0
}

func TestWrongPasswordsOfAnAddressAreBoundAndRightOnesAreNot(t *testing.T) {
	h, _ := tryable(t)
	for range 2 * passwords.account.Burst { // who is right spends none
		_, err := h.in("kim@example.com", password, "")
		h.must(err)
	}
	for _, email := range []string{"kim@example.com", "nobody@example.com"} { // who is not there is told the same
		if times, wait := h.tried("203.0.113.9", email, "wrong password"); times != 10 || wait != time.Minute {
			t.Errorf("%s: %d wrong passwords were taken, and the next one after %s; want 10 and a minute", email, times, wait)
		}
	}
	wants(t, "the right one from there", last(h.inFrom("203.0.113.9", "kim@example.com", password, "")), fault.TooMany)
	h.passed += time.Minute
	h.must(last(h.inFrom("203.0.113.9", "kim@example.com", password, "")))
	for i, want := range []int{10, 10, 0} { // all of a /64 is one, and another one is not
		from := []string{"2001:db8::1", "2001:db8:0:1::1", "2001:db8::2"}[i]
		if times, _ := h.tried(from, "kim@example.com", "wrong password"); times != want {
			t.Errorf("%s: %d tries, want %d", from, times, want)
		}
	}
	many := 0
	for i := range 100 { // of many accounts
		if !fault.Is(last(h.inFrom("198.51.100.7", fmt.Sprintf("kim%d@example.com", i), "wrong password", "")), fault.TooMany) {
			many++
		}
	}
	if many != int(passwords.address.Burst) {
		t.Errorf("one address tried %d accounts, want %d", many, passwords.address.Burst)
	}
}

// Whoever knows an address of a mail must not be able to keep its person out.
func TestWhoGuessesDoesNotKeepOutWhoComesFromWhereHeWas(t *testing.T) {
	h, _ := tryable(t)
	s, err := h.in("kim@example.com", password, "")
	h.must(err)
	guesses := 0
	for i := range 20 { // from many addresses
		times, _ := h.tried(fmt.Sprintf("198.51.100.%d", i), "kim@example.com", "wrong password")
		guesses += times
	}
	if guesses != int(passwords.all.Burst) {
		t.Errorf("%d passwords were tried from many addresses, want %d", guesses, passwords.all.Burst)
	}
	h.must(last(h.in("kim@example.com", password, "")))
	h.must(last(h.Enrol(t.Context(), h.self(s.User, s), password)))
	wants(t, "from an address that is new", last(h.inFrom("192.0.2.7", "kim@example.com", password, "")), fault.TooMany)
	h.passed += 2 * time.Minute
	h.must(last(h.inFrom("192.0.2.7", "kim@example.com", password, ""))) // he waits for a while
	h.must(last(h.inFrom("192.0.2.7", "kim@example.com", password, ""))) // and then it is known
	for i := range mostKnown {                                           // as many as are remembered
		h.passed += time.Hour
		h.must(last(h.inFrom(fmt.Sprintf("192.0.2.%d", 100+i), "kim@example.com", password, "")))
	}
	h.tried("198.51.100.1", "kim@example.com", "wrong password")
	for i := range 20 {
		h.tried(fmt.Sprintf("198.51.100.%d", 100+i), "kim@example.com", "wrong password")
	}
	wants(t, "from an address of long ago", last(h.in("kim@example.com", password, "")), fault.TooMany)
}

func TestCodesAreNotFoundByTryingFromManyAddresses(t *testing.T) {
	h, u := tryable(t)
	s, err := h.in("kim@example.com", password, "")
	h.must(err)
	e, err := h.Enrol(t.Context(), h.self(u, s), password)
	h.must(err)
	_, err = h.FinishEnrolment(t.Context(), h.self(u, s), code6(t, e.Secret, 0))
	h.must(err)
	guesses := 0
	for i := range 10 {
		for range 10 {
			if !fault.Is(last(h.inFrom(fmt.Sprintf("198.51.100.%d", i), "kim@example.com", password, "000000")), fault.TooMany) {
				guesses++
			}
		}
	}
	if guesses != int(codes.all.Burst) {
		t.Errorf("%d codes were tried, want %d", guesses, codes.all.Burst)
	}
	h.must(last(h.in("kim@example.com", password, code6(t, e.Secret, 1)))) // from where he was
}
