package site

import (
	"testing"

	"pgregory.net/rapid"

	"creditmsg/internal/id"
)

func TestAnAliasStandsForOneNumberOfOneSite(t *testing.T) {
	ours, theirs := someKey(t), someKey(t)
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Uint32Range(0, 99_999_999).Draw(t, "a")
		b := rapid.Uint32Range(0, 99_999_999).Draw(t, "b")
		if (ours.Alias(a) == ours.Alias(b)) != (a == b) {
			t.Fatalf("the aliases of %d and %d are %s and %s", a, b, ours.Alias(a), ours.Alias(b))
		}
		if got, ok := ours.OpenAlias(ours.Alias(a)); !ok || got != a {
			t.Fatalf("the alias of %d opens to %d, %t", a, got, ok)
		}
		if got, ok := theirs.OpenAlias(ours.Alias(a)); ok {
			t.Fatalf("the alias of %d opens at another site, to %d", a, got)
		}
		if ours.Alias(a) == id.ID(ours.SealNumber(id.New(), 0, a)) {
			t.Fatalf("a recipient's sealed number is the alias of %d", a)
		}
	})
}

// someKey makes a key that no site has.
func someKey(t *testing.T) *Key {
	t.Helper()
	k, err := newKey(fresh())
	if err != nil {
		t.Fatal(err)
	}
	return k
}
