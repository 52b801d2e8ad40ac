package access

import (
	"context"
	"encoding/base32"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/fault"
)

// RFC 6238, appendix B, SHA-1: the last six of its eight digits.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := stepOf(secret, code, time.Unix(at, 0), 0); got != at/30 {
			t.Errorf("%s at %d: got step %d, want %d", code, at, got, at/30)
		}
		for _, off := range []struct {
			by   int64
			want bool
		}{{-60, false}, {-30, true}, {30, true}, {60, false}} {
			if at+off.by < 0 { // no clock shows that
				continue
			}
			if got := stepOf(secret, code, time.Unix(at+off.by, 0), 0) != 0; got != off.want {
				t.Errorf("%s %d s later: got %t, want %t", code, off.by, got, off.want)
			}
		}
		if stepOf(secret, code, time.Unix(at, 0), at/30) != 0 || stepOf(secret, code, time.Unix(at, 0), at/30+1) != 0 {
			t.Errorf("%s counts twice", code)
		}
	}
	for _, wrong := range []string{"", "28708", "2870820", "abcdef", "000000"} {
		if got := stepOf(secret, wrong, time.Unix(59, 0), 0); got != 0 {
			t.Errorf("%q is of step %d", wrong, got)
		}
	}
}

func TestARecoveryCodeCountsOnceHoweverItIsWritten(t *testing.T) {
	codes, digests := newRecovery()
	if len(codes) != recoveryCodes || len(digests) != recoveryCodes {
		t.Fatalf("got %d codes", len(codes))
	}
	left, ok := spend(digests, " "+strings.ToUpper(strings.ReplaceAll(codes[3], "-", " ")))
	if !ok || len(left) != recoveryCodes-1 {
		t.Errorf("a code is not taken: %d left", len(left))
	}
	if _, ok := spend(left, codes[3]); ok {
		t.Error("a code is taken twice")
	}
	if _, ok := spend(left, ""); ok {
		t.Error("no code is taken")
	}
	seen := map[string]bool{}
	for _, c := range codes {
		if seen[c] || len(c) != 19 || strings.ContainsAny(c, "ilo0") {
			t.Errorf("the code has the wrong form or comes twice: %d letters", len(c))
		}
		seen[c] = true
	}
}

func TestAPasswordFitsItsHashAlone(t *testing.T) {
	h := newHasher()
	hash, err := h.make(t.Context(), "한글 비밀번호 열 자")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=47104,t=1,p=1$") {
		t.Fatalf("got %.40q, %v", hash, err)
	}
	again, _ := h.make(t.Context(), "한글 비밀번호 열 자")
	if again == hash {
		t.Error("two hashes of one password are equal")
	}
	for password, want := range map[string]bool{"한글 비밀번호 열 자": true, "한글 비밀번호 열 자 ": false, "": false} {
		if got, err := h.fits(t.Context(), password, hash); err != nil || got != want {
			t.Errorf("got %t, %v, want %t", got, err, want)
		}
	}
	if got, err := h.fits(t.Context(), "x", ""); got || err != nil {
		t.Errorf("nobody's: got %t, %v", got, err)
	}
	if _, err := parsePHC(h.nobody); err != nil {
		t.Errorf("nobody's hash costs nothing: %v", err)
	}
	for _, bad := range []string{"x", strings.Replace(hash, "m=47104", "m=4710400", 1), strings.Replace(hash, "v=19", "v=16", 1), strings.Replace(hash, "t=1", "t=01", 1),
		strings.Replace(hash, "argon2id", "argon2i", 1), hash + "$", hash[:len(hash)-30]} {
		if ok, err := h.fits(t.Context(), "x", bad); ok || err == nil {
			t.Errorf("%.60q is taken for a hash", bad)
		}
	}
}

func TestFewHashesAreMadeAtATimeAndNobodyWaitsForEver(t *testing.T) {
	h := newHasher()
	for range mostHashes {
		if err := h.turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := h.make(ctx, "password of a crowd"); !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v, want Unavailable", err)
		}
	})
	cancel()
	wait.Wait()
	h.room.Release(mostHashes)
	if _, err := h.make(t.Context(), "password of a crowd"); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestPasswordsThatAreGuessedAreRefused(t *testing.T) {
	for password, ok := range map[string]bool{
		"correct horse": true, "열자가되는한글비밀번호": true, "short": false, strings.Repeat("a", 12): false, "Kim@Example.com": false, strings.Repeat("ab", 150): false, "bad\xffutf8 text": false,
	} {
		if err := checkPassword("/password", password, "kim@example.com"); (err == nil) != ok {
			t.Errorf("%.30q: got %v, want it taken %t", password, err, ok)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(phc("seed"))
	f.Add("$argon2id$v=19$m=47104,t=1,p=1$$")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if h, err := parsePHC(text); err == nil && (h.memory > mostMemory || written(h.memory, h.passes, h.threads, h.salt, h.sum) != text) {
			t.Fatalf("%q passes as %+v", text, h)
		}
	})
}
